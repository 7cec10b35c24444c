//! Which server transaction a request belongs to (RFC 3261 §17.2.3).
use crate::base::entropy::Entropy;
use crate::sip::message::{Message, Method, Via};
use smallvec::SmallVec;
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

    /// The key of this request itself; of the INVITE, for an ACK to a refusal. `via` is the request's topmost.
    pub fn own(&self, request: &Message, via: Option<&Via<'_>>) -> Key {
        match request.method() {
            Some(Method::Ack | Method::Invite) => self.key(request, via, b"INVITE"),
            _ => self.key(request, via, request.method_text()),
        }
    }

    /// The key of the INVITE that a CANCEL names.
    pub fn cancelled(&self, cancel: &Message, via: Option<&Via<'_>>) -> Key {
        self.key(cancel, via, b"INVITE")
    }

    fn key(&self, request: &Message, via: Option<&Via<'_>>, method: &[u8]) -> Key {
        let mut digest = Digest::default();
        digest.part(method);
        match via.and_then(|via| via.branch().filter(|branch| is_unique(branch)).map(|branch| (via, branch))) {
            Some((via, branch)) => {
                digest.part(branch);
                digest.part_in_any_case(via.host);
                digest.number(u32::from(via.port.unwrap_or(5060)));
            }
            // The To tag is left out: an ACK has one that the INVITE had not, and the CSeq number makes the difference
            // between requests of one dialog anyway.
            None => {
                digest.part(request.request_uri());
                digest.part(request.from_tag().unwrap_or_default());
                digest.part(request.call_id().unwrap_or_default());
                digest.number(request.cseq().map_or(0, |(number, _)| number));
                digest.part(via.map_or(&[][..], |via| via.text));
            }
        }
        let [high, low] = self.halves.clone().map(|mut half| {
            half.write(&digest.0);
            u128::from(half.finish())
        });
        Key(high << 64 | low)
    }
}

/// Whether a branch was made by RFC 3261's rules: the magic cookie and something behind it.
fn is_unique(branch: &[u8]) -> bool {
    branch.len() > 7 && branch[..7].eq_ignore_ascii_case(b"z9hG4bK")
}

/// What is hashed, put together first: a hash of one text costs half of one of its parts.
#[derive(Default)]
struct Digest(SmallVec<[u8; 192]>);

impl Digest {
    /// The length first, so that parts cannot be shifted into each other.
    fn part(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&bytes.len().to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    fn part_in_any_case(&mut self, bytes: &[u8]) {
        self.part(bytes);
        let from = self.0.len() - bytes.len();
        self.0[from..].make_ascii_lowercase();
    }

    fn number(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }
}
