//! The number that reaches the caller if the line drops.
mod holder;

pub use holder::holder;

use crate::cache::leases::Offer;
use crate::record::{Device, Line, Location, Number, Preference, Profile, Site, Trunk};

/// Where a callback number came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The number of the pool that the caller holds already.
    Held,
    /// The ECBN set on the line or user.
    LineEcbn,
    /// The ECBN set on the device: a phone that nobody has for their own.
    DeviceEcbn,
    /// The line's own number, reachable from outside.
    Own,
    /// A number of the site's pool.
    Leased,
    /// The location's ECBN.
    LocationEcbn,
    /// The site's ECBN.
    SiteEcbn,
    /// The location's ELIN, on a legacy trunk.
    Elin,
    /// The number that the carrier has on record.
    OnRecord,
    /// Nothing better was known: the number as the caller showed it.
    AsShown,
}

impl Origin {
    /// The word for people.
    pub const fn text(self) -> &'static str {
        match self {
            Origin::Held => "held",
            Origin::LineEcbn => "line_ecbn",
            Origin::DeviceEcbn => "device_ecbn",
            Origin::Own => "own",
            Origin::Leased => "leased",
            Origin::LocationEcbn => "location_ecbn",
            Origin::SiteEcbn => "site_ecbn",
            Origin::Elin => "elin",
            Origin::OnRecord => "on_record",
            Origin::AsShown => "as_shown",
        }
    }

    /// Whether the number is one of the pool.
    pub const fn is_lent(self) -> bool {
        matches!(self, Origin::Held | Origin::Leased)
    }

    /// Whether somebody has set the number for this caller.
    pub const fn is_set(self) -> bool {
        matches!(self, Origin::LineEcbn | Origin::DeviceEcbn)
    }
}

/// A callback number and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The number.
    pub number: Number,
    /// Where it came from.
    pub origin: Origin,
}

/// What the choice is made from.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The caller's site.
    pub site: &'a Site,
    /// The caller's line.
    pub line: Option<&'a Line>,
    /// The caller's device.
    pub device: Option<&'a Device>,
    /// Where the caller is.
    pub place: Option<&'a Location>,
    /// The caller's number as the INVITE has it.
    pub shown_by_caller: Option<Number>,
    /// What the pool has for the caller; nothing for calls that take none.
    pub offer: Offer,
    /// Whether the caller's presence at a contact center is managed, so that every call back must come by us.
    pub managed: bool,
}

impl Known<'_> {
    /// What goes first for this caller: its own numbers, or one of the pool.
    pub const fn preference(&self) -> Preference {
        if self.managed { Preference::Lease } else { self.site.callback_first }
    }
}

/// How many rules there are.
const RULES: usize = 8;

/// The number for PAI, From, 933 and notices. `None` only when nothing at all is known.
pub fn choose(known: &Known<'_>) -> Option<Shown> {
    candidates(known).next()
}

/// All numbers that there are for this caller, the one that wins first (rulings 13).
pub fn candidates(known: &Known<'_>) -> impl Iterator<Item = Shown> + use<> {
    let Known { site, line, device, place, shown_by_caller, offer, managed: _ } = *known;
    let own = line.filter(|line| line.reachable && line.number.is_e164()).map(|line| line.number);
    let held = (offer.held, Origin::Held);
    let leased = (offer.free.filter(|_| offer.held.is_none()), Origin::Leased);
    let of_line = (line.and_then(|line| line.ecbn), Origin::LineEcbn);
    let of_device = (device.and_then(|device| device.ecbn), Origin::DeviceEcbn);
    let own = (own, Origin::Own);
    let rest = [
        (place.and_then(|place| place.ecbn), Origin::LocationEcbn),
        (site.ecbn, Origin::SiteEcbn),
        (shown_by_caller, Origin::AsShown),
    ];
    let first: [_; RULES - 3] = match known.preference() {
        Preference::Own => [held, of_line, of_device, own, leased],
        Preference::Lease => [held, leased, of_line, of_device, own],
    };
    let rules = first.into_iter().chain(rest);
    rules.filter_map(|(number, origin)| number.map(|number| Shown { number, origin }))
}

/// Whether a caller who holds no number gets one of the pool: none of the rules before the pool has one. `shown`: what
/// there is without the pool.
pub fn wants_the_pool(known: &Known<'_>, shown: Option<Shown>) -> bool {
    let is_before = |origin: Origin| match known.preference() {
        Preference::Own => matches!(origin, Origin::LineEcbn | Origin::DeviceEcbn | Origin::Own),
        Preference::Lease => false,
    };
    !shown.is_some_and(|shown| is_before(shown.origin))
}

/// Whether the pool should have had a number for this caller and had none: the site lends numbers, and none of the rules
/// before the pool had one.
pub fn missed_the_pool(known: &Known<'_>, shown: Option<Shown>) -> bool {
    let lends = !known.site.pool.is_empty() || known.preference() == Preference::Lease;
    lends && !shown.is_some_and(|shown| shown.origin.is_lent()) && wants_the_pool(known, shown)
}

/// The number that this trunk may show, given the call's callback number, and the one that it would have without the
/// pool. The old telephone network looks the address up by the number it sees, so a legacy trunk shows the place's number
/// first, and a lent one only where the carrier knows it for ours: it would show another address.
pub fn on_trunk(
    trunk: &Trunk,
    place: Option<&Location>,
    callback: Option<Shown>,
    unleased: Option<Shown>,
) -> Option<Shown> {
    if trunk.profile != Profile::Legacy {
        return callback;
    }
    let elin = place.and_then(|place| place.elin).map(|number| Shown { number, origin: Origin::Elin });
    let on_record = trunk.number_on_record.map(|number| Shown { number, origin: Origin::OnRecord });
    let may = |shown: &Shown| !shown.origin.is_lent() || trunk.numbers.contains(&shown.number);
    elin.or(on_record).or_else(|| callback.filter(may)).or(unleased)
}

/// The number of the place where a document says that the caller is, on a trunk of the old telephone network that lists it
/// as its own: of another number its carrier reads another address, or none.
pub fn of_document(trunk: &Trunk, elin: Option<Number>) -> Option<Shown> {
    let digits = |number: &Number| number.expose().trim_start_matches('+').to_owned();
    let said = digits(&elin.filter(|_| trunk.profile == Profile::Legacy)?);
    let own = trunk.numbers.iter().find(|own| digits(own) == said)?;
    Some(Shown { number: *own, origin: Origin::Elin })
}
