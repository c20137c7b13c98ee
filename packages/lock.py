"""Writes every lock of this repository from the pyproject.toml files.

    python packages/lock.py             what the pyproject.toml files ask for; other pins stay
    python packages/lock.py --upgrade   the newest versions that they allow
    python packages/lock.py --check     write nothing; exit 1 if a lock is not what it should be

- `requirements-dev.lock`: everything that tests and tools need, from Python 3.11 on, on any system.
- `deploy/pulumi/requirements.lock`: what the tests of the program there need, apart from all else.
- `packages/*/requirements.lock`: what the package adds to the image below it, at the versions of
  requirements-dev.lock, for Lambda's Python on both of Lambda's processors.
- `packages/*/build-requirements.lock`: what builds the package's wheel.

Each lock is a whole closure with hashes, less excludes.txt: install it with `--no-deps`. Needs `uv`
on the PATH and a package index, whose name goes into no lock.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEV_LOCK = ROOT / "requirements-dev.lock"
DEPLOY_LOCK = ROOT / "deploy" / "pulumi" / "requirements.lock"
EXCLUDES = ROOT / "packages" / "excludes.txt"
HEADER = "# Written by packages/lock.py. A whole closure: install it with `--no-deps --require-hashes`.\n"

DEV_PYTHON = "3.11"
LAMBDA_PYTHON = "3.13"
# Lambda's Python 3.13 stands on Amazon Linux 2023, whose C library is glibc 2.34.
LAMBDA_PLATFORMS = ("x86_64-manylinux_2_34", "aarch64-manylinux_2_34")


@dataclass(frozen=True)
class Project:
    """What one pyproject.toml asks for."""

    name: str
    folder: Path
    internal: frozenset[str]
    """Normalised names of the internal packages it depends on directly."""
    requirements: tuple[str, ...]
    """Its other requirements."""
    build_requirements: tuple[str, ...]


def parse_name(requirement: str) -> str:
    """The normalised name that a requirement begins with."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    if match is None:
        raise SystemExit(f"error: `{requirement}` is no requirement")
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def read_projects(parent: str, internal: frozenset[str] | None = None) -> dict[str, Project]:
    """The projects in the folders of `parent`; `internal` are names that no index knows."""
    files = sorted((ROOT / parent).glob("*/pyproject.toml"))
    texts = {file: tomllib.loads(file.read_text()) for file in files}
    if internal is None:
        internal = frozenset(parse_name(text["project"]["name"]) for text in texts.values())
    projects = {}
    for file, text in texts.items():
        dependencies = text["project"].get("dependencies", [])
        name = parse_name(text["project"]["name"])
        projects[name] = Project(
            name=name,
            folder=file.parent,
            internal=frozenset(map(parse_name, dependencies)) & internal,
            requirements=tuple(entry for entry in dependencies if parse_name(entry) not in internal),
            build_requirements=tuple(text["build-system"]["requires"]),
        )
    return projects


def below(project: Project, packages: dict[str, Project]) -> list[Project]:
    """The packages that a package stands on, nearest the ground first."""
    found: dict[str, Project] = {}
    for name in sorted(project.internal):
        for lower in [*below(packages[name], packages), packages[name]]:
            found[lower.name] = lower
    return list(found.values())


def compile_lock(requirements: list[str], previous: Path, upgrade: bool, *options: str) -> str:
    """The closure of some requirements; `previous` is the lock whose pins are kept."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "pyproject"), Path(folder, "lock")
        source.write_text("".join(f"{entry}\n" for entry in sorted(set(requirements))))
        if previous.exists() and not upgrade:
            target.write_text(previous.read_text())
        command = [
            # Nothing is built, so any Python will do to resolve for another.
            *("uv", "--no-config", "--no-python-downloads", "pip", "compile", "--quiet"),
            *("--python", sys.executable, "--generate-hashes", "--only-binary", ":all:"),
            *("--no-header", "--no-annotate", "--excludes", str(EXCLUDES), "--output-file", str(target)),
            *options,
            str(source),
        ]
        done = subprocess.run(command, check=False)
        if done.returncode != 0:
            raise SystemExit(f"error: failed to resolve for {previous.relative_to(ROOT)}")
        return HEADER + target.read_text()


def compile_for_lambda(
    requirements: list[str], dev_lock: Path, previous: Path, without: frozenset[str]
) -> str:
    """The closure for Lambda, less what is installed below; it must not depend on the processor."""
    common = ["--python-version", LAMBDA_PYTHON, "--constraints", str(dev_lock)]
    for name in sorted(without):
        common += ["--no-emit-package", name]
    locks = {
        compile_lock(requirements, previous, True, "--python-platform", platform, *common)
        for platform in LAMBDA_PLATFORMS
    }
    if len(locks) > 1:
        raise SystemExit(f"error: {previous.relative_to(ROOT)} would differ between processors")
    return locks.pop()


def pinned(lock: str) -> frozenset[str]:
    """The names that a lock pins."""
    return frozenset(parse_name(line) for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line))


def make_locks(upgrade: bool) -> dict[Path, str]:
    """Every lock, as it should be."""
    packages = read_projects("packages")
    lambdas = read_projects("lambdas", frozenset(packages))
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    everything = [*packages.values(), *lambdas.values()]
    requirements = [entry for project in everything for entry in project.requirements]
    universal = ("--universal", "--fork-strategy", "fewest", "--python-version", DEV_PYTHON)
    dev = compile_lock([*requirements, *groups["dev"]], DEV_LOCK, upgrade, *universal)
    locks = {DEV_LOCK: dev, DEPLOY_LOCK: compile_lock(groups["deploy"], DEPLOY_LOCK, upgrade, *universal)}
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "dev.lock")
        constraints.write_text(dev)
        for package in sorted(packages.values(), key=lambda package: len(below(package, packages))):
            lower = below(package, packages)
            installed = frozenset[str]().union(
                *(pinned(locks[base.folder / "requirements.lock"]) for base in lower)
            )
            closure = [entry for project in [*lower, package] for entry in project.requirements]
            lock = package.folder / "requirements.lock"
            locks[lock] = compile_for_lambda(closure, constraints, lock, installed)
            lock = package.folder / "build-requirements.lock"
            build = list(package.build_requirements)
            locks[lock] = compile_for_lambda(build, constraints, lock, frozenset())
    return locks


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 on a difference")
    arguments = parser.parse_args()
    stale = 0
    for path, text in make_locks(arguments.upgrade).items():
        if path.exists() and path.read_text() == text:
            continue
        stale += 1
        if not arguments.check:
            path.write_text(text)
        verb = "is not up to date" if arguments.check else "written"
        print(f"{path.relative_to(ROOT)}: {verb}", file=sys.stderr)
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
