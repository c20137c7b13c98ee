"""From results to a delta: the embeddings, joined with what the table knows of their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from receipt_chroma import Collection, Delta, VectorRecord
from receipt_dynamo import EmbeddingBatch, Line, LineRef, Word, WordRef
from receipt_label.errors import InvalidResultError
from receipt_label.place import describe_place
from receipt_label.poll import EmbeddingResult


def line_delta(
    batch: EmbeddingBatch, results: Iterable[EmbeddingResult], lines: Mapping[LineRef, Line]
) -> Delta | None:
    """The delta of a batch of lines; nothing if none of the lines exists any more."""
    records = []
    for result in results:
        line = lines.get(LineRef.parse(result.custom_id))
        if line is not None:
            numbers = {"line_id": line.ref.line_id}
            records.append(_record(result, line, numbers))
    return _delta(batch, records)


def word_delta(
    batch: EmbeddingBatch, results: Iterable[EmbeddingResult], words: Mapping[WordRef, Word]
) -> Delta | None:
    """The delta of a batch of words; nothing if none of the words exists any more."""
    records = []
    for result in results:
        word = words.get(WordRef.parse(result.custom_id))
        if word is not None:
            numbers = {"line_id": word.ref.line.line_id, "word_id": word.ref.word_id}
            records.append(_record(result, word, numbers))
    return _delta(batch, records)


def unit_vector(result: EmbeddingResult) -> tuple[float, ...]:
    """The embedding at length 1, so that cosine and dot product rank alike."""
    vector = np.asarray(result.embedding, dtype=np.float64)
    length = np.linalg.norm(vector)
    if not np.isfinite(length) or length == 0.0:
        raise InvalidResultError(f"embedding of {result.custom_id} has length {length}")
    return tuple((vector / length).tolist())


def _record(result: EmbeddingResult, source: Line | Word, numbers: Mapping[str, int]) -> VectorRecord:
    return VectorRecord(
        id=result.custom_id,
        embedding=unit_vector(result),
        document=source.text,
        metadata={
            "image_id": source.ref.receipt.image_id,
            "receipt_id": source.ref.receipt.receipt_id,
            **numbers,
            "place": describe_place(source.box),
            "confidence": source.confidence,
        },
    )


def _delta(batch: EmbeddingBatch, records: list[VectorRecord]) -> Delta | None:
    if not records:
        return None
    return Delta(batch.batch_id, Collection.of(batch.kind), batch.submitted_at, tuple(records))
