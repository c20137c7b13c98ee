"""Entities: what they accept, and that an item gives back what made it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from packages.receipt_dynamo.tests.examples import IMAGE, RECEIPT, a_batch, a_line, a_receipt, a_word
from receipt_dynamo import (
    BatchStatus,
    BoundingBox,
    EmbeddingBatch,
    EmbeddingStatus,
    InvalidEntityError,
    InvalidItemError,
    Line,
    LineRef,
    Receipt,
    ReceiptRef,
    Word,
    WordRef,
)

if TYPE_CHECKING:
    from receipt_dynamo.item import Entity


@pytest.mark.parametrize(
    "entity",
    [
        a_receipt(),
        a_line(),
        replace(a_line(), embedding_status=EmbeddingStatus.FAILED, confidence=0.1),
        a_word(),
        a_batch(),
        replace(a_batch(), status=BatchStatus.EXPIRED, error="too slow"),
    ],
)
def test_items_give_back_their_entity(entity: Receipt | Line | Word | EmbeddingBatch) -> None:
    assert type(entity).from_item(entity.to_item()) == entity


def test_keys_are_what_the_table_expects() -> None:
    def keys(entity: Entity) -> list[str]:
        item = entity.to_item()
        return [item[name]["S"] for name in ("PK", "SK", "STATUS_PK", "STATUS_SK")]

    image = f"IMAGE#{IMAGE}"
    assert keys(a_receipt()) == [image, "RECEIPT#00001", "RECEIPT", "2025-08-06T12:00:00.000000Z"]
    line = "RECEIPT#00001#LINE#00001"
    assert keys(a_line()) == [image, line, "LINE#NONE", f"{image}#{line}"]
    word = "RECEIPT#00001#WORD#00001#00001"
    assert keys(a_word()) == [image, word, "WORD#NONE", f"{image}#{word}"]
    assert keys(a_batch()) == [
        "BATCH#batch_1",
        "BATCH",
        "BATCH#LINE#PENDING",
        "2025-08-06T12:00:00.000000Z#batch_1",
    ]


def test_references_read_back() -> None:
    line = LineRef(RECEIPT, 12)
    word = WordRef(line, 3)
    assert ReceiptRef.parse(str(RECEIPT)) == RECEIPT
    assert LineRef.parse(str(line)) == line
    assert WordRef.parse(str(word)) == word
    assert ReceiptRef(IMAGE.upper(), 1) == RECEIPT


@pytest.mark.parametrize("text", ["", "IMAGE#1", str(RECEIPT), f"{LineRef(RECEIPT, 1)}#WORD#1", "x" * 99])
def test_other_text_is_no_line_reference(text: str) -> None:
    with pytest.raises(InvalidEntityError, match="is not the reference of a line"):
        LineRef.parse(text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ReceiptRef("no-uuid", 1), "`image_id` is 'no-uuid', not a UUID"),
        (lambda: ReceiptRef(IMAGE, 0), "`receipt_id` is 0, not between 1 and 99999"),
        (lambda: LineRef(RECEIPT, 100_000), "`line_id` is 100000"),
        (lambda: WordRef(LineRef(RECEIPT, 1), True), "`word_id` is True, not an integer"),
        (lambda: a_line(text="  "), "text of line IMAGE#.* is empty"),
        (lambda: a_word(text=""), "text of word IMAGE#.* is empty"),
        (lambda: replace(a_line(), confidence=1.5), "`confidence` of line .* is 1.5"),
        (lambda: replace(a_word(), confidence=float("nan")), "`confidence` of word .* is nan"),
        (lambda: BoundingBox(0.0, -0.1, 0.5, 0.5), "`y` of a bounding box is -0.1"),
        (lambda: BoundingBox(0.8, 0.0, 0.5, 0.5), "ends at x = 1.3"),
        (lambda: BoundingBox(0.0, 0.8, 0.5, 0.5), "ends at y = 1.3"),
        (lambda: replace(a_receipt(), width=0), "size of a receipt is 0 × 1400 pixels"),
        (lambda: replace(a_receipt(), s3_key=""), "`s3_key` of a receipt is empty"),
        (lambda: a_receipt(added_at=datetime(2025, 8, 6)), "`added_at` is 2025-08-06.*no time zone"),
        (lambda: a_batch(batch_id=""), "`batch_id` of a batch is empty"),
        (lambda: replace(a_batch(), request_count=0), "batch batch_1 has 0 requests"),
    ],
)
def test_impossible_values_are_refused(make: Any, message: str) -> None:
    with pytest.raises(InvalidEntityError, match=message):
        make()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("text", None, "item of a LINE has no attribute `text`"),
        ("text", {"N": "1"}, r"attribute `text` of a LINE is \{'N': '1'\}, not a string"),
        ("confidence", {"S": "high"}, "not a number"),
        ("confidence", {"N": "many"}, "not a number"),
        ("embedding_status", {"S": "DONE"}, "not one of NONE, PENDING, SUCCESS, FAILED"),
        ("box", {"M": {"x": {"N": "0"}}}, "not a bounding box"),
        ("TYPE", {"S": "WORD"}, "item is a WORD, not a LINE"),
    ],
)
def test_damaged_items_are_refused(name: str, value: Any, message: str) -> None:
    item = a_line().to_item()
    if value is None:
        del item[name]
    else:
        item[name] = value
    with pytest.raises(InvalidItemError, match=message):
        Line.from_item(item)


def test_damaged_numbers_and_times_are_refused() -> None:
    item = a_receipt().to_item()
    with pytest.raises(InvalidItemError, match=r"`width` of a RECEIPT .* not an integer"):
        Receipt.from_item({**item, "width": {"N": "1.5"}})
    with pytest.raises(InvalidItemError, match=r"`added_at` of a RECEIPT .* not a timestamp"):
        Receipt.from_item({**item, "added_at": {"S": "noon"}})
