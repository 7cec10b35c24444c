//! An INVITE in plain words. From here down there is no SIP.
use super::ask::Fetched;
use super::{forwarding, geolocation, judge, marks};
use crate::base::private::Private;
use crate::cache::Snapshot;
use crate::classify::Dialled;
use crate::fact::Defect;
use crate::location::device::Marks;
use crate::pidf::{self, Conveyed};
use crate::record::{Ladder, Measurements, Number, Source, WebAddress};
use crate::sip::message::{ContentLength, Message, Name, NameAddr, Scheme, Uri, multipart, transfer, uri};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

/// What a caller asks for. It has no `Debug`: what was dialled is private.
#[derive(Clone)]
pub struct Asked {
    /// The trunk that it came by.
    pub source: Arc<str>,
    /// The organisation that the call belongs to.
    pub organisation: Arc<str>,
    /// The site of callers that no site lists.
    pub default_site: Arc<str>,
    /// The trunk that this source's `other` calls go to.
    pub relay_other: Option<Arc<str>>,
    /// Whether nobody knows the peer: then what it says of its caller names no line and proves no place.
    pub stranger: bool,
    /// A trunk to leave out, because the call came back from it.
    pub leave_out: Option<Arc<str>>,
    /// The caller's numbers, the most trustworthy first.
    pub numbers: SmallVec<[Number; 4]>,
    /// What the best location that came by value says.
    pub conveyed: Option<Conveyed>,
    /// What the INVITE shows of the caller's device.
    pub marks: Marks,
    /// The Contact, where it is the device's own and leads to it when the call is over.
    pub contact: Option<Private<Box<str>>>,
    /// What is known of how the caller's device is attached, where that is told by hand.
    pub measurements: Option<Measurements>,
    /// Whether locations came by reference.
    pub references: References,
    /// What one of them led to, where that is known in time.
    pub fetched: Option<Arc<Fetched>>,
    /// What is believed first of where callers of this source are.
    pub location_order: Ladder,
    dialled: String,
    dialled_params: String,
    is_urn: bool,
}

/// The locations by reference in an INVITE.
#[derive(Clone, Default)]
pub struct References {
    /// There are some that are written as none of ours is.
    foreign: bool,
    /// The hosts of those that are written as ours are.
    like_ours: SmallVec<[Box<str>; 1]>,
    /// Those that can be asked, in order, and whether each is written as ours are.
    web: SmallVec<[(Arc<WebAddress>, bool); 1]>,
}

impl References {
    fn of(invite: &Message) -> References {
        let mut found = References::default();
        for (uri, _) in geolocation::references(invite).take(MOST_REFERENCES) {
            let host = geolocation::token(uri).map(|_| geolocation::host(uri));
            found.web.extend(WebAddress::read(uri).map(|address| (Arc::new(address), host.is_some())));
            match host {
                Some(host) => found.like_ours.push(String::from_utf8_lossy(host).into()),
                None => found.foreign = true,
            }
        }
        found
    }

    /// Whether some are none of ours: where a token named the device, those that are written like it are. One at a host
    /// of ours that names nobody any more leads nowhere.
    pub fn are_foreign(&self, snapshot: &Snapshot, by_token: bool) -> bool {
        let elsewhere = || self.like_ours.iter().any(|host| !snapshot.is_our_location_host(host));
        self.foreign || (!by_token && elsewhere())
    }

    /// Those that are none of ours and can be asked, in order.
    pub fn elsewhere(&self, snapshot: &Snapshot, by_token: bool) -> impl Iterator<Item = &Arc<WebAddress>> {
        self.web.iter().filter_map(move |(address, is_like_ours)| {
            let is_ours = *is_like_ours && (by_token || snapshot.is_our_location_host(&address.authority()));
            (!is_ours).then_some(address)
        })
    }
}

/// The most locations by reference that are looked at.
const MOST_REFERENCES: usize = 16;

impl Asked {
    /// What a person asks about by hand: digits or a URN, and a number.
    pub fn by_hand(source: &Source, dialled: &str, number: Option<Number>) -> Asked {
        let urn = dialled.get(..4).filter(|head| head.eq_ignore_ascii_case("urn:")).and_then(|_| dialled.get(4..));
        Asked {
            source: source.trunk.clone(),
            organisation: source.organisation.clone(),
            default_site: source.default_site.clone(),
            relay_other: source.relay_other.clone(),
            stranger: false,
            leave_out: None,
            numbers: number.into_iter().collect(),
            conveyed: None,
            marks: Marks::default(),
            contact: None,
            measurements: None,
            references: References::default(),
            fetched: None,
            location_order: source.location_order,
            dialled: urn.unwrap_or(dialled).to_owned(),
            dialled_params: String::new(),
            is_urn: urn.is_some(),
        }
    }

    /// What was dialled.
    pub fn dialled(&self) -> Dialled<'_> {
        if self.is_urn { Dialled::Urn(&self.dialled) } else { Dialled::Number(&self.dialled, &self.dialled_params) }
    }
}

/// Reads an INVITE from a known source.
pub fn read(invite: &Message, source: &Source, leave_out: Option<Arc<str>>, stranger: bool) -> Asked {
    let (is_urn, dialled, dialled_params) = dialled(invite);
    let (conveyed, references) = locations(invite);
    let contact = invite.contact();
    Asked {
        source: source.trunk.clone(),
        organisation: source.organisation.clone(),
        default_site: source.default_site.clone(),
        relay_other: source.relay_other.clone(),
        stranger,
        leave_out,
        numbers: numbers(invite),
        conveyed,
        marks: marks::read(invite, source, contact),
        contact: contact.and_then(|contact| marks::own_contact(&contact)),
        measurements: None,
        references,
        fetched: None,
        location_order: source.location_order,
        dialled,
        dialled_params,
        is_urn,
    }
}

/// The Request-URI decides; To is looked at only when the Request-URI names nobody (RFC 3261 §16.5, §8.2.2.1).
fn dialled(invite: &Message) -> (bool, String, String) {
    let request = Uri::read(uri::without_brackets(invite.request_uri()));
    let to = || invite.to().map(|to| to.uri);
    let chosen = request.filter(|uri| !uri.user.is_empty()).or_else(to).or(request);
    let Some(uri) = chosen else { return (false, String::new(), String::new()) };
    (uri.scheme == Scheme::Urn, text(uri.user), text(uri.params))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// PAI, then P-Preferred-Identity, Remote-Party-ID and From: the order in which a PBX is to be believed. A number that
/// forwarded the call is left out, unless there is no other.
pub fn numbers(invite: &Message) -> SmallVec<[Number; 4]> {
    let mut found: SmallVec<[Number; 4]> = SmallVec::new();
    let headers = [Name::PAssertedIdentity, Name::PPreferredIdentity, Name::RemotePartyId];
    let asserted = headers.into_iter().flat_map(|name| invite.list(name)).filter_map(NameAddr::read);
    for address in asserted.chain(invite.from()).take(8) {
        if let Some(number) = number_of(&address).filter(|number| !found.contains(number) && !is_anonymous(number)) {
            found.push(number);
        }
    }
    // Who forwards a call is not who calls: its address would lead help to the wrong place (RFC 6881 SP-39).
    let forwarders = forwarding::forwarders(invite);
    if found.iter().any(|number| !forwarders.contains(number)) {
        found.retain(|number| !forwarders.contains(number));
    }
    found
}

/// The number in the user part of an address.
pub fn number_of(address: &NameAddr<'_>) -> Option<Number> {
    let user: Cow<'_, [u8]> = address.uri.user_text();
    core::str::from_utf8(&user).ok().and_then(Number::read)
}

fn is_anonymous(number: &Number) -> bool {
    hides(number.expose().as_bytes())
}

/// Words that stand where a number or a name would (RFC 3323 §4.1, RFC 3325 §7).
pub fn hides(text: &[u8]) -> bool {
    let words = ["anonymous", "restricted", "unavailable", "unknown", "private", "withheld"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
}

fn locations(invite: &Message) -> (Option<Conveyed>, References) {
    let content_type = invite.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, invite.body_slice());
    let documents = parts.iter().filter(|part| part.is("application/pidf+xml"));
    let documents = documents.map(|part| transfer::decoded(part.encoding, part.content));
    let conveyed = pidf::best(documents);
    (conveyed, References::of(invite))
}

/// Faults of an INVITE that do not stop an emergency call (rulings 1), each a fact.
pub fn defects(invite: &Message) -> impl Iterator<Item = Defect> + use<> {
    let uri = Uri::read(invite.request_uri());
    let has_session = || {
        let content_type = invite.value(Name::ContentType).unwrap_or_default();
        multipart::is_type(content_type, "application/sdp")
            || multipart::parts(content_type, invite.body_slice()).iter().any(|part| part.is("application/sdp"))
    };
    let checks = [
        (Defect::Version, invite.version() != b"SIP/2.0"),
        (Defect::MaxForwards, !matches!(invite.number(Name::MaxForwards), Some(1..=255))),
        (Defect::Require, judge::unknown_extensions(invite).next().is_some()),
        (Defect::Contact, invite.first(Name::Contact).is_none() || judge::has_bad_contact(invite)),
        (Defect::Dropped, invite.dropped() > 0),
        (Defect::FromTag, invite.from_tag().is_none()),
        (Defect::From, !judge::is_strict(invite, Name::From)),
        (Defect::To, !judge::is_strict(invite, Name::To)),
        (Defect::ToTag, invite.to_tag().is_some()),
        (Defect::Via, judge::has_bad_via(invite)),
        (Defect::RequestUri, uri.is_none_or(|uri| judge::is_bent(&uri))),
        (Defect::Repeated, judge::repeats(invite)),
        (Defect::ContentLength, invite.content_length() == ContentLength::Unusable),
        (Defect::Body, invite.fault().is_some()),
        (Defect::TakesOver, [Name::Replaces, Name::Join].into_iter().any(|name| invite.value(name).is_some())),
        (Defect::Location, geolocation::points_nowhere(invite)),
        (Defect::NoSession, !invite.body_slice().is_empty() && !has_session()),
    ];
    checks.into_iter().filter(|(_, found)| *found).map(|(defect, _)| defect)
}
