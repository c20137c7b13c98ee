"""DynamoDB's attribute values, read with errors that name the entity and the attribute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from receipt_dynamo.errors import InvalidEntityError, InvalidItemError
from receipt_dynamo.geometry import BoundingBox

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    AttributeValue: TypeAlias = AttributeValueTypeDef
    Item: TypeAlias = dict[str, AttributeValue]

_Choice = TypeVar("_Choice", bound=StrEnum)


class Key(Protocol):
    """What the table's primary key is made from."""

    @property
    def partition(self) -> str:
        """The partition key."""

    @property
    def sort(self) -> str:
        """The sort key."""


class Entity(Protocol):
    """Anything that the table can hold."""

    def to_item(self) -> Item:
        """The item, with its keys."""


def string(value: str) -> AttributeValue:
    """A string attribute."""
    return {"S": value}


def number(value: float) -> AttributeValue:
    """A number attribute. DynamoDB takes the shortest text that reads back to the same float."""
    return {"N": repr(value)}


def timestamp(value: datetime) -> AttributeValue:
    """A moment, as text that sorts by time."""
    return {"S": format_timestamp(value)}


def bounding_box(value: BoundingBox) -> AttributeValue:
    """A bounding box, as a map of four numbers."""
    fields = ("x", "y", "width", "height")
    return {"M": {name: number(getattr(value, name)) for name in fields}}


def key_item(key: Key) -> Item:
    """The two attributes of the primary key."""
    return {"PK": string(key.partition), "SK": string(key.sort)}


def format_timestamp(value: datetime) -> str:
    """A moment in UTC, always with microseconds, so that equal lengths sort by time."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_aware(name: str, value: datetime) -> None:
    """Refuse a moment that doesn't say in which time zone it is."""
    if value.tzinfo is None:
        raise InvalidEntityError(f"`{name}` is {value.isoformat()}, which has no time zone")


class ItemReader:
    """Reads the attributes of one item."""

    def __init__(self, item: Mapping[str, AttributeValue], entity: str) -> None:
        self._item = item
        self._entity = entity
        found = self.string("TYPE")
        if found != entity:
            raise InvalidItemError(f"item is a {found}, not a {entity}")

    def string(self, name: str) -> str:
        """A string."""
        value = self._attribute(name).get("S")
        if value is None:
            raise self._wrong_type(name, "a string")
        return value

    def optional_string(self, name: str) -> str | None:
        """A string, or nothing where the attribute is absent."""
        return self.string(name) if name in self._item else None

    def number(self, name: str) -> float:
        """A number."""
        return self._parse_number(name, self._attribute(name))

    def integer(self, name: str) -> int:
        """A number without a fraction."""
        value = self.number(name)
        if not value.is_integer():
            raise self._wrong_type(name, "an integer")
        return int(value)

    def timestamp(self, name: str) -> datetime:
        """A moment."""
        try:
            return datetime.fromisoformat(self.string(name))
        except ValueError:
            raise self._wrong_type(name, "a timestamp") from None

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        """One of an enumeration's values."""
        try:
            return kind(self.string(name))
        except ValueError:
            raise self._wrong_type(name, "one of " + ", ".join(kind)) from None

    def bounding_box(self, name: str) -> BoundingBox:
        """A bounding box."""
        fields = self._attribute(name).get("M")
        if fields is None or set(fields) != {"x", "y", "width", "height"}:
            raise self._wrong_type(name, "a bounding box")
        return BoundingBox(**{field: self._parse_number(name, fields[field]) for field in fields})

    def _attribute(self, name: str) -> AttributeValue:
        try:
            return self._item[name]
        except KeyError:
            raise InvalidItemError(f"item of a {self._entity} has no attribute `{name}`") from None

    def _parse_number(self, name: str, value: AttributeValue) -> float:
        try:
            return float(value["N"])
        except (KeyError, ValueError):
            raise self._wrong_type(name, "a number") from None

    def _wrong_type(self, name: str, expected: str) -> InvalidItemError:
        found = dict(self._item[name])
        return InvalidItemError(f"attribute `{name}` of a {self._entity} is {found}, not {expected}")
