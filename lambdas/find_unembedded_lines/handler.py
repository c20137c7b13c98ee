"""Finds the receipts that have lines without an embedding: the input of submit_to_openai."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from receipt_dynamo import DynamoClient, EmbeddingStatus, EventReader, required_setting

DEFAULT_LIMIT = 10_000


def handler(event: object, context: object) -> dict[str, Any]:
    """`{"limit"?}` → `{"kind": "LINE", "receipts": [{"image_id", "receipt_id", "unembedded"}], "lines"}`."""
    limit = EventReader(event).integer("limit", default=DEFAULT_LIMIT)
    lines = _dynamo().lines_with_status(EmbeddingStatus.NONE, limit)
    receipts = Counter(line.ref.receipt for line in lines)
    return {
        "kind": "LINE",
        "receipts": [
            {"image_id": receipt.image_id, "receipt_id": receipt.receipt_id, "unembedded": count}
            for receipt, count in sorted(receipts.items())
        ],
        "lines": receipts.total(),
    }


@cache
def _dynamo() -> DynamoClient:
    return DynamoClient.connect(required_setting("RECEIPTS_TABLE"))
