"""AWS and the embedding service in memory, and the settings that a Lambda finds around it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from packages.receipt_label.tests.fake_openai import FakeOpenAI
from receipt_dynamo import DynamoClient, create_table

TABLE = "receipts"
BUCKET = "vectors"


@pytest.fixture
def dynamo(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoClient]:
    """The table that the settings name, empty, beside an empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # With checksums in the stream, a download from moto fails its check every now and then.
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    monkeypatch.setenv("RECEIPTS_TABLE", TABLE)
    monkeypatch.setenv("VECTORS_BUCKET", BUCKET)
    with mock_aws():
        client = boto3.client("dynamodb")
        create_table(client, TABLE)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield DynamoClient(client, TABLE)


@pytest.fixture
def service() -> FakeOpenAI:
    """An embedding service without files and batches."""
    return FakeOpenAI()


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, no settings, no region."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "OPENAI_")) or name in {"RECEIPTS_TABLE", "VECTORS_BUCKET"}:
            monkeypatch.delenv(name)


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The sample event of the Lambda whose test asks for it."""
    file = Path(request.path).parents[1] / "events" / "sample.json"
    event: dict[str, Any] = json.loads(file.read_text())
    return event
