//! The INVITE that a target gets: its request line, headers and body, by the trunk's profile.
use super::call::Call;
use super::core::{Core, PRODUCT};
use super::headers::{self, Fate};
use super::ring::Ring;
use crate::base::id::Handle;
use crate::base::now::Now;
use crate::callback::{self, Shown};
use crate::classify::Class;
use crate::pidf;
use crate::record::{Civic, Number, Profile, TrunkKind};
use crate::routing::{Target, Way};
use crate::sdp;
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Message, Method, Name, NameAddr, Scheme, Uri, Writer, multipart};
use crate::sip::transaction::ClientId;
use bytes::{Bytes, BytesMut};
use core::fmt::Write as _;

/// A written INVITE.
#[derive(Debug)]
pub struct Written {
    /// The message.
    pub bytes: Bytes,
    /// Whether it has an offer.
    pub offered: bool,
}

/// What the writing of one INVITE looks at.
struct Sheet<'a> {
    invite: &'a Message,
    ring: &'a Ring,
    target: &'a Target,
    profile: Profile,
    /// The number that this trunk may show.
    shown: Option<Shown>,
    domain: &'a str,
    tag: Handle,
    client: ClientId,
    flow: Flow,
    now: Now,
    /// The address of ours that goes along, and how it was found.
    place: Option<(&'a Civic, pidf::Method)>,
}

/// Writes the INVITE for a target.
pub fn write(
    core: &Core,
    call: &Call,
    target: &Target,
    tag: Handle,
    client: ClientId,
    flow: Flow,
    now: Now,
) -> Option<Written> {
    let ring = call.ring.as_deref()?;
    let snapshot = core.cache.snapshot.load();
    let decision = &ring.decision;
    let sheet = Sheet {
        invite: &ring.invite,
        ring,
        target,
        profile: profile_for(target, call.class, decision.plan.way),
        shown: callback::on_trunk(&target.trunk, decision.located.stands_at().map(AsRef::as_ref), decision.callback),
        domain: &snapshot.domain,
        tag,
        client,
        flow,
        now,
        place: place(ring, target),
    };
    Some(sheet.write(core.buffer()))
}

/// The trunk's profile, but for the classes that have rules of their own: a crisis call carries no location and keeps
/// its caller's privacy on every trunk; other calls, and those of a site that its own gateway serves, are passed on
/// whole (rulings 4, 10).
fn profile_for(target: &Target, class: Class, way: Way) -> Profile {
    match (class, way) {
        (Class::Crisis, _) => Profile::Crisis,
        (Class::Other, _) | (_, Way::Gateway) => Profile::Whole,
        _ => target.trunk.profile,
    }
}

/// The place that won, else for a relay call that fell back to a PSAP the site's own address, marked as a default
/// (rulings 7; RFC 6881 SP-22).
fn place<'a>(ring: &'a Ring, target: &Target) -> Option<(&'a Civic, pidf::Method)> {
    let located = &ring.decision.located;
    let found = located.place.as_deref().map(|place| (&place.civic, located.method));
    let site = &ring.decision.site.civic;
    found.or_else(|| (target.with_default && site.elements().next().is_some()).then_some((site, pidf::Method::Default)))
}

impl Sheet<'_> {
    fn write(&self, buffer: BytesMut) -> Written {
        let uri = self.request_uri();
        let parts = self.body();
        let offered = parts.session.is_some();
        let mut writer = Writer::request(buffer, Method::Invite, uri.as_bytes());
        self.hop(&mut writer);
        self.parties(&mut writer, &uri);
        self.location(&mut writer, &parts);
        for field in self.invite.fields() {
            if headers::fate(self.profile, field.name, self.invite.field_name(field)) == Fate::Kept {
                writer.copy(self.invite, field);
            }
        }
        self.abilities(&mut writer, offered);
        let bytes = self.finish(writer, parts);
        Written { bytes, offered }
    }

    /// Request-URI by profile (`standards` table, row Request-URI; RFC 5031 for the service URN).
    fn request_uri(&self) -> String {
        let decision = &self.ring.decision;
        let trunk = &self.target.trunk;
        let host = host_port(&trunk.host, trunk.port);
        if let (Profile::I3, Some(service)) = (self.profile, decision.classified.service.as_ref()) {
            return service.to_string();
        }
        let as_dialled = self.profile == Profile::Whole || trunk.kind == TrunkKind::Gateway;
        if as_dialled && self.target.dial.is_none() {
            return self.whole_uri(&host);
        }
        let Some(number) = decision.classified.number.as_ref().map(Number::expose) else {
            return self.whole_uri(&host);
        };
        match (self.profile, &trunk.account, self.target.dial) {
            (_, _, Some(dial)) => format!("sip:{dial}@{host};user=phone"),
            (Profile::Relay, Some(account), _) => format!("sip:{account}@{host}"),
            (Profile::Relay, None, _) => format!("sip:{number}@{host}"),
            (Profile::Test, ..) => format!("sip:{number}@{host}"),
            _ => format!("sip:{number}@{host};user=phone"),
        }
    }

    /// The number or URN as dialled, at the trunk's host.
    fn whole_uri(&self, host: &str) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match Uri::read(self.invite.request_uri()) {
            Some(uri) if matches!(uri.scheme, Scheme::Sip | Scheme::Sips | Scheme::Tel) && !uri.user.is_empty() => {
                let phone = if uri.param("user").is_some_and(|user| user == b"phone") { ";user=phone" } else { "" };
                format!("sip:{}@{host}{phone}", text(uri.user))
            }
            Some(uri) => text(uri.text),
            None => format!("sip:{host}"),
        }
    }

    fn hop(&self, writer: &mut Writer) {
        let flow = self.flow;
        writer.field_with(Name::Via, |out| {
            let branch = self.client.branch();
            put(out, format_args!("SIP/2.0/{} {};branch={branch};rport", flow.transport.via(), flow.local));
        });
        let forwards = match self.invite.number(Name::MaxForwards) {
            Some(hops @ 2..=255) => hops - 1,
            Some(1) if self.ring.decision.classified.class == Class::Other => 0,
            None => 70,
            // A call that ran out of hops is an emergency call all the same and gets a few more (rulings 1).
            _ => 10,
        };
        writer.field(Name::MaxForwards, forwards.to_string());
    }

    fn parties(&self, writer: &mut Writer, uri: &str) {
        let tag = self.tag.text();
        writer.field_with(Name::From, |out| {
            self.caller(out, true);
            put(out, format_args!(";tag={tag}"));
        });
        if self.profile == Profile::Whole {
            self.whole_to(writer, uri);
        } else {
            writer.field_with(Name::To, |out| put(out, format_args!("<{uri}>")));
        }
        writer.field_with(Name::CallId, |out| put(out, format_args!("{}@{}", tag, self.domain)));
        writer.field(Name::CSeq, "1 INVITE");
        writer.field_with(Name::Contact, |out| contact(out, self.contact_user(), self.flow));
        self.asserted(writer);
    }

    fn whole_to(&self, writer: &mut Writer, uri: &str) {
        match self.invite.to().filter(|_| self.target.dial.is_none()) {
            Some(to) => writer.field_with(Name::To, |out| {
                display(out, to.display);
                out.extend_from_slice(b"<");
                out.extend_from_slice(to.uri.text);
                out.extend_from_slice(b">");
            }),
            None => writer.field_with(Name::To, |out| put(out, format_args!("<{uri}>"))),
        };
    }

    /// The caller as this trunk sees it: the callback number or ELIN, de-anonymised for those who help (RFC 6881
    /// SP-33.4), as the caller presents itself for all others.
    fn caller(&self, out: &mut BytesMut, with_display: bool) {
        let from = self.invite.from();
        match (self.profile, self.shown.filter(|_| self.replaces_caller())) {
            (Profile::Crisis, _) | (_, None) => match from {
                Some(from) => {
                    display(out, from.display);
                    out.extend_from_slice(b"<");
                    out.extend_from_slice(from.uri.text);
                    out.extend_from_slice(b">");
                }
                None => put(out, format_args!("<sip:anonymous@{}>", self.domain)),
            },
            (profile, Some(shown)) => {
                if with_display && profile != Profile::Legacy {
                    from.iter().for_each(|from| display(out, named(from)));
                }
                let phone = if shown.number.is_e164() { ";user=phone" } else { "" };
                put(out, format_args!("<sip:{}@{}{phone}>", shown.number.expose(), self.domain));
            }
        }
    }

    /// A call passed on whole keeps its caller's number, unless an ECBN is set for the line (rulings 4).
    fn replaces_caller(&self) -> bool {
        self.profile != Profile::Whole || self.shown.is_some_and(|shown| shown.origin == callback::Origin::LineEcbn)
    }

    /// One asserted identity as a SIP URI (RFC 3325 §9.1; several carriers accept no more). On the way to the crisis
    /// line and in calls passed on whole the caller's privacy is honoured.
    fn asserted(&self, writer: &mut Writer) {
        match self.profile {
            Profile::Crisis => {
                let private = self.invite.list(Name::Privacy).any(|value| value != b"none");
                if !private {
                    writer.copy_all(self.invite, Name::PAssertedIdentity);
                }
            }
            Profile::Whole if !self.replaces_caller() => {
                writer.copy_all(self.invite, Name::PAssertedIdentity);
            }
            _ => {
                writer.field_with(Name::PAssertedIdentity, |out| self.caller(out, true));
            }
        }
    }

    fn contact_user(&self) -> String {
        match (self.profile, self.shown) {
            (Profile::I3 | Profile::Relay, _) => format!("cb-{}", self.tag.text()),
            (Profile::Legacy, Some(shown)) => format!("elin-{}", shown.number.expose().trim_start_matches('+')),
            _ => "callbox".to_owned(),
        }
    }

    fn location(&self, writer: &mut Writer, parts: &Body) {
        if !matches!(self.profile, Profile::I3 | Profile::Relay | Profile::Test) {
            return;
        }
        if self.profile != Profile::Test {
            writer.copy_all(self.invite, Name::Geolocation);
            if parts.place.is_some() {
                writer.field_with(Name::Geolocation, |out| {
                    put(out, format_args!("<cid:loc-{}>;loc-src={}", self.reference(), self.domain));
                });
            }
        }
        let has_location = parts.place.is_some() || self.invite.value(Name::Geolocation).is_some();
        if self.profile != Profile::Relay || has_location {
            writer.field(Name::GeolocationRouting, "yes");
        }
        if self.profile == Profile::I3 {
            writer.field_with(Name::CallInfo, |out| {
                put(out, format_args!("<cid:pi-{}>;purpose=EmergencyCallData.ProviderInfo", self.reference()));
            });
            writer.field_with(Name::CallInfo, |out| {
                put(out, format_args!("<cid:si-{}>;purpose=EmergencyCallData.ServiceInfo", self.reference()));
            });
        }
    }

    /// What our parts of this INVITE are called: unlinked to the caller, the same in all of them (RFC 7852 §6).
    fn reference(&self) -> String {
        format!("{:016x}@{}", self.tag.nonce, self.domain)
    }

    fn abilities(&self, writer: &mut Writer, offered: bool) {
        match self.profile {
            Profile::I3 => writer.field(Name::ResourcePriority, "esnet.1"),
            Profile::Relay => writer.field(Name::Priority, "emergency"),
            Profile::Test => writer.field(Name::Priority, "non-urgent"),
            _ => writer,
        };
        // Without an offer of ours a reliable provisional response would bring one that PRACK must answer (RFC 3262
        // §5) before the caller has spoken; so none is asked for.
        let supported = headers::supported(self.profile);
        let supported = if offered { supported } else { supported.trim_start_matches("100rel, ") };
        writer.field(Name::Supported, supported);
        writer.field(Name::Allow, headers::allow(self.profile));
        writer.field(Name::Accept, headers::accept(self.profile));
        writer.field(Name::SessionExpires, format!("{};refresher=uac", headers::SESSION_SECS));
        writer.field(Name::MinSe, "90");
        writer.field(Name::Date, self.now.wall.civil().sip_date());
        writer.field(Name::UserAgent, PRODUCT);
    }
}

/// The parts of the outgoing body.
struct Body<'a> {
    /// The session description, ours to send.
    session: Option<Bytes>,
    /// The received parts that go along as they came.
    kept: smallvec::SmallVec<[multipart::Part<'a>; 4]>,
    /// The address of ours.
    place: Option<(&'a Civic, pidf::Method)>,
    /// Whether Additional Data of ours goes along.
    additional: bool,
}

impl<'s> Sheet<'s> {
    fn body(&self) -> Body<'s> {
        let body = self.invite.body_slice();
        let content_type = self.invite.value(Name::ContentType).unwrap_or_default();
        let mut session = None;
        let mut kept = smallvec::SmallVec::new();
        for part in multipart::parts(content_type, body) {
            let is_session = part.is("application/sdp") && !names(part.disposition, "recording-session");
            if is_session && session.is_none() {
                session = Some(self.session(part.content));
            } else if self.keeps(&part) {
                kept.push(part);
            }
        }
        let conveys = matches!(self.profile, Profile::I3 | Profile::Relay);
        Body { session, kept, place: self.place.filter(|_| conveys), additional: self.profile == Profile::I3 }
    }

    fn session(&self, content: &[u8]) -> Bytes {
        let body = self.invite.body();
        let session = body.slice_ref(content);
        match self.profile {
            Profile::Whole | Profile::Crisis => session,
            _ => sdp::without_silence_suppression(&session),
        }
    }

    /// Received parts that go along (`standards` table, rows PIDF-LO and other MIME parts): all on i3, locations to the
    /// relay, none elsewhere. Recording metadata never (RFC 7866 §9.1).
    fn keeps(&self, part: &multipart::Part<'_>) -> bool {
        match self.profile {
            Profile::I3 => !part.is("application/rs-metadata+xml") && !names(part.disposition, "recording-session"),
            Profile::Relay => part.is("application/pidf+xml"),
            _ => false,
        }
    }

    fn finish(&self, mut writer: Writer, parts: Body<'_>) -> Bytes {
        if self.profile == Profile::Whole {
            let body = self.invite.body();
            let content_type = self.invite.value(Name::ContentType).unwrap_or_default();
            return writer.finish((!body.is_empty()).then_some((content_type, &body[..])));
        }
        let single = parts.kept.is_empty() && parts.place.is_none() && !parts.additional;
        match (single, parts.session.as_ref()) {
            (true, Some(session)) => writer.finish(Some((b"application/sdp", session))),
            (true, None) => writer.finish(None),
            (false, _) => {
                writer.field(Name::MimeVersion, "1.0");
                // 64 bits of chance, new for each INVITE: no part has them by accident (RFC 2046 §5.1.1).
                let boundary = format!("callbox-{:016x}", self.tag.nonce);
                let body = self.multipart(&boundary, &parts);
                let content_type = format!("multipart/mixed;boundary={boundary}");
                writer.finish(Some((content_type.as_bytes(), &body)))
            }
        }
    }

    fn multipart(&self, boundary: &str, parts: &Body<'_>) -> BytesMut {
        let mut out = BytesMut::with_capacity(4096);
        if let Some(session) = &parts.session {
            put(&mut out, format_args!("--{boundary}\r\nContent-Type: application/sdp\r\n\r\n"));
            out.extend_from_slice(session);
            out.extend_from_slice(b"\r\n");
        }
        for part in &parts.kept {
            put(&mut out, format_args!("--{boundary}\r\n"));
            out.extend_from_slice(part.bytes);
            out.extend_from_slice(b"\r\n");
        }
        let reference = self.reference();
        if let Some((civic, method)) = parts.place {
            part_head(&mut out, boundary, "application/pidf+xml", "loc", &reference);
            let entity = format!("u-{:016x}@{}", self.tag.nonce, self.domain);
            let device = format!("d-{:016x}", self.tag.nonce);
            let (at, provider) = (self.now.wall, self.domain);
            let block = format!("cid:pi-{reference}");
            let provider_info = parts.additional.then_some(block.as_str());
            let document =
                pidf::Document { entity: &entity, device: &device, civic, method, at, provider, provider_info };
            pidf::write(&mut out, &document);
            out.extend_from_slice(b"\r\n");
        }
        if parts.additional {
            part_head(&mut out, boundary, "application/EmergencyCallData.ProviderInfo+xml", "pi", &reference);
            let contact = format!("sip:emergency@{}", self.domain);
            pidf::write_provider_info(&mut out, &reference, self.domain, &contact);
            out.extend_from_slice(b"\r\n");
            part_head(&mut out, boundary, "application/EmergencyCallData.ServiceInfo+xml", "si", &reference);
            pidf::write_service_info(&mut out, &reference, "Unknown");
            out.extend_from_slice(b"\r\n");
        }
        put(&mut out, format_args!("--{boundary}--\r\n"));
        out
    }
}

/// The head of a part of ours. The disposition keeps a PSAP that does not know the type from refusing the call (RFC
/// 5621 §8.1, RFC 7852 §6.4).
fn part_head(out: &mut BytesMut, boundary: &str, media_type: &str, kind: &str, reference: &str) {
    put(
        out,
        format_args!(
            "--{boundary}\r\nContent-Type: {media_type}\r\nContent-ID: <{kind}-{reference}>\r\n\
             Content-Disposition: by-reference;handling=optional\r\n\r\n"
        ),
    );
}

/// Our Contact on a leg.
pub fn contact(out: &mut BytesMut, user: impl core::fmt::Display, flow: Flow) {
    put(out, format_args!("<sip:{user}@{}", flow.local));
    if flow.transport != Transport::Udp {
        put(out, format_args!(";transport={}", flow.transport.param()));
    }
    out.extend_from_slice(b">");
}

/// A display name worth showing: not one that hides the caller.
fn named<'a>(from: &NameAddr<'a>) -> &'a [u8] {
    let plain = from.display.trim_ascii();
    let plain = plain.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(plain);
    if plain.eq_ignore_ascii_case(b"anonymous") { b"" } else { from.display }
}

fn display(out: &mut BytesMut, display: &[u8]) {
    if !display.is_empty() {
        // A fold inside a display name would add a line.
        out.extend(display.iter().map(|&byte| if matches!(byte, b'\r' | b'\n' | 0) { b' ' } else { byte }));
        out.extend_from_slice(b" ");
    }
}

fn names(disposition: &[u8], word: &str) -> bool {
    let head = disposition.split(|&byte| byte == b';').next().unwrap_or_default();
    head.trim_ascii().eq_ignore_ascii_case(word.as_bytes())
}

fn host_port(host: &str, port: Option<u16>) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// Writes formatted text; a `BytesMut` grows and cannot fail.
pub fn put(out: &mut BytesMut, text: core::fmt::Arguments<'_>) {
    let _grows = out.write_fmt(text);
}
