//! Recorders: sessions that copy what is said in another one, and the marks by which they are known. During an
//! emergency call nobody on the caller's side records (RFC 7866 is what they speak).
use crate::sip::message::{Message, Name, multipart};

/// What a phone's own recording call has in its From, where its PBX has phones copy their media to a recorder.
const MARKS: [&str; 3] = ["x-nearend", "x-farend", "x-refci"];

/// Types of bodies that describe a recording or ask for its description (RFC 7865 §8.1, RFC 7866 §9.2).
const BODIES: [&str; 2] = ["application/rs-metadata+xml", "application/rs-metadata-request"];

/// Whether an INVITE says outright that it is a recorder's; such a one is refused whatever it dials (rulings 1).
pub fn requires_recording(invite: &Message) -> bool {
    invite.has_token(Name::Require, "siprec")
}

/// Whether an INVITE bears a recorder's marks. One that dials an emergency number is a call all the same.
pub fn is_marked(invite: &Message) -> bool {
    has_recording(invite) || has_marked_sender(invite)
}

/// Whether a message has a body about a recording.
pub fn has_recording(message: &Message) -> bool {
    let content_type = message.value(Name::ContentType).unwrap_or_default();
    let disposition = message.value(Name::ContentDisposition).unwrap_or_default();
    let is_recording = |content_type: &[u8], disposition: &[u8]| {
        BODIES.iter().any(|body| multipart::is_type(content_type, body))
            || multipart::is_type(disposition, "recording-session")
    };
    is_recording(content_type, disposition)
        || multipart::parts(content_type, message.body_slice())
            .iter()
            .any(|part| is_recording(part.content_type, part.disposition))
}

fn has_marked_sender(invite: &Message) -> bool {
    let Some(from) = invite.from() else { return false };
    let mut params = [from.uri.params, from.params].into_iter().flat_map(|params| params.split(|&byte| byte == b';'));
    params.any(|param| {
        let is_mark = |mark: &&str| {
            param.trim_ascii_start().get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark.as_bytes()))
        };
        MARKS.iter().any(is_mark)
    })
}
