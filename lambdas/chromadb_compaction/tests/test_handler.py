"""The handler on AWS in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.chromadb_compaction.handler import handler
from receipt_chroma import Collection, CompactionLock, Delta, DeltaStore, LockHeldError, VectorRecord
from receipt_dynamo import InvalidEventError, MissingSettingError

NOON = datetime(2025, 8, 6, 12, tzinfo=UTC)


@pytest.mark.usefixtures("dynamo")
def test_deltas_are_merged_up_to_the_limit(sample: dict[str, Any]) -> None:
    store = DeltaStore.connect("vectors")
    for number in (1, 2):
        record = VectorRecord(f"line_{number}", (1.0, 0.0), "TOTAL")
        store.upload(Delta(f"batch_{number}", Collection.LINES, NOON, (record,)))
    first = {"collection": "lines", "snapshot": 1, "merged_deltas": 1, "merged_records": 1, "remaining": 1}
    assert handler({**sample, "limit": 1}, None) == first
    second = {"collection": "lines", "snapshot": 2, "merged_deltas": 1, "merged_records": 1, "remaining": 0}
    assert handler(sample, None) == second
    assert handler(sample, None) == {**second, "merged_deltas": 0, "merged_records": 0}


@pytest.mark.usefixtures("dynamo")
def test_one_compaction_of_a_collection_at_a_time(sample: dict[str, Any]) -> None:
    with CompactionLock.connect("receipts", "compaction-lines"):
        with pytest.raises(LockHeldError):
            handler(sample, None)
        assert handler({"collection": "words"}, None)["merged_deltas"] == 0


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "`event` has no field `collection`"),
        ({"collection": "letters"}, "`event.collection` is 'letters', not one of lines, words"),
        ({"collection": "lines", "limit": 0}, "`event.limit` is 0"),
    ],
)
def test_invalid_events_are_refused(event: object, message: str) -> None:
    with pytest.raises(InvalidEventError, match=message):
        handler(event, None)


@pytest.mark.usefixtures("offline")
def test_a_missing_setting_is_named(sample: dict[str, Any]) -> None:
    with pytest.raises(MissingSettingError, match="`VECTORS_BUCKET` is not set"):
        handler(sample, None)
