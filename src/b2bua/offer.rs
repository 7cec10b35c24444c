//! The INVITE that a target gets: its request line and headers, by the trunk's profile.
use super::attempt::Sent;
use super::blocks::Blocks;
use super::body::{Body, Documents, FETCHED, Naming, Ours, Placed};
use super::call::Call;
use super::core::{Core, DATAGRAM_BYTES, PRODUCT};
use super::geolocation;
use super::headers::{self, Abilities, CALLBACK_MARK, Fate};
use super::presented::{self, Presented};
use super::ring::Ring;
use super::terms::{Load, Terms};
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::base::private::Private;
use crate::cache::Snapshot;
use crate::callback;
use crate::classify::Class;
use crate::pidf;
use crate::record::{Conveyance, LocationPosition, Number, Profile, TrunkKind};
use crate::routing::{Second, Target, Way};
use crate::sip::cseq;
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::uri::without_brackets;
use crate::sip::message::writer::{put_address, put_number};
use crate::sip::message::{Field, Message, Method, Name, Scheme, SessionId, Uri, Writer, limits};
use crate::sip::transaction::ClientId;
use bytes::{Bytes, BytesMut};
use core::fmt::Write as _;
use core::net::SocketAddr;
use core::ops::Range;
use core::time::Duration;
use smallvec::SmallVec;

/// How many branches a call may have at once whose caller says nothing of it (RFC 5393 §5.3.3).
const BREADTH: u32 = 60;

/// Where the Request-URI begins in an INVITE of ours.
const REQUEST_URI_AT: usize = Method::Invite.text().len() + " ".len();

/// What the usual Request-URI fits in.
const USUAL_URI: usize = 64;

/// A written INVITE.
pub struct Written {
    /// The message.
    pub bytes: Bytes,
    /// What it says.
    pub sent: Sent,
    /// The number that it shows.
    pub number: Option<Number>,
    /// The location documents in it.
    pub documents: Documents,
    /// The location URIs in it.
    pub references: SmallVec<[Private<Box<str>>; 1]>,
}

/// Where in a message its parties are named.
#[derive(Default)]
struct Parties {
    from: Range<usize>,
    call_id: Range<usize>,
}

/// What stands in the head of one INVITE and in no other.
#[derive(Clone, Copy)]
pub struct Head {
    /// Our tag, which the Call-ID is made of too: one that is asked again has the same (RFC 3261 §8.1.3.5).
    pub tag: Handle,
    /// The transaction.
    pub client: ClientId,
    /// The path.
    pub flow: Flow,
    /// The CSeq number.
    pub cseq: u32,
}

/// What the writing of one INVITE looks at.
struct Sheet<'a> {
    invite: &'a Message,
    ring: &'a Ring,
    target: &'a Target,
    profile: Profile,
    caller: Presented<'a>,
    naming: Naming<'a>,
    terms: Terms,
    head: Head,
    now: Now,
}

/// Writes the INVITE for a target at this address; a large one takes the stream that the probe has opened, else it leaves
/// as datagram fragments at once (rulings 11: size never delays a call).
pub fn write_for(
    core: &Core,
    call: &Call,
    target: &Target,
    head: Head,
    peer: SocketAddr,
    now: Now,
) -> Option<(Flow, Written)> {
    let written = write(core, call, target, head, now)?;
    if written.bytes.len() <= DATAGRAM_BYTES {
        return Some((head.flow, written));
    }
    match core.path(&target.trunk, peer, true) {
        Some(stream) if stream.transport != head.flow.transport => {
            Some((stream, write(core, call, target, Head { flow: stream, ..head }, now)?))
        }
        _ => Some((head.flow, written)),
    }
}

/// Writes the INVITE for a target; `None` when it would be more than any message may be.
pub fn write(core: &Core, call: &Call, target: &Target, head: Head, now: Now) -> Option<Written> {
    let ring = call.ring.as_deref()?;
    let snapshot = core.cache.snapshot.load();
    let decision = &ring.decision;
    let (invite, domain) = (&ring.invite, &*snapshot.domain);
    let profile = profile_for(target, decision.classified.class, decision.plan.way);
    let shown = match profile {
        Profile::Whole | Profile::Crisis => decision.callback,
        _ => callback::of_document(&target.trunk, decision.located.elin).or_else(|| {
            let place = decision.located.stands_at().map(AsRef::as_ref);
            callback::on_trunk(&target.trunk, place, decision.callback, decision.reach.unleased)
        }),
    };
    let sheet = Sheet {
        invite,
        ring,
        target,
        profile,
        caller: Presented::new(invite, profile, shown, domain, call.token),
        naming: Naming { nonce: head.tag.nonce, domain, at: now.wall },
        terms: ring.terms(&target.trunk),
        head,
        now,
    };
    let body = Body::new(invite, profile, ours(&sheet, &snapshot), sheet.terms.load);
    Some(sheet.write(core, &body)).filter(|written| is_readable(&written.bytes))
}

/// Whether a message of ours is within what a reader takes; a small one always is.
fn is_readable(bytes: &Bytes) -> bool {
    bytes.len() <= limits::START_LINE || Message::read(bytes.clone()).is_ok()
}

/// The trunk's profile, but for the classes that have rules of their own: a crisis call carries no location and keeps
/// its caller's privacy on every trunk; other calls, and those of a site that its own gateway serves, are passed on
/// whole (rulings 4, 10).
fn profile_for(target: &Target, class: Class, way: Way) -> Profile {
    match (class, way) {
        (Class::Crisis, _) => Profile::Crisis,
        (Class::Other | Class::Callback, _) | (_, Way::Gateway) => Profile::Whole,
        _ => target.trunk.profile,
    }
}

/// What we add: the place that won and those in dispute, else for a relay call that fell back to a PSAP the site's own
/// address, marked as a default (rulings 7; RFC 6881 SP-22); on i3 routes what is known about the call.
fn ours<'a>(sheet: &Sheet<'a>, snapshot: &Snapshot) -> Ours<'a> {
    let fetched = sheet.ring.decision.fetched.as_deref();
    let mut ours = Ours { position: sheet.target.trunk.location_position, ..Ours::default() };
    if !matches!(sheet.profile, Profile::I3 | Profile::Relay) {
        return ours;
    }
    ours.fetched = fetched;
    let decision = &sheet.ring.decision;
    let (located, site) = (&decision.located, &decision.site.civic);
    let caveat = located.caveat;
    if sheet.uri().is_none() || sheet.target.trunk.conveyance != Conveyance::Reference {
        let best = located.place.as_deref();
        ours.places.extend(best.map(|at| Placed {
            civic: &at.civic,
            shape: at.shape.as_deref(),
            method: located.method,
            age: located.age,
            caveat,
        }));
        let disputed = located.disputed.iter().filter(|at| best.is_none_or(|best| best.id != at.id));
        let method = if located.place.is_some() { located.method } else { pidf::Method::Wiremap };
        ours.places.extend(disputed.map(|at| Placed {
            civic: &at.civic,
            shape: at.shape.as_deref(),
            method,
            age: located.age,
            caveat,
        }));
        if ours.places.is_empty() && fetched.is_none() && sheet.target.with_default && site.elements().next().is_some()
        {
            let method = pidf::Method::Default;
            ours.places.push(Placed { civic: site, shape: None, method, age: Duration::ZERO, caveat: None });
        }
    }
    let has_blocks = sheet.profile == Profile::I3 && sheet.terms.load == Load::All;
    ours.blocks = has_blocks.then(|| Blocks::of(decision, snapshot, sheet.invite));
    ours
}

impl Sheet<'_> {
    fn write(&self, core: &Core, body: &Body<'_>) -> Written {
        let uri = self.request_uri();
        let mut writer = Writer::request(core.buffer(), Method::Invite, &uri);
        self.hop(&mut writer);
        let parties = self.parties(&mut writer, &uri);
        self.location(&mut writer, body);
        let replaces = self.caller.replaces();
        let class = self.ring.decision.classified.class;
        for field in self.invite.fields() {
            let fate = headers::fate(self.profile, replaces, self.invite, field);
            let is_ours = class == Class::Callback
                && (field.name == Name::Priority
                    || self.adds(field)
                    || (field.name == Name::AlertInfo && self.insists()));
            if fate == Fate::Kept
                && !is_ours
                && !(field.name == Name::CallInfo && body.lacks(self.invite.field_value(field)))
            {
                writer.copy(self.invite, field);
            }
        }
        if let Some(referral) = self.ring.referral.as_deref() {
            referral.write(&mut writer);
        }
        self.abilities(&mut writer, body.has_session());
        // A first INVITE may go to another address of the trunk than the one that has asked.
        let mut credentials = self.terms.credentials.clone().filter(|_| self.head.cseq > 1);
        if let Some(credentials) = &mut credentials {
            credentials.write(&mut writer, Method::Invite.text().as_bytes(), &uri);
        }
        let (bytes, documents) = body.finish(core, writer, &self.naming);
        let place = |at: Range<usize>| bytes.slice(at);
        let sent = Sent {
            uri: place(REQUEST_URI_AT..REQUEST_URI_AT + uri.len()),
            from: place(parties.from),
            call_id: place(parties.call_id),
            cseq: self.head.cseq,
            profile: self.profile,
            credentials,
            speaker: SessionId::of(self.invite).local,
            session: body.session().cloned(),
            carried: body.load(),
        };
        Written { bytes, sent, number: self.caller.number(), documents, references: self.references(body) }
    }

    /// Request-URI by profile; a service is named as RFC 5031 names it.
    fn request_uri(&self) -> BytesMut {
        let mut out = BytesMut::with_capacity(USUAL_URI);
        let decision = &self.ring.decision;
        let trunk = &self.target.trunk;
        if let Some(referral) = self.ring.referral.as_deref() {
            extend(&mut out, &[&referral.uri(trunk)]);
            return out;
        }
        if let Some(rung) = &self.target.rung {
            extend(&mut out, &[rung.uri.expose()]);
            return out;
        }
        if let (Profile::I3, Some(service)) = (self.profile, decision.classified.service.as_ref()) {
            extend(&mut out, &[service]);
            return out;
        }
        let passed_on = self.profile == Profile::Whole
            || (self.profile == Profile::Crisis && trunk.kind == TrunkKind::Gateway && self.target.dial.is_none());
        let Some(number) = decision.classified.number.as_ref().map(Number::expose).filter(|_| !passed_on) else {
            extend(&mut out, &[&self.as_dialled(&host_port(&trunk.host, trunk.port))]);
            return out;
        };
        let (user, kind) = match (self.profile, &trunk.account, self.target.dial) {
            (_, _, Some(dial)) => (dial, ";user=phone"),
            (Profile::Relay, Some(account), _) => (&**account, ""),
            (Profile::Relay | Profile::Test, ..) => (number, ""),
            _ => (number, ";user=phone"),
        };
        extend(&mut out, &["sip:", user, "@"]);
        put_host_port(&mut out, &trunk.host, trunk.port);
        extend(&mut out, &[kind]);
        out
    }

    /// What was dialled, at the trunk's host. Where nothing was, or a service that the old telephone network has no
    /// digits for but a number, the number; else the URI as it came.
    fn as_dialled(&self, host: &str) -> String {
        let mut out = BytesMut::new();
        let uri = Uri::read(without_brackets(self.invite.request_uri()));
        let number = self.ring.decision.classified.number.as_ref().map(Number::expose);
        match (uri, number) {
            (Some(uri), _) if matches!(uri.scheme, Scheme::Sip | Scheme::Sips) && !uri.user.is_empty() => {
                put(&mut out, format_args!("sip:"));
                presented::write_uri(&mut out, uri.user);
                put(&mut out, format_args!("@{host}"));
                if let Some(kind) = uri.param("user").filter(|kind| !kind.is_empty()) {
                    put(&mut out, format_args!(";user="));
                    presented::write_uri(&mut out, kind);
                }
            }
            // The parameters of a telephone number are part of the user (RFC 3261 §19.1.6).
            (Some(uri), _) if uri.scheme == Scheme::Tel && !uri.user.is_empty() => {
                put(&mut out, format_args!("sip:"));
                presented::write_uri(&mut out, uri.user);
                if !uri.params.is_empty() {
                    put(&mut out, format_args!(";"));
                    presented::write_uri(&mut out, uri.params);
                }
                put(&mut out, format_args!("@{host};user=phone"));
            }
            (_, Some(number)) => put(&mut out, format_args!("sip:{number}@{host};user=phone")),
            (Some(uri), None) if !matches!(uri.scheme, Scheme::Sip | Scheme::Sips) => {
                presented::write_uri(&mut out, uri.text);
            }
            _ => put(&mut out, format_args!("sip:{host}")),
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    fn hop(&self, writer: &mut Writer) {
        let Head { client, flow, .. } = self.head;
        writer.field_with(Name::Via, |out| {
            let branch = client.branch();
            via(out, flow, &branch);
        });
        let forwards = match self.invite.number(Name::MaxForwards) {
            Some(hops @ 2..=255) => hops - 1,
            Some(1) if self.ring.decision.classified.class == Class::Other => 0,
            None if !self.is_limited() => 70,
            // A call that ran out of hops is an emergency call all the same and gets a few more (rulings 1).
            _ => 10,
        };
        writer.number(Name::MaxForwards, forwards);
        // Two targets may be open at once, and share what the caller allows (RFC 5393 §5.3.3).
        let breadth = self.invite.number(Name::MaxBreadth).unwrap_or(BREADTH);
        let share = if self.ring.decision.plan.targets.len() > 1 { breadth / 2 } else { breadth };
        writer.number(Name::MaxBreadth, share.max(1));
    }

    /// Whether the hops of an emergency call are limited, though by nothing that can be read.
    fn is_limited(&self) -> bool {
        self.ring.decision.classified.class != Class::Other && self.invite.value(Name::MaxForwards).is_some()
    }

    fn parties(&self, writer: &mut Writer, uri: &[u8]) -> Parties {
        let mut parties = Parties::default();
        let tag = self.head.tag.text();
        writer.field_with(Name::From, |out| {
            let begin = out.len();
            self.caller.write_from(out);
            extend(out, &[";tag=", &tag]);
            parties.from = begin..out.len();
        });
        // A call passed on whole keeps the To that it came with, unless another number is dialled.
        let as_it_came = self.profile == Profile::Whole && self.target.dial.is_none() && self.ring.referral.is_none();
        let as_it_came = as_it_came && self.target.rung.is_none();
        let to = self.invite.to().filter(|_| as_it_came);
        writer.field_with(Name::To, |out| match to {
            Some(to) => {
                presented::write_display(out, &to);
                presented::write_bracketed(out, to.uri.text);
            }
            None => {
                out.extend_from_slice(b"<");
                out.extend_from_slice(uri);
                out.extend_from_slice(b">");
            }
        });
        writer.field_with(Name::CallId, |out| {
            let begin = out.len();
            extend(out, &[&tag, "@", self.naming.domain]);
            parties.call_id = begin..out.len();
        });
        cseq::write(writer, self.head.cseq, Method::Invite.text().as_bytes());
        writer.field_with(Name::Contact, |out| self.caller.write_contact(out, self.head.flow));
        self.caller.write_asserted(writer);
        parties
    }

    /// All locations that came, then ours, marked as ours (RFC 6442 §4.1, RFC 8787 §4).
    fn location(&self, writer: &mut Writer, body: &Body<'_>) {
        if !matches!(self.profile, Profile::I3 | Profile::Relay | Profile::Test) {
            return;
        }
        let reference = self.naming.reference();
        let conveys = self.profile != Profile::Test;
        if conveys {
            let by_value = self.terms.load <= Load::Locations;
            let is_first = self.target.trunk.location_position == LocationPosition::Prepend;
            if is_first {
                self.own_locations(writer, body, &reference);
            }
            let by_reference = self.passes_references(body);
            geolocation::write_received(writer, self.invite, self.naming.domain, by_value, by_reference);
            if body.has_fetched() {
                self.marked(writer, &["cid:", FETCHED, "-", &reference].concat());
            }
            if !is_first {
                self.own_locations(writer, body, &reference);
            }
        }
        let received = self.invite.value(Name::Geolocation).is_some() && self.terms.load <= Load::Locations;
        let ours = body.places() > 0 || body.has_fetched() || (conveys && self.uri().is_some());
        if self.profile != Profile::Relay || ours || received || geolocation::references(self.invite).next().is_some() {
            writer.field(Name::GeolocationRouting, "yes");
        }
        for (kind, block) in body.blocks().iter().flat_map(|blocks| blocks.kinds()) {
            writer.field_with(Name::CallInfo, |out| {
                put(out, format_args!("<cid:{kind}-{reference}>;purpose=EmergencyCallData.{block}"));
            });
        }
    }

    /// Ours, marked as ours (RFC 8787 §4): a reference to where the device is at any time, then the documents.
    fn own_locations(&self, writer: &mut Writer, body: &Body<'_>, reference: &str) {
        let uri = self.uri().map(str::to_owned);
        let parts = (0..body.places()).map(|number| ["cid:", &self.naming.place(number, reference)].concat());
        for uri in uri.into_iter().chain(parts) {
            self.marked(writer, &uri);
        }
    }

    fn marked(&self, writer: &mut Writer, uri: &str) {
        writer.field_with(Name::Geolocation, |out| extend(out, &["<", uri, ">;loc-src=", self.naming.domain]));
    }

    /// Whether references that came go along. Where nothing else is known, one is better than nothing.
    fn passes_references(&self, body: &Body<'_>) -> bool {
        self.target.trunk.takes_references || !body.has_location()
    }

    /// Our location URI for this call, where the trunk wants one.
    fn uri(&self) -> Option<&str> {
        let wanted = self.target.trunk.conveyance.wants_reference();
        self.ring.decision.location_uri.as_ref().filter(|_| wanted).map(|uri| &**uri.expose())
    }

    /// The location URIs that go along: those that came, and ours.
    fn references(&self, body: &Body<'_>) -> SmallVec<[Private<Box<str>>; 1]> {
        if !matches!(self.profile, Profile::I3 | Profile::Relay | Profile::Whole) {
            return SmallVec::new();
        }
        let ours = self.uri().filter(|_| self.profile != Profile::Whole).map(|uri| Private::new(uri.into()));
        let came =
            geolocation::references(self.invite).map(|(uri, _)| Private::new(String::from_utf8_lossy(uri).into()));
        let goes = self.profile == Profile::Whole || self.passes_references(body);
        let came = came.filter(|_| goes);
        if self.target.trunk.location_position == LocationPosition::Prepend {
            ours.into_iter().chain(came).collect()
        } else {
            came.chain(ours).collect()
        }
    }

    /// Whether the trunk has a header of its own in the place of this one.
    fn adds(&self, field: &Field) -> bool {
        self.names(self.invite.field_name(field))
    }

    /// Whether the trunk has a header of this name.
    fn names(&self, name: &[u8]) -> bool {
        self.target.trunk.callback_headers.iter().any(|(ours, _)| name.eq_ignore_ascii_case(ours.as_bytes()))
    }

    /// Whether a phone is asked a second time that has refused a call back.
    fn insists(&self) -> bool {
        self.target.rung.as_ref().is_some_and(|rung| rung.second == Second::Now)
    }

    /// Says of a call back what it is (RFC 7090 §3, RFC 7135 §3), that neither queue nor answering machine is wanted (RFC
    /// 3841 §9.1, §9.2), and what its PBX needs to put it through.
    fn mark<'w>(&self, writer: &'w mut Writer) -> &'w mut Writer {
        writer
            .field(Name::Priority, CALLBACK_MARK)
            .field(Name::ResourcePriority, "esnet.0")
            .field(Name::RequestDisposition, "no-queue")
            .field(Name::RejectContact, "*;automata;actor=\"msg-taker\"");
        if self.insists() && !self.names(Name::AlertInfo.text().as_bytes()) {
            // RFC 7462.
            writer.field(Name::AlertInfo, "<urn:alert:priority:high>");
        }
        for (name, value) in &self.target.trunk.callback_headers {
            writer.other(name.as_bytes(), value.as_bytes());
        }
        writer
    }

    fn abilities(&self, writer: &mut Writer, offered: bool) {
        let class = self.ring.decision.classified.class;
        match (self.profile, class) {
            // Nobody is to make room for a trial (RFC 7135 §3).
            (Profile::Test, _) | (Profile::I3, Class::Test) => writer.field(Name::Priority, "non-urgent"),
            (Profile::I3, _) => writer.field(Name::ResourcePriority, "esnet.1"),
            (Profile::Relay, _) => writer.field(Name::Priority, "emergency"),
            (_, Class::Callback) => self.mark(writer),
            _ => writer,
        };
        let mut supported = headers::supported(self.profile, self.invite, offered, self.uri().is_some());
        supported.retain(|extension| self.terms.allows(extension));
        if !supported.is_empty() {
            writer.field_with(Name::Supported, |out| put_list(out, &supported));
        }
        let is_callback = class == Class::Callback;
        let allow = if is_callback {
            Abilities::towards_caller(true).allow
        } else {
            headers::allow(self.profile, self.target.trunk.transfers)
        };
        writer.field(Name::Allow, allow);
        writer.field(Name::Accept, headers::accept(self.profile));
        if self.terms.allows("timer") {
            writer.field_with(Name::SessionExpires, |out| {
                put_number(out, self.terms.interval_secs());
                out.extend_from_slice(b";refresher=uac");
            });
            writer.number(Name::MinSe, self.terms.min_se.unwrap_or(headers::SHORTEST_SECS));
        }
        writer.field(Name::Date, self.now.wall.civil().sip_date().as_bytes());
        writer.field(Name::UserAgent, PRODUCT);
    }
}

/// Our Contact on a leg.
pub fn contact(out: &mut BytesMut, user: &str, flow: Flow) {
    extend(out, &["<sip:", user]);
    contact_host(out, flow);
}

/// The rest of a Contact, behind its user part.
pub fn contact_host(out: &mut BytesMut, flow: Flow) {
    out.extend_from_slice(b"@");
    put_address(out, flow.local);
    if flow.transport != Transport::Udp {
        extend(out, &[";transport=", flow.transport.param()]);
    }
    out.extend_from_slice(b">");
}

/// Our Via on a path.
pub fn via(out: &mut BytesMut, flow: Flow, branch: &str) {
    extend(out, &["SIP/2.0/", flow.transport.via(), " "]);
    put_address(out, flow.local);
    extend(out, &[";branch=", branch, ";rport"]);
}

/// A host with its port, as text.
pub fn host_port(host: &str, port: Option<u16>) -> String {
    let mut out = BytesMut::new();
    put_host_port(&mut out, host, port);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes a host with its port, an IPv6 address in brackets (RFC 3261 §25.1).
fn put_host_port(out: &mut BytesMut, host: &str, port: Option<u16>) {
    match host.contains(':') {
        true => extend(out, &["[", host, "]"]),
        false => extend(out, &[host]),
    }
    if let Some(port) = port {
        out.extend_from_slice(b":");
        put_number(out, u32::from(port));
    }
}

fn put_list(out: &mut BytesMut, texts: &[&str]) {
    for (place, text) in texts.iter().enumerate() {
        extend(out, &[if place > 0 { ", " } else { "" }, text]);
    }
}

/// Writes texts, one behind the other.
fn extend(out: &mut BytesMut, texts: &[&str]) {
    for text in texts {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Writes formatted text; a `BytesMut` grows and cannot fail.
pub fn put(out: &mut BytesMut, text: core::fmt::Arguments<'_>) {
    let _grows = out.write_fmt(text);
}
