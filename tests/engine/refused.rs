//! What fails, and who is asked then.
use crate::peers::{Far, text, value, values};
use crate::world::{BRANCH, CALLER, CRISIS, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, World};
use callbox::b2bua::Input;
use callbox::fact::{Fact, Outcome};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

#[test]
fn a_busy_target_is_left_in_the_instant_of_its_refusal_and_the_caller_hears_nothing_of_it() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.answer(&first, 486);
    assert_eq!(world.words(PSAP_1), ["ACK"]);
    assert_eq!(world.words(PSAP_2), ["INVITE"]);
    assert_eq!(world.words(CALLER), ["100 INVITE"]);
    assert_eq!(world.millis(), 0);
}

#[test]
fn every_refusal_of_the_call_moves_on() {
    for code in [301, 302, 401, 403, 404, 407, 408, 410, 424, 480, 481, 484, 487, 500, 503, 600, 603] {
        let mut world = World::new();
        world.dial(KNOWN, "911");
        let first = world.rung(PSAP_1);
        world.answer(&first, code);
        let second = world.rung(PSAP_2);
        world.answer(&second, 200);
        world.got(CALLER, "200 INVITE");
    }
}

#[test]
fn a_trunk_that_says_503_with_retry_after_goes_last_for_that_time() {
    let mut world = World::probing();
    world.until(100);
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.answer_with(&first, 503, "Retry-After: 20\r\n");
    let second = world.rung(PSAP_2);
    world.answer(&second, 200);
    let answer = world.got(CALLER, "200 INVITE");
    assert!(answer.value(Name::RetryAfter).is_none());
    world.until(19_000);
    world.clear();
    world.dial(KNOWN, "911");
    assert_eq!((world.words(PSAP_1), world.words(PSAP_2)), (vec![], vec!["INVITE".into()]));
    world.until(21_000);
    world.clear();
    world.dial(KNOWN, "911");
    assert_eq!(world.words(PSAP_1), ["INVITE"]);
}

#[test]
fn when_every_target_refuses_the_caller_hears_503_without_retry_after_and_not_before() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
        assert!(!world.words(CALLER).iter().any(|word| word.starts_with('5')), "too early");
        let far = world.rung(port);
        world.answer_with(&far, 503, "Retry-After: 120\r\nGeolocation-Error: 100\r\n");
    }
    let refusal = world.got(CALLER, "503 INVITE");
    assert!(refusal.value(Name::RetryAfter).is_none() && refusal.value(Name::GeolocationError).is_none());
    assert!(value(&refusal, Name::To).contains("tag="));
    assert!(world.facts.iter().any(|fact| matches!(fact, Fact::Ended { outcome: Outcome::Failed, .. })));
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn when_every_target_is_silent_the_caller_hears_503_once_all_have_had_their_time() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    world.until(34_000);
    assert_eq!(world.words(CALLER), ["100 INVITE"]);
    world.until(35_100);
    assert_eq!(world.words(CALLER)[0], "503 INVITE");
    world.until(110_000);
    assert!(world.is_idle());
}

#[test]
fn a_target_that_the_network_cannot_reach_is_left_at_once() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    world.got(PSAP_1, "INVITE");
    world.unreachable(PSAP_1);
    assert_eq!((world.millis(), world.words(PSAP_2)), (0, vec!["INVITE".to_owned()]));
    world.unreachable(PSAP_2);
    world.unreachable(RELAY);
    let gateway = world.rung(GATEWAY);
    world.answer(&gateway, 200);
    world.got(CALLER, "200 INVITE");
}

#[test]
fn when_no_target_can_be_reached_the_caller_hears_503_as_soon_as_that_is_certain() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    for _ in 0..2 {
        for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
            world.unreachable(port);
        }
    }
    world.got(CALLER, "503 INVITE");
}

#[test]
fn a_trunk_whose_name_nobody_resolved_is_passed_over_without_a_moment_lost() {
    let mut world = World::with(
        |snapshot| {
            for trunk in &mut snapshot.trunks {
                if &*trunk.name == "psap-1" {
                    *trunk = std::sync::Arc::new(callbox::record::Trunk {
                        host: "psap.example".into(),
                        ..(**trunk).clone()
                    });
                }
            }
        },
        |_| {},
    );
    world.dial(KNOWN, "911");
    assert_eq!((world.millis(), world.words(PSAP_2)), (0, vec!["INVITE".to_owned()]));
}

#[test]
fn a_large_invite_takes_the_stream_that_a_probe_opened_and_goes_as_datagrams_when_it_broke() {
    let mut world = World::new();
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], PSAP_1));
    world.input(Input::StreamOpen(peer));
    world.dial(KNOWN, "911");
    let sent = world.take(PSAP_1);
    assert_eq!(sent.len(), 1);
    assert!(sent[0].message.bytes().len() > 1300 && sent[0].flow.transport.is_reliable());
    assert!(value(&sent[0].message, Name::Via).starts_with("SIP/2.0/TCP"));
    world.input(Input::Unreachable(sent[0].flow));
    let again = world.take(PSAP_1);
    assert_eq!((again.len(), world.words(PSAP_2)), (1, vec![]));
    assert!(!again[0].flow.transport.is_reliable());
    assert!(value(&again[0].message, Name::Via).starts_with("SIP/2.0/UDP"));
    world.until(1100);
    assert_eq!(world.words(PSAP_2), ["INVITE"]);
    world.until(2100);
    assert_eq!(world.words(RELAY), ["INVITE"], "nobody is asked twice for it");
}

#[test]
fn a_crisis_call_that_everybody_refuses_is_503_too() {
    let mut world = World::new();
    world.dial(KNOWN, "988");
    for port in [CRISIS, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    world.got(CALLER, "503 INVITE");
}

#[test]
fn another_call_hears_what_the_far_end_said_as_far_as_it_is_for_it() {
    for (said, heard) in [(486, 486), (404, 404), (603, 603), (302, 503), (401, 503), (407, 503), (408, 503)] {
        let mut world = World::new();
        world.dial(KNOWN, "5551234");
        let far = world.rung(GATEWAY);
        world.answer_with(&far, said, "Retry-After: 5\r\n");
        let refusal = world.got(CALLER, &format!("{heard} INVITE"));
        assert!(!text(refusal.bytes()).contains("Retry-After"));
    }
}

#[test]
fn a_refusal_is_repeated_until_its_ack_and_then_forgotten() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "5551234");
    let far = world.rung(GATEWAY);
    world.answer(&far, 486);
    world.until(1700);
    assert_eq!(world.times(CALLER, "486 INVITE"), [0, 500, 1500]);
    let ack = caller.ack("");
    let own = ack.split("branch=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default().to_owned();
    world.send(CALLER, ack.replace(&own, &caller.branch));
    world.until(60_000);
    assert_eq!(world.words(CALLER), NOTHING);
    assert!(world.is_idle());
}

#[test]
fn a_caller_whose_call_failed_hears_why_in_the_words_of_the_old_telephone_network() {
    for (code, said, heard) in [
        (486, "", "Q.850;cause=17"),
        (404, "", "Q.850;cause=1"),
        (486, "Reason: Q.850;cause=19\r\n", "Q.850;cause=19"),
        (503, "", "Q.850;cause=41"),
        (302, "", ""),
        (401, "", ""),
        (407, "", ""),
        (424, "", ""),
    ] {
        let mut world = World::new();
        world.dial(KNOWN, "911");
        for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
            while let Some(got) = world.take(port).into_iter().find(|got| got.word() == "INVITE") {
                world.answer_with(&Far::to(port, got.message), code, said);
            }
        }
        let refusal = world.got(CALLER, "503 INVITE");
        assert_eq!(values(&refusal, Name::Reason).concat(), heard, "{code}");
    }
}

/// A redirection to these Contacts.
fn redirect(world: &mut World, far: &Far, contacts: &str) {
    let answer =
        far.response(302, "", "").replace(&format!("Contact: <sip:desk@127.0.0.1:{}>\r\n", far.port), contacts);
    world.send(far.port, answer);
}

#[test]
fn a_redirection_to_a_trunk_of_ours_is_followed_before_the_list_goes_on() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    redirect(
        &mut world,
        &first,
        "Contact: <sip:other@127.0.0.1:5072?Subject=x>;q=0.5\r\nContact: <sip:a@192.0.2.9>\r\n",
    );
    let relay = world.rung(RELAY);
    assert!(relay.invite.value(Name::Subject).is_none() && !text(relay.invite.request_uri()).contains("other"));
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.answer(&relay, 486);
    let second = world.rung(PSAP_2);
    redirect(&mut world, &second, "Contact: <sip:127.0.0.1:5072>, <sip:127.0.0.1:5070>, <sip:127.0.0.1:5071>\r\n");
    let gateway = world.rung(GATEWAY);
    assert_eq!(
        (world.words(RELAY), world.words(PSAP_1)),
        (vec!["ACK".to_owned()], vec!["ACK".to_owned()]),
        "nobody twice"
    );
    redirect(&mut world, &gateway, "Contact: <sip:127.0.0.1:5073>, <sip:127.0.0.1:5075>, <sip:127.0.0.1:5076>\r\n");
    world.got(CALLER, "503 INVITE");
    assert!(world.words(CRISIS).is_empty() && world.words(5075).is_empty() && world.words(5076).is_empty());
}

#[test]
fn of_several_contacts_the_most_wanted_goes_first() {
    let mut world = World::new();
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    let contacts = "Contact: <sip:127.0.0.1:5072>;q=0.2, <sip:127.0.0.1:5074>;q=0.9, <sip:127.0.0.1:5071>;q=0.15\r\n";
    redirect(&mut world, &first, contacts);
    for port in [GATEWAY, RELAY, PSAP_2] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    world.got(CALLER, "503 INVITE");
}

#[test]
fn a_crisis_call_is_redirected_to_no_psap_and_a_call_of_a_site_with_its_own_gateway_to_none_either() {
    for (from, number, port) in [(KNOWN, "988", CRISIS), (BRANCH, "911", GATEWAY), (KNOWN, "5551234", GATEWAY)] {
        let mut world = World::new();
        world.dial(from, number);
        let first = world.rung(port);
        redirect(&mut world, &first, "Contact: <sip:127.0.0.1:5070>, <sip:127.0.0.1:5071>, <sip:127.0.0.1:5072>\r\n");
        for helper in [PSAP_1, PSAP_2, RELAY] {
            assert_eq!(world.words(helper), NOTHING);
        }
    }
}
