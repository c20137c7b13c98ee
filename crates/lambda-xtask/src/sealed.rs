//! Bytes with a checksum behind them, so that a file of our own that is damaged counts as none.
//!
//! The sum is XXH3's of 128 bits: it is there for what disks and interrupted writes do, and takes a
//! tenth of what a cryptographic one does. Whoever can write below `target` can write anything else.

use twox_hash::XxHash3_128;

/// Adds the checksum.
pub(crate) fn seal(bytes: &mut Vec<u8>) {
    let sum = XxHash3_128::oneshot(bytes);
    bytes.extend(sum.to_le_bytes());
}

/// What is before the checksum; `None`: it is not what was sealed.
pub(crate) fn unseal(bytes: &[u8]) -> Option<&[u8]> {
    let (content, sum) = bytes.split_last_chunk::<16>()?;
    (XxHash3_128::oneshot(content).to_le_bytes() == *sum).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_damage_is_seen() {
        let mut good = b"some bytes".to_vec();
        seal(&mut good);
        assert_eq!(unseal(&good), Some(b"some bytes".as_slice()));
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            assert_eq!(unseal(&bad), None, "byte {index}");
            assert_eq!(unseal(&good[..index]), None, "cut at {index}");
        }
    }
}
