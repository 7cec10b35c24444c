//! Names of things that one shard keeps: a place in a table and a number that nobody guesses.
use arrayvec::ArrayString;

/// The written length of a [`Handle`].
pub const HANDLE_LEN: usize = 26;

/// Names one entry of one shard's table. It is what our branches, tags, Call-IDs and Contacts carry, so that whatever
/// comes back finds its shard and its entry without a search; the nonce proves that it is still the same entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handle {
    /// The shard that owns the entry.
    pub shard: u8,
    /// The entry's place in the table.
    pub slot: u32,
    /// Chance, new for each use of the place.
    pub nonce: u64,
}

impl Handle {
    /// The handle in lower-case hexadecimal: shard, slot, nonce.
    pub fn text(self) -> ArrayString<HANDLE_LEN> {
        let mut text = [0; HANDLE_LEN];
        put_hex(&mut text[..10], u64::from(self.shard) << 32 | u64::from(self.slot));
        put_hex(&mut text[10..], self.nonce);
        ArrayString::from_byte_string(&text).unwrap_or_default()
    }

    /// Reads what [`Handle::text`] wrote; anything else is none of ours.
    pub fn read(text: &[u8]) -> Option<Handle> {
        if text.len() != HANDLE_LEN {
            return None;
        }
        let (place, nonce) = (hex(&text[..10])?, hex(&text[10..])?);
        Some(Handle { shard: (place >> 32) as u8, slot: place as u32, nonce })
    }
}

/// Not inlined, nor is [`hex`]: unrolled for each of their lengths, they are more code than the rest of the reader of a short
/// message, and each message finds it cold.
#[inline(never)]
fn put_hex(out: &mut [u8], mut value: u64) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for digit in out.iter_mut().rev() {
        *digit = DIGITS[(value & 15) as usize];
        value >>= 4;
    }
}

#[inline(never)]
fn hex(text: &[u8]) -> Option<u64> {
    let mut value = 0;
    for &byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u64::from(digit);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_reads_back_and_what_we_did_not_write_does_not() {
        let handle = Handle { shard: 3, slot: 0xdead_beef, nonce: 0x0123_4567_89ab_cdef };
        assert_eq!(handle.text().as_str(), "03deadbeef0123456789abcdef");
        assert_eq!(Handle::read(handle.text().as_bytes()), Some(handle));
        assert_eq!(Handle::read(b"03DEADBEEF0123456789abcdef"), None);
        assert_eq!(Handle::read(b"03deadbeef0123456789abcde"), None);
    }
}
