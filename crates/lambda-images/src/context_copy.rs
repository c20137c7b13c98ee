//! Where the copy of a context lies that a builder is given, and the times of the files in it.
//!
//! A builder asks only for files whose size, time or mode differ from what it kept of an earlier build.
//! In the copy a file's time is made from its bytes, so that other bytes have another time, whatever
//! happened to the times of the workspace. It writes no copy: that is for whoever runs the builds.

use crate::fingerprint::Sha256Sum;
use crate::paths;

/// The folder of all copies, relative to the workspace root. Tools that look for Python files skip
/// folders that begin with a dot.
pub const CONTEXT_COPIES: &str = "target/lambda-images/.context";

/// The time of every folder of a copy, in seconds since 1970: the second day of 1980, the first of which
/// every time zone can write a zip file.
pub const FIRST_TIME: u64 = 315_619_200;

/// Where the copy of a context folder lies, relative to the workspace root.
///
/// The number of the path's components comes first: a context that lies in another one must not lie in
/// its copy.
pub fn context_copy(folder: &str) -> String {
    let depth = folder.split('/').filter(|part| !part.is_empty()).count();
    let all = paths::in_folder(CONTEXT_COPIES, &depth.to_string());
    if folder.is_empty() { all } else { paths::in_folder(&all, folder) }
}

/// The time of a file with this content: seconds since 1970, from 1980 to 2014, and nanoseconds.
///
/// The seconds are even and the nanoseconds whole hundreds, so that FAT and NTFS keep them too.
pub fn time_of_content(content: &Sha256Sum) -> (u64, u32) {
    let [a, b, c, d, e, f, g, h, ..] = content.0;
    let seconds = u64::from(u32::from_le_bytes([a, b, c, d]) & 0x3fff_fffe);
    let hundreds = u32::from_le_bytes([e, f, g, h]) % 10_000_000;
    (FIRST_TIME + seconds, hundreds * 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprint::sha256;

    #[test]
    fn no_copy_lies_in_another() {
        let folders = ["", "2", "lambdas", "lambdas/a", "lambdas/a/lambdas", "0/1/2"];
        let copies = folders.map(context_copy);
        assert_eq!(copies[0], "target/lambda-images/.context/0");
        assert_eq!(copies[3], "target/lambda-images/.context/2/lambdas/a");
        for (at, outer) in copies.iter().enumerate() {
            for (other, inner) in copies.iter().enumerate() {
                assert_eq!(paths::strip_folder(outer, inner).is_some(), at == other);
            }
        }
    }

    #[test]
    fn other_content_has_another_time() {
        let times: std::collections::BTreeSet<_> =
            (0..10_000_u32).map(|n| time_of_content(&sha256(&n.to_le_bytes()))).collect();
        assert_eq!(times.len(), 10_000);
        for (seconds, nanoseconds) in times {
            assert!((FIRST_TIME..FIRST_TIME + (1 << 30)).contains(&seconds));
            assert!(seconds % 2 == 0 && nanoseconds % 100 == 0 && nanoseconds < 1_000_000_000);
        }
    }

    #[test]
    fn equal_content_has_an_equal_time() {
        assert_eq!(time_of_content(&sha256(b"")), (362_063_970, 744_399_200));
    }
}
