"""Deltas in S3, under `deltas/<collection>/<name>`."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Self

import boto3

from receipt_chroma.delta import Delta, decode_delta, encode_delta
from receipt_chroma.errors import ReceiptChromaError
from receipt_chroma.vector import Collection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DELETE_LIMIT = 1000


class DeltaStore:
    """Uploads, lists, downloads and deletes deltas."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        """A store with the credentials and the region of the environment."""
        return cls(boto3.client("s3"), bucket)

    def upload(self, delta: Delta) -> str:
        """Store a delta and return its key. The same delta again has the same key and bytes."""
        key = f"{_prefix(delta.collection)}{delta.name}"
        self._client.put_object(Bucket=self._bucket, Key=key, Body=encode_delta(delta))
        return key

    def download(self, key: str) -> Delta:
        """The delta of that key."""
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        return decode_delta(answer["Body"].read())

    def keys(self, collection: Collection) -> list[str]:
        """The keys of all deltas of a collection, in the order of merging."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=_prefix(collection)
        )
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete deltas; keys that aren't there don't matter."""
        iterator = iter(keys)
        while chunk := list(islice(iterator, _DELETE_LIMIT)):
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in chunk], "Quiet": True}
            )
            for error in answer.get("Errors", []):
                raise ReceiptChromaError(f"failed to delete {error.get('Key')}: {error.get('Message')}")


def _prefix(collection: Collection) -> str:
    return f"deltas/{collection}/"
