"""Submits the lines or words of some receipts as one embedding batch.

Only what has no embedding yet is submitted, but all of a receipt is read: the neighbours are part of
the text. A dry run answers with the file that would be submitted; it may bring its lines or words along
instead of reading them from the table, and then needs no AWS at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from openai import OpenAI

from receipt_dynamo import (
    BatchKind,
    BoundingBox,
    DynamoClient,
    EmbeddingStatus,
    EventReader,
    InvalidEventError,
    Line,
    LineRef,
    ReceiptRef,
    Word,
    WordRef,
    required_setting,
)
from receipt_label import (
    EmbeddingRequest,
    line_requests,
    render_batch_file,
    submit_batch,
    word_requests,
)


def handler(event: object, context: object) -> dict[str, Any]:
    """`{"kind", "receipts", "dry_run"?}` → `{"kind", "requests", "batch_id"}`, or `"jsonl"` on a dry run."""
    read = EventReader(event)
    kind = read.choice("kind", BatchKind)
    dry_run = read.boolean("dry_run", default=False)
    receipts = read.nested_list("receipts")
    requests = [request for entry in receipts for request in _receipt_requests(entry, kind, dry_run)]
    answer: dict[str, Any] = {"kind": kind, "requests": len(requests)}
    if dry_run:
        return {**answer, "jsonl": render_batch_file(requests)}
    if not requests:
        return {**answer, "batch_id": None}
    batch = submit_batch(_openai(), kind, requests)
    _dynamo().put(batch)
    _dynamo().set_embedding_status((request.ref for request in requests), EmbeddingStatus.PENDING)
    return {**answer, "batch_id": batch.batch_id}


def _receipt_requests(entry: EventReader, kind: BatchKind, dry_run: bool) -> list[EmbeddingRequest]:
    receipt = ReceiptRef(entry.string("image_id"), entry.integer("receipt_id"))
    inline = "lines" if kind is BatchKind.LINE else "words"
    if inline in entry and not dry_run:
        raise InvalidEventError(f"`{inline}` of receipt {receipt} are given, which only a dry run takes")
    if kind is BatchKind.LINE:
        lines = list(_inline_lines(receipt, entry) if inline in entry else _dynamo().receipt_lines(receipt))
        return _unembedded(lines, line_requests(lines))
    words = list(_inline_words(receipt, entry) if inline in entry else _dynamo().receipt_words(receipt))
    return _unembedded(words, word_requests(words))


def _unembedded(
    entities: Iterable[Line | Word], requests: Iterable[EmbeddingRequest]
) -> list[EmbeddingRequest]:
    wanted = {entity.ref for entity in entities if entity.embedding_status is EmbeddingStatus.NONE}
    return [request for request in requests if request.ref in wanted]


def _inline_lines(receipt: ReceiptRef, entry: EventReader) -> Iterable[Line]:
    for line in entry.nested_list("lines"):
        ref = LineRef(receipt, line.integer("line_id"))
        yield Line(ref, line.string("text"), _box(line), line.number("confidence", default=1.0))


def _inline_words(receipt: ReceiptRef, entry: EventReader) -> Iterable[Word]:
    for word in entry.nested_list("words"):
        ref = WordRef(LineRef(receipt, word.integer("line_id")), word.integer("word_id"))
        yield Word(ref, word.string("text"), _box(word), word.number("confidence", default=1.0))


def _box(entry: EventReader) -> BoundingBox:
    box = entry.nested("box")
    return BoundingBox(box.number("x"), box.number("y"), box.number("width"), box.number("height"))


@cache
def _dynamo() -> DynamoClient:
    return DynamoClient.connect(required_setting("RECEIPTS_TABLE"))


@cache
def _openai() -> OpenAI:
    return OpenAI(api_key=required_setting("OPENAI_API_KEY"))
