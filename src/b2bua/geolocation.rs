//! The locations that a caller's INVITE names (RFC 6442).
use super::presented::write_bracketed;
use crate::sip::message::name_addr::params;
use crate::sip::message::reader::elements;
use crate::sip::message::uri::unescape;
use crate::sip::message::{Message, Name, NameAddr, Writer, multipart};
use core::net::IpAddr;

/// The URIs of the locations, in order.
pub fn uris(invite: &Message) -> impl Iterator<Item = &[u8]> {
    invite.list(Name::Geolocation).filter_map(NameAddr::read_or_repaired).map(|value| value.uri.text)
}

/// What may be a token of ours in a location URI: what stands behind `/location/` in one of `http` or `https`.
pub fn token(uri: &[u8]) -> Option<&[u8]> {
    let is_web = ["http://", "https://"]
        .iter()
        .any(|scheme| uri.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme.as_bytes())));
    let path = uri.split(|byte| matches!(byte, b'?' | b'#')).next().filter(|_| is_web)?;
    let (before, token) = path.split_at(path.iter().rposition(|&byte| byte == b'/')?);
    before.ends_with(b"/location").then_some(&token[1..]).filter(|token| !token.is_empty())
}

/// The host of a URI with an authority, with its port if it has one.
pub fn host(uri: &[u8]) -> &[u8] {
    let behind = uri.splitn(3, |&byte| byte == b'/').nth(2).unwrap_or_default();
    behind.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or_default()
}

/// The locations by reference, in order, with their schemes.
pub fn references(invite: &Message) -> impl Iterator<Item = (&[u8], &'static str)> {
    const SCHEMES: [&str; 5] = ["http", "https", "sip", "sips", "pres"];
    uris(invite).filter_map(|uri| {
        let scheme = uri.split(|&byte| byte == b':').next().unwrap_or_default();
        let known = SCHEMES.into_iter().find(|known| known.as_bytes().eq_ignore_ascii_case(scheme));
        known.map(|scheme| (uri, scheme))
    })
}

/// Points at the document that is the whole body (RFC 6442 §4.1, RFC 8262).
pub fn write_part(writer: &mut Writer, name: &str, domain: &str) {
    writer.field(Name::Geolocation, ["<cid:", name, ">;loc-src=", domain].concat());
    writer.field(Name::GeolocationRouting, "yes");
    writer.field(Name::ContentId, ["<", name, ">"].concat());
}

/// Passes the locations on as they came, in order. Only a `loc-src` that is an address, or that is `domain`, our own
/// name, in somebody else's mouth, is taken out (RFC 8787 §4). Where the parts of the body stay behind, so do the values
/// that point at them; and where documents alone are taken, references do.
pub fn write_received(writer: &mut Writer, invite: &Message, domain: &str, by_value: bool, by_reference: bool) {
    let stays = |text: &[u8]| if points_at_part(text) { !by_value } else { !by_reference };
    for field in invite.fields().iter().filter(|field| field.name == Name::Geolocation) {
        let values = || elements(invite.field_value(field));
        if !values().any(|text| stays(text) || misnamed(text, domain).is_some()) {
            writer.copy(invite, field);
            continue;
        }
        for text in values().filter(|text| !stays(text)) {
            match misnamed(text, domain) {
                Some(value) => write_without_source(writer, &value),
                None => {
                    writer.field(Name::Geolocation, text);
                }
            }
        }
    }
}

/// Whether a value names a part of the body (RFC 2392).
pub fn points_at_part(text: &[u8]) -> bool {
    let uri = text.split(|&byte| byte == b'<').nth(1).unwrap_or(text).trim_ascii_start();
    uri.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"cid:"))
}

/// Whether a value points at a part that the body does not have: its name is compared byte for byte once the escapes are
/// undone (RFC 2392 §2), with that of the body too where it has no parts (RFC 8262 §4).
pub fn points_nowhere(invite: &Message) -> bool {
    let mut pointing = invite.list(Name::Geolocation).filter(|text| points_at_part(text)).peekable();
    if pointing.peek().is_none() {
        return false;
    }
    let content_type = invite.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, invite.body_slice());
    let whole = invite.value(Name::ContentId).map(|id| id.trim_ascii());
    let whole = whole.map(|id| id.strip_prefix(b"<").and_then(|id| id.strip_suffix(b">")).unwrap_or(id));
    let names = || parts.iter().map(|part| part.content_id).chain(whole).filter(|name| !name.is_empty());
    pointing.any(|text| {
        let read = NameAddr::read_or_repaired(text);
        let wanted = read.and_then(|value| value.uri.text.get(4..)).map(unescape);
        wanted.is_none_or(|wanted| !names().any(|name| name == &*wanted))
    })
}

/// The value, when it says that a host added it that cannot have.
fn misnamed<'a>(text: &'a [u8], domain: &str) -> Option<NameAddr<'a>> {
    NameAddr::read(text).filter(|value| {
        value.param("loc-src").is_some_and(|source| {
            let host = source.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(source);
            let is_address = core::str::from_utf8(host).is_ok_and(|host| host.parse::<IpAddr>().is_ok());
            is_address || host.eq_ignore_ascii_case(domain.as_bytes())
        })
    })
}

fn write_without_source(writer: &mut Writer, value: &NameAddr<'_>) {
    writer.field_with(Name::Geolocation, |out| {
        write_bracketed(out, value.uri.text);
        for (name, value) in params(value.params).filter(|(name, _)| !name.eq_ignore_ascii_case(b"loc-src")) {
            out.extend_from_slice(b";");
            out.extend_from_slice(name);
            if !value.is_empty() {
                out.extend_from_slice(b"=");
                out.extend_from_slice(value);
            }
        }
    });
}
