//! Numbers and extensions.
use super::fault::Faults;
use super::form::Form;
use super::kind::Kind;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{Against, ById, File, Line, Location, Number, PLACES, Site};
use crate::record::User;
use crate::record::site::plan_of;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use std::sync::Arc;

/// The lines that were read, in the order of the file.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Arc<Line>>,
    places: HashMap<(Arc<str>, Number), usize, RandomState>,
}

impl Lines {
    /// The site of an organisation's line.
    pub(super) fn site(&self, organisation: &Arc<str>, number: Number) -> Option<&Arc<str>> {
        let place = self.places.get(&(Arc::clone(organisation), number))?;
        Some(&self.lines[*place].site)
    }

    /// The lines of an organisation that a cell lists.
    pub(super) fn listed(
        &self,
        row: &Row<'_>,
        column: usize,
        organisation: &Arc<str>,
        faults: &mut Faults,
    ) -> Vec<Number> {
        let known = |word| Number::read(word).filter(|&number| self.site(organisation, number).is_some());
        let numbers: Vec<_> = row.words(column).map(known).collect();
        if numbers.contains(&None) {
            row.fault(column, "the organisation has no such number", "add it to the numbers", faults);
        }
        numbers.into_iter().flatten().collect()
    }

    /// The lines, each with what its user has where it has nothing of its own.
    pub(super) fn of_users(mut self, users: &ById<User>, places: &ById<Location>) -> Vec<Arc<Line>> {
        for user in users.records() {
            for &number in &user.lines {
                let Some(&at) = self.places.get(&(Arc::clone(&user.organisation), number)) else { continue };
                let line = Arc::make_mut(&mut self.lines[at]);
                line.ecbn = line.ecbn.or(user.ecbn);
                line.has_presence = user.presence.is_some();
                let of_user = || user.location.as_ref().and_then(|id| places.get(id)).cloned();
                line.location = line.location.take().or_else(of_user);
            }
        }
        self.lines
    }
}

pub(super) const NUMBERS: Layout = Layout {
    columns: &[
        required("number").form(Form::Number),
        required("site").names(&[Kind::Sites]),
        optional("location").names(PLACES),
        optional("ecbn").form(Form::Number),
        optional("reachable").form(Form::Switch),
        optional("organisation").names(&[Kind::Organisations]),
    ],
    civic: false,
    key: &[ORGANISATION, NUMBER],
};
const NUMBER: usize = 0;
const SITE: usize = 1;
const LOCATION: usize = 2;
const ECBN: usize = 3;
const REACHABLE: usize = 4;
const ORGANISATION: usize = 5;

/// Reads the file.
pub(super) fn read(
    numbers: &[File<'_>],
    sites: &ById<Site>,
    places: &ById<Location>,
    against: Against<'_>,
    faults: &mut Faults,
) -> Lines {
    let mut read = Lines::default();
    each_row(numbers, &NUMBERS, faults, |row, faults| {
        let Some(line) = line(row, sites, places, against, faults) else { return };
        match read.places.entry((Arc::clone(&line.organisation), line.number)) {
            Entry::Vacant(place) => {
                place.insert(read.lines.len());
                read.lines.push(Arc::new(line));
            }
            Entry::Occupied(_) => {
                row.fault(NUMBER, "the organisation has this number already", "keep one of the two lines", faults);
            }
        }
    });
    read
}

fn line(
    row: &Row<'_>,
    sites: &ById<Site>,
    places: &ById<Location>,
    against: Against<'_>,
    faults: &mut Faults,
) -> Option<Line> {
    let number = number(row, faults);
    let site = sites.get(row.cell(SITE));
    if site.is_none() {
        row.fault(SITE, "no such site", "add it to the sites, or mend its line there", faults);
    }
    let location = places.get(row.cell(LOCATION)).cloned();
    if location.is_none() && !row.cell(LOCATION).is_empty() {
        row.fault(LOCATION, "no such location", "add it to the locations or buildings", faults);
    }
    let ecbn = row.outside_number(ECBN, faults);
    let reachable = row.switch(REACHABLE, faults);
    let (number, site) = (number?, site?);
    let organisation = row.cell(ORGANISATION);
    if !organisation.is_empty() && *organisation != *site.organisation {
        row.fault(ORGANISATION, "the site is another organisation's", "leave it empty, or name another site", faults);
    }
    if plan_of(against.dial_plans, &site.country).is_some_and(|plan| plan.codes().any(|code| code == number.expose())) {
        row.fault(NUMBER, "this is a code of the site's dial plan", "give the line another extension", faults);
        return None;
    }
    if reachable && !number.is_e164() {
        row.fault(REACHABLE, "an extension cannot be reached from outside", "write no, or set an ecbn", faults);
    }
    Some(Line {
        number,
        organisation: Arc::clone(&site.organisation),
        site: Arc::clone(&site.id),
        location,
        ecbn,
        reachable,
        has_presence: false,
    })
}

/// A number in international form, or an extension of digits.
fn number(row: &Row<'_>, faults: &mut Faults) -> Option<Number> {
    let read = Number::read(row.cell(NUMBER));
    let number = read.filter(|number| number.is_e164() || number.expose().bytes().all(|byte| byte.is_ascii_digit()));
    if number.is_none() {
        let remedy = "write +13125550123, or an extension of digits alone";
        row.fault(NUMBER, "this is neither a number in international form nor an extension", remedy, faults);
    }
    number
}
