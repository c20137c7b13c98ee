"""The images to deploy, as `cargo xtask manifest` gives them.

It reads them and checks that each is pinned by its digest and, where a manifest says so, that it is
fit to be deployed; it makes nothing of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST_VERSION = 1
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
ARCHITECTURES = {"linux/amd64": "x86_64", "linux/arm64": "arm64"}


class BadImagesError(Exception):
    """What was given is not what `cargo xtask manifest` prints."""


@dataclass(frozen=True)
class Image:
    """One image."""

    reference: str
    """`repository:tag@sha256:…`"""
    architecture: str
    """As Lambda calls it."""


def check_pinned(name: str, reference: str) -> str:
    """The reference, if it has a digest: Lambda resolves a tag once, and never looks again."""
    if DIGEST.search(reference) is None:
        message = f"`{name}` is not pinned by a digest: `{reference}`\n"
        hint = "hint: `cargo xtask build-lambdas --push`, then `cargo xtask manifest`"
        raise BadImagesError(message + hint)
    return reference


def check_fit(entry: Mapping[str, Any]) -> None:
    """Refuses what `cargo xtask manifest` refuses: the file may be one that it did not print."""
    faults = {
        "is dirty: it was built from inputs that are in no commit": entry.get("dirty", False),
        "is of development mode: it stands on a `stable` base": entry.get("dev", False),
        "is not pushed": not entry.get("pushed", False),
    }
    for fault, holds in faults.items():
        if holds:
            message = f"`{entry['name']}` {fault}\n"
            hint = "hint: commit, then `cargo xtask build-lambdas --push`, not in development mode"
            raise BadImagesError(message + hint)


def read_manifest(text: str, stack: str) -> dict[str, Image]:
    """From what `cargo xtask manifest` prints for a stack, or `target/lambda-images/images.json`."""
    manifest = json.loads(text)
    if not isinstance(manifest, dict) or manifest.get("version") != MANIFEST_VERSION:
        message = f"this is no manifest of version {MANIFEST_VERSION}"
        raise BadImagesError(message)
    if manifest["stack"] != stack:
        message = f"the manifest is of the stack `{manifest['stack']}`, not `{stack}`\n"
        hint = f"hint: `cargo xtask build-lambdas --push --stack {stack}`, or select the other stack"
        raise BadImagesError(message + hint)
    lambdas = [entry for entry in manifest["images"] if entry["kind"] == "lambda"]
    for entry in lambdas:
        check_fit(entry)
    return {
        entry["name"]: Image(
            reference=check_pinned(entry["name"], entry["image_ref"]),
            architecture=ARCHITECTURES[entry["platform"]],
        )
        for entry in lambdas
    }


def read_references(references: Mapping[str, str], architecture: str) -> dict[str, Image]:
    """From references by name, as `cargo xtask manifest --format pulumi` gives them."""
    return {
        name: Image(reference=check_pinned(name, reference), architecture=architecture)
        for name, reference in references.items()
    }


def read_images(
    references: Mapping[str, str] | None, manifest: Path, architecture: str, stack: str
) -> dict[str, Image]:
    """From the stack's configuration if it has them, else from a manifest of that stack."""
    if references is not None:
        return read_references(references, architecture)
    if not manifest.is_file():
        message = f"there is no `{manifest}`, and the stack has no `lambda-images:images`\n"
        hint = "hint: `cargo xtask manifest --format pulumi` prints what `pulumi config set-all --json` takes"
        raise BadImagesError(message + hint)
    return read_manifest(manifest.read_text(), stack)
