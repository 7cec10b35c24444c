//! An INVITE that begins a call: whose it is, the few reasons for which it is not taken, and how it starts.
use super::Engine;
use super::inbound::Inbound;
use crate::b2bua::agreed::Agreed;
use crate::b2bua::call::{Call, Leg, Owner, Stage, kind_of};
use crate::b2bua::decide::decide;
use crate::b2bua::headers::Abilities;
use crate::b2bua::reliable::Reliable;
use crate::b2bua::ring::Ring;
use crate::b2bua::story::Decision;
use crate::b2bua::{ask, forwarding, intake, judge, recorder, strangers, window};
use crate::base::now::Now;
use crate::cache::{Snapshot, Who};
use crate::classify::{self, Class};
use crate::fact::{Fact, Feature};
use crate::record::{Profile, Source, Trunk, TrunkKind};
use crate::routing::Way;
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Name, Uri, Via};
use crate::sip::transaction::ServerId;
use core::hash::{BuildHasher, Hasher};
use std::sync::Arc;

/// Where an INVITE comes from.
struct Origin {
    /// The source whose calls these are.
    source: Arc<Source>,
    /// The trunk that the call came back from.
    leave_out: Option<Arc<str>>,
    /// Whether nobody knows the peer, and its emergency calls are taken all the same.
    is_stranger: bool,
}
impl Engine {
    /// An INVITE that begins a call.
    pub(super) fn invite(
        &mut self,
        now: Now,
        id: ServerId,
        flow: Flow,
        invite: &Message,
        snapshot: &Snapshot,
        who: Who,
    ) {
        if let Some(trunk) = self.asks_for_a_call(&who, invite) {
            return self.hand_over(now, id, flow, invite, &trunk);
        }
        if self.came_back(invite).is_some_and(|(call, _)| !call.outlives_suspicion()) {
            return self.core.refuse(now, id, invite, flow, 482);
        }
        if let Some(inbound) = self.inbound(now, snapshot, invite, &who) {
            return self.come_in(now, id, flow, invite, snapshot, inbound);
        }
        let Some(origin) = self.origin(snapshot, invite, who) else {
            return self.refuse_stranger(now, id, flow, invite);
        };
        if recorder::requires_recording(invite) {
            if strangers::class_of(snapshot, invite, &origin.source) != Some(Class::Crisis) {
                let (trunk, feature) = (origin.source.trunk.clone(), Feature::Recording);
                self.core.facts.push(Fact::BlockedBeside { trunk, feature });
            }
            return self.core.answer(now, id, invite, flow, 420, |writer| {
                writer.field(Name::Unsupported, "siprec");
            });
        }
        let merge_key = self.merge_key(invite);
        if self.merged.contains_key(&merge_key) {
            return self.core.refuse(now, id, invite, flow, 482);
        }
        // 100 leaves before anything is looked up.
        self.core.refuse(now, id, invite, flow, 100);
        let Origin { source, leave_out, is_stranger } = origin;
        let asked = intake::read(invite, &source, leave_out, is_stranger);
        let Some(decision) = decide(&mut self.core, now, snapshot, &asked) else {
            return self.core.refuse(now, id, invite, flow, 503);
        };
        let class = decision.classified.class;
        if is_stranger && !matches!(class, Class::Emergency | Class::Crisis) {
            return self.refuse_stranger(now, id, flow, invite);
        }
        let is_spared = matches!(class, Class::Emergency | Class::Crisis);
        if !is_spared && let Some(code) = self.refuse_takeover(now, id, flow, invite) {
            return self.core.facts.extend(kind_of(class).map(|kind| Fact::Refused { kind, code }));
        }
        if let Some((call, kind)) = self.is_in_emergency(snapshot, &source.trunk, &decision) {
            self.core.facts.push(Fact::FeatureBlocked { call, kind, feature: Feature::CallWaiting });
            self.core.facts.extend(kind_of(class).map(|kind| Fact::Refused { kind, code: 486 }));
            return self.core.refuse(now, id, invite, flow, 486);
        }
        if self.is_kept_free(snapshot, &source.trunk, &decision, now) {
            let (trunk, feature) = (source.trunk.clone(), Feature::CallWaiting);
            self.core.facts.push(Fact::BlockedBeside { trunk, feature });
            self.core.facts.extend(kind_of(class).map(|kind| Fact::Refused { kind, code: 486 }));
            return self.core.refuse(now, id, invite, flow, 486);
        }
        if let Some(code) = self.refusal(&decision, invite) {
            self.core.facts.extend(kind_of(class).map(|kind| Fact::Refused { kind, code }));
            if recorder::is_marked(invite) && class != Class::Crisis {
                let (trunk, feature) = (source.trunk.clone(), Feature::Recording);
                self.core.facts.push(Fact::BlockedBeside { trunk, feature });
            }
            return self.core.answer(now, id, invite, flow, code, |writer| {
                judge::explain(writer, invite, code, Abilities::towards_caller(is_protected(class)));
            });
        }
        let begun = self.begin(now, id, flow, invite, source.trunk.clone(), decision, merge_key);
        if let Some(mut call) = begun {
            ask::begin(&mut self.core, &mut call, &asked, &source, snapshot, now);
            self.after(now, call);
        }
    }

    /// A call for somebody who placed an emergency call, or for a line of ours.
    fn come_in(&mut self, now: Now, id: ServerId, flow: Flow, invite: &Message, snapshot: &Snapshot, inbound: Inbound) {
        let Inbound { decision, source, holder, token, emergency } = inbound;
        let merge_key = self.merge_key(invite);
        let class = decision.classified.class;
        let refusal = if self.merged.contains_key(&merge_key) {
            Some(482)
        } else if let Some((call, kind)) = self.is_in_emergency(snapshot, &source, &decision) {
            self.core.facts.push(Fact::FeatureBlocked { call, kind, feature: Feature::CallWaiting });
            Some(486)
        } else if self.is_kept_free(snapshot, &source, &decision, now) {
            self.core.facts.push(Fact::BlockedBeside { trunk: source.clone(), feature: Feature::CallWaiting });
            Some(486)
        } else {
            self.refusal(&decision, invite)
        };
        if let Some(code) = refusal {
            self.core.facts.extend(kind_of(class).map(|kind| Fact::Refused { kind, code }));
            return self.core.refuse(now, id, invite, flow, code);
        }
        self.core.refuse(now, id, invite, flow, 100);
        if let Some(mut call) = self.begin(now, id, flow, invite, source, decision, merge_key) {
            call.token = token.unwrap_or(call.token);
            if let Some(ring) = call.ring.as_deref_mut() {
                ring.emergency = emergency;
            }
            window::begins(&mut self.core, &mut call, holder, now);
            ask::depart(&mut self.core, &mut call, now);
            self.after(now, call);
        }
    }

    fn refuse_stranger(&mut self, now: Now, id: ServerId, flow: Flow, invite: &Message) {
        self.core.facts.push(Fact::UnknownSource { refused: true });
        self.core.refuse(now, id, invite, flow, 403);
    }

    /// Who places this call.
    fn origin(&mut self, snapshot: &Snapshot, invite: &Message, who: Who) -> Option<Origin> {
        match who {
            Who::Trunk(trunk, source) => match self.looped(snapshot, invite, &trunk) {
                Some((first, asked)) => Some(Origin { source: first, leave_out: Some(asked), is_stranger: false }),
                None => Some(Origin { source: source?, leave_out: None, is_stranger: false }),
            },
            Who::Unknown if self.core.setup.relay_unknown => {
                self.core.facts.push(Fact::UnknownSource { refused: false });
                Some(Origin { source: snapshot.sources.first()?.clone(), leave_out: None, is_stranger: true })
            }
            Who::Unknown => None,
        }
    }

    /// The source of a call of the same caller and class that waits for an answer from this very trunk: the INVITE is
    /// that call, come back to us (rulings 22). No call is ever sent to a PBX, so none comes back from one.
    fn looped(&self, snapshot: &Snapshot, invite: &Message, trunk: &Trunk) -> Option<(Arc<Source>, Arc<str>)> {
        if let Some((call, asked)) = self.came_back(invite) {
            return Some((snapshot.source_of(&call.source)?.clone(), asked));
        }
        if trunk.kind == TrunkKind::Pbx {
            return None;
        }
        let numbers = intake::numbers(invite);
        self.calls.iter().find_map(|call| {
            let ring = call.ring.as_deref().filter(|_| call.stage == Stage::Ringing)?;
            let same = ring.waits_on(trunk) && numbers.iter().any(|number| ring.is_from(number));
            let source = snapshot.source_of(&call.source).filter(|_| same)?;
            let site = &ring.decision.site;
            let asked = intake::read(invite, source, None, false);
            let class = classify::decide(site, snapshot.dial_plan(&site.country), asked.dialled()).class;
            (class == call.class).then(|| (source.clone(), trunk.name.clone()))
        })
    }

    /// The call that an INVITE is, come back through proxies alone: it still has our Via for a trunk that was asked, and
    /// the Request-URI that the trunk had (RFC 5393 §4.2). With another one it is a call of its own.
    fn came_back(&self, invite: &Message) -> Option<(&Call, Arc<str>)> {
        invite.list(Name::Via).skip(1).filter_map(Via::read).find_map(|via| {
            let Some(Owner::Attempt(key, round, number)) = self.core.layer.user_of(via.branch()?) else { return None };
            let call = self.calls.at(key.slot).filter(|call| call.key == key && call.round == round)?;
            let attempt = call.ring.as_deref()?.attempts.get(usize::from(number))?;
            let asked = Uri::read(&attempt.sent.uri)?;
            let is_same = Uri::read(invite.request_uri()).is_some_and(|uri| uri.is_same(&asked));
            is_same.then(|| (call, attempt.trunk.name.clone()))
        })
    }

    /// The few reasons for which a call is not taken (rulings 1); for an emergency call only that there is no room.
    fn refusal(&self, decision: &Decision, invite: &Message) -> Option<u16> {
        let class = decision.classified.class;
        let setup = &self.core.setup;
        if !self.calls.has_room(class, setup.max_calls, setup.emergency_reserve_percent) {
            return Some(503);
        }
        if matches!(class, Class::Emergency | Class::Callback) {
            return None;
        }
        if recorder::is_marked(invite) {
            return Some(403);
        }
        if class == Class::Crisis {
            return None;
        }
        if decision.plan.way == Way::Refused {
            return Some(404);
        }
        if self.core.draining {
            return Some(503);
        }
        if class != Class::Other {
            return None;
        }
        judge::spelling(invite).or_else(|| match invite.number(Name::MaxForwards) {
            _ if invite.to_tag().is_some() => Some(481),
            Some(0) => Some(483),
            _ if invite.number(Name::MaxBreadth) == Some(0) => Some(440),
            _ => judge::understanding(invite),
        })
    }

    #[allow(clippy::too_many_arguments, reason = "a call is begun with all that is known of it")]
    fn begin(
        &mut self,
        now: Now,
        id: ServerId,
        flow: Flow,
        invite: &Message,
        source: Arc<str>,
        decision: Box<Decision>,
        merge_key: u64,
    ) -> Option<Box<Call>> {
        let class = decision.classified.class;
        let slot = self.calls.reserve();
        let (key, tag, token) = (self.core.handle(slot), self.core.handle(slot), self.core.handle(slot));
        let Some(dialog) = Dialog::answering(invite, tag.text().as_bytes(), flow) else {
            self.calls.release(slot);
            self.core.refuse(now, id, invite, flow, 400);
            return None;
        };
        let defects = intake::defects(invite);
        let is_out = class != Class::Callback;
        let (forwarded, moved) =
            (is_out && is_protected(class) && forwarding::is_forwarded(invite), is_out && decision.moved);
        self.core.layer.set_user(id, Owner::Call(key));
        // Whoever calls back is a PSAP, and may transfer and record.
        let abilities = match class {
            Class::Callback => Abilities::towards(Profile::I3, true),
            _ => Abilities::towards_caller(is_protected(class)),
        };
        let mut agreed = Agreed::begin(invite);
        agreed.recorded &= class != Class::Callback;
        let reliable = Reliable::wanted(invite, &mut self.core.entropy);
        let call = Box::new(Call {
            key,
            class,
            token,
            holder: None,
            source,
            line: decision.line.clone(),
            protected: is_protected(class),
            turned: false,
            arrived: now.mono,
            heard_at: now.mono,
            stage: Stage::Ringing,
            caller: Leg::new(dialog, tag.nonce, abilities),
            answerer: None,
            trunk: None,
            ring: Some(Box::new(Ring::new(invite.clone(), id, flow, decision, now))),
            reliable,
            ivr: None,
            asking: None,
            takeover: None,
            former: None,
            opening: None,
            onward: None,
            round: 0,
            transfers: 0,
            recovered: false,
            let_go: Vec::new(),
            pending: Vec::new(),
            agreed,
            scheduled: None,
            merge_key,
        });
        self.merged.insert(merge_key, key);
        self.foreign.enter(&call.caller.dialog, tag);
        let source = call.source.clone();
        if class == Class::Crisis {
            self.core.facts.push(Fact::CrisisCall);
        }
        self.core.note(&call, |call, kind| Fact::Arrived { call, kind, source });
        if forwarded {
            self.core.note(&call, |call, kind| Fact::Forwarded { call, kind });
        }
        if moved {
            self.core.note(&call, |call, kind| Fact::FixedDeviceMoved { call, kind });
        }
        for defect in defects {
            self.core.note(&call, |call, kind| Fact::Repaired { call, kind, defect });
        }
        self.calls.begin(&call);
        Some(call)
    }

    fn merge_key(&self, invite: &Message) -> u64 {
        let mut hasher = self.merged.hasher().build_hasher();
        hasher.write(invite.call_id().unwrap_or_default());
        hasher.write(invite.from_tag().unwrap_or_default());
        hasher.write_u32(invite.cseq().map_or(0, |(cseq, _)| cseq));
        hasher.finish()
    }
}

/// Whether the caller's side is kept from holding, transferring, conferencing and recording (rulings 10, 12).
const fn is_protected(class: Class) -> bool {
    matches!(class, Class::Emergency | Class::Test | Class::Callback)
}
