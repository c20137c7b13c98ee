"""Merges the deltas of a collection into its snapshot."""

from __future__ import annotations

from typing import Any

from receipt_chroma import Collection, CompactionLock, DeltaStore, SnapshotStore, compact
from receipt_dynamo import EventReader, required_setting


def handler(event: object, context: object) -> dict[str, Any]:
    """`{"collection", "limit"?}` → what was merged, and how many deltas remain."""
    read = EventReader(event)
    collection = read.choice("collection", Collection)
    limit = read.integer("limit", default=100)
    bucket = required_setting("VECTORS_BUCKET")
    report = compact(
        collection,
        DeltaStore.connect(bucket),
        SnapshotStore.connect(bucket),
        CompactionLock.connect(required_setting("RECEIPTS_TABLE"), f"compaction-{collection}"),
        limit=limit,
    )
    return {
        "collection": report.collection,
        "snapshot": report.snapshot_number,
        "merged_deltas": report.merged_deltas,
        "merged_records": report.merged_records,
        "remaining": report.remaining,
    }
