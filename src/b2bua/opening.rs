//! What a call was begun with, kept for those who are asked later: whom a PSAP transfers it to, and whom it is brought to
//! when its PSAP has lost it.
use super::ask::Fetched;
use super::call::Call;
use super::core::Core;
use super::ring::Ring;
use super::story::Decision;
use crate::base::now::Now;
use crate::base::private::Private;
use crate::classify::Class;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Name, Writer, multipart};
use crate::sip::transaction::ServerId;
use bytes::Bytes;
use core::fmt;
use std::sync::Arc;

/// The INVITE that began a call, and what was decided.
pub struct Opening {
    invite: Bytes,
    server: ServerId,
    flow: Flow,
    decision: Box<Decision>,
    /// Where the phone is, for a call back whose PSAP is still to be told.
    place: Option<Private<Bytes>>,
}

/// Shows where it came from: all else is private.
impl fmt::Debug for Opening {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Opening").field("flow", &self.flow).finish_non_exhaustive()
    }
}

impl Opening {
    /// What the emergency call would be that a phone which was called back has not made.
    pub fn of_call_back(
        invite: Bytes,
        server: ServerId,
        flow: Flow,
        decision: Box<Decision>,
        place: Option<Bytes>,
    ) -> Opening {
        Opening { invite, server, flow, decision, place: place.map(Private::new) }
    }

    /// Whether the PSAP is still to be told where the phone is.
    pub fn has_place(&self) -> bool {
        self.place.is_some()
    }

    /// What it is to be told.
    pub fn take_place(&mut self) -> Option<Bytes> {
        self.place.take().map(|place| place.expose().clone())
    }

    /// Keeps a location that came late, for whoever is asked anew.
    pub fn learn(&mut self, fetched: Arc<Fetched>) {
        self.decision.fetched = Some(fetched);
    }
}

impl Call {
    /// Lets go of those who were asked, once nothing of it is open. An emergency call keeps what it was begun with, and so
    /// does a call back that was transferred.
    pub fn settle(&mut self) {
        let Some(ring) = self.ring.take_if(|ring| ring.is_over()) else { return };
        if self.class == Class::Emergency || ring.decision.classified.class == Class::Emergency {
            let Ring { invite, server, flow, mut decision, home, .. } = *ring;
            home.into_iter().for_each(|home| decision.plan.targets = home);
            // A copy: of a stream it is a piece of something larger.
            let invite = Bytes::copy_from_slice(invite.bytes());
            self.opening = Some(Box::new(Opening { invite, server, flow, decision, place: None }));
        }
    }

    /// Whether it is known what the call was begun with.
    pub fn may_be_brought(&self) -> bool {
        // Those who were asked for a transfer of a call back may still be asked when the next one begins.
        let is_begun = |ring: &Ring| ring.decision.classified.class == Class::Emergency;
        match self.class {
            Class::Emergency => self.ring.is_some() || self.opening.is_some(),
            _ => self.turned && (self.opening.is_some() || self.ring.as_deref().is_some_and(is_begun)),
        }
    }

    /// A new search for this call, whose caller offers `session` now: nobody is on its list yet. Whoever is still asked
    /// of the one before is let go of when it speaks.
    pub fn reopened(&mut self, core: &Core, session: Option<&Bytes>, now: Now) -> Option<Ring> {
        let ring = self.ring.take();
        let (invite, server, flow, decision) = match (self.opening.take(), ring) {
            (Some(opening), _) => {
                let Opening { invite, server, flow, decision, .. } = *opening;
                (Message::read_head(invite).ok()?, server, flow, decision)
            }
            (None, ring) => {
                let Ring { invite, server, flow, mut decision, home, .. } = *ring?;
                home.into_iter().for_each(|home| decision.plan.targets = home);
                (invite, server, flow, decision)
            }
        };
        let invite = restated(core, &invite, session).unwrap_or(invite);
        let mut ring = Ring::new(invite, server, flow, decision, now);
        (ring.decision.plan.own_ivr, ring.progress_at) = (None, None);
        Some(ring)
    }
}

/// The INVITE with another session description in the place of its own; one that had none gets it, where it has no other
/// body. `None` when it is to stay as it is.
fn restated(core: &Core, invite: &Message, session: Option<&Bytes>) -> Option<Message> {
    let session = session?;
    let body = invite.body();
    let content_type = invite.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, &body);
    let (content_type, body) = match parts.iter().find(|part| part.is("application/sdp")) {
        Some(part) => {
            let from = part.content.as_ptr().addr() - body.as_ptr().addr();
            let behind = from + part.content.len();
            (content_type, [&body[..from], session, &body[behind..]].concat())
        }
        None if body.is_empty() => (&b"application/sdp"[..], session.to_vec()),
        None => return None,
    };
    let mut writer = Writer::request_of(core.buffer(), invite.method_text(), invite.request_uri());
    for field in invite.fields().iter().filter(|field| field.name != Name::ContentType) {
        writer.copy(invite, field);
    }
    Message::read(core.finish(writer, Some((content_type, &body)))).ok()
}
