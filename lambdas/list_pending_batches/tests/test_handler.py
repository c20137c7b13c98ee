"""The handler on DynamoDB in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lambdas.list_pending_batches import handler as module
from lambdas.list_pending_batches.handler import handler
from packages.receipt_dynamo.tests.examples import NOON, a_batch
from receipt_dynamo import BatchKind, BatchStatus, DynamoClient, InvalidEventError, MissingSettingError


def test_pending_batches_come_oldest_first(dynamo: DynamoClient, sample: dict[str, Any]) -> None:
    late, early = a_batch("late", NOON + timedelta(hours=1)), a_batch("early")
    done = replace(a_batch("done"), status=BatchStatus.COMPLETED)
    words = replace(a_batch("words"), kind=BatchKind.WORD)
    dynamo.put_all([late, early, done, words])
    assert handler(sample, None) == {
        "kind": "LINE",
        "batches": [
            {"batch_id": "early", "submitted_at": "2025-08-06T12:00:00+00:00", "request_count": 3},
            {"batch_id": "late", "submitted_at": "2025-08-06T13:00:00+00:00", "request_count": 3},
        ],
    }
    assert [batch["batch_id"] for batch in handler({"kind": "WORD"}, None)["batches"]] == ["words"]


@pytest.mark.usefixtures("offline")
def test_errors_name_what_is_wrong(sample: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError, match=r"`event.kind` is 'PAGE', not one of LINE, WORD"):
        handler({"kind": "PAGE"}, None)
    module._dynamo.cache_clear()
    with pytest.raises(MissingSettingError, match="`RECEIPTS_TABLE` is not set"):
        handler(sample, None)
