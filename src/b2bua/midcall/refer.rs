//! REFER: who may ask for a transfer, and how it must be written.
use super::Verdict;
use crate::fact::Feature;
use crate::sip::message::{Message, Name};

/// A transfer has one target (RFC 3515 §2.4.2). A caller's side has none during a protected call, and a PSAP's is not
/// carried out yet; 403 says that it was understood and is not to be repeated.
pub fn judge(request: &Message, kept_from: bool, protected: bool) -> Verdict {
    if !has_one_target(request) {
        return Verdict::Refuse(400, None);
    }
    match (kept_from, protected) {
        (true, _) => Verdict::Refuse(403, Some(Feature::Transfer)),
        (false, true) => Verdict::Refuse(403, None),
        (false, false) => Verdict::Pass,
    }
}

/// Whether a REFER names one target and no more.
pub fn has_one_target(request: &Message) -> bool {
    let mut targets = request.list(Name::ReferTo);
    targets.next().is_some() && targets.next().is_none()
}
