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

/// So many targets does the usual call have.
const USUAL: usize = 6;

const PSAPS: &[TrunkKind] = &[TrunkKind::PsapI3, TrunkKind::PsapLegacy];
const MODERN: &[TrunkKind] = &[TrunkKind::PsapI3];
const LEGACY: &[TrunkKind] = &[TrunkKind::PsapLegacy];
const NOBODY: &[TrunkKind] = &[];

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
        Class::Test | Class::Crisis => listing.gateway(),
        Class::Emergency => match listing.gateway() {
            // Nobody else could take it; better our own targets than none.
            (_, none) if none.is_empty() => listing.emergency(),
            gateway => gateway,
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
            Some(Some(trunk)) => (Way::Other, vec![plain(trunk)]),
            Some(None) => (Way::Other, Targets::new()),
            None => (Way::Refused, Targets::new()),
        }
    }

    /// Never a live PSAP, whatever fails (RFC 6881 §17).
    fn test(&self) -> (Way, Targets) {
        let mut targets = Targets::new();
        self.add(&mut targets, &[TrunkKind::Test], false);
        (Way::Test, targets)
    }

    fn crisis(&self) -> (Way, Targets) {
        let mut targets = Targets::new();
        self.add(&mut targets, &[TrunkKind::Crisis], false);
        let translates = &*self.question.site.country == "US" && !self.snapshot.pass_crisis_code;
        let dial = translates.then_some(CRISIS_LINE);
        self.add_gateway(&mut targets, dial);
        (Way::Crisis, targets)
    }

    fn emergency(&self) -> (Way, Targets) {
        let grade = self.question.located.grade;
        let mut targets = Targets::with_capacity(USUAL);
        // Without an address there is a shape or a reference: the old telephone network cannot carry it.
        let (able, unable) = if grade == Grade::Dispatchable { (PSAPS, NOBODY) } else { (MODERN, LEGACY) };
        let cause = self.cause().or_else(|| {
            self.add(&mut targets, able, false);
            targets.is_empty().then_some(Cause::AdminConfig)
        });
        self.add(&mut targets, &[TrunkKind::Relay], false);
        self.add(&mut targets, if cause.is_some() { PSAPS } else { unable }, true);
        let way = cause.map_or(Way::Direct, Way::Relay);
        let away = grade > Grade::Default
            && self.whereabouts.is_away_from(&Whereabouts::of_site(self.snapshot, self.question));
        if targets.is_empty() || !away {
            self.add_gateway(&mut targets, None);
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

    fn gateway(&self) -> (Way, Targets) {
        let mut targets = Targets::new();
        self.add_gateway(&mut targets, None);
        (Way::Gateway, targets)
    }

    fn add_gateway(&self, targets: &mut Targets, dial: Option<&'static str>) {
        let trunk = self.question.site.gateway.as_deref().and_then(|name| self.snapshot.trunk(name));
        targets.extend(trunk.map(|trunk| Target { dial, ..plain(trunk) }));
    }

    /// Adds the trunks of these kinds that serve the organisation and the place: the organisation's own first, then the
    /// narrowest area, then those that can carry the address, then by priority, then by chance in proportion to weight.
    fn add(&self, targets: &mut Targets, kinds: &[TrunkKind], with_default: bool) {
        let located = self.question.located;
        let foreign = located
            .candidates
            .first()
            .is_some_and(|winner| !matches!(winner.rung, Rung::Number | Rung::Home | Rung::Wiremap));
        let mut found: SmallVec<[(Rank, &'a Arc<Trunk>); 8]> = SmallVec::new();
        for trunk in self.snapshot.trunks.iter().filter(|trunk| kinds.contains(&trunk.kind)) {
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
        targets.extend(found.iter().map(|(_, trunk)| Target { with_default, ..plain(trunk) }));
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
