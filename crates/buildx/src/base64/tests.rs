//! RFC 4648's own vectors, refusals, and the round trip with a small encoder that other tests use
//! to write logs.

use proptest::prelude::*;

use super::decode;

/// The inverse, for tests that write rawjson lines.
pub(crate) fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |position: usize| u32::from(chunk.get(position).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let index = (bits >> (18 - 6 * position) & 63) as usize;
            text.push(if position > chunk.len() { '=' } else { char::from(ALPHABET[index]) });
        }
    }
    text
}

#[track_caller]
fn check(text: &str, expected: Option<&str>) {
    assert_eq!(decode(text).as_deref(), expected.map(str::as_bytes), "{text}");
}

#[test]
fn vectors_of_the_rfc() {
    check("", Some(""));
    check("Zg==", Some("f"));
    check("Zm8=", Some("fo"));
    check("Zm9v", Some("foo"));
    check("Zm9vYg==", Some("foob"));
    check("Zm9vYmE=", Some("fooba"));
    check("Zm9vYmFy", Some("foobar"));
}

#[test]
fn refused() {
    for text in ["Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9*", "Zm 9", "Z=9v", "Zm9v\n"] {
        check(text, None);
    }
}

proptest! {
    #[test]
    fn round_trip(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
    }

    #[test]
    fn never_panics(text in "\\PC{0,24}|[A-Za-z0-9+/=]{0,24}") {
        drop(decode(&text));
    }
}
