//! Where devices last said they are plugged in, and the tokens that name them.
use super::beside::Beside;
use super::large::Large;
use super::unwritten::{Backlog, Sum, Unwritten};
use super::{Cache, Typed};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use crate::record::{Mac, Measurements, Number};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The most devices whose whereabouts are kept; of others nothing is.
pub const MOST_WHEREABOUTS: usize = 4_000_000;
/// The most tokens that lead to one device: with each more the oldest is forgotten, so that a phone which asks every
/// minute fills nothing.
pub const MOST_TOKENS: usize = 4;
/// How long whereabouts, and a token behind its end, are remembered.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// The path of our location URIs, before their token.
pub const LOCATION_PATH: &str = "/location/";

/// What a device, or somebody who may, last told of where it is plugged in.
#[derive(Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// What it measured of the network, and the public address that it came from.
    pub measurements: Measurements,
    /// When that came.
    pub at: Wall,
    /// The address that it came from, where that is the device's own.
    pub source: Option<IpAddr>,
    /// The line whose address may stand in where the network tells no place.
    pub line: Option<Number>,
}

impl fmt::Debug for Whereabouts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// Whom a token names.
#[derive(Clone, PartialEq, Eq)]
pub struct Named {
    /// The id of a device, as [`Cache::whereabouts`] takes it. It need not be in any table: see [`unlisted`].
    pub device: Arc<str>,
    /// The organisation that the device belongs to.
    pub organisation: Arc<str>,
    /// Until when the token is answered with a place. Calls are led by it for longer.
    pub expires: Wall,
}

impl Named {
    /// Whether its time is over.
    pub fn is_expired(&self, now: Wall) -> bool {
        self.expires < now
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// A device that is in no table, by what it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlisted<'a> {
    /// Its hardware address.
    Mac(Mac),
    /// Its instance id: `urn:uuid:…`.
    Instance(&'a str),
    /// Its address in the organisation's network, where nothing better is known.
    Address(IpAddr),
    /// The line that it is on.
    Line(Number),
}

/// The id of a device that is in no table: `acme mac 02-00-00-00-00-01`. An id of a table has no blank, so the two never
/// meet.
pub fn unlisted(organisation: &str, device: Unlisted<'_>) -> Arc<str> {
    match device {
        Unlisted::Mac(mac) => format!("{organisation} mac {}", mac.expose()).into(),
        Unlisted::Instance(instance) => format!("{organisation} instance {instance}").into(),
        Unlisted::Address(address) => format!("{organisation} ip {}", address.to_canonical()).into(),
        Unlisted::Line(number) => format!("{organisation} line {}", number.expose()).into(),
    }
}

/// What devices and their users told. Tokens are kept as their SHA-256: whoever sees them here cannot use them.
#[derive(Debug, Default)]
pub struct Told {
    pub(super) places: Large<Arc<str>, Arc<Whereabouts>>,
    pub(super) tokens: Large<Sum, Named>,
    issued: Large<Arc<str>, arrayvec::ArrayVec<Sum, MOST_TOKENS>>,
    pub(super) typed: Large<Arc<str>, Arc<[Typed]>>,
    pub(super) beside: Large<Arc<str>, Beside>,
    pub(super) backlog: Backlog,
}

impl Told {
    /// Keeps a token; the oldest of its device makes room.
    pub(super) fn keep_token(&self, sum: Sum, named: Named) {
        let mut issued = self.issued.entry(Arc::clone(&named.device)).or_default();
        if issued.is_full() {
            let oldest = issued.remove(0);
            let _named = self.tokens.remove(&oldest);
            self.backlog.note(|| Unwritten::Token(oldest));
        }
        issued.push(sum);
        let _before = self.tokens.insert(sum, named);
        self.backlog.note(|| Unwritten::Token(sum));
    }
}

impl Cache {
    /// What a device last told of where it is plugged in.
    pub fn whereabouts(&self, device: &str) -> Option<Arc<Whereabouts>> {
        self.told.places.get(device).map(|told| Arc::clone(&told))
    }

    /// Keeps what a device tells now, in the place of all that it told before. Without room nothing is kept of a device
    /// that was not there; `false` then.
    pub fn tell_whereabouts(&self, device: &Arc<str>, told: Whereabouts) -> bool {
        let has_room = self.told.places.len() < MOST_WHEREABOUTS || self.told.places.contains_key(device);
        if has_room {
            let _before = self.told.places.insert(Arc::clone(device), Arc::new(told));
            self.told.backlog.note(|| Unwritten::Whereabouts(Arc::clone(device)));
        }
        has_room
    }

    /// Whom a token names, also when its time is over.
    pub fn token(&self, token: &str) -> Option<Named> {
        self.told.tokens.get(&sum(token)).map(|named| named.clone())
    }

    /// Makes a token for a device. It is 192 bits of chance, and nothing of the device is in it.
    pub fn issue(&self, named: Named, chance: &mut Entropy) -> String {
        let mut bytes = [0; 24];
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&chance.bits().to_be_bytes());
        }
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let sum = sum(&token);
        self.told.keep_token(sum, named);
        token
    }

    /// Lets go of what nobody asks for any more.
    pub fn forget_whereabouts(&self, now: Wall) {
        let is_known = |at: Wall| {
            let millis = now.as_millis().saturating_sub(at.as_millis());
            Duration::from_millis(millis) < FORGOTTEN_AFTER
        };
        let told = &self.told;
        told.places.retain(|_, told| is_known(told.at));
        told.tokens.retain(|_, named| is_known(named.expires));
        told.issued.retain(|_, issued| {
            issued.retain(|sum| told.tokens.contains_key(sum));
            !issued.is_empty()
        });
        self.forget_typed(now);
        self.forget_beside();
    }
}

fn sum(token: &str) -> Sum {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(device: &str, expires: u64) -> Named {
        Named { device: device.into(), organisation: "acme".into(), expires: Wall::from_millis(expires) }
    }

    fn told(at: u64) -> Whereabouts {
        Whereabouts { measurements: Measurements::default(), at: Wall::from_millis(at), source: None, line: None }
    }

    #[test]
    fn a_token_names_its_device_behind_its_end_and_nothing_else_does() {
        let (cache, chance) = (Cache::default(), &mut Entropy::seeded([1; 32]));
        let token = cache.issue(named("desk", 1000), chance);
        let found = cache.token(&token).unwrap();
        assert_eq!((&*found.device, &*found.organisation), ("desk", "acme"));
        assert!(!found.is_expired(Wall::from_millis(1000)) && found.is_expired(Wall::from_millis(1001)));
        assert_eq!(cache.token(&token.to_lowercase()), None);
        assert_eq!(cache.token(""), None);
        assert_ne!(cache.issue(named("desk", 1000), chance), token);
        assert!(token.len() >= 22 && !token.contains("desk"), "at least 128 bits, and they say nothing");
    }

    #[test]
    fn a_device_that_asks_again_and_again_has_its_last_tokens_alone() {
        let (cache, chance) = (Cache::default(), &mut Entropy::seeded([1; 32]));
        let tokens: Vec<_> = (0..20).map(|_| cache.issue(named("desk", 1000), chance)).collect();
        let holds: Vec<_> = tokens.iter().map(|token| cache.token(token).is_some()).collect();
        assert_eq!(holds, [[false; 16].as_slice(), &[true; 4]].concat());
        assert_eq!(cache.told.tokens.len(), MOST_TOKENS);
    }

    #[test]
    fn what_is_long_over_is_forgotten_and_all_else_is_kept() {
        let (cache, chance) = (Cache::default(), &mut Entropy::seeded([1; 32]));
        let month = FORGOTTEN_AFTER.as_millis() as u64;
        let (old, new) = (cache.issue(named("desk", 10), chance), cache.issue(named("desk", 30), chance));
        assert!(cache.tell_whereabouts(&"desk".into(), told(10)) && cache.tell_whereabouts(&"soft".into(), told(30)));
        cache.forget_whereabouts(Wall::from_millis(month + 20));
        assert_eq!((cache.token(&old).is_some(), cache.token(&new).is_some()), (false, true));
        assert_eq!((cache.whereabouts("desk").is_some(), cache.whereabouts("soft").is_some()), (false, true));
        cache.forget_whereabouts(Wall::from_millis(month + 40));
        assert!(cache.told.issued.is_empty());
    }

    #[test]
    fn a_device_of_no_table_has_an_id_that_no_table_can_have() {
        let mac = Mac::read("0200.0000.0001").unwrap();
        assert_eq!(&*unlisted("acme", Unlisted::Mac(mac)), "acme mac 02-00-00-00-00-01");
        let address = "::ffff:10.1.4.77".parse().unwrap();
        assert_eq!(&*unlisted("acme", Unlisted::Address(address)), "acme ip 10.1.4.77");
        assert_eq!(&*unlisted("acme", Unlisted::Line(Number::read("4117").unwrap())), "acme line 4117");
    }
}
