"""Chroma on a local folder, narrowed to what receipts need.

No embedding function is ever set (chromadb's own would download a model) and telemetry is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import chromadb
import numpy as np
from chromadb.api.client import Client
from chromadb.config import Settings

from receipt_chroma.vector import Collection, Match, Metadata, VectorRecord

if TYPE_CHECKING:
    from chromadb.api.types import Where

_T = TypeVar("_T")


class VectorStore:
    """The collections in one folder. Close it before anything else reads the folder."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(path=str(folder), settings=settings)
        # Declared as an interface that can't be closed.
        assert isinstance(client, Client)
        self._client = client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write everything to the folder and let go of it."""
        self._client.close()

    def upsert(self, collection: Collection, records: Iterable[VectorRecord]) -> int:
        """Store records, over older ones of the same id, and say how many."""
        target = self._collection(collection)
        iterator = iter(records)
        count = 0
        while chunk := list(islice(iterator, self._client.get_max_batch_size())):
            target.upsert(
                ids=[record.id for record in chunk],
                embeddings=np.array([record.embedding for record in chunk], dtype=np.float32),
                documents=[record.document for record in chunk],
                # Chroma refuses an empty mapping, but takes none at all.
                metadatas=[dict(record.metadata) or None for record in chunk],  # type: ignore[misc]
            )
            count += len(chunk)
        return count

    def delete(self, collection: Collection, ids: Sequence[str]) -> None:
        """Remove records; ids that aren't there don't matter."""
        if ids:
            self._collection(collection).delete(ids=list(ids))

    def count(self, collection: Collection) -> int:
        """How many records there are."""
        return self._collection(collection).count()

    def get(self, collection: Collection, ids: Sequence[str]) -> dict[str, VectorRecord]:
        """Those of the records that exist."""
        if not ids:
            return {}
        found = self._collection(collection).get(
            ids=list(ids), include=["embeddings", "documents", "metadatas"]
        )
        rows = zip(
            found["ids"],
            np.asarray(_included(found["embeddings"])).tolist(),
            _included(found["documents"]),
            _included(found["metadatas"]),
            strict=True,
        )
        return {
            row: VectorRecord(row, tuple(embedding), document, _plain(metadata))
            for row, embedding, document, metadata in rows
        }

    def query(
        self, collection: Collection, embedding: Sequence[float], limit: int, where: Where | None = None
    ) -> list[Match]:
        """The records nearest to an embedding, nearest first; `where` filters by metadata."""
        found = self._collection(collection).query(
            query_embeddings=np.array([embedding], dtype=np.float32),
            n_results=limit,
            where=where,
            include=["documents", "metadatas", "distances"],
        )
        rows = zip(
            found["ids"][0],
            _included(found["distances"])[0],
            _included(found["documents"])[0],
            _included(found["metadatas"])[0],
            strict=True,
        )
        return [
            Match(row, distance, document, _plain(metadata)) for row, distance, document, metadata in rows
        ]

    def _collection(self, collection: Collection) -> chromadb.Collection:
        return self._client.get_or_create_collection(
            str(collection),
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
        )


def _included(column: _T | None) -> _T:
    """A column that was asked for: Chroma declares every column as one that may be missing."""
    assert column is not None
    return column


def _plain(metadata: Mapping[str, object] | None) -> Metadata:
    """Metadata without the kinds of value that only others could have stored."""
    return {
        name: value for name, value in (metadata or {}).items() if isinstance(value, str | int | float | bool)
    }
