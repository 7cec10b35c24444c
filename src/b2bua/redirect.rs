//! A redirection is followed to trunks of ours and to nobody else (RFC 3261 §8.1.3.4): whom a Contact names is asked next,
//! as our config has it. What else the Contact says stays where it is.
use super::core::Core;
use super::ring::Ring;
use crate::cache::Snapshot;
use crate::classify::Class;
use crate::record::{Trunk, TrunkKind};
use crate::routing::Target;
use crate::sip::message::{Message, Name, NameAddr, Scheme};
use crate::sip::target::DEFAULT_PORT;
use core::net::SocketAddr;
use smallvec::SmallVec;
use std::sync::Arc;

/// The most Contacts of one redirection that are looked at.
const MOST: usize = 8;

/// Puts the trunks that a redirection names in front of those that are still to be asked, the most wanted first. One that
/// was asked before, or from which the call came back to us, is not asked again: it has an end wherever it leads.
pub fn follow(core: &Core, ring: &mut Ring, from: &Target, class: Class, redirection: &Message) {
    let snapshot = core.cache.snapshot.load();
    let mut contacts: SmallVec<[(u16, NameAddr<'_>); 4]> = redirection
        .list(Name::Contact)
        .filter_map(NameAddr::read)
        .take(MOST)
        .map(|contact| (weight(&contact), contact))
        .collect();
    contacts.sort_by_key(|(weight, _)| core::cmp::Reverse(*weight));
    let named = contacts.iter().filter_map(|(_, contact)| snapshot.trunks.iter().find(|trunk| names(contact, trunk)));
    let mut place = ring.next;
    for trunk in named {
        let targets = &ring.decision.plan.targets;
        let planned = targets.iter().position(|target| target.trunk.name == trunk.name);
        let target = match planned {
            Some(at) if at < place => continue,
            Some(at) => ring.decision.plan.targets.remove(at),
            None if leads(from, trunk, class) && !is_sender(core, &snapshot, trunk, ring.flow.peer) => {
                Target { trunk: Arc::clone(trunk), at: None, dial: None, rung: None, with_default: from.with_default }
            }
            None => continue,
        };
        ring.decision.plan.targets.insert(place, target);
        place += 1;
    }
}

/// Whether a call may be led to a trunk that its plan does not name. Emergency calls go from one who helps to another,
/// all others stay with their kind.
fn leads(from: &Target, trunk: &Trunk, class: Class) -> bool {
    let helps = |kind: TrunkKind| matches!(kind, TrunkKind::PsapI3 | TrunkKind::PsapLegacy | TrunkKind::Relay);
    let is_help = class == Class::Emergency && helps(from.trunk.kind) && helps(trunk.kind);
    is_help || (from.dial.is_none() && from.trunk.kind == trunk.kind && trunk.kind != TrunkKind::Pbx)
}

/// Whether the call itself came from this trunk.
fn is_sender(core: &Core, snapshot: &Snapshot, trunk: &Trunk, peer: SocketAddr) -> bool {
    let same = |address: &SocketAddr| address.ip() == peer.ip() && (!snapshot.by_port || address.port() == peer.port());
    trunk.from.contains(&peer.ip()) || core.cache.addresses(trunk).iter().any(same)
}

/// Whether a trunk is at this host, by the name or address and the port in its config.
pub fn is_at(trunk: &Trunk, host: &str, port: Option<u16>) -> bool {
    let is_port = port.unwrap_or(DEFAULT_PORT) == trunk.port.unwrap_or(DEFAULT_PORT);
    is_port && host.eq_ignore_ascii_case(&trunk.host)
}

/// Whether a Contact is where a trunk is.
fn names(contact: &NameAddr<'_>, trunk: &Trunk) -> bool {
    let uri = &contact.uri;
    uri.scheme == Scheme::Sip && core::str::from_utf8(uri.host).is_ok_and(|host| is_at(trunk, host, uri.port))
}

/// How much a Contact is wanted, in thousandths: its `q`, 1 where it has none (RFC 3261 §20.10).
fn weight(contact: &NameAddr<'_>) -> u16 {
    let Some(text) = contact.param("q").and_then(|q| core::str::from_utf8(q).ok()) else { return 1000 };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.trim() != "0" {
        return 1000;
    }
    let digits = part.bytes().take(3).filter(u8::is_ascii_digit).map(|digit| u16::from(digit - b'0'));
    [100, 10, 1].into_iter().zip(digits).map(|(unit, digit)| unit * digit).sum()
}
