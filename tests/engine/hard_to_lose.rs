//! Whatever fails, in whatever order: who calls for help is answered while anybody answers, and nothing is left behind.
use crate::peers::Far;
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, UNPLACED, World};
use std::collections::HashMap;

/// How a far end takes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Temper {
    Answers,
    /// Rings, and answers after two seconds.
    Rings,
    Silent,
    Busy,
    Unreachable,
    /// Says 100 and no more.
    Thinks,
    /// Rings, then refuses.
    RingsThenRefuses,
}

use Temper::{Answers, Busy, Rings, RingsThenRefuses, Silent, Thinks, Unreachable};

const TEMPERS: [Temper; 7] = [Answers, Rings, Silent, Busy, Unreachable, Thinks, RingsThenRefuses];
const TARGETS: [u16; 4] = [PSAP_1, PSAP_2, RELAY, GATEWAY];

/// What a far end still means to do.
struct Plan {
    at: u64,
    far: Far,
    code: u16,
}

/// Plays one call until the caller hears a final response: its code, and how many far ends are left with a call.
fn play(from: &str, tempers: [Temper; 4]) -> (u16, usize) {
    let mut world = World::new();
    world.dial(from, "911");
    let by_port: HashMap<u16, Temper> = TARGETS.into_iter().zip(tempers).collect();
    let mut plans: Vec<Plan> = Vec::new();
    let mut talking: Vec<String> = Vec::new();
    let mut heard = None;
    let mut next = Some(0);
    while let Some(now) = next {
        world.until(now);
        for port in TARGETS {
            for got in world.take(port) {
                react(&mut world, by_port[&port], port, &got.message, &mut plans, &mut talking, now);
            }
        }
        let (due, later) = plans.into_iter().partition::<Vec<_>, _>(|plan| plan.at <= now);
        plans = later;
        for plan in due {
            world.answer(&plan.far, plan.code);
            if plan.code == 200 {
                talking.push(plan.far.tag.clone());
            }
        }
        let finals = world.take(CALLER);
        heard = heard.or(finals.iter().filter_map(|got| got.message.status()).find(|code| *code >= 200));
        if heard.is_some() && now >= 40_000 {
            break;
        }
        let planned = plans.iter().map(|plan| plan.at).chain(world.next_moment()).min();
        next = planned.map(|at| at.max(now));
    }
    (heard.unwrap_or(0), talking.len())
}

fn react(
    world: &mut World,
    temper: Temper,
    port: u16,
    message: &callbox::sip::message::Message,
    plans: &mut Vec<Plan>,
    talking: &mut Vec<String>,
    now: u64,
) {
    let far = Far::to(port, message.clone());
    let mut plan = |at: u64, code: u16| plans.push(Plan { at, far: far.clone(), code });
    match message.method().map(callbox::sip::message::Method::text) {
        Some("INVITE") => match temper {
            Answers => plan(now, 200),
            Rings | RingsThenRefuses => {
                plan(now, 180);
                plan(now + 2000, if temper == Rings { 200 } else { 603 });
            }
            Silent => {}
            Busy => plan(now, 486),
            Unreachable => world.unreachable(port),
            Thinks => plan(now, 100),
        },
        Some("CANCEL") => {
            world.send(port, far.response_to(message, 200, "", ""));
            let mine = |plan: &Plan| plan.far.port == port && plan.far.invite.call_id() == message.call_id();
            if let Some(waiting) = plans.iter().position(mine) {
                let plan = plans.remove(waiting);
                world.answer(&plan.far, 487);
            }
        }
        Some("BYE") => {
            world.send(port, far.response_to(message, 200, "", ""));
            let to = crate::peers::value(message, callbox::sip::message::Name::To);
            talking.retain(|tag| !to.contains(tag.as_str()));
        }
        _ => {}
    }
}

fn hard_to_lose(from: &str) {
    for number in 0..TEMPERS.len().pow(4) {
        let pick = |place: u32| TEMPERS[number / TEMPERS.len().pow(place) % TEMPERS.len()];
        let tempers = [pick(0), pick(1), pick(2), pick(3)];
        let (code, talking) = play(from, tempers);
        let somebody = tempers.iter().any(|temper| matches!(temper, Answers | Rings));
        if somebody {
            assert_eq!((code, talking), (200, 1), "{from}: {tempers:?}");
        } else {
            assert_eq!((code, talking), (503, 0), "{from}: {tempers:?}");
        }
    }
}

#[test]
fn a_caller_with_an_address_is_answered_whenever_any_target_answers() {
    hard_to_lose(KNOWN);
}

#[test]
fn a_caller_without_an_address_is_answered_whenever_any_target_answers() {
    hard_to_lose(UNPLACED);
}

#[test]
fn no_table_grows_whatever_becomes_of_a_hundred_calls() {
    let mut world = World::new();
    for round in 0..100u64 {
        let mut caller = world.dial(if round % 2 == 0 { KNOWN } else { UNPLACED }, "911");
        let first = if round % 2 == 0 { PSAP_1 } else { RELAY };
        match round % 5 {
            0 => world.send(CALLER, caller.cancel()),
            1 => {
                let far = world.rung(first);
                world.answer(&far, 200);
                caller.learn(&world.got(CALLER, "200 INVITE"));
                world.send(CALLER, caller.ack(""));
                world.send(CALLER, caller.request("INFO", "", ""));
                world.send(CALLER, caller.request("BYE", "", ""));
            }
            2 => {
                let mut far = world.rung(first);
                world.answer(&far, 180);
                world.answer(&far, 200);
                world.send(first, far.request("BYE", "", ""));
            }
            3 => {
                let far = world.rung(first);
                world.answer(&far, 486);
                world.pass(3);
                world.send(CALLER, caller.cancel());
            }
            _ => {}
        }
        world.pass(1);
        world.clear();
    }
    world.pass(36 + 40);
    assert_eq!((world.engine.active_calls(), world.engine.transactions()), (0, 0));
}
