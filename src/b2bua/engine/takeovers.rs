//! INVITEs that name another dialog: who sends them decides what becomes of them.
use super::Engine;
use crate::b2bua::call::{Call, Side, Stage};
use crate::b2bua::takeover::{self, Named};
use crate::base::now::Now;
use crate::cache::Who;
use crate::fact::{Fact, Feature};
use crate::record::Trunk;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Name};
use crate::sip::transaction::ServerId;
use std::sync::Arc;

impl Engine {
    /// An INVITE of a trunk that takes emergency calls, which asks for one of them; `None` when it is of somebody else,
    /// or asks for nothing. A trunk that places calls, too, is listened to here when it names a call that there is.
    pub(super) fn asks_for_a_call(&self, who: &Who, invite: &Message) -> Option<Arc<Trunk>> {
        let Who::Trunk(trunk, source) = who else { return None };
        let wish = takeover::wish(invite);
        let names_a_call = || matches!(&wish, Ok(Some(named)) if self.named(named).is_some());
        let asks = takeover::may(trunk.kind) && !matches!(wish, Ok(None)) && (source.is_none() || names_a_call());
        asks.then(|| trunk.clone())
    }

    /// Lets a PSAP have the call that it asks for (RFC 3891 §3). Joining a call would need somebody who mixes.
    pub(super) fn hand_over(&mut self, now: Now, id: ServerId, flow: Flow, invite: &Message, trunk: &Arc<Trunk>) {
        let Ok(Some(named)) = takeover::wish(invite) else { return self.core.refuse(now, id, invite, flow, 400) };
        let found = self.named(&named).filter(|(call, side)| *side == Side::Answerer && takeover::is_open(call));
        let key = found.map(|(call, _)| call.key);
        let code = match key {
            None => self.code_of_none(&named, now),
            Some(_) if named.joins => 488,
            Some(_) if named.early_only => 486,
            Some(_) => 0,
        };
        let Some(key) = key.filter(|_| code == 0) else { return self.core.refuse(now, id, invite, flow, code) };
        self.with_call(key, now, |core, call| {
            let tag = core.handle(key.slot);
            takeover::begin(core, call, trunk, tag, id, flow, invite, now);
        });
    }

    /// Refuses a caller's INVITE that names another dialog; the status, `None` when it names none. Whether there is such
    /// a dialog is not told by how long the answer takes: one look at one place decides.
    pub(super) fn refuse_takeover(&mut self, now: Now, id: ServerId, flow: Flow, invite: &Message) -> Option<u16> {
        let wish = takeover::wish(invite);
        if matches!(wish, Ok(None)) {
            return None;
        }
        let (code, call) = match &wish {
            Ok(Some(named)) => match self.named(named) {
                None => (self.code_of_none(named, now), None),
                Some((call, _)) if call.stage == Stage::Ringing => (481, None),
                Some(_) if named.early_only => (486, None),
                Some((call, _)) => (403, Some((call.key, call.kind())).filter(|_| call.protected)),
            },
            _ => (400, None),
        };
        let host = self.core.cache.snapshot.load().domain.clone();
        self.core.answer(now, id, invite, flow, code, |writer| {
            if call.is_some() {
                writer.field(Name::Warning, format!("399 {host} \"Replacing is disabled during an emergency call\""));
            }
        });
        if let Some((call, Some(kind))) = call {
            self.core.facts.push(Fact::FeatureBlocked { call, kind, feature: Feature::Replace });
        }
        Some(code)
    }

    /// The call and side of a dialog that an INVITE names.
    fn named(&self, named: &Named<'_>) -> Option<(&Call, Side)> {
        let handle = self.foreign.handle_of([named.call_id, named.ours, named.theirs])?;
        let call = self.calls.at(handle.slot).filter(|call| call.stage != Stage::Clearing)?;
        let is_meant = |dialog: &crate::sip::dialog::Dialog| dialog.is_between(named.call_id, named.ours, named.theirs);
        if is_meant(&call.caller.dialog) {
            return Some((call, Side::Caller));
        }
        call.answerer.as_ref().filter(|leg| is_meant(&leg.dialog)).map(|_| (call, Side::Answerer))
    }

    /// 603 for a dialog that is over, 481 for one that never was (RFC 3891 §3).
    fn code_of_none(&self, named: &Named<'_>, now: Now) -> u16 {
        if self.departed.knows(named.call_id, named.ours, named.theirs, now) { 603 } else { 481 }
    }
}
