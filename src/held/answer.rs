//! What a request is told.
use super::request::{Code, Error, Form, Identity, Request, Target};
use super::writer::{write_error, write_response};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::cache::Cache;
use crate::pidf::{Document, Method};
use crate::record::{Line, Location, Number};
use bytes::BytesMut;
use core::net::IpAddr;
use std::sync::Arc;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The organisation whose devices it may ask about.
    pub organisation: Arc<str>,
    /// Whether it proved that it belongs there. Who did not may ask for itself alone (RFC 6155 §4.2).
    pub proven: bool,
    /// The address that it asks from.
    pub address: IpAddr,
}

/// Answers a request with a document for the wire; the code is that of the error, when there is one.
pub fn answer(
    cache: &Cache,
    asker: &Asker,
    request: &Request,
    now: Wall,
    chance: &mut Entropy,
) -> (BytesMut, Option<Code>) {
    let mut out = BytesMut::with_capacity(4096);
    match found(cache, asker, request) {
        Ok(found) => {
            let domain = &cache.snapshot.load().domain;
            // New with each answer, so that two answers cannot be told to be about one device (RFC 5985 §6.6).
            let entity = format!("u-{:016x}@{domain}", chance.bits());
            let document = Document {
                entity: &entity,
                device: "device",
                civic: &found.location.civic,
                method: if found.location.default { Method::Default } else { Method::Manual },
                at: now,
                provider: domain,
                provider_info: None,
            };
            write_response(&mut out, &document, &found.used);
            (out, None)
        }
        Err(error) => {
            write_error(&mut out, &error);
            (out, Some(error.code))
        }
    }
}

/// Whether a request is about another than who asks from this address.
pub fn names_another(request: &Request, address: IpAddr) -> bool {
    request.identities.iter().any(|identity| identity.target != Target::Ip(address))
}

/// A location, and the identities that led to it.
struct Found {
    location: Arc<Location>,
    used: Vec<Identity>,
}

fn found(cache: &Cache, asker: &Asker, request: &Request) -> Result<Found, Error> {
    // A civic address is all that there is to give; `exact` means all of these forms and no other.
    if request.wanted.exact && request.wanted.forms != [Form::Civic] {
        return Err(Error::new(Code::CannotProvideLiType, "only a civic address can be given here"));
    }
    let mut line: Option<Arc<Line>> = None;
    let mut used = Vec::new();
    for identity in &request.identities {
        match &identity.target {
            Target::Malformed => return Err(Error::new(Code::BadIdentifier, "an identity is not well formed")),
            Target::Ip(address) if *address == asker.address => {}
            _ if !asker.proven => {
                return Err(Error::new(Code::BadIdentifier, "without credentials nobody asks for another device"));
            }
            Target::Number(number) => {
                let named = listed(cache, asker, *number)?;
                if line.as_ref().is_some_and(|line| line.number != named.number) {
                    return Err(Error::new(Code::BadIdentifier, "the identities name two devices"));
                }
                line = Some(named);
                used.push(identity.clone());
            }
            // Beside a number these may stand; alone they lead nowhere, which the end says.
            Target::Ip(_) | Target::Mac(_) | Target::Unsupported => {}
        }
    }
    let Some(line) = line else { return Err(nowhere(request)) };
    let served = cache.snapshot.load().site(&line.site).is_some_and(|site| site.stage1);
    match &line.location {
        Some(location) if served => Ok(Found { location: Arc::clone(location), used }),
        _ => Err(UNKNOWN),
    }
}

const UNKNOWN: Error = Error::new(Code::LocationUnknown, "no location is known");

/// A number that is not listed and one of somebody else look the same.
fn listed(cache: &Cache, asker: &Asker, number: Number) -> Result<Arc<Line>, Error> {
    if let Some(line) = cache.line(&asker.organisation, number, "") {
        return Ok(line);
    }
    let snapshot = cache.snapshot.load();
    let mut codes = snapshot.sites.values().filter(|site| site.organisation == asker.organisation).map(|site| {
        let plan = snapshot.dial_plan(&site.country);
        plan.calling_code.as_str()
    });
    let first = codes.next().unwrap_or_default();
    // Where sites are in several countries, a number without its country could be anybody's.
    let code = if codes.all(|code| code == first) { first } else { "" };
    cache
        .line(&asker.organisation, number, code)
        .ok_or(const { Error::new(Code::BadIdentifier, "an identity is not known here") })
}

fn nowhere(request: &Request) -> Error {
    let of_no_use = |identity: &Identity| identity.target == Target::Unsupported;
    if !request.identities.is_empty() && request.identities.iter().all(of_no_use) {
        let message = "devices are known here by their numbers";
        return Error { code: Code::BadIdentifier, message, required: &["uri"] };
    }
    UNKNOWN
}
