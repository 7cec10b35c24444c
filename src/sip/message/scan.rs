//! Finding bytes in short texts, eight at a time. Header fields are so short that a vector search would spend more on
//! its beginning than on the bytes. Each search is there once and not in each place that uses it: for a message that
//! comes after a pause, code that is still to be fetched costs more than a call.

/// One in each byte of a word.
const EACH: u64 = u64::MAX / 255;
/// The highest bit of each byte.
const HIGH: u64 = EACH << 7;

/// Marks bytes of a word by their highest bit. The first mark is right; behind it a borrow may have made others.
type Marks = u64;

/// Where a byte first is.
#[inline(never)]
pub(crate) fn find(text: &[u8], byte: u8) -> Option<usize> {
    first(text, |word| equal(word, byte))
}

/// Where either of two bytes first is.
#[inline(never)]
pub(crate) fn find_either(text: &[u8], one: u8, other: u8) -> Option<usize> {
    first(text, |word| equal(word, one) | equal(word, other))
}

/// Where any of three bytes first is.
#[inline(never)]
pub(crate) fn find_any(text: &[u8], bytes: [u8; 3]) -> Option<usize> {
    let [one, two, three] = bytes;
    first(text, |word| equal(word, one) | equal(word, two) | equal(word, three))
}

/// Where the first byte below the space is: a tab, a line end, NUL or another control.
#[inline(never)]
pub(crate) fn control(text: &[u8]) -> Option<usize> {
    first(text, |word| word.wrapping_sub(EACH * b' ' as u64) & !word & HIGH)
}

#[inline]
const fn equal(word: u64, byte: u8) -> Marks {
    let differing = word ^ (EACH * byte as u64);
    differing.wrapping_sub(EACH) & !differing & HIGH
}

#[inline]
fn first(text: &[u8], marks: impl Fn(u64) -> Marks) -> Option<usize> {
    let (words, rest) = text.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return Some(place * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    if rest.is_empty() {
        return None;
    }
    let (word, before) = match text.last_chunk::<8>() {
        // The last word again, with bytes in front that are known to be unmarked.
        Some(last) => (u64::from_le_bytes(*last), text.len() - 8),
        None => (word_of(rest), 0),
    };
    let at = before + marks(word).trailing_zeros() as usize / 8;
    (at < text.len()).then_some(at)
}

/// A word that begins with fewer than eight bytes.
#[inline(never)]
fn word_of(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that a borrow or a sign could be mistaken about.
    const OTHERS: [u8; 6] = [b' ', b'-', 0x7f, 0x80, 0xff, b'a'];

    #[test]
    fn the_first_is_found_wherever_it_is_and_nothing_else_is_taken_for_it() {
        for length in 0..40 {
            let text: Vec<u8> = (0..length).map(|at| OTHERS[at % OTHERS.len()]).collect();
            assert_eq!((find(&text, b','), find_any(&text, *b",;\""), control(&text)), (None, None, None));
            for at in 0..length {
                let mut text = text.clone();
                (text[length - 1], text[at]) = (b',', b',');
                assert_eq!((find(&text, b','), find_either(&text, b',', b'.')), (Some(at), Some(at)));
                assert_eq!((find_any(&text, *b";,<"), find(&text, b'+')), (Some(at), None));
                for byte in [0, b'\t', b'\r', 0x1f] {
                    (text[length - 1], text[at]) = (b'\n', byte);
                    assert_eq!(control(&text), Some(at));
                }
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_found_is_what_a_walk_finds(text in proptest::collection::vec(0_u8..48, 0..40), byte in 0_u8..48) {
            proptest::prop_assert_eq!(find(&text, byte), text.iter().position(|&found| found == byte));
            proptest::prop_assert_eq!(control(&text), text.iter().position(|&found| found < b' '));
        }
    }
}
