//! Call waiting is off for a line that is in an emergency call (RFC 6881 ED-66): everyday calls to it find it busy. So they do
//! for a while when its caller hung up so soon that somebody will call back.
use super::Engine;
use crate::b2bua::call::Stage;
use crate::b2bua::story::Decision;
use crate::b2bua::takeover;
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::cache::Snapshot;
use crate::classify::Class;
use crate::fact::Kind;
use crate::record::{Line, Trunk, TrunkKind};
use std::sync::Arc;

impl Engine {
    /// The emergency call that the line is in to which an everyday call would lead. Whoever takes emergency calls gets
    /// through, and a call that leads to no PBX finds no line of ours.
    pub(super) fn is_in_emergency(
        &self,
        snapshot: &Snapshot,
        from: &str,
        decision: &Decision,
    ) -> Option<(Handle, Kind)> {
        let line = self.everyday_line(snapshot, from, decision)?;
        let found = self.calls.of_line(&line).find(|call| call.stage != Stage::Clearing)?;
        Some((found.key, found.kind()?))
    }

    /// Whether the line to which an everyday call would lead is kept free for a call back (rulings 21).
    pub(super) fn is_kept_free(&self, snapshot: &Snapshot, from: &str, decision: &Decision, now: Now) -> bool {
        let leases = &self.core.cache.leases;
        self.everyday_line(snapshot, from, decision)
            .is_some_and(|line| leases.is_kept_free(&line.organisation, line.number, now.mono))
    }

    /// The line of ours to which an everyday call would lead.
    fn everyday_line(&self, snapshot: &Snapshot, from: &str, decision: &Decision) -> Option<Arc<Line>> {
        let is_pbx = |trunk: &Trunk| trunk.kind == TrunkKind::Pbx;
        let leads = decision.plan.targets.iter().any(|target| is_pbx(&target.trunk));
        let is_help = snapshot.trunk(from).is_some_and(|trunk| takeover::may(trunk.kind));
        if decision.classified.class != Class::Other || !leads || is_help {
            return None;
        }
        let (site, dialled) = (&decision.site, decision.classified.number?);
        let calling_code = &snapshot.dial_plan(&site.country).calling_code;
        self.core.cache.line(&site.organisation, dialled, calling_code)
    }
}
