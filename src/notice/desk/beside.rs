//! What is told beside any call: trunks, pools of numbers, networks that nobody has entered, addresses that users gave.
use super::{AGAIN, Desk};
use crate::account::Particulars;
use crate::base::now::{Mono, Wall};
use crate::cache::Sighting;
use crate::notice::{Notice, Values, place};
use crate::record::Rung;
use crate::record::recipient::Scope;
use crate::record::surroundings::Surroundings;
use std::sync::Arc;

/// How many unknown networks of an organisation are told of in ten minutes. Of more the next day is soon enough.
const MOST_NETWORKS: usize = 20;

/// How many given addresses of an organisation are told of in ten minutes.
const MOST_GIVEN: usize = 100;

/// What was told of an organisation's networks and addresses in the last ten minutes.
#[derive(Default)]
pub(super) struct Sighted {
    networks: Vec<(Mono, Surroundings)>,
    given: Vec<Mono>,
}

impl Desk {
    pub(super) fn trunk_down(&mut self, trunk: &Arc<str>, at: Wall) {
        let now = self.now.mono;
        if self.trunks_down.get(trunk).is_some_and(|told| now.since(*told) < AGAIN) {
            return;
        }
        self.trunks_down.insert(Arc::clone(trunk), now);
        let values = Values { trunk: trunk.to_string(), severity: "high", ..self.nothing(Notice::TrunkDown, at) };
        self.draft(self.cache.recipients.of_organisations(), None, values);
    }

    pub(super) fn pool_empty(&mut self, site: &Arc<str>, at: Wall) {
        let now = self.now.mono;
        if self.pools_empty.get(site).is_some_and(|told| now.since(*told) < AGAIN) {
            return;
        }
        self.pools_empty.insert(Arc::clone(site), now);
        let snapshot = self.cache.snapshot.load_full();
        let Some(record) = snapshot.site(site) else { return };
        let organisation = snapshot.organisations.get(&record.organisation).map(|one| one.name.clone());
        let values = Values {
            site: site.to_string(),
            organisation: organisation.unwrap_or_default(),
            severity: "high",
            zone: record.zone.clone(),
            ..self.nothing(Notice::CallbackPoolEmpty, at)
        };
        let scopes = [Scope::Site(Arc::clone(site)), Scope::Organisation(Arc::clone(&record.organisation))];
        let recipients = scopes.iter().flat_map(|scope| self.cache.recipients.of(scope)).collect();
        self.draft(recipients, None, values);
    }

    /// Takes what was seen where devices and users tell where they are.
    pub(super) fn take_sightings(&mut self) {
        let now = self.now.mono;
        self.sighted.retain(|_, told| {
            told.networks.retain(|(at, _)| now.since(*at) < AGAIN);
            told.given.retain(|at| now.since(*at) < AGAIN);
            !told.networks.is_empty() || !told.given.is_empty()
        });
        let (seen, lost) = self.cache.take_sightings();
        self.lost += lost;
        seen.iter().for_each(|sighting| self.sighted(sighting));
    }

    /// A call came from a device; what it told of its network before may be known to nobody.
    pub(super) fn called_from(&mut self, told: &Particulars, at: Wall) {
        let is_known =
            told.located.wiremap.is_some() || told.located.candidates.iter().any(|one| one.rung == Rung::Typed);
        let Some(device) = told.device.as_ref().filter(|_| !is_known) else { return };
        let Some(where_it_is) = self.cache.whereabouts(device) else { return };
        self.sighted(&Sighting {
            organisation: Arc::clone(&told.organisation),
            site: Some(Arc::clone(&told.site.id)),
            user: told.user.clone(),
            device: Some(Arc::clone(device)),
            number: told.number,
            at,
            network: Surroundings::seen(&where_it_is.measurements),
            given: None,
        });
    }

    fn sighted(&mut self, seen: &Sighting) {
        if seen.network == Surroundings::default() || self.was_sighted(seen) {
            return;
        }
        let snapshot = self.cache.snapshot.load_full();
        let organisation = snapshot.organisations.get(&seen.organisation).map(|one| one.name.clone());
        let site = seen.site.as_ref().and_then(|site| snapshot.site(site));
        let text = |name: &Option<Arc<str>>| name.as_deref().unwrap_or_default().to_owned();
        let device = seen.device.iter().map(|device| format!("Device: {device}"));
        let note: Vec<String> = device.chain([seen.network.expose()]).collect();
        let notice = if seen.given.is_some() { Notice::PendingLocation } else { Notice::UnknownNetwork };
        let values = Values {
            organisation: organisation.unwrap_or_else(|| seen.organisation.to_string()),
            site: text(&seen.site),
            zone: site.and_then(|site| site.zone.clone()),
            user: text(&seen.user),
            number: seen.number.map(|number| number.expose().to_owned()).unwrap_or_default(),
            location: seen.given.as_ref().map(|given| place::address(&given.civic)).unwrap_or_default(),
            note: note.join("\n"),
            ..self.nothing(notice, seen.at)
        };
        let scopes = [
            seen.user.clone().map(Scope::User),
            seen.site.clone().map(Scope::Site),
            Some(Scope::Organisation(Arc::clone(&seen.organisation))),
        ];
        let found = scopes.iter().flatten().flat_map(|scope| self.cache.recipients.of(scope));
        let recipients = found.filter(|one| one.organisation == seen.organisation).collect();
        self.draft(recipients, None, values);
    }

    /// Whether it was told of a moment ago, or too much was. From now on it was.
    fn was_sighted(&mut self, seen: &Sighting) -> bool {
        let now = self.now.mono;
        let told = self.sighted.entry(Arc::clone(&seen.organisation)).or_default();
        if seen.given.is_some() {
            let is_full = told.given.len() >= MOST_GIVEN;
            self.lost += u64::from(is_full);
            told.given.extend((!is_full).then_some(now));
            return is_full;
        }
        let is_same = |network: &Surroundings| *network == seen.network || network.is_same(&seen.network);
        if told.networks.iter().any(|(_, network)| is_same(network)) {
            return true;
        }
        let is_full = told.networks.len() >= MOST_NETWORKS;
        told.networks.extend((!is_full).then(|| (now, seen.network.clone())));
        is_full
    }
}
