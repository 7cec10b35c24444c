//! Calls that somebody forwarded to us: Diversion (RFC 5806), History-Info (RFC 7044), `cause` in the Request-URI (RFC
//! 4458). A call to a phone that forwards to 911 is an emergency of the one who calls that phone.
use super::intake::number_of;
use crate::record::Number;
use crate::sip::message::{Message, Name, NameAddr, Uri};
use smallvec::SmallVec;

/// The most entries that are looked at of each header.
const MOST_ENTRIES: usize = 16;

/// Whether somebody forwarded the call.
pub fn is_forwarded(invite: &Message) -> bool {
    let uri = invite.request_uri();
    let by_uri = || uri.contains(&b';') && Uri::read(uri).is_some_and(|uri| uri.param("cause").is_some());
    invite.list(Name::Diversion).next().is_some() || by_uri() || retargeted(invite).next().is_some()
}

/// The numbers that forwarded it.
pub fn forwarders(invite: &Message) -> SmallVec<[Number; 2]> {
    if [Name::Diversion, Name::HistoryInfo].into_iter().all(|name| invite.value(name).is_none()) {
        return SmallVec::new();
    }
    let diverted = invite.list(Name::Diversion).take(MOST_ENTRIES).filter_map(NameAddr::read);
    diverted.chain(retargeted(invite)).filter_map(|address| number_of(&address)).collect()
}

/// Whom History-Info says that the call was for before another was put in its place. An entry followed by one with a
/// `cause`, a Reason or `mp` (RFC 7044 §10.1) was left for that; one that is only written in another way was not.
fn retargeted(invite: &Message) -> impl Iterator<Item = NameAddr<'_>> {
    let entries = || invite.list(Name::HistoryInfo).take(MOST_ENTRIES).filter_map(NameAddr::read);
    entries()
        .zip(entries().skip(1))
        .filter(|(before, after)| is_left(before) || is_put(after))
        .map(|(before, _)| before)
}

/// Why a target was left stands in its own entry, as an escaped Reason.
fn is_left(entry: &NameAddr<'_>) -> bool {
    let headers = entry.uri.headers.to_ascii_lowercase();
    headers.split(|&byte| byte == b'&').any(|header| header.starts_with(b"reason="))
}

/// That a target is another's stands in its parameters.
fn is_put(entry: &NameAddr<'_>) -> bool {
    entry.param("mp").is_some() || entry.uri.param("cause").is_some()
}
