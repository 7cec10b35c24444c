//! Trunks that are reached in other ways, and trunks that take over.
use crate::bench::{Bench, port};
use crate::invites::{plain, rich};
use crate::read::Sent;
use crate::xmllint::assert_valid;
use callbox::record::{Profile, Trunk};
use callbox::sip::message::Name;
use std::sync::Arc;

/// A bench in which this trunk is another.
fn with(name: &'static str, change: impl Fn(&mut Trunk)) -> Bench {
    Bench::new(|world| {
        let trunk = world.snapshot.trunks.iter_mut().find(|trunk| &*trunk.name == name).expect("a trunk");
        change(Arc::make_mut(trunk));
    })
}

#[test]
fn a_large_invite_takes_the_stream_that_is_open_and_says_so() {
    for (open, via, contact) in [
        (false, "SIP/2.0/UDP 127.0.0.1:5060;", "@127.0.0.1:5060>"),
        (true, "SIP/2.0/TCP 127.0.0.1:5060;", "@127.0.0.1:5060;transport=tcp>"),
    ] {
        let mut bench = Bench::new(|_| {});
        if open {
            bench.stream_open(port::PSAP);
        }
        bench.receive(port::PBX, rich("911", "+13125550123"));
        let sent = Sent::read(bench.expect(port::PSAP, "INVITE"));
        assert!(sent.one(Name::Via).starts_with(via), "{}", sent.one(Name::Via));
        assert!(sent.one(Name::Contact).ends_with(contact), "{}", sent.one(Name::Contact));
    }
}

#[test]
fn a_small_invite_leaves_as_a_datagram_though_a_stream_is_open() {
    let mut bench = Bench::new(|_| {});
    bench.stream_open(port::CRISIS);
    bench.receive(port::PBX, plain("988", "+13125550123"));
    let sent = Sent::read(bench.expect(port::CRISIS, "INVITE"));
    assert!(sent.one(Name::Via).starts_with("SIP/2.0/UDP "), "{}", sent.one(Name::Via));
}

#[test]
fn an_address_of_the_sixth_version_stands_in_brackets() {
    let mut bench = with("crisis", |trunk| trunk.host = "::1".into());
    bench.receive(port::PBX, plain("988", "+13125550123"));
    let sent = Sent::read(bench.expect(port::CRISIS, "INVITE"));
    assert_eq!(sent.message.request_uri(), b"sip:988@[::1]:5073;user=phone");
    assert_eq!(sent.one(Name::Contact), "<sip:callbox@[::1]:5060>");
    assert!(sent.one(Name::Via).starts_with("SIP/2.0/UDP [::1]:5060;"), "{}", sent.one(Name::Via));
}

#[test]
fn a_relay_center_with_an_account_is_called_by_it() {
    let mut bench = with("relay", |trunk| trunk.account = Some("acme-77".into()));
    bench.receive(port::PBX, plain("911", "+13125550124"));
    let sent = Sent::read(bench.expect(port::RELAY, "INVITE"));
    assert_eq!(sent.message.request_uri(), b"sip:acme-77@127.0.0.1:5072");
    assert_eq!(sent.one(Name::To), "<sip:acme-77@127.0.0.1:5072>");
}

#[test]
fn a_psap_that_stands_in_for_the_relay_gets_the_sites_address_marked_as_a_default() {
    let mut bench = Bench::new(|_| {});
    bench.receive(port::PBX, plain("911", "+13125550124"));
    bench.answer(port::RELAY, 503, "", "");
    let sent = Sent::read(bench.expect(port::PSAP, "INVITE"));
    let parts = sent.parts();
    let part = parts.iter().find(|part| part.is("application/pidf+xml")).expect("a location");
    let document = String::from_utf8_lossy(part.content).into_owned();
    assert_valid("all.xsd", &document);
    assert!(
        document.contains("<gp:method>Default</gp:method>") && document.contains("<ca:HNO>100</ca:HNO>"),
        "{document}"
    );
    assert_eq!(sent.list(Name::Geolocation).len(), 1);
}

#[test]
fn a_test_on_a_trunk_that_knows_services_names_the_test_service_and_asks_for_no_priority() {
    let mut bench = with("ivr", |trunk| trunk.profile = Profile::I3);
    bench.receive(port::PBX, plain("933", "+13125550123"));
    let sent = Sent::read(bench.expect(port::IVR, "INVITE"));
    assert_eq!(sent.message.request_uri(), b"urn:service:test.sos");
    assert_eq!(sent.one(Name::Priority), "non-urgent");
    assert!(sent.all(Name::ResourcePriority).is_empty());
    assert!(sent.types().contains(&"application/pidf+xml".to_owned()));
}

#[test]
fn a_crisis_call_that_falls_back_dials_the_national_line_and_still_says_nothing_of_its_caller() {
    let mut bench = Bench::new(|_| {});
    bench.receive(port::PBX, rich("988", "+13125550123"));
    bench.answer(port::CRISIS, 503, "", "");
    let sent = Sent::read(bench.expect(port::GATEWAY, "INVITE"));
    assert_eq!(sent.message.request_uri(), b"sip:+18002738255@127.0.0.1:5074;user=phone");
    assert_eq!(sent.one(Name::To), "<sip:+18002738255@127.0.0.1:5074;user=phone>");
    assert!(sent.one(Name::From).starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag="));
    assert!(sent.all(Name::PAssertedIdentity).is_empty() && sent.all(Name::Geolocation).is_empty());
    assert_eq!(sent.types(), ["application/sdp"]);
}

#[test]
fn an_emergency_call_that_falls_back_to_the_gateway_dials_the_code_without_the_prefix() {
    let mut bench = Bench::new(|world| {
        world.snapshot.trunks.retain(|trunk| ["pbx", "gateway"].contains(&&*trunk.name));
    });
    bench.receive(port::PBX, plain("9911", "+13125550123"));
    let sent = Sent::read(bench.expect(port::GATEWAY, "INVITE"));
    assert_eq!(sent.message.request_uri(), b"sip:911@127.0.0.1:5074;user=phone");
}
