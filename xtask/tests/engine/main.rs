//! `cargo xtask build-lambdas`, `explain` and their kin from end to end: the real program, a real
//! git, a real Docker engine and a real registry, in workspaces that each test makes for itself.
//!
//! The engine is `cargo xtask test`'s affair. Without it every test here fails, and says so.
//! What needs no engine (help texts, the graph) is in `golden.rs`.

#![expect(clippy::unwrap_used, reason = "a test has nobody to hand an error on to")]

mod adoption;
mod affected;
#[path = "../../src/bake.rs"]
mod bake;
mod bases;
mod build;
mod caches;
mod changes;
mod check_tags;
mod checks;
mod contract;
mod deploy;
mod deploy_programs;
mod dev;
mod dev_dirty;
mod dev_explain;
mod dev_moved;
mod dirty;
mod ecr;
mod failure;
mod github_caches;
mod hooks;
mod hostile;
mod inline_caches;
mod interrupt;
mod kept;
mod killed;
mod problems;
mod races;
#[path = "../buildkit/random.rs"]
mod random;
mod registry;
mod registry_tags;
mod secrets;
mod selection;
mod sent;
mod support;
mod switches;
mod tags;
mod two_machines;
mod warm;
mod warm_emptied;
