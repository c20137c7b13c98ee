"""The handler on DynamoDB in memory and a service in this process; the sample event on neither."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.submit_to_openai import handler as module
from lambdas.submit_to_openai.handler import handler
from packages.receipt_dynamo.tests.examples import IMAGE, RECEIPT, a_line, a_word
from packages.receipt_label.tests.fake_openai import FakeOpenAI
from receipt_dynamo import (
    BatchKind,
    DynamoClient,
    EmbeddingStatus,
    InvalidEntityError,
    InvalidEventError,
    MissingSettingError,
)

RECEIPTS = [{"image_id": IMAGE, "receipt_id": 1}]


@pytest.fixture
def connected(service: FakeOpenAI, monkeypatch: pytest.MonkeyPatch) -> FakeOpenAI:
    """The handler's client talks to the service in this process."""
    monkeypatch.setattr(module, "_openai", service.client)
    return service


def test_only_unembedded_lines_are_submitted(connected: FakeOpenAI, dynamo: DynamoClient) -> None:
    dynamo.put_all([a_line(1, "CAFÉ"), a_line(2, "ESPRESSO"), a_line(3, "TOTAL")])
    dynamo.set_embedding_status([a_line(1).ref], EmbeddingStatus.SUCCESS)
    event = {"kind": "LINE", "receipts": RECEIPTS}
    assert handler(event, None) == {"kind": "LINE", "requests": 2, "batch_id": "batch_1"}
    requests = [json.loads(line) for line in connected.files["file_1"].splitlines()]
    assert [request["custom_id"] for request in requests] == [str(a_line(2).ref), str(a_line(3).ref)]
    assert "<CONTEXT>CAFÉ | TOTAL</CONTEXT>" in requests[0]["body"]["input"]
    statuses = [line.embedding_status for line in dynamo.receipt_lines(RECEIPT)]
    assert statuses == ["SUCCESS", "PENDING", "PENDING"]
    assert dynamo.get_batch("batch_1").request_count == 2
    assert handler(event, None) == {"kind": "LINE", "requests": 0, "batch_id": None}
    assert len(connected.batches) == 1


def test_words_are_submitted(connected: FakeOpenAI, dynamo: DynamoClient) -> None:
    dynamo.put_all([a_word(1), a_word(2)])
    assert handler({"kind": "WORD", "receipts": RECEIPTS}, None)["requests"] == 2
    assert dynamo.get_batch("batch_1").kind is BatchKind.WORD


def test_a_dry_run_of_stored_lines_submits_nothing(connected: FakeOpenAI, dynamo: DynamoClient) -> None:
    dynamo.put_all([a_line(1), a_line(2)])
    answer = handler({"kind": "LINE", "receipts": RECEIPTS, "dry_run": True}, None)
    assert (answer["requests"], answer["jsonl"].count("\n")) == (2, 2)
    assert connected.requests == []
    assert all(line.embedding_status == "NONE" for line in dynamo.receipt_lines(RECEIPT))


@pytest.mark.usefixtures("offline")
def test_the_sample_needs_neither_aws_nor_the_service(sample: dict[str, Any]) -> None:
    answer = handler(sample, None)
    assert (answer["kind"], answer["requests"]) == ("LINE", 3)
    assert [json.loads(line)["body"]["input"] for line in answer["jsonl"].splitlines()] == [
        "<TARGET>CORNER CAFE</TARGET> <POS>top-center</POS> <CONTEXT><EDGE> | ESPRESSO 4.20</CONTEXT>",
        "<TARGET>ESPRESSO 4.20</TARGET> <POS>middle-left</POS> <CONTEXT>CORNER CAFE | TOTAL 4.20</CONTEXT>",
        "<TARGET>TOTAL 4.20</TARGET> <POS>bottom-right</POS> <CONTEXT>ESPRESSO 4.20 | <EDGE></CONTEXT>",
    ]


@pytest.mark.usefixtures("offline")
def test_words_in_the_event() -> None:
    box = {"x": 0, "y": 0.5, "width": 0.1, "height": 0.1}
    word = {"line_id": 1, "word_id": 1, "text": "TOTAL", "box": box}
    receipts = [{**RECEIPTS[0], "words": [word]}]
    answer = handler({"kind": "WORD", "receipts": receipts, "dry_run": True}, None)
    assert json.loads(answer["jsonl"])["custom_id"] == f"{RECEIPT}#WORD#00001#00001"


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "PAGE"}, "`event.kind` is 'PAGE', not one of LINE, WORD"),
        ({"receipts": []}, r"`event.receipts` is \[\], not a non-empty list"),
        ({"receipts": [{"image_id": IMAGE}]}, r"`event.receipts\[0\]` has no field `receipt_id`"),
        ({"dry_run": "yes"}, "`event.dry_run` is 'yes', not true or false"),
        ({"dry_run": False}, "`lines` of receipt IMAGE#.* are given, which only a dry run takes"),
        (
            {"receipts": [{**RECEIPTS[0], "lines": [{"line_id": 1, "text": "A", "box": {}}]}]},
            r"`event.receipts\[0\].lines\[0\].box` has no field `x`",
        ),
    ],
)
def test_invalid_events_are_refused(sample: dict[str, Any], change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidEventError, match=message):
        handler({**sample, **change}, None)


@pytest.mark.usefixtures("offline")
def test_other_errors_say_what_is_wrong() -> None:
    with pytest.raises(InvalidEntityError, match="`image_id` is '7', not a UUID"):
        handler({"kind": "LINE", "receipts": [{"image_id": "7", "receipt_id": 1}]}, None)
    module._dynamo.cache_clear()
    with pytest.raises(MissingSettingError, match="`RECEIPTS_TABLE` is not set"):
        handler({"kind": "LINE", "receipts": RECEIPTS}, None)
