"""The client against DynamoDB in memory: pages, indexes, conditions, and batches done in part."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from packages.receipt_dynamo.tests.examples import (
    IMAGE,
    NOON,
    RECEIPT,
    a_batch,
    a_line,
    a_receipt,
    a_word,
)
from receipt_dynamo import (
    AlreadyExistsError,
    BatchKind,
    BatchStatus,
    DynamoClient,
    EmbeddingStatus,
    LineRef,
    NotFoundError,
    ReceiptRef,
    UnprocessedError,
    WordRef,
)
from receipt_dynamo.bulk import Backoff

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "receipts"


class Throttled:
    """A DynamoDB client that does only the first entry of a batch call, for so many calls."""

    def __init__(self, client: DynamoDBClient, calls: int) -> None:
        self._client = client
        self._calls = calls

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> Any:  # noqa: N803 (boto3's name)
        """Write the first and hand back the others."""
        if self._calls == 0:
            return self._client.batch_write_item(RequestItems=RequestItems)
        self._calls -= 1
        ((table, requests),) = RequestItems.items()
        self._client.batch_write_item(RequestItems={table: requests[:1]})
        return {"UnprocessedItems": {table: requests[1:]} if requests[1:] else {}}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 (boto3's name)
        """Read the first and hand back the other keys."""
        if self._calls == 0:
            return self._client.batch_get_item(RequestItems=RequestItems)
        self._calls -= 1
        ((table, request),) = RequestItems.items()
        answer = self._client.batch_get_item(RequestItems={table: {"Keys": request["Keys"][:1]}})
        left = {"Keys": request["Keys"][1:]}
        return {**answer, "UnprocessedKeys": {table: left}}


def throttled(client: DynamoDBClient, calls: int, attempts: int) -> tuple[DynamoClient, list[float]]:
    """A client over `Throttled`, and the pauses that it will have made."""
    pauses: list[float] = []
    raw = cast("DynamoDBClient", Throttled(client, calls))
    return DynamoClient(raw, TABLE, Backoff(attempts=attempts, sleep=pauses.append)), pauses


def test_get_returns_what_was_put(dynamo: DynamoClient) -> None:
    dynamo.put(a_receipt())
    dynamo.put(a_batch())
    assert dynamo.get_receipt(RECEIPT) == a_receipt()
    assert dynamo.get_batch("batch_1") == a_batch()


def test_get_of_nothing_says_the_key(dynamo: DynamoClient) -> None:
    with pytest.raises(NotFoundError, match="no item is stored under BATCH#batch_9 BATCH"):
        dynamo.get_batch("batch_9")


def test_put_new_keeps_the_older_item(dynamo: DynamoClient) -> None:
    dynamo.put_new(a_line(text="FIRST"))
    with pytest.raises(AlreadyExistsError, match="RECEIPT#00001#LINE#00001 already"):
        dynamo.put_new(a_line(text="SECOND"))
    (line,) = dynamo.receipt_lines(RECEIPT)
    assert line.text == "FIRST"


def test_lines_and_words_of_a_receipt_do_not_mix(dynamo: DynamoClient) -> None:
    other = ReceiptRef(IMAGE, 2)
    lines = [a_line(2), a_line(10), a_line(1)]
    dynamo.put_all([a_receipt(), *lines, a_word(2), a_word(1), a_line(1, receipt=other)])
    assert [line.ref.line_id for line in dynamo.receipt_lines(RECEIPT)] == [1, 2, 10]
    assert [word.ref.word_id for word in dynamo.receipt_words(RECEIPT)] == [1, 2]
    assert [line.ref.receipt for line in dynamo.receipt_lines(other)] == [other]


def test_receipts_come_newest_first(dynamo: DynamoClient) -> None:
    dynamo.put_all(a_receipt(number, NOON + timedelta(hours=number)) for number in (1, 3, 2))
    assert [receipt.ref.receipt_id for receipt in dynamo.receipts()] == [3, 2, 1]
    assert [receipt.ref.receipt_id for receipt in dynamo.receipts(limit=1)] == [3]


def test_queries_follow_every_page(dynamo: DynamoClient) -> None:
    # A page ends at 1 MB: 40 lines of 60 kB need three.
    text = "x" * 60_000
    assert dynamo.put_all(a_line(number, text) for number in range(1, 41)) == 40
    assert len(list(dynamo.receipt_lines(RECEIPT))) == 40
    assert len(list(dynamo.lines_with_status(EmbeddingStatus.NONE))) == 40
    assert len(list(dynamo.lines_with_status(EmbeddingStatus.NONE, limit=7))) == 7


def test_status_moves_lines_and_words_in_the_index(dynamo: DynamoClient) -> None:
    dynamo.put_all([a_line(1), a_line(2), a_word(1)])
    gone = LineRef(RECEIPT, 9)
    refs: list[LineRef | WordRef] = [a_line(2).ref, a_word(1).ref, gone]
    assert dynamo.set_embedding_status(refs, EmbeddingStatus.PENDING) == 2
    assert [line.ref.line_id for line in dynamo.lines_with_status(EmbeddingStatus.NONE)] == [1]
    (pending,) = dynamo.lines_with_status(EmbeddingStatus.PENDING)
    assert (pending.ref.line_id, pending.embedding_status) == (2, EmbeddingStatus.PENDING)
    assert [word.ref for word in dynamo.words_with_status(EmbeddingStatus.PENDING)] == [a_word(1).ref]
    assert dynamo.get_lines([gone]) == {}


def test_batches_come_oldest_first_by_kind_and_status(dynamo: DynamoClient) -> None:
    dynamo.put_all([a_batch("late", NOON + timedelta(hours=1)), a_batch("early", NOON)])
    batches = dynamo.batches_with_status(BatchKind.LINE, BatchStatus.PENDING)
    assert [batch.batch_id for batch in batches] == ["early", "late"]
    assert list(dynamo.batches_with_status(BatchKind.WORD, BatchStatus.PENDING)) == []
    assert list(dynamo.batches_with_status(BatchKind.LINE, BatchStatus.COMPLETED)) == []


def test_get_lines_and_words_by_reference(dynamo: DynamoClient) -> None:
    dynamo.put_all(a_line(number) for number in range(1, 121))
    dynamo.put(a_word(1))
    refs = [LineRef(RECEIPT, number) for number in range(1, 131)]
    assert set(dynamo.get_lines([*refs, *refs])) == set(refs[:120])
    assert dynamo.get_words([a_word(1).ref, a_word(2).ref]) == {a_word(1).ref: a_word(1)}


def test_unprocessed_items_are_sent_again(dynamodb: DynamoDBClient, dynamo: DynamoClient) -> None:
    client, pauses = throttled(dynamodb, calls=3, attempts=8)
    assert client.put_all(a_line(number) for number in range(1, 31)) == 30
    assert len(list(dynamo.receipt_lines(RECEIPT))) == 30
    assert len(pauses) == 3
    assert pauses[0] < pauses[1] < pauses[2]


def test_unprocessed_keys_are_asked_again(dynamodb: DynamoDBClient, dynamo: DynamoClient) -> None:
    dynamo.put_all(a_line(number) for number in range(1, 11))
    client, pauses = throttled(dynamodb, calls=2, attempts=8)
    assert len(client.get_lines(LineRef(RECEIPT, number) for number in range(1, 11))) == 10
    assert len(pauses) == 2


def test_endless_throttling_is_an_error(dynamodb: DynamoDBClient) -> None:
    client, pauses = throttled(dynamodb, calls=99, attempts=2)
    with pytest.raises(UnprocessedError, match="8 items were not written after 2 attempts"):
        client.put_all(a_line(number) for number in range(1, 11))
    with pytest.raises(UnprocessedError, match="1 items were not read after 2 attempts"):
        client.get_lines(LineRef(RECEIPT, number) for number in range(1, 4))
    assert len(pauses) == 2
