"""The names of receipts, lines and words: parsed once, and the only source of keys.

A reference's text (`IMAGE#…#RECEIPT#00001#LINE#00002`) is also the `custom_id` of its embedding
request and the id of its vector, so that a result finds its way back without a look-up table.
Numbers have five digits, so that keys sort as numbers do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from receipt_dynamo.errors import InvalidEntityError

_RECEIPT = r"IMAGE#(?P<image>[0-9a-f-]{36})#RECEIPT#(?P<receipt>[0-9]{5})"
_RECEIPT_PATTERN = re.compile(_RECEIPT)
_LINE_PATTERN = re.compile(_RECEIPT + r"#LINE#(?P<line>[0-9]{5})")
_WORD_PATTERN = re.compile(_RECEIPT + r"#WORD#(?P<line>[0-9]{5})#(?P<word>[0-9]{5})")


@dataclass(frozen=True, slots=True, order=True)
class ReceiptRef:
    """One receipt of one scanned image."""

    image_id: str
    receipt_id: int

    def __post_init__(self) -> None:
        try:
            canonical = str(UUID(self.image_id))
        except (AttributeError, TypeError, ValueError):
            raise InvalidEntityError(f"`image_id` is {self.image_id!r}, not a UUID") from None
        object.__setattr__(self, "image_id", canonical)
        _check_number("receipt_id", self.receipt_id)

    @property
    def partition(self) -> str:
        """The partition key of everything on the image."""
        return f"IMAGE#{self.image_id}"

    @property
    def sort(self) -> str:
        """The sort key of the receipt itself."""
        return f"RECEIPT#{self.receipt_id:05d}"

    @property
    def lines_prefix(self) -> str:
        """What the sort keys of the receipt's lines, and of nothing else, begin with."""
        return f"{self.sort}#LINE#"

    @property
    def words_prefix(self) -> str:
        """What the sort keys of the receipt's words, and of nothing else, begin with."""
        return f"{self.sort}#WORD#"

    def __str__(self) -> str:
        return f"{self.partition}#{self.sort}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reverse of `str`."""
        match = _parse(_RECEIPT_PATTERN, text, "receipt")
        return cls(match["image"], int(match["receipt"]))


@dataclass(frozen=True, slots=True, order=True)
class LineRef:
    """One line of a receipt."""

    receipt: ReceiptRef
    line_id: int

    def __post_init__(self) -> None:
        _check_number("line_id", self.line_id)

    @property
    def partition(self) -> str:
        """The partition key."""
        return self.receipt.partition

    @property
    def sort(self) -> str:
        """The sort key."""
        return f"{self.receipt.lines_prefix}{self.line_id:05d}"

    def __str__(self) -> str:
        return f"{self.partition}#{self.sort}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reverse of `str`."""
        match = _parse(_LINE_PATTERN, text, "line")
        return cls(ReceiptRef(match["image"], int(match["receipt"])), int(match["line"]))


@dataclass(frozen=True, slots=True, order=True)
class WordRef:
    """One word of a line."""

    line: LineRef
    word_id: int

    def __post_init__(self) -> None:
        _check_number("word_id", self.word_id)

    @property
    def receipt(self) -> ReceiptRef:
        """The receipt that the word is on."""
        return self.line.receipt

    @property
    def partition(self) -> str:
        """The partition key."""
        return self.receipt.partition

    @property
    def sort(self) -> str:
        """The sort key."""
        return f"{self.receipt.words_prefix}{self.line.line_id:05d}#{self.word_id:05d}"

    def __str__(self) -> str:
        return f"{self.partition}#{self.sort}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The reverse of `str`."""
        match = _parse(_WORD_PATTERN, text, "word")
        receipt = ReceiptRef(match["image"], int(match["receipt"]))
        return cls(LineRef(receipt, int(match["line"])), int(match["word"]))


def _parse(pattern: re.Pattern[str], text: str, kind: str) -> re.Match[str]:
    match = pattern.fullmatch(text)
    if match is None:
        raise InvalidEntityError(f"{text!r} is not the reference of a {kind}")
    return match


def _check_number(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidEntityError(f"`{name}` is {value!r}, not an integer")
    if not 1 <= value <= 99_999:
        raise InvalidEntityError(f"`{name}` is {value}, not between 1 and 99999")
