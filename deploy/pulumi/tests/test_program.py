"""The program, run against Pulumi's mocks: what it would make."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import images
import pulumi
import pytest

PROGRAM = Path(__file__).parent.parent / "__main__.py"
DIGEST = "sha256:" + "ab" * 32


class Mocks(pulumi.runtime.Mocks):
    """Makes whatever it is asked for, and remembers it."""

    def __init__(self) -> None:
        self.made: list[pulumi.runtime.MockResourceArgs] = []

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        """One resource; its ARN is made of its name."""
        self.made.append(args)
        outputs = {"arn": f"arn:aws::{args.name}", "qualifiedArn": f"arn:aws::{args.name}:1"}
        return f"{args.name}-id", {**args.inputs, "name": args.inputs.get("name", args.name), **outputs}

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """The program calls nothing."""
        raise NotImplementedError(args.token)


def run(config: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Runs the program with a stack's configuration; gives the functions' inputs by name."""
    mocks = Mocks()
    pulumi.runtime.set_mocks(mocks, project="lambda-images", stack="test")
    pulumi.runtime.set_all_config({f"lambda-images:{key}": value for key, value in config.items()})

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def program() -> None:
        runpy.run_path(str(PROGRAM))

    program()
    others = {resource.typ for resource in mocks.made} - {"aws:lambda/function:Function"}
    assert others == {"aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"}
    return {
        resource.name: resource.inputs
        for resource in mocks.made
        if resource.typ == "aws:lambda/function:Function"
    }


def manifest_of(*entries: dict[str, object]) -> str:
    whole = [
        {
            "kind": "lambda",
            "platform": "linux/amd64",
            "image_ref": f"{entry['name']}:git-1@{DIGEST}",
            "dirty": False,
            "pushed": True,
            "dev": False,
        }
        | entry
        for entry in entries
    ]
    return json.dumps({"version": 1, "stack": "test", "images": whole, "removed": ["gone"]})


def test_each_image_of_the_stacks_configuration_makes_a_function() -> None:
    references = {"one": f"one-prod:git-1@{DIGEST}", "two.x": f"two-prod:git-2@{DIGEST}"}
    functions = run({"images": json.dumps(references), "architecture": "arm64", "memory": "1024"})
    assert sorted(functions) == ["one", "two.x"]
    one, two = functions["one"], functions["two.x"]
    assert one["imageUri"] == references["one"]
    assert two["imageUri"] == references["two.x"]
    assert one["packageType"] == "Image"
    assert one["architectures"] == ["arm64"]
    assert one["role"] == "arn:aws::lambda-images"
    assert (one["memorySize"], one["timeout"]) == (1024, 60)
    assert (one["name"], two["name"]) == ("one-test", "two-x-test")


def test_a_manifest_is_read_where_the_stack_has_no_images(tmp_path: Path) -> None:
    path = tmp_path / "images.json"
    path.write_text(
        manifest_of(
            {"name": "one"},
            {"name": "arm", "platform": "linux/arm64"},
            {"name": "base-low", "kind": "base", "image_ref": "base-low:git-1"},
        )
    )
    functions = run({"manifest": str(path)})
    assert sorted(functions) == ["arm", "one"]
    assert functions["one"]["imageUri"] == f"one:git-1@{DIGEST}"
    assert functions["one"]["architectures"] == ["x86_64"]
    assert functions["arm"]["architectures"] == ["arm64"]


def test_an_image_that_is_gone_has_no_function() -> None:
    one = {"one": f"one:git-1@{DIGEST}"}
    two = {"two": f"two:git-1@{DIGEST}"}
    assert sorted(run({"images": json.dumps(one | two)})) == ["one", "two"]
    assert sorted(run({"images": json.dumps(one)})) == ["one"]


@pytest.mark.parametrize("reference", ["one:git-1", "one:latest", "one:git-1@sha256:ab", f"one@{DIGEST}x"])
def test_what_is_not_pinned_is_refused(reference: str) -> None:
    with pytest.raises(images.BadImagesError, match="`one` is not pinned by a digest"):
        images.read_references({"one": reference}, "x86_64")
    with pytest.raises(images.BadImagesError, match="`one` is not pinned by a digest"):
        images.read_manifest(manifest_of({"name": "one", "image_ref": reference}), "test")


def test_without_images_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(images.BadImagesError, match="pulumi config set-all"):
        images.read_images(None, tmp_path / "images.json", "x86_64", "test")
    with pytest.raises(images.BadImagesError, match="no manifest of version 1"):
        images.read_manifest('{"version": 2}', "test")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"dirty": True}, "`one` is dirty"),
        ({"dev": True}, "`one` is of development mode"),
        ({"pushed": False}, "`one` is not pushed"),
    ],
)
def test_what_is_not_fit_is_refused(fault: dict[str, object], message: str) -> None:
    with pytest.raises(images.BadImagesError, match=message):
        images.read_manifest(manifest_of({"name": "one"} | fault), "test")
    # Nothing is deployed from a base image.
    base = {"name": "base-low", "kind": "base"} | fault
    assert sorted(images.read_manifest(manifest_of({"name": "one"}, base), "test")) == ["one"]


def test_the_manifest_of_another_stack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(images.BadImagesError, match="is of the stack `test`, not `prod`"):
        images.read_manifest(manifest_of({"name": "one"}), "prod")
    path = tmp_path / "images.json"
    path.write_text(manifest_of({"name": "one"}).replace('"stack": "test"', '"stack": "prod"'))
    with pytest.raises(images.BadImagesError, match="is of the stack `prod`, not `test`"):
        run({"manifest": str(path)})
