//! A session description: judged without a panic, and changed towards a PSAP only as far as it must be.
use bytes::Bytes;
use callbox::sdp::{holds, without_silence_suppression};

/// Reads `data` as a session description.
///
/// # Panics
/// When taking silence suppression out changes more than that, or has to be done twice.
pub fn check(data: &[u8]) {
    let before = Bytes::copy_from_slice(data);
    let verdict = holds(&before);
    let after = without_silence_suppression(&before);
    assert_eq!(holds(&after), verdict, "whether it holds is the same");
    assert_eq!(streams(&after), streams(&before), "every stream stays in its place");
    let twice = without_silence_suppression(&after);
    assert_eq!(twice.as_ptr(), after.as_ptr(), "once is enough");
    if !data.windows(7).any(|bytes| bytes.eq_ignore_ascii_case(b"m=audio")) {
        assert_eq!(after, before, "without audio nothing changes");
    }
}

/// The `m=` lines up to their formats.
fn streams(sdp: &[u8]) -> Vec<Vec<&[u8]>> {
    let lines = sdp.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"m="));
    let words = |line| <[u8]>::split(line, u8::is_ascii_whitespace).filter(|word| !word.is_empty()).take(3).collect();
    lines.map(words).collect()
}
