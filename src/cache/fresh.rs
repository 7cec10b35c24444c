//! Some records that come, change or go, while all others stay.
use super::Cache;
use crate::record::site::Named;
use crate::record::table::Tables;
use crate::record::wiremap::Key;
use crate::record::{Number, Organisation, Site};
use std::sync::Arc;

/// What is there no more.
#[derive(Clone, Debug, Default)]
pub struct Gone {
    /// Organisations.
    pub organisations: Vec<Arc<str>>,
    /// Sites.
    pub sites: Vec<Arc<str>>,
    /// Buildings and locations.
    pub places: Vec<Arc<str>>,
    /// Numbers and extensions, with their organisations.
    pub lines: Vec<(Arc<str>, Number)>,
    /// Devices.
    pub devices: Vec<Arc<str>>,
    /// Users.
    pub users: Vec<Arc<str>>,
    /// Recipients.
    pub recipients: Vec<Arc<str>>,
    /// Pieces of network, with their organisations.
    pub wiremap: Vec<(Arc<str>, Key)>,
}

impl Cache {
    /// Puts records into the places of those with their keys, and takes out what is gone. No lock is held from one
    /// record to the next, and whoever asks meanwhile sees each either old or new.
    pub fn apply(&self, fresh: Tables, gone: &Gone) {
        let Tables { organisations, sites, locations, lines, wiremap, devices, users, recipients } = fresh;
        let stays = |id: &Arc<str>| locations.iter().any(|place| place.id == *id);
        let places: Vec<_> = gone.places.iter().filter(|id| !stays(id)).collect();
        for location in &locations {
            self.locations.insert(Arc::clone(&location.id), Arc::clone(location));
        }
        if !(organisations.is_empty() && sites.is_empty() && gone.organisations.is_empty() && gone.sites.is_empty()) {
            self.rebuild(&organisations, &sites, gone);
        }
        for line in lines {
            self.lines.insert((Arc::clone(&line.organisation), line.number), line);
        }
        wiremap.iter().for_each(|row| self.wiremap.insert(row));
        devices.iter().for_each(|device| self.devices.insert(device));
        users.iter().for_each(|user| self.devices.insert_user(user));
        gone.wiremap.iter().for_each(|(organisation, key)| self.wiremap.remove(organisation, key));
        recipients.into_iter().for_each(|recipient| self.recipients.insert(recipient));
        gone.recipients.iter().for_each(|id| self.recipients.remove(id));
        gone.users.iter().for_each(|id| self.devices.remove_user(id));
        gone.devices.iter().for_each(|id| self.devices.remove(id));
        gone.lines.iter().for_each(|line| drop(self.lines.remove(line)));
        places.into_iter().for_each(|id| drop(self.locations.remove(id)));
    }

    fn rebuild(&self, organisations: &[Arc<Organisation>], sites: &[Arc<Site>], gone: &Gone) {
        self.snapshot.rcu(|held| {
            let mut next = (**held).clone();
            next.organisations.retain(|id, _| !gone.organisations.contains(id));
            next.sites.retain(|id, _| !gone.sites.contains(id));
            next.organisations.extend(organisations.iter().map(|one| (Arc::clone(&one.id), Arc::clone(one))));
            next.sites.extend(sites.iter().map(|one| (Arc::clone(&one.id), Arc::clone(one))));
            next.companies = companies(&next.organisations);
            next
        });
    }
}

/// Organisations by company id, for those whose devices may ask where they are.
pub(super) fn companies(organisations: &Named<Organisation>) -> Named<Organisation> {
    let with_company =
        |one: &Arc<Organisation>| one.company.as_ref().map(|company| (Arc::clone(&company.id), Arc::clone(one)));
    organisations.values().filter_map(with_company).collect()
}
