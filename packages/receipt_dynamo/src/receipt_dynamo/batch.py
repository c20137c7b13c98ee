"""A batch of embedding requests, from its submission to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from receipt_dynamo.errors import InvalidEntityError
from receipt_dynamo.item import (
    ItemReader,
    check_aware,
    format_timestamp,
    key_item,
    number,
    string,
    timestamp,
)

if TYPE_CHECKING:
    from receipt_dynamo.item import AttributeValue, Item


class BatchKind(StrEnum):
    """What the batch embeds."""

    LINE = "LINE"
    WORD = "WORD"


class BatchStatus(StrEnum):
    """`PENDING` until the service is done with it; the others are final."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class BatchKey:
    """Where a batch is stored."""

    batch_id: str

    @property
    def partition(self) -> str:
        """The partition key."""
        return f"BATCH#{self.batch_id}"

    @property
    def sort(self) -> str:
        """The sort key: a batch is alone in its partition."""
        return "BATCH"


@dataclass(frozen=True, slots=True)
class EmbeddingBatch:
    """One batch. `batch_id` and `input_file_id` are the names that the service gave."""

    batch_id: str
    kind: BatchKind
    input_file_id: str
    submitted_at: datetime
    request_count: int
    status: BatchStatus = BatchStatus.PENDING
    error: str | None = None

    def __post_init__(self) -> None:
        for name in ("batch_id", "input_file_id"):
            if not getattr(self, name):
                raise InvalidEntityError(f"`{name}` of a batch is empty")
        if self.request_count < 1:
            raise InvalidEntityError(f"batch {self.batch_id} has {self.request_count} requests")
        check_aware("submitted_at", self.submitted_at)

    def to_item(self) -> Item:
        """The item, with its keys. The index finds it by kind and status, oldest first."""
        item: Item = {
            **key_item(BatchKey(self.batch_id)),
            "TYPE": string("BATCH"),
            "STATUS_PK": string(f"BATCH#{self.kind}#{self.status}"),
            "STATUS_SK": string(f"{format_timestamp(self.submitted_at)}#{self.batch_id}"),
            "batch_id": string(self.batch_id),
            "kind": string(self.kind),
            "input_file_id": string(self.input_file_id),
            "submitted_at": timestamp(self.submitted_at),
            "request_count": number(self.request_count),
            "status": string(self.status),
        }
        if self.error is not None:
            item["error"] = string(self.error)
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, AttributeValue]) -> Self:
        """The reverse of `to_item`."""
        read = ItemReader(item, "BATCH")
        return cls(
            batch_id=read.string("batch_id"),
            kind=read.choice("kind", BatchKind),
            input_file_id=read.string("input_file_id"),
            submitted_at=read.timestamp("submitted_at"),
            request_count=read.integer("request_count"),
            status=read.choice("status", BatchStatus),
            error=read.optional_string("error"),
        )
