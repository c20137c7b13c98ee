//! Decides which Lambda images to build, in which order, under which names, and why.
//!
//! | step | module |
//! | --- | --- |
//! | text of the configuration → values | [`config`], by the tables of [`keys`] |
//! | texts of `pyproject.toml`s → packages and images | [`discovery`] |
//! | texts of Dockerfiles → what stands on what | [`graph`] |
//! | files' digests → inputs and fingerprint of each image | [`fingerprint`] |
//! | commits → the newest that changed each image's inputs | [`history`], [`readers`], [`same_settings`], [`tag`] |
//! | what the store holds → what to do | [`plan`], with reasons from [`reason`] |
//! | any text → references in it, and what is wrong with them | [`text_references`], [`tag_check`] |
//! | two states → which images are affected, and why | [`affected`] |
//! | entries of `secrets` and `ssh` → what a build is handed, and what of it is missing | [`secrets`] |
//! | ends of builds → what to start next | [`schedule`] |
//! | results → what is deployed from | [`manifest`] |
//! | a manifest → what is deployed, in which form | [`deploy`] |
//!
//! It performs no I/O: no file, process, environment or clock. Texts and values come in,
//! decisions go out, each with its [`reason::Reason`]. Doubt means build.

pub mod affected;
pub mod attributes;
pub mod base_commit;
pub mod base_lock;
pub mod base_platform;
pub mod cache;
pub mod ci;
pub mod config;
pub mod context_copy;
pub mod contexts;
mod cycle;
pub mod deploy;
pub mod discovery;
pub mod ecr;
pub mod escape;
pub mod fingerprint;
pub mod git_ignored;
pub mod graph;
pub mod history;
pub mod installs;
pub mod keys;
pub mod lock_use;
pub mod locks;
pub mod manifest;
pub mod mirror;
pub mod paths;
pub mod plan;
pub mod platform;
pub mod problem;
pub mod readers;
pub mod reason;
pub mod record;
pub mod reference;
pub mod render;
pub mod same_settings;
pub mod schedule;
pub mod secrets;
pub mod stable;
mod table;
pub mod tag;
pub mod tag_check;
pub mod text_references;
pub mod tree;
pub mod variables;
pub mod warm;

pub use table::Text;
