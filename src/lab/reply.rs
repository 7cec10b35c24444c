//! A response to a request, and where it goes.
use super::message::{Heard, Message};
use crate::sip::flow::{Flow, Transport};
use core::net::SocketAddr;

/// A response with what RFC 3261 §8.2.6.2 copies from the request: all Vias, From, To, Call-ID and CSeq, and the
/// Record-Routes of an answer that makes a dialog (§12.1.1). `tag` is set in To unless the request has one or the
/// response is a 100.
pub fn reply(to: &Heard, code: u16, tag: &str, from: SocketAddr) -> Message {
    let request = &to.message;
    let mut response = Message::response(code);
    for (place, via) in request.fields_of("Via").enumerate() {
        response = response.with("Via", if place == 0 { received(via, from) } else { via.into() });
    }
    response = response.with("From", request.field("From").unwrap_or_default());
    let to_value = request.field("To").unwrap_or_default();
    response = match (&to.to_tag, code) {
        (Some(_), _) | (None, 100) => response.with("To", to_value),
        (None, _) => response.with("To", format!("{};tag={tag}", bracketed(to_value))),
    };
    response = response.with("Call-ID", to.call_id.clone()).with("CSeq", format!("{} {}", to.cseq, to.cseq_method));
    if (101..300).contains(&code) {
        for route in request.fields_of("Record-Route") {
            response = response.with("Record-Route", route);
        }
    }
    response
}

/// Where the response to a request goes: back along a stream; for a datagram to where it came from when it asked for
/// that (RFC 3581 §4), else to the port in its Via (RFC 3261 §18.2.2).
pub fn way_back(to: &Heard, flow: Flow) -> Flow {
    let via = to.message.field("Via").unwrap_or_default();
    if flow.transport == Transport::Tcp || asks_rport(via) {
        return flow;
    }
    let sent_by = via.split([';', ',']).next().unwrap_or_default().rsplit(' ').next().unwrap_or_default();
    let port = match sent_by.rsplit_once(':') {
        Some((_, port)) if !port.contains(']') => port.parse().unwrap_or(5060),
        _ => 5060,
    };
    Flow { peer: SocketAddr::new(flow.peer.ip(), port), ..flow }
}

/// A Via as a response carries it: with the address that the request came from when it asked (RFC 3581 §4).
fn received(via: &str, from: SocketAddr) -> String {
    if !asks_rport(via) {
        return via.into();
    }
    let (first, rest) = via.split_once(',').map_or((via, ""), |(first, _)| (first, &via[first.len()..]));
    let mut out = String::with_capacity(via.len() + 40);
    for (place, piece) in first.split(';').enumerate() {
        let name = piece.split('=').next().unwrap_or_default().trim();
        if place == 0 {
            out.push_str(piece);
        } else if name.eq_ignore_ascii_case("rport") {
            out.push_str(&format!(";rport={};received={}", from.port(), from.ip()));
        } else if !name.eq_ignore_ascii_case("received") {
            out.push(';');
            out.push_str(piece);
        }
    }
    out + rest
}

fn asks_rport(via: &str) -> bool {
    let first = via.split(',').next().unwrap_or_default();
    first
        .split(';')
        .skip(1)
        .any(|piece| piece.split('=').next().unwrap_or_default().trim().eq_ignore_ascii_case("rport"))
}

/// An address with angle brackets around its URI, so that a parameter behind it is the header's.
fn bracketed(address: &str) -> String {
    if address.contains('<') { address.into() } else { format!("<{}>", address.trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_via_that_asks_for_it_comes_back_with_the_address_that_was_seen() {
        let from = "127.0.0.1:40001".parse().unwrap();
        assert_eq!(
            received("SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKa", from),
            "SIP/2.0/UDP 127.0.0.1:5060;rport=40001;received=127.0.0.1;branch=z9hG4bKa"
        );
        assert_eq!(
            received("SIP/2.0/UDP a;branch=z9hG4bKa;rport, SIP/2.0/UDP b;rport", from),
            "SIP/2.0/UDP a;branch=z9hG4bKa;rport=40001;received=127.0.0.1, SIP/2.0/UDP b;rport"
        );
        let silent = "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKrport";
        assert_eq!(received(silent, from), silent);
    }
}
