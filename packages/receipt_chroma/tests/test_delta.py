"""The file format of a delta, and deltas in S3."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from receipt_chroma import (
    Collection,
    Delta,
    DeltaStore,
    InvalidDeltaError,
    InvalidVectorError,
    VectorRecord,
    decode_delta,
    encode_delta,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

NOON = datetime(2025, 8, 6, 12, tzinfo=UTC)
RECORDS = (
    VectorRecord("a", (1.0, 0.5, 0.0), "TOTAL 12.50", {"line_id": 1, "bold": True}),
    VectorRecord("b", (0.0, -0.25, 1.0), "CAFÉ\nCRÈME"),
)
DELTA = Delta("batch_1", Collection.LINES, NOON, RECORDS)


def members(file: bytes) -> dict[str, bytes]:
    """The members of a tar, read by nothing of ours."""
    with tarfile.open(fileobj=io.BytesIO(file)) as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
    return {name: content.read() for name, content in found.items() if content}


def pack(files: dict[str, bytes]) -> bytes:
    """The reverse of `members`."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def test_a_file_gives_back_its_delta() -> None:
    assert decode_delta(encode_delta(DELTA)) == DELTA


def test_equal_deltas_are_equal_files() -> None:
    assert encode_delta(DELTA) == encode_delta(replace(DELTA, created_at=NOON.astimezone()))


def test_the_format_is_as_documented() -> None:
    files = members(encode_delta(DELTA))
    assert list(files) == ["manifest.json", "records.jsonl", "embeddings.npy"]
    assert json.loads(files["manifest.json"]) == {
        "format": 1,
        "delta_id": "batch_1",
        "collection": "lines",
        "created_at": "2025-08-06T12:00:00+00:00",
        "count": 2,
        "dimension": 3,
    }
    assert json.loads(files["records.jsonl"].splitlines()[1]) == {
        "id": "b",
        "document": "CAFÉ\nCRÈME",
        "metadata": {},
    }
    matrix = np.load(io.BytesIO(files["embeddings.npy"]), allow_pickle=False)
    assert (matrix.dtype.str, matrix.shape) == ("<f4", (2, 3))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest.json", b"{}", "file is no delta: 'format'"),
        ("manifest.json", b"nonsense", "file is no delta: Expecting value"),
        ("manifest.json", b'{"format": 9}', "delta has format 9, not 1"),
        ("records.jsonl", b"", "promises 2 records of 3 dimensions, but has 0"),
        ("embeddings.npy", b"nonsense", "file is no delta"),
    ],
)
def test_damaged_files_are_refused(name: str, content: bytes, message: str) -> None:
    file = pack({**members(encode_delta(DELTA)), name: content})
    with pytest.raises(InvalidDeltaError, match=message):
        decode_delta(file)


def test_truncated_and_foreign_files_are_refused() -> None:
    file = encode_delta(DELTA)
    for damaged in (b"", file[:100], file[:1000], b"x" * 2000):
        with pytest.raises(InvalidDeltaError):
            decode_delta(damaged)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: replace(DELTA, delta_id="a/b"), "`delta_id` is 'a/b'"),
        (lambda: replace(DELTA, records=()), "delta batch_1 has no records"),
        (lambda: replace(DELTA, records=(RECORDS[0], RECORDS[0])), "two records of one id"),
        (lambda: replace(DELTA, created_at=datetime(2025, 8, 6)), "no time zone"),
        (lambda: replace(DELTA, records=(RECORDS[0], VectorRecord("c", (1.0,), ""))), "differ in length"),
    ],
)
def test_contradictory_deltas_are_refused(make: Callable[[], Delta], message: str) -> None:
    with pytest.raises(InvalidDeltaError, match=message):
        make()


@pytest.mark.parametrize(
    ("embedding", "message"), [((), "embedding of x is empty"), ((1.0, float("inf")), "not finite")]
)
def test_impossible_vectors_are_refused(embedding: tuple[float, ...], message: str) -> None:
    with pytest.raises(InvalidVectorError, match=message):
        VectorRecord("x", embedding, "")


def test_s3_gives_back_a_delta(s3: S3Client) -> None:
    store = DeltaStore(s3, "vectors")
    key = store.upload(DELTA)
    assert key == "deltas/lines/20250806T120000.000000Z-batch_1.tar"
    assert store.upload(DELTA) == key
    assert store.download(key) == DELTA


def test_s3_lists_in_the_order_of_merging_and_by_collection(s3: S3Client) -> None:
    store = DeltaStore(s3, "vectors")
    late = replace(DELTA, created_at=NOON + timedelta(microseconds=1), delta_id="a")
    words = replace(DELTA, collection=Collection.WORDS)
    keys = [store.upload(delta) for delta in (late, DELTA, words)]
    assert store.keys(Collection.LINES) == [keys[1], keys[0]]
    store.delete([*keys, "deltas/lines/never-there.tar"])
    assert store.keys(Collection.LINES) == store.keys(Collection.WORDS) == []
