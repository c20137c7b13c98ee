"""The text that is embedded for lines and words."""

from __future__ import annotations

import json

import pytest

from packages.receipt_dynamo.tests.examples import RECEIPT
from receipt_dynamo import BoundingBox, Line, LineRef, Word, WordRef
from receipt_label import line_requests, parse_custom_ids, render_batch_file, word_requests
from receipt_label.place import describe_place, share_row


def a_line(line_id: int, text: str, x: float, y: float) -> Line:
    """A line at that place."""
    return Line(LineRef(RECEIPT, line_id), text, BoundingBox(x, y, 0.3, 0.03), 0.9)


def a_word(line_id: int, word_id: int, text: str, x: float, y: float) -> Word:
    """A word at that place."""
    return Word(WordRef(LineRef(RECEIPT, line_id), word_id), text, BoundingBox(x, y, 0.1, 0.03), 0.9)


def test_a_line_stands_between_the_lines_above_and_below() -> None:
    lines = [
        a_line(3, "TOTAL 4.20", 0.6, 0.9),
        a_line(1, "CORNER CAFÉ", 0.35, 0.05),
        a_line(2, "ESPRESSO 4.20", 0.05, 0.5),
    ]
    assert [request.text for request in line_requests(lines)] == [
        "<TARGET>CORNER CAFÉ</TARGET> <POS>top-center</POS> <CONTEXT><EDGE> | ESPRESSO 4.20</CONTEXT>",
        "<TARGET>ESPRESSO 4.20</TARGET> <POS>middle-left</POS> <CONTEXT>CORNER CAFÉ | TOTAL 4.20</CONTEXT>",
        "<TARGET>TOTAL 4.20</TARGET> <POS>bottom-right</POS> <CONTEXT>ESPRESSO 4.20 | <EDGE></CONTEXT>",
    ]


def test_a_word_stands_between_its_neighbours_in_the_row() -> None:
    words = [
        a_word(1, 1, "ESPRESSO", 0.05, 0.50),
        a_word(1, 2, "DOUBLE", 0.20, 0.51),
        a_word(2, 1, "4.20", 0.80, 0.505),  # a line of its own, yet in the same row
        a_word(3, 1, "TOTAL", 0.05, 0.90),
    ]
    contexts = [request.text.split("<CONTEXT>")[1] for request in word_requests(words)]
    assert contexts == [
        "<EDGE> DOUBLE</CONTEXT>",
        "ESPRESSO 4.20</CONTEXT>",
        "DOUBLE <EDGE></CONTEXT>",
        "<EDGE> <EDGE></CONTEXT>",
    ]


def test_no_lines_make_no_requests() -> None:
    assert line_requests([]) == []
    assert word_requests([]) == []


@pytest.mark.parametrize(
    ("box", "place"),
    [
        (BoundingBox(0.0, 0.0, 0.0, 0.0), "top-left"),
        (BoundingBox(0.4, 0.4, 0.2, 0.2), "middle-center"),
        (BoundingBox(1.0, 1.0, 0.0, 0.0), "bottom-right"),
    ],
)
def test_places_are_ninths(box: BoundingBox, place: str) -> None:
    assert describe_place(box) == place


def test_a_tall_box_shares_the_row_of_a_small_one_both_ways() -> None:
    tall, small = BoundingBox(0.0, 0.1, 0.1, 0.4), BoundingBox(0.5, 0.12, 0.1, 0.02)
    assert share_row(tall, small)
    assert share_row(small, tall)
    assert not share_row(small, BoundingBox(0.0, 0.2, 0.1, 0.02))


def test_the_batch_file_is_as_the_service_documents_it() -> None:
    requests = line_requests([a_line(1, "CAFÉ", 0.0, 0.0), a_line(2, "TOTAL", 0.0, 0.5)])
    text = render_batch_file(requests, model="some-model")
    assert json.loads(text.splitlines()[0]) == {
        "custom_id": str(LineRef(RECEIPT, 1)),
        "method": "POST",
        "url": "/v1/embeddings",
        "body": {"model": "some-model", "input": requests[0].text},
    }
    assert text.endswith("\n")
    assert parse_custom_ids(text) == [str(request.ref) for request in requests]
