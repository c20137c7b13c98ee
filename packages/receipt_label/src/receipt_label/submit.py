"""Submission: a file is uploaded, and a batch is made of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from openai import OpenAI

from receipt_dynamo import BatchKind, EmbeddingBatch
from receipt_label.batch_file import REQUEST_LIMIT, EmbeddingRequest, render_batch_file
from receipt_label.errors import ReceiptLabelError


def submit_batch(client: OpenAI, kind: BatchKind, requests: Sequence[EmbeddingRequest]) -> EmbeddingBatch:
    """Submit requests as one batch. Storing what is returned is the caller's part."""
    if not 1 <= len(requests) <= REQUEST_LIMIT:
        raise ReceiptLabelError(f"a batch has {len(requests)} requests, not 1 to {REQUEST_LIMIT}")
    content = render_batch_file(requests).encode()
    file = client.files.create(file=(f"{kind.lower()}s.jsonl", content), purpose="batch")
    batch = client.batches.create(
        completion_window="24h",
        endpoint="/v1/embeddings",
        input_file_id=file.id,
        metadata={"kind": kind},
    )
    return EmbeddingBatch(
        batch_id=batch.id,
        kind=kind,
        input_file_id=file.id,
        submitted_at=datetime.fromtimestamp(batch.created_at, UTC),
        request_count=len(requests),
    )
