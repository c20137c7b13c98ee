"""Receipts, their lines and words, and the batches that embed them, in one DynamoDB table.

Knows nothing of vectors, of S3 or of the embedding service.
"""

from receipt_dynamo.batch import BatchKind, BatchStatus, EmbeddingBatch
from receipt_dynamo.client import DynamoClient
from receipt_dynamo.errors import (
    AlreadyExistsError,
    InvalidEntityError,
    InvalidEventError,
    InvalidItemError,
    MissingSettingError,
    NotFoundError,
    ReceiptDynamoError,
    UnprocessedError,
)
from receipt_dynamo.event import EventReader
from receipt_dynamo.geometry import BoundingBox
from receipt_dynamo.line import Line
from receipt_dynamo.receipt import Receipt
from receipt_dynamo.refs import LineRef, ReceiptRef, WordRef
from receipt_dynamo.settings import required_setting
from receipt_dynamo.status import EmbeddingStatus
from receipt_dynamo.table import create_table
from receipt_dynamo.word import Word

__all__ = [
    "AlreadyExistsError",
    "BatchKind",
    "BatchStatus",
    "BoundingBox",
    "DynamoClient",
    "EmbeddingBatch",
    "EmbeddingStatus",
    "EventReader",
    "InvalidEntityError",
    "InvalidEventError",
    "InvalidItemError",
    "Line",
    "LineRef",
    "MissingSettingError",
    "NotFoundError",
    "Receipt",
    "ReceiptDynamoError",
    "ReceiptRef",
    "UnprocessedError",
    "Word",
    "WordRef",
    "create_table",
    "required_setting",
]
