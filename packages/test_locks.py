"""What must hold between the locks, checked without a package index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from packages.lock import ROOT, Project, below, parse_name, pinned, read_projects

PACKAGES = read_projects("packages")
LAMBDAS = read_projects("lambdas", frozenset(PACKAGES))
LOCKS = [ROOT / "requirements-dev.lock", *sorted(ROOT.glob("packages/*/*.lock"))]
IMAGE_LOCKS = [path for path in LOCKS if path.name == "requirements.lock"]


def pins(path: Path) -> dict[str, str]:
    """The version of each distribution that a lock pins."""
    entries = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\\n]+)", path.read_text(), re.MULTILINE)
    return {parse_name(name): version for name, version in entries}


def installed(package: Project) -> dict[str, str]:
    """What the package's image holds: its own lock and those below."""
    found: dict[str, str] = {}
    for project in [*below(package, PACKAGES), package]:
        found |= pins(project.folder / "requirements.lock")
    return found


def test_there_is_a_lock_for_each_image() -> None:
    assert len(IMAGE_LOCKS) == len(PACKAGES) == 3
    assert len(LAMBDAS) == 6


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_pin_has_hashes_and_no_lock_names_a_host(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)[1:]
    assert len(entries) == len(pins(path)) > 0
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", entry) for entry in entries)


@pytest.mark.parametrize("package", PACKAGES.values(), ids=lambda package: package.name)
def test_an_image_installs_nothing_twice(package: Project) -> None:
    own = pinned((package.folder / "requirements.lock").read_text())
    for base in below(package, PACKAGES):
        assert own.isdisjoint(pins(base.folder / "requirements.lock"))


@pytest.mark.parametrize("path", LOCKS[1:], ids=lambda path: str(path.relative_to(ROOT)))
def test_images_hold_the_versions_that_were_tested(path: Path) -> None:
    tested = pins(ROOT / "requirements-dev.lock")
    differing = {name: version for name, version in pins(path).items() if tested.get(name) != version}
    assert differing == {}


@pytest.mark.parametrize("package", PACKAGES.values(), ids=lambda package: package.name)
def test_locks_satisfy_what_packages_ask_for(package: Project) -> None:
    versions = installed(package)
    for text in package.requirements:
        requirement = Requirement(text)
        assert requirement.specifier.contains(versions[parse_name(requirement.name)])


@pytest.mark.parametrize("project", LAMBDAS.values(), ids=lambda project: project.name)
def test_lambdas_bring_no_distributions_of_their_own(project: Project) -> None:
    assert project.requirements == ()
    assert project.internal
