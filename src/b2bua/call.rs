//! One call: two sides, and what stands between them.
use super::agreed::Agreed;
use super::ask::Asking;
use super::headers::Abilities;
use super::ivr::Ivr;
use super::mend::Mend;
use super::midcall::pace::Pace;
use super::onward::Onward;
use super::opening::Opening;
use super::reliable::Reliable;
use super::ring::Ring;
use super::takeover::{Former, Takeover};
use super::watch::Watch;
use crate::base::id::Handle;
use crate::base::now::{Mono, earlier};
use crate::base::private::Private;
use crate::classify::Class;
use crate::fact::Kind;
use crate::record::{Holder, Line, Trunk};
use crate::sdp::Places;
use crate::sip::dialog::Dialog;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method};
use crate::sip::transaction::{ClientId, ServerId};
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use std::sync::Arc;

/// The two sides of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Who placed the call: the PBX. In a call back that is whoever calls back, and once it is answered the phone.
    Caller,
    /// Who takes it: PSAP, relay center, crisis line, IVR, gateway.
    Answerer,
}

impl Side {
    /// The other one.
    pub const fn other(self) -> Side {
        match self {
            Side::Caller => Side::Answerer,
            Side::Answerer => Side::Caller,
        }
    }

    /// The word for logs.
    pub const fn text(self) -> &'static str {
        match self {
            Side::Caller => "caller",
            Side::Answerer => "answerer",
        }
    }
}

/// What a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The INVITE that began this call.
    Call(Handle),
    /// The INVITE to one of its targets, by the round of asking and the attempt's number in it.
    Attempt(Handle, u8, u8),
    /// A request of one side that was passed to the other.
    Relayed(Handle),
    /// A request that we made ourselves in a dialog; its answer changes nothing.
    Own(Handle),
    /// A question whether a side is still there.
    Watch(Handle, Side),
    /// An offer of our own to a side.
    Mend(Handle, Side),
    /// A probe of a trunk.
    Probe(Handle),
}

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Targets are asked; the caller waits.
    Ringing,
    /// Both sides are connected.
    Talking,
    /// It is over for the caller; what is still open at targets is being closed.
    Clearing,
}

/// A 2xx to an INVITE that is repeated until its ACK comes (RFC 3261 §13.3.1.4).
pub struct Owed {
    /// The response.
    pub response: Bytes,
    /// The INVITE that it answers; its transaction knows where the peer listens now.
    pub server: ServerId,
    /// The CSeq number that the ACK will have.
    pub cseq: u32,
    /// Whether it has an offer that we made here, which the ACK answers.
    pub offers: bool,
    /// When it is sent again.
    pub next: Mono,
    /// How long after that.
    pub interval: Duration,
    /// When to stop repeating it.
    pub until: Mono,
}

/// Shows when and leaves the message out.
impl fmt::Debug for Owed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Owed").field("cseq", &self.cseq).field("next", &self.next).finish_non_exhaustive()
    }
}

/// The ACK to the last INVITE that we sent on a leg.
pub struct Acked {
    /// The INVITE's CSeq number.
    pub cseq: u32,
    /// The ACK, sent again for each copy of the 2xx; `None` while the other side's answer is awaited.
    pub ack: Option<Bytes>,
    /// Where the ACK must bring an answer: when it is sent with one of ours at the latest.
    pub answer_by: Option<Mono>,
}

/// Shows which and leaves the message out.
impl fmt::Debug for Acked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Acked").field("cseq", &self.cseq).finish_non_exhaustive()
    }
}

/// One side of a call: a dialog and what is open in it.
#[derive(Debug)]
pub struct Leg {
    /// The dialog.
    pub dialog: Dialog,
    /// The nonce of our tag in it.
    pub nonce: u64,
    /// A 2xx that was not acknowledged yet.
    pub owed: Option<Owed>,
    /// The last ACK of ours.
    pub acked: Option<Acked>,
    /// Whether the peer is still there, from the answer on.
    pub watch: Option<Watch>,
    /// Whether the peer's Allow lists UPDATE.
    pub takes_update: bool,
    /// Our last session description in it.
    pub said: Option<Private<Bytes>>,
    /// What we say of ourselves in it.
    pub abilities: Abilities,
    /// How fast the peer's offers come.
    pub pace: Pace,
    /// Streams in it that were refused here, so that the other leg has no line for them.
    pub refused: Places,
    /// An offer of ours that is due or open in it.
    pub mend: Option<Box<Mend>>,
}

impl Leg {
    /// A leg with nothing open in it.
    pub fn new(dialog: Dialog, nonce: u64, abilities: Abilities) -> Leg {
        Leg {
            dialog,
            nonce,
            owed: None,
            acked: None,
            watch: None,
            takes_update: false,
            said: None,
            abilities,
            pace: Pace::default(),
            refused: Places::default(),
            mend: None,
        }
    }
}

impl Leg {
    /// Whether a 2xx of the peer waits for its ACK.
    pub fn awaits_ack(&self) -> bool {
        self.acked.as_ref().is_some_and(|acked| acked.ack.is_none())
    }

    /// When something must happen in it next. Timers that were agreed on before the answer run from the answer on: in a
    /// call that talks.
    fn deadline(&self, talks: bool) -> Option<Mono> {
        let watch = self.watch.as_ref().filter(|_| talks).map(Watch::deadline);
        let owed = self.owed.as_ref().map(|owed| owed.next);
        earlier(earlier(watch, owed), earlier(self.mend_at(), self.answer_by()))
    }

    /// When a 2xx of the peer gets its ACK with an answer of ours.
    pub fn answer_by(&self) -> Option<Mono> {
        self.acked.as_ref().filter(|acked| acked.ack.is_none()).and_then(|acked| acked.answer_by)
    }

    /// Keeps our session description in this leg, where there is a new one.
    pub fn says(&mut self, session: Option<Bytes>) {
        if let Some(session) = session {
            // A copy: the message that it came in is larger and ends with the transaction.
            self.said = Some(Private::new(Bytes::copy_from_slice(&session)));
        }
    }
}

/// Someone who answered and was let go: an ACK that copies of the 2xx get again (RFC 3261 §13.2.2.4).
#[derive(Debug)]
pub struct LetGo {
    /// Our tag, which tells attempts apart.
    pub local_tag: Box<[u8]>,
    /// The tag of the one who answered, which tells forks of an attempt apart.
    pub remote_tag: Box<[u8]>,
    /// Where the ACK goes.
    pub flow: Flow,
    /// The ACK.
    pub ack: Bytes,
}

/// A request of one side that waits for the other side's answer.
#[derive(Debug)]
pub struct Pending {
    /// Who asked.
    pub from: Side,
    /// The request's transaction.
    pub server: ServerId,
    /// The request.
    pub request: Message,
    /// Its method.
    pub method: Method,
    /// Our request to the other side.
    pub client: ClientId,
    /// When who asked is told that there is no answer; `None` for an INVITE, which may ring.
    pub until: Option<Mono>,
    /// The session description that went to the other side.
    pub said: Option<Private<Bytes>>,
    /// The streams that the caller has and the answerer has not, once this is accepted.
    pub refused: Places,
}

/// A call.
#[derive(Debug)]
pub struct Call {
    /// Our identifier.
    pub key: Handle,
    /// Its class.
    pub class: Class,
    /// What leads back to its caller when it is over, as our Contact has it.
    pub token: Handle,
    /// Whose window it keeps open.
    pub holder: Option<Holder>,
    /// The source's trunk.
    pub source: Arc<str>,
    /// The caller's line, when it is listed.
    pub line: Option<Arc<Line>>,
    /// Whether the phone's side is kept from holding, transferring, conferencing and recording.
    pub protected: bool,
    /// Whether it is a call back that was answered: whoever called back is the answerer now, and the phone the caller.
    pub turned: bool,
    /// When the INVITE came.
    pub arrived: Mono,
    /// When either side last said anything.
    pub heard_at: Mono,
    /// Where it stands.
    pub stage: Stage,
    /// The caller's side.
    pub caller: Leg,
    /// The answerer's side, once there is one.
    pub answerer: Option<Leg>,
    /// The trunk that answered.
    pub trunk: Option<Arc<Trunk>>,
    /// What is asked of targets, until nothing is open any more.
    pub ring: Option<Box<Ring>>,
    /// Provisional responses, where the caller requires them to be reliable.
    pub reliable: Option<Box<Reliable>>,
    /// The test IVR, where it has the call and no far end does.
    pub ivr: Option<Box<Ivr>>,
    /// What it wants of a location that is kept elsewhere.
    pub asking: Option<Box<Asking>>,
    /// Another far end that is about to take the call over.
    pub takeover: Option<Box<Takeover>>,
    /// The one who had it before.
    pub former: Option<Box<Former>>,
    /// What it was begun with, while it is protected and nobody is asked.
    pub opening: Option<Box<Opening>>,
    /// Somebody else to whom it is being brought.
    pub onward: Option<Box<Onward>>,
    /// How many times targets were asked anew.
    pub round: u8,
    /// How many transfers its far ends have asked for.
    pub transfers: u8,
    /// Whether it was brought back from a far end that had lost it.
    pub recovered: bool,
    /// Those who answered and were let go.
    pub let_go: Vec<LetGo>,
    /// Requests that wait for the other side.
    pub pending: Vec<Pending>,
    /// What is known of the sessions that they agreed on.
    pub agreed: Agreed,
    /// The deadline that the wheel knows of.
    pub scheduled: Option<Mono>,
    /// The hash under which merged copies of the INVITE are recognised.
    pub merge_key: u64,
}

impl Call {
    /// The class for facts; `None` for a crisis call, which leaves none.
    pub fn kind(&self) -> Option<Kind> {
        kind_of(self.class)
    }

    /// Whether it goes on while a side is only suspected to be gone: all but other calls (rulings 10, 18).
    pub fn outlives_suspicion(&self) -> bool {
        self.class != Class::Other
    }

    /// The side of the phone: in a call back it is the phone that is called.
    pub fn phone(&self) -> Side {
        if self.class == Class::Callback { self.inviter().other() } else { Side::Caller }
    }

    /// The side that sent the INVITE which began the call.
    pub const fn inviter(&self) -> Side {
        if self.turned { Side::Answerer } else { Side::Caller }
    }

    /// Whether this side is kept from holding, transferring, conferencing and recording.
    pub fn restrains(&self, side: Side) -> bool {
        self.protected && side == self.phone()
    }

    /// Whether the Call-ID of a side's dialog is ours, since we began it.
    pub fn owns(&self, side: Side) -> bool {
        side != self.inviter()
    }

    /// A side's leg.
    pub fn leg(&mut self, side: Side) -> Option<&mut Leg> {
        match side {
            Side::Caller => Some(&mut self.caller),
            Side::Answerer => self.answerer.as_mut(),
        }
    }

    /// Tells each side's dialog who is at the other end, as far as they said (RFC 7989 §7).
    pub fn introduce(&mut self) {
        if let Some(leg) = self.answerer.as_mut() {
            self.caller.dialog.speak_as(leg.dialog.peer_session());
            leg.dialog.speak_as(self.caller.dialog.peer_session());
        }
    }

    /// A side's leg, to look at.
    pub fn side(&self, side: Side) -> Option<&Leg> {
        match side {
            Side::Caller => Some(&self.caller),
            Side::Answerer => self.answerer.as_ref(),
        }
    }

    /// Whether targets are being asked: for the first time, or for a call that is to be brought to another.
    pub fn is_seeking(&self) -> bool {
        let is_brought = || self.onward.is_some() && self.takeover.is_none() && self.stage == Stage::Talking;
        self.stage == Stage::Ringing || is_brought()
    }

    /// Whether the caller's INVITE has no final response yet.
    pub fn is_unanswered(&self) -> bool {
        self.stage == Stage::Ringing || self.reliable.as_deref().is_some_and(Reliable::holds_answer)
    }

    /// Both sides' legs, as far as there are two.
    pub fn legs(&self) -> impl Iterator<Item = &Leg> {
        [Some(&self.caller), self.answerer.as_ref()].into_iter().flatten()
    }

    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.stage == Stage::Clearing && self.ring.as_ref().is_none_or(|ring| ring.is_over())
    }

    /// When something must happen next.
    pub fn deadline(&self) -> Option<Mono> {
        let talks = self.stage == Stage::Talking;
        let mut next = self.caller.deadline(talks);
        let mut also = |at: Option<Mono>| next = earlier(next, at);
        if let Some(leg) = &self.answerer {
            also(leg.deadline(talks));
        }
        if let Some(ring) = self.ring.as_deref().filter(|_| self.is_seeking()) {
            also(ring.deadline());
        }
        if talks {
            also(self.onward.as_deref().and_then(Onward::deadline));
            also(self.takeover.as_deref().and_then(Takeover::deadline));
            also(self.former.as_deref().and_then(|former| former.bye_at));
        }
        also(self.reliable.as_deref().and_then(Reliable::deadline));
        also(self.ivr.as_deref().map(Ivr::deadline));
        also(self.asking.as_deref().and_then(Asking::deadline));
        for pending in &self.pending {
            also(pending.until);
        }
        next
    }
}

/// The class for facts; `None` for a crisis call.
pub const fn kind_of(class: Class) -> Option<Kind> {
    match class {
        Class::Emergency => Some(Kind::Emergency),
        Class::Test => Some(Kind::Test),
        Class::Other => Some(Kind::Other),
        Class::Callback => Some(Kind::Callback),
        Class::Crisis => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_small_beside_what_its_peers_wrote() {
        // The texts of both dialogs and two session descriptions come to it; all of it is to stay under 8 KiB.
        assert!(core::mem::size_of::<Call>() <= 2048, "{}", core::mem::size_of::<Call>());
        assert!(core::mem::size_of::<Leg>() <= 768, "{}", core::mem::size_of::<Leg>());
    }
}
