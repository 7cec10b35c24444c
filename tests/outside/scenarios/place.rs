//! Who is called when the caller's place is not known, and what becomes of a place that the caller sends.
use super::*;

#[test]
fn a_caller_without_an_address_reaches_the_relay_center_with_the_own_number() {
    let mut lab = Lab::with(&[("relay-center", RELAY)]);
    let psap = Answerer::start("psap", PSAP_1);
    lab.carries(Caller::new("call").from("+13125550124"));
    assert!(lab.ends[0].invites()[0].header("From").unwrap_or_default().contains("+13125550124"));
    assert!(psap.requests().is_empty());
}

#[test]
fn a_caller_without_an_address_reaches_a_psap_when_the_relay_center_is_dead() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    lab.carries(Caller::new("call").from("+13125550124"));
}

#[test]
fn an_address_sent_by_the_pbx_reaches_the_psap_byte_for_byte_in_a_large_datagram() {
    let mut lab = Lab::with(&[("psap", PSAP_1)]);
    let mut calling = Caller::new("knows-its-place").starts();
    lab.ends[0].finishes();
    calling.finishes();
    let sent = &calling.sent()[0].bytes;
    assert!(sent.len() > 3000, "only {} bytes were sent", sent.len());
    let part = place(sent);
    let got = &lab.ends[0].invites()[0].bytes;
    assert!(got.windows(part.len()).any(|window| window == part), "{}", String::from_utf8_lossy(got));
}

/// The PIDF-LO body part of an INVITE of the scenario, from its document's first byte to its last.
fn place(invite: &[u8]) -> &[u8] {
    let find = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).position(|window| window == wanted);
    let from = find(invite, b"<?xml").expect("the scenario sends a PIDF-LO");
    let length = find(&invite[from..], b"\r\n--acme-7d1b20--").expect("the scenario closes its last part");
    &invite[from..from + length]
}
