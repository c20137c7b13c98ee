"""The images to deploy, as `cargo xtask manifest` gives them.

It reads them and checks that each is pinned by its digest; it makes nothing of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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


def read_manifest(text: str) -> dict[str, Image]:
    """From what `cargo xtask manifest` prints, or `target/lambda-images/images.json`."""
    manifest = json.loads(text)
    if not isinstance(manifest, dict) or manifest.get("version") != MANIFEST_VERSION:
        message = f"this is no manifest of version {MANIFEST_VERSION}"
        raise BadImagesError(message)
    return {
        entry["name"]: Image(
            reference=check_pinned(entry["name"], entry["image_ref"]),
            architecture=ARCHITECTURES[entry["platform"]],
        )
        for entry in manifest["images"]
        if entry["kind"] == "lambda"
    }


def read_references(references: Mapping[str, str], architecture: str) -> dict[str, Image]:
    """From references by name, as `cargo xtask manifest --format pulumi` gives them."""
    return {
        name: Image(reference=check_pinned(name, reference), architecture=architecture)
        for name, reference in references.items()
    }


def read_images(references: Mapping[str, str] | None, manifest: Path, architecture: str) -> dict[str, Image]:
    """From the stack's configuration if it has them, else from a manifest."""
    if references is not None:
        return read_references(references, architecture)
    if not manifest.is_file():
        message = f"there is no `{manifest}`, and the stack has no `lambda-images:images`\n"
        hint = 'hint: `pulumi config set-all --json "$(cargo xtask manifest --format pulumi)"`'
        raise BadImagesError(message + hint)
    return read_manifest(manifest.read_text())
