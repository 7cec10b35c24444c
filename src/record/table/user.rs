//! Users.
use super::fault::Faults;
use super::form::Form;
use super::kind::Kind;
use super::line::Lines;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{ById, File, Location, Organisation, PLACES, Site};
use crate::base::private::Private;
use crate::record::{Device, Number, User};
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::sync::Arc;

pub(super) const USERS: Layout = Layout {
    columns: &[
        required("id"),
        required("organisation").names(&[Kind::Organisations]),
        required("site").names(&[Kind::Sites]),
        optional("location").names(PLACES),
        optional("lines").form(Form::Number).list().names(&[Kind::Numbers]),
        optional("devices").list().names(&[Kind::Devices]),
        optional("ecbn").form(Form::Number),
        optional("did_fallback").form(Form::Switch),
        optional("presence"),
    ],
    civic: false,
    key: &[ID],
};
const ID: usize = 0;
const ORGANISATION: usize = 1;
const SITE: usize = 2;
const LOCATION: usize = 3;
const LINES: usize = 4;
const DEVICES: usize = 5;
const ECBN: usize = 6;
const DID_FALLBACK: usize = 7;
const PRESENCE: usize = 8;

/// The longest key of a user at a contact center, in bytes.
const LONGEST_PRESENCE: usize = 255;

/// What users refer to.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) organisations: &'a ById<Organisation>,
    pub(super) sites: &'a ById<Site>,
    pub(super) places: &'a ById<Location>,
    pub(super) lines: &'a Lines,
    pub(super) devices: &'a ById<Device>,
}

/// Reads the file.
pub(super) fn read(users: &[File<'_>], known: Known<'_>, faults: &mut Faults) -> ById<User> {
    let mut read = ById::default();
    let mut lines: HashSet<(Arc<str>, Number), RandomState> = HashSet::default();
    each_row(users, &USERS, faults, |row, faults| {
        let Some(user) = user(row, known, faults) else { return };
        for &number in &user.lines {
            if !lines.insert((Arc::clone(&user.organisation), number)) {
                row.fault(LINES, "another user has one of these lines", "leave each with one user", faults);
            }
            if known.lines.site(&user.organisation, number).is_some_and(|site| *site != user.site) {
                row.fault(LINES, "one of these lines is at another site", "correct its site or the user's", faults);
            }
        }
        if !read.insert(&Arc::clone(&user.id), user) {
            row.fault(ID, "another user has this id", "give each its own", faults);
        }
    });
    read
}

fn user(row: &Row<'_>, known: Known<'_>, faults: &mut Faults) -> Option<User> {
    let organisation = row.known(ORGANISATION, known.organisations, super::NO_ORGANISATION, faults);
    let location = row.known(LOCATION, known.places, super::NO_LOCATION, faults);
    let site = row.known(SITE, known.sites, super::NO_SITE, faults);
    let ecbn = row.outside_number(ECBN, faults);
    let did_fallback = (!row.cell(DID_FALLBACK).is_empty()).then(|| row.switch(DID_FALLBACK, faults));
    let (organisation, site) = (&organisation?.id, site?);
    if site.organisation != *organisation {
        row.fault(SITE, "the site is another organisation's", "name one of the user's own", faults);
    }
    let mut devices = Vec::new();
    for id in row.words(DEVICES) {
        match known.devices.get(id) {
            Some(device) if device.organisation == *organisation => devices.push(Arc::clone(&device.id)),
            _ => row.fault(DEVICES, "the organisation has no such device", "add it to the devices", faults),
        }
    }
    if row.cell(ID).contains([' ', ';']) {
        row.fault(ID, "an id has no blank and no semicolon", "write it with hyphens", faults);
    }
    let presence = row.cell(PRESENCE);
    if presence.len() > LONGEST_PRESENCE || presence.contains(char::is_whitespace) {
        row.fault(PRESENCE, "this is no key", "write the user's key or SIP URI at the contact center", faults);
    }
    Some(User {
        id: row.cell(ID).into(),
        organisation: Arc::clone(organisation),
        site: Arc::clone(&site.id),
        location: location.map(|place| Arc::clone(&place.id)),
        lines: known.lines.listed(row, LINES, organisation, faults),
        devices,
        ecbn,
        did_fallback,
        presence: (!presence.is_empty()).then(|| Private::new(presence.into())),
    })
}
