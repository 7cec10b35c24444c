//! What callbox writes is read by all three, and what is read and written again means the same.
use crate::messages::{self, Kept};
use crate::rows::is_stray;
use crate::said::{Part, Said, What, differences};
use crate::{adapters, is_beyond_rsip, part};
use bytes::{Bytes, BytesMut};
use callbox::sip::message::{Message, Name, Writer};
use callbox::sip::respond::respond;

#[test]
fn what_leaves_is_read_the_same_by_the_strict_reader() {
    for kept in messages::golden().into_iter().chain(messages::written()) {
        let bytes = kept.shared();
        let strict = adapters::sipx(&bytes);
        assert!(strict.is_ok(), "{}: {strict:?}", kept.from);
        let found = differences(&adapters::ours(&bytes), &strict);
        assert!(found.is_empty(), "{}: {found:?}", kept.from);
    }
}

#[test]
fn what_leaves_is_read_the_same_by_rsip_but_for_what_rsip_lacks() {
    let all: Vec<Kept> = messages::golden().into_iter().chain(messages::written()).collect();
    let lacking: Vec<_> = all.iter().filter(|kept| !is_beyond_rsip(kept)).map(|kept| &kept.from).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
    let read = all.iter().filter(|kept| adapters::rsip(&kept.shared()).is_ok()).count();
    assert!(read * 2 > all.len(), "rsip reads {read} of {}", all.len());
}

#[test]
fn whatever_was_read_what_is_written_again_is_a_message_to_the_strict_reader_and_means_the_same() {
    let kept = messages::kept();
    let changed = messages::changed(crate::CHANGED);
    let mut compared = 0;
    for kept in kept.iter().chain(&changed) {
        let Ok(message) = Message::read(kept.shared()) else { continue };
        let again = written_again(&message);
        let strict =
            adapters::sipx(&again).unwrap_or_else(|why| panic!("{}: {why}: {}", kept.from, again.escape_ascii()));
        let ours = adapters::ours(&again).expect("what is written can be read");
        same_meaning(kept, &adapters::ours(&kept.shared()).expect("it was read"), &ours);
        // and it says to the strict reader what it said before, as far as that could read it
        let Ok(before) = adapters::sipx(&kept.shared()) else { continue };
        same_meaning(kept, &before, &strict);
        compared += 1;
    }
    assert!(compared > crate::CHANGED / 3, "{compared}");
}

#[test]
fn a_response_to_whatever_was_read_is_a_message_to_the_strict_reader_and_answers_that_very_request() {
    let kept = messages::kept();
    let changed = messages::changed(crate::CHANGED);
    let mut compared = 0;
    for kept in kept.iter().chain(&changed) {
        let Ok(request) = Message::read(kept.shared()) else { continue };
        if request.method().is_none() {
            continue;
        }
        let source = ([192, 0, 2, 1], 5060).into();
        let response = respond(BytesMut::new(), &request, source, 400, "", Some(b"ours"), true).finish(None);
        let after = adapters::sipx(&response).unwrap_or_else(|why| panic!("{}: {why}", kept.from));
        let Ok(before) = adapters::sipx(&kept.shared()) else { continue };
        if has_strays(kept) {
            continue;
        }
        for what in [What::CallId, What::CSeq, What::FromTag, What::Branch] {
            let (before, after) = (part(&before, what), part(&after, what));
            let is_read = matches!(before, Some(Part::Is(_)));
            assert!(!is_read || before == after, "{}: {what:?} {before:?} {after:?}", kept.from);
        }
        compared += 1;
    }
    assert!(compared > crate::CHANGED / 4, "{compared}");
}

/// The message, every field of it copied.
fn written_again(message: &Message) -> Bytes {
    let mut out = match (message.method(), message.status()) {
        (Some(_), _) => Writer::request_of(BytesMut::new(), message.method_text(), b"sip:c@d"),
        (None, status) => Writer::response(BytesMut::new(), status.unwrap_or_default().clamp(100, 699), "Said"),
    };
    for field in message.fields().iter().filter(|field| field.name != Name::ContentType) {
        out.copy(message, field);
    }
    let content_type = message.value(Name::ContentType).unwrap_or_default();
    out.finish((!message.body_slice().is_empty()).then_some((content_type, message.body_slice())))
}

/// Whether everything that dialogs and transactions go by, and the body, is as it was. What stood where a NUL or a lone
/// CR or LF was may read otherwise: these go out as spaces.
fn same_meaning(kept: &Kept, before: &Said, after: &Said) {
    if has_strays(kept) {
        return;
    }
    for what in [What::CallId, What::CSeq, What::FromTag, What::ToTag, What::Branch, What::Body] {
        assert_eq!(part(before, what), part(after, what), "{}: {what:?} of {}", kept.from, kept.bytes.escape_ascii());
    }
}

fn has_strays(kept: &Kept) -> bool {
    let end = kept.bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(kept.bytes.len());
    kept.bytes[..end].contains(&0) || is_stray(&kept.bytes[..end])
}
