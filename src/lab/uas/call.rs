//! One call at a far end: the INVITE that is being answered, the dialog, and what is still to be sent.
use super::Do;
use crate::base::entropy::Entropy;
use crate::base::now::Mono;
use crate::lab::message::{Codec, Heard, Message};
use crate::lab::repeat::{PATIENCE, Repeat, T2};
use crate::lab::reply::{reply, way_back};
use crate::lab::sdp;
use crate::lab::temper::Temper;
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::NameAddr;
use bytes::Bytes;
use core::net::SocketAddr;

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not answered yet.
    Ringing,
    /// Answered, and no ACK yet.
    Answered,
    /// Both sides talk.
    Up,
    /// Refused, cancelled or hung up; kept while something of it is still repeated or may be asked again.
    Over,
}

/// One call.
pub struct Call {
    /// How far it is.
    pub stage: Stage,
    /// How it is treated, whatever its end does with later ones.
    pub temper: Temper,
    /// The INVITE that began it: the dialog's other side.
    pub first: Heard,
    /// The INVITE that is being answered.
    pub invite: Heard,
    /// Where that INVITE came from.
    pub flow: Flow,
    /// Our tag.
    pub tag: String,
    /// Our media.
    pub media: SocketAddr,
    /// Their media, once it is known.
    pub peer: Option<SocketAddr>,
    /// When to send the 180.
    pub ring_at: Option<Mono>,
    /// When to send the 200.
    pub answer_at: Option<Mono>,
    /// The last response to `invite`.
    pub last: Option<Bytes>,
    /// That response, as long as no ACK came.
    pub repeat: Option<Repeat>,
    /// Our own request and its branch, as long as it has no answer.
    pub asked: Option<(String, Repeat)>,
    forget_at: Option<Mono>,
    sequence: u32,
    version: u32,
}

impl Call {
    /// A call that this INVITE begins, with our `tag` and `media`.
    pub fn new(flow: Flow, invite: &Heard, tag: String, media: SocketAddr, temper: Temper) -> Call {
        Call {
            stage: Stage::Ringing,
            temper,
            first: invite.clone(),
            invite: invite.clone(),
            flow,
            tag,
            media,
            peer: None,
            ring_at: None,
            answer_at: None,
            last: None,
            repeat: None,
            asked: None,
            forget_at: None,
            sequence: 0,
            version: 0,
        }
    }

    /// Nothing of it is repeated any longer; it is kept as long as its requests may come again.
    pub fn end(&mut self, now: Mono) {
        self.stage = Stage::Over;
        (self.ring_at, self.answer_at, self.repeat, self.asked) = (None, None, None, None);
        self.forget_at = Some(now + PATIENCE);
    }

    /// Whether nobody can ask for it any longer.
    pub fn is_forgotten(&self, now: Mono) -> bool {
        self.forget_at.is_some_and(|at| at <= now)
    }

    /// When something of it is next due.
    pub fn due(&self) -> Option<Mono> {
        let repeated = self.repeat.as_ref().map(Repeat::due);
        let asked = self.asked.as_ref().map(|(_, repeat)| repeat.due());
        [self.ring_at, self.answer_at, self.forget_at, repeated, asked].into_iter().flatten().min()
    }

    /// Our Contact.
    pub fn contact(&self) -> String {
        let transport = if self.flow.transport == Transport::Tcp { ";transport=tcp" } else { "" };
        format!("<sip:lab@{}{transport}>", self.flow.local)
    }

    /// Our description for the one in a request, or an offer when it has none; `None` when we share no codec.
    pub fn described(&mut self, request: &Message) -> Option<String> {
        self.version += 1;
        let offered = sdp::in_body(request);
        if offered.is_empty() {
            return Some(sdp::offer(self.media, self.version));
        }
        let description = sdp::answer(&offered, self.media, self.version)?;
        self.peer = sdp::audio_of(&offered);
        Some(description)
    }

    /// The 200 to the INVITE.
    pub fn answer(&self, description: &str) -> Message {
        reply(&self.invite, 200, &self.tag, self.flow.peer)
            .with("Contact", self.contact())
            .with("Allow", super::ALLOWED)
            .with_sdp(description.into())
    }

    /// Sends a response to the INVITE; a final one until its ACK comes, one that is no answer on a stream only once
    /// (RFC 3261 §13.3.1.4, §17.2.1).
    pub fn say(&mut self, now: Mono, codec: Codec, response: Message, out: &mut Vec<Do>) {
        let bytes = match codec.write(&response) {
            Ok(bytes) => bytes,
            Err(refused) => return out.push(Do::Tell(refused.to_string())),
        };
        let back = way_back(&self.invite, self.flow);
        self.last = Some(bytes.clone());
        self.repeat = match response.code() {
            ..200 => None,
            300.. if self.flow.transport.is_reliable() => Some(Repeat::once(now, bytes.clone(), back)),
            _ => Some(Repeat::new(now, bytes.clone(), back, T2)),
        };
        out.push(Do::Send(back, bytes));
    }

    /// Sends a request of ours until it has an answer.
    pub fn ask(&mut self, now: Mono, codec: Codec, request: &Message, out: &mut Vec<Do>) {
        let via = request.field("Via").unwrap_or_default();
        let branch = via.rsplit_once("branch=").map_or("", |(_, branch)| branch).to_owned();
        let before = out.len();
        self.send(codec, request, out);
        if let Some(Do::Send(flow, bytes)) = out.get(before).cloned() {
            let repeat = if flow.transport.is_reliable() {
                Repeat::once(now, bytes, flow)
            } else {
                Repeat::new(now, bytes, flow, T2)
            };
            self.asked = Some((branch, repeat));
        }
    }

    /// Sends a request of ours once.
    pub fn send(&self, codec: Codec, request: &Message, out: &mut Vec<Do>) {
        let next = request.field("Route").unwrap_or(request.uri());
        let peer = match self.flow.transport {
            Transport::Udp => address_in(next).unwrap_or(self.flow.peer),
            Transport::Tcp => self.flow.peer,
        };
        match codec.write(request) {
            Ok(bytes) => out.push(Do::Send(Flow { peer, ..self.flow }, bytes)),
            Err(refused) => out.push(Do::Tell(refused.to_string())),
        }
    }

    /// Our BYE.
    pub fn bye(&mut self, chance: &mut Entropy) -> Message {
        self.request("BYE", chance)
    }

    /// Our re-INVITE, which offers what we have.
    pub fn reinvite(&mut self, chance: &mut Entropy) -> Message {
        self.version += 1;
        let offer = sdp::offer(self.media, self.version);
        self.request("INVITE", chance).with("Contact", self.contact()).with_sdp(offer)
    }

    /// The ACK of what answered our re-INVITE.
    pub fn ack(&mut self, response: &Heard, chance: &mut Entropy) -> Message {
        self.sequence -= 1;
        let mut ack = self.request("ACK", chance);
        if response.message.code() >= 300 {
            // RFC 3261 §17.1.1.3: the ACK of a refusal belongs to the INVITE's own transaction.
            ack.fields.retain(|(name, _)| name != "Via");
            let via = self.via(&response.branch);
            ack.fields.insert(0, ("Via".into(), via));
        }
        ack
    }

    /// A request of ours inside the dialog (RFC 3261 §12.2.1.1).
    fn request(&mut self, method: &str, chance: &mut Entropy) -> Message {
        self.sequence += 1;
        let uri = self.first.contact.clone().unwrap_or_else(|| format!("sip:{}", self.flow.peer));
        let local = reply(&self.first, 200, &self.tag, self.flow.peer);
        let mut request = Message::request(method, &uri)
            .with("Via", self.via(&format!("z9hG4bK{:016x}", chance.bits())))
            .with("Max-Forwards", "70")
            .with("From", local.field("To").unwrap_or_default())
            .with("To", local.field("From").unwrap_or_default())
            .with("Call-ID", self.first.call_id.clone())
            .with("CSeq", format!("{} {method}", self.sequence));
        for route in self.first.message.fields_of("Record-Route") {
            request = request.with("Route", route);
        }
        request
    }

    fn via(&self, branch: &str) -> String {
        format!("SIP/2.0/{} {};rport;branch={branch}", self.flow.transport.via(), self.flow.local)
    }
}

/// The address in a URI or Route that names one.
fn address_in(uri: &str) -> Option<SocketAddr> {
    let uri = NameAddr::read(uri.as_bytes())?.uri;
    let host = core::str::from_utf8(uri.host).ok()?.parse().ok()?;
    Some(SocketAddr::new(host, uri.port.unwrap_or(5060)))
}
