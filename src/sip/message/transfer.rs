//! Content-Transfer-Encoding (RFC 2045 §6), undone for reading alone: what is forwarded stays as it came.
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Takes what stands at the end of encoded text as it is: padding or none, and bits that no byte has.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The content that an encoding stands for: of `base64` and `quoted-printable` what they encode, of all others the bytes
/// themselves. What is no base64 is taken for unencoded.
pub fn decoded<'a>(encoding: &[u8], content: &'a [u8]) -> Cow<'a, [u8]> {
    let encoding = encoding.trim_ascii();
    if encoding.eq_ignore_ascii_case(b"base64") {
        let text: Vec<u8> = content.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        return LENIENT.decode(text).map_or(Cow::Borrowed(content), Cow::Owned);
    }
    if encoding.eq_ignore_ascii_case(b"quoted-printable") {
        return Cow::Owned(from_quoted_printable(content));
    }
    Cow::Borrowed(content)
}

/// RFC 2045 §6.7. An equals sign that begins nothing stands for itself.
fn from_quoted_printable(content: &[u8]) -> Vec<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let [first, behind @ ..] = rest {
        rest = match (first, behind) {
            (b'=', [b'\r', b'\n', behind @ ..] | [b'\n', behind @ ..]) => behind,
            (b'=', [high, low, behind @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                out.extend(hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low));
                behind
            }
            _ => {
                out.push(*first);
                behind
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding_is_undone_and_no_other_changes_a_byte() {
        let read = |encoding: &str, content: &str| {
            String::from_utf8_lossy(&decoded(encoding.as_bytes(), content.as_bytes())).into_owned()
        };
        assert_eq!(read(" Base64 ", "PHA+\r\neDwv\r\ncD4=\r\n"), "<p>x</p>");
        assert_eq!(read("base64", "PHA+eDwvcD4"), "<p>x</p>");
        assert_eq!(read("base64", "<p/>"), "<p/>", "what is no base64 was never encoded");
        assert_eq!(read("Quoted-Printable", "<p a=3D\"=C3=BC\">=\r\nx=y=4\r\n"), "<p a=\"ü\">x=y=4\r\n");
        for encoding in ["", "7bit", "8bit", "binary", "x-other"] {
            assert_eq!(read(encoding, "=3D PHA+"), "=3D PHA+");
        }
    }
}
