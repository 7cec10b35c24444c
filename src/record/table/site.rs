//! Organisations and their sites.
use super::fault::Faults;
use super::form::Form;
use super::kind::Kind;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{Against, ById, Civic, Element, File, Location, Organisation, Site};
use crate::record::site::{Bearer, RECEIPTS_KEPT, plan_of};
use crate::record::wiremap::{Network, Order, Rule, Windows};
use crate::record::{Company, DidFallback, Guard, Preference, TrunkKind, Zone};
use core::time::Duration;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::sync::Arc;

pub(super) const ORGANISATIONS: Layout = Layout {
    columns: &[
        required("id"),
        required("name"),
        optional("wiremap_order").list(),
        optional("company"),
        optional("secrets").list(),
        optional("window_wired_hours"),
        optional("window_wireless_hours"),
        optional("window_address_hours"),
        optional("vpn").form(Form::Network).list(),
        optional("did_fallback_desk").form(Form::Switch),
        optional("did_fallback_soft").form(Form::Switch),
        optional("receipts_kept_days"),
        optional("relay_bearer"),
    ],
    civic: false,
    key: &[ID],
};
pub(super) const SITES: Layout = Layout {
    columns: &[
        required("id"),
        required("organisation").names(&[Kind::Organisations]),
        required("country"),
        optional("prefixes").list(),
        required("stage1").form(Form::Switch),
        required("stage2").form(Form::Switch),
        optional("ecbn").form(Form::Number),
        optional("pool").form(Form::Number).list(),
        optional("building").names(&[Kind::Buildings]),
        optional("gateway"),
        optional("callback_first"),
        optional("desk"),
        optional("time_zone"),
    ],
    civic: false,
    key: &[ID],
};
const ID: usize = 0;
const NAME: usize = 1;
const WIREMAP_ORDER: usize = 2;
const COMPANY: usize = 3;
const SECRETS: usize = 4;
const WINDOW_WIRED: usize = 5;
const WINDOW_WIRELESS: usize = 6;
const WINDOW_ADDRESS: usize = 7;
const VPN: usize = 8;
const DID_FALLBACK_DESK: usize = 9;
const DID_FALLBACK_SOFT: usize = 10;
const RECEIPTS_KEPT_DAYS: usize = 11;
const RELAY_BEARER: usize = 12;
const ORGANISATION: usize = 1;
const COUNTRY: usize = 2;
const PREFIXES: usize = 3;
const STAGE1: usize = 4;
const STAGE2: usize = 5;
const ECBN: usize = 6;
const POOL: usize = 7;
const BUILDING: usize = 8;
const GATEWAY: usize = 9;
const CALLBACK_FIRST: usize = 10;
const DESK: usize = 11;
const TIME_ZONE: usize = 12;

const FIRST: (&str, &str) = ("this is no preference", "write own, lease, or nothing");
const GUARD: (&str, &str) =
    ("this is neither a number nor an extension nor a SIP URI", "write +13125550123, 4100, or sip:desk@192.0.2.9");
const ZONE: (&str, &str) = ("there is no such time zone", "write one of the IANA database, as America/Chicago");

/// The most numbers of one site's pool: all of them may be looked at for one call.
const MOST_LENT: usize = 1000;

/// The longest window, in hours: a year.
const MOST_HOURS: u64 = 8760;

/// The longest that receipts are kept, in days: a century.
const MOST_DAYS: u64 = 36_500;

/// The most secrets of an organisation that hold at once: the one in use and the one that comes after it.
const MOST_SECRETS: usize = 2;

/// Reads both files.
pub(super) fn read(
    organisations: &[File<'_>],
    sites: &[File<'_>],
    places: &ById<Location>,
    against: Against<'_>,
    faults: &mut Faults,
) -> (ById<Organisation>, ById<Site>) {
    let mut known = ById::default();
    let mut companies = HashSet::<_, RandomState>::default();
    each_row(organisations, &ORGANISATIONS, faults, |row, faults| {
        let company = company(row, faults);
        if company.as_ref().is_some_and(|company| !companies.insert(Arc::clone(&company.id))) {
            row.fault(COMPANY, "another organisation has this company id", "give each its own", faults);
        }
        let organisation = Organisation {
            id: row.cell(ID).into(),
            name: row.cell(NAME).to_owned(),
            wiremap_order: order(row, faults),
            windows: windows(row, faults),
            vpn: vpn(row, faults),
            did_fallback: did_fallback(row, faults),
            company,
            receipts_kept: receipts_kept(row, faults),
            relay_bearer: relay_bearer(row, faults),
        };
        if !known.insert(&Arc::clone(&organisation.id), organisation) {
            row.fault(ID, "another organisation has this id", "give each its own", faults);
        }
    });
    let mut read = ById::default();
    let mut lent: HashSet<_, RandomState> = HashSet::default();
    each_row(sites, &SITES, faults, |row, faults| {
        let site = site(row, &known, places, against, faults);
        if site.as_ref().is_some_and(|site| site.pool.iter().any(|number| !lent.insert(*number))) {
            row.fault(POOL, "one of these numbers is in a pool already", "leave each in one pool, once", faults);
        }
        if let Some(site) = site
            && !read.insert(&Arc::clone(&site.id), site)
        {
            row.fault(ID, "another site has this id", "give each its own", faults);
        }
    });
    (known, read)
}

/// The rules that come first, with spaces or semicolons between.
fn order(row: &Row<'_>, faults: &mut Faults) -> Order {
    let words = row.cell(WIREMAP_ORDER).split([' ', ';']).filter(|word| !word.is_empty());
    let rules: Option<Vec<Rule>> = words.map(|word| Rule::ALL.into_iter().find(|rule| rule.text() == word)).collect();
    rules.and_then(|rules| Order::of(&rules)).unwrap_or_else(|| {
        let remedy = "write those that come first, each once, as port bssid switch gateway subnet public";
        row.fault(WIREMAP_ORDER, "this is no order of rules", remedy, faults);
        Order::default()
    })
}

fn windows(row: &Row<'_>, faults: &mut Faults) -> Windows {
    let usual = Windows::default();
    let hours = |text: &str| text.parse().ok().filter(|hours| (1..=MOST_HOURS).contains(hours));
    let form = ("this is no number of hours", "write a whole number from 1 to 8760, or nothing");
    let mut window = |column, usual| {
        let read: Option<u64> = row.read(column, hours, form, faults);
        read.map_or(usual, |hours| Duration::from_secs(hours * 3600))
    };
    Windows {
        wired: window(WINDOW_WIRED, usual.wired),
        wireless: window(WINDOW_WIRELESS, usual.wireless),
        address: window(WINDOW_ADDRESS, usual.address),
    }
}

fn receipts_kept(row: &Row<'_>, faults: &mut Faults) -> Duration {
    let days = |text: &str| text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    let form = ("this is no number of days", "write a whole number from 1 to 36500, or nothing");
    let read: Option<u64> = row.read(RECEIPTS_KEPT_DAYS, days, form, faults);
    read.map_or(RECEIPTS_KEPT, |days| Duration::from_secs(days * 86_400))
}

fn relay_bearer(row: &Row<'_>, faults: &mut Faults) -> Bearer {
    let word = |text: &str| Bearer::ALL.into_iter().find(|bearer| bearer.text() == text);
    let form = ("this is nobody who could pay", "write partner, customer or split, or nothing");
    row.read(RELAY_BEARER, word, form, faults).unwrap_or_default()
}

fn vpn(row: &Row<'_>, faults: &mut Faults) -> Vec<Network> {
    let networks: Vec<_> = row.words(VPN).map(Network::read).collect();
    if networks.contains(&None) {
        row.fault(VPN, "one of these is no network", "write each as 10.8.0.0/16, with spaces between", faults);
    }
    networks.into_iter().flatten().collect()
}

fn did_fallback(row: &Row<'_>, faults: &mut Faults) -> DidFallback {
    let usual = DidFallback::default();
    DidFallback {
        desk: row.switch_or(DID_FALLBACK_DESK, usual.desk, faults),
        soft: row.switch_or(DID_FALLBACK_SOFT, usual.soft, faults),
    }
}

fn site(
    row: &Row<'_>,
    organisations: &ById<Organisation>,
    places: &ById<Location>,
    against: Against<'_>,
    faults: &mut Faults,
) -> Option<Site> {
    let organisation = organisations.get(row.cell(ORGANISATION)).map(|known| Arc::clone(&known.id));
    if organisation.is_none() {
        row.fault(ORGANISATION, "no such organisation", "add it to the organisations", faults);
    }
    let country = row.country(COUNTRY, faults);
    if let Some(country) = &country
        && plan_of(against.dial_plans, country).is_none()
    {
        row.fault(COUNTRY, "no dial plan for this country", "add one to conf/dial-plan", faults);
    }
    let gateway = row.cell(GATEWAY);
    let trunk = against.trunks.iter().find(|trunk| &*trunk.name == gateway);
    match trunk {
        Some(trunk) if trunk.kind != TrunkKind::Gateway => {
            row.fault(GATEWAY, "this trunk is no gateway", "name a trunk of kind gateway", faults);
        }
        None if !gateway.is_empty() => {
            row.fault(GATEWAY, "no such trunk", "name one of the configured trunks", faults);
        }
        _ => {}
    }
    let mut civic = Civic::default();
    match places.get(row.cell(BUILDING)) {
        Some(place) if place.id == place.building => civic = place.civic.clone(),
        _ if row.cell(BUILDING).is_empty() => {}
        _ => row.fault(BUILDING, "no such building", "add it to the buildings", faults),
    }
    let country = country?;
    let of_address = Zone::of_address(&country, civic.value(Element::A1).unwrap_or_default());
    let site = Site {
        id: row.cell(ID).into(),
        organisation: organisation?,
        country: country.into(),
        prefixes: prefixes(row, faults),
        stage1: row.switch(STAGE1, faults),
        stage2: row.switch(STAGE2, faults),
        ecbn: row.outside_number(ECBN, faults),
        pool: row.outside_numbers(POOL, faults),
        civic,
        gateway: trunk.map(|trunk| Arc::clone(&trunk.name)),
        callback_first: row.read(CALLBACK_FIRST, Preference::read, FIRST, faults).unwrap_or_default(),
        desk: row.read(DESK, Guard::read, GUARD, faults),
        zone: row.read(TIME_ZONE, Zone::read, ZONE, faults).or(of_address),
    };
    if site.pool.len() > MOST_LENT {
        row.fault(POOL, "a pool has more than 1000 numbers", "divide the site, or take some out", faults);
    }
    if site.civic.value(Element::Country).is_some_and(|country| country != &*site.country) {
        row.fault(COUNTRY, "the site's building is in another country", "correct one of the two", faults);
    }
    Some(site)
}

fn company(row: &Row<'_>, faults: &mut Faults) -> Option<Company> {
    let id = row.cell(COMPANY);
    let texts: Vec<&str> = row.cell(SECRETS).split([' ', ';']).filter(|text| !text.is_empty()).collect();
    if id.is_empty() && texts.is_empty() {
        return None;
    }
    // A user name of HTTP Basic has no colon (RFC 7617 §2).
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        row.fault(COMPANY, "this is no company id", "write letters, digits and hyphens, best a UUID", faults);
        return None;
    }
    let secrets: Vec<_> = texts.iter().filter_map(|text| sha256(text)).collect();
    if secrets.len() != texts.len() || !(1..=MOST_SECRETS).contains(&secrets.len()) {
        row.fault(SECRETS, "this is not the SHA-256 of one secret or two", REMEDY, faults);
        return None;
    }
    Some(Company { id: id.into(), secrets })
}

const REMEDY: &str = "write 64 hexadecimal digits each, as sha256sum prints them";

fn sha256(text: &str) -> Option<[u8; 32]> {
    let mut sum = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in sum.iter_mut().zip(text.as_bytes().chunks(2)) {
        for digit in pair {
            *byte = *byte << 4 | u8::try_from(char::from(*digit).to_digit(16)?).ok()?;
        }
    }
    Some(sum)
}

fn prefixes(row: &Row<'_>, faults: &mut Faults) -> Vec<Box<str>> {
    let mut prefixes = Vec::new();
    for prefix in row.cell(PREFIXES).split([' ', ';']).filter(|prefix| !prefix.is_empty()) {
        if prefix.len() <= 4 && prefix.bytes().all(|byte| byte.is_ascii_digit() || byte == b'*') {
            prefixes.push(prefix.into());
        } else {
            row.fault(PREFIXES, "this is no dial prefix", "write one to four digits, as 9", faults);
        }
    }
    prefixes
}
