"""Polling: how far a batch is and, at its end, what came of each request.

A batch that expired or was cancelled may still have results for a part of its requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from openai import OpenAI
from openai.types import Batch

from receipt_dynamo import BatchStatus, EmbeddingBatch
from receipt_label.batch_file import parse_custom_ids
from receipt_label.errors import InvalidResultError

_FINAL = {
    "completed": BatchStatus.COMPLETED,
    "failed": BatchStatus.FAILED,
    "expired": BatchStatus.EXPIRED,
    "cancelled": BatchStatus.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class EmbeddingResult:
    """The embedding that one request asked for."""

    custom_id: str
    embedding: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of a batch; while it is `PENDING`, all the rest is empty."""

    status: BatchStatus
    results: tuple[EmbeddingResult, ...] = ()
    failures: tuple[str, ...] = ()
    """Requests that the service refused: asking again would not help."""
    unanswered: tuple[str, ...] = ()
    """Requests that it did not come to: to be asked again."""
    error: str | None = None


def poll_batch(client: OpenAI, batch: EmbeddingBatch) -> BatchOutcome:
    """Ask how far a batch is, and download what there is when it has ended."""
    remote = client.batches.retrieve(batch.batch_id)
    status = _FINAL.get(remote.status, BatchStatus.PENDING)
    if status is BatchStatus.PENDING:
        return BatchOutcome(status)
    results: list[EmbeddingResult] = []
    failures: list[str] = []
    for file_id in (remote.output_file_id, remote.error_file_id):
        if file_id is not None:
            for answer in _parse_answers(_download(client, file_id)):
                _sort_answer(answer, results, failures)
    answered = {result.custom_id for result in results} | set(failures)
    asked = parse_custom_ids(_download(client, batch.input_file_id))
    return BatchOutcome(
        status=status,
        results=tuple(results),
        failures=tuple(failures),
        unanswered=tuple(custom_id for custom_id in asked if custom_id not in answered),
        error=_describe_errors(remote),
    )


def _sort_answer(answer: Any, results: list[EmbeddingResult], failures: list[str]) -> None:
    """Put one answer where it belongs; one that expired belongs nowhere, and stays unanswered."""
    try:
        custom_id = answer["custom_id"]
        error = answer.get("error")
        if error is not None:
            if error.get("code") not in {"batch_expired", "batch_cancelled"}:
                failures.append(custom_id)
        elif answer["response"]["status_code"] != 200:
            failures.append(custom_id)
        else:
            embedding = answer["response"]["body"]["data"][0]["embedding"]
            results.append(EmbeddingResult(custom_id, tuple(map(float, embedding))))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as problem:
        raise InvalidResultError(f"result file has an answer of another shape: {problem!r}") from problem


def _parse_answers(text: str) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            yield json.loads(line)
        except ValueError as problem:
            raise InvalidResultError(f"line {number} of a result file is not JSON: {problem}") from problem


def _download(client: OpenAI, file_id: str) -> str:
    return client.files.content(file_id).content.decode()


def _describe_errors(remote: Batch) -> str | None:
    errors: Iterable[Any] = (remote.errors.data if remote.errors else None) or ()
    return "; ".join(f"{error.code}: {error.message}" for error in errors) or None
