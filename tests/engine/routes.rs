//! The way to a peer that lies behind proxies: route sets of both legs (RFC 3261 §12.1, §12.2.1.1).
use crate::peers::{Caller, text, values};
use crate::world::{CALLER, KNOWN, PSAP_1, SDP, World};
use callbox::sip::message::{Message, Name};

/// Proxies that stay in the way, on ports that nobody else has.
const NEAR: u16 = 6010;
const FAR: u16 = 6020;

fn loose(port: u16) -> String {
    format!("<sip:127.0.0.1:{port};lr>")
}

fn recorded(routes: &[String]) -> String {
    routes.iter().map(|route| format!("Record-Route: {route}\r\n")).collect()
}

fn routes(message: &Message) -> Vec<String> {
    values(message, Name::Route).iter().flat_map(|line| line.split(',').map(|route| route.trim().to_owned())).collect()
}

fn uri(message: &Message) -> String {
    text(message.request_uri())
}

#[test]
fn a_caller_behind_proxies_gets_their_record_back_and_is_reached_through_them_in_order() {
    let mut world = World::new();
    let way = [loose(NEAR), loose(NEAR + 1)];
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = recorded(&way);
    world.send(CALLER, caller.invite());
    let mut far = world.rung(PSAP_1);
    assert!(!text(far.invite.bytes()).contains("6010"), "they are no business of the PSAP");
    world.answer(&far, 180);
    world.answer(&far, 200);
    assert_eq!(values(&world.got(CALLER, "180 INVITE"), Name::RecordRoute), way);
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(values(&answer, Name::RecordRoute), way);
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    for method in ["INFO", "UPDATE", "BYE"] {
        let content = if method == "UPDATE" { SDP.replace("40000", "50002") } else { String::new() };
        world.send(PSAP_1, far.request(method, "", &content));
        let passed = world.got(NEAR, method);
        assert_eq!((uri(&passed), routes(&passed)), ("sip:desk@127.0.0.1:5999".to_owned(), way.to_vec()));
    }
    assert!(!world.words(CALLER).contains(&"BYE".to_owned()), "nothing goes round them");
}

#[test]
fn a_far_end_behind_proxies_is_reached_through_those_of_its_answer_in_reverse() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.send(PSAP_1, far.response(180, &recorded(&[loose(FAR + 5)]), ""));
    world.send(PSAP_1, far.response(200, &recorded(&[loose(FAR), loose(FAR + 1)]), SDP));
    let way = [loose(FAR + 1), loose(FAR)];
    let ack = world.got(FAR + 1, "ACK");
    assert_eq!((uri(&ack), routes(&ack)), ("sip:desk@127.0.0.1:5070".to_owned(), way.to_vec()));
    let answer = world.got(CALLER, "200 INVITE");
    assert_eq!(values(&answer, Name::RecordRoute), [""; 0]);
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    for method in ["INFO", "BYE"] {
        world.send(CALLER, caller.request(method, "", ""));
        let passed = world.got(FAR + 1, method);
        assert_eq!((uri(&passed), routes(&passed)), ("sip:desk@127.0.0.1:5070".to_owned(), way.to_vec()));
    }
}

#[test]
fn a_strict_router_is_written_to_and_the_target_stands_last() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    let strict = format!("<sip:127.0.0.1:{FAR}>");
    world.send(PSAP_1, far.response(200, &recorded(&[loose(FAR + 1), strict]), SDP));
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    let ack = world.got(FAR, "ACK");
    world.send(CALLER, caller.request("BYE", "", ""));
    for passed in [ack, world.got(FAR, "BYE")] {
        assert_eq!(uri(&passed), format!("sip:127.0.0.1:{FAR}"));
        assert_eq!(routes(&passed), [loose(FAR + 1), "<sip:desk@127.0.0.1:5070>".to_owned()]);
    }
}

#[test]
fn a_dialog_is_found_by_its_tags_whatever_the_request_uri_says() {
    for target in ["sip:127.0.0.1:5060;lr", "sip:somebody@callbox.example", "urn:service:sos", "tel:+13125550123"] {
        let mut world = World::new();
        let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
        caller.target = target.to_owned();
        world.send(CALLER, caller.request("INFO", "Route: <sip:127.0.0.1:5060;lr>\r\n", ""));
        assert_eq!(routes(&world.got(PSAP_1, "INFO")), [""; 0]);
        world.send(CALLER, caller.request("BYE", "", ""));
        world.got(CALLER, "200 BYE");
        world.got(PSAP_1, "BYE");
    }
}
