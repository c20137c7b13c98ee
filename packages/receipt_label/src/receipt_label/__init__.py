"""Embedding of receipts: the text that is embedded, and the batches that embed it.

A batch goes out as a JSONL file, and comes back hours later as a delta of vectors.
"""

from receipt_label.batch_file import EmbeddingRequest, parse_custom_ids, render_batch_file
from receipt_label.deltas import line_delta, word_delta
from receipt_label.errors import InvalidResultError, ReceiptLabelError
from receipt_label.ingest import IngestReport, ingest_batch
from receipt_label.line_text import line_requests
from receipt_label.poll import BatchOutcome, EmbeddingResult, poll_batch
from receipt_label.submit import submit_batch
from receipt_label.word_text import word_requests

__all__ = [
    "BatchOutcome",
    "EmbeddingRequest",
    "EmbeddingResult",
    "IngestReport",
    "InvalidResultError",
    "ReceiptLabelError",
    "ingest_batch",
    "line_delta",
    "line_requests",
    "parse_custom_ids",
    "poll_batch",
    "render_batch_file",
    "submit_batch",
    "word_delta",
    "word_requests",
]
