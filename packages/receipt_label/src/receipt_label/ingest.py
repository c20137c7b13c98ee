"""Ingestion: the end of a batch, from the service's answer to a delta and to the table.

It may be run any number of times. The delta comes first and is named after the batch, the batch's own
status comes last: whoever dies in between is followed by a run that does the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from openai import OpenAI

from receipt_chroma import Delta, DeltaStore
from receipt_dynamo import (
    BatchKind,
    BatchStatus,
    DynamoClient,
    EmbeddingBatch,
    EmbeddingStatus,
    LineRef,
    WordRef,
)
from receipt_label.deltas import line_delta, word_delta
from receipt_label.errors import ReceiptLabelError
from receipt_label.poll import EmbeddingResult, poll_batch


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What a run found: the batch's status, the delta's key, and how many requests went which way."""

    batch_id: str
    status: BatchStatus
    delta_key: str | None = None
    embedded: int = 0
    failed: int = 0
    unanswered: int = 0

    def to_json(self) -> dict[str, Any]:
        """The report as a Lambda's answer."""
        return asdict(self)


def ingest_batch(
    batch_id: str, kind: BatchKind, *, dynamo: DynamoClient, openai: OpenAI, deltas: DeltaStore
) -> IngestReport:
    """Poll a batch and, when it has ended, take in what it brought."""
    batch = dynamo.get_batch(batch_id)
    if batch.kind is not kind:
        raise ReceiptLabelError(f"batch {batch_id} embeds {batch.kind}, not {kind}")
    if batch.status is not BatchStatus.PENDING:
        return IngestReport(batch_id, batch.status)
    outcome = poll_batch(openai, batch)
    if outcome.status is BatchStatus.PENDING:
        return IngestReport(batch_id, outcome.status)

    delta = _make_delta(batch, outcome.results, dynamo)
    key = deltas.upload(delta) if delta is not None else None
    parse: Callable[[str], LineRef | WordRef]
    parse = LineRef.parse if kind is BatchKind.LINE else WordRef.parse
    embedded = [result.custom_id for result in outcome.results]
    dynamo.set_embedding_status(map(parse, embedded), EmbeddingStatus.SUCCESS)
    dynamo.set_embedding_status(map(parse, outcome.failures), EmbeddingStatus.FAILED)
    dynamo.set_embedding_status(map(parse, outcome.unanswered), EmbeddingStatus.NONE)
    dynamo.put(replace(batch, status=outcome.status, error=outcome.error))
    return IngestReport(
        batch_id=batch_id,
        status=outcome.status,
        delta_key=key,
        embedded=len(delta.records) if delta is not None else 0,
        failed=len(outcome.failures),
        unanswered=len(outcome.unanswered),
    )


def _make_delta(
    batch: EmbeddingBatch, results: Iterable[EmbeddingResult], dynamo: DynamoClient
) -> Delta | None:
    results = list(results)
    if batch.kind is BatchKind.LINE:
        lines = dynamo.get_lines(LineRef.parse(result.custom_id) for result in results)
        return line_delta(batch, results, lines)
    words = dynamo.get_words(WordRef.parse(result.custom_id) for result in results)
    return word_delta(batch, results, words)
