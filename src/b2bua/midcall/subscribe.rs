//! SUBSCRIBE: nothing of a call is ever shown, but how a transfer goes to who has asked for it.
use super::{InDialog, Verdict};
use crate::b2bua::call::Call;
use crate::b2bua::core::Core;
use crate::b2bua::{offer, onward};
use crate::base::now::Now;
use crate::fact::Feature;
use crate::sip::message::{Message, Name};

/// Event packages that show something of a call: we know them and do not serve them.
const OF_CALLS: [&str; 5] = ["dialog", "conference", "refer", "kpml", "call-info"];

/// During a protected call the caller's side is told that it may not; 489 is for what nobody here knows.
pub fn judge(request: &Message, kept_from: bool) -> Verdict {
    match refusal(request) {
        403 if kept_from => Verdict::Refuse(403, Some(Feature::Watching)),
        code => Verdict::Refuse(code, None),
    }
}

/// 403 for a package that shows something of a call, which would tell the names that Replaces and Join are made of (RFC
/// 3515 §2.4.4 has it for `refer`); 489 for any other, and for none (RFC 6665 §8.2.1, §8.3.2).
pub fn refusal(request: &Message) -> u16 {
    let event = request.value(Name::Event).unwrap_or_default();
    let package = event.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let is_known = OF_CALLS.iter().any(|known| package.eq_ignore_ascii_case(known.as_bytes()));
    if is_known { 403 } else { 489 }
}

/// Goes on with the subscription that a REFER began, or ends it (RFC 3515 §2.4.4, RFC 6665 §4.2.1): the transfer itself
/// is not touched by it.
pub fn resubscribe(core: &mut Core, call: &mut Call, asked: &InDialog<'_>, now: Now) {
    let left = onward::left_secs(call, asked.request, now);
    let flow = asked.flow;
    core.answer(now, asked.id, asked.request, flow, 200, |writer| {
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
        writer.field(Name::Expires, left.to_string());
    });
    onward::tell_again(core, call, left, now);
}
