//! Callers whose location is kept elsewhere: what is fetched in time, too late or not at all.
use crate::peers::{Caller, Far, body, value, values};
use crate::world::{CALLER, KNOWN, PSAP_1, PSAP_2, RELAY, UNPLACED, World};
use bytes::Bytes;
use callbox::account::News;
use callbox::b2bua::Input;
use callbox::b2bua::ask::{Answer, MOST_ASKED, Order};
use callbox::cache::Snapshot;
use callbox::fact::{Fact, Foreign};
use callbox::record::{Trunk, WebHost};
use callbox::sip::message::{Message, Name, multipart};
use std::sync::Arc;

const THERE: &str = "https://lis.example/t";

/// A document as a location server has it, with a door.
pub fn document(house: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" \
         xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\" entity=\"pres:u@lis.example\"><tuple id=\"t\">\
         <status><gp:geopriv><gp:location-info><ca:civicAddress><ca:country>US</ca:country><ca:A1>IL</ca:A1>\
         <ca:A3>Chicago</ca:A3><ca:RD>Elsewhere</ca:RD><ca:HNO>{house}</ca:HNO></ca:civicAddress></gp:location-info>\
         <gp:usage-rules/><gp:method>Manual</gp:method></gp:geopriv></status></tuple></presence>"
    )
}

/// The lab, whose PBX may have locations fetched at one host.
fn world(change: impl FnOnce(&mut Snapshot)) -> World {
    let listed = |snapshot: &mut Snapshot| {
        for source in &mut snapshot.sources {
            Arc::make_mut(source).location_hosts = [WebHost::read("lis.example").expect("a host")].into();
        }
        change(snapshot);
    };
    World::with(listed, |_| {})
}

fn each_psap(snapshot: &mut Snapshot, change: fn(&mut Trunk)) {
    for trunk in snapshot.trunks.iter_mut().filter(|trunk| trunk.name.starts_with("psap")) {
        change(Arc::make_mut(trunk));
    }
}

fn dial(world: &mut World, from: &str, reference: &str) -> Caller {
    let mut caller = Caller::new(from, "911");
    caller.more = format!("Geolocation: <{reference}>\r\n");
    world.send(CALLER, caller.invite());
    caller
}

/// What the engine wants fetched.
fn asked(world: &mut World) -> Vec<Order> {
    world.engine.drain_asked().collect()
}

fn answer(world: &mut World, order: &Order, found: Result<String, &'static str>) {
    let address = Arc::clone(&order.address);
    world.input(Input::Fetched(Answer { address, found: found.map(Bytes::from) }));
}

fn told(world: &World) -> Vec<Foreign> {
    let what = |fact: &Fact| match fact {
        Fact::ForeignLocation { what, .. } => Some(*what),
        _ => None,
    };
    world.facts.iter().filter_map(what).collect()
}

fn documents(message: &Message) -> Vec<String> {
    let content_type = message.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, message.body_slice());
    let documents = parts.iter().filter(|part| part.is("application/pidf+xml"));
    documents.map(|part| String::from_utf8_lossy(part.content).into_owned()).collect()
}

#[test]
fn what_comes_in_time_goes_along_and_decides_the_way() {
    let mut world = world(|_| {});
    dial(&mut world, UNPLACED, THERE);
    assert_eq!(world.words(CALLER), ["100 INVITE"]);
    let orders = asked(&mut world);
    assert_eq!((orders.len(), orders[0].address.host(), orders[0].address.target()), (1, "lis.example", "/t"));
    world.until(100);
    assert!(world.take(PSAP_1).is_empty(), "it is worth waiting for");
    answer(&mut world, &orders[0], Ok(document("7")));
    let invite = world.got(PSAP_1, "INVITE");
    assert_eq!(documents(&invite), [document("7")]);
    let named = values(&invite, Name::Geolocation);
    assert_eq!(named[0], format!("<{THERE}>"), "the reference goes on as it came");
    assert!(named[1].starts_with("<cid:found-") && named[1].ends_with("loc-src=callbox.example"), "{named:?}");
    assert!(body(&invite).contains(&format!("Content-ID: <{}>", &named[1][5..named[1].find('>').expect("its end")])));
    assert_eq!(told(&world), [Foreign::InTime]);
    let decided = world.facts.iter().filter_map(|fact| match fact {
        Fact::Decided { way, grade, .. } => Some((*way, *grade)),
        _ => None,
    });
    assert_eq!(decided.collect::<Vec<_>>(), [("direct", "dispatchable")]);
}

#[test]
fn at_the_deadline_the_call_leaves_without_it_and_not_before() {
    let mut world = world(|_| {});
    dial(&mut world, UNPLACED, THERE);
    world.until(229);
    assert!(world.take(PSAP_1).is_empty());
    world.until(250);
    let invite = world.got(PSAP_1, "INVITE");
    assert!(documents(&invite).is_empty());
    assert_eq!(values(&invite, Name::Geolocation), [format!("<{THERE}>")]);
    assert_eq!(told(&world), [Foreign::Overdue]);
}

#[test]
fn an_answer_in_the_instant_of_the_deadline_is_taken_once() {
    let mut world = world(|_| {});
    dial(&mut world, UNPLACED, THERE);
    let orders = asked(&mut world);
    world.until(250);
    answer(&mut world, &orders[0], Ok(document("7")));
    assert_eq!(told(&world), [Foreign::Overdue, Foreign::Late]);
    assert_eq!(world.words(PSAP_1), ["INVITE"]);
}

#[test]
fn a_fetch_that_fails_lets_the_call_leave_at_once_and_nobody_waits_for_that_address_again_for_a_while() {
    for why in ["unreachable", "status", "timeout"] {
        let mut world = world(|_| {});
        dial(&mut world, UNPLACED, THERE);
        let orders = asked(&mut world);
        world.until(40);
        answer(&mut world, &orders[0], Err(why));
        assert_eq!(world.times(PSAP_1, "INVITE"), [40], "{why}");
        dial(&mut world, UNPLACED, THERE);
        assert!(asked(&mut world).is_empty());
        assert_eq!(world.times(PSAP_1, "INVITE"), [40], "{why}");
        world.pass(6);
        dial(&mut world, UNPLACED, THERE);
        assert_eq!(asked(&mut world).len(), 1, "{why}");
    }
}

#[test]
fn what_is_no_location_is_a_failure_whatever_it_is() {
    let dtd = format!("<!DOCTYPE p [<!ENTITY a \"b\">]>{}", &document("7")[21..]);
    let large = document(&"7".repeat(40_000));
    let error = "<error xmlns=\"urn:ietf:params:xml:ns:geopriv:held\" code=\"locationUnknown\"/>".to_owned();
    for wrong in [dtd, large, error, document("7")[..200].to_owned(), "{}".to_owned(), String::new()] {
        let mut world = world(|_| {});
        dial(&mut world, UNPLACED, THERE);
        let orders = asked(&mut world);
        answer(&mut world, &orders[0], Ok(wrong.clone()));
        let invite = world.got(PSAP_1, "INVITE");
        assert_eq!((documents(&invite).len(), told(&world)), (0, vec![Foreign::Failed]), "{wrong:.80}");
    }
}

#[test]
fn the_document_of_a_location_servers_answer_is_taken_out_of_it() {
    let mut world = world(|_| {});
    dial(&mut world, UNPLACED, THERE);
    let orders = asked(&mut world);
    let inner = &document("7")[21..];
    let response =
        format!("<locationResponse xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">{inner}</locationResponse>");
    answer(&mut world, &orders[0], Ok(response));
    let found = documents(&world.got(PSAP_1, "INVITE"));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("<ca:HNO>7</ca:HNO>") && !found[0].contains("locationResponse"), "{}", found[0]);
}

/// The lab with one PSAP of the old telephone network, which lists these numbers.
fn legacy(numbers: &[&str]) -> World {
    let numbers: Vec<_> =
        numbers.iter().map(|number| callbox::record::Number::read(number).expect("a number")).collect();
    self::world(|snapshot| {
        snapshot.trunks.retain(|trunk| &*trunk.name != "psap-2");
        let psap = snapshot.trunks.iter_mut().find(|trunk| &*trunk.name == "psap-1").map(Arc::make_mut).expect("it");
        (psap.kind, psap.profile) = (callbox::record::TrunkKind::PsapLegacy, callbox::record::Profile::Legacy);
        psap.numbers = numbers;
    })
}

#[test]
fn a_number_in_a_document_is_shown_to_the_old_network_where_the_trunk_lists_it_and_nowhere_else() {
    let with_number = document("7").replace("</ca:civicAddress>", "<ca:ELIN>13125550177</ca:ELIN></ca:civicAddress>");
    for (numbers, shown) in [(&["+13125550177"][..], "+13125550177"), (&["+13125550111"], "+13125550124")] {
        let mut world = legacy(numbers);
        dial(&mut world, UNPLACED, THERE);
        let orders = asked(&mut world);
        answer(&mut world, &orders[0], Ok(with_number.clone()));
        let asserted = value(&world.got(PSAP_1, "INVITE"), Name::PAssertedIdentity);
        assert!(asserted.contains(shown), "{asserted}");
    }
}

#[test]
fn a_test_call_reads_what_a_911_would_carry() {
    let own =
        callbox::record::Ivr { first: true, max_calls: 2, max_span: core::time::Duration::from_secs(120), hourly: 10 };
    let mut world = self::world(|snapshot| snapshot.ivr = Some(own));
    let mut caller = Caller::new(UNPLACED, "933");
    caller.more = format!("Geolocation: <{THERE}>\r\n");
    world.send(CALLER, caller.invite());
    let orders = asked(&mut world);
    assert!(world.orders.is_empty(), "it waits as a 911 would");
    answer(&mut world, &orders[0], Ok(document("7")));
    let script = world.orders.iter().find_map(|order| match order {
        callbox::b2bua::voice::Order::Open { script, .. } => Some(script.clone()),
        _ => None,
    });
    let script = script.expect("the test IVR takes it");
    let street = |piece: &callbox::ivr::Piece| matches!(piece, callbox::ivr::Piece::Words(text) if text.expose().contains("Elsewhere"));
    assert!(script.iter().any(street));
}

#[test]
fn calls_for_one_address_are_one_fetch_and_the_next_ones_need_none_for_a_while() {
    let mut world = world(|_| {});
    for _ in 0..3 {
        dial(&mut world, UNPLACED, THERE);
    }
    let orders = asked(&mut world);
    assert_eq!(orders.len(), 1);
    answer(&mut world, &orders[0], Ok(document("7")));
    assert_eq!(world.words(PSAP_1), ["INVITE"; 3]);
    dial(&mut world, UNPLACED, THERE);
    assert!(asked(&mut world).is_empty());
    assert_eq!(documents(&world.got(PSAP_1, "INVITE")), [document("7")]);
    assert_eq!(told(&world), [Foreign::InTime, Foreign::InTime, Foreign::InTime, Foreign::Kept]);
    world.pass(31);
    dial(&mut world, UNPLACED, THERE);
    assert_eq!(asked(&mut world).len(), 1, "whoever is there may have moved");
}

#[test]
fn a_call_given_up_while_it_waits_is_over_and_those_who_are_told_learn_of_it() {
    let mut world = world(|_| {});
    let caller = dial(&mut world, UNPLACED, THERE);
    let orders = asked(&mut world);
    world.send(CALLER, caller.cancel());
    assert_eq!(world.words(CALLER), ["100 INVITE", "200 CANCEL", "487 INVITE"]);
    assert_eq!(world.accounts.iter().filter(|account| matches!(account.news, News::Decided(_))).count(), 1);
    answer(&mut world, &orders[0], Ok(document("7")));
    assert!(world.take(PSAP_1).is_empty() && world.take(RELAY).is_empty());
    world.pass(40);
    assert!(world.is_idle());
}

#[test]
fn a_copy_by_another_way_is_refused_while_the_call_waits_and_the_call_goes_on() {
    let mut world = world(|_| {});
    let mut caller = dial(&mut world, UNPLACED, THERE);
    caller.branch.push_str("-other");
    world.send(CALLER, caller.invite());
    assert_eq!(world.words(CALLER), ["100 INVITE", "482 INVITE"]);
    world.until(250);
    assert_eq!(world.words(PSAP_1), ["INVITE"]);
}

#[test]
fn who_has_a_door_does_not_wait_unless_the_psap_takes_documents_alone() {
    let mut world = world(|_| {});
    dial(&mut world, KNOWN, THERE);
    assert!(asked(&mut world).is_empty());
    let invite = world.got(PSAP_1, "INVITE");
    assert_eq!(values(&invite, Name::Geolocation).len(), 2);
    let mut world = self::world(|snapshot| each_psap(snapshot, |trunk| trunk.takes_references = false));
    dial(&mut world, KNOWN, THERE);
    let orders = asked(&mut world);
    answer(&mut world, &orders[0], Ok(document("7")));
    let invite = world.got(PSAP_1, "INVITE");
    let named = values(&invite, Name::Geolocation);
    assert!(named.len() == 2 && named.iter().all(|value| value.starts_with("<cid:")), "{named:?}");
    let found = documents(&invite);
    assert_eq!(found[0], document("7"));
    assert!(found[1].contains("<ca:ROOM>101</ca:ROOM>"), "{}", found[1]);
}

#[test]
fn a_bare_reference_goes_to_one_who_takes_documents_alone_only_where_nothing_else_is_known() {
    let values_only = |snapshot: &mut Snapshot| {
        each_psap(snapshot, |trunk| trunk.takes_references = false);
        for source in &mut snapshot.sources {
            Arc::make_mut(source).location_hosts = Vec::new().into();
        }
    };
    let mut world = self::world(values_only);
    dial(&mut world, KNOWN, THERE);
    let named = values(&world.got(PSAP_1, "INVITE"), Name::Geolocation);
    assert!(named.len() == 1 && named[0].starts_with("<cid:loc-"), "{named:?}");
    dial(&mut world, UNPLACED, THERE);
    assert_eq!(values(&world.got(PSAP_1, "INVITE"), Name::Geolocation), [format!("<{THERE}>")]);
    assert_eq!(told(&world), [Foreign::Refused, Foreign::Refused]);
}

#[test]
fn nothing_of_what_is_asked_and_found_prints_itself() {
    let mut world = world(|_| {});
    dial(&mut world, UNPLACED, THERE);
    let orders = asked(&mut world);
    let found = Answer { address: Arc::clone(&orders[0].address), found: Ok(document("7").into()) };
    let printed = format!("{orders:?} {found:?}");
    world.input(Input::Fetched(found));
    let printed = format!("{printed} {:?} {:?}", world.facts, world.accounts);
    for private in ["lis.example/t", "Elsewhere", "presence", "0124"] {
        assert!(!printed.contains(private), "{private}: {printed}");
    }
}

#[test]
fn only_listed_hosts_and_only_the_web_are_asked() {
    for reference in [
        "https://other.example/t",
        "https://lis.example:8443/t",
        "https://user@lis.example/t",
        "https://169.254.169.254/latest",
    ] {
        let mut world = world(|_| {});
        dial(&mut world, UNPLACED, reference);
        assert!(asked(&mut world).is_empty(), "{reference}");
        assert_eq!(world.words(PSAP_1), ["INVITE"], "{reference}");
    }
    for passed_on in ["sip:here@lis.example", "pres:here@lis.example"] {
        let mut world = world(|_| {});
        dial(&mut world, UNPLACED, passed_on);
        assert!(asked(&mut world).is_empty() && told(&world).is_empty());
        assert_eq!(values(&world.got(PSAP_1, "INVITE"), Name::Geolocation), [format!("<{passed_on}>")]);
    }
}

#[test]
fn more_addresses_than_there_is_room_for_delay_no_call() {
    let mut world = world(|_| {});
    for place in 0..MOST_ASKED {
        let caller = dial(&mut world, UNPLACED, &format!("{THERE}{place}"));
        world.send(CALLER, caller.cancel());
        world.clear();
    }
    dial(&mut world, UNPLACED, &format!("{THERE}/last"));
    assert_eq!(world.words(PSAP_1), ["INVITE"]);
    world.pass(31);
    dial(&mut world, UNPLACED, &format!("{THERE}/later"));
    let orders = asked(&mut world);
    assert_eq!(orders.last().map(|order| order.address.target()), Some("/t/later"));
}

/// A call that left without its location, answered by a PSAP that allows this.
fn talking(world: &mut World, allow: &str) -> (Caller, Far, Order) {
    let mut caller = dial(world, UNPLACED, THERE);
    let order = asked(world).remove(0);
    world.until(250);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(PSAP_1, far.response(200, &format!("Allow: {allow}\r\n"), crate::world::SDP));
    let answer = world.got(CALLER, "200 INVITE");
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    world.got(PSAP_1, "ACK");
    world.clear();
    (caller, far, order)
}

fn updating(snapshot: &mut Snapshot) {
    each_psap(snapshot, |trunk| trunk.location_updates = true);
}

#[test]
fn what_comes_late_is_brought_to_a_psap_that_wants_it() {
    let mut world = world(updating);
    let (_, far, order) = talking(&mut world, "INVITE, ACK, BYE, UPDATE");
    answer(&mut world, &order, Ok(document("7")));
    let update = world.got(PSAP_1, "UPDATE");
    assert_eq!(body(&update), document("7"));
    assert_eq!(value(&update, Name::ContentType), "application/pidf+xml");
    let (id, named) = (value(&update, Name::ContentId), value(&update, Name::Geolocation));
    assert!(named.starts_with(&format!("<cid:{}", &id[1..])), "{named} {id}");
    world.send(PSAP_1, far.response_to(&update, 200, "", ""));
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::LocationUpdate { sent: true, .. })));
    assert_eq!(told(&world), [Foreign::Overdue, Foreign::Late]);
    let learnt = world.accounts.iter().filter_map(|account| match &account.news {
        News::Learnt(learnt) => Some((learnt.reference.expose().to_string(), learnt.document.expose().clone())),
        _ => None,
    });
    assert_eq!(learnt.collect::<Vec<_>>(), [(THERE.to_owned(), Bytes::from(document("7")))]);
    world.pass(5);
    assert!(world.take(PSAP_1).is_empty(), "once is enough");
}

#[test]
fn what_comes_while_it_rings_is_brought_with_the_answer() {
    let mut world = world(updating);
    let mut caller = dial(&mut world, UNPLACED, THERE);
    let order = asked(&mut world).remove(0);
    world.until(250);
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    answer(&mut world, &order, Ok(document("7")));
    assert!(world.take(PSAP_1).is_empty());
    world.send(PSAP_1, far.response(200, "Allow: INVITE, UPDATE\r\n", crate::world::SDP));
    let answered = world.got(CALLER, "200 INVITE");
    caller.learn(&answered);
    world.send(CALLER, caller.ack(""));
    assert_eq!(body(&world.got(PSAP_1, "UPDATE")), document("7"));
}

#[test]
fn whoever_is_asked_after_it_came_has_it_in_the_invite() {
    let mut world = world(|_| {});
    dial(&mut world, UNPLACED, THERE);
    let order = asked(&mut world).remove(0);
    world.until(250);
    let far = world.rung(PSAP_1);
    answer(&mut world, &order, Ok(document("7")));
    world.answer(&far, 486);
    assert_eq!(documents(&world.got(PSAP_2, "INVITE")), [document("7")]);
}

#[test]
fn who_does_not_allow_update_or_does_not_want_it_is_left_alone() {
    let mut world = world(updating);
    let (_, _, order) = talking(&mut world, "INVITE, ACK, BYE");
    answer(&mut world, &order, Ok(document("7")));
    world.pass(2);
    assert!(world.take(PSAP_1).is_empty(), "nobody is offered a session anew for it");
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::LocationUpdate { sent: false, .. })));
    let mut world = self::world(|_| {});
    let (_, _, order) = talking(&mut world, "INVITE, ACK, BYE, UPDATE");
    answer(&mut world, &order, Ok(document("7")));
    world.pass(2);
    assert!(world.take(PSAP_1).is_empty());
    assert!(!world.facts.iter().any(|fact| matches!(fact, Fact::LocationUpdate { .. })));
}

#[test]
fn an_update_that_asks_for_credentials_is_sent_again_with_the_location_where_we_have_them() {
    let mut world = world(|snapshot| {
        each_psap(snapshot, |trunk| {
            trunk.location_updates = true;
            trunk.login = Some(Arc::new(callbox::record::Login {
                user: callbox::base::private::Private::new("us".into()),
                password: callbox::base::private::Private::new("secret".into()),
                realm: None,
            }));
        });
    });
    let (_, far, order) = talking(&mut world, "UPDATE");
    answer(&mut world, &order, Ok(document("7")));
    let update = world.got(PSAP_1, "UPDATE");
    let challenge = "WWW-Authenticate: Digest realm=\"psap\",nonce=\"abc\",algorithm=SHA-256,qop=\"auth\"\r\n";
    world.send(PSAP_1, far.response_to(&update, 401, challenge, ""));
    let again = world.got(PSAP_1, "UPDATE");
    assert!(again.value(Name::Authorization).is_some());
    assert_eq!(body(&again), document("7"));
}
