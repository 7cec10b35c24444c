//! A number of the pool is never lent to two callers at once: random calls, hang-ups, pauses and crashes from a seed, and a
//! model that knows what is true.
use crate::world::{number, site};
use callbox::base::entropy::Entropy;
use callbox::base::id::Handle;
use callbox::base::now::Mono;
use callbox::cache::Leases;
use callbox::cache::leases::{AT_ONCE, Change, MOST_OF_A_NUMBER, Opening, RESTING};
use callbox::record::{Callbacks, Caller, Holder, Number, Site, Window};
use core::time::Duration;
use std::collections::HashMap;

const TERMS: Callbacks = Callbacks {
    lease: Duration::from_secs(3600),
    after: Duration::from_secs(1800),
    low_percent: 20,
    step: Duration::from_secs(20),
    recent: Duration::from_secs(300),
    misdial: Duration::from_secs(10),
    kept_free: Duration::from_secs(300),
};

fn pool(size: usize) -> Vec<Number> {
    (0..size).map(|at| number(&format!("+131255501{at:02}"))).collect()
}

fn caller(who: u64) -> Caller {
    Caller {
        holder: Holder::device(&format!("desk-{who}")),
        organisation: "acme".into(),
        site: "hq".into(),
        source: "pbx".into(),
        line: None,
        shown: Some(number(&format!("4{who:03}"))),
        device: Some(format!("desk-{who}").into()),
        contact: None,
        place: None,
        asked: Default::default(),
    }
}

/// What is true of a caller, in seconds of a clock that nobody sets.
#[derive(Default)]
struct Truth {
    number: Option<Number>,
    until: u64,
    open: u32,
}

struct Node {
    leases: Leases,
    /// When this run of the router began; its own clock starts at zero.
    begun: u64,
    /// What has reached the disk, and when.
    disk: HashMap<Holder, (Window, Mono, u64)>,
    used: HashMap<Number, u64>,
    /// What has not, the oldest first.
    waiting: Vec<(Change, u64)>,
}

impl Node {
    fn mono(&self, now: u64) -> Mono {
        Mono::from_micros((now - self.begun) * 1_000_000)
    }

    fn keep(&mut self, change: Option<Change>, now: u64) {
        self.waiting.extend(change.map(|change| (change, now)));
    }

    /// The disk takes all but the last changes; what is older than half a minute it has taken already.
    fn write(&mut self, but: usize, now: u64) {
        let young = self.waiting.iter().filter(|(_, at)| at + 30 >= now).count();
        let many = self.waiting.len().saturating_sub(but.min(young));
        for (change, at) in self.waiting.drain(..many) {
            match change {
                Change::Put(window, as_of) => {
                    self.disk.insert(window.caller.holder.clone(), (Window::clone(&window), as_of, at));
                }
                Change::Gone(holder, freed) => {
                    self.used.extend(freed);
                    self.disk.remove(&holder);
                }
            }
        }
    }

    /// The router is killed and starts anew. What was kept has lost as much of its time as the system's clock tells, or
    /// none when that clock was lost, too.
    fn crash(&mut self, now: u64, knows_time: bool, pool: &[Number]) {
        self.waiting.clear();
        self.leases = Leases::default();
        self.begun = now;
        let windows = self.disk.values().map(|(window, as_of, at)| {
            let passed = Duration::from_secs(if knows_time { now - at } else { 0 });
            let kept = window.until.since(*as_of);
            let until = Mono::from_micros(0) + kept.saturating_sub(passed);
            (Window { until, ended: None, kept_free: None, ..window.clone() }, passed.saturating_sub(kept))
        });
        let site = Site { pool: pool.to_vec(), ..site("US", &[]) };
        let used: Vec<_> = self.used.iter().map(|(number, rank)| (*number, *rank)).collect();
        let changes = self.leases.restore(
            windows.collect::<Vec<_>>(),
            used,
            Some([&site].into_iter()),
            &TERMS,
            Mono::from_micros(0),
        );
        changes.into_iter().for_each(|change| self.keep(Some(change), now));
        // A router that starts writes this before its first call.
        self.write(0, now);
    }
}

fn walk(seed: u8, size: usize) -> usize {
    let mut chance = Entropy::seeded([seed; 32]);
    let pool = pool(size);
    let mut node =
        Node { leases: Leases::default(), begun: 0, disk: HashMap::new(), used: HashMap::new(), waiting: Vec::new() };
    let mut truth: HashMap<u64, Truth> = HashMap::new();
    let (mut now, mut lent) = (0, 0);
    for step in 0..400 {
        let (what, who) = (chance.bits() % 10, chance.bits() % 14);
        let (known, mono) = (truth.entry(who).or_default(), node.mono(now));
        match what {
            0..=3 => {
                let holder = caller(who).holder;
                let offer = node.leases.offer(&holder, &pool, mono);
                let token = Handle { shard: 0, slot: step, nonce: chance.bits() };
                let opening = Opening {
                    caller: caller(who),
                    token,
                    lend: offer.held.or(offer.free),
                    elin: None,
                    shared: Default::default(),
                };
                let (number, change) = node.leases.open(opening, &TERMS, mono);
                if known.until > now || known.open > 0 {
                    assert!(
                        known.number.is_none() || known.number == number,
                        "seed {seed}, step {step}: {who} lost its number"
                    );
                }
                (known.number, known.until) = (number, known.until.max(now + 3600));
                known.open += 1;
                node.keep(change, now);
                lent += usize::from(number.is_some());
                for (other, theirs) in truth.iter().filter(|(other, _)| **other != who) {
                    let holds = theirs.until > now || theirs.open > 0;
                    assert!(
                        number.is_none() || !holds || theirs.number != number,
                        "seed {seed}, step {step}: {other} and {who} have one number"
                    );
                }
            }
            4..=6 if known.open > 0 => {
                known.open -= 1;
                known.until = known.until.max(now + 1800);
                let change = node.leases.ends(&caller(who).holder, false, &TERMS, mono);
                node.keep(change, now);
            }
            7 => {
                now += chance.bits() % 2400;
                for (change, _) in node.leases.expire(node.mono(now)).0 {
                    node.keep(Some(change), now);
                }
            }
            8 => node.write(0, now),
            // Killed before the last calls were kept: never more than the disk takes in the meantime.
            9 if step % 3 == 0 => {
                node.write(usize::try_from(chance.bits()).unwrap_or(0) % (RESTING + 1), now);
                now += chance.bits() % 600;
                node.crash(now, chance.bits().is_multiple_of(2), &pool);
                for theirs in truth.values_mut() {
                    theirs.until = if theirs.open > 0 { theirs.until.max(now + 1800) } else { theirs.until };
                    theirs.open = 0;
                }
                // Who was lent a number that nobody knows of any more has another one the next time.
                for (who, theirs) in &mut truth {
                    let found = node.leases.of_number(theirs.number.unwrap_or(number("0")), node.mono(now));
                    if !found.iter().any(|window| window.caller.holder == caller(*who).holder) {
                        theirs.until = theirs.until.min(now + 3600);
                        LOST.with_borrow_mut(|lost| lost.extend(theirs.number.map(|number| (number, theirs.until))));
                        (theirs.number, theirs.until) = (None, 0);
                    }
                }
            }
            _ => {}
        }
        LOST.with_borrow_mut(|lost| {
            lost.retain(|(_, until)| *until > now);
            for (number, _) in lost.iter() {
                let found = node.leases.of_number(*number, node.mono(now));
                let is_nobodys = |window: &Window| window.caller.holder == Holder::nobody(*number);
                assert!(
                    found.iter().all(is_nobodys),
                    "seed {seed}, step {step}: a number that was lent before the crash is lent again"
                );
            }
        });
    }
    LOST.with_borrow_mut(Vec::clear);
    lent
}

thread_local! {
    /// Numbers of callers that were forgotten by a crash, and until when they rest.
    static LOST: core::cell::RefCell<Vec<(Number, u64)>> = const { core::cell::RefCell::new(Vec::new()) };
}

#[test]
fn no_number_is_ever_lent_to_two_callers_whatever_they_do_and_whenever_the_router_is_killed() {
    let lent: usize = (0..60).map(|seed| walk(seed, 10)).sum();
    assert!(lent > 3_000, "{lent}");
    for seed in 0..20 {
        walk(seed, 3);
        assert_eq!(walk(seed, 0), 0);
    }
}

#[test]
fn of_the_free_numbers_the_one_is_lent_that_was_lent_the_longest_time_ago() {
    let (leases, pool) = (Leases::default(), pool(3));
    let at = |secs: u64| Mono::from_micros(secs * 1_000_000);
    let mut order = Vec::new();
    for (turn, now) in (0..6u32).zip((0..).step_by(4000)) {
        let offer = leases.offer(&caller(turn.into()).holder, &pool, at(now));
        let opening = Opening {
            caller: caller(turn.into()),
            token: Handle { shard: 0, slot: turn, nonce: 1 },
            lend: offer.free,
            elin: None,
            shared: Default::default(),
        };
        order.extend(leases.open(opening, &TERMS, at(now)).0);
        leases.ends(&caller(turn.into()).holder, false, &TERMS, at(now + 60));
        leases.expire(at(now + 3999));
    }
    assert_eq!(order, [&pool[..], &pool[..]].concat());
}

#[test]
fn windows_that_are_over_are_forgotten_some_at_a_time_and_in_the_end_all() {
    const CALLERS: u32 = 1000;
    let (leases, pool) = (Leases::default(), pool(1));
    let at = |secs: u64| Mono::from_micros(secs * 1_000_000);
    for who in 0..CALLERS {
        let opening = Opening {
            caller: caller(who.into()),
            token: Handle { shard: 0, slot: who, nonce: 1 },
            lend: (who == 0).then(|| pool[0]),
            elin: None,
            shared: Default::default(),
        };
        leases.open(opening, &TERMS, at(who.into()));
        // The call of the last one goes on.
        if who + 1 < CALLERS {
            leases.ends(&caller(who.into()).holder, false, &TERMS, at(who.into()));
        }
    }
    assert!(leases.expire(at(3599)).0.is_empty(), "nobody's time is over");
    let (mut sweeps, mut gone) = (0, 0);
    loop {
        let (some, has_more) = leases.expire(at(20_000));
        assert!(some.len() <= AT_ONCE, "{}", some.len());
        (sweeps, gone) = (sweeps + 1, gone + some.len());
        if !has_more {
            break;
        }
    }
    assert_eq!((sweeps, gone, leases.len()), (4, 999, 1));
    assert_eq!(leases.free(&pool, at(20_059)), 0, "the number rests");
    leases.ends(&caller(999).holder, false, &TERMS, at(20_059));
    leases.expire(at(20_060));
    assert_eq!(leases.free(&pool, at(20_060)), 1);
    assert!(leases.expire(at(21_858)).0.is_empty() && leases.len() == 1, "half an hour from its end on");
    leases.expire(at(21_920));
    assert!(leases.is_empty());
}

#[test]
fn of_many_who_show_one_number_the_latest_are_found_and_who_shows_no_other_goes_first() {
    const CALLERS: u32 = 2000;
    let (leases, pool, shared) = (Leases::default(), pool(1), number("+13125550999"));
    let at = |secs: u64| Mono::from_micros(secs * 1_000_000);
    let latest = || leases.of_number(shared, at(2000)).first().map(|window| window.caller.holder.clone());
    for who in 0..CALLERS {
        let opening = Opening {
            caller: caller(who.into()),
            token: Handle { shard: 0, slot: who, nonce: 1 },
            lend: (who + 1 == CALLERS).then(|| pool[0]),
            elin: None,
            shared: [shared].into_iter().collect(),
        };
        leases.open(opening, &TERMS, at(0));
        leases.ends(&caller(who.into()).holder, false, &TERMS, at(0));
    }
    assert_eq!(leases.of_number(shared, at(2000)).len(), MOST_OF_A_NUMBER);
    assert_eq!(latest(), Some(caller(1998).holder), "the last one was lent a number of its own");
    let again = Opening {
        caller: caller(7),
        token: Handle { shard: 0, slot: 7, nonce: 2 },
        lend: None,
        elin: None,
        shared: [shared].into_iter().collect(),
    };
    leases.open(again, &TERMS, at(1));
    assert_eq!(latest(), Some(caller(7).holder));
    leases.ends(&caller(7).holder, false, &TERMS, at(1));
    while leases.expire(at(8000)).1 {}
    assert!(leases.is_empty() && leases.of_number(shared, at(1)).is_empty());
}
