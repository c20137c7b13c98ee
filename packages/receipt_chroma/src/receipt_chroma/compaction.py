"""Compaction: the deltas of a collection become part of its snapshot.

It may be run any number of times, and may die anywhere:

- before the pointer is replaced, nothing has happened, and the next run does it all again;
- after it, the pointer names the deltas that are merged, and the next run only deletes them.

A record that two deltas hold is the later delta's.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from receipt_chroma.delta_store import DeltaStore
from receipt_chroma.lock import CompactionLock
from receipt_chroma.snapshot_store import Snapshot, SnapshotStore
from receipt_chroma.vector import Collection
from receipt_chroma.vector_store import VectorStore


@dataclass(frozen=True, slots=True)
class CompactionReport:
    """What a compaction did. `remaining` deltas were left for the next one."""

    collection: Collection
    snapshot_number: int | None
    merged_deltas: int
    merged_records: int
    remaining: int


def compact(
    collection: Collection,
    deltas: DeltaStore,
    snapshots: SnapshotStore,
    lock: CompactionLock,
    *,
    limit: int = 100,
) -> CompactionReport:
    """Merge at most `limit` deltas, the oldest first. A `LockHeldError` if another one is at work."""
    with lock:
        current = snapshots.current(collection)
        merged_before = set(current.merged) if current else set()
        found = deltas.keys(collection)
        left_over = [key for key in found if key in merged_before]
        pending = [key for key in found if key not in merged_before]
        batch = pending[:limit]
        records = 0
        if batch:
            with tempfile.TemporaryDirectory() as folder:
                records = _merge(collection, batch, deltas, snapshots, current, Path(folder))
                lock.renew()
                merged = tuple(left_over + batch)
                current = snapshots.publish(collection, Path(folder), merged, current)
        deltas.delete(left_over + batch)
        return CompactionReport(
            collection=collection,
            snapshot_number=current.number if current else None,
            merged_deltas=len(batch),
            merged_records=records,
            remaining=len(pending) - len(batch),
        )


def _merge(
    collection: Collection,
    keys: list[str],
    deltas: DeltaStore,
    snapshots: SnapshotStore,
    current: Snapshot | None,
    folder: Path,
) -> int:
    if current is not None:
        snapshots.download(current, folder)
    with VectorStore(folder) as store:
        return sum(store.upsert(collection, deltas.download(key).records) for key in keys)
