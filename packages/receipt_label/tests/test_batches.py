"""A batch's whole way: submitted, polled, ingested. The client is the real one, the service is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import openai
import pytest

from packages.receipt_dynamo.tests.examples import RECEIPT, a_batch, a_line, a_word
from packages.receipt_label.tests.fake_openai import CREATED_AT, FakeOpenAI
from receipt_chroma import Collection, DeltaStore
from receipt_dynamo import BatchKind, BatchStatus, DynamoClient, EmbeddingStatus, LineRef, WordRef
from receipt_label import (
    BatchOutcome,
    EmbeddingResult,
    IngestReport,
    InvalidResultError,
    ReceiptLabelError,
    ingest_batch,
    line_requests,
    poll_batch,
    submit_batch,
    word_requests,
)
from receipt_label.batch_file import REQUEST_LIMIT
from receipt_label.deltas import unit_vector

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from receipt_dynamo import EmbeddingBatch

LINES = [a_line(1, "CAFÉ"), a_line(2, "ESPRESSO"), a_line(3, "TOTAL")]
IDS = [str(line.ref) for line in LINES]


@pytest.fixture
def service() -> FakeOpenAI:
    """A service without files and batches."""
    return FakeOpenAI()


@pytest.fixture
def deltas(s3: S3Client) -> DeltaStore:
    """An empty store."""
    return DeltaStore(s3, "vectors")


def submit_lines(service: FakeOpenAI, dynamo: DynamoClient) -> EmbeddingBatch:
    """Three pending lines and their batch, as submit_to_openai leaves them."""
    batch = submit_batch(service.client(), BatchKind.LINE, line_requests(LINES))
    dynamo.put_all([batch, *LINES])
    dynamo.set_embedding_status([line.ref for line in LINES], EmbeddingStatus.PENDING)
    return batch


def statuses(dynamo: DynamoClient) -> list[str]:
    """The status of each line, by number."""
    return [line.embedding_status.value for line in dynamo.receipt_lines(RECEIPT)]


def test_submission_uploads_a_file_and_makes_a_batch(service: FakeOpenAI) -> None:
    batch = submit_batch(service.client(), BatchKind.LINE, line_requests(LINES))
    assert (batch.batch_id, batch.input_file_id) == ("batch_1", "file_1")
    assert (batch.status, batch.request_count) == (BatchStatus.PENDING, 3)
    assert batch.submitted_at == datetime.fromtimestamp(CREATED_AT, UTC)
    assert service.requests == ["POST /v1/files", "POST /v1/batches"]
    assert service.files["file_1"].count("\n") == 3
    assert service.batches["batch_1"]["endpoint"] == "/v1/embeddings"
    assert service.batches["batch_1"]["metadata"] == {"kind": "LINE"}


def test_batches_too_small_or_too_large_are_refused(service: FakeOpenAI) -> None:
    requests = line_requests([a_line(1)])
    for count in (0, REQUEST_LIMIT + 1):
        with pytest.raises(ReceiptLabelError, match=f"a batch has {count} requests"):
            submit_batch(service.client(), BatchKind.LINE, requests * count)
    assert service.requests == []


def test_an_unfinished_batch_is_pending(service: FakeOpenAI) -> None:
    batch = submit_batch(service.client(), BatchKind.LINE, line_requests(LINES))
    for status in ("validating", "in_progress", "finalizing", "cancelling"):
        service.batches["batch_1"]["status"] = status
        assert poll_batch(service.client(), batch) == BatchOutcome(BatchStatus.PENDING)


def test_answers_are_sorted_by_what_became_of_them(service: FakeOpenAI) -> None:
    batch = submit_batch(service.client(), BatchKind.LINE, line_requests(LINES))
    service.finish("batch_1", status="expired", refuse=frozenset(IDS[1:2]), expire=frozenset(IDS[2:]))
    assert poll_batch(service.client(), batch) == BatchOutcome(
        status=BatchStatus.EXPIRED,
        results=(EmbeddingResult(IDS[0], (3.0, 4.0)),),
        failures=(IDS[1],),
        unanswered=(IDS[2],),
    )


def test_a_batch_that_failed_says_why(service: FakeOpenAI) -> None:
    batch = submit_batch(service.client(), BatchKind.LINE, line_requests(LINES))
    errors = {"object": "list", "data": [{"code": "token_limit", "message": "too many tokens"}]}
    service.batches["batch_1"].update(status="failed", errors=errors)
    outcome = poll_batch(service.client(), batch)
    assert (outcome.status, outcome.error) == (BatchStatus.FAILED, "token_limit: too many tokens")
    assert outcome.unanswered == tuple(IDS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense\n", "line 1 of a result file is not JSON"),
        ("{}\n", "an answer of another shape: KeyError"),
        ("[]\n", "an answer of another shape: TypeError"),
        ('{"custom_id": "x", "response": {"status_code": 200, "body": {"data": []}}}\n', "IndexError"),
    ],
)
def test_damaged_results_are_refused(service: FakeOpenAI, text: str, message: str) -> None:
    batch = submit_batch(service.client(), BatchKind.LINE, line_requests(LINES))
    service.finish("batch_1")
    service.files[service.batches["batch_1"]["output_file_id"]] = text
    with pytest.raises(InvalidResultError, match=message):
        poll_batch(service.client(), batch)


def test_an_unknown_batch_is_the_clients_own_error(service: FakeOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        poll_batch(service.client(), a_batch("batch_9"))


def test_embeddings_get_length_one() -> None:
    assert unit_vector(EmbeddingResult("x", (3.0, 4.0))) == pytest.approx((0.6, 0.8))
    for impossible in ((0.0, 0.0), (float("nan"), 1.0)):
        with pytest.raises(InvalidResultError, match="embedding of x has length"):
            unit_vector(EmbeddingResult("x", impossible))


def test_lines_become_a_delta(service: FakeOpenAI, dynamo: DynamoClient, deltas: DeltaStore) -> None:
    submit_lines(service, dynamo)
    service.finish("batch_1", refuse=frozenset(IDS[2:]))
    report = ingest_batch("batch_1", BatchKind.LINE, dynamo=dynamo, openai=service.client(), deltas=deltas)
    (key,) = deltas.keys(Collection.LINES)
    assert report == IngestReport("batch_1", BatchStatus.COMPLETED, key, embedded=2, failed=1)
    first, second = deltas.download(key).records
    assert (first.id, first.document, second.document) == (IDS[0], "CAFÉ", "ESPRESSO")
    assert first.embedding == pytest.approx((0.6, 0.8))
    assert first.metadata["place"] == "top-center"
    assert LineRef.parse(first.id).line_id == first.metadata["line_id"] == 1
    assert statuses(dynamo) == ["SUCCESS", "SUCCESS", "FAILED"]
    assert dynamo.get_batch("batch_1").status is BatchStatus.COMPLETED


def test_words_become_a_delta(service: FakeOpenAI, dynamo: DynamoClient, deltas: DeltaStore) -> None:
    words = [a_word(1, "CAFÉ"), a_word(2, "TOTAL")]
    batch = submit_batch(service.client(), BatchKind.WORD, word_requests(words))
    dynamo.put_all([batch, *words])
    service.finish("batch_1")
    report = ingest_batch("batch_1", BatchKind.WORD, dynamo=dynamo, openai=service.client(), deltas=deltas)
    assert report.delta_key is not None
    records = deltas.download(report.delta_key).records
    assert [WordRef.parse(record.id).word_id for record in records] == [1, 2]
    assert [record.metadata["word_id"] for record in records] == [1, 2]
    assert deltas.keys(Collection.LINES) == []
    assert list(dynamo.words_with_status(EmbeddingStatus.NONE)) == []


def test_pending_batches_change_nothing(
    service: FakeOpenAI, dynamo: DynamoClient, deltas: DeltaStore
) -> None:
    submit_lines(service, dynamo)
    report = ingest_batch("batch_1", BatchKind.LINE, dynamo=dynamo, openai=service.client(), deltas=deltas)
    assert report == IngestReport("batch_1", BatchStatus.PENDING)
    assert statuses(dynamo) == ["PENDING"] * 3


def test_unanswered_lines_are_free_for_the_next_batch(
    service: FakeOpenAI, dynamo: DynamoClient, deltas: DeltaStore
) -> None:
    submit_lines(service, dynamo)
    service.finish("batch_1", status="expired", expire=frozenset(IDS))
    report = ingest_batch("batch_1", BatchKind.LINE, dynamo=dynamo, openai=service.client(), deltas=deltas)
    assert report == IngestReport("batch_1", BatchStatus.EXPIRED, unanswered=3)
    assert statuses(dynamo) == ["NONE"] * 3


def test_ingestion_that_died_is_done_again_and_then_no_more(
    service: FakeOpenAI, dynamo: DynamoClient, deltas: DeltaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_lines(service, dynamo)
    service.finish("batch_1")
    client = service.client()
    with monkeypatch.context() as patch:
        patch.setattr(DynamoClient, "put", lambda *_: (_ for _ in ()).throw(OSError("died")))
        with pytest.raises(OSError, match="died"):
            ingest_batch("batch_1", BatchKind.LINE, dynamo=dynamo, openai=client, deltas=deltas)
    again = ingest_batch("batch_1", BatchKind.LINE, dynamo=dynamo, openai=client, deltas=deltas)
    assert deltas.keys(Collection.LINES) == [again.delta_key]
    once_more = ingest_batch("batch_1", BatchKind.LINE, dynamo=dynamo, openai=client, deltas=deltas)
    assert once_more == IngestReport("batch_1", BatchStatus.COMPLETED)


def test_deleted_lines_are_left_out(service: FakeOpenAI, dynamo: DynamoClient, deltas: DeltaStore) -> None:
    batch = submit_batch(service.client(), BatchKind.LINE, line_requests(LINES))
    dynamo.put_all([batch, LINES[1]])
    service.finish("batch_1")
    report = ingest_batch("batch_1", BatchKind.LINE, dynamo=dynamo, openai=service.client(), deltas=deltas)
    assert report.embedded == 1
    assert statuses(dynamo) == ["SUCCESS"]


def test_the_kind_must_be_the_batches(service: FakeOpenAI, dynamo: DynamoClient, deltas: DeltaStore) -> None:
    submit_lines(service, dynamo)
    with pytest.raises(ReceiptLabelError, match="batch batch_1 embeds LINE, not WORD"):
        ingest_batch("batch_1", BatchKind.WORD, dynamo=dynamo, openai=service.client(), deltas=deltas)
