//! The lists of targets (rulings: they never end early).
use super::area::{Fit, Whereabouts, fit};
use super::{Cause, Claim, Question, Target, Targets, Way};
use crate::cache::Snapshot;
use crate::record::{Class, Grade, Profile, Rung, Trunk, TrunkKind};
use smallvec::SmallVec;
use std::sync::Arc;

/// Where 988 leads in the old telephone network of the United States (47 CFR 52.201). Other countries' codes are passed
/// on as dialled: this number does not take their calls.
const CRISIS_LINE: &str = "+18002738255";

/// The way and the targets, before what is left out and what is dead.
pub(super) fn list(snapshot: &Snapshot, question: &Question<'_>) -> (Way, Targets) {
    let listing = Listing::new(snapshot, question);
    let on = question.country_on;
    match question.class {
        // Whom a callback reaches is told by who called, and not by where they are.
        Class::Other | Class::Callback => listing.other(),
        Class::Test if on && question.site.stage1 => listing.test(),
        Class::Crisis if on && question.site.stage2 => listing.crisis(),
        Class::Emergency if on && question.site.stage2 => listing.emergency(),
        Class::Test | Class::Crisis => (Way::Gateway, listing.gateway(None)),
        Class::Emergency => match listing.gateway(None) {
            // Nobody else could take it; better our own targets than none.
            none if none.is_empty() => listing.emergency(),
            gateway => (Way::Gateway, gateway),
        },
    }
}

struct Listing<'a> {
    snapshot: &'a Snapshot,
    question: &'a Question<'a>,
    whereabouts: Whereabouts<'a>,
}

impl<'a> Listing<'a> {
    fn new(snapshot: &'a Snapshot, question: &'a Question<'a>) -> Self {
        // A crisis call says nothing of where the caller is, by its route either.
        let whereabouts = match question.class {
            Class::Crisis => Whereabouts::of_site(snapshot, question),
            _ => Whereabouts::of(snapshot, question),
        };
        Self { snapshot, question, whereabouts }
    }

    fn other(&self) -> (Way, Targets) {
        match self.question.relay_other.map(|name| self.snapshot.trunk(name)) {
            Some(Some(trunk)) => (Way::Other, [plain(trunk)].into_iter().collect()),
            Some(None) => (Way::Other, Targets::new()),
            None => (Way::Refused, Targets::new()),
        }
    }

    /// Never a live PSAP, whatever fails (RFC 6881 §17).
    fn test(&self) -> (Way, Targets) {
        (Way::Test, self.trunks(|trunk| trunk.kind == TrunkKind::Test).map(plain).collect())
    }

    fn crisis(&self) -> (Way, Targets) {
        let mut targets: Targets = self.trunks(|trunk| trunk.kind == TrunkKind::Crisis).map(plain).collect();
        let translates = &*self.question.site.country == "US" && !self.snapshot.pass_crisis_code;
        let dial = translates.then_some(CRISIS_LINE);
        targets.extend(self.gateway(dial));
        (Way::Crisis, targets)
    }

    fn emergency(&self) -> (Way, Targets) {
        let modern = || self.trunks(|trunk| trunk.kind == TrunkKind::PsapI3);
        let psaps = || self.trunks(|trunk| matches!(trunk.kind, TrunkKind::PsapI3 | TrunkKind::PsapLegacy));
        let relay = || self.trunks(|trunk| trunk.kind == TrunkKind::Relay).map(plain);
        let legacy = || self.trunks(|trunk| trunk.kind == TrunkKind::PsapLegacy);
        let grade = self.question.located.grade;
        let (way, mut targets): (Way, Targets) = match self.cause() {
            Some(cause) => (Way::Relay(cause), relay().chain(psaps().map(with_default)).collect()),
            None if grade == Grade::Dispatchable && psaps().next().is_some() => {
                (Way::Direct, psaps().map(plain).chain(relay()).collect())
            }
            // A shape or a reference: the old telephone network cannot carry it.
            None if grade != Grade::Dispatchable && modern().next().is_some() => {
                (Way::Direct, modern().map(plain).chain(relay()).chain(legacy().map(with_default)).collect())
            }
            None => (Way::Relay(Cause::AdminConfig), relay().chain(psaps().map(with_default)).collect()),
        };
        let away = grade > Grade::Default
            && self.whereabouts.is_away_from(&Whereabouts::of_site(self.snapshot, self.question));
        if targets.is_empty() || !away {
            targets.extend(self.gateway(None));
        }
        (way, targets)
    }

    /// Why the call cannot go directly, if it cannot.
    fn cause(&self) -> Option<Cause> {
        let located = self.question.located;
        match located.grade {
            _ if located.is_in_conflict() => Some(Cause::Conflict),
            Grade::Dispatchable => None,
            Grade::BestAvailable if located.is_firm() => None,
            Grade::Stale => Some(Cause::Stale),
            _ if !self.question.line_known => Some(Cause::UnknownDevice),
            Grade::BestAvailable if located.stands_at().is_some() => Some(Cause::AdminConfig),
            _ => Some(Cause::UserNoAddress),
        }
    }

    fn gateway(&self, dial: Option<&'static str>) -> Targets {
        let trunk = self.question.site.gateway.as_deref().and_then(|name| self.snapshot.trunk(name));
        trunk.map(|trunk| Target { dial, ..plain(trunk) }).into_iter().collect()
    }

    /// Trunks of a kind that serve the organisation and the place: the organisation's own first, then the narrowest area, then those that can carry the address, then by
    /// priority, then by chance in proportion to weight.
    fn trunks(&self, wanted: impl Fn(&Trunk) -> bool) -> impl Iterator<Item = &'a Arc<Trunk>> {
        let located = self.question.located;
        let foreign = located
            .candidates
            .first()
            .is_some_and(|winner| !matches!(winner.rung, Rung::Number | Rung::Home | Rung::Wiremap));
        let mut found: SmallVec<[(Rank, &'a Arc<Trunk>); 8]> = SmallVec::new();
        for trunk in self.snapshot.trunks.iter().filter(|trunk| wanted(trunk)) {
            let claim = Claim::to(trunk, self.question);
            if let Some((claim, fit)) = claim.zip(fit(trunk, &self.whereabouts)) {
                let mute = foreign && trunk.profile == Profile::Legacy;
                found.push((Rank { claim, fit, mute, priority: trunk.priority }, trunk));
            }
        }
        found.sort_by_key(|(rank, _)| *rank);
        let mut chance = self.question.chance;
        let mut rest = found.as_mut_slice();
        while let Some((rank, _)) = rest.first() {
            let rank = *rank;
            let equals = rest.partition_point(|(other, _)| *other == rank);
            let (group, later) = rest.split_at_mut(equals);
            shuffle(group, &mut chance);
            rest = later;
        }
        found.into_iter().map(|(_, trunk)| trunk)
    }
}

/// What decides before chance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    claim: Claim,
    fit: Fit,
    /// The trunk can only show a number, and the address is none of ours.
    mute: bool,
    priority: u16,
}

/// Orders equals at random in proportion to weight; those without weight keep their order at the end.
fn shuffle(mut group: &mut [(Rank, &Arc<Trunk>)], chance: &mut u64) {
    while group.len() > 1 {
        let total: u64 = group.iter().map(|(_, trunk)| u64::from(trunk.weight)).sum();
        if total == 0 {
            return;
        }
        let mut draw = next(chance) % total;
        let drawn = group.iter().position(|(_, trunk)| {
            let weight = u64::from(trunk.weight);
            let hit = draw < weight;
            draw = draw.saturating_sub(weight);
            hit
        });
        group[..=drawn.unwrap_or(0)].rotate_right(1);
        group = &mut group[1..];
    }
}

/// SplitMix64: many draws out of one piece of chance.
fn next(chance: &mut u64) -> u64 {
    *chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *chance;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn plain(trunk: &Arc<Trunk>) -> Target {
    Target { trunk: Arc::clone(trunk), at: None, dial: None, rung: None, with_default: false }
}

fn with_default(trunk: &Arc<Trunk>) -> Target {
    Target { with_default: true, ..plain(trunk) }
}
