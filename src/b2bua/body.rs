//! The body that a target gets: the session description, the received parts that go along, and our own.
use super::ask::Fetched;
use super::blocks::{Blocks, caveat_text};
use super::core::Core;
use super::geolocation;
use super::offer::put;
use super::terms::Load;
use crate::base::now::Wall;
use crate::base::private::Private;
use crate::pidf;
use crate::record::{Caveat, Civic, LocationPosition, Profile, Shape};
use crate::sdp;
use crate::sip::message::multipart::Part;
use crate::sip::message::reader::elements;
use crate::sip::message::{Message, Name, Writer, multipart};
use bytes::{Bytes, BytesMut};
use core::ops::Range;
use core::time::Duration;
use smallvec::SmallVec;

/// The parts of the outgoing body.
pub struct Body<'a> {
    invite: &'a Message,
    profile: Profile,
    session: Option<Bytes>,
    /// The received parts that go along as they came.
    kept: SmallVec<[Part<'a>; 4]>,
    ours: Ours<'a>,
    /// The most that is to go along.
    most: Load,
}

/// A place of ours that goes along by value.
#[derive(Clone, Copy)]
pub struct Placed<'a> {
    /// The address.
    pub civic: &'a Civic,
    /// Its shape, where it has one.
    pub shape: Option<&'a Shape>,
    /// How it was found.
    pub method: pidf::Method,
    /// How long ago.
    pub age: Duration,
    /// What its reader must know.
    pub caveat: Option<Caveat>,
}

/// The location documents of a body, byte for byte.
pub type Documents = SmallVec<[Private<Bytes>; 1]>;

/// What the part of a location that was fetched is called, in front of the reference that all parts share.
pub const FETCHED: &str = "found";

/// What we add to a body.
#[derive(Default)]
pub struct Ours<'a> {
    /// What a location somewhere else led to: it goes along as if it had come.
    pub fetched: Option<&'a Fetched>,
    /// Places, the best first.
    pub places: SmallVec<[Placed<'a>; 1]>,
    /// Whether they stand before or behind those that came.
    pub position: LocationPosition,
    /// Blocks about the call, where they go along.
    pub blocks: Option<Blocks>,
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
    /// What our parts are called: `loc-`, `pi-` and their kin go in front.
    pub fn reference(&self) -> String {
        format!("{:016x}@{}", self.nonce, self.domain)
    }

    /// What the part of a place is called: `loc-`, then `loc2-` and so on.
    pub fn place(&self, number: usize, reference: &str) -> String {
        let count = if number == 0 { String::new() } else { (number + 1).to_string() };
        ["loc", &count, "-", reference].concat()
    }
}

impl<'a> Body<'a> {
    /// Chooses the parts; `ours` goes along where the profile conveys any of it, `most` is what the target takes.
    pub fn new(invite: &'a Message, profile: Profile, mut ours: Ours<'a>, most: Load) -> Body<'a> {
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
        if !matches!(profile, Profile::I3 | Profile::Relay) || most > Load::Locations {
            ours.places.clear();
            ours.fetched = None;
        }
        ours.blocks = ours.blocks.filter(|_| profile == Profile::I3 && most == Load::All);
        Body { invite, profile, session, kept, ours, most }
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

    /// How many places of ours go along by value.
    pub fn places(&self) -> usize {
        self.ours.places.len()
    }

    /// The blocks of ours that go along (RFC 7852).
    pub fn blocks(&self) -> Option<&Blocks> {
        self.ours.blocks.as_ref()
    }

    /// Whether what was fetched goes along.
    pub fn has_fetched(&self) -> bool {
        self.ours.fetched.is_some()
    }

    /// Whether any location goes along by value.
    pub fn has_location(&self) -> bool {
        self.has_place() || self.kept.iter().any(|part| part.is("application/pidf+xml"))
    }

    fn has_place(&self) -> bool {
        !self.ours.places.is_empty() || self.has_fetched()
    }

    fn has_blocks(&self) -> bool {
        self.ours.blocks.is_some()
    }

    /// Ends the head and writes the body; the message, and the location documents in it.
    pub fn finish(&self, core: &Core, mut writer: Writer, naming: &Naming<'_>) -> (Bytes, Documents) {
        if self.is_whole() {
            let body = self.invite.body_slice();
            let content_type = self.invite.value(Name::ContentType).unwrap_or_default();
            let documents = documents_of(content_type, body);
            return (core.finish(writer, (!body.is_empty()).then_some((content_type, body))), documents);
        }
        if !self.kept.is_empty() || self.has_place() || self.has_blocks() {
            writer.field(Name::MimeVersion, "1.0");
            let boundary = format!("callbox-{:016x}", naming.nonce);
            let content_type = format!("multipart/mixed;boundary={boundary}");
            let (body, places) = self.multipart(&boundary, naming);
            // Copies: whoever is told of them keeps them longer than the message.
            let documents = places.into_iter().map(|at| copy(&body[at])).collect();
            return (core.finish(writer, Some((content_type.as_bytes(), &body))), documents);
        }
        match &self.session {
            Some(session) => (core.finish(writer, Some((b"application/sdp", session))), Documents::new()),
            None => (core.finish(writer, None), Documents::new()),
        }
    }

    /// The body, and where in it the location documents are.
    fn multipart(&self, boundary: &str, naming: &Naming<'_>) -> (BytesMut, Places) {
        let (mut out, mut places) = (BytesMut::with_capacity(4096), Places::new());
        if let Some(session) = &self.session {
            put(&mut out, format_args!("--{boundary}\r\nContent-Type: application/sdp\r\n\r\n"));
            out.extend_from_slice(session);
            out.extend_from_slice(b"\r\n");
        }
        let reference = naming.reference();
        let is_first = self.ours.position == LocationPosition::Prepend;
        if is_first {
            self.own_places(&mut out, &mut places, boundary, naming, &reference);
        }
        for part in &self.kept {
            put(&mut out, format_args!("--{boundary}\r\n"));
            if part.bytes.len() == part.content.len() {
                self.lift_head(&mut out);
            }
            out.extend_from_slice(part.bytes);
            if part.is("application/pidf+xml") {
                // The content is the end of the part.
                places.push(out.len() - part.content.len()..out.len());
            }
            out.extend_from_slice(b"\r\n");
        }
        if let Some(fetched) = self.ours.fetched {
            part_head(&mut out, boundary, "application/pidf+xml", FETCHED, &reference);
            places.push(out.len()..out.len() + fetched.document.len());
            out.extend_from_slice(&fetched.document);
            out.extend_from_slice(b"\r\n");
        }
        if !is_first {
            self.own_places(&mut out, &mut places, boundary, naming, &reference);
        }
        if let Some(blocks) = self.blocks() {
            blocks.write(&mut out, boundary, &reference);
        }
        put(&mut out, format_args!("--{boundary}--\r\n"));
        (out, places)
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

    fn own_places(
        &self,
        out: &mut BytesMut,
        places: &mut Places,
        boundary: &str,
        naming: &Naming<'_>,
        reference: &str,
    ) {
        let entity = ["u-", reference].concat();
        let block = ["cid:pi-", reference].concat();
        for (number, place) in self.ours.places.iter().enumerate() {
            let id = naming.place(number, reference);
            let (kind, _) = id.split_once('-').unwrap_or_default();
            part_head(out, boundary, "application/pidf+xml", kind, reference);
            let age = u64::try_from(place.age.as_millis()).unwrap_or(u64::MAX);
            let document = pidf::Document {
                entity: &entity,
                device: &format!("d-{:016x}", naming.nonce),
                civic: place.civic,
                shape: place.shape,
                method: place.method,
                source: None,
                at: Wall::from_millis(naming.at.as_millis().saturating_sub(age)),
                now: naming.at,
                note: place.caveat.map(caveat_text),
                provider: naming.domain,
                provider_info: self.has_blocks().then_some(block.as_str()),
            };
            let begin = out.len();
            pidf::write(out, &document);
            places.push(begin..out.len());
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Where in a body its location documents are.
type Places = SmallVec<[Range<usize>; 2]>;

/// The location documents in a body that goes along as it came.
fn documents_of(content_type: &[u8], body: &[u8]) -> Documents {
    let parts = multipart::parts(content_type, body);
    parts.iter().filter(|part| part.is("application/pidf+xml")).map(|part| copy(part.content)).collect()
}

fn copy(document: &[u8]) -> Private<Bytes> {
    Private::new(Bytes::copy_from_slice(document))
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
pub fn part_head(out: &mut BytesMut, boundary: &str, media_type: &str, kind: &str, reference: &str) {
    put(
        out,
        format_args!(
            "--{boundary}\r\nContent-Type: {media_type}\r\nContent-ID: <{kind}-{reference}>\r\n\
             Content-Disposition: by-reference;handling=optional\r\n\r\n"
        ),
    );
}
