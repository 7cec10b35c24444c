//! Requests of a target that rings, in its early dialog (RFC 3261 §12.1). The caller has no part in them: its own early
//! dialog is with us, and another target may still take the call.
use super::subscribe;
use crate::b2bua::attempt::Attempt;
use crate::b2bua::core::Core;
use crate::b2bua::headers::Abilities;
use crate::b2bua::offer;
use crate::base::now::Now;
use crate::sip::dialog::Sequence;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name};
use crate::sip::transaction::ServerId;

/// Answers a request if one of the attempt's early dialogs is meant; `false` when none is. A new offer is refused with
/// 488, which leaves the dialog and the session as they are (RFC 3311 §5.2); a 481 would end them.
pub fn request(core: &mut Core, attempt: &mut Attempt, id: ServerId, request: &Message, flow: Flow, now: Now) -> bool {
    let call_id = request.call_id().unwrap_or_default();
    let ours = request.to_tag().unwrap_or_default();
    let theirs = request.from_tag().unwrap_or_default();
    let abilities = Abilities::towards(attempt.sent.profile, attempt.trunk.transfers);
    let mut earlies = attempt.early.iter_mut();
    let Some(early) = earlies.find(|early| early.dialog.is_between(call_id, ours, theirs)) else { return false };
    let cseq = request.cseq().map_or(0, |(cseq, _)| cseq);
    if early.dialog.sequence(cseq) == Sequence::Old {
        core.refuse(now, id, request, flow, 500);
        return true;
    }
    match request.method() {
        Some(Method::Update) if request.body_slice().is_empty() => {
            early.dialog.retarget(request);
            core.answer(now, id, request, flow, 200, |writer| {
                writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
            });
        }
        Some(Method::Update) => core.refuse(now, id, request, flow, 488),
        Some(Method::Options) => core.answer(now, id, request, flow, 200, |writer| {
            abilities.write_all(writer);
        }),
        Some(Method::Info | Method::Message) => core.refuse(now, id, request, flow, 200),
        // A target that rings has no call yet that it could transfer or show.
        Some(Method::Refer) => core.refuse(now, id, request, flow, 403),
        Some(Method::Subscribe) => core.refuse(now, id, request, flow, subscribe::refusal(request)),
        _ => core.refuse(now, id, request, flow, 481),
    }
    true
}
