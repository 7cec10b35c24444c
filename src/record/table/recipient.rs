//! Recipients of notices.
use super::fault::Faults;
use super::kind::Kind;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{ById, File, Location, Organisation, PLACES, Site};
use crate::record::User;
use crate::record::recipient::{Channel, Notice, Notices, Recipient, Scope, fault_of_email};
use std::sync::Arc;

pub(super) const RECIPIENTS: Layout = Layout {
    columns: &[
        required("id"),
        required("organisation").names(&[Kind::Organisations]),
        optional("site").names(&[Kind::Sites]),
        optional("place").names(PLACES),
        optional("user").names(&[Kind::Users]),
        optional("notices").list(),
        required("channel"),
        required("to").list(),
        optional("language"),
        optional("group"),
        optional("step"),
    ],
    civic: false,
    key: &[ID],
};
const ID: usize = 0;
const ORGANISATION: usize = 1;
const SITE: usize = 2;
const PLACE: usize = 3;
const USER: usize = 4;
const NOTICES: usize = 5;
const CHANNEL: usize = 6;
const TO: usize = 7;
const LANGUAGE: usize = 8;
const GROUP: usize = 9;
const STEP: usize = 10;

/// The most addresses of one line.
const MOST_ADDRESSES: usize = 100;

/// The last step of a group.
const LAST_STEP: u8 = 9;

/// What recipients refer to.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) organisations: &'a ById<Organisation>,
    pub(super) sites: &'a ById<Site>,
    pub(super) places: &'a ById<Location>,
    pub(super) users: &'a ById<User>,
}

/// Reads the file.
pub(super) fn read(files: &[File<'_>], known: Known<'_>, faults: &mut Faults) -> ById<Recipient> {
    let mut read = ById::default();
    each_row(files, &RECIPIENTS, faults, |row, faults| {
        let Some(recipient) = recipient(row, known, faults) else { return };
        if !read.insert(&Arc::clone(&recipient.id), recipient) {
            row.fault(ID, "another recipient has this id", "give each its own", faults);
        }
    });
    read
}

fn recipient(row: &Row<'_>, known: Known<'_>, faults: &mut Faults) -> Option<Recipient> {
    let organisation = row.known(ORGANISATION, known.organisations, super::NO_ORGANISATION, faults);
    let scope = scope(row, known, faults);
    let channel = row.read(CHANNEL, Channel::read, ("this is no channel", "write email, webhook or desktop"), faults);
    let notices = notices(row, faults);
    let to = addresses(row, channel?, faults);
    let step = row.read(STEP, step, ("this is no step", "write a number from 0 to 9"), faults).unwrap_or(0);
    let text = |column: usize| (!row.cell(column).is_empty()).then(|| row.cell(column).into());
    let language: Option<Arc<str>> = text(LANGUAGE);
    if language.as_deref().is_some_and(|word| !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')) {
        row.fault(LANGUAGE, "this is no language", "write the name of its folder of templates, as en", faults);
    }
    let group = text(GROUP);
    if step > 0 && group.is_none() {
        row.fault(GROUP, "a later step needs a group to wait for", "name the group, or leave the step out", faults);
    }
    let (organisation, scope) = (&organisation?.id, scope?);
    if is_foreign(&scope, organisation, known) {
        row.fault(ORGANISATION, "what this line is for is another organisation's", "name one of its own", faults);
    }
    Some(Recipient {
        id: row.cell(ID).into(),
        organisation: Arc::clone(organisation),
        scope,
        notices,
        channel: channel?,
        to,
        language,
        group,
        step,
    })
}

/// For whose calls: at most one of site, place and user; none is the whole organisation.
fn scope(row: &Row<'_>, known: Known<'_>, faults: &mut Faults) -> Option<Scope> {
    const NO_USER: (&str, &str) = ("no such user", "add it to the users");
    let site = row.known(SITE, known.sites, super::NO_SITE, faults);
    let place = row.known(PLACE, known.places, super::NO_LOCATION, faults);
    let user = row.known(USER, known.users, NO_USER, faults);
    let filled = [SITE, PLACE, USER].into_iter().filter(|column| !row.cell(*column).is_empty());
    if let Some(second) = filled.clone().nth(1) {
        row.fault(second, "a line is for a site, a place or a user", "write a line for each", faults);
        return None;
    }
    if filled.count() == 0 {
        return Some(Scope::Organisation(row.cell(ORGANISATION).into()));
    }
    let site = site.map(|site| Scope::Site(Arc::clone(&site.id)));
    let place = place.map(|place| Scope::Place(Arc::clone(&place.id)));
    site.or(place).or(user.map(|user| Scope::User(Arc::clone(&user.id))))
}

/// A place belongs to whoever has sites there, so any organisation may name it.
fn is_foreign(scope: &Scope, organisation: &Arc<str>, known: Known<'_>) -> bool {
    match scope {
        Scope::Organisation(_) | Scope::Place(_) => false,
        Scope::Site(id) => known.sites.get(id).is_some_and(|site| site.organisation != *organisation),
        Scope::User(id) => known.users.get(id).is_some_and(|user| user.organisation != *organisation),
    }
}

fn notices(row: &Row<'_>, faults: &mut Faults) -> Notices {
    let read = |word: &str, faults: &mut Faults| {
        let notice = Notice::read(word);
        if notice.is_none() {
            let known: Vec<_> = Notice::ALL.iter().map(|notice| notice.text()).collect();
            row.fault(NOTICES, "one of these is no notice", &format!("write some of {}", known.join(" ")), faults);
        }
        notice
    };
    let read: Vec<_> = row.words(NOTICES).filter_map(|word| read(word, faults)).collect();
    Notices::of(read)
}

/// Each once, in the order in which they stand there.
fn addresses(row: &Row<'_>, channel: Channel, faults: &mut Faults) -> Vec<Arc<str>> {
    let mut to: Vec<Arc<str>> = Vec::new();
    for (place, word) in row.words(TO).enumerate() {
        let nth = format!("number {} of them", place + 1);
        let fault = match channel {
            Channel::Email => fault_of_email(word),
            _ if word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => None,
            Channel::Webhook => Some("this is no name of a webhook"),
            Channel::Desktop => Some("this is no name of a desk"),
        };
        match fault {
            Some(why) => row.fault(TO, &format!("{why} ({nth})"), "write them as a@b.example; c@d.example", faults),
            None if to.iter().any(|known| known.eq_ignore_ascii_case(word)) => {}
            None => to.push(word.into()),
        }
    }
    if to.len() > MOST_ADDRESSES {
        row.fault(TO, "these are more than 100 addresses", "use a distribution list, or several lines", faults);
    }
    to
}

fn step(text: &str) -> Option<u8> {
    text.parse().ok().filter(|step| *step <= LAST_STEP)
}
