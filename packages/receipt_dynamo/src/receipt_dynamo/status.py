"""How far the embedding of a line or a word has come."""

from enum import StrEnum


class EmbeddingStatus(StrEnum):
    """The life of one line or word: `NONE` → `PENDING` → `SUCCESS` or `FAILED`."""

    NONE = "NONE"
    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
