"""Reading a Lambda's event and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from receipt_dynamo import (
    BatchKind,
    EventReader,
    InvalidEventError,
    MissingSettingError,
    required_setting,
)

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = {"name": "a", "count": 2, "size": 1.5, "dry": True, "kind": "LINE", "all": [{"id": 1}], "none": []}


def test_fields_are_read_as_their_type() -> None:
    read = EventReader(EVENT)
    assert read.string("name") == "a"
    assert read.integer("count") == 2
    assert read.integer("absent", default=7) == 7
    assert read.number("size") == 1.5
    assert read.number("absent", default=1) == 1.0
    assert read.boolean("dry", default=False) is True
    assert read.boolean("absent", default=False) is False
    assert read.choice("kind", BatchKind) is BatchKind.LINE
    assert [entry.integer("id") for entry in read.nested_list("all")] == [1]
    assert EventReader({"in": EVENT}).nested("in").string("name") == "a"
    assert "name" in read
    assert "absent" not in read


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: EventReader([1]), "`event` is list, not an object"),
        (lambda: EventReader(EVENT).string("absent"), "`event` has no field `absent`"),
        (lambda: EventReader(EVENT).string("count"), "`event.count` is 2, not a non-empty string"),
        (lambda: EventReader(EVENT).integer("dry"), "`event.dry` is True, not an integer of at least 1"),
        (lambda: EventReader(EVENT).integer("count", minimum=3), "not an integer of at least 3"),
        (lambda: EventReader(EVENT).integer("absent"), "`event` has no field `absent`"),
        (lambda: EventReader(EVENT).number("name"), "`event.name` is 'a', not a number"),
        (lambda: EventReader(EVENT).boolean("name", default=True), "not true or false"),
        (lambda: EventReader(EVENT).choice("name", BatchKind), "not one of LINE, WORD"),
        (lambda: EventReader(EVENT).nested_list("none"), r"`event.none` is \[\], not a non-empty list"),
        (lambda: EventReader(EVENT).nested_list("all")[0].string("id"), r"`event.all\[0\].id` is 1"),
    ],
)
def test_errors_name_the_field(ask: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidEventError, match=message):
        ask()


def test_settings_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEIPTS_TABLE", "receipts")
    assert required_setting("RECEIPTS_TABLE") == "receipts"
    monkeypatch.setenv("RECEIPTS_TABLE", "")
    with pytest.raises(MissingSettingError, match="environment variable `RECEIPTS_TABLE` is not set"):
        required_setting("RECEIPTS_TABLE")
