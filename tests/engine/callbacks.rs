//! Calls back: they reach who placed the emergency call, whoever calls and whatever stands in the way.
use crate::peers::{Caller, Far, text, value};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, RELAY, SDP, World};
use callbox::cache::Snapshot;
use callbox::edge::ledger::{self, Entry};
use callbox::fact::{Fact, Kind};
use callbox::record::{Guard, Number, Site, Trunk};
use callbox::sip::message::Name;
use std::sync::Arc;

/// Where callbacks to lines go.
const PBX: u16 = 5075;
const EXTENSION: &str = "4117";
const OTHER: &str = "4119";
const LENT: &str = "+13125550190";
const MARKED: &str = "Priority: psap-callback\r\nResource-Priority: esnet.0\r\n";

/// An emergency call of this extension that is over; its Contact towards the relay center comes back.
fn called(world: &mut World, from: &str) -> String {
    let (mut caller, relay) = world.talk(from, "911", RELAY);
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    world.pass(60);
    world.clear();
    world.facts.clear();
    relay.invite.contact().map(|contact| text(contact.uri.text)).expect("a Contact")
}

/// Somebody at this port calls a number or URI.
fn back(world: &mut World, port: u16, to: &str, more: &str) -> Caller {
    let caller = Caller { port, more: more.into(), ..Caller::new("+13125559110", to) };
    world.send(port, caller.invite());
    caller
}

fn uri(far: &Far) -> String {
    text(far.invite.request_uri())
}

fn changed(change: impl Fn(&mut Site)) -> World {
    let world = World::with(|_| {}, |_| {});
    world.cache.snapshot.rcu(|held| {
        let mut next = (**held).clone();
        let mut site = (**next.site("hq").expect("the lab's site")).clone();
        change(&mut site);
        next.sites.insert("hq".into(), Arc::new(site));
        next
    });
    world
}

fn with_desk() -> World {
    changed(|site| site.desk = Guard::read("4100"))
}

#[test]
fn whoever_calls_a_lent_number_in_its_window_reaches_the_extension_at_its_pbx() {
    for (port, more) in [(RELAY, MARKED), (PSAP_1, ""), (GATEWAY, ""), (CALLER, "")] {
        let mut world = World::new();
        called(&mut world, EXTENSION);
        let mut psap = back(&mut world, port, LENT, more);
        let phone = world.rung(PBX);
        assert_eq!(uri(&phone), "sip:4117@127.0.0.1:5075");
        assert_eq!(value(&phone.invite, Name::Priority), "psap-callback", "from {port}");
        assert_eq!(value(&phone.invite, Name::ResourcePriority), "esnet.0");
        assert!(value(&phone.invite, Name::From).contains("sip:+13125559110@"), "who calls is seen");
        world.answer(&phone, 180);
        let ringing = world.got(port, "180 INVITE");
        assert_eq!(value(&ringing, Name::PAssertedIdentity), format!("<sip:{LENT}@callbox.example;user=phone>"));
        world.answer(&phone, 200);
        psap.learn(&world.got(port, "200 INVITE"));
        world.send(port, psap.ack(""));
        world.got(PBX, "ACK");
        assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Answered { kind: Kind::Callback, .. })));
        let bye = psap.request("BYE", "", "");
        world.send(port, bye);
        let bye = world.got(PBX, "BYE");
        world.send(PBX, phone.response_to(&bye, 200, "", ""));
        world.pass(60);
        assert!(world.is_idle());
    }
}

#[test]
fn the_token_of_the_call_leads_back_as_long_as_the_window_is_open() {
    let mut world = World::new();
    let contact = called(&mut world, EXTENSION);
    assert!(contact.starts_with("sip:cb-"), "{contact}");
    back(&mut world, GATEWAY, &contact, "");
    assert_eq!(uri(&world.rung(PBX)), "sip:4117@127.0.0.1:5075");
    world.pass(3 * 3600);
    world.clear();
    back(&mut world, GATEWAY, &contact, "");
    assert!(world.words(PBX).is_empty(), "its time is over");
}

#[test]
fn a_shared_number_needs_the_mark_of_an_emergency_trunk_and_a_forged_one_is_taken_out() {
    let mut world = World::new();
    let (mut caller, _psap) = world.talk(KNOWN, "911", PSAP_1);
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    // Long enough for the PSAP's domain alone to prove nothing any more.
    world.pass(600);
    world.clear();
    world.facts.clear();
    back(&mut world, PSAP_1, KNOWN, MARKED);
    let phone = world.rung(PBX);
    assert_eq!(value(&phone.invite, Name::Priority), "psap-callback");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Arrived { kind: Kind::Callback, .. })));
    world.clear();
    world.facts.clear();
    back(&mut world, CALLER, KNOWN, MARKED);
    let gateway = world.rung(GATEWAY);
    assert_eq!(value(&gateway.invite, Name::Priority), "", "the mark of a PBX says nothing, and goes no further");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Arrived { kind: Kind::Other, .. })));
}

#[test]
fn within_five_minutes_the_psap_need_not_say_that_it_calls_back() {
    let mut world = World::new();
    let (mut caller, _psap) = world.talk(KNOWN, "911", PSAP_1);
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    world.pass(240);
    world.clear();
    world.facts.clear();
    back(&mut world, PSAP_1, KNOWN, "");
    assert_eq!(value(&world.rung(PBX).invite, Name::Priority), "psap-callback");
}

#[test]
fn two_colleagues_behind_one_number_are_called_the_latest_first_and_then_the_other() {
    let mut world = changed(|site| site.pool.clear());
    called(&mut world, EXTENSION);
    called(&mut world, OTHER);
    back(&mut world, PSAP_1, "+13125550100", MARKED);
    let latest = world.rung(PBX);
    assert_eq!(uri(&latest), "sip:4119@127.0.0.1:5075");
    world.answer(&latest, 180);
    world.pass(19);
    assert!(world.words(PBX).is_empty(), "it has its twenty seconds");
    world.pass(2);
    let first = world.rung(PBX);
    assert_eq!(uri(&first), "sip:4117@127.0.0.1:5075");
    world.answer(&first, 180);
    world.answer(&first, 200);
    world.got(PSAP_1, "200 INVITE");
    let cancel = world.got(PBX, "CANCEL");
    assert!(value(&cancel, Name::Reason).contains("Call completed elsewhere"));
}

#[test]
fn steps_follow_each_other_and_those_before_go_on_ringing() {
    let mut world = with_desk();
    called(&mut world, EXTENSION);
    back(&mut world, RELAY, LENT, MARKED);
    let phone = world.rung(PBX);
    world.answer(&phone, 180);
    world.pass(21);
    let desk = world.rung(PBX);
    assert_eq!(uri(&desk), "sip:4100@127.0.0.1:5075");
    world.answer(&desk, 180);
    // Its INVITE was sent again meanwhile.
    world.clear();
    world.pass(21);
    let relay = world.rung(RELAY);
    assert!(uri(&relay).starts_with("sip:911@"), "{}", uri(&relay));
    let words = world.words(PBX);
    assert!(words.is_empty(), "nobody was cancelled: {words:?}");
    world.answer(&phone, 200);
    world.got(RELAY, "200 INVITE");
    world.stop(&desk);
}

#[test]
fn who_refuses_forwards_or_queues_is_not_followed_asked_once_more_and_then_the_next() {
    for code in [302, 480, 486, 600, 603, 181, 182] {
        let mut world = with_desk();
        called(&mut world, EXTENSION);
        back(&mut world, RELAY, LENT, "");
        let phone = world.rung(PBX);
        world.answer_with(&phone, code, "Contact: <sip:voicemail@127.0.0.1:5074>\r\n");
        if code < 200 {
            let cancel = world.got(PBX, "CANCEL");
            world.send(PBX, phone.response_to(&cancel, 200, "", ""));
            world.answer(&phone, 200);
        }
        let again = world.rung(PBX);
        assert_eq!(uri(&again), "sip:4117@127.0.0.1:5075", "{code}");
        assert_eq!(value(&again.invite, Name::AlertInfo), "<urn:alert:priority:high>");
        assert_ne!(value(&again.invite, Name::CallId), value(&phone.invite, Name::CallId));
        if code < 200 {
            let let_go = world.words(PBX);
            assert!(let_go.contains(&"BYE".to_owned()), "{code}: {let_go:?}");
            assert!(!world.words(RELAY).contains(&"200 INVITE".to_owned()), "voicemail is not who called");
        }
        world.answer_with(&again, if code < 200 { 486 } else { code }, "");
        assert_eq!(uri(&world.rung(PBX)), "sip:4100@127.0.0.1:5075", "{code}");
        assert!(world.words(GATEWAY).is_empty(), "{code}");
    }
}

#[test]
fn a_pbx_that_is_gone_costs_a_second_and_when_it_is_back_it_is_called_as_before() {
    let mut world = with_desk();
    called(&mut world, EXTENSION);
    let psap = back(&mut world, RELAY, LENT, "");
    world.pass(1);
    world.pass(1);
    let asked: Vec<_> = world.take(PBX).iter().map(|got| text(got.message.request_uri())).collect();
    assert_eq!(asked.first().map(String::as_str), Some("sip:4117@127.0.0.1:5075"));
    assert!(asked.iter().any(|uri| uri == "sip:4100@127.0.0.1:5075"), "the desk is asked after a second of silence");
    world.send(RELAY, psap.cancel());
    world.pass(60);
    world.clear();
    back(&mut world, RELAY, LENT, "");
    let phone = world.rung(PBX);
    assert_eq!(uri(&phone), "sip:4117@127.0.0.1:5075");
}

#[test]
fn a_device_with_a_contact_of_its_own_is_called_there_and_then_at_its_pbx() {
    let mut world = World::new();
    let mut caller = Caller::new(EXTENSION, "911");
    let own = "Contact: <sip:4117@127.0.0.1:5990;gr=desk>\r\n";
    let invite = caller.invite().replace("Contact: <sip:desk@127.0.0.1:5999>\r\n", own);
    world.send(CALLER, invite);
    let relay = world.rung(RELAY);
    world.answer(&relay, 200);
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    world.pass(60);
    world.clear();
    back(&mut world, RELAY, LENT, "");
    let phone = world.rung(5990);
    assert_eq!(uri(&phone), "sip:4117@127.0.0.1:5990;gr=desk");
    world.answer(&phone, 404);
    assert_eq!(uri(&world.rung(PBX)), "sip:4117@127.0.0.1:5075");
}

/// Another world while calls go on, as after a reload.
fn reload(world: &World, change: impl Fn(&mut Snapshot)) {
    world.cache.snapshot.rcu(|held| {
        let mut next = (**held).clone();
        change(&mut next);
        next
    });
}

#[test]
fn a_callers_window_outlives_its_site_and_its_exchange() {
    // The site is deleted: its phones are called as before, and behind them those of the site that is left.
    let mut world = with_desk();
    called(&mut world, EXTENSION);
    reload(&world, |snapshot| {
        let hq = snapshot.sites.remove("hq").expect("the lab's site");
        snapshot.sites.insert("annex".into(), Arc::new(Site { id: "annex".into(), ..(*hq).clone() }));
        for source in &mut snapshot.sources {
            Arc::make_mut(source).default_site = "annex".into();
        }
    });
    back(&mut world, PSAP_1, LENT, "");
    let phone = world.rung(PBX);
    assert_eq!(uri(&phone), "sip:4117@127.0.0.1:5075");
    world.answer(&phone, 180);
    world.pass(21);
    let desk = world.rung(PBX);
    assert_eq!(uri(&desk), "sip:4100@127.0.0.1:5075");
    world.answer(&desk, 180);
    world.pass(21);
    world.rung(RELAY);

    // Its organisation and its exchange are deleted: somebody answers all the same.
    let mut world = World::with(|_| {}, |_| {});
    called(&mut world, EXTENSION);
    reload(&world, |snapshot| {
        let hq = snapshot.sites.remove("hq").expect("the lab's site");
        let site = Site { id: "other".into(), organisation: "other".into(), stage2: false, ..(*hq).clone() };
        snapshot.sites.insert("other".into(), Arc::new(site));
        for source in &mut snapshot.sources {
            let source = Arc::make_mut(source);
            (source.organisation, source.default_site, source.trunk) =
                ("other".into(), "other".into(), "gateway".into());
        }
        snapshot.trunks.retain(|trunk| &*trunk.name != "pbx");
    });
    back(&mut world, PSAP_1, LENT, "");
    let relay = world.rung(RELAY);
    world.answer(&relay, 200);
    world.got(PSAP_1, "200 INVITE");
    assert!(world.words(PBX).is_empty());
}

#[test]
fn a_call_back_is_taken_in_every_form_in_which_psaps_send_it() {
    const FORM: &str = "Priority: psap-callback\r\nResource-Priority: esnet.0\r\n\
        P-Asserted-Identity: <sip:+13125559110@psap.example>\r\nP-Asserted-Identity: <sip:desk@psap.example>\r\n\
        Route: <sip:127.0.0.1:5060;lr>\r\n";
    for to in ["sip:+13125550190@127.0.0.1;user=phone", "sip:3125550190@callbox.example", "tel:+1-312-555-0190"] {
        let mut world = World::new();
        called(&mut world, EXTENSION);
        back(&mut world, PSAP_1, to, FORM);
        let phone = world.rung(PBX);
        assert_eq!(uri(&phone), "sip:4117@127.0.0.1:5075", "{to}");
        assert_eq!(value(&phone.invite, Name::ResourcePriority), "esnet.0");
        assert_eq!(value(&phone.invite, Name::Route), "");
        assert!(value(&phone.invite, Name::PAssertedIdentity).contains("+13125559110@"));
    }
}

#[test]
fn headers_that_a_pbx_needs_go_along_once() {
    let bypass = |trunk: &mut Trunk| {
        trunk.callback_headers = vec![("X-Bypass".into(), "dnd".into())];
    };
    let mut world = World::with(
        |snapshot| {
            for trunk in &mut snapshot.trunks {
                if &*trunk.name == "pbx" {
                    bypass(Arc::make_mut(trunk));
                }
            }
        },
        |_| {},
    );
    called(&mut world, EXTENSION);
    back(&mut world, RELAY, LENT, "X-Bypass: none\r\nPriority: normal\r\n");
    let head = text(world.rung(PBX).invite.bytes());
    assert_eq!(head.matches("X-Bypass: ").count(), 1, "{head}");
    assert!(head.contains("X-Bypass: dnd\r\n") && head.contains("Priority: psap-callback\r\n"), "{head}");
    assert!(head.contains("Request-Disposition: no-queue\r\n"), "{head}");
}

#[test]
fn the_phone_may_not_hold_or_transfer_a_call_back_and_the_psap_may_hold() {
    let mut world = World::new();
    called(&mut world, EXTENSION);
    let mut psap = back(&mut world, RELAY, LENT, "");
    let mut phone = world.rung(PBX);
    world.answer(&phone, 200);
    psap.learn(&world.got(RELAY, "200 INVITE"));
    world.send(RELAY, psap.ack(""));
    world.clear();
    let hold = SDP.replace("m=audio", "a=sendonly\r\nm=audio");
    world.send(PBX, phone.request("INVITE", "", &hold));
    world.got(PBX, "488 INVITE");
    world.send(PBX, phone.request("REFER", "Refer-To: <sip:4100@127.0.0.1>\r\n", ""));
    world.got(PBX, "403 REFER");
    assert!(world.words(RELAY).is_empty(), "the PSAP hears nothing of it");
    let offer = psap.request("INVITE", "", &hold.replace("1 1 IN", "1 2 IN"));
    world.send(RELAY, offer);
    world.got(PBX, "INVITE");
}

#[test]
fn after_its_window_a_lent_number_leads_to_the_desk() {
    let mut world = with_desk();
    called(&mut world, EXTENSION);
    world.pass(3 * 3600);
    world.clear();
    world.facts.clear();
    back(&mut world, GATEWAY, LENT, MARKED);
    let desk = world.rung(PBX);
    assert_eq!(uri(&desk), "sip:4100@127.0.0.1:5075");
    assert_eq!(value(&desk.invite, Name::Priority), "", "a stranger's mark is taken out");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Arrived { kind: Kind::Other, .. })));
}

#[test]
fn a_line_in_an_emergency_call_or_a_call_back_is_busy_for_everyday_calls_and_not_for_the_psap() {
    let mut world = World::new();
    let (_caller, _psap) = world.talk(KNOWN, "911", PSAP_1);
    back(&mut world, GATEWAY, KNOWN, "");
    world.got(GATEWAY, "486 INVITE");
    back(&mut world, PSAP_1, KNOWN, MARKED);
    world.rung(PBX);
}

#[test]
fn a_psap_calls_a_site_whose_window_is_over_and_a_carrier_an_everyday_line() {
    let mut world = with_desk();
    back(&mut world, PSAP_1, "13125550100", MARKED);
    assert_eq!(uri(&world.rung(PBX)), "sip:+13125550100@127.0.0.1:5075;user=phone");
    world.clear();
    back(&mut world, GATEWAY, "3125550123", "");
    assert_eq!(uri(&world.rung(PBX)), "sip:+13125550123@127.0.0.1:5075;user=phone");
    world.clear();
    back(&mut world, GATEWAY, "+13125559999", "");
    world.got(GATEWAY, "403 INVITE");
    assert!(Number::read("+13125559999").is_some());
}

#[test]
fn whoever_dials_an_emergency_code_calls_nobody_back_whatever_a_site_lends() {
    let mut world = changed(|site| site.pool = Number::read("911").into_iter().collect());
    called(&mut world, EXTENSION);
    back(&mut world, CALLER, "911", "");
    world.got(RELAY, "INVITE");
}

#[test]
fn whoever_calls_a_service_calls_for_help_whatever_to_says() {
    let mut world = World::new();
    called(&mut world, EXTENSION);
    let caller = Caller::new("4118", "urn:service:sos");
    let invite = caller.invite().replace("To: <urn:service:sos>", &format!("To: <sip:{LENT}@127.0.0.1>"));
    world.send(CALLER, invite);
    world.rung(RELAY);
    assert!(world.take(PBX).is_empty(), "nobody is called back");
}

#[test]
fn a_call_back_has_a_receipt_of_its_own_that_names_the_incident_of_the_call() {
    let mut world = World::new();
    let (mut caller, _relay) = world.talk(EXTENSION, "911", RELAY);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.pass(60);
    let incident = |entry: &Entry| {
        let read: serde_json::Value = serde_json::from_str(&entry.body).expect("an entry says JSON");
        (read["class"].to_string(), read["decision"]["incident"].to_string())
    };
    let now = world.moment();
    let call = world.gatherer.due(now).iter().map(incident).next_back().expect("a receipt");
    assert!(call.1.len() > 32, "{call:?}");
    world.clear();
    let psap = back(&mut world, RELAY, LENT, MARKED);
    let _phone = world.rung(PBX);
    world.send(RELAY, psap.cancel());
    world.pass(60);
    let now = world.moment();
    let kept = world.gatherer.due(now);
    assert_eq!(kept.iter().map(|entry| entry.kind).collect::<Vec<_>>(), [ledger::Kind::Begun, ledger::Kind::Receipt]);
    assert_eq!(incident(&kept[1]), ("\"callback\"".into(), call.1));
    assert!(kept[1].body.contains("\"outcome\":\"abandoned\""), "what became of it");
    assert!(!kept[1].body.contains("cb-"), "what leads back is not told");
}
