//! Targets of which nothing is heard, and those that the network cannot reach.
use super::{attempt_mut, late, replace, tell_ended};
use crate::b2bua::attempt::Heard;
use crate::b2bua::call::Call;
use crate::b2bua::core::Core;
use crate::base::now::Now;
use crate::fact::{Attempted, Fact};
use crate::record::trunk::Carrier;
use crate::sip::flow::Flow;

/// No answer at all in the transaction's time, or what was sent did not arrive.
pub fn silent(core: &mut Core, call: &mut Call, number: u8, how: Attempted, now: Now) {
    let Some(ring) = call.ring.as_deref_mut() else { return };
    let Some(attempt) = ring.attempts.get_mut(usize::from(number)).filter(|attempt| !attempt.over) else { return };
    let replaced = attempt.is_replaced();
    attempt.over = true;
    attempt.late_at = None;
    let trunk = attempt.trunk.clone();
    if ring.winner == Some(number) {
        ring.winner = None;
    }
    tell_ended(core, call, &trunk, how, 0);
    missed(core, call, number, now);
    if call.is_seeking() && !replaced {
        core.note(call, |call, kind| Fact::Failover { call, kind, from: trunk.name.clone() });
    }
    replace(core, call, replaced, now);
}

/// An attempt found its trunk dead; once for each, unless it had spoken before.
pub fn missed(core: &mut Core, call: &mut Call, number: u8, now: Now) {
    let Some(attempt) = attempt_mut(call, number) else { return };
    if !attempt.taught.alive && !core::mem::replace(&mut attempt.taught.missed, true) {
        let (trunk, peer) = (attempt.trunk.clone(), attempt.flow.peer);
        core.trunk_missed(&trunk, Some(peer), now);
    }
}

/// The transport says that the INVITE did not arrive. A datagram's target counts as late at once but stays open until
/// the next notice, since anyone can send us one, and may still answer after that. A stream that could not be opened is over; where it was chosen only
/// for the size of the request, the same target gets the request as datagrams (RFC 3261 §18.1.1).
pub fn unreachable(core: &mut Core, call: &mut Call, number: u8, flow: Flow, now: Now) {
    let is_seeking = call.is_seeking();
    let Some(ring) = call.ring.as_deref_mut().filter(|_| is_seeking) else { return };
    let Some(attempt) = ring.attempts.get_mut(usize::from(number)).filter(|attempt| !attempt.over) else { return };
    if attempt.heard != Heard::Nothing {
        return;
    }
    let noticed = core::mem::replace(&mut attempt.unreached, true);
    if attempt.flow.transport.is_reliable() {
        attempt.unreached = false;
        core.layer.forget(attempt.client);
        if flow.transport.is_reliable() && attempt.trunk.carrier == Carrier::Udp {
            let again = ring.decision.plan.targets[attempt.place].clone();
            ring.decision.plan.targets.insert(ring.next, again);
        }
        silent(core, call, number, Attempted::Unreachable, now);
    } else if noticed {
        core.layer.quiet(attempt.client);
        silent(core, call, number, Attempted::Unreachable, now);
    } else if attempt.late_at.is_some() {
        late(core, call, number, now);
    }
}
