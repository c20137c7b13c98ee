//! What must hold of each parser of this workspace for any text at all: no panic, and where one is
//! cheap to check, a property of what was read.
//!
//! Three run it: the coverage-guided fuzzers in `fuzz/`, whose targets are one line each; the tests
//! here, which replay the fuzzers' seeds; and `cargo xtask fuzz --growth`, which measures what the
//! [`shapes`] cost as they grow. It starts no fuzzer and reads no seed itself.

use std::str;

mod buildx_checks;
mod dockerfile_checks;
mod installs_checks;
mod lambda_images_checks;
mod lock_checks;
mod pyproject_checks;
mod select_checks;
pub mod shapes;

use shapes::Shape;

/// One parser, and how it is tried.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the fuzz target and of the folder of its seeds.
    pub name: &'static str,
    /// The crate that the parser is in.
    pub package: &'static str,
    /// Panics where something that must hold doesn't.
    pub check: fn(&str),
    /// Only reads the text: for large ones, where the build isn't optimised.
    pub read: fn(&str),
    /// Texts that a careless parser would take more than linear time for.
    pub shapes: &'static [Shape],
}

/// All targets, those of one crate together.
pub const TARGETS: &[Target] = &[
    Target {
        name: "dockerfile",
        package: "dockerfile",
        check: dockerfile_checks::check_dockerfile,
        read: dockerfile_checks::read_large_dockerfile,
        shapes: shapes::dockerfile::DOCKERFILE,
    },
    Target {
        name: "dockerignore",
        package: "dockerfile",
        check: dockerfile_checks::check_dockerignore,
        read: dockerfile_checks::read_large_dockerignore,
        shapes: shapes::dockerfile::DOCKERIGNORE,
    },
    Target {
        name: "expand",
        package: "dockerfile",
        check: dockerfile_checks::check_expand,
        read: dockerfile_checks::read_large_expand,
        shapes: shapes::dockerfile::EXPAND,
    },
    Target {
        name: "select",
        package: "dockerfile",
        check: select_checks::check_select,
        read: select_checks::read_large_select,
        shapes: shapes::select::SELECT,
    },
    Target {
        name: "pyproject",
        package: "pyproject",
        check: pyproject_checks::check_pyproject,
        read: pyproject_checks::check_pyproject,
        shapes: shapes::pyproject::PYPROJECT,
    },
    Target {
        name: "requirement",
        package: "pyproject",
        check: pyproject_checks::check_requirement,
        read: pyproject_checks::check_requirement,
        shapes: shapes::pyproject::REQUIREMENT,
    },
    Target {
        name: "uv_lock",
        package: "pyproject",
        check: lock_checks::check_uv_lock,
        read: lock_checks::check_uv_lock,
        shapes: shapes::locks::UV_LOCK,
    },
    Target {
        name: "pylock",
        package: "pyproject",
        check: lock_checks::check_pylock,
        read: lock_checks::check_pylock,
        shapes: shapes::locks::PYLOCK,
    },
    Target {
        name: "poetry_lock",
        package: "pyproject",
        check: lock_checks::check_poetry_lock,
        read: lock_checks::check_poetry_lock,
        shapes: shapes::locks::POETRY_LOCK,
    },
    Target {
        name: "requirements",
        package: "pyproject",
        check: lock_checks::check_requirements,
        read: lock_checks::check_requirements,
        shapes: shapes::locks::REQUIREMENTS,
    },
    Target {
        name: "progress",
        package: "buildx",
        check: buildx_checks::check_progress,
        read: buildx_checks::check_progress,
        shapes: shapes::buildx::PROGRESS,
    },
    Target {
        name: "metadata",
        package: "buildx",
        check: buildx_checks::check_metadata,
        read: buildx_checks::check_metadata,
        shapes: shapes::buildx::METADATA,
    },
    Target {
        name: "builder",
        package: "buildx",
        check: buildx_checks::check_builder,
        read: buildx_checks::check_builder,
        shapes: shapes::buildx::BUILDER,
    },
    Target {
        name: "version",
        package: "buildx",
        check: buildx_checks::check_version,
        read: buildx_checks::check_version,
        shapes: shapes::buildx::VERSION,
    },
    Target {
        name: "config",
        package: "lambda-images",
        check: lambda_images_checks::check_config,
        read: lambda_images_checks::check_config,
        shapes: shapes::lambda_images::CONFIG,
    },
    Target {
        name: "installs",
        package: "lambda-images",
        check: installs_checks::check_installs,
        read: installs_checks::check_installs,
        shapes: shapes::installs::INSTALLS,
    },
    Target {
        name: "reference",
        package: "lambda-images",
        check: lambda_images_checks::check_reference,
        read: lambda_images_checks::check_reference,
        shapes: shapes::lambda_images::REFERENCE,
    },
    Target {
        name: "mirrors",
        package: "lambda-images",
        check: lambda_images_checks::check_mirrors,
        read: lambda_images_checks::check_mirrors,
        shapes: shapes::lambda_images::MIRRORS,
    },
    Target {
        name: "base_lock",
        package: "lambda-images",
        check: lambda_images_checks::check_base_lock,
        read: lambda_images_checks::check_base_lock,
        shapes: shapes::lambda_images::BASE_LOCK,
    },
    Target {
        name: "manifest",
        package: "lambda-images",
        check: lambda_images_checks::check_manifest,
        read: lambda_images_checks::check_manifest,
        shapes: shapes::lambda_images::MANIFEST,
    },
    Target {
        name: "text_references",
        package: "lambda-images",
        check: lambda_images_checks::check_text_references,
        read: lambda_images_checks::check_text_references,
        shapes: shapes::lambda_images::TEXT_REFERENCES,
    },
];

/// The target of a name.
#[must_use]
pub fn find_target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Runs a target's check on bytes. All parsers take text: what is no UTF-8 is passed over.
///
/// # Panics
/// There is no target of the name, or something that must hold doesn't.
pub fn check(name: &str, bytes: &[u8]) {
    let target = find_target(name).expect("the target is in the table");
    if let Ok(text) = str::from_utf8(bytes) {
        (target.check)(text);
    }
}

/// How many lines a text has, for faults that point at one: none may lie behind the last.
fn line_count(text: &str) -> usize {
    text.split('\n').count()
}
