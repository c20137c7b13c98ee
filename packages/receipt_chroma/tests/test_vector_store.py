"""Chroma on a folder: what is written is found again, also after the folder has moved."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from receipt_chroma import Collection, VectorRecord, VectorStore

LINES = Collection.LINES
EAST = VectorRecord("east", (1.0, 0.0), "EAST", {"page": 1})
NORTH = VectorRecord("north", (0.0, 1.0), "NORTH", {"page": 2})
PLAIN = VectorRecord("plain", (-1.0, 0.0), "PLAIN")


def test_records_are_found_by_id_and_by_nearness(tmp_path: Path) -> None:
    with VectorStore(tmp_path) as store:
        assert store.upsert(LINES, [EAST, NORTH, PLAIN]) == 3
        assert store.get(LINES, ["north", "plain", "absent"]) == {"north": NORTH, "plain": PLAIN}
        assert store.get(LINES, []) == {}
        nearest, second = store.query(LINES, (2.0, 0.2), limit=2)
        assert (nearest.id, nearest.document, nearest.metadata) == ("east", "EAST", {"page": 1})
        assert 0.0 <= nearest.distance < 0.01 < second.distance
        (only,) = store.query(LINES, (1.0, 0.0), limit=3, where={"page": 2})
        assert only.id == "north"


def test_upsert_replaces_and_delete_forgets(tmp_path: Path) -> None:
    with VectorStore(tmp_path) as store:
        store.upsert(LINES, [EAST, NORTH])
        store.upsert(LINES, [replace(EAST, document="RISING SUN")])
        assert store.count(LINES) == 2
        assert store.get(LINES, ["east"])["east"].document == "RISING SUN"
        store.delete(LINES, ["east", "absent"])
        store.delete(LINES, [])
        assert store.count(LINES) == 1


def test_collections_do_not_mix(tmp_path: Path) -> None:
    with VectorStore(tmp_path) as store:
        store.upsert(LINES, [EAST])
        assert store.count(Collection.WORDS) == 0


def test_large_upserts_are_cut(tmp_path: Path) -> None:
    records = (VectorRecord(str(number), (1.0, float(number)), "") for number in range(6_000))
    with VectorStore(tmp_path) as store:
        assert store.upsert(LINES, records) == 6_000
        assert store.count(LINES) == 6_000


def test_a_closed_store_can_be_moved(tmp_path: Path) -> None:
    with VectorStore(tmp_path / "old") as store:
        store.upsert(LINES, [EAST, NORTH])
    shutil.move(tmp_path / "old", tmp_path / "new")
    with VectorStore(tmp_path / "new") as store:
        assert store.get(LINES, ["east", "north"]) == {"east": EAST, "north": NORTH}


def test_excluded_distributions_are_not_missed(tmp_path: Path) -> None:
    """The distributions of packages/excludes.txt are neither installed nor asked for."""
    excludes = Path(__file__).parents[2] / "excludes.txt"
    names = [line for line in excludes.read_text().splitlines() if line and not line.startswith("#")]
    assert names
    # None in `sys.modules` makes an import of that name an error, also where it is installed.
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({names!r}))\n"
        "from pathlib import Path\n"
        "from receipt_chroma import Collection, VectorRecord, VectorStore\n"
        f"with VectorStore(Path({str(tmp_path)!r})) as store:\n"
        "    store.upsert(Collection.LINES, [VectorRecord('a', (1.0, 0.0), 'A')])\n"
        "    print(store.query(Collection.LINES, (1.0, 0.0), limit=1)[0].id)\n"
    )
    environment = {"PYTHONPATH": ":".join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "a\n"), done.stderr
