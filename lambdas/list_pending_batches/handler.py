"""Lists the batches that have not ended yet: the input of the polling Lambdas."""

from __future__ import annotations

from functools import cache
from typing import Any

from receipt_dynamo import BatchKind, BatchStatus, DynamoClient, EventReader, required_setting


def handler(event: object, context: object) -> dict[str, Any]:
    """`{"kind", "limit"?}` → `{"kind", "batches": [{"batch_id", "submitted_at", "request_count"}]}`."""
    read = EventReader(event)
    kind = read.choice("kind", BatchKind)
    limit = read.integer("limit", default=1000)
    batches = _dynamo().batches_with_status(kind, BatchStatus.PENDING, limit)
    return {
        "kind": kind,
        "batches": [
            {
                "batch_id": batch.batch_id,
                "submitted_at": batch.submitted_at.isoformat(),
                "request_count": batch.request_count,
            }
            for batch in batches
        ],
    }


@cache
def _dynamo() -> DynamoClient:
    return DynamoClient.connect(required_setting("RECEIPTS_TABLE"))
