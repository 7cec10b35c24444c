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
    let content_type = request.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, request.body_slice());
    let holds = parts.iter().find(|part| part.is("application/sdp")).map(|part| sdp::holds(part.content));
    match holds {
        Some(Holds::Yes) => Verdict::Refuse(488, Some(Feature::Hold)),
        Some(Holds::Unreadable) => Verdict::Refuse(488, None),
        Some(Holds::No) | None => Verdict::Pass,
    }
}
