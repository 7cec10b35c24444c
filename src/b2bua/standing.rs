//! What is known of trunks, address by address. A trunk is dead when each of its addresses is.
use super::core::{Core, Wake};
use crate::base::now::{Mono, Now};
use crate::fact::Fact;
use crate::record::{Trunk, TrunkKind};
use crate::routing::health::{Health, State};
use core::net::SocketAddr;
use core::time::Duration;
use smallvec::SmallVec;

/// The health of a trunk at each of its addresses.
#[derive(Debug, Default)]
pub struct Standing {
    /// `None` stands for the address of a trunk whose name nobody has resolved yet.
    addresses: SmallVec<[(Option<SocketAddr>, Health); 1]>,
    /// The trunk's place in the prober.
    pub place: Option<u32>,
    /// Whether it is configured by a name, whose addresses may change at any time; one that is configured by its address
    /// has that one until it is configured anew.
    pub is_named: bool,
}

impl Standing {
    /// Whether calls try all other trunks first.
    pub fn goes_last(&self, now: Mono) -> bool {
        !self.addresses.is_empty() && self.addresses.iter().all(|(_, health)| health.goes_last(now))
    }

    /// Whether calls try all other addresses first.
    fn goes_last_at(&self, address: SocketAddr, now: Mono) -> bool {
        self.at(Some(address)).is_some_and(|health| health.goes_last(now))
    }

    /// The health at an address.
    pub fn at(&self, address: Option<SocketAddr>) -> Option<&Health> {
        self.addresses.iter().find(|(known, _)| *known == address).map(|(_, health)| health)
    }

    /// The addresses, in the order in which they are tried.
    pub fn addresses(&self) -> impl Iterator<Item = Option<SocketAddr>> {
        self.addresses.iter().map(|(address, _)| *address)
    }

    /// A probe of an address has its answer, or has waited long enough for it: when the next one goes out.
    pub fn probed(&mut self, address: Option<SocketAddr>, now: Now, chance: u64) {
        if let Some((_, health)) = self.addresses.iter_mut().find(|(known, _)| *known == address) {
            health.probe_sent(now.mono, chance);
        }
    }

    fn is_down(&self) -> bool {
        !self.addresses.is_empty() && self.addresses.iter().all(|(_, health)| health.state() == State::Down)
    }

    /// Takes over the addresses that a trunk has now; what is known of those that stay is kept.
    fn follow(&mut self, known: &[SocketAddr], probed: bool, now: Now, chance: u64) {
        let same = self.addresses.iter().map(|(address, _)| *address).eq(known.iter().copied().map(Some));
        if same && !known.is_empty() {
            return;
        }
        let before = core::mem::take(&mut self.addresses);
        let now_known = known.iter().copied().map(Some).chain(known.is_empty().then_some(None));
        for (place, address) in now_known.enumerate() {
            let kept = before.iter().find(|(old, _)| *old == address).map(|(_, health)| *health);
            let chance = chance.rotate_left(u32::try_from(place).unwrap_or(0));
            self.addresses.push((address, kept.unwrap_or_else(|| Health::new(now.mono, probed, chance))));
        }
    }
}

/// Whether a trunk is asked by probes.
pub fn is_probed(trunk: &Trunk) -> bool {
    trunk.probe && trunk.kind != TrunkKind::Pbx
}

impl Core {
    /// Whether a trunk is known not to answer.
    pub fn is_dead(&self, trunk: &Trunk, now: Now) -> bool {
        self.health.get(&trunk.name).is_some_and(|standing| standing.goes_last(now.mono))
    }

    /// Whether a trunk is known not to answer at this address.
    pub fn is_dead_at(&self, trunk: &Trunk, address: SocketAddr, now: Now) -> bool {
        self.health.get(&trunk.name).is_some_and(|standing| standing.goes_last_at(address, now.mono))
    }

    /// A trunk answered something.
    pub fn trunk_heard(&mut self, trunk: &Trunk, address: Option<SocketAddr>, now: Now) {
        let chance = self.entropy.bits();
        self.learn(trunk, address, now, |health| {
            health.heard(now.mono, chance);
        });
    }

    /// A trunk was silent, or what was sent to it did not arrive.
    pub fn trunk_missed(&mut self, trunk: &Trunk, address: Option<SocketAddr>, now: Now) {
        let chance = self.entropy.bits();
        self.learn(trunk, address, now, |health| {
            health.missed(now.mono, chance);
        });
    }

    /// A trunk said 503 with a Retry-After, in seconds: it goes last for as long as it asked.
    pub fn trunk_busy(&mut self, trunk: &Trunk, address: Option<SocketAddr>, retry_after: u32, now: Now) {
        self.learn(trunk, address, now, |health| health.busy(now.mono, Duration::from_secs(u64::from(retry_after))));
    }

    /// Takes over the addresses that a configured trunk has now.
    pub fn trunk_followed(&mut self, trunk: &Trunk, now: Now) {
        let (chance, known) = (self.entropy.bits(), self.cache.addresses(trunk));
        let Some(standing) = self.health.get_mut(&trunk.name) else { return };
        let was_down = standing.is_down();
        standing.follow(&known, is_probed(trunk), now, chance);
        if was_down != standing.is_down() {
            self.facts.push(Fact::TrunkState { trunk: trunk.name.clone(), up: was_down });
        }
    }

    /// Takes news of a trunk at an address, tells when that brings it down or back, and wakes the prober in time.
    fn learn(&mut self, trunk: &Trunk, address: Option<SocketAddr>, now: Now, news: impl FnOnce(&mut Health)) {
        if self.health.get(&trunk.name).is_some_and(|standing| standing.is_named) {
            self.trunk_followed(trunk, now);
        }
        let Some(standing) = self.health.get_mut(&trunk.name) else { return };
        let was_down = standing.is_down();
        let several = standing.addresses.len() > 1;
        if let Some((_, health)) = standing.addresses.iter_mut().find(|(known, _)| *known == address) {
            let (before, planned) = (health.state(), health.next_probe());
            news(health);
            let (up, changed) =
                (health.state() != State::Down, (before == State::Down) != (health.state() == State::Down));
            if let Some(address) = address.filter(|_| several && changed) {
                self.facts.push(Fact::TrunkAddressState { trunk: trunk.name.clone(), address, up });
            }
            if let (Some(next), Some(place)) =
                (health.next_probe().filter(|next| Some(*next) < planned), standing.place)
            {
                self.wheel.schedule(next, Wake::Probe(place));
            }
        }
        if was_down != standing.is_down() {
            self.facts.push(Fact::TrunkState { trunk: trunk.name.clone(), up: was_down });
        }
    }
}
