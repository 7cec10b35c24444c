//! The tables that a customer imports: CSV text in, records out. Every fault of every file is found in one reading.
mod by_id;
mod cells;
mod device;
mod fault;
mod form;
mod kind;
mod line;
mod place;
pub mod plan;
mod recipient;
mod shape;
mod sheet;
mod site;
mod user;
mod wiremap;

pub use cells::{Cells, Kept, Key, Writer};
pub use fault::{Fault, MOST_FAULTS};
pub use form::Form;
pub use kind::{KINDS, Kind};
pub use shape::MOST_CORNERS;
pub use wiremap::keys as wiremap_keys;

use super::site::Named;
use super::{
    Civic, Device, DialPlan, Element, Line, Location, Models, Number, Organisation, Recipient, Site, Trunk, User,
};
use crate::base::hands::{Hands, InTurn};
use by_id::ById;
use fault::Faults;
use std::sync::Arc;

/// A table's text, and its name for complaints.
#[derive(Clone, Copy, Default)]
pub struct File<'a> {
    name: &'a str,
    text: &'a str,
    is_kept: bool,
}

impl<'a> File<'a> {
    /// A CSV file, by the name that the operator knows it by.
    pub const fn csv(name: &'a str, text: &'a str) -> File<'a> {
        File { name, text, is_kept: false }
    }

    /// The text of [`Kept`], by the name that it has in complaints.
    pub const fn kept(name: &'a str, text: &'a str) -> File<'a> {
        File { name, text, is_kept: true }
    }

    /// Its name.
    pub const fn name(&self) -> &'a str {
        self.name
    }
}

impl core::fmt::Debug for File<'_> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(self.name)
    }
}

/// The files: of each table none, one, or several that together are the table.
#[derive(Clone, Debug, Default)]
pub struct Files<'a>([Vec<File<'a>>; KINDS]);

impl<'a> Files<'a> {
    /// Adds a file to a table.
    pub fn add(&mut self, kind: Kind, file: File<'a>) {
        self.0[kind.place()].push(file);
    }

    fn of(&self, kind: Kind) -> &[File<'a>] {
        &self.0[kind.place()]
    }
}

/// What the tables refer to and must fit.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    /// Dial plans by country: a site's country must have one, and its codes can never be extensions.
    pub dial_plans: &'a Named<DialPlan>,
    /// Trunks: a site's gateway must be one.
    pub trunks: &'a [Arc<Trunk>],
    /// What models of devices can do.
    pub models: &'a Models,
}

/// What the files hold.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Customers.
    pub organisations: Vec<Arc<Organisation>>,
    /// Sites.
    pub sites: Vec<Arc<Site>>,
    /// Buildings, each a location of its own, and the locations within them.
    pub locations: Vec<Arc<Location>>,
    /// Numbers and extensions.
    pub lines: Vec<Arc<Line>>,
    /// Pieces of network and where they are.
    pub wiremap: Vec<super::wiremap::Row>,
    /// Devices.
    pub devices: Vec<Arc<Device>>,
    /// Users.
    pub users: Vec<Arc<User>>,
    /// Who is told of emergency calls.
    pub recipients: Vec<Arc<Recipient>>,
}

/// The tables that have places.
const PLACES: &[Kind] = &[Kind::Buildings, Kind::Locations];

const NO_ORGANISATION: (&str, &str) = ("no such organisation", "add it to the organisations");
const NO_LOCATION: (&str, &str) = ("no such location", "add it to the locations or buildings");
const NO_SITE: (&str, &str) = ("no such site", "add it to the sites, or mend its line there");

/// Reads the files.
///
/// # Errors
/// Every fault of every file, up to [`MOST_FAULTS`].
pub fn read(files: &Files<'_>, against: Against<'_>) -> Result<Tables, Vec<Fault>> {
    read_by(InTurn, files, against)
}

/// The same by other hands.
///
/// # Errors
/// As [`read`].
pub fn read_by(hands: impl Hands, files: &Files<'_>, against: Against<'_>) -> Result<Tables, Vec<Fault>> {
    let mut faults = Faults::default();
    let of = |kind| files.of(kind);
    let places = place::read(of(Kind::Buildings), of(Kind::Locations), &mut faults);
    let (organisations, sites) = site::read(of(Kind::Organisations), of(Kind::Sites), &places, against, &mut faults);
    let ((lines, devices), (wiremap, more)) = hands.both(
        || {
            let lines = line::read(of(Kind::Numbers), &sites, &places, against, &mut faults);
            let devices = device::read(of(Kind::Devices), &organisations, &places, &lines, against, &mut faults);
            (lines, devices)
        },
        || {
            let mut faults = Faults::default();
            (wiremap::read(of(Kind::Wiremap), &organisations, &places, &mut faults), faults)
        },
    );
    faults.add_all(more);
    let known =
        user::Known { organisations: &organisations, sites: &sites, places: &places, lines: &lines, devices: &devices };
    let users = user::read(of(Kind::Users), known, &mut faults);
    let known = recipient::Known { organisations: &organisations, sites: &sites, places: &places, users: &users };
    let recipients = recipient::read(of(Kind::Recipients), known, &mut faults);
    let lines = lines.of_users(&users, &places);
    faults.or(Tables {
        organisations: organisations.into_records(),
        sites: sites.into_records(),
        locations: places.into_records(),
        lines,
        wiremap,
        devices: devices.into_records(),
        users: users.into_records(),
        recipients: recipients.into_records(),
    })
}
