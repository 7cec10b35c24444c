//! A far end's hold that the caller's phone refuses. The far end may hold (rulings 12), so it has a legal 200 all the same,
//! with what the phone said last, turned round as its offer has it (RFC 3264 §6.1). The phone goes on as it was: what it
//! sends is not listened to until the far end takes the call up again.
use super::InDialog;
use super::relay::answer_here;
use crate::b2bua::bridge;
use crate::b2bua::call::{Call, Leg, Pending, Side};
use crate::b2bua::core::Core;
use crate::base::now::Now;
use crate::fact::Fact;
use crate::sdp::{self, Holds};
use bytes::Bytes;

/// What the far end is told where its hold was refused with this code; `None` where the refusal is to be told: it was no
/// hold, it changes which streams there are, or it may be taken at another time.
pub fn stands(call: &Call, pending: &Pending, code: u16) -> Option<(Bytes, Bytes)> {
    if pending.from != Side::Answerer || !call.protected || !is_for_good(code) {
        return None;
    }
    let offer = bridge::session_of(&pending.request)?;
    let said = call.side(Side::Answerer).and_then(Leg::newest).cloned()?;
    let is_hold = sdp::holds(&offer, None) == Holds::Yes && sdp::count(&offer) == sdp::count(&said);
    is_hold.then_some((said, offer))
}

/// Whether a refusal says that the phone will not, and not that it cannot now or that the call is gone.
const fn is_for_good(code: u16) -> bool {
    matches!(code, 400..=407 | 413 | 415 | 416 | 420 | 488 | 501 | 513 | 580 | 600 | 603 | 606)
}

/// Answers the far end.
pub fn answer(core: &mut Core, call: &mut Call, pending: Pending, (said, offer): (Bytes, Bytes), now: Now) {
    let Pending { from: side, server: id, ref request, method, .. } = pending;
    let Some(flow) = core.layer.server_flow(id) else { return };
    core.note(call, |call, kind| Fact::SessionsDiffer { call, kind, side: "caller" });
    answer_here(core, call, InDialog { side, method, id, request, flow }, said, Some(&offer), now);
}
