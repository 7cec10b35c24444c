//! What agents' desktops hear of which call: the engine's accounts and facts, the lab's users, and invented time.
use crate::world::{CALLER, CRISIS, GATEWAY, IVR, KNOWN, PSAP_1, PSAP_2, RELAY, SDP, UNPLACED, World};
use callbox::base::now::{Now, Wall};
use callbox::desktop::board::Board;
use callbox::desktop::{Asked, Event, Seat};
use serde_json::{Value, json};
use std::sync::Arc;

const EXTENSION: &str = "4117";

/// A lab with a board that is told everything.
struct Floor {
    world: World,
    board: Board,
    heard: (usize, usize),
}

impl Floor {
    fn new() -> Floor {
        let world = World::with(|_| {}, |_| {});
        let board = Board::new(Arc::clone(&world.cache), 1);
        Floor { world, board, heard: (0, 0) }
    }

    /// The stream of whoever listens there, and what it is told at once.
    fn listens(&mut self, seat: &Seat) -> (u64, Value) {
        let joined = self.board.join(seat.clone(), None, Wall::default());
        let [snapshot] = &joined.events[..] else { panic!("{:?}", joined.events) };
        assert_eq!(snapshot.name, "snapshot");
        (joined.stream, said(snapshot))
    }

    fn seat(&self, asked: Asked) -> Seat {
        self.seat_of("acme", asked).expect("the lab has it")
    }

    fn seat_of(&self, organisation: &str, asked: Asked) -> Option<Seat> {
        asked.seat(&self.world.cache, &organisation.into())
    }

    /// What each stream was told since this was last asked.
    fn told(&mut self) -> Vec<(u64, Arc<Event>)> {
        let (world, board) = (&self.world, &mut self.board);
        let now = world.moment();
        world.accounts[self.heard.0..].iter().for_each(|account| board.account(account));
        world.facts[self.heard.1..].iter().for_each(|fact| board.fact(now, fact));
        self.heard = (world.accounts.len(), world.facts.len());
        board.on_time(now);
        board.take()
    }

    fn words(&mut self) -> Vec<&'static str> {
        self.told().iter().map(|(_, event)| event.name).collect()
    }
}

fn user(id: &str) -> Asked {
    Asked { user: Some(id.into()), ..Asked::default() }
}

fn number(number: &str) -> Asked {
    Asked { number: Some(number.into()), ..Asked::default() }
}

fn said(event: &Event) -> Value {
    serde_json::from_str(&event.data).expect("JSON")
}

#[test]
fn an_agent_hears_how_its_call_begins_rings_is_answered_and_ends_and_what_it_may_do_meanwhile() {
    let mut floor = Floor::new();
    let seat = floor.seat(user("desk"));
    let (_, snapshot) = floor.listens(&seat);
    assert_eq!(snapshot, json!({ "calls": [] }));
    let (mut caller, _far) = floor.world.talk(EXTENSION, "911", RELAY);
    let told = floor.told();
    let names: Vec<_> = told.iter().map(|(_, event)| event.name).collect();
    assert_eq!(names, ["emergency.started", "emergency.ringing", "emergency.answered"]);
    for (_, event) in &told {
        let said = said(event);
        assert_eq!(said["banner"], json!(true));
        assert_eq!(said["allowed_controls"], json!(["device_settings", "end"]));
        let hidden = ["save", "refresh", "hold", "transfer", "conference", "record"];
        assert_eq!(said["ui"], json!({ "hide": hidden }));
        assert_eq!(
            (&said["service"], &said["number"], &said["class"]),
            (&json!("911"), &json!("4117"), &json!("emergency"))
        );
        assert!(said["since"].as_str().is_some_and(|since| Wall::read(since).is_some()), "{said}");
    }
    for _ in 0..3 {
        let hold = SDP.replace("m=audio", "a=sendonly\r\nm=audio");
        floor.world.send(CALLER, caller.request("INVITE", "", &hold));
        floor.world.pass(1);
    }
    let blocked = floor.told();
    assert_eq!(blocked.len(), 1, "once, however often it tries");
    assert_eq!((blocked[0].1.name, &said(&blocked[0].1)["feature"]), ("feature_blocked", &json!("hold")));
    floor.world.send(CALLER, caller.request("BYE", "", ""));
    let ended = floor.told();
    let end = said(&ended[0].1);
    assert_eq!((ended.len(), ended[0].1.name, &end["banner"]), (1, "emergency.ended", &json!(false)));
    assert_eq!((&end["outcome"], end.get("ui"), end.get("allowed_controls")), (&json!("completed"), None, None));
}

#[test]
fn whoever_comes_in_the_middle_of_a_call_is_told_at_once_how_it_is() {
    let mut floor = Floor::new();
    let seat = floor.seat(number(EXTENSION));
    floor.world.talk(EXTENSION, "911", RELAY);
    assert_eq!(floor.told().len(), 0, "nobody listens");
    let (_, snapshot) = floor.listens(&seat);
    let calls = snapshot["calls"].as_array().expect("a list");
    assert_eq!((calls.len(), &calls[0]["state"], &calls[0]["banner"]), (1, &json!("answered"), &json!(true)));
}

#[test]
fn a_user_a_line_and_a_device_hear_their_own_calls_and_nobody_elses() {
    let mut floor = Floor::new();
    let device = Asked { mac: Some("02-00-00-00-0A-01".into()), ..Asked::default() };
    let own: Vec<_> = [user("desk"), number(EXTENSION), device].map(|asked| floor.seat(asked)).into();
    let others: Vec<_> = [user("client"), number("4119"), number(KNOWN)].map(|asked| floor.seat(asked)).into();
    let rival = Seat { organisation: "rival".into(), ..own[0].clone() };
    let hearing: Vec<_> = own.iter().chain(&own[..1]).map(|seat| floor.listens(seat).0).collect();
    for seat in others.iter().chain([&rival]) {
        floor.listens(seat);
    }
    floor.world.dial(EXTENSION, "911");
    let mut told: Vec<_> = floor.told().into_iter().filter(|(_, event)| event.name == "emergency.started").collect();
    told.sort_by_key(|(stream, _)| *stream);
    assert_eq!(told.iter().map(|(stream, _)| *stream).collect::<Vec<_>>(), hearing, "two desktops of one user, too");
}

#[test]
fn a_seat_is_of_its_own_organisation_or_there_is_none() {
    let floor = Floor::new();
    assert!(floor.seat_of("rival", user("desk")).is_none());
    assert!(floor.seat_of("rival", number(EXTENSION)).is_none());
    for nobody in [user("nobody"), number("99999"), number(""), Asked::default()] {
        assert!(floor.seat_of("acme", nobody).is_none());
    }
    let desk = Asked { desk: Some("front".into()), ..Asked::default() };
    assert!(floor.seat_of("acme", desk).is_none(), "no recipient names it");
}

#[test]
fn a_crisis_call_raises_nothing() {
    let mut floor = Floor::new();
    let seat = floor.seat(number(KNOWN));
    floor.listens(&seat);
    let (mut caller, _far) = floor.world.talk(KNOWN, "988", CRISIS);
    assert_eq!(floor.words(), [""; 0]);
    assert_eq!(floor.listens(&seat).1, json!({ "calls": [] }));
    floor.world.send(CALLER, caller.request("BYE", "", ""));
    floor.world.pass(60);
    assert_eq!(floor.words(), [""; 0]);
}

#[test]
fn a_test_call_is_told_as_a_test_and_takes_nothing_from_its_caller() {
    let mut floor = Floor::new();
    let seat = floor.seat(number(KNOWN));
    floor.listens(&seat);
    floor.world.dial(KNOWN, "933");
    floor.world.rung(IVR);
    let told = floor.told();
    let test = said(&told[0].1);
    assert_eq!((told[0].1.name, &test["banner"]), ("test.started", &json!(false)));
    assert_eq!((test.get("allowed_controls"), test.get("ui")), (None, None));
}

#[test]
fn a_call_that_is_given_up_and_one_that_nobody_took_end_too() {
    let mut floor = Floor::new();
    let seat = floor.seat(number(KNOWN));
    floor.listens(&seat);
    let caller = floor.world.dial(KNOWN, "911");
    floor.world.rung(PSAP_1);
    floor.world.send(CALLER, caller.cancel());
    let told = floor.told();
    let last = said(&told.last().expect("an end").1);
    assert_eq!((&last["state"], &last["outcome"]), (&json!("ended"), &json!("abandoned")));
    floor.world.clear();
    floor.world.dial(KNOWN, "911");
    for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
        let far = floor.world.rung(port);
        floor.world.answer(&far, 486);
    }
    let told = floor.told();
    let last = said(&told.last().expect("an end").1);
    assert_eq!((&last["state"], &last["outcome"]), (&json!("ended"), &json!("failed")));
    assert_eq!(floor.listens(&seat).1, json!({ "calls": [] }));
}

#[test]
fn a_call_back_is_heard_where_the_call_was_before_the_phone_rings_and_is_let_through() {
    const LENT: &str = "+13125550190";
    let mut floor = Floor::new();
    let (own, other) = (floor.seat(user("desk")), floor.seat(number(UNPLACED)));
    let (mut caller, _relay) = floor.world.talk(EXTENSION, "911", RELAY);
    floor.world.send(CALLER, caller.request("BYE", "", ""));
    floor.world.pass(60);
    floor.world.clear();
    let _before = floor.told();
    let (hears, _) = floor.listens(&own);
    floor.listens(&other);
    let psap = crate::peers::Caller { port: RELAY, ..crate::peers::Caller::new("+13125559110", LENT) };
    floor.world.send(RELAY, psap.invite());
    let told = floor.told();
    assert!(told.iter().all(|(stream, _)| *stream == hears));
    let begun = said(&told[0].1);
    assert_eq!(
        (told[0].1.name, &begun["let_through"], &begun["banner"]),
        ("callback.started", &json!(true), &json!(true))
    );
    assert_eq!(begun["number"], json!(EXTENSION));
    floor.world.send(RELAY, psap.cancel());
    floor.world.pass(60);
    let ended = floor.told();
    let ended = ended.last().expect("an end");
    assert_eq!((ended.1.name, &said(&ended.1)["let_through"]), ("callback.ended", &json!(false)));
}

#[test]
fn a_call_whose_end_nobody_told_is_over_after_half_a_day() {
    let mut floor = Floor::new();
    let seat = floor.seat(number(KNOWN));
    floor.listens(&seat);
    floor.world.dial(KNOWN, "911");
    let _begun = floor.told();
    let now = floor.world.moment();
    let later = Now { mono: now.mono + core::time::Duration::from_secs(13 * 60 * 60), ..now };
    floor.board.on_time(later);
    let told = floor.board.take();
    assert_eq!((told.len(), &said(&told[0].1)["outcome"]), (1, &json!("unknown")));
}

#[test]
fn whoever_was_away_for_a_moment_hears_of_the_call_that_came_and_went() {
    let mut floor = Floor::new();
    let seat = floor.seat(number(KNOWN));
    let joined = floor.board.join(seat.clone(), None, Wall::default());
    let heard = joined.events[0].id;
    floor.board.leave(joined.stream);
    let caller = floor.world.dial(KNOWN, "911");
    floor.world.rung(PSAP_1);
    floor.world.send(CALLER, caller.cancel());
    assert_eq!(floor.words(), [""; 0], "nobody listens now");
    let mut back = |seat: &Seat| -> Vec<_> {
        floor.board.join(seat.clone(), Some(heard), Wall::default()).events.iter().map(|event| event.name).collect()
    };
    assert_eq!(back(&seat), ["emergency.started", "emergency.ended", "snapshot"]);
    assert_eq!(back(&Seat { organisation: "rival".into(), ..seat }), ["snapshot"]);
}
