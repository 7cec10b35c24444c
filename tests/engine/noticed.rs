//! Who is told of which call, with what: the engine's accounts and facts, a table of recipients, and invented time.
use crate::peers::Caller;
use crate::world::{BRANCH, CALLER, CRISIS, GATEWAY, IVR, KNOWN, PSAP_1, PSAP_2, RELAY, UNPLACED, World};
use callbox::base::now::{Mono, Now, Wall};
use callbox::fact::Fact;
use callbox::notice::desk::Desk;
use callbox::notice::{Channel, Draft};
use callbox::record::Recipient;
use callbox::record::recipient::{Notice, Notices, Scope};
use core::time::Duration;
use std::sync::Arc;

/// A desk, and what it said so far.
pub struct Office {
    pub desk: Desk,
    heard: (usize, usize),
}

pub fn recipient(id: &str, scope: Scope, notices: &[Notice], to: &[&str]) -> Recipient {
    Recipient {
        id: id.into(),
        organisation: "acme".into(),
        scope,
        notices: Notices::of(notices.iter().copied()),
        channel: Channel::Email,
        to: to.iter().map(|to| (*to).into()).collect(),
        language: None,
        group: None,
        step: 0,
    }
}

/// A lab in which everybody is told of everything.
pub fn office(recipients: &[Recipient]) -> (World, Office) {
    let world = World::with(|_| {}, |_| {});
    recipients.iter().for_each(|one| world.cache.recipients.insert(Arc::new(one.clone())));
    let desk = Desk::new(Arc::clone(&world.cache), Duration::from_secs(15));
    (world, Office { desk, heard: (0, 0) })
}

pub fn everyone() -> Vec<Recipient> {
    vec![recipient("all", Scope::Organisation("acme".into()), Notice::ALL, &["all@acme.example"])]
}

impl Office {
    /// Tells the desk what happened in the world since it was last told; what it has to say.
    pub fn hears(&mut self, world: &World) -> Vec<Draft> {
        let now = Now { mono: Mono::from_micros(world.millis() * 1000), wall: Wall::from_millis(world.wall) };
        world.accounts[self.heard.0..].iter().for_each(|account| self.desk.account(account));
        world.facts[self.heard.1..].iter().for_each(|fact| self.desk.fact(now.wall, fact));
        self.heard = (world.accounts.len(), world.facts.len());
        self.desk.on_time(now);
        self.desk.drain().collect()
    }
}

pub fn words(drafts: &[Draft]) -> Vec<&str> {
    drafts.iter().map(|draft| draft.notice.text()).collect()
}

#[test]
fn an_emergency_call_is_told_with_its_number_and_the_place_that_the_psap_was_told() {
    let (mut world, mut office) = office(&everyone());
    world.dial(KNOWN, "9911");
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["emergency_call"]);
    let values = &drafts[0].values;
    assert_eq!((&*values.service, &*values.dialled, &*values.callback), ("911", "9911", KNOWN));
    assert_eq!(values.location, "100 Example Plaza\nChicago IL 60601 US\nFloor: 1\nRoom: 101");
    assert_eq!((values.documents.len(), &*values.place, &*values.site, values.severity), (1, "hq-101", "hq", "high"));
    world.rung(PSAP_1);
    assert_eq!(words(&office.hears(&world)), [""; 0], "and once");
    let told = |name: &str| values.value(name).unwrap().into_owned();
    let utc = Wall::read(&told("time")).expect("a time");
    assert_eq!(Wall::read(&told("local")), Some(utc));
    assert!(told("local").ends_with("-06:00"), "by the clocks of Chicago: {}", told("local"));
    let incident = told("incident");
    let own =
        incident.strip_prefix("urn:emergency:uid:incidentid:").and_then(|rest| rest.strip_suffix(":callbox.example"));
    assert!(own.is_some_and(|own| own.len() == 32 && own.bytes().all(|byte| byte.is_ascii_hexdigit())), "{incident}");
}

#[test]
fn who_answers_is_told_with_how_long_that_took_and_so_is_who_takes_over() {
    let (mut world, mut office) = office(&everyone());
    world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    assert_eq!(words(&office.hears(&world)), ["emergency_call"]);
    world.pass(4);
    world.answer(&far, 200);
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["emergency_call"]);
    let values = &drafts[0].values;
    assert_eq!((values.update, &*values.trunk, &*values.note), (true, "psap-1", "Answered by psap-1 after 4 s."));
    assert_eq!(values.location, "100 Example Plaza\nChicago IL 60601 US\nFloor: 1\nRoom: 101", "as it was told");
}

#[test]
fn everyone_whose_business_it_is_is_told_once_and_nobody_else_is() {
    let recipients = [
        recipient("organisation", Scope::Organisation("acme".into()), &[], &["all@acme.example", "desk@acme.example"]),
        recipient("site", Scope::Site("hq".into()), &[], &["Desk@acme.example", "hq@acme.example"]),
        recipient("building", Scope::Place("hq-main".into()), &[], &["main@acme.example"]),
        recipient("place", Scope::Place("hq-101".into()), &[], &["room@acme.example"]),
        recipient("other-site", Scope::Site("branch".into()), &[], &["branch@acme.example"]),
        recipient("other-place", Scope::Place("hq-217".into()), &[], &["217@acme.example"]),
        recipient("tests", Scope::Site("hq".into()), &[Notice::TestCall], &["tester@acme.example"]),
        Recipient {
            organisation: "rival".into(),
            ..recipient("rival", Scope::Place("hq-101".into()), &[], &["x@rival.example"])
        },
    ];
    let (mut world, mut office) = office(&recipients);
    world.dial(KNOWN, "911");
    let mut told: Vec<_> = office.hears(&world).iter().map(|draft| draft.to.to_string().to_lowercase()).collect();
    told.sort();
    let expected =
        ["all@acme.example", "desk@acme.example", "hq@acme.example", "main@acme.example", "room@acme.example"];
    assert_eq!(told, expected);
}

#[test]
fn the_users_own_contacts_are_told_of_the_users_calls_alone() {
    let (mut world, mut office) = office(&[recipient("boss", Scope::User("desk".into()), &[], &["boss@acme.example"])]);
    world.dial(KNOWN, "911");
    assert_eq!(words(&office.hears(&world)), [""; 0]);
    assert_eq!(office.desk.take_untold(), 1, "a call of which nobody is told is counted");
    world.dial("4117", "911");
    assert_eq!(words(&office.hears(&world)), ["emergency_call"]);
    assert_eq!(office.desk.take_untold(), 0);
}

#[test]
fn a_test_call_is_told_as_a_test_to_those_who_want_tests() {
    let (mut world, mut office) = office(&everyone());
    world.dial(KNOWN, "933");
    world.rung(IVR);
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["test_call"]);
    assert_eq!(drafts[0].values.severity, "test");
    assert_eq!(drafts[0].values.value("call").unwrap(), "TEST 933");
}

#[test]
fn a_crisis_call_is_told_to_nobody_whatever_becomes_of_it() {
    let (mut world, mut office) = office(&everyone());
    let caller = world.dial(KNOWN, "988");
    world.rung(CRISIS);
    world.send(CALLER, caller.cancel());
    world.pass(120);
    assert_eq!(words(&office.hears(&world)), [""; 0]);
}

#[test]
fn a_call_without_an_address_is_critical_and_the_relay_is_told_of_with_its_cause() {
    let (mut world, mut office) = office(&everyone());
    world.dial(UNPLACED, "911");
    world.rung(RELAY);
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["emergency_call", "relay_call"]);
    assert_eq!((drafts[0].values.severity, drafts[1].values.cause), ("critical", "user_no_address"));
    assert!(drafts[0].values.location.contains("no location was signalled"), "{}", drafts[0].values.location);
}

#[test]
fn who_answers_and_was_told_another_location_is_told_of_again() {
    let (mut world, mut office) = office(&everyone());
    world.dial(UNPLACED, "911");
    let relay = world.rung(RELAY);
    world.answer(&relay, 486);
    let psap = world.rung(PSAP_1);
    let first = office.hears(&world);
    assert!(first.iter().all(|draft| !draft.values.update));
    world.answer(&psap, 200);
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["emergency_call"]);
    assert!(drafts[0].values.update);
    assert_eq!(drafts[0].values.location, "100 Example Plaza\nChicago IL 60601 US", "the site's, as a default");
    let note = &drafts[0].values.note;
    assert!(note.starts_with("Answered by psap-1 ") && note.contains("another location"), "{note}");
}

#[test]
fn a_caller_who_hangs_up_early_is_told_with_who_and_where() {
    for answered in [false, true] {
        let (mut world, mut office) = office(&everyone());
        if answered {
            let (mut caller, _far) = world.talk(KNOWN, "911", PSAP_1);
            world.pass(5);
            world.send(CALLER, caller.request("BYE", "", ""));
        } else {
            let caller = world.dial(KNOWN, "911");
            world.rung(PSAP_1);
            world.pass(3);
            world.send(CALLER, caller.cancel());
        }
        let mut drafts = office.hears(&world);
        drafts.retain(|draft| !draft.values.update);
        assert_eq!(words(&drafts), ["emergency_call", "abandoned_call"], "{answered}");
        assert_eq!((&*drafts[1].values.callback, &*drafts[1].values.place), (KNOWN, "hq-101"));
        let note = if answered {
            "The call was over after 5 s."
        } else {
            "The caller hung up after 3 s, before anybody answered."
        };
        assert_eq!(drafts[1].values.note, note);
    }
}

#[test]
fn a_call_that_lasts_is_not_told_of_again_when_it_ends() {
    let (mut world, mut office) = office(&everyone());
    let (mut caller, _far) = world.talk(KNOWN, "911", PSAP_1);
    world.pass(16);
    assert_eq!(words(&office.hears(&world)), ["emergency_call"; 2], "it came, and was answered");
    world.send(CALLER, caller.request("BYE", "", ""));
    assert_eq!(words(&office.hears(&world)), [""; 0]);
}

#[test]
fn a_call_that_nobody_took_is_told_as_failed() {
    let (mut world, mut office) = office(&everyone());
    world.dial(KNOWN, "911");
    for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
        let far = world.rung(port);
        world.answer(&far, 486);
    }
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["emergency_call", "call_failed"]);
    assert_eq!(drafts[1].values.severity, "critical");
}

#[test]
fn what_a_caller_tried_in_vain_is_told_once() {
    let (mut world, mut office) = office(&everyone());
    let (mut caller, _far) = world.talk(KNOWN, "911", PSAP_1);
    for _ in 0..3 {
        let hold = crate::world::SDP.replace("m=audio", "a=sendonly\r\nm=audio");
        world.send(CALLER, caller.request("INVITE", "", &hold));
        world.pass(1);
    }
    assert_eq!(words(&office.hears(&world)), ["emergency_call", "emergency_call", "feature_blocked"]);
}

#[test]
fn a_call_that_goes_on_whole_by_the_gateway_is_told_with_what_is_known_here() {
    let (mut world, mut office) = office(&everyone());
    let mut caller = Caller::new(BRANCH, "911");
    caller.more = "Content-Type: application/sdp\r\n".into();
    world.send(CALLER, caller.invite());
    let drafts = office.hears(&world);
    assert_eq!(words(&drafts), ["emergency_call"]);
    let location = &drafts[0].values.location;
    assert!(location.starts_with("(no location was signalled)") && location.contains("20 Sample Street"), "{location}");
}

#[test]
fn a_pool_without_numbers_is_told_once_in_ten_minutes_to_those_of_the_site() {
    let branch = recipient("branch", Scope::Site("branch".into()), Notice::ALL, &["branch@acme.example"]);
    let (mut world, mut office) = office(&[everyone(), vec![branch]].concat());
    world.dial(KNOWN, "911");
    let _begun = office.hears(&world);
    let call = world.accounts[0].call;
    let empty = Fact::CallbackPoolEmpty { call, kind: callbox::fact::Kind::Emergency, site: "hq".into() };
    office.desk.fact(Wall::default(), &empty);
    office.desk.fact(Wall::default(), &empty);
    let drafts: Vec<_> = office.desk.drain().collect();
    assert_eq!(
        drafts.iter().map(|draft| (draft.notice.text(), &*draft.to)).collect::<Vec<_>>(),
        [("callback_pool_empty", "all@acme.example")]
    );
}

#[test]
fn a_trunk_that_dies_is_told_once_in_ten_minutes() {
    let (world, mut office) = office(&everyone());
    let down = Fact::TrunkState { trunk: "psap-1".into(), up: false };
    let _nothing = office.hears(&world);
    office.desk.fact(Wall::default(), &down);
    office.desk.fact(Wall::default(), &down);
    let drafts: Vec<_> = office.desk.drain().collect();
    assert_eq!(words(&drafts), ["trunk_down"]);
    assert_eq!(drafts[0].values.trunk, "psap-1");
}
