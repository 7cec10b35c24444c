//! The CSeq field as we write it (RFC 3261 §20.16).
use super::message::{Name, Writer};

/// Writes `CSeq: number method`.
pub fn write(out: &mut Writer, number: u32, method: &[u8]) {
    out.field_with(Name::CSeq, |value| {
        let mut digits = [0u8; 10];
        let mut rest = number;
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        value.extend_from_slice(&digits[first..]);
        value.extend_from_slice(b" ");
        value.extend_from_slice(method);
    });
}
