"""Polls a batch of words and, when it has ended, leaves its vectors as a delta in S3.

Step Functions calls it again while the answer's `status` is `PENDING`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from openai import OpenAI

from receipt_chroma import DeltaStore
from receipt_dynamo import BatchKind, DynamoClient, EventReader, required_setting
from receipt_label import ingest_batch


def handler(event: object, context: object) -> dict[str, Any]:
    """`{"batch_id"}` → `{"batch_id", "status", "delta_key", "embedded", "failed", "unanswered"}`."""
    batch_id = EventReader(event).string("batch_id")
    report = ingest_batch(batch_id, BatchKind.WORD, dynamo=_dynamo(), openai=_openai(), deltas=_deltas())
    return report.to_json()


@cache
def _dynamo() -> DynamoClient:
    return DynamoClient.connect(required_setting("RECEIPTS_TABLE"))


@cache
def _deltas() -> DeltaStore:
    return DeltaStore.connect(required_setting("VECTORS_BUCKET"))


@cache
def _openai() -> OpenAI:
    return OpenAI(api_key=required_setting("OPENAI_API_KEY"))
