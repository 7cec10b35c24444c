//! The small simulated network: callers, PSAPs, a relay, a crisis line and a gateway of many tempers around a whole
//! engine, in virtual time, on a network that loses, doubles, reorders and delays. A seed is a walk: the same seed is
//! the same walk, message for message.
//!
//! A broken promise prints the seed and all messages before it; `WALK=lossy:1234 cargo test --test world one_walk --
//! --ignored --nocapture` takes that walk again. `make soak` walks with fresh seeds for as long as it is told to.
mod agent;
mod back;
mod chance;
mod far;
mod ledger;
mod machines;
mod net;
mod phone;
mod promises;
mod said;
mod streams;
mod talk;
mod tally;
mod temper;
mod trace;
mod voice;
mod walk;
mod wire;
#[path = "../xmllint/mod.rs"]
mod xmllint;

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use tally::Tally;
use walk::{Kind, Walk};

/// Takes one walk.
fn take(kind: Kind, seed: u64) -> Tally {
    match Walk::new(seed, kind).run() {
        Ok(promises) => promises.tally,
        Err(story) => panic!("WALK={}:{seed}\n{story}", kind.text()),
    }
}

fn take_all(kind: Kind, seeds: core::ops::Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        tally.take(take(kind, seed));
    }
    tally
}

#[test]
fn every_promise_is_kept_on_a_network_that_is_slow_and_out_of_order() {
    let tally = take_all(Kind::Slow, 0..100);
    // The walks are worth their time only while all of this happens on them.
    for met in [
        "911 heard 200",
        "911 heard 503",
        "911 heard 487",
        "988 heard 200",
        "988 heard 503",
        "933 heard 200",
        "933 heard the test IVR",
        "transferred",
        "not transferred",
    ] {
        assert!(tally.times(met) > 0, "no {met} in\n{}", tally.text());
    }
    for said in [
        "INVITE to be Passed: 200",
        "INVITE to be Passed: 491",
        "INVITE to be Refused: 488",
        "INFO to be Passed: 200",
        "REFER to be Local: 200",
    ] {
        assert!(tally.times(said) > 0, "no {said} in\n{}", tally.text());
    }
}

#[test]
fn every_promise_is_kept_on_a_network_that_loses_and_doubles() {
    assert_eq!(take_all(Kind::Lossy, 0..100).walks, 100);
}

#[test]
fn every_promise_is_kept_with_peers_that_go_and_come_back() {
    assert_eq!(take_all(Kind::Broken, 0..100).walks, 100);
}

#[test]
fn the_same_seed_is_the_same_walk() {
    let story = || Walk::new(7, Kind::Broken).run().map(|promises| promises.story());
    assert_eq!(story(), story());
}

/// The walk that `WALK` names, as `lossy:1234`.
#[test]
#[ignore = "takes one walk again: WALK=lossy:1234"]
fn one_walk() {
    let named = std::env::var("WALK").expect("WALK names a walk, as lossy:1234");
    let (kind, seed) = named.split_once(':').expect("a kind and a seed");
    let kind = Kind::ALL.into_iter().find(|known| known.text() == kind).expect("slow, lossy or broken");
    println!("{}", take(kind, seed.parse().expect("a seed is a number")).text());
}

/// Walks with seeds that nobody has seen, until `SOAK_SECS` have passed.
#[test]
#[ignore = "hours: make soak"]
#[allow(clippy::disallowed_methods, reason = "the one thing here that real time decides is when to stop")]
fn soak() {
    let secs = std::env::var("SOAK_SECS").ok().and_then(|secs| secs.parse().ok()).unwrap_or(3600);
    let begun = std::time::Instant::now();
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("the clock is after 1970");
    let next = AtomicU64::new(u64::try_from(since.as_micros()).unwrap_or(0));
    let walk = || {
        let mut tally = Tally::default();
        while begun.elapsed() < Duration::from_secs(secs) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            tally.take(take(Kind::ALL[usize::try_from(seed % 3).unwrap_or(0)], seed));
            if tally.walks % 1000 == 0 {
                println!("{} s: {} walks on this thread", begun.elapsed().as_secs(), tally.walks);
            }
        }
        tally
    };
    let mut all = Tally::default();
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let walkers: Vec<_> = (0..threads).map(|_| scope.spawn(walk)).collect();
        for walker in walkers {
            match walker.join() {
                Ok(tally) => all.take(tally),
                Err(story) => std::panic::resume_unwind(story),
            }
        }
    });
    println!("{}", all.text());
}
