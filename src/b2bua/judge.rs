//! What is wrong with a request, where nobody's emergency depends on it: the refusals that the standards ask for. An
//! emergency call is spared all of them (rulings 1); what is wrong with it becomes facts, see [`super::intake::defects`].
use super::headers::{Abilities, SHORTEST_SECS};
use super::midcall::info;
use super::watch;
use crate::sip::message::name_addr::params;
use crate::sip::message::reader::elements;
use crate::sip::message::{ContentLength, Message, Method, Name, NameAddr, Scheme, Uri, Via, Writer, multipart};

/// Headers that a request has once (RFC 3261 §7.3.1, table 2).
const SINGLE: [Name; 6] = [Name::From, Name::To, Name::CallId, Name::CSeq, Name::MaxForwards, Name::ContentType];

/// Extensions that a caller may require of us: we have them.
const EXTENSIONS: [&str; 4] = ["100rel", "timer", "replaces", "from-change"];

/// The status that a request deserves for how it is written: 505, 416 or 400. `None` when nothing is wrong.
pub fn spelling(request: &Message) -> Option<u16> {
    if request.version() != b"SIP/2.0" {
        return Some(505);
    }
    if request.fault().is_some() || request.content_length() == ContentLength::Unusable {
        return Some(400);
    }
    let is_wrong = repeats(request)
        || !is_strict(request, Name::From)
        || !is_strict(request, Name::To)
        || has_bad_via(request)
        || has_bad_contact(request);
    if is_wrong {
        return Some(400);
    }
    match Uri::read(request.request_uri()) {
        None => Some(400),
        Some(uri) if is_bent(&uri) => Some(400),
        Some(uri) if uri.scheme == Scheme::Other => Some(416),
        Some(_) => None,
    }
}

/// The status that a new call deserves for what it asks of us: 420, 415, 406 or 422. `None` when we can do it.
pub fn understanding(invite: &Message) -> Option<u16> {
    if unknown_extensions(invite).next().is_some() {
        return Some(420);
    }
    if has_unknown_body(invite) {
        return Some(415);
    }
    let mut accepted = invite.list(Name::Accept).peekable();
    let session = ["application/sdp", "application/*", "*/*"];
    let takes_session = |value: &[u8]| session.iter().any(|known| multipart::is_type(value, known));
    if accepted.peek().is_some() && !accepted.any(takes_session) {
        return Some(406);
    }
    let is_short = watch::interval_of(invite).is_some_and(|secs| secs < SHORTEST_SECS);
    (is_short && invite.has_token(Name::Supported, "timer")).then_some(422)
}

/// What goes into a refusal with this status on a leg of these abilities (RFC 3261 §21.4, RFC 6086 §4.2.2).
pub fn explain(writer: &mut Writer, request: &Message, code: u16, abilities: Abilities) {
    match code {
        405 | 501 => {
            writer.field(Name::Allow, abilities.allow);
        }
        415 if request.method() == Some(Method::Info) => {
            writer.field(Name::Accept, info::BODIES);
        }
        415 => {
            writer.field(Name::Accept, abilities.accept);
        }
        422 => {
            writer.number(Name::MinSe, SHORTEST_SECS);
        }
        469 => {
            writer.field(Name::RecvInfo, info::PACKAGES);
        }
        420 => {
            writer.field_with(Name::Unsupported, |out| {
                for (place, tag) in unknown_extensions(request).take(16).enumerate() {
                    out.extend_from_slice(if place > 0 { b", " } else { b"" });
                    out.extend_from_slice(tag);
                }
            });
        }
        _ => {}
    }
}

/// Extensions that a request requires of us and that we do not have (RFC 3261 §8.2.2.3). What it asks of proxies is none
/// of our business.
pub fn unknown_extensions(request: &Message) -> impl Iterator<Item = &[u8]> {
    let is_known = |tag: &[u8]| EXTENSIONS.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(tag));
    request.list(Name::Require).filter(move |tag| !is_known(tag))
}

/// A Request-URI that has to be bent into shape: white space in it, or headers, which only a URI that is still to become
/// a request may have (RFC 3261 §19.1.1 table 1).
pub fn is_bent(uri: &Uri<'_>) -> bool {
    uri.text.iter().any(u8::is_ascii_whitespace) || (is_sip(uri) && !uri.headers.is_empty())
}

/// Whether a header that a request has once came several times.
pub fn repeats(request: &Message) -> bool {
    SINGLE.into_iter().any(|name| request.values(name).nth(1).is_some())
}

/// Whether an address header is there and is what the grammar allows.
pub fn is_strict(request: &Message, name: Name) -> bool {
    request.value(name).is_some_and(is_address)
}

/// Whether a Via cannot be read, or has text behind its commas that is none.
pub fn has_bad_via(request: &Message) -> bool {
    request
        .values(Name::Via)
        .any(|value| elements(value).any(|text| Via::read(text).is_none()) || value.trim_ascii_end().ends_with(b","))
}

/// Whether a Contact cannot be read; `*` can, where a REGISTER has it alone (RFC 3261 §10.2.2).
pub fn has_bad_contact(request: &Message) -> bool {
    let is_star = request.method() == Some(Method::Register) && request.value(Name::Contact) == Some(b"*");
    !is_star && request.list(Name::Contact).any(|contact| !is_address(contact))
}

/// Whether a value has the form of an address. Without brackets a URI has no headers: `?` is not allowed there (RFC 3261
/// §20.10, RFC 8217).
fn is_address(value: &[u8]) -> bool {
    NameAddr::read(value)
        .is_some_and(|address| value.contains(&b'<') || !is_sip(&address.uri) || address.uri.headers.is_empty())
}

fn is_sip(uri: &Uri<'_>) -> bool {
    matches!(uri.scheme, Scheme::Sip | Scheme::Sips)
}

/// A body that we must understand and do not (RFC 3261 §8.2.3, RFC 5621 §8.1).
fn has_unknown_body(invite: &Message) -> bool {
    let content_type = invite.value(Name::ContentType).unwrap_or_default();
    let known = ["application/sdp", "application/pidf+xml"].iter().any(|known| multipart::is_type(content_type, known));
    let is_multipart = content_type.get(..10).is_some_and(|head| head.eq_ignore_ascii_case(b"multipart/"));
    let is_optional = invite.value(Name::ContentDisposition).is_some_and(|value| {
        params(value)
            .any(|(name, word)| name.eq_ignore_ascii_case(b"handling") && word.eq_ignore_ascii_case(b"optional"))
    });
    !(invite.body_slice().is_empty() || known || is_multipart || is_optional)
}
