"""One example of each entity, for tests to vary."""

from datetime import UTC, datetime

from receipt_dynamo import (
    BatchKind,
    BoundingBox,
    EmbeddingBatch,
    Line,
    LineRef,
    Receipt,
    ReceiptRef,
    Word,
    WordRef,
)

IMAGE = "3f52804b-2fad-4e00-92c8-b593da3a8ed3"
RECEIPT = ReceiptRef(IMAGE, 1)
BOX = BoundingBox(x=0.1, y=0.2, width=0.5, height=0.05)
NOON = datetime(2025, 8, 6, 12, tzinfo=UTC)


def a_receipt(receipt_id: int = 1, added_at: datetime = NOON) -> Receipt:
    """A receipt."""
    return Receipt(ReceiptRef(IMAGE, receipt_id), 600, 1400, added_at, f"raw/{receipt_id}.png")


def a_line(line_id: int = 1, text: str = "TOTAL 12.50", receipt: ReceiptRef = RECEIPT) -> Line:
    """A line."""
    return Line(LineRef(receipt, line_id), text, BOX, 0.97)


def a_word(word_id: int = 1, text: str = "TOTAL", line_id: int = 1) -> Word:
    """A word."""
    return Word(WordRef(LineRef(RECEIPT, line_id), word_id), text, BOX, 0.99)


def a_batch(batch_id: str = "batch_1", submitted_at: datetime = NOON) -> EmbeddingBatch:
    """A batch of lines."""
    return EmbeddingBatch(batch_id, BatchKind.LINE, "file_1", submitted_at, 3)
