"""The values that a collection holds and gives back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from receipt_chroma.errors import InvalidVectorError
from receipt_dynamo import BatchKind

Metadata = Mapping[str, str | int | float | bool]


class Collection(StrEnum):
    """Lines and words are embedded with other texts around them, so they are never mixed."""

    LINES = "lines"
    WORDS = "words"

    @classmethod
    def of(cls, kind: BatchKind) -> Collection:
        """The collection that batches of that kind fill."""
        return cls.LINES if kind is BatchKind.LINE else cls.WORDS


@dataclass(frozen=True, slots=True)
class VectorRecord:
    """One embedded text. Embeddings are kept as 32-bit floats."""

    id: str
    embedding: tuple[float, ...]
    document: str
    metadata: Metadata = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.id:
            raise InvalidVectorError("`id` of a record is empty")
        if not self.embedding:
            raise InvalidVectorError(f"embedding of {self.id} is empty")
        if not all(map(math.isfinite, self.embedding)):
            raise InvalidVectorError(f"embedding of {self.id} has a value that is not finite")


@dataclass(frozen=True, slots=True)
class Match:
    """A record near to what was asked for; `distance` is the cosine distance, from 0 to 2."""

    id: str
    distance: float
    document: str
    metadata: Metadata
