//! Which server transaction a request belongs to (RFC 3261 §17.2.3).
use crate::base::entropy::Entropy;
use crate::sip::message::{Message, Method};
use std::hash::{DefaultHasher, Hasher};

/// What makes a request the same as another: branch, sent-by and method, or, from a peer of before RFC 3261, its
/// Request-URI, From tag, Call-ID, CSeq number, top Via and method. It is a keyed hash of 128 bits, so that nobody can
/// aim for the transaction of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(u128);

/// Makes keys.
#[derive(Clone, Debug)]
pub struct Matching {
    halves: [DefaultHasher; 2],
}

impl Matching {
    /// With secrets of its own.
    pub fn new(entropy: &mut Entropy) -> Self {
        let mut half = || {
            let mut hasher = DefaultHasher::new();
            hasher.write_u64(entropy.bits());
            hasher.write_u64(entropy.bits());
            hasher
        };
        Self { halves: [half(), half()] }
    }

    /// The key of this request itself; of the INVITE, for an ACK to a refusal.
    pub fn own(&self, request: &Message) -> Key {
        match request.method() {
            Some(Method::Ack | Method::Invite) => self.key(request, b"INVITE"),
            _ => self.key(request, request.method_text()),
        }
    }

    /// The key of the INVITE that a CANCEL names.
    pub fn cancelled(&self, cancel: &Message) -> Key {
        self.key(cancel, b"INVITE")
    }

    fn key(&self, request: &Message, method: &[u8]) -> Key {
        let mut digest = Digest(self.halves.clone());
        digest.part(method);
        let via = request.via();
        match via.as_ref().and_then(|via| via.branch().filter(|branch| is_unique(branch)).map(|branch| (via, branch))) {
            Some((via, branch)) => {
                digest.part(branch);
                digest.part_in_any_case(via.host);
                digest.number(u32::from(via.port.unwrap_or(5060)));
            }
            // The To tag is left out: an ACK has one that the INVITE had not, and the CSeq number makes the difference
            // between requests of one dialog anyway.
            None => {
                digest.part(request.request_uri());
                digest.part(request.from().and_then(|from| from.tag()).unwrap_or_default());
                digest.part(request.call_id().unwrap_or_default());
                digest.number(request.cseq().map_or(0, |(number, _)| number));
                digest.part(via.map_or(&[][..], |via| via.text));
            }
        }
        digest.finish()
    }
}

/// Whether a branch was made by RFC 3261's rules: the magic cookie and something behind it.
fn is_unique(branch: &[u8]) -> bool {
    branch.len() > 7 && branch[..7].eq_ignore_ascii_case(b"z9hG4bK")
}

struct Digest([DefaultHasher; 2]);

impl Digest {
    /// The length first, so that parts cannot be shifted into each other.
    fn part(&mut self, bytes: &[u8]) {
        for half in &mut self.0 {
            half.write_usize(bytes.len());
            half.write(bytes);
        }
    }

    fn part_in_any_case(&mut self, bytes: &[u8]) {
        let mut lower = [0u8; 64];
        for chunk in bytes.chunks(lower.len()) {
            let lower = &mut lower[..chunk.len()];
            lower.copy_from_slice(chunk);
            lower.make_ascii_lowercase();
            self.part(lower);
        }
    }

    fn number(&mut self, number: u32) {
        for half in &mut self.0 {
            half.write_u32(number);
        }
    }

    fn finish(self) -> Key {
        let [high, low] = self.0;
        Key(u128::from(high.finish()) << 64 | u128::from(low.finish()))
    }
}
