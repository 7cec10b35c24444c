//! The body that a target gets: the session description, the received parts that go along, and our own.
use super::core::Core;
use super::geolocation;
use super::offer::put;
use super::terms::Load;
use crate::base::now::Wall;
use crate::pidf;
use crate::record::{Civic, Profile};
use crate::sdp;
use crate::sip::message::multipart::Part;
use crate::sip::message::reader::elements;
use crate::sip::message::{Message, Name, Writer, multipart};
use bytes::{Bytes, BytesMut};
use smallvec::SmallVec;

/// The parts of the outgoing body.
pub struct Body<'a> {
    invite: &'a Message,
    profile: Profile,
    session: Option<Bytes>,
    /// The received parts that go along as they came.
    kept: SmallVec<[Part<'a>; 4]>,
    place: Option<(&'a Civic, pidf::Method)>,
    /// The most that is to go along.
    most: Load,
}

/// What our own parts of one INVITE are written with.
pub struct Naming<'a> {
    /// Chance, new for each INVITE and unlinked to the caller: it names the parts, the document's entity and the
    /// boundary, so that no part has the boundary by accident (RFC 2046 §5.1.1) and all blocks of ours share one
    /// reference (RFC 7852 §6).
    pub nonce: u64,
    /// Our FQDN.
    pub domain: &'a str,
    /// The moment of the call.
    pub at: Wall,
}

impl Naming<'_> {
    /// What our parts are called: `loc-`, `pi-` and `si-` go in front.
    pub fn reference(&self) -> String {
        format!("{:016x}@{}", self.nonce, self.domain)
    }
}

impl<'a> Body<'a> {
    /// Chooses the parts; `place` is the address of ours that goes along where the profile conveys any, `most` what the
    /// target takes.
    pub fn new(
        invite: &'a Message,
        profile: Profile,
        place: Option<(&'a Civic, pidf::Method)>,
        most: Load,
    ) -> Body<'a> {
        let content_type = invite.value(Name::ContentType).unwrap_or_default();
        let mut session = None;
        let mut kept = SmallVec::new();
        for part in multipart::parts(content_type, invite.body_slice()) {
            let is_session = part.is("application/sdp") && !is_disposed(&part, "recording-session");
            if is_session && session.is_none() {
                session = Some(session_for(profile, invite.body().slice_ref(part.content)));
            } else if keeps(profile, &part) && fits(most, &part) {
                kept.push(part);
            }
        }
        let conveys = matches!(profile, Profile::I3 | Profile::Relay) && most <= Load::Locations;
        Body { invite, profile, session, kept, place: place.filter(|_| conveys), most }
    }

    /// How much goes along: what the target takes, or less where there is less.
    pub fn load(&self) -> Load {
        let is_location = |part: &Part<'_>| part.is("application/pidf+xml");
        let there = if self.is_whole() {
            let offer =
                self.invite.value(Name::ContentType).is_none_or(|kind| multipart::is_type(kind, "application/sdp"));
            if offer { Load::Offer } else { Load::All }
        } else if self.has_blocks() || !self.kept.iter().all(is_location) {
            Load::All
        } else if self.has_place() || !self.kept.is_empty() {
            Load::Locations
        } else {
            Load::Offer
        };
        there.max(self.most)
    }

    /// Whether a header's value names parts of which some stay behind.
    pub fn lacks(&self, value: &[u8]) -> bool {
        self.most > Load::All && elements(value).any(geolocation::points_at_part)
    }

    /// Whether the body goes along as it came.
    fn is_whole(&self) -> bool {
        self.profile == Profile::Whole && self.most == Load::All
    }

    /// Whether there is an offer.
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// The offer.
    pub fn session(&self) -> Option<&Bytes> {
        self.session.as_ref()
    }

    /// Whether an address of ours goes along.
    pub fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// Whether blocks about us go along (RFC 7852).
    pub fn has_blocks(&self) -> bool {
        self.profile == Profile::I3 && self.most == Load::All
    }

    /// Ends the head and writes the body.
    pub fn finish(&self, core: &Core, mut writer: Writer, naming: &Naming<'_>) -> Bytes {
        if self.is_whole() {
            let body = self.invite.body_slice();
            let content_type = self.invite.value(Name::ContentType).unwrap_or_default();
            return core.finish(writer, (!body.is_empty()).then_some((content_type, body)));
        }
        if !self.kept.is_empty() || self.has_place() || self.has_blocks() {
            writer.field(Name::MimeVersion, "1.0");
            let boundary = format!("callbox-{:016x}", naming.nonce);
            let content_type = format!("multipart/mixed;boundary={boundary}");
            let body = self.multipart(&boundary, naming);
            return core.finish(writer, Some((content_type.as_bytes(), &body)));
        }
        match &self.session {
            Some(session) => core.finish(writer, Some((b"application/sdp", session))),
            None => core.finish(writer, None),
        }
    }

    fn multipart(&self, boundary: &str, naming: &Naming<'_>) -> BytesMut {
        let mut out = BytesMut::with_capacity(4096);
        if let Some(session) = &self.session {
            put(&mut out, format_args!("--{boundary}\r\nContent-Type: application/sdp\r\n\r\n"));
            out.extend_from_slice(session);
            out.extend_from_slice(b"\r\n");
        }
        for part in &self.kept {
            put(&mut out, format_args!("--{boundary}\r\n"));
            if part.bytes.len() == part.content.len() {
                self.lift_head(&mut out);
            }
            out.extend_from_slice(part.bytes);
            out.extend_from_slice(b"\r\n");
        }
        self.own_parts(&mut out, boundary, naming);
        put(&mut out, format_args!("--{boundary}--\r\n"));
        out
    }

    /// A body that was no multipart has its headers in the message's head (RFC 8262 for the Content-ID); as a part it
    /// takes them along.
    fn lift_head(&self, out: &mut BytesMut) {
        const HEAD: [Name; 5] = [
            Name::ContentType,
            Name::ContentId,
            Name::ContentDisposition,
            Name::ContentEncoding,
            Name::ContentLanguage,
        ];
        for name in HEAD {
            if let Some(value) = self.invite.value(name) {
                put(out, format_args!("{}: ", name.text()));
                out.extend(value.iter().map(|&byte| if matches!(byte, b'\r' | b'\n' | 0) { b' ' } else { byte }));
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    fn own_parts(&self, out: &mut BytesMut, boundary: &str, naming: &Naming<'_>) {
        let reference = naming.reference();
        if let Some((civic, method)) = self.place {
            part_head(out, boundary, "application/pidf+xml", "loc", &reference);
            let entity = format!("u-{reference}");
            let device = format!("d-{:016x}", naming.nonce);
            let block = format!("cid:pi-{reference}");
            let document = pidf::Document {
                entity: &entity,
                device: &device,
                civic,
                method,
                at: naming.at,
                provider: naming.domain,
                provider_info: self.has_blocks().then_some(block.as_str()),
            };
            pidf::write(out, &document);
            out.extend_from_slice(b"\r\n");
        }
        if self.has_blocks() {
            part_head(out, boundary, "application/EmergencyCallData.ProviderInfo+xml", "pi", &reference);
            let contact = format!("sip:emergency@{}", naming.domain);
            pidf::write_provider_info(out, &reference, naming.domain, &contact);
            out.extend_from_slice(b"\r\n");
            part_head(out, boundary, "application/EmergencyCallData.ServiceInfo+xml", "si", &reference);
            pidf::write_service_info(out, &reference, "Unknown");
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The session description: towards those who help without silence suppression, else as it came (rulings 18).
fn session_for(profile: Profile, session: Bytes) -> Bytes {
    match profile {
        Profile::Whole | Profile::Crisis => session,
        Profile::I3 | Profile::Legacy | Profile::Relay | Profile::Test => sdp::without_silence_suppression(&session),
    }
}

/// Received parts that go along: all on i3, locations to the relay, none elsewhere. Recording metadata never (RFC 7866
/// §9.1).
fn keeps(profile: Profile, part: &Part<'_>) -> bool {
    match profile {
        Profile::I3 => {
            !part.content.is_empty()
                && !part.is("application/rs-metadata+xml")
                && !is_disposed(part, "recording-session")
        }
        Profile::Relay => part.is("application/pidf+xml"),
        Profile::Legacy | Profile::Test | Profile::Crisis | Profile::Whole => false,
    }
}

/// Whether a received part is not more than the target takes.
fn fits(most: Load, part: &Part<'_>) -> bool {
    match most {
        Load::All => true,
        Load::Locations => part.is("application/pidf+xml"),
        Load::Offer | Load::Bare => false,
    }
}

fn is_disposed(part: &Part<'_>, word: &str) -> bool {
    let head = part.disposition.split(|&byte| byte == b';').next().unwrap_or_default();
    head.trim_ascii().eq_ignore_ascii_case(word.as_bytes())
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
