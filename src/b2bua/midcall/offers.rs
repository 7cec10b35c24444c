//! Offers of a caller's side while the call is protected: re-INVITE and UPDATE.
use super::Verdict;
use crate::fact::Feature;
use crate::sdp::{self, Holds};
use crate::sip::message::{Message, Name, multipart};

/// A hold is 488, the code for a session description that is not acceptable (RFC 3261 §14.2, RFC 3311 §5.2); a
/// conference focus is 403, since its session description may be fine (RFC 4579 §4).
pub fn judge(request: &Message) -> Verdict {
    let focus = request.contact().is_some_and(|contact| contact.param("isfocus").is_some());
    if focus {
        return Verdict::Refuse(403, Some(Feature::Conference));
    }
    match holds(request) {
        Some(Holds::Yes) => Verdict::Refuse(488, Some(Feature::Hold)),
        Some(Holds::Unreadable) => Verdict::Refuse(488, None),
        Some(Holds::No) | None => Verdict::Pass,
    }
}

/// What the session description of a message asks for; `None` when it has none.
pub fn holds(message: &Message) -> Option<Holds> {
    let content_type = message.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, message.body_slice());
    parts.iter().find(|part| part.is("application/sdp")).map(|part| sdp::holds(part.content, None))
}
