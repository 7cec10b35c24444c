//! A target that refuses something of the INVITE, and not the call, gets it again.
use crate::peers::{Caller, Far, body, value, values};
use crate::world::{CALLER, GATEWAY, IVR, KNOWN, PSAP_1, PSAP_2, RELAY, SDP, World};
use callbox::fact::Fact;
use callbox::sip::message::{Message, Name};

const NOTHING: [&str; 0] = [];

/// What an INVITE carries: its media types, in order.
fn parts(invite: &Message) -> Vec<String> {
    let lines = [value(invite, Name::ContentType), body(invite)].join("\n");
    let kinds = lines.lines().filter_map(|line| line.strip_prefix("Content-Type: ").or(Some(line)));
    let known = ["multipart/mixed", "application/"];
    kinds
        .filter(|kind| known.iter().any(|known| kind.starts_with(known)))
        .map(|kind| kind[..kind.find(';').unwrap_or(kind.len())].to_owned())
        .collect()
}

/// The next INVITE of a target after it refused the one at hand.
fn refuse(world: &mut World, far: &Far, code: u16, more: &str) -> Far {
    world.take(far.port);
    world.answer_with(far, code, more);
    world.rung(far.port)
}

fn cseq(far: &Far) -> u32 {
    far.invite.cseq().map_or(0, |(cseq, _)| cseq)
}

const SESSION: &str = "application/sdp";
const LOCATION: &str = "application/pidf+xml";

#[test]
fn a_target_that_cannot_take_the_body_gets_less_of_it_step_by_step_and_then_the_next_is_asked() {
    for code in [400, 413, 415, 488, 513] {
        let mut world = World::new();
        world.dial(KNOWN, "911");
        let whole = world.rung(PSAP_1);
        assert_eq!(parts(&whole.invite).len(), 7, "{:?}", parts(&whole.invite));
        let located = refuse(&mut world, &whole, code, "");
        assert_eq!(parts(&located.invite), ["multipart/mixed", SESSION, LOCATION]);
        assert!(value(&located.invite, Name::Geolocation).starts_with("<cid:"));
        assert!(values(&located.invite, Name::CallInfo).is_empty());
        let offer = refuse(&mut world, &located, code, "");
        assert_eq!((parts(&offer.invite), body(&offer.invite)), (vec![SESSION.to_owned()], SDP.to_owned()));
        assert!(offer.invite.value(Name::Geolocation).is_none() && offer.invite.value(Name::MimeVersion).is_none());
        let bare = refuse(&mut world, &offer, code, "");
        for name in [Name::Supported, Name::SessionExpires, Name::MinSe, Name::Require] {
            assert!(bare.invite.value(name).is_none());
        }
        assert_eq!(world.words(PSAP_2), NOTHING);
        world.answer_with(&bare, code, "");
        let second = world.rung(PSAP_2);
        assert_eq!(parts(&second.invite).len(), 7, "it has refused nothing");
        world.answer(&second, 200);
        world.got(CALLER, "200 INVITE");
        assert_eq!(world.millis(), 0);
    }
}

#[test]
fn one_that_is_asked_again_knows_it_by_call_id_and_tag_and_the_next_cseq_number() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    let again = refuse(&mut world, &first, 415, "");
    for name in [Name::CallId, Name::From, Name::To, Name::Contact] {
        assert_eq!(value(&again.invite, name), value(&first.invite, name));
    }
    assert_ne!(value(&again.invite, Name::Via), value(&first.invite, Name::Via));
    assert_eq!((cseq(&first), cseq(&again)), (1, 2));
    world.answer(&again, 180);
    world.answer(&again, 200);
    let ack = world.got(PSAP_1, "ACK");
    assert_eq!(ack.cseq().map(|(cseq, _)| cseq), Some(2));
    let mut caller = Caller::new(KNOWN, "911");
    caller.learn(&world.got(CALLER, "200 INVITE"));
    let mut far = again;
    let bye = far.request("BYE", "", "");
    world.send(PSAP_1, bye);
    world.got(PSAP_1, "200 BYE");
    world.got(CALLER, "BYE");
}

#[test]
fn a_415_that_says_what_may_come_is_taken_at_its_word() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    let again = refuse(&mut world, &first, 415, "Accept: application/sdp\r\n");
    assert_eq!(parts(&again.invite), [SESSION]);
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::AskedAgain { code: 415, change: "location", .. })));
}

#[test]
fn locations_by_reference_stay_when_the_body_goes() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "Geolocation: <https://lis.example/t>, <cid:here@pbx.example>\r\nGeolocation-Routing: yes\r\n".into();
    world.send(CALLER, caller.invite());
    let first = world.rung(PSAP_1);
    assert_eq!(values(&first.invite, Name::Geolocation).len(), 2);
    let again = refuse(&mut world, &first, 415, "Accept: application/sdp\r\n");
    assert_eq!(values(&again.invite, Name::Geolocation), ["<https://lis.example/t>"]);
    assert_eq!(value(&again.invite, Name::GeolocationRouting), "yes");
}

#[test]
fn extensions_that_a_target_does_not_have_are_left_out_and_nothing_else() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    assert_eq!(value(&first.invite, Name::Supported), "100rel, timer, replaces");
    let again = refuse(&mut world, &first, 420, "Unsupported: 100rel, foo\r\n");
    assert_eq!(value(&again.invite, Name::Supported), "timer, replaces");
    assert_eq!(parts(&again.invite), parts(&first.invite));
    let again = refuse(&mut world, &again, 420, "Unsupported: timer\r\n");
    assert_eq!(value(&again.invite, Name::Supported), "replaces");
    assert!(again.invite.value(Name::SessionExpires).is_none() && again.invite.value(Name::MinSe).is_none());
    world.answer_with(&again, 420, "Unsupported: timer\r\n");
    let less = world.rung(PSAP_1);
    assert!(parts(&less.invite).len() < parts(&again.invite).len(), "it names nothing new: the ladder");
}

#[test]
fn a_session_interval_that_is_too_short_for_a_target_is_raised_to_what_it_asks_for() {
    for (number, port) in [("911", PSAP_1), ("5551234", GATEWAY)] {
        let mut world = World::new();
        world.dial(KNOWN, number);
        let first = world.rung(port);
        assert_eq!(
            (value(&first.invite, Name::SessionExpires), value(&first.invite, Name::MinSe)),
            ("1800;refresher=uac".into(), "90".into())
        );
        let again = refuse(&mut world, &first, 422, "Min-SE: 3600\r\n");
        assert_eq!((cseq(&again), value(&again.invite, Name::CallId)), (2, value(&first.invite, Name::CallId)));
        assert_eq!(
            (value(&again.invite, Name::SessionExpires), value(&again.invite, Name::MinSe)),
            ("3600;refresher=uac".into(), "3600".into())
        );
        let again = refuse(&mut world, &again, 422, "Min-SE: 7200\r\n");
        assert_eq!(value(&again.invite, Name::MinSe), "7200", "a proxy further on may want more");
        let again = refuse(&mut world, &again, 422, "Min-SE: 60\r\n");
        assert!(again.invite.value(Name::SessionExpires).is_none(), "it does not know what it wants");
        world.answer(&again, 200);
        world.got(CALLER, "200 INVITE");
    }
}

#[test]
fn a_target_that_is_asked_again_has_no_more_time_than_it_had_and_the_next_starts_beside_it() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(600);
    let again = refuse(&mut world, &first, 415, "Accept: application/sdp\r\n");
    world.until(990);
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.answer(&second, 100);
    world.answer(&again, 180);
    assert_eq!(world.words(PSAP_2), ["CANCEL"]);
    world.answer(&again, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn one_that_refuses_after_its_time_is_asked_again_and_starts_nobody_else() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.answer(&second, 100);
    let again = refuse(&mut world, &first, 513, "");
    assert_eq!((world.words(RELAY), world.words(PSAP_2)), (vec![], vec![]));
    world.answer(&second, 486);
    assert_eq!(world.words(RELAY), ["INVITE"], "one that was in time has refused");
    world.answer(&again, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn one_that_had_made_room_when_it_refused_is_asked_again_when_all_others_have_failed() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(2100);
    world.clear();
    world.answer_with(&first, 415, "Accept: application/sdp\r\n");
    assert_eq!(world.words(PSAP_1), ["ACK"], "two others are open");
    world.until(3100);
    for port in [PSAP_2, RELAY, GATEWAY] {
        world.unreachable(port);
        world.unreachable(port);
    }
    let again = world.rung(PSAP_1);
    assert_eq!(parts(&again.invite), [SESSION]);
    world.answer(&again, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn however_often_every_target_refuses_the_list_comes_to_its_end_and_the_caller_hears_503() {
    for (code, more) in
        [(415, ""), (420, "Unsupported: timer, 100rel, replaces\r\n"), (422, "Min-SE: 2000\r\n"), (488, "")]
    {
        let mut world = World::new();
        world.dial(KNOWN, "911");
        for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
            let mut asked = 0;
            while let Some(got) = world.take(port).into_iter().find(|got| got.word() == "INVITE") {
                asked += 1;
                assert!(asked < 10, "{port} is asked for ever");
                world.answer_with(&Far::to(port, got.message), code, more);
            }
            assert!(asked > 0, "{port} was left out");
        }
        world.got(CALLER, "503 INVITE");
    }
}

#[test]
fn a_trunk_that_is_asked_once_more_later_gets_what_it_said_it_takes() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    let again = refuse(&mut world, &first, 415, "Accept: application/sdp\r\n");
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.answer(&again, 100);
    world.answer(&second, 180);
    world.stop(&again);
    world.answer(&second, 603);
    for port in [RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let last = world.rung(PSAP_1);
    assert_eq!(parts(&last.invite), [SESSION]);
    assert_ne!(value(&last.invite, Name::CallId), value(&first.invite, Name::CallId));
}

#[test]
fn an_everyday_call_keeps_its_body_and_hears_what_the_far_end_said() {
    let mut world = World::new();
    world.dial(KNOWN, "5551234");
    let far = world.rung(GATEWAY);
    world.answer(&far, 488);
    world.got(CALLER, "488 INVITE");
}

#[test]
fn a_test_call_goes_down_the_ladder_too() {
    let mut world = World::new();
    world.dial(KNOWN, "933");
    let far = world.rung(IVR);
    let again = refuse(&mut world, &far, 488, "");
    assert!(again.invite.value(Name::Supported).is_none());
    world.answer(&again, 200);
    world.got(CALLER, "200 INVITE");
}
