"""AWS in memory, for the tests of all packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from receipt_dynamo import DynamoClient, create_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

TABLE = "receipts"
BUCKET = "vectors"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS account that exists for one test only."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # With checksums in the stream, a download from moto fails its check every now and then.
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(aws: None) -> DynamoDBClient:
    """The raw client, with the table."""
    client = boto3.client("dynamodb")
    create_table(client, TABLE)
    return client


@pytest.fixture
def dynamo(dynamodb: DynamoDBClient) -> DynamoClient:
    """The table, empty."""
    return DynamoClient(dynamodb, TABLE)


@pytest.fixture
def s3(aws: None) -> S3Client:
    """The raw client, with an empty bucket."""
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    return client
