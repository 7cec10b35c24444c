//! What the two sides agreed on last (RFC 3264 §8), and how the words of one reach the other.
//!
//! Each leg keeps what was said on it last by us, which is what the other side said, but for this: streams that were
//! refused to the caller are unknown to the answerer, silence suppression is taken out towards a PSAP, a caller that is
//! recorded hears that nobody wishes it, and a hold that the caller's side may not have is not told.
use super::bridge;
use super::call::{Call, Side};
use crate::classify::Class;
use crate::sdp::{self, Holds, Places, Way};
use crate::sip::message::Message;
use bytes::Bytes;

/// What is known of a call's sessions beside the words on each leg.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreed {
    /// Whether the caller's stream was open in both directions once; `None` while it has said nothing of it. What begins
    /// closed, as a call set up by a third party may, is protected from the first opening on (RFC 3264 §5.1).
    pub opened: Option<bool>,
    /// Whether the caller's side said from the beginning that it is recorded (RFC 7866 §7.1).
    pub recorded: bool,
    /// How many times in a row one side's words were brought to the other by an offer of ours.
    pub told: u8,
}

impl Agreed {
    /// What an INVITE begins with.
    pub fn begin(invite: &Message) -> Agreed {
        bridge::session_of(invite).map_or_else(Agreed::default, |offer| Agreed::with(&offer))
    }

    /// What the caller's side begins with.
    pub fn with(session: &[u8]) -> Agreed {
        Agreed { opened: Some(is_open(session)), recorded: sdp::says_recorded(session), ..Agreed::default() }
    }
}

fn is_open(session: &[u8]) -> bool {
    sdp::primary(session).is_some_and(|stream| stream.way == Some(Way::BOTH))
}

impl Call {
    /// What the caller said, as the answerer gets it.
    pub fn for_answerer(&self, session: &Bytes, refused: Places) -> Bytes {
        let session = sdp::without(session, refused);
        match self.class {
            Class::Emergency | Class::Test => sdp::without_silence_suppression(&session),
            Class::Crisis | Class::Other | Class::Callback => session,
        }
    }

    /// What the answerer said, as the caller gets it; `model` has the lines of the streams that were refused.
    pub fn for_caller(&self, session: &Bytes, refused: Places, model: &[u8]) -> Bytes {
        let session = sdp::with_refused(session, refused, model);
        if self.protected && self.agreed.recorded { sdp::prefers_no_recording(&session) } else { session }
    }

    /// What one side said outside of a change of streams, as the other side gets it.
    pub fn words_for(&self, to: Side, session: &Bytes) -> Bytes {
        match to {
            Side::Answerer => self.for_answerer(session, self.caller.refused),
            Side::Caller => {
                self.for_caller(session, self.caller.refused, self.said_to(Side::Caller).map_or(b"", |said| said))
            }
        }
    }

    /// What we said to a side last.
    pub fn said_to(&self, side: Side) -> Option<&Bytes> {
        self.side(side)?.said.as_ref().map(|said| said.expose())
    }

    /// Whether the caller's side holds with this while it may not; `answering` is what the other side said.
    pub fn is_hold(&self, session: &[u8], answering: Option<&Bytes>) -> bool {
        let answering = answering.map(|said| &said[..]);
        self.protected && self.agreed.opened != Some(false) && sdp::holds(session, answering) == Holds::Yes
    }

    /// Takes note of words of the caller's side that were agreed on.
    pub fn caller_said(&mut self, session: &[u8]) {
        self.agreed.opened = Some(self.agreed.opened == Some(true) || is_open(session));
    }

    /// The streams that an offer of the caller's side has and the answerer is not to hear of: those refused before, and
    /// further audio beside the audio in use, which is for a recorder or another listener.
    pub fn refused_in(&self, offer: &[u8]) -> Places {
        match self.said_to(Side::Caller).filter(|_| self.protected) {
            Some(said) => self.caller.refused.with(sdp::added_audio(offer, sdp::count(said))),
            None => self.caller.refused,
        }
    }
}
