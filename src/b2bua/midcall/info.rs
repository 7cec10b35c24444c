//! INFO of a caller's side while the call is protected.
use super::Verdict;
use crate::fact::Feature;
use crate::sip::message::{Message, Name};

/// A `Record` header asks the far end to record (several desk phones send it); a 200 would make the phone say so.
/// Everything else passes: DTMF, picture updates, locations.
pub fn judge(request: &Message) -> Verdict {
    let records = request
        .fields()
        .iter()
        .any(|field| field.name == Name::Other && request.field_name(field).eq_ignore_ascii_case(b"Record"));
    if records { Verdict::Refuse(403, Some(Feature::Recording)) } else { Verdict::Pass }
}
