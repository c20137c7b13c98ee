# The verbs of `cargo xtask`, for whoever has `just`, and four for the work in between:
# `lock`, and `fmt`, `lint` and `test`, which are parts of `ci`.

set positional-arguments

# The environment that `cargo xtask ci` keeps, if it has run.
python := if path_exists("target/venv/bin/python") == "true" { "target/venv/bin/python" } else { "python3" }

alias build := build-lambdas

# List the recipes
default:
    @just --list --unsorted

# Run the main job on real input, on a real engine
demo:
    cargo xtask demo

# Pass every check and test
ci:
    cargo xtask ci

# Measure this tool against others: build, warm, affected, tags, registry, or all
bench *ARGS:
    cargo xtask bench "$@"

# Fuzz every parser, or with --growth measure what each costs as texts grow; needs cargo-fuzz
fuzz *ARGS:
    cargo xtask fuzz "$@"

# The Docker engine of this checkout: up, status or down
engine *ARGS:
    cargo xtask engine "$@"

# Build the images that are not built yet
build-lambdas *ARGS:
    cargo xtask build-lambdas "$@"

# Show what stands on what
graph *ARGS:
    cargo xtask graph "$@"

# Show every input of an image, and what changed since it was last built
explain IMAGE *ARGS:
    cargo xtask explain "$@"

# Print what to deploy
manifest *ARGS:
    cargo xtask manifest "$@"

# Find references to images that are dirty, floating or stale
check-tags *ARGS:
    cargo xtask check-tags "$@"

# Write the Python locks anew from the pyproject.toml files; needs uv (--upgrade, --check)
lock *ARGS:
    {{ python }} packages/lock.py "$@"

# Format all Rust and Python code
fmt:
    cargo fmt --all
    {{ python }} -m ruff format

# Lint all Rust and Python code and check the types
lint:
    cargo clippy --workspace --all-targets -- -D warnings
    {{ python }} -m ruff check
    {{ python }} -m mypy

# Run the Rust tests, with an engine, and the Python tests
test:
    cargo xtask test --workspace
    {{ python }} -m pytest
