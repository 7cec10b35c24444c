//! A target that refused something of our INVITE and not the call gets it again, changed, in the instant of its refusal
//! (RFC 3261 §8.1.3.5): the same Call-ID and tag, the next CSeq number. Its time does not begin anew: the next target
//! starts when it would have started (rulings 11).
use super::attempt::Attempt;
use super::call::{Call, Owner};
use super::core::Core;
use super::terms::identity;
use super::{offer, ring, told};
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::classify::Class;
use crate::fact::{Attempted, Fact};
use crate::sip::message::Message;

/// Asks the target of this attempt, which is over, once more; `false` when that is of no use and its refusal stands.
pub fn asks(core: &mut Core, call: &mut Call, number: u8, refusal: &Message, now: Now) -> bool {
    let Some(change) = learn(core, call, number, refusal) else { return false };
    let slot = call.key.slot;
    let Some(attempt) = attempt_of(call, number) else { return false };
    if attempt.displaced {
        // Two others are asked already: it has its turn when all have had theirs.
        attempt.owed = true;
        return false;
    }
    if attempt.cancelled {
        return false;
    }
    let next = attempt.place;
    let tag = Handle { shard: core.setup.shard, slot, nonce: attempt.nonce };
    let (flow, cseq) = (attempt.flow, attempt.sent.cseq + 1);
    let Some(ring) = call.ring.as_deref() else { return false };
    let (target, Ok(place)) = (ring.decision.plan.targets[next].clone(), u8::try_from(ring.attempts.len())) else {
        return false;
    };
    let client = core.layer.reserve(Owner::Attempt(call.key, call.round, place), &mut core.entropy);
    let head = offer::Head { tag, client, flow, cseq };
    let Some(mut written) = offer::write(core, call, &target, head, now) else {
        core.layer.forget(client);
        return false;
    };
    told::signalled(core, call, &target.trunk, &mut written, now);
    let (code, trunk) = (refusal.status().unwrap_or(0), target.trunk);
    ring::tell_ended(core, call, &trunk, Attempted::Refused, code);
    core.note(call, |call, kind| Fact::AskedAgain { call, kind, trunk: trunk.name.clone(), code, change });
    core.note(call, |call, kind| Fact::AttemptStarted { call, kind, trunk: trunk.name.clone() });
    if let Some(ring) = call.ring.as_deref_mut() {
        let before = &mut ring.attempts[usize::from(number)];
        let next = before.again(client, written.sent, now.mono);
        ring.attempts.push(next);
    }
    core.layer.start(now, client, flow, written.bytes, &mut core.transmits);
    true
}

/// Keeps what the refusal says of its trunk's terms; the word for what changes.
fn learn(core: &mut Core, call: &mut Call, number: u8, refusal: &Message) -> Option<&'static str> {
    let ladder = call.class != Class::Other;
    let is_seeking = call.is_seeking();
    let ring = call.ring.as_deref_mut().filter(|_| is_seeking)?;
    let attempt = ring.attempts.get(usize::from(number))?;
    let (trunk, carried) = (attempt.trunk.clone(), attempt.sent.carried);
    let mut terms = ring.terms(&trunk);
    // A challenge is that of one server, and the answers to it are counted in what it was sent.
    terms.credentials.clone_from(&attempt.sent.credentials);
    let change = terms.learn(refusal, carried, ladder, identity(&trunk), &mut core.entropy)?;
    ring.agree(&trunk, terms);
    Some(change)
}

fn attempt_of(call: &mut Call, number: u8) -> Option<&mut Attempt> {
    call.ring.as_deref_mut()?.attempts.get_mut(usize::from(number))
}
