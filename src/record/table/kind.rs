//! The tables by name.
use super::sheet::Layout;
use super::{device, line, place, recipient, site, user, wiremap};

/// A table. Each refers to none but those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Customers.
    Organisations,
    /// Buildings.
    Buildings,
    /// Floors and rooms.
    Locations,
    /// Sites.
    Sites,
    /// Numbers and extensions.
    Numbers,
    /// Devices.
    Devices,
    /// Users.
    Users,
    /// Pieces of network.
    Wiremap,
    /// Who is told of emergency calls.
    Recipients,
}

/// How many tables there are.
pub const KINDS: usize = 9;

impl Kind {
    /// All tables, in the order in which each refers to none but those before it.
    pub const ALL: [Kind; KINDS] = [
        Kind::Organisations,
        Kind::Buildings,
        Kind::Locations,
        Kind::Sites,
        Kind::Numbers,
        Kind::Devices,
        Kind::Users,
        Kind::Wiremap,
        Kind::Recipients,
    ];

    /// The name of its file.
    pub const fn file(self) -> &'static str {
        match self {
            Kind::Organisations => "organisations.csv",
            Kind::Buildings => "buildings.csv",
            Kind::Locations => "locations.csv",
            Kind::Sites => "sites.csv",
            Kind::Numbers => "numbers.csv",
            Kind::Devices => "devices.csv",
            Kind::Users => "users.csv",
            Kind::Wiremap => "wiremap.csv",
            Kind::Recipients => "recipients.csv",
        }
    }

    /// Its name.
    pub fn text(self) -> &'static str {
        self.file().trim_end_matches(".csv")
    }

    /// The table of this name.
    pub fn read(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.text() == text)
    }

    /// Its place among all.
    pub const fn place(self) -> usize {
        self as usize
    }

    /// Whether a node can do without it: whose phones do not move has no use for some.
    pub const fn is_optional(self) -> bool {
        matches!(self, Kind::Devices | Kind::Users | Kind::Wiremap | Kind::Recipients)
    }

    /// Its columns.
    pub(super) const fn layout(self) -> &'static Layout {
        match self {
            Kind::Organisations => &site::ORGANISATIONS,
            Kind::Buildings => &place::BUILDINGS,
            Kind::Locations => &place::LOCATIONS,
            Kind::Sites => &site::SITES,
            Kind::Numbers => &line::NUMBERS,
            Kind::Devices => &device::DEVICES,
            Kind::Users => &user::USERS,
            Kind::Wiremap => &wiremap::WIREMAP,
            Kind::Recipients => &recipient::RECIPIENTS,
        }
    }

    /// The names of its columns in the order in which they are kept and exported: its own, then the elements of a civic
    /// address where it has one.
    pub fn columns(self) -> impl Iterator<Item = &'static str> {
        let layout = self.layout();
        let elements = if layout.civic { super::Element::ALL } else { &[] };
        layout.columns.iter().map(|column| column.name).chain(elements.iter().map(|element| element.text()))
    }

    /// Which of the columns tell one line from all others.
    pub fn key(self) -> &'static [usize] {
        self.layout().key
    }
}
