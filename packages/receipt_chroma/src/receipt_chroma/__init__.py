"""Vectors of receipts: a local store, deltas in S3, and the compaction that merges them.

Writers never touch the snapshot: each leaves a delta, and one compaction at a time merges them.
Embeddings are always given; this package computes none and needs no network but AWS's.
"""

from receipt_chroma.compaction import CompactionReport, compact
from receipt_chroma.delta import Delta, decode_delta, encode_delta
from receipt_chroma.delta_store import DeltaStore
from receipt_chroma.errors import (
    InvalidDeltaError,
    InvalidVectorError,
    LockHeldError,
    ReceiptChromaError,
    SnapshotConflictError,
)
from receipt_chroma.lock import CompactionLock
from receipt_chroma.snapshot_store import Snapshot, SnapshotStore
from receipt_chroma.vector import Collection, Match, VectorRecord
from receipt_chroma.vector_store import VectorStore

__all__ = [
    "Collection",
    "CompactionLock",
    "CompactionReport",
    "Delta",
    "DeltaStore",
    "InvalidDeltaError",
    "InvalidVectorError",
    "LockHeldError",
    "Match",
    "ReceiptChromaError",
    "Snapshot",
    "SnapshotConflictError",
    "SnapshotStore",
    "VectorRecord",
    "VectorStore",
    "compact",
    "decode_delta",
    "encode_delta",
]
