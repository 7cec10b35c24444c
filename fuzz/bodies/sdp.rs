//! A session description: judged without a panic, and changed only as far as it must be.
use bytes::Bytes;
use callbox::sdp::{self, Holds, holds, without_silence_suppression};

/// Reads `data` as a session description.
///
/// # Panics
/// When taking silence suppression out changes more than that, or has to be done twice; when streams get lost between two
/// legs; when what was opened is still closed.
pub fn check(data: &[u8]) {
    let before = Bytes::copy_from_slice(data);
    let verdict = holds(&before, None);
    let after = without_silence_suppression(&before);
    assert_eq!(holds(&after, None), verdict, "whether it holds is the same");
    assert_eq!(streams(&after), streams(&before), "every stream stays in its place");
    let twice = without_silence_suppression(&after);
    assert_eq!(twice.as_ptr(), after.as_ptr(), "once is enough");
    let is_audio = |words: &Vec<&[u8]>| words.iter().any(|word| word.to_ascii_lowercase().ends_with(b"audio"));
    if !streams(&before).iter().any(is_audio) {
        assert_eq!(after, before, "without audio nothing changes");
    }
    between_legs(&before);
    for known in [None, Some(&before[..])] {
        assert!(holds(&before, known) != Holds::Yes || sdp::primary(&before).is_some());
    }
    if let Some(open) = sdp::opened(&before) {
        assert_eq!(holds(&open, None), Holds::No, "it is open");
        assert_eq!(sdp::count(&open), sdp::count(&before));
    }
    assert!(sdp::same(&before, &before) && !sdp::asks_for_recording(&before, &before));
    let wish = sdp::prefers_no_recording(&before);
    assert_eq!(sdp::prefers_no_recording(&wish), wish, "once is enough");
}

/// What one leg does not hear of is taken out of what it hears and put back into what it says.
fn between_legs(offer: &Bytes) {
    let added = sdp::added_audio(offer, 1);
    let passed = sdp::without(offer, added);
    let count = (0..64).filter(|place| added.has(*place)).count();
    assert_eq!(sdp::count(&passed) + count, sdp::count(offer));
    assert_eq!(sdp::count(&sdp::with_refused(&passed, added, offer)), sdp::count(offer));
    assert_eq!(sdp::count(&sdp::idle(offer)), sdp::count(offer));
    assert_eq!(sdp::count(&sdp::answering(&passed, offer)), sdp::count(&passed));
}

/// The `m=` lines up to their formats.
fn streams(sdp: &[u8]) -> Vec<Vec<&[u8]>> {
    let lines = sdp.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"m="));
    let words = |line| <[u8]>::split(line, u8::is_ascii_whitespace).filter(|word| !word.is_empty()).take(3).collect();
    lines.map(words).collect()
}
