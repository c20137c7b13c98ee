"""A delta: the records that one batch adds to a collection, as a file.

The file is an uncompressed tar of three members, in this order, the same bytes for the same delta:

- `manifest.json`: `{"format": 1, "delta_id", "collection", "created_at", "count", "dimension"}`
- `records.jsonl`: one `{"id", "document", "metadata"}` a line
- `embeddings.npy`: a matrix of little-endian 32-bit floats, `count` × `dimension`, a row for each line

Nothing in it is Chroma's own, so a delta outlives Chroma's versions.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from receipt_chroma.errors import InvalidDeltaError, InvalidVectorError
from receipt_chroma.vector import Collection, VectorRecord

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Delta:
    """Deltas of one collection merge in the order of `created_at`, then `delta_id`."""

    delta_id: str
    collection: Collection
    created_at: datetime
    records: tuple[VectorRecord, ...]

    def __post_init__(self) -> None:
        if not self.delta_id or "/" in self.delta_id:
            raise InvalidDeltaError(f"`delta_id` is {self.delta_id!r}, which can't be part of a key")
        if self.created_at.tzinfo is None:
            raise InvalidDeltaError(f"`created_at` of delta {self.delta_id} has no time zone")
        if not self.records:
            raise InvalidDeltaError(f"delta {self.delta_id} has no records")
        if len({len(record.embedding) for record in self.records}) > 1:
            raise InvalidDeltaError(f"embeddings of delta {self.delta_id} differ in length")
        if len({record.id for record in self.records}) < len(self.records):
            raise InvalidDeltaError(f"delta {self.delta_id} has two records of one id")

    @property
    def name(self) -> str:
        """The name of the file: names of one collection sort in the order of merging."""
        moment = self.created_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return f"{moment}-{self.delta_id}.tar"


def encode_delta(delta: Delta) -> bytes:
    """The delta as a file."""
    embeddings = np.array([record.embedding for record in delta.records], dtype="<f4")
    manifest = {
        "format": FORMAT,
        "delta_id": delta.delta_id,
        "collection": delta.collection,
        "created_at": delta.created_at.astimezone(UTC).isoformat(),
        "count": embeddings.shape[0],
        "dimension": embeddings.shape[1],
    }
    matrix = io.BytesIO()
    np.save(matrix, embeddings, allow_pickle=False)
    lines = (
        json.dumps({"id": record.id, "document": record.document, "metadata": dict(record.metadata)})
        for record in delta.records
    )
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, "manifest.json", json.dumps(manifest).encode())
        _add(archive, "records.jsonl", "".join(f"{line}\n" for line in lines).encode())
        _add(archive, "embeddings.npy", matrix.getvalue())
    return file.getvalue()


def decode_delta(file: bytes) -> Delta:
    """The reverse of `encode_delta`; anything else is an `InvalidDeltaError`."""
    try:
        with tarfile.open(fileobj=io.BytesIO(file), mode="r:") as archive:
            manifest = json.loads(_read(archive, "manifest.json"))
            rows = [json.loads(line) for line in _read(archive, "records.jsonl").splitlines()]
            matrix = io.BytesIO(_read(archive, "embeddings.npy"))
        if manifest["format"] != FORMAT:
            raise InvalidDeltaError(f"delta has format {manifest['format']!r}, not {FORMAT}")
        embeddings: NDArray[np.float32] = np.load(matrix, allow_pickle=False)
        return _assemble(manifest, rows, embeddings)
    except (tarfile.TarError, ValueError, KeyError, TypeError, InvalidVectorError) as error:
        if isinstance(error, InvalidDeltaError):
            raise
        raise InvalidDeltaError(f"file is no delta: {error}") from error


def _assemble(
    manifest: Mapping[str, Any], rows: list[dict[str, Any]], embeddings: NDArray[np.float32]
) -> Delta:
    expected = (manifest["count"], manifest["dimension"])
    if embeddings.shape != expected or len(rows) != manifest["count"]:
        raise InvalidDeltaError(
            f"delta promises {expected[0]} records of {expected[1]} dimensions, "
            f"but has {len(rows)} and a matrix of {embeddings.shape}"
        )
    return Delta(
        delta_id=manifest["delta_id"],
        collection=Collection(manifest["collection"]),
        created_at=datetime.fromisoformat(manifest["created_at"]),
        records=tuple(
            VectorRecord(row["id"], tuple(map(float, embedding)), row["document"], row["metadata"])
            for row, embedding in zip(rows, embeddings, strict=True)
        ),
    )


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o644
    archive.addfile(member, io.BytesIO(content))


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise InvalidDeltaError(f"`{name}` of the delta is no file")
    return member.read()
