//! The caller as a target sees it: From, P-Asserted-Identity and the user part of our Contact.
use super::intake;
use super::offer::{contact_host, put};
use crate::base::id::Handle;
use crate::callback::Shown;
use crate::record::{Number, Profile};
use crate::sip::flow::Flow;
use crate::sip::message::reader::unfold;
use crate::sip::message::{Message, Name, NameAddr, Writer};
use bytes::{BufMut, BytesMut};

/// Who stands in From, and what is asserted of them.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    invite: &'a Message,
    profile: Profile,
    shown: Option<Shown>,
    domain: &'a str,
    token: Handle,
}

/// Where the caller's name and number come from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// Ours: the callback number or ELIN, and the caller's name even where From hides it (RFC 6881 SP-33.4).
    Reachable,
    /// As the caller presents itself.
    AsReceived,
    /// Hidden, as the caller asks.
    Hidden,
}

impl<'a> Presented<'a> {
    /// `shown` is the number that the target may show; `token` leads back to the caller.
    pub fn new(
        invite: &'a Message,
        profile: Profile,
        shown: Option<Shown>,
        domain: &'a str,
        token: Handle,
    ) -> Presented<'a> {
        Presented { invite, profile, shown, domain, token }
    }

    /// The number that the target sees as the caller's; `None` where it sees none, or only what the caller shows.
    pub fn number(&self) -> Option<Number> {
        self.shown.filter(|_| self.replaces()).map(|shown| shown.number)
    }

    /// Whether the received numbers of the caller give way to ours. A call passed on whole keeps them, unless an ECBN is
    /// set for the line (rulings 4).
    pub fn replaces(&self) -> bool {
        self.manner() == Manner::Reachable
    }

    fn manner(&self) -> Manner {
        match self.profile {
            Profile::I3 | Profile::Legacy | Profile::Relay | Profile::Test => Manner::Reachable,
            Profile::Whole if self.shown.is_some_and(|shown| shown.origin.is_set()) => Manner::Reachable,
            Profile::Crisis if self.is_private() => Manner::Hidden,
            Profile::Crisis | Profile::Whole => Manner::AsReceived,
        }
    }

    /// Whether the caller asks for privacy of any kind (RFC 3323 §4.2; `critical` only says how much it matters).
    fn is_private(&self) -> bool {
        let values = self.invite.list(Name::Privacy).flat_map(|value| value.split(|&byte| byte == b';'));
        let asks = |value: &[u8]| !value.is_empty() && !value.eq_ignore_ascii_case(b"none");
        values.map(<[u8]>::trim_ascii).any(|value| asks(value) && !value.eq_ignore_ascii_case(b"critical"))
    }

    /// From, without its tag.
    pub fn write_from(&self, out: &mut BytesMut) {
        match self.manner() {
            Manner::Reachable => self.write_reachable(out),
            Manner::Hidden => out.extend_from_slice(b"\"Anonymous\" <sip:anonymous@anonymous.invalid>"),
            Manner::AsReceived => match self.invite.from() {
                Some(from) => {
                    write_display(out, &from);
                    write_bracketed(out, from.uri.text);
                }
                None => put(out, format_args!("<sip:anonymous@{}>", self.domain)),
            },
        }
    }

    /// P-Asserted-Identity: one SIP URI, since several carriers accept no more (RFC 3325 §9.1); what came, where the call
    /// goes on as it came; none, where the caller asks to be hidden.
    pub fn write_asserted(&self, writer: &mut Writer) {
        match self.manner() {
            Manner::Reachable => {
                writer.field_with(Name::PAssertedIdentity, |out| self.write_reachable(out));
            }
            Manner::AsReceived => {
                writer.copy_all(self.invite, Name::PAssertedIdentity);
            }
            Manner::Hidden => {}
        }
    }

    fn write_reachable(&self, out: &mut BytesMut) {
        if self.profile != Profile::Legacy
            && let Some(named) = self.named()
        {
            write_display(out, &named);
        }
        match self.shown {
            Some(Shown { number, .. }) => {
                out.extend_from_slice(b"<sip:");
                write_user(out, number.expose());
                out.extend_from_slice(b"@");
                out.extend_from_slice(self.domain.as_bytes());
                out.extend_from_slice(if number.is_e164() { b";user=phone>" } else { b">" });
            }
            // Nothing is known that could be dialled: the token of this call is all that leads back to the caller.
            None => {
                out.extend_from_slice(b"<sip:");
                self.write_token(out);
                put(out, format_args!("@{}>", self.domain));
            }
        }
    }

    /// The first address of the caller with a name that says something.
    fn named(&self) -> Option<NameAddr<'a>> {
        let headers = [Name::PAssertedIdentity, Name::PPreferredIdentity, Name::RemotePartyId];
        let asserted = headers.into_iter().flat_map(|name| self.invite.list(name)).filter_map(NameAddr::read);
        self.invite.from().into_iter().chain(asserted).take(8).find(|address| {
            let name = address.display_text();
            let name = name.trim_ascii();
            !name.is_empty() && !intake::hides(name)
        })
    }

    fn write_token(&self, out: &mut BytesMut) {
        out.extend_from_slice(b"cb-");
        out.extend_from_slice(self.token.text().as_bytes());
    }

    /// Our Contact on a path. Its user part is a token that leads back to this call, the ELIN where the far end reads
    /// numbers alone, and nothing of the call elsewhere.
    pub fn write_contact(&self, out: &mut BytesMut, flow: Flow) {
        out.extend_from_slice(b"<sip:");
        match (self.profile, self.shown) {
            (Profile::I3 | Profile::Relay, _) => self.write_token(out),
            (Profile::Legacy, Some(shown)) => {
                out.extend_from_slice(b"elin-");
                write_user(out, shown.number.expose().trim_start_matches('+'));
            }
            _ => out.extend_from_slice(b"callbox"),
        }
        contact_host(out, flow);
    }
}

/// Writes a display name as a quoted string, whatever it came as: controls become spaces, bytes that are no UTF-8 the
/// replacement character (RFC 3261 §25.1).
pub fn write_display(out: &mut BytesMut, address: &NameAddr<'_>) {
    let text = address.display_text();
    let text = unfold(&text);
    let letters = String::from_utf8_lossy(&text).replace(char::is_control, " ");
    let plain = letters.trim();
    if plain.is_empty() {
        return;
    }
    out.extend_from_slice(b"\"");
    for letter in plain.chars() {
        if matches!(letter, '"' | '\\') {
            out.extend_from_slice(b"\\");
        }
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.extend_from_slice(b"\" ");
}

/// Writes a received URI between angle brackets, without what would end or bend it.
pub fn write_bracketed(out: &mut BytesMut, uri: &[u8]) {
    out.extend_from_slice(b"<");
    write_uri(out, uri);
    out.extend_from_slice(b">");
}

/// Writes a received URI or part of one, without what no URI may have: white space, controls, quotes and brackets.
pub fn write_uri(out: &mut BytesMut, uri: &[u8]) {
    out.extend(uri.iter().copied().filter(|&byte| byte > b' ' && byte != 0x7f && !matches!(byte, b'<' | b'>' | b'"')));
}

/// Writes the user part of a SIP URI, with all but the characters of RFC 3261 §25.1 escaped.
fn write_user(out: &mut BytesMut, user: &str) {
    for byte in user.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => out.put_u8(byte),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => out.put_u8(byte),
            b'&' | b'=' | b'+' | b'$' | b'/' => out.put_u8(byte),
            _ => put(out, format_args!("%{byte:02X}")),
        }
    }
}
