//! REFER: who may ask for a transfer, how it must be written, and the transfer itself.
//!
//! A PSAP's transfer is carried out by us (RFC 6881 SP-37, RFC 3515): its target gets an INVITE of ours, and the caller's
//! PBX never sees the REFER. Only a PSAP's side may ask for one during a protected call.
use super::{InDialog, Verdict, notify::Subscription};
use crate::b2bua::call::{Call, Side, Stage};
use crate::b2bua::core::Core;
use crate::b2bua::referral::Referral;
use crate::b2bua::{offer, onward, takeover};
use crate::base::now::Now;
use crate::classify::Class;
use crate::fact::{Fact, Feature};
use crate::record::TrunkKind;
use crate::sip::message::{Message, Name};

/// How many transfers of one call are carried out (rulings 12).
pub const MOST: u8 = 3;

/// Extensions of REFER that are known where one is carried out: both ask for no subscription (RFC 4488, RFC 7614).
const EXTENSIONS: [&str; 2] = ["norefersub", "nosub"];

/// A transfer has one target (RFC 3515 §2.4.2). A caller's side has none during a protected call; 403 says that it was
/// understood and is not to be repeated. The other side's is carried out where its trunk may transfer.
pub fn judge(request: &Message, kept_from: bool, call: &Call) -> Verdict {
    if !has_one_target(request) {
        return Verdict::Refuse(400, None);
    }
    match (kept_from, call.protected) {
        (true, _) => Verdict::Refuse(403, Some(Feature::Transfer)),
        (false, true) => Verdict::Transfer,
        (false, false) => Verdict::Pass,
    }
}

/// Whether a REFER names one target and no more.
pub fn has_one_target(request: &Message) -> bool {
    let mut targets = request.list(Name::ReferTo);
    targets.next().is_some() && targets.next().is_none()
}

/// Whether a required extension of this request is known because we carry it out.
pub fn knows(call: &Call, side: Side, extension: &[u8]) -> bool {
    let is_known = EXTENSIONS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(extension));
    is_known && call.protected && side == Side::Answerer
}

/// Whether the answerer of this call may transfer it.
fn may_transfer(call: &Call) -> bool {
    let trunk = call.trunk.as_deref().filter(|trunk| trunk.transfers);
    let kinds = [TrunkKind::PsapI3, TrunkKind::PsapLegacy, TrunkKind::Relay, TrunkKind::Gateway];
    trunk.is_some_and(|trunk| match call.class {
        Class::Emergency => kinds.contains(&trunk.kind),
        // Anybody may call a number that was lent; only whom an emergency trunk brings is a PSAP.
        Class::Callback => call.turned && takeover::may(trunk.kind),
        Class::Test | Class::Crisis | Class::Other => false,
    })
}

/// Carries a transfer out, or says why not.
pub fn carry_out(core: &mut Core, call: &mut Call, asked: &InDialog<'_>, now: Now) {
    let is_busy = call.onward.is_some() || call.takeover.is_some() || call.is_unanswered();
    if call.stage == Stage::Talking && is_busy {
        return core.refuse(now, asked.id, asked.request, asked.flow, 491);
    }
    let found = match (may_transfer(call), call.transfers >= MOST, call.may_be_brought()) {
        (true, false, true) => Referral::read(asked.request).and_then(|referral| referral.routed(core, call, now)),
        (true, true, _) => Err("too_many"),
        _ => Err("trunk"),
    };
    let (referral, targets) = match found {
        Ok(found) => found,
        Err(why) => {
            core.note(call, |call, kind| Fact::TransferRefused { call, kind, why });
            return core.refuse(now, asked.id, asked.request, asked.flow, 403);
        }
    };
    call.transfers += 1;
    let subscription = Subscription::wanted(asked.request, call.transfers);
    let flow = asked.flow;
    // 202 was taken back by RFC 7647 §5.
    core.answer(now, asked.id, asked.request, flow, 200, |writer| {
        writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
        if subscription.is_none() {
            writer.field(Name::ReferSub, "false");
        }
    });
    onward::transfer(core, call, targets, referral, subscription, now);
}
