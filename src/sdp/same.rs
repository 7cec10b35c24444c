//! Whether two descriptions say the same (RFC 3264 §8).
use super::lines::{lines, words};

/// Whether two descriptions are the same but for the session version in their `o=` lines: a refresh repeats what was
/// agreed, and one that comes back to it after a refused change has a later version (RFC 3264 §8, RFC 4028 §7.4). An
/// unchanged version proves nothing.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    one == other || same_but_for(one, other, |_| false)
}

/// The same, with lines left out of both that do not count.
pub(super) fn same_but_for(one: &[u8], other: &[u8], left_out: impl Fn(&[u8]) -> bool) -> bool {
    let counted = |text| lines(text).map(|line| line.text).filter(|line| !line.is_empty() && !left_out(line));
    let mut others = counted(other);
    let all = counted(one).all(|line| others.next().is_some_and(|other| is_same_line(line, other)));
    all && others.next().is_none()
}

/// `o=<user> <id> <version> <address>`: all but the version (RFC 8866 §5.2).
fn is_same_line(one: &[u8], other: &[u8]) -> bool {
    const VERSION: usize = 2;
    let origin = |line| words(line).enumerate().filter(|(place, _)| *place != VERSION).map(|(_, word)| word);
    one == other || (one.starts_with(b"o=") && other.starts_with(b"o=") && origin(one).eq(origin(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        "v=0\r\no=pbx 7 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

    #[test]
    fn a_later_version_of_the_same_is_the_same_and_anything_else_is_not() {
        let same_as = |other: &str| same(ONE.as_bytes(), other.as_bytes());
        assert!(same_as(ONE) && same_as(&ONE.replace("7 1 IN", "7 9 IN")) && same_as(ONE.trim_end()));
        assert!(same_as(&ONE.replace("\r\n", "\n")));
        assert!(!same_as(&ONE.replace("7 1 IN", "8 1 IN")));
        assert!(!same_as(&ONE.replace("4000", "4002")));
        assert!(!same_as(&format!("{ONE}a=sendonly\r\n")));
        assert!(!same_as(&ONE.replace("m=audio 4000 RTP/AVP 0\r\n", "")) && !same_as(""));
    }
}
