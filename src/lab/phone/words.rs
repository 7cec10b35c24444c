//! What the phone says: its INVITE, ACK, CANCEL and BYE.
use crate::base::entropy::Entropy;
use crate::lab::message::{Codec, Heard, Message};
use crate::sip::flow::Flow;
use core::fmt::Write;
use core::time::Duration;

/// The call that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What is dialled: a number, an extension, or a whole URI (`sip:` or `urn:`).
    pub number: String,
    /// Who calls: a number, an extension, or a whole `sip:` URI.
    pub from: String,
    /// How long to talk once answered.
    pub talk: Duration,
    /// When to give up, from the INVITE on, if nobody has answered.
    pub cancel_after: Option<Duration>,
    /// Header fields to add to the INVITE, or to set instead of the phone's own.
    pub headers: Vec<(String, String)>,
    /// A location token of ours, sent as a reference.
    pub token: Option<String>,
    /// Keys to press while talking: digits, `*` and `#`, one every four seconds.
    pub keys: String,
    /// Whether the far side is IPv6.
    pub ipv6: bool,
}

impl Wanted {
    /// rsip, but for what it refuses: service URNs and IPv6.
    pub fn codec(&self) -> Codec {
        let sip = |uri: &str| !uri.contains(':') || uri.starts_with("sip:");
        if self.ipv6 || !sip(&self.number) || !sip(&self.from) { Codec::Own } else { Codec::Rsip }
    }
}

/// Header fields that make transactions and dialogs work: the phone writes them itself.
pub const OWN: [&str; 9] =
    ["Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Contact", "Content-Type", "Content-Length"];

/// The dialog as the phone writes it.
pub struct Words {
    /// The Call-ID of the call.
    pub call_id: String,
    /// The INVITE's branch.
    pub branch: String,
    /// Our Contact.
    pub contact: String,
    flow: Flow,
    uri: String,
    from: String,
    to: String,
    routes: Vec<String>,
    sequence: u32,
}

impl Words {
    /// Words for a call over `flow`.
    pub fn new(wanted: &Wanted, flow: Flow, chance: &mut Entropy) -> Words {
        let uri = uri(&wanted.number, &flow.peer.to_string());
        Words {
            call_id: format!("{:016x}@{}", chance.bits(), bare(flow)),
            branch: branch(chance),
            contact: format!(
                "<sip:{}@{}{}>",
                user(&wanted.from),
                flow.local,
                if flow.transport.is_reliable() { ";transport=tcp" } else { "" }
            ),
            from: format!("<{}>;tag={:016x}", caller(&wanted.from, flow), chance.bits()),
            to: format!("<{uri}>"),
            uri,
            flow,
            routes: Vec::new(),
            sequence: 1,
        }
    }

    /// The INVITE.
    pub fn invite(&self, wanted: &Wanted, offer: String) -> Message {
        let mut invite = self
            .begin("INVITE", &self.branch)
            .with("Contact", self.contact.clone())
            .with("P-Asserted-Identity", format!("<{}>", caller(&wanted.from, self.flow)))
            .with("Allow", super::answer::ALLOWED)
            .with("User-Agent", "callbox-lab-phone");
        if let Some(token) = &wanted.token {
            invite = invite
                .with("Geolocation", format!("<https://callbox.example/location/{token}>"))
                .with("Geolocation-Routing", "yes");
        }
        for (name, _) in &wanted.headers {
            invite.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        }
        invite.fields.extend(wanted.headers.iter().cloned());
        invite.with_sdp(offer)
    }

    /// The CANCEL of the INVITE (RFC 3261 §9.1).
    pub fn cancel(&self, invite: &Message) -> Message {
        let mut cancel = self.begin("CANCEL", &self.branch);
        for route in invite.fields_of("Route") {
            cancel = cancel.with("Route", route);
        }
        cancel
    }

    /// The ACK of a refusal (RFC 3261 §17.1.1.3).
    pub fn ack_of_refusal(&self, invite: &Message, refusal: &Heard) -> Message {
        let mut ack = self.begin("ACK", &self.branch);
        for (name, value) in &mut ack.fields {
            if name == "To" {
                *value = refusal.message.field("To").unwrap_or_default().into();
            }
        }
        for route in invite.fields_of("Route") {
            ack = ack.with("Route", route);
        }
        ack
    }

    /// Takes the dialog from the answer (RFC 3261 §12.1.2).
    pub fn establish(&mut self, answer: &Heard) {
        self.to = answer.message.field("To").unwrap_or_default().into();
        if let Some(contact) = &answer.contact {
            self.uri.clone_from(contact);
        }
        self.routes = answer.message.fields_of("Record-Route").map(str::to_owned).collect();
        self.routes.reverse();
    }

    /// The ACK of the answer (RFC 3261 §13.2.2.4).
    pub fn ack_of_answer(&self, chance: &mut Entropy) -> Message {
        self.routed(self.begin("ACK", &branch(chance)))
    }

    /// A request inside the call.
    pub fn inside(&mut self, method: &str, chance: &mut Entropy) -> Message {
        self.sequence += 1;
        self.routed(self.begin(method, &branch(chance)))
    }

    fn routed(&self, mut request: Message) -> Message {
        for route in &self.routes {
            request = request.with("Route", route.clone());
        }
        request
    }

    fn begin(&self, method: &str, branch: &str) -> Message {
        Message::request(method, &self.uri)
            .with("Via", format!("SIP/2.0/{} {};rport;branch={branch}", self.flow.transport.via(), self.flow.local))
            .with("Max-Forwards", "70")
            .with("From", self.from.clone())
            .with("To", self.to.clone())
            .with("Call-ID", self.call_id.clone())
            .with("CSeq", format!("{} {method}", self.sequence))
    }
}

/// The user part of what is dialled or who calls, as a ladder shows it.
pub fn user(text: &str) -> &str {
    let text = text.strip_prefix("sip:").unwrap_or(text);
    text.split('@').next().unwrap_or(text)
}

fn branch(chance: &mut Entropy) -> String {
    format!("z9hG4bK{:016x}", chance.bits())
}

fn caller(from: &str, flow: Flow) -> String {
    uri(from, &bare(flow))
}

/// Our own address without a port, for the right side of URIs.
fn bare(flow: Flow) -> String {
    match flow.local.ip() {
        core::net::IpAddr::V4(ip) => ip.to_string(),
        core::net::IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// A URI as it was given, or a number as a `sip:` URI with what may not stand there escaped (RFC 3261 §25.1).
fn uri(text: &str, host: &str) -> String {
    if text.contains(':') {
        return text.to_owned();
    }
    let mut out = String::from("sip:");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out + "@" + host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_becomes_a_uri_with_a_hash_escaped_and_a_uri_stays_itself() {
        assert_eq!(uri("9911#", "127.0.0.1:5060"), "sip:9911%23@127.0.0.1:5060");
        assert_eq!(uri("+13125550123", "[::1]:5060"), "sip:+13125550123@[::1]:5060");
        assert_eq!(uri("urn:service:sos", "127.0.0.1"), "urn:service:sos");
    }
}
