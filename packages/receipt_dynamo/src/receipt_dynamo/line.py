"""A line of text on a receipt, as the OCR engine saw it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from receipt_dynamo.errors import InvalidEntityError
from receipt_dynamo.geometry import BoundingBox
from receipt_dynamo.item import ItemReader, bounding_box, key_item, number, string
from receipt_dynamo.refs import LineRef
from receipt_dynamo.status import EmbeddingStatus

if TYPE_CHECKING:
    from receipt_dynamo.item import AttributeValue, Item


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `confidence` is the OCR engine's, from 0 to 1."""

    ref: LineRef
    text: str
    box: BoundingBox
    confidence: float
    embedding_status: EmbeddingStatus = EmbeddingStatus.NONE

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise InvalidEntityError(f"text of line {self.ref} is empty")
        if not 0.0 <= self.confidence <= 1.0:
            raise InvalidEntityError(
                f"`confidence` of line {self.ref} is {self.confidence}, not between 0 and 1"
            )

    def to_item(self) -> Item:
        """The item, with its keys. The index finds it by the status of its embedding."""
        return {
            **key_item(self.ref),
            "TYPE": string("LINE"),
            "STATUS_PK": string(f"LINE#{self.embedding_status}"),
            "STATUS_SK": string(str(self.ref)),
            "ref": string(str(self.ref)),
            "text": string(self.text),
            "box": bounding_box(self.box),
            "confidence": number(self.confidence),
            "embedding_status": string(self.embedding_status),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, AttributeValue]) -> Self:
        """The reverse of `to_item`."""
        read = ItemReader(item, "LINE")
        return cls(
            ref=LineRef.parse(read.string("ref")),
            text=read.string("text"),
            box=read.bounding_box("box"),
            confidence=read.number("confidence"),
            embedding_status=read.choice("embedding_status", EmbeddingStatus),
        )
