//! What an INVITE shows of the device that it comes from.
use super::geolocation;
use crate::base::private::Private;
use crate::location::device::{MOST_TOKENS, Marks};
use crate::record::device::INSTANCE_LEN;
use crate::record::{Mac, Source};
use crate::sip::message::uri::unescape;
use crate::sip::message::{Field, Message, NameAddr, Uri};

/// The longest text that is taken for a token, in bytes.
const TOKEN_LEN: usize = 128;

/// The longest Contact that is kept, in bytes.
const CONTACT_LEN: usize = 512;

/// Reads the marks: tokens in Geolocation, then where the source's trunk says that its phones show them; the instance id
/// and the hardware address of the Contact.
pub fn read(invite: &Message, source: &Source, contact: Option<NameAddr<'_>>) -> Marks {
    let mut marks = Marks::default();
    for value in geolocation::uris(invite) {
        keep(&mut marks, geolocation::token(value));
    }
    if let Some(name) = source.token_header.as_deref() {
        let named = |field: &&Field| invite.field_name(field).eq_ignore_ascii_case(name.as_bytes());
        for field in invite.fields().iter().filter(named) {
            keep(&mut marks, Some(bare(invite.field_value(field))));
        }
    }
    if let Some(name) = source.token_param.as_deref() {
        let request = Uri::read(invite.request_uri());
        let uris = [request, invite.from().map(|from| from.uri), contact.map(|contact| contact.uri)];
        for uri in uris.into_iter().flatten() {
            keep(&mut marks, uri.param(name));
        }
    }
    if let Some(contact) = contact {
        let text = |value: &[u8]| core::str::from_utf8(value).ok().map(Box::from);
        let instance = contact.param("+sip.instance").filter(|value| value.len() <= INSTANCE_LEN + 4);
        marks.instance = instance.and_then(text).map(Private::new);
        marks.mac = mac(&contact);
    }
    marks
}

/// The Contact, where it is the device's own: it has a `gr` (RFC 5627 §4) or an instance id (RFC 5626 §4.1), and leads to
/// the device when the call is over. That of an exchange does not.
pub fn own_contact(contact: &NameAddr<'_>) -> Option<Private<Box<str>>> {
    let is_own = contact.param("+sip.instance").is_some() || contact.uri.param("gr").is_some();
    let uri = core::str::from_utf8(contact.uri.text).ok().filter(|uri| is_own && uri.len() <= CONTACT_LEN)?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'?');
    uri.bytes().all(is_plain).then(|| Private::new(uri.into()))
}

/// A header's value as a token: a URI of ours in it, or the value itself.
fn bare(value: &[u8]) -> &[u8] {
    let uri = NameAddr::read_or_repaired(value).map_or(value, |address| address.uri.text);
    geolocation::token(uri).unwrap_or_else(|| value.trim_ascii())
}

fn keep(marks: &mut Marks, token: Option<&[u8]>) {
    let token = token.map(unescape).filter(|token| (1..=TOKEN_LEN).contains(&token.len()));
    if let Some(token) = token.as_deref().and_then(|token| core::str::from_utf8(token).ok())
        && marks.tokens.len() < MOST_TOKENS
    {
        marks.tokens.push(Private::new(token.into()));
    }
}

/// The hardware address of a Contact: in a parameter of its own, or in a user part that is named after it.
fn mac(contact: &NameAddr<'_>) -> Option<Mac> {
    let read = |text: &[u8]| core::str::from_utf8(text).ok().and_then(|text| Mac::read(text.trim_matches('"')));
    let said = ["mac", "+mac"].into_iter().find_map(|name| contact.param(name).or_else(|| contact.uri.param(name)));
    let user = contact.uri.user.get(..3).filter(|begin| begin.eq_ignore_ascii_case(b"SEP"));
    said.and_then(read).or_else(|| user.and_then(|_| read(contact.uri.user.get(3..)?)))
}
