"""A Lambda's event, read with errors that name the field.

Fields that nobody asks for are let pass: Step Functions hands on more than a state needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from receipt_dynamo.errors import InvalidEventError

_Choice = TypeVar("_Choice", bound=StrEnum)


class EventReader:
    """Reads the fields of one JSON object; `path` is where it stands in the event."""

    def __init__(self, event: object, path: str = "event") -> None:
        if not isinstance(event, Mapping):
            raise InvalidEventError(f"`{path}` is {type(event).__name__}, not an object")
        self._event: Mapping[str, object] = event
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self._event

    def string(self, name: str) -> str:
        """A string that is not empty."""
        value = self._required(name)
        if not isinstance(value, str) or not value:
            raise self._wrong_type(name, "a non-empty string")
        return value

    def integer(self, name: str, *, default: int | None = None, minimum: int = 1) -> int:
        """An integer of at least `minimum`."""
        value = self._event.get(name, default)
        if value is None:
            value = self._required(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
            raise self._wrong_type(name, f"an integer of at least {minimum}")
        return value

    def number(self, name: str, *, default: float | None = None) -> float:
        """A number."""
        value = self._event.get(name, default)
        if value is None:
            value = self._required(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong_type(name, "a number")
        return float(value)

    def boolean(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self._event.get(name, default)
        if not isinstance(value, bool):
            raise self._wrong_type(name, "true or false")
        return value

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        """One of an enumeration's values."""
        value = self._required(name)
        try:
            return kind(str(value))
        except ValueError:
            raise self._wrong_type(name, "one of " + ", ".join(kind)) from None

    def nested(self, name: str) -> EventReader:
        """An object within the event."""
        return EventReader(self._required(name), f"{self._path}.{name}")

    def nested_list(self, name: str) -> list[EventReader]:
        """A list of objects that is not empty."""
        value = self._required(name)
        if not isinstance(value, list) or not value:
            raise self._wrong_type(name, "a non-empty list")
        return [EventReader(entry, f"{self._path}.{name}[{place}]") for place, entry in enumerate(value)]

    def _required(self, name: str) -> object:
        try:
            return self._event[name]
        except KeyError:
            raise InvalidEventError(f"`{self._path}` has no field `{name}`") from None

    def _wrong_type(self, name: str, expected: str) -> InvalidEventError:
        return InvalidEventError(f"`{self._path}.{name}` is {self._event.get(name)!r}, not {expected}")
