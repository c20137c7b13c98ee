//! Reading and checking of mounts.

use super::{MountKind, parse_mount};
use crate::expand::ExpandError;

/// Expands `$U` to nothing known and leaves the rest alone.
fn expand(value: &str) -> Result<String, ExpandError> {
    match value {
        "$U" => Err(ExpandError::Undetermined("U".into())),
        other => Ok(other.to_owned()),
    }
}

#[track_caller]
fn check(text: &str, kind: Option<MountKind>, source: Option<&str>) {
    let expanded = parse_mount(text).expect("a mount").expand(expand).expect("no refusal");
    assert_eq!((expanded.kind, expanded.source.as_deref()), (kind, source), "{text}");
}

#[track_caller]
fn check_refused(text: &str, message: &str) {
    let refusal = parse_mount(text).and_then(|mount| mount.expand(expand)).expect_err("a refusal");
    assert_eq!(refusal.message, message, "{text}");
}

#[test]
fn mounts() {
    check("target=/x", Some(MountKind::Bind), Some(""));
    check("TYPE=Cache,dst=/x,sharing=Locked,uid=1,mode=0755", Some(MountKind::Cache), Some(""));
    check("type=bind,src=a,source=b,rw", Some(MountKind::Bind), Some("b"));
    check("type=tmpfs,size=1.5 GiB,target=/t", Some(MountKind::Tmpfs), Some(""));
    check("type=tmpfs,size=64m,target=/t", Some(MountKind::Tmpfs), Some(""));
    check("type=secret,id=a,required,env=B,mode=0400", Some(MountKind::Secret), Some(""));
    check("type=ssh,required=true", Some(MountKind::Ssh), Some(""));
    check("type=$U,source=a", None, Some("a"));
    check("source=$U", Some(MountKind::Bind), None);
    check("\"source=a,b\",target=/x", Some(MountKind::Bind), Some("a,b"));
    check("from=a$,target=/x", Some(MountKind::Bind), Some(""));
}

#[test]
fn refusals() {
    check_refused("from=$A,target=/x", "`from` of a mount takes no variables");
    check_refused("type=bnd", "unsupported mount type `bnd`");
    check_refused("typ=bind", "unknown mount option `typ`");
    check_refused("source", "mount option `source` has no value");
    check_refused("required,type=secret", "unexpected key `required` in a bind mount");
    check_refused("size=1,type=tmpfs", "unexpected key `size` in a bind mount");
    check_refused("type=tmpfs,size=1x", "invalid value `1x` for mount option `size`");
    check_refused("ro=yes", "invalid value `yes` for mount option `ro`");
    check_refused("type=cache,sharing=all", "invalid value `all` for mount option `sharing`");
    check_refused("type=cache,mode=9", "invalid value `9` for mount option `mode`");
    check_refused("uid=1", "`uid` is not allowed in a bind or tmpfs mount");
    check_refused("sharing=shared", "`sharing` is only allowed in a cache mount");
    check_refused("type=secret", "a secret mount needs an `id` or a `target`");
    check_refused("type=secret,from=a,id=b", "a secret mount takes no `from`");
    check_refused("type=secret,src=a,id=b", "a secret mount takes either `source` or `id`");
    check_refused("target=/", "a mount can't have the target `/`");
    check_refused("", "no fields where comma-separated fields are expected");
}
