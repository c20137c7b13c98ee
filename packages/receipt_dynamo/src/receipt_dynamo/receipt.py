"""A receipt: the part of a scanned image that lines and words are found on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from receipt_dynamo.errors import InvalidEntityError
from receipt_dynamo.item import ItemReader, check_aware, key_item, number, string, timestamp
from receipt_dynamo.refs import ReceiptRef

if TYPE_CHECKING:
    from receipt_dynamo.item import AttributeValue, Item


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt. Sizes are in pixels; `s3_key` is where its image is kept."""

    ref: ReceiptRef
    width: int
    height: int
    added_at: datetime
    s3_key: str

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise InvalidEntityError(f"size of a receipt is {self.width} × {self.height} pixels")
        if not self.s3_key:
            raise InvalidEntityError("`s3_key` of a receipt is empty")
        check_aware("added_at", self.added_at)

    def to_item(self) -> Item:
        """The item, with its keys. The index lists receipts by the time they were added."""
        return {
            **key_item(self.ref),
            "TYPE": string("RECEIPT"),
            "STATUS_PK": string("RECEIPT"),
            "STATUS_SK": timestamp(self.added_at),
            "ref": string(str(self.ref)),
            "width": number(self.width),
            "height": number(self.height),
            "added_at": timestamp(self.added_at),
            "s3_key": string(self.s3_key),
        }

    @classmethod
    def from_item(cls, item: Mapping[str, AttributeValue]) -> Self:
        """The reverse of `to_item`."""
        read = ItemReader(item, "RECEIPT")
        return cls(
            ref=ReceiptRef.parse(read.string("ref")),
            width=read.integer("width"),
            height=read.integer("height"),
            added_at=read.timestamp("added_at"),
            s3_key=read.string("s3_key"),
        )
