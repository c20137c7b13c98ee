"""The handler on DynamoDB in memory."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.find_unembedded_lines import handler as module
from lambdas.find_unembedded_lines.handler import handler
from packages.receipt_dynamo.tests.examples import IMAGE, a_line, a_word
from receipt_dynamo import DynamoClient, EmbeddingStatus, InvalidEventError, MissingSettingError, ReceiptRef


def test_lines_are_counted_by_receipt(dynamo: DynamoClient, sample: dict[str, Any]) -> None:
    second = ReceiptRef(IMAGE, 2)
    dynamo.put_all([a_line(1), a_line(2), a_line(3), a_word(1), a_line(1, receipt=second)])
    dynamo.set_embedding_status([a_line(2).ref], EmbeddingStatus.PENDING)
    assert handler(sample, None) == {
        "kind": "LINE",
        "receipts": [
            {"image_id": IMAGE, "receipt_id": 1, "unembedded": 2},
            {"image_id": IMAGE, "receipt_id": 2, "unembedded": 1},
        ],
        "lines": 3,
    }
    assert handler({"limit": 1}, None)["lines"] == 1


def test_nothing_to_embed_is_an_empty_list(dynamo: DynamoClient) -> None:
    assert handler({}, None) == {"kind": "LINE", "receipts": [], "lines": 0}


@pytest.mark.usefixtures("offline")
def test_errors_name_what_is_wrong(sample: dict[str, Any]) -> None:
    with pytest.raises(InvalidEventError, match=r"`event.limit` is 'all', not an integer"):
        handler({"limit": "all"}, None)
    module._dynamo.cache_clear()
    with pytest.raises(MissingSettingError, match="`RECEIPTS_TABLE` is not set"):
        handler(sample, None)
