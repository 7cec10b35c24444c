//! Numbers and extensions.
use super::fault::Faults;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{Against, ById, File, Line, Location, Number, Site};
use crate::record::site::plan_of;
use std::collections::HashSet;
use std::sync::Arc;

const NUMBERS: Layout = Layout {
    columns: &[required("number"), required("site"), optional("location"), optional("ecbn"), optional("reachable")],
    civic: false,
};
const NUMBER: usize = 0;
const SITE: usize = 1;
const LOCATION: usize = 2;
const ECBN: usize = 3;
const REACHABLE: usize = 4;

/// Reads the file.
pub(super) fn read(
    numbers: &File<'_>,
    sites: &ById<Site>,
    places: &ById<Location>,
    against: Against<'_>,
    faults: &mut Faults,
) -> Vec<Arc<Line>> {
    let mut lines = Vec::new();
    let mut seen = HashSet::new();
    each_row(numbers, NUMBERS, faults, |row, faults| {
        let Some(line) = line(row, sites, places, against, faults) else { return };
        if seen.insert((Arc::clone(&line.organisation), line.number)) {
            lines.push(Arc::new(line));
        } else {
            row.fault(NUMBER, "the organisation has this number already", "keep one of the two lines", faults);
        }
    });
    lines
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
