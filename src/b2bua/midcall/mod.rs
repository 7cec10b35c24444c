//! While they talk: which request of which side passes, is answered here, or is refused.
//!
//! | request | caller's side of a protected call | answerer's side, and both sides of other calls |
//! |---|---|---|
//! | BYE | ends the call | ends the call |
//! | INVITE | 488 if it holds or lets a recorder in, 403 if it conferences, 200 if it changes nothing, our last offer if it has none, else passed | 200 if it changes nothing, else passed |
//! | UPDATE | 200 without an offer, else as INVITE | 200 without an offer, else as INVITE |
//! | INFO | 403 if it records, 469 or 415 for what nobody knows, else passed | passed |
//! | MESSAGE, NOTIFY | passed | passed |
//! | REFER | 400 without one target, else 403 | 400; of a protected call carried out by us, or 403 where that may not be; else passed |
//! | SUBSCRIBE | 403, or 489 for a package that nobody knows | the same, but for news of a transfer that is under way: 200 |
//! | OPTIONS | 200 | 200 |
//! | PRACK | 200 if it names what we wait for, with an answer to its offer, else 481 | 481 |
//! | others | 405, or 501 if unknown | 405, or 501 if unknown |
//!
//! In a call back the phone's side is the caller's of this table from its answer on, see `b2bua::turn`.
//!
//! Before all of these, but never before a BYE: 420 for an extension that is required and not there (RFC 3261 §8.2.2.3),
//! and 500 for a storm of offers of the caller's side.
//!
//! A refusal leaves the session as it was and nothing of it reaches the other side. 481, 408, 491 and 500 never refuse a
//! feature: they would make the peer drop the dialog or try again (RFC 3261 §12.2.1.2, §14.1).
pub mod early;
mod held;
pub mod info;
pub mod notify;
mod offers;
pub mod pace;
pub mod refer;
pub mod relay;
pub mod subscribe;

use super::call::{Call, Side, Stage};
use super::core::Core;
use super::judge as rules;
use super::watch::Watch;
use super::{hangup, ivr, onward, reliable};
use crate::base::now::Now;
use crate::fact::{Fact, Feature};
use crate::sip::dialog::Sequence;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name};
use crate::sip::transaction::ServerId;

/// A request in a dialog, with what is needed to answer it.
#[derive(Clone, Copy)]
pub struct InDialog<'a> {
    /// Who sent it.
    pub side: Side,
    /// Its method.
    pub method: Method,
    /// Its transaction.
    pub id: ServerId,
    /// The request.
    pub request: &'a Message,
    /// Where it came from.
    pub flow: Flow,
}

/// What the table says.
pub enum Verdict {
    /// It goes to the other side.
    Pass,
    /// It offers what is agreed on anyway, and is answered with what was said to it last.
    Settle,
    /// It asks for an offer and gets the one that is in force.
    Reoffer,
    /// It is answered with 200 and nothing more.
    Accept,
    /// It is refused.
    Refuse(u16, Option<Feature>),
    /// It is answered with 200 as OPTIONS is.
    Abilities,
    /// It is answered with 200 if it names a provisional response that waits for it.
    Acknowledge,
    /// It asks for a transfer that we carry out.
    Transfer,
    /// It goes on with the news of a transfer, or ends them.
    Resubscribe,
}

/// A request in a dialog of this call.
pub fn request(core: &mut Core, call: &mut Call, asked: InDialog<'_>, now: Now) {
    let cseq = asked.request.cseq().map_or(0, |(cseq, _)| cseq);
    let order = call.leg(asked.side).map(|leg| leg.dialog.sequence(cseq));
    if order == Some(Sequence::Old) {
        core.refuse(now, asked.id, asked.request, asked.flow, 500);
        return;
    }
    if asked.method == Method::Bye {
        hangup::bye(core, call, asked.side, asked.id, asked.request, asked.flow, now);
        return;
    }
    if call.stage == Stage::Clearing {
        core.refuse(now, asked.id, asked.request, asked.flow, 481);
        return;
    }
    if is_storm(call, &asked, now) {
        relay::refuse_for_now(core, &asked, 500, now);
        return;
    }
    match judge(call, &asked) {
        Verdict::Pass if call.ivr.is_some() => ivr::request(core, call, asked, now),
        Verdict::Pass => relay::pass(core, call, asked, now),
        Verdict::Settle => relay::settle(core, call, asked, now),
        Verdict::Reoffer => relay::reoffer(core, call, asked, now),
        Verdict::Accept => accept(core, call, &asked, now),
        Verdict::Abilities => abilities(core, call, &asked, now),
        Verdict::Acknowledge => reliable::pracked(core, call, &asked, now),
        Verdict::Resubscribe => subscribe::resubscribe(core, call, &asked, now),
        Verdict::Transfer => refer::carry_out(core, call, &asked, now),
        Verdict::Refuse(code, feature) => refuse(core, call, &asked, code, feature, now),
    }
}

/// Whether a caller's side makes offers faster than anyone needs to. A BYE is never held up, nor is the INVITE that
/// begins a call.
fn is_storm(call: &mut Call, asked: &InDialog<'_>, now: Now) -> bool {
    let offers = match asked.method {
        Method::Invite => true,
        Method::Update => !asked.request.body_slice().is_empty(),
        _ => false,
    };
    offers && asked.side == Side::Caller && call.stage == Stage::Talking && !call.caller.pace.takes(now.mono)
}

/// The table.
fn judge(call: &Call, asked: &InDialog<'_>) -> Verdict {
    let kept_from = call.restrains(asked.side);
    let knows = |tag: &[u8]| asked.method == Method::Refer && refer::knows(call, asked.side, tag);
    if rules::unknown_extensions(asked.request).any(|tag| !knows(tag)) {
        return Verdict::Refuse(420, None);
    }
    match asked.method {
        Method::Invite | Method::Update => offers::judge(call, asked),
        Method::Info if kept_from => info::judge(asked.request),
        Method::Info | Method::Message | Method::Notify => Verdict::Pass,
        Method::Refer => refer::judge(asked.request, kept_from, call),
        Method::Subscribe if asked.side == Side::Answerer && onward::is_subscribed(call, asked.request) => {
            Verdict::Resubscribe
        }
        Method::Subscribe => subscribe::judge(asked.request, kept_from),
        Method::Options => Verdict::Abilities,
        Method::Prack => Verdict::Acknowledge,
        Method::Other => Verdict::Refuse(501, None),
        Method::Bye | Method::Ack | Method::Cancel | Method::Register | Method::Publish => Verdict::Refuse(405, None),
    }
}

/// Refuses a request in a dialog; a feature that is blocked is said and noted.
pub fn refuse(core: &mut Core, call: &mut Call, asked: &InDialog<'_>, code: u16, feature: Option<Feature>, now: Now) {
    let host = core.cache.snapshot.load().domain.clone();
    let Some(abilities) = call.leg(asked.side).map(|leg| leg.abilities) else { return };
    core.answer(now, asked.id, asked.request, asked.flow, code, |writer| {
        if let Some(feature) = feature {
            writer.field(Name::Warning, format!("399 {host} \"{}\"", warning(feature)));
        }
        rules::explain(writer, asked.request, code, abilities);
    });
    if let Some(feature) = feature {
        core.note(call, |call, kind| Fact::FeatureBlocked { call, kind, feature });
    }
}

const fn warning(feature: Feature) -> &'static str {
    match feature {
        Feature::Hold => "Hold is disabled during an emergency call",
        Feature::Transfer => "Transfer is disabled during an emergency call",
        Feature::Replace => "Replacing is disabled during an emergency call",
        Feature::Conference => "Conference is disabled during an emergency call",
        Feature::Recording => "Recording is disabled during an emergency call",
        Feature::Watching => "Dialog state is not shown during an emergency call",
        Feature::CallWaiting => "Call waiting is off during an emergency call",
    }
}

/// A session refresh without an offer is answered here (RFC 4028 §7.4, RFC 3311 §5.2).
fn accept(core: &mut Core, call: &mut Call, asked: &InDialog<'_>, now: Now) {
    if let Some(leg) = call.leg(asked.side) {
        leg.dialog.retarget(asked.request);
    }
    let flow = asked.flow;
    let abilities = call.leg(asked.side).map(|leg| leg.abilities);
    let mut agreed = None;
    core.answer(now, asked.id, asked.request, flow, 200, |writer| {
        writer.field_with(Name::Contact, |out| super::offer::contact(out, "callbox", flow));
        if let Some(abilities) = abilities {
            abilities.write(writer);
        }
        agreed = Some(Watch::agree(writer, asked.request, now));
    });
    if let (Some(leg), Some(agreed)) = (call.leg(asked.side), agreed) {
        leg.rewatch(agreed);
    }
}

fn abilities(core: &mut Core, call: &mut Call, asked: &InDialog<'_>, now: Now) {
    let Some(abilities) = call.leg(asked.side).map(|leg| leg.abilities) else { return };
    core.answer(now, asked.id, asked.request, asked.flow, 200, |writer| abilities.write_all(writer));
}
