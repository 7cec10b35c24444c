//! A stream: however it is cut into segments, the same messages come out of it, and each can be read.
use callbox::sip::framing::{Frame, Framer, Unframed};
use callbox::sip::message::Message;

/// Frames `data` at once, and again in segments whose lengths its first bytes say.
///
/// # Panics
/// When the segments change what is found, or what is found cannot be read.
pub fn check(data: &[u8]) {
    let (cuts, stream) = data.split_at(data.len().min(4));
    let at_once = framed([stream].into_iter());
    for frame in at_once.iter().flatten() {
        if let Frame::Message(bytes) = frame {
            assert!(Message::read(bytes.clone()).is_ok(), "what was framed can be read");
        }
    }
    let broken = at_once.iter().position(Result::is_err);
    assert!(broken.is_none_or(|place| place + 1 == at_once.len()), "nothing follows a broken frame");
    let in_segments = framed(segments(cuts, stream));
    assert_eq!(said(&in_segments), said(&at_once), "the segments change what is found");
}

type Framed = Result<Frame, Unframed>;

fn framed<'a>(segments: impl Iterator<Item = &'a [u8]>) -> Vec<Framed> {
    let mut framer = Framer::default();
    let mut found = Vec::new();
    for segment in segments {
        framer.push(segment);
        found.extend(framer.by_ref().map(|frame| frame.map_err(|broken| broken.why)));
        let _ = framer.is_inside_message();
    }
    assert!(framer.next().is_none(), "what is complete comes at once");
    found
}

/// What was found, in a form that can be shown.
fn said(found: &[Framed]) -> Vec<String> {
    let text = |frame: &Framed| match frame {
        Ok(Frame::Message(bytes)) => format!("{}", bytes.escape_ascii()),
        Ok(Frame::Ping) => "ping".to_owned(),
        Err(why) => format!("{why:?}"),
    };
    found.iter().map(text).collect()
}

/// The stream in segments of these lengths, over and over, each at least one byte.
fn segments<'a>(cuts: &'a [u8], stream: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = stream;
    let mut lengths = cuts.iter().map(|&length| usize::from(length).max(1)).cycle();
    core::iter::from_fn(move || {
        let length = lengths.next().filter(|_| !rest.is_empty())?.min(rest.len());
        let (segment, behind) = rest.split_at(length);
        rest = behind;
        Some(segment)
    })
}
