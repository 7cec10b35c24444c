//! Offers: re-INVITE and UPDATE. They are judged against what was agreed on last (RFC 3264 §8), and not for themselves.
use super::{InDialog, Verdict};
use crate::b2bua::bridge;
use crate::b2bua::call::{Call, Side};
use crate::fact::Feature;
use crate::sdp::{self, Holds};
use crate::sip::message::Method;

/// A hold is 488, the code for a session description that is not acceptable (RFC 3261 §14.2, RFC 3311 §5.2); a
/// conference focus is 403, since its session description may be fine (RFC 4579 §4). What changes nothing is answered
/// here: it is a refresh (RFC 4028 §7.4), or comes back from a change that was refused.
pub fn judge(call: &Call, asked: &InDialog<'_>) -> Verdict {
    let (side, request) = (asked.side, asked.request);
    let is_empty = request.body_slice().is_empty();
    if is_empty && asked.method == Method::Update {
        return Verdict::Accept;
    }
    let is_kept_from = call.restrains(side);
    let is_focus = || request.contact().is_some_and(|contact| contact.param("isfocus").is_some());
    if is_kept_from && is_focus() {
        return Verdict::Refuse(403, Some(Feature::Conference));
    }
    if is_empty {
        return if is_kept_from && call.said_to(side).is_some() { Verdict::Reoffer } else { Verdict::Pass };
    }
    let Some(offer) = bridge::session_of(request) else { return Verdict::Pass };
    if is_kept_from && call.side(side).is_some_and(|leg| leg.holds_with(&offer)) {
        return Verdict::Settle;
    }
    if is_kept_from && sdp::holds(&offer, None) == Holds::Unreadable {
        return Verdict::Refuse(488, None);
    }
    if is_kept_from && call.is_hold(&offer, call.said_to(side)) {
        return Verdict::Refuse(488, Some(Feature::Hold));
    }
    let (Some(known), Some(_)) = (call.said_to(side.other()), call.said_to(side)) else { return Verdict::Pass };
    let words = match side {
        Side::Caller => call.for_answerer(&offer, call.refused_in(&offer)),
        Side::Answerer => call.words_for(Side::Caller, &offer),
    };
    if sdp::same(&words, known) {
        return Verdict::Settle;
    }
    if is_kept_from && sdp::asks_for_recording(&words, known) {
        return Verdict::Refuse(488, Some(Feature::Recording));
    }
    Verdict::Pass
}
