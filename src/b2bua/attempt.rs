//! One INVITE to one target, and how far it has come.
use super::terms::Load;
use crate::base::now::Mono;
use crate::record::{Profile, Trunk};
use crate::sip::dialog::{Dialog, Invite};
use crate::sip::digest::Credentials;
use crate::sip::flow::Flow;
use crate::sip::message::session_id::Uuid;
use crate::sip::message::{Message, Name};
use crate::sip::transaction::ClientId;
use bytes::Bytes;
use core::fmt;
use smallvec::SmallVec;
use std::sync::Arc;

/// How far a target has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Heard {
    /// Nothing came back yet.
    Nothing,
    /// A 100 came.
    Trying,
    /// It rings.
    Ringing,
}

/// One INVITE to one target.
#[derive(Debug)]
pub struct Attempt {
    /// Whom.
    pub trunk: Arc<Trunk>,
    /// The target's place in the plan.
    pub place: usize,
    /// The INVITE's transaction.
    pub client: ClientId,
    /// The nonce of our tag.
    pub nonce: u64,
    /// How it was sent.
    pub flow: Flow,
    /// What the INVITE said.
    pub sent: Sent,
    /// When it left; for one that is asked again, the first INVITE.
    pub started: Mono,
    /// How far it has come.
    pub heard: Heard,
    /// When it counts as late; `None` when it does already, or rings.
    pub late_at: Option<Mono>,
    /// Whether another target was started because this one was late.
    pub passed_over: bool,
    /// Whether it rang for so long that the call was taken from it.
    pub rung_out: bool,
    /// Whether it made room for another before it had said anything.
    pub displaced: bool,
    /// Whether the network said that what we sent did not arrive.
    pub unreached: bool,
    /// Whether it was told to stop, or will be as soon as it speaks.
    pub cancelled: bool,
    /// Whether it refused something that can be changed, and could not be asked again at once.
    pub owed: bool,
    /// Whether it was given another chance.
    pub again: bool,
    /// Whether it is over.
    pub over: bool,
    /// What this attempt taught of its trunk: that it answers, that it does not. Each counts once.
    pub taught: Taught,
    /// The early dialogs: one a fork that spoke.
    pub early: SmallVec<[Early; 1]>,
}

/// What an INVITE of ours said, as far as it matters afterwards.
pub struct Sent {
    /// The Request-URI.
    pub uri: Bytes,
    /// The From value.
    pub from: Bytes,
    /// The Call-ID.
    pub call_id: Bytes,
    /// The CSeq number.
    pub cseq: u32,
    /// The profile that it followed.
    pub profile: Profile,
    /// The credentials that it had, which its dialogs go on with.
    pub credentials: Option<Box<Credentials>>,
    /// The caller's UUID, which went along.
    pub speaker: Option<Uuid>,
    /// The offer; with one, the 2xx is acknowledged at once.
    pub session: Option<Bytes>,
    /// How much of a body went along.
    pub carried: Load,
}

impl Sent {
    fn dialog(&self, response: &Message, flow: Flow) -> Option<Dialog> {
        let invite = Invite { uri: &self.uri, from: &self.from, call_id: &self.call_id, cseq: self.cseq };
        let mut dialog = invite.answered(response, flow)?;
        dialog.credentials.clone_from(&self.credentials);
        dialog.speak_as(self.speaker);
        Some(dialog)
    }
}

/// Shows whether there was an offer: all of it is private.
impl fmt::Debug for Sent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Sent").field("offered", &self.session.is_some()).finish_non_exhaustive()
    }
}

/// What an attempt taught of its trunk's health.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taught {
    /// That it answers.
    pub alive: bool,
    /// That it does not.
    pub missed: bool,
}

/// An early dialog of an attempt (RFC 3261 §12.1.2).
#[derive(Debug)]
pub struct Early {
    /// The dialog.
    pub dialog: Dialog,
    /// The last reliable provisional response that was acknowledged (RFC 3262 §4).
    pub rseq: Option<u32>,
    /// Whether the far end's Allow lists UPDATE.
    pub takes_update: bool,
}

/// Whether a message's Allow lists UPDATE (RFC 3311 §4).
pub fn takes_update(message: &Message) -> bool {
    message.list(Name::Allow).any(|method| method == b"UPDATE")
}

/// The most early dialogs that are kept of one attempt; forks beyond are heard all the same.
const MOST_EARLY: usize = 16;

impl Attempt {
    /// An INVITE that leaves at this moment, for the target at this place of the plan.
    pub fn new(
        trunk: Arc<Trunk>,
        place: usize,
        client: ClientId,
        nonce: u64,
        flow: Flow,
        sent: Sent,
        now: Mono,
    ) -> Self {
        Attempt {
            late_at: Some(now + trunk.silent_after),
            trunk,
            place,
            client,
            nonce,
            flow,
            sent,
            started: now,
            heard: Heard::Nothing,
            passed_over: false,
            rung_out: false,
            displaced: false,
            unreached: false,
            cancelled: false,
            owed: false,
            again: false,
            over: false,
            taught: Taught::default(),
            early: SmallVec::new(),
        }
    }

    /// The next INVITE to the same target after this one was refused. It counts as late when nothing comes back in time,
    /// and no later than this one would have.
    pub fn again(&self, client: ClientId, sent: Sent, now: Mono) -> Self {
        let trunk = self.trunk.clone();
        let late_at = self.late_at.map(|due| due.min(now + trunk.silent_after));
        let fresh = Attempt::new(trunk, self.place, client, self.nonce, self.flow, sent, self.started);
        let (passed_over, rung_out, again, taught) = (self.passed_over, self.rung_out, self.again, self.taught);
        Attempt { late_at, passed_over, rung_out, again, taught, ..fresh }
    }

    /// Whether it is to be asked once more when nobody else is left: it was told to stop for one that failed later, or
    /// refused what can be changed when it had no place any more.
    pub fn may_return(&self) -> bool {
        (self.cancelled || self.owed) && !self.again
    }

    /// Whether it is one of those that are asked now.
    pub fn is_open(&self) -> bool {
        self.may_answer() && !self.displaced
    }

    /// Whether another target was started in its place already.
    pub fn is_replaced(&self) -> bool {
        self.passed_over || !self.is_open()
    }

    /// Whether it may still take the call.
    pub fn may_answer(&self) -> bool {
        !self.over && !self.cancelled
    }

    /// The early dialog that a response belongs to, made by the first that names it. Its CSeq goes on from one response
    /// to the next (RFC 3261 §12.2.1.1).
    pub fn early_of(&mut self, response: &Message) -> Option<&mut Early> {
        let tag = response.to_tag()?;
        let known = self.early.iter().position(|early| early.dialog.remote_tag() == tag);
        let place = match known {
            Some(place) => place,
            None if self.early.len() >= MOST_EARLY => return None,
            None => {
                let dialog = self.sent.dialog(response, self.flow)?;
                let takes_update = takes_update(response);
                self.early.push(Early { dialog, rseq: None, takes_update });
                self.early.len() - 1
            }
        };
        self.early.get_mut(place)
    }

    /// The dialog of a 2xx: the early one if it is the same, since its CSeq may have moved on (RFC 3261 §13.2.2.4).
    pub fn confirmed(&mut self, response: &Message) -> Option<Dialog> {
        let tag = response.to_tag().unwrap_or_default();
        match self.early.iter().position(|early| early.dialog.remote_tag() == tag) {
            Some(place) => {
                let mut dialog = self.early.swap_remove(place).dialog;
                dialog.confirm(response);
                Some(dialog)
            }
            None => self.sent.dialog(response, self.flow),
        }
    }
}
