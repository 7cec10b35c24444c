//! What a far end shows on the console: who called, and from where. These are the lab's invented numbers and addresses,
//! shown to the person who runs it; nothing of it goes to a log.
use super::message::Message;
use crate::record::{Civic, Element};
use crate::sip::message::{NameAddr, multipart};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

/// The lines for a new call.
pub fn invite(invite: &Message, shows_caller: bool) -> Vec<String> {
    let mut lines = vec![format!("INVITE    {}", invite.uri())];
    if shows_caller {
        let caller = invite.field("P-Asserted-Identity").or(invite.field("From")).unwrap_or_default();
        lines.push(format!("callback  {}", user(caller)));
        lines.extend(place(invite).map(|civic| format!("address   {}", one_line(&civic))));
    }
    lines
}

/// The line for a BYE or CANCEL, with its Reason.
pub fn ending(method: &str, message: &Message) -> String {
    let reason = message.field("Reason").map(|reason| format!(": {reason}")).unwrap_or_default();
    let what = if method == "CANCEL" { "the caller's side gave up" } else { "the caller's side hung up" };
    format!("{method:<9} {what}{reason}")
}

/// The user part of an address, or its whole URI when it has none.
pub fn user(address: &str) -> String {
    let read = NameAddr::read(address.as_bytes()).map(|address| address.uri);
    let text = read.map_or(address.as_bytes(), |uri| if uri.user.is_empty() { uri.text } else { uri.user });
    String::from_utf8_lossy(text).into_owned()
}

/// The first civic address in the PIDF-LO of a request (RFC 4119, RFC 5139).
pub fn place(message: &Message) -> Option<Civic> {
    let content_type = message.field("Content-Type")?;
    let parts = multipart::parts(content_type.as_bytes(), &message.body);
    let document = parts.iter().find(|part| part.is("application/pidf+xml"))?;
    civic(document.content)
}

fn civic(document: &[u8]) -> Option<Civic> {
    let mut reader = Reader::from_str(core::str::from_utf8(document).ok()?);
    let mut found = Civic::default();
    let (mut inside, mut text) = (false, String::new());
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                inside |= tag.local_name().as_ref() == "civicAddress";
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(reference) => text.push(character(&reference)?),
            Event::End(tag) => {
                let name = tag.local_name();
                if inside && name.as_ref() == "civicAddress" {
                    return Some(found);
                }
                let known = Element::ALL.iter().find(|known| inside && known.text() == name.as_ref());
                if let Some(element) = known {
                    found.set(*element, text.trim());
                }
                text.clear();
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

fn character(reference: &BytesRef<'_>) -> Option<char> {
    match reference.xml10_content().as_ref() {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => reference.resolve_char_ref().ok()?,
    }
}

/// An address as it is written on an envelope.
fn one_line(civic: &Civic) -> String {
    use Element::{A1, A3, Bld, Country, Flr, Hno, Hns, Loc, Nam, Pc, Pod, Prd, Rd, Room, Seat, Sts, Unit};
    let words = |elements: &[Element]| {
        elements.iter().filter_map(|element| civic.value(*element)).collect::<Vec<_>>().join(" ")
    };
    let named = |name: &str, element| civic.value(element).map(|value| format!("{name} {value}")).unwrap_or_default();
    [
        words(&[Nam]),
        words(&[Hno, Hns, Prd, Rd, Sts, Pod]),
        words(&[Bld]),
        named("floor", Flr),
        named("unit", Unit),
        named("room", Room),
        named("seat", Seat),
        words(&[Loc]),
        words(&[A3]),
        words(&[A1, Pc]),
        words(&[Country]),
    ]
    .into_iter()
    .filter(|piece| !piece.is_empty())
    .collect::<Vec<_>>()
    .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_i3_psap_is_told_the_service_the_callback_number_and_the_address() {
        let body = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b\r\nContent-Type: application/pidf+xml\r\n\r\n\
            <presence xmlns:ca='urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr'><ca:civicAddress>\
            <ca:country>US</ca:country><ca:A1>IL</ca:A1><ca:A3>Chicago</ca:A3><ca:RD>Example</ca:RD><ca:STS>Plaza</ca:STS>\
            <ca:HNO>100</ca:HNO><ca:FLR>1</ca:FLR><ca:NAM>Smith &amp; Sons</ca:NAM><ca:PC>60601</ca:PC><ca:ROOM>101</ca:ROOM>\
            </ca:civicAddress></presence>\r\n--b--\r\n";
        let mut invite = Message::request("INVITE", "urn:service:sos")
            .with("From", "<sip:4117@127.0.0.1>;tag=f")
            .with("P-Asserted-Identity", "\"Room 101\" <sip:+13125550123@callbox.example;user=phone>")
            .with("Content-Type", "multipart/mixed;boundary=b");
        invite.body = body.into();
        let expected = [
            "INVITE    urn:service:sos",
            "callback  +13125550123",
            "address   Smith & Sons, 100 Example Plaza, floor 1, room 101, Chicago, IL 60601, US",
        ];
        assert_eq!(super::invite(&invite, true), expected);
        assert_eq!(super::invite(&invite, false), expected[..1]);
    }

    #[test]
    fn a_document_that_ends_early_or_is_no_xml_shows_no_address() {
        for document in ["<a><civicAddress><HNO>1</HNO>", "<a></b>", "", "<civicAddress>&unknown;</civicAddress>"] {
            assert_eq!(civic(document.as_bytes()), None, "{document}");
        }
    }
}
