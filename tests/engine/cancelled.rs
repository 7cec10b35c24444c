//! The caller gives up.
use crate::peers::{text, value};
use crate::world::{CALLER, KNOWN, PSAP_1, PSAP_2, World};
use callbox::fact::{Fact, Outcome};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

#[test]
fn a_cancel_before_any_answer_waits_for_the_first_provisional_and_the_invite_is_not_repeated() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.until(100);
    world.clear();
    world.send(CALLER, caller.cancel());
    assert_eq!(world.words(CALLER), ["200 CANCEL", "487 INVITE"]);
    world.until(5000);
    assert_eq!(world.words(PSAP_1), NOTHING);
    assert_eq!(world.words(PSAP_2), NOTHING);
    world.answer(&far, 180);
    assert_eq!(world.words(PSAP_1), ["CANCEL"]);
    world.answer(&far, 487);
    assert_eq!(world.words(PSAP_1), ["ACK"]);
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_cancel_while_it_rings_is_passed_on_in_that_instant_with_its_reason() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    let ringing = world.got(CALLER, "180 INVITE");
    let reason = "Reason: SIP;cause=487\r\nContent-Length";
    world.send(CALLER, caller.cancel().replace("Content-Length", reason));
    let cancel = world.got(PSAP_1, "CANCEL");
    assert_eq!(value(&cancel, Name::Reason), "SIP;cause=487");
    assert_eq!(value(&cancel, Name::Via), value(&far.invite, Name::Via), "the CANCEL has the INVITE's branch");
    assert_eq!(cancel.request_uri(), far.invite.request_uri());
    assert_eq!(value(&cancel, Name::CSeq), "1 CANCEL");
    let answers = world.take(CALLER);
    assert_eq!(answers.iter().map(|got| got.word()).collect::<Vec<_>>(), ["200 CANCEL", "487 INVITE"]);
    assert!(answers.iter().all(|got| value(&got.message, Name::To) == value(&ringing, Name::To)));
    let abandoned = |fact: &Fact| matches!(fact, Fact::Ended { outcome: Outcome::Abandoned, .. });
    assert!(world.facts.iter().any(abandoned));
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(CALLER, caller.cancel());
    world.clear();
    world.answer(&far, 200);
    let sent = world.take(PSAP_1);
    assert_eq!(sent.iter().map(|got| got.word()).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert!(!text(sent[1].message.bytes()).contains("elsewhere"), "nobody else took the call");
    assert_eq!(world.words(CALLER), NOTHING, "the caller has its 487");
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_cancel_that_comes_after_the_answer_changes_nothing() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 200);
    world.clear();
    world.send(CALLER, caller.cancel());
    assert_eq!(world.words(CALLER), ["200 CANCEL"]);
    assert_eq!(world.words(PSAP_1), NOTHING);
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn a_cancel_that_names_no_invite_is_481() {
    let mut world = World::new();
    let caller = crate::peers::Caller::new(KNOWN, "911");
    world.send(CALLER, caller.cancel());
    assert_eq!(world.words(CALLER), ["481 CANCEL"]);
}

#[test]
fn a_cancel_reaches_both_targets_that_are_open_and_the_call_is_kept_until_both_have_ended() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    world.until(1100);
    let second = world.rung(PSAP_2);
    world.answer(&first, 100);
    world.answer(&second, 100);
    world.clear();
    world.send(CALLER, caller.cancel());
    assert_eq!((world.words(PSAP_1), world.words(PSAP_2)), (vec!["CANCEL".into()], vec!["CANCEL".into()]));
    world.answer(&first, 487);
    assert_eq!(world.engine.active_calls(), 1);
    world.answer(&second, 487);
    assert_eq!(world.engine.active_calls(), 0);
}

#[test]
fn a_call_given_up_while_every_target_is_silent_leaves_nothing_behind() {
    let mut world = World::new();
    let caller = world.dial(KNOWN, "911");
    world.until(1500);
    world.send(CALLER, caller.cancel());
    world.until(80_000);
    assert!(world.is_idle());
}

#[test]
fn a_bye_in_the_early_dialog_ends_the_call_as_a_cancel_does() {
    let mut world = World::new();
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    caller.learn(&world.got(CALLER, "180 INVITE"));
    world.send(CALLER, caller.request("BYE", "", ""));
    assert_eq!(world.words(CALLER), ["200 BYE", "487 INVITE"]);
    assert_eq!(world.words(PSAP_1), ["CANCEL"]);
}
