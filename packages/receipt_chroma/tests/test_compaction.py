"""Compaction against S3 and DynamoDB in memory: merging, dying half-way, and running twice at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from receipt_chroma import (
    Collection,
    CompactionLock,
    CompactionReport,
    Delta,
    DeltaStore,
    LockHeldError,
    SnapshotConflictError,
    SnapshotStore,
    VectorRecord,
    VectorStore,
    compact,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

LINES = Collection.LINES
NOON = datetime(2025, 8, 6, 12, tzinfo=UTC)


@dataclass
class World:
    """One bucket, one table and a clock that stands still until it is moved."""

    s3: S3Client
    dynamodb: DynamoDBClient
    now: float = 1000.0

    @property
    def deltas(self) -> DeltaStore:
        """The deltas."""
        return DeltaStore(self.s3, "vectors")

    @property
    def snapshots(self) -> SnapshotStore:
        """The snapshots."""
        return SnapshotStore(self.s3, "vectors")

    def lock(self) -> CompactionLock:
        """A lock of a new owner."""
        return CompactionLock(self.dynamodb, "receipts", "lines", lease=60, clock=lambda: self.now)

    def add(self, number: int, **documents: str) -> None:
        """Upload a delta that holds these documents."""
        records = tuple(
            VectorRecord(name, (1.0, float(number)), document) for name, document in documents.items()
        )
        self.deltas.upload(Delta(f"batch_{number}", LINES, NOON + timedelta(minutes=number), records))

    def compact(self, limit: int = 100) -> CompactionReport:
        """One compaction."""
        return compact(LINES, self.deltas, self.snapshots, self.lock(), limit=limit)

    def documents(self, folder: Path, *names: str) -> dict[str, str]:
        """What the current snapshot holds under these ids."""
        current = self.snapshots.current(LINES)
        assert current is not None
        self.snapshots.download(current, folder)
        with VectorStore(folder) as store:
            return {name: record.document for name, record in store.get(LINES, names).items()}


@pytest.fixture
def world(s3: S3Client, dynamodb: DynamoDBClient) -> World:
    """An empty bucket and table."""
    return World(s3, dynamodb)


def test_nothing_to_merge_makes_no_snapshot(world: World) -> None:
    assert world.compact() == CompactionReport(LINES, None, 0, 0, 0)
    assert world.snapshots.current(LINES) is None


def test_deltas_become_the_snapshot(world: World, tmp_path: Path) -> None:
    world.add(1, a="A", b="B")
    world.add(2, c="C")
    assert world.compact() == CompactionReport(LINES, 1, 2, 3, 0)
    assert world.deltas.keys(LINES) == []
    assert world.documents(tmp_path, "a", "b", "c") == {"a": "A", "b": "B", "c": "C"}


def test_later_deltas_win_and_older_records_stay(world: World, tmp_path: Path) -> None:
    world.add(1, a="A", b="B")
    world.compact()
    world.add(3, b="third")
    world.add(2, b="second")
    assert world.compact() == CompactionReport(LINES, 2, 2, 2, 0)
    assert world.documents(tmp_path, "a", "b") == {"a": "A", "b": "third"}


def test_a_limit_leaves_the_newest(world: World) -> None:
    for number in (1, 2, 3):
        world.add(number, a=str(number))
    assert world.compact(limit=2) == CompactionReport(LINES, 1, 2, 2, 1)
    assert world.compact(limit=2) == CompactionReport(LINES, 2, 1, 1, 0)
    assert world.compact(limit=2) == CompactionReport(LINES, 2, 0, 0, 0)


def test_death_after_publishing_merges_nothing_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(1, a="A")
    with monkeypatch.context() as patch:
        patch.setattr(DeltaStore, "delete", lambda *_: (_ for _ in ()).throw(OSError("died")))
        with pytest.raises(OSError, match="died"):
            world.compact()
    assert len(world.deltas.keys(LINES)) == 1
    world.add(2, a="newer")
    assert world.compact() == CompactionReport(LINES, 2, 1, 1, 0)
    assert world.deltas.keys(LINES) == []
    assert world.documents(tmp_path, "a") == {"a": "newer"}


def test_death_before_publishing_changes_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(1, a="A")
    with monkeypatch.context() as patch:
        patch.setattr(SnapshotStore, "publish", lambda *_: (_ for _ in ()).throw(OSError("died")))
        with pytest.raises(OSError, match="died"):
            world.compact()
    assert world.snapshots.current(LINES) is None
    assert world.compact() == CompactionReport(LINES, 1, 1, 1, 0)
    assert world.documents(tmp_path, "a") == {"a": "A"}


def test_only_two_snapshots_are_kept(world: World) -> None:
    for number in (1, 2, 3, 4):
        world.add(number, a=str(number))
        world.compact()
    objects = world.s3.list_objects_v2(Bucket="vectors", Prefix="snapshots/lines/")["Contents"]
    names = [entry["Key"].split("/")[-1] for entry in objects]
    assert [name[:8] for name in names] == ["00000003", "00000004", "latest.j"]


def test_one_compaction_at_a_time(world: World) -> None:
    world.add(1, a="A")
    with world.lock(), pytest.raises(LockHeldError, match="lock `lines` is held by another compaction"):
        world.compact()
    assert world.compact().merged_deltas == 1


def test_a_lease_that_ran_out_is_taken_over(world: World) -> None:
    first = world.lock()
    with first:
        world.now += 59
        with pytest.raises(LockHeldError):
            world.lock().__enter__()
        first.renew()
        world.now += 60
        with world.lock():
            with pytest.raises(LockHeldError):
                first.renew()
            # The first one's end must not release what the second one holds.
            first.__exit__(None, None, None)
            with pytest.raises(LockHeldError):
                world.lock().__enter__()


def test_a_snapshot_is_replaced_only_by_who_has_read_it(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    first = world.snapshots.publish(LINES, tmp_path, ("a",), None)
    with pytest.raises(SnapshotConflictError, match=r"snapshots/lines/latest.json was replaced"):
        world.snapshots.publish(LINES, tmp_path, ("b",), None)
    second = world.snapshots.publish(LINES, tmp_path, ("b",), first)
    with pytest.raises(SnapshotConflictError):
        world.snapshots.publish(LINES, tmp_path, ("c",), first)
    assert world.snapshots.current(LINES) == second
    objects = world.s3.list_objects_v2(Bucket="vectors")["Contents"]
    assert {entry["Key"] for entry in objects} == {
        first.key,
        second.key,
        "snapshots/lines/latest.json",
    }
