"""Snapshots in S3: a tar of a store's folder, and a pointer to the one that counts.

A snapshot's key is never written twice. The pointer is replaced only if it is still the one that
was read (S3's conditional writes), so two compactions can't lose each other's work even where the
lock has failed them. The previous snapshot stays, for readers that are still downloading it.
"""

from __future__ import annotations

import json
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import boto3
from botocore.exceptions import ClientError

from receipt_chroma.errors import SnapshotConflictError
from receipt_chroma.vector import Collection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the pointer says. `merged` are the deltas merged last, which may still be in S3."""

    collection: Collection
    number: int
    key: str
    previous_key: str | None
    merged: tuple[str, ...]
    etag: str


class SnapshotStore:
    """Reads and replaces the snapshot of a collection."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        """A store with the credentials and the region of the environment."""
        return cls(boto3.client("s3"), bucket)

    def current(self, collection: Collection) -> Snapshot | None:
        """The snapshot that counts, or nothing before the first compaction."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=_pointer(collection))
        except self._client.exceptions.NoSuchKey:
            return None
        pointer = json.loads(answer["Body"].read())
        return Snapshot(
            collection=collection,
            number=pointer["number"],
            key=pointer["key"],
            previous_key=pointer["previous_key"],
            merged=tuple(pointer["merged"]),
            etag=answer["ETag"],
        )

    def download(self, snapshot: Snapshot, folder: Path) -> None:
        """Lay the snapshot's files into a folder."""
        with tempfile.TemporaryFile() as file:
            self._client.download_fileobj(self._bucket, snapshot.key, file)
            file.seek(0)
            with tarfile.open(fileobj=file, mode="r:") as archive:
                archive.extractall(folder, filter="data")

    def publish(
        self, collection: Collection, folder: Path, merged: tuple[str, ...], previous: Snapshot | None
    ) -> Snapshot:
        """Make a folder the snapshot that counts, if `previous` still is."""
        number = previous.number + 1 if previous else 1
        key = f"snapshots/{collection}/{number:08d}-{uuid4().hex}.tar"
        self._upload(folder, key)
        previous_key = previous.key if previous else None
        pointer = {"number": number, "key": key, "previous_key": previous_key, "merged": merged}
        try:
            etag = self._replace_pointer(_pointer(collection), json.dumps(pointer), previous)
        except SnapshotConflictError:
            self._client.delete_object(Bucket=self._bucket, Key=key)
            raise
        if previous and previous.previous_key:
            self._client.delete_object(Bucket=self._bucket, Key=previous.previous_key)
        return Snapshot(collection, number, key, previous_key, merged, etag)

    def _upload(self, folder: Path, key: str) -> None:
        with tempfile.TemporaryFile() as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                for path in sorted(folder.rglob("*")):
                    archive.add(path, str(path.relative_to(folder)), recursive=False)
            file.seek(0)
            self._client.upload_fileobj(file, self._bucket, key)

    def _replace_pointer(self, key: str, text: str, previous: Snapshot | None) -> str:
        condition: dict[str, Any] = {"IfMatch": previous.etag} if previous else {"IfNoneMatch": "*"}
        try:
            answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=text.encode(), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise SnapshotConflictError(f"{key} was replaced since it was read") from error
            raise
        return answer["ETag"]


def _pointer(collection: Collection) -> str:
    return f"snapshots/{collection}/latest.json"
