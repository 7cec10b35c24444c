//! Digest authentication, as the one who is challenged (RFC 3261 §22, RFC 7616, RFC 8760).
mod challenge;

pub use challenge::{Authorization, Challenge, Request};

use super::message::{Message, Method, Writer};
use crate::base::entropy::Entropy;
use crate::base::private::Private;

/// Who we are to a peer that asks.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The user name.
    pub user: &'a Private<String>,
    /// The password.
    pub password: &'a Private<String>,
    /// The realm that they are for; `None`: whatever the peer names.
    pub realm: Option<&'a str>,
}

/// An identity and the challenge that it answers, from the first challenge on with every request to the peer.
#[derive(Clone, Debug)]
pub struct Credentials {
    user: Private<String>,
    password: Private<String>,
    challenge: Challenge,
    cnonce: String,
    /// How many requests had an answer with this nonce.
    count: u32,
    /// Whether it took the place of one that was too old.
    renewed: bool,
    /// What the latest INVITE had; the ACK to its 2xx has the same (RFC 3261 §22.1).
    shown: Option<Authorization>,
}

impl Credentials {
    /// Answers the challenge to a first request. `known` is what that request had: the same nonce again says that name
    /// or password is wrong, and another one is taken once, when it says that the one before was too old.
    pub fn after(
        refusal: &Message,
        identity: Identity<'_>,
        known: Option<&Credentials>,
        chance: &mut Entropy,
    ) -> Option<Credentials> {
        let challenge = Challenge::of(refusal, identity.realm)?;
        let may_answer =
            known.is_none_or(|known| challenge.is_stale && !known.renewed && !challenge.repeats(&known.challenge));
        may_answer.then(|| Credentials::new(challenge, identity, known.is_some(), chance))
    }

    /// Answers the challenge to a request in a dialog, whose nonce may be as old as the call. The caller tries once.
    pub fn anew(
        refusal: &Message,
        identity: Identity<'_>,
        known: Option<&Credentials>,
        chance: &mut Entropy,
    ) -> Option<Credentials> {
        let challenge = Challenge::of(refusal, identity.realm)?;
        let is_new = known.is_none_or(|known| !challenge.repeats(&known.challenge));
        is_new.then(|| Credentials::new(challenge, identity, false, chance))
    }

    fn new(challenge: Challenge, identity: Identity<'_>, renewed: bool, chance: &mut Entropy) -> Credentials {
        Credentials {
            user: identity.user.clone(),
            password: identity.password.clone(),
            challenge,
            cnonce: format!("{:016x}", chance.bits()),
            count: 0,
            renewed,
            shown: None,
        }
    }

    /// Writes the answer of one request: no two have the same count (RFC 7616 §3.4).
    pub fn write(&mut self, writer: &mut Writer, method: &[u8], uri: &[u8]) {
        self.count += 1;
        let (user, password) = (self.user.expose(), self.password.expose());
        let answer = self.challenge.answer(user, password, Request { method, uri }, self.count, &self.cnonce);
        answer.write(writer);
        if method == Method::Invite.text().as_bytes() {
            self.shown = Some(answer);
        }
    }

    /// Writes what the latest INVITE had.
    pub fn write_for_ack(&self, writer: &mut Writer) {
        if let Some(shown) = &self.shown {
            shown.write(writer);
        }
    }
}
