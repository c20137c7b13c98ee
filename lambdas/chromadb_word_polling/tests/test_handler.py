"""The handler on AWS in memory and a service in this process."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.chromadb_word_polling import handler as module
from lambdas.chromadb_word_polling.handler import handler
from packages.receipt_dynamo.tests.examples import a_line, a_word
from packages.receipt_label.tests.fake_openai import FakeOpenAI
from receipt_dynamo import (
    BatchKind,
    BatchStatus,
    DynamoClient,
    InvalidEventError,
    MissingSettingError,
    NotFoundError,
)
from receipt_label import ReceiptLabelError, line_requests, submit_batch, word_requests


def submit(service: FakeOpenAI, dynamo: DynamoClient, kind: BatchKind = BatchKind.WORD) -> dict[str, Any]:
    """A batch of one word, and the event that polls it."""
    requests = line_requests([a_line()]) if kind is BatchKind.LINE else word_requests([a_word()])
    batch = submit_batch(service.client(), kind, requests)
    dynamo.put_all([batch, a_line(), a_word()])
    return {"batch_id": batch.batch_id}


@pytest.fixture(autouse=True)
def connected(service: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handler's client talks to the service in this process."""
    monkeypatch.setattr(module, "_openai", service.client)


def test_a_pending_batch_is_to_be_asked_again(service: FakeOpenAI, dynamo: DynamoClient) -> None:
    event = submit(service, dynamo)
    assert handler(event, None) == {
        "batch_id": "batch_1",
        "status": "PENDING",
        "delta_key": None,
        "embedded": 0,
        "failed": 0,
        "unanswered": 0,
    }


def test_a_completed_batch_leaves_a_delta(service: FakeOpenAI, dynamo: DynamoClient) -> None:
    event = submit(service, dynamo)
    service.finish("batch_1")
    assert handler(event, None) == {
        "batch_id": "batch_1",
        "status": "COMPLETED",
        "delta_key": "deltas/words/20250806T120000.000000Z-batch_1.tar",
        "embedded": 1,
        "failed": 0,
        "unanswered": 0,
    }
    assert dynamo.get_batch("batch_1").status is BatchStatus.COMPLETED


def test_batches_of_the_other_kind_are_refused(service: FakeOpenAI, dynamo: DynamoClient) -> None:
    (other,) = set(BatchKind) - {BatchKind.WORD}
    event = submit(service, dynamo, other)
    with pytest.raises(ReceiptLabelError, match=f"embeds {other}, not WORD"):
        handler(event, None)


def test_the_sample_is_valid_but_names_no_batch_here(dynamo: DynamoClient, sample: dict[str, Any]) -> None:
    with pytest.raises(NotFoundError, match="BATCH#batch_68934c5f2d"):
        handler(sample, None)


@pytest.mark.usefixtures("offline")
def test_errors_name_what_is_missing(sample: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError, match=r"`event` has no field `batch_id`"):
        handler({}, None)
    module._dynamo.cache_clear()
    with pytest.raises(MissingSettingError, match="`RECEIPTS_TABLE` is not set"):
        handler(sample, None)
