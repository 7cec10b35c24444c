//! What a request is told.
use super::place::{Placed, told_before, told_now};
use super::request::{Code, Error, Form, Identity, Measurement, Request, Target, Wanted};
use super::route::{Route, route};
use super::subject::{self, Asker, Subject};
use super::writer::{Reference, write_error, write_response};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::cache::{Cache, Named};
use crate::pidf::{self, Document};
use crate::record::{Civic, Location, Organisation};
use bytes::BytesMut;
use core::time::Duration;
use std::sync::Arc;

/// On which terms location URIs are given.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What a location URI begins with, as `https://lis.example.com`. Without it none is given.
    pub public_url: Option<Arc<str>>,
    /// How long one is answered with a place.
    pub lifetime: Duration,
}

pub use crate::cache::whereabouts::LOCATION_PATH;

/// Answers a request with a document for the wire; the code is that of the error, when there is one.
pub fn answer(
    cache: &Cache,
    terms: &Terms,
    asker: &Asker,
    request: &Request,
    now: Wall,
    chance: &mut Entropy,
) -> (BytesMut, Option<Code>) {
    written(found(cache, terms, asker, request, now, chance), cache, now, chance)
}

/// Answers whoever holds a location URI whose token names this device (RFC 6753 §3): with the place where it is now, and
/// never with a location URI.
pub fn dereference(
    cache: &Cache,
    named: &Named,
    wanted: &Wanted,
    now: Wall,
    chance: &mut Entropy,
) -> (BytesMut, Option<Code>) {
    written(located(cache, named, wanted, now), cache, now, chance)
}

/// The same as a bare PIDF-LO document (RFC 6753 §3.2). `None` when no place is known.
pub fn presence(cache: &Cache, named: &Named, now: Wall, chance: &mut Entropy) -> Option<BytesMut> {
    let told = located(cache, named, &Wanted::default(), now).ok()?;
    let (placed, shown) = told.placed?;
    let mut out = BytesMut::with_capacity(2048);
    with_document(cache, &placed, shown, now, chance, |document| pidf::write(&mut out, document));
    Some(out)
}

/// What a request is told when it is no error.
struct Told {
    placed: Option<(Placed, Shown)>,
    reference: Option<Reference>,
    route: Option<Route>,
    subject: Subject,
}

/// In which forms a place is told by value.
#[derive(Clone, Copy)]
struct Shown {
    civic: bool,
    shape: bool,
}

impl Shown {
    /// The forms that are wanted and there; where none of them is, the other one, unless these and no others will do. `None`
    /// then.
    fn of(place: &Location, wanted: &Wanted) -> Option<Shown> {
        let (civic, shape) = (place.civic.elements().next().is_some(), place.shape.is_some());
        let wants = |form| wanted.forms.is_empty() || wanted.forms.contains(&form);
        let (wants_civic, wants_shape) = (wants(Form::Civic), wants(Form::Geodetic));
        let lacks = wants_civic && !civic || wants_shape && !shape;
        let shown = Shown {
            civic: civic && (wants_civic || !(wants_shape && shape)),
            shape: shape && (wants_shape || !(wants_civic && civic)),
        };
        Some(shown).filter(|_| !(wanted.exact && lacks))
    }
}

fn found(
    cache: &Cache,
    terms: &Terms,
    asker: &Asker,
    request: &Request,
    now: Wall,
    chance: &mut Entropy,
) -> Result<Told, Error> {
    let subject = subject::of_request(cache, asker, request)?;
    let organisation = cache.snapshot.load().organisations.get(&asker.organisation).cloned().ok_or(UNKNOWN)?;
    if in_tunnel(&organisation, &subject) && request.measured.is_empty() {
        return Err(Error::new(Code::NotLocatable, "an address in a tunnel says nothing of where a device is"));
    }
    let placed = told_now(cache, &organisation, &subject, &request.measured, now);
    if !is_served(cache, &organisation, &subject) {
        return Err(UNKNOWN);
    }
    let wanted = &request.wanted;
    let wants = |form| wanted.forms.is_empty() || wanted.forms.contains(&form);
    let url = terms.public_url.as_deref().filter(|_| wants(Form::Uri));
    let may_be_named = url.zip(subject.id.clone());
    if wanted.exact && wants(Form::Uri) && may_be_named.is_none() {
        return Err(CANNOT);
    }
    let by_value = wants(Form::Civic) || wants(Form::Geodetic) || !wanted.exact && may_be_named.is_none();
    if by_value && placed.place().is_none() && (wanted.exact || may_be_named.is_none() || wanted.forms.is_empty()) {
        return Err(nowhere(&placed, request));
    }
    let shown = placed.place().map(|place| Shown::of(place, wanted).ok_or(CANNOT)).transpose()?;
    let reference = may_be_named.map(|(url, device)| {
        if cache.whereabouts(&device).is_none() {
            let _is_kept = cache.tell_whereabouts(&device, (*placed.told).clone());
        }
        let expires = Wall::from_millis(now.as_millis() + terms.lifetime.as_millis() as u64);
        let named = Named { device, organisation: Arc::clone(&organisation.id), expires };
        Reference { uri: format!("{url}{LOCATION_PATH}{}", cache.issue(named, chance)), expires }
    });
    let route = request.routing.then(|| route_of(cache, &subject, &placed));
    let placed = shown.filter(|_| by_value).map(|shown| (placed, shown));
    Ok(Told { placed, reference, route, subject })
}

fn located(cache: &Cache, named: &Named, wanted: &Wanted, now: Wall) -> Result<Told, Error> {
    let organisation = cache.snapshot.load().organisations.get(&named.organisation).cloned().ok_or(UNKNOWN)?;
    if wanted.exact && wanted.forms.contains(&Form::Uri) {
        return Err(CANNOT);
    }
    let subject = subject::of_token(cache, named);
    let placed = told_before(cache, &organisation, &subject, now).filter(|_| is_served(cache, &organisation, &subject));
    let placed = placed.ok_or(UNKNOWN)?;
    let shown = Shown::of(placed.place().ok_or(UNKNOWN)?, wanted).ok_or(CANNOT)?;
    Ok(Told { placed: Some((placed, shown)), reference: None, route: None, subject })
}

/// Whom an emergency call of the device reaches: by its line's site, else by that of the network which it asks from.
fn route_of(cache: &Cache, subject: &Subject, placed: &Placed) -> Route {
    let snapshot = cache.snapshot.load();
    let address = subject.address.or(subject.public);
    let of_network = || snapshot.site_at(&subject.organisation, address?);
    let site = subject.line.as_ref().and_then(|line| snapshot.site(&line.site)).or_else(of_network);
    route(&snapshot, site.map(AsRef::as_ref), &placed.located, subject)
}

const UNKNOWN: Error = Error::new(Code::LocationUnknown, "no location is known");
const CANNOT: Error = Error::new(Code::CannotProvideLiType, "the location is not to be had in this form");

/// Why no place is told.
fn nowhere(placed: &Placed, request: &Request) -> Error {
    let of_no_use = |identity: &Identity| identity.target == Target::Unsupported;
    if !request.identities.is_empty() && request.identities.iter().all(of_no_use) {
        let message = "devices are known here by their hardware addresses, addresses and numbers";
        return Error { code: Code::BadIdentifier, message, required: &["mac", "ip", "uri"], wanting: &[] };
    }
    if placed.located.is_in_conflict() {
        return Error::new(Code::LocationUnknown, "two buildings are named");
    }
    Error { wanting: wanting(request), ..UNKNOWN }
}

/// What a device could measure and did not. Who asks about a line alone is no device and sees nothing of its network.
fn wanting(request: &Request) -> &'static [Measurement] {
    let is_number = |identity: &Identity| matches!(identity.target, Target::Number(_));
    let has_switch = request.measured.iter().any(|interface| !interface.switches.is_empty());
    let has_radio = request.measured.iter().any(|interface| !interface.access_points.is_empty());
    match (has_switch, has_radio) {
        _ if !request.identities.is_empty() && request.identities.iter().all(is_number) => &[],
        (false, false) => &[Measurement::Lldp, Measurement::Wifi],
        (false, true) => &[Measurement::Lldp],
        (true, false) => &[Measurement::Wifi],
        (true, true) => &[],
    }
}

fn in_tunnel(organisation: &Organisation, subject: &Subject) -> bool {
    let address = subject.address.or(subject.public);
    address.is_some_and(|address| organisation.vpn.iter().any(|network| network.holds(address)))
}

/// Whether location requests of the device's users are ours to answer (rulings: stage 1). Where no line tells the site, one
/// such site of the organisation is enough.
pub(super) fn is_served(cache: &Cache, organisation: &Organisation, subject: &Subject) -> bool {
    let snapshot = cache.snapshot.load();
    match &subject.line {
        Some(line) => snapshot.site(&line.site).is_some_and(|site| site.stage1),
        None => snapshot.sites.values().any(|site| site.organisation == organisation.id && site.stage1),
    }
}

fn written(told: Result<Told, Error>, cache: &Cache, now: Wall, chance: &mut Entropy) -> (BytesMut, Option<Code>) {
    let mut out = BytesMut::with_capacity(4096);
    match told {
        Ok(Told { placed, reference, route, subject }) => {
            let (reference, route) = (reference.as_ref(), route.as_ref());
            match placed.as_ref() {
                Some((placed, shown)) => with_document(cache, placed, *shown, now, chance, |document| {
                    write_response(&mut out, reference, Some(document), route, &subject.used);
                }),
                None => write_response(&mut out, reference, None, route, &subject.used),
            }
            (out, None)
        }
        Err(error) => {
            write_error(&mut out, &error);
            (out, Some(error.code))
        }
    }
}

fn with_document(
    cache: &Cache,
    placed: &Placed,
    shown: Shown,
    now: Wall,
    chance: &mut Entropy,
    write: impl FnOnce(&Document<'_>),
) {
    let Some(place) = placed.place() else { return };
    let domain = &cache.snapshot.load().domain;
    // New with each answer, so that two answers cannot be told to be about one device (RFC 5985 §6.6).
    let entity = format!("u-{:016x}@{domain}", chance.bits());
    let age = u64::try_from(placed.age().as_millis()).unwrap_or(u64::MAX);
    write(&Document {
        entity: &entity,
        device: "device",
        civic: if shown.civic { &place.civic } else { Civic::NOTHING },
        shape: place.shape.as_deref().filter(|_| shown.shape),
        method: placed.located.method,
        source: placed.source(),
        at: Wall::from_millis(now.as_millis().saturating_sub(age)),
        now,
        note: None,
        provider: domain,
        provider_info: None,
    });
}
