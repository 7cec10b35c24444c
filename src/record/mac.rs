//! Hardware addresses: of phones, access points, switches and gateways.
use core::fmt;

/// An EUI-48 in canonical form. It reads every usual spelling and never prints itself: a phone's tells who calls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

impl Mac {
    /// An address by its octets.
    pub const fn new(octets: [u8; 6]) -> Mac {
        Mac(octets)
    }

    /// Reads `02-00-00-00-01-01`, `02:00:00:00:01:01`, `2:0:0:0:1:1`, `0200.0000.0101`, `020000-000101` and
    /// `020000000101`, in either case. `None` for anything else, and for an address that is nobody's: all zeros or all
    /// ones.
    pub fn read(text: &str) -> Option<Mac> {
        let text = text.trim();
        let separator = text.bytes().find(|byte| !byte.is_ascii_hexdigit());
        let groups = separator.map_or(1, |separator| 1 + text.bytes().filter(|byte| *byte == separator).count());
        // How many digits a group has; only in groups of one octet do people leave out a leading zero.
        let width = match (separator, groups) {
            (None, _) => 12,
            (Some(b'-' | b':' | b' '), 6) => 2,
            (Some(b'.'), 3) => 4,
            (Some(b'-' | b':'), 2) => 6,
            _ => return None,
        };
        let mut octets = [0; 6];
        let mut filled = 0;
        for group in text.as_bytes().split(|byte| Some(*byte) == separator) {
            let short = width == 2 && group.len() == 1;
            if !(short || group.len() == width) {
                return None;
            }
            for pair in group.chunks(2) {
                *octets.get_mut(filled)? = pair.iter().try_fold(0, |octet, digit| Some(octet << 4 | hex(*digit)?))?;
                filled += 1;
            }
        }
        let is_somebodys = filled == 6 && octets != [0; 6] && octets != [0xff; 6];
        is_somebodys.then_some(Mac(octets))
    }

    /// The octets.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }

    /// The canonical spelling, as RFC 6155 §3.3 has it: `02-00-00-00-01-01`.
    pub fn expose(self) -> String {
        let [a, b, c, d, e, f] = self.0;
        format!("{a:02X}-{b:02X}-{c:02X}-{d:02X}-{e:02X}-{f:02X}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// A hexadecimal digit's value.
fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_spelling_is_the_same_address() {
        let spellings = [
            "02-00-00-00-0A-01",
            "02:00:00:00:0a:01",
            "2:0:0:0:a:1",
            "0200.0000.0A01",
            "020000-000a01",
            "020000000a01",
            " 02 00 00 00 0a 01 ",
        ];
        for spelling in spellings {
            assert_eq!(Mac::read(spelling).map(Mac::octets), Some([2, 0, 0, 0, 0x0a, 1]), "{spelling}");
        }
        assert_eq!(Mac::read("02:00:00:00:0a:01").map(Mac::expose).as_deref(), Some("02-00-00-00-0A-01"));
    }

    #[test]
    fn what_is_no_address_or_nobodys_is_none() {
        let wrong = [
            "",
            "-",
            "02-00-00-00-01",
            "02-00-00-00-01-01-01",
            "02-00:00-00-01-01",
            "0200.0000.010",
            "g20000000101",
            "02-00-00-00-01-",
            "002-00-00-00-01-01",
            "00-00-00-00-00-00",
            "ff:ff:ff:ff:ff:ff",
            "ü20000000101",
            "0200000001010",
            "2-0-0",
        ];
        for text in wrong {
            assert_eq!(Mac::read(text), None, "{text}");
        }
    }
}
