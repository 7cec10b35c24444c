//! What a request is told.
use super::place::{Placed, told_before, told_now};
use super::request::{Code, Error, Form, Identity, Request, Target, Wanted};
use super::subject::{self, Asker, Subject};
use super::writer::{Reference, write_error, write_response};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::cache::{Cache, Named};
use crate::pidf::{self, Document};
use crate::record::Organisation;
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
    let placed = told.placed?;
    let mut out = BytesMut::with_capacity(2048);
    with_document(cache, &placed, now, chance, |document| pidf::write(&mut out, document));
    Some(out)
}

/// What a request is told when it is no error.
struct Told {
    placed: Option<Placed>,
    reference: Option<Reference>,
    subject: Subject,
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
    if wanted.exact && (wanted.forms.contains(&Form::Geodetic) || wants(Form::Uri) && may_be_named.is_none()) {
        return Err(CANNOT);
    }
    let by_value = wants(Form::Civic) || !wanted.exact && (wants(Form::Geodetic) || may_be_named.is_none());
    if by_value && placed.place().is_none() && (wanted.exact || may_be_named.is_none() || wanted.forms.is_empty()) {
        return Err(nowhere(&placed, request));
    }
    let reference = may_be_named.map(|(url, device)| {
        if cache.whereabouts(&device).is_none() {
            let _is_kept = cache.tell_whereabouts(&device, (*placed.told).clone());
        }
        let expires = Wall::from_millis(now.as_millis() + terms.lifetime.as_millis() as u64);
        let named = Named { device, organisation: Arc::clone(&organisation.id), expires };
        Reference { uri: format!("{url}{LOCATION_PATH}{}", cache.issue(named, chance)), expires }
    });
    let placed = Some(placed).filter(|placed| by_value && placed.place().is_some());
    Ok(Told { placed, reference, subject })
}

fn located(cache: &Cache, named: &Named, wanted: &Wanted, now: Wall) -> Result<Told, Error> {
    let organisation = cache.snapshot.load().organisations.get(&named.organisation).cloned().ok_or(UNKNOWN)?;
    if wanted.exact && wanted.forms != [Form::Civic] {
        return Err(CANNOT);
    }
    let subject = subject::of_token(cache, named);
    let placed = told_before(cache, &organisation, &subject, now).filter(|_| is_served(cache, &organisation, &subject));
    let placed = placed.filter(|placed| placed.place().is_some()).ok_or(UNKNOWN)?;
    Ok(Told { placed: Some(placed), reference: None, subject })
}

const UNKNOWN: Error = Error::new(Code::LocationUnknown, "no location is known");
const CANNOT: Error = Error::new(Code::CannotProvideLiType, "the location is not to be had in this form");

/// Why no place is told.
fn nowhere(placed: &Placed, request: &Request) -> Error {
    let of_no_use = |identity: &Identity| identity.target == Target::Unsupported;
    if !request.identities.is_empty() && request.identities.iter().all(of_no_use) {
        let message = "devices are known here by their hardware addresses, addresses and numbers";
        return Error { code: Code::BadIdentifier, message, required: &["mac", "ip", "uri"] };
    }
    if placed.located.is_in_conflict() {
        return Error::new(Code::LocationUnknown, "two buildings are named");
    }
    UNKNOWN
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
        Ok(Told { placed, reference, subject }) => {
            let reference = reference.as_ref();
            match placed.as_ref() {
                Some(placed) => with_document(cache, placed, now, chance, |document| {
                    write_response(&mut out, reference, Some(document), &subject.used);
                }),
                None => write_response(&mut out, reference, None, &subject.used),
            }
            (out, None)
        }
        Err(error) => {
            write_error(&mut out, &error);
            (out, Some(error.code))
        }
    }
}

fn with_document(cache: &Cache, placed: &Placed, now: Wall, chance: &mut Entropy, write: impl FnOnce(&Document<'_>)) {
    let Some(place) = placed.place() else { return };
    let domain = &cache.snapshot.load().domain;
    // New with each answer, so that two answers cannot be told to be about one device (RFC 5985 §6.6).
    let entity = format!("u-{:016x}@{domain}", chance.bits());
    let age = u64::try_from(placed.age().as_millis()).unwrap_or(u64::MAX);
    write(&Document {
        entity: &entity,
        device: "device",
        civic: &place.civic,
        shape: None,
        method: placed.located.method,
        at: Wall::from_millis(now.as_millis().saturating_sub(age)),
        now,
        note: None,
        provider: domain,
        provider_info: None,
    });
}
