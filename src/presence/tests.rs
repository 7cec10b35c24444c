//! One agent, step by step.
use super::*;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};

fn at(secs: u64) -> Now {
    Now { mono: Mono::from_micros(secs * 1_000_000), wall: Wall::from_millis(1_800_000_000_000 + secs * 1000) }
}

fn call(slot: u32) -> Handle {
    Handle { shard: 0, slot, nonce: 7 }
}

fn agent() -> Agent {
    Agent { adapter: "center".into(), key: Private::new("ann-17".into()) }
}

fn state(text: &str) -> State {
    Private::new(text.into())
}

fn terms(manner: Manner, hold: Option<Hold>) -> Terms {
    Terms { manner, ours: state("dnd"), hold }
}

const HOLD: Hold = Hold { lease: Duration::from_secs(3600), after: Duration::from_secs(1800) };

/// The machine, and a disk that writes at once.
#[derive(Default)]
struct Bench {
    it: Presence,
    rows: Vec<Kept>,
}

impl Bench {
    fn begins(&mut self, now: Now, slot: u32) -> &mut Bench {
        self.it.begins(now, call(slot), &agent(), terms(Manner::Replaces, None));
        self
    }

    /// Writes what there is to write, and tells so.
    fn writes(&mut self, now: Now) -> &mut Bench {
        for note in self.it.drain_notes().collect::<Vec<_>>() {
            match note {
                Note::Keep(kept) => {
                    self.it.kept(now, kept.note, &kept.agent);
                    self.rows = vec![*kept];
                }
                Note::Forget(_) => self.rows.clear(),
            }
        }
        self
    }

    /// The one order that there is.
    fn order(&mut self) -> (u64, What) {
        let mut orders = self.it.drain_orders();
        let Order { job, what, .. } = orders.next().expect("there is an order");
        assert_eq!(orders.next(), None, "one at a time");
        (job, what)
    }

    fn rests(&mut self) -> bool {
        self.it.drain_orders().next().is_none()
    }

    /// The order is `what`, and this comes of it.
    fn expects(&mut self, now: Now, what: &What, done: Done) -> &mut Bench {
        let (job, ordered) = self.order();
        assert_eq!(&ordered, what);
        self.it.done(now, job, done);
        self.writes(now)
    }

    fn outcomes(&mut self) -> Vec<&'static str> {
        self.it.drain_happened().map(|happened| happened.what.text()).collect()
    }

    /// An agent who was available has do-not-disturb.
    fn held(now: Now) -> Bench {
        let mut bench = Bench::default();
        bench.begins(now, 1);
        bench.expects(now, &What::Read, Done::State(state("available")));
        bench.expects(now, &ours("available"), taken());
        assert_eq!(bench.outcomes(), ["shown"]);
        bench
    }
}

fn ours(expected: &str) -> What {
    What::Set { state: state("dnd"), expected: state(expected), is_end: false }
}

fn before(text: &str) -> What {
    What::Set { state: state(text), expected: state("dnd"), is_end: true }
}

fn taken() -> Done {
    Done::Taken { token: None, lasts: None }
}

#[test]
fn the_state_before_is_on_the_disk_before_do_not_disturb_is_set_and_is_set_again_when_the_call_is_over() {
    let mut bench = Bench::default();
    bench.begins(at(0), 1);
    let (job, what) = bench.order();
    assert_eq!(what, What::Read);
    bench.it.done(at(1), job, Done::State(state("available")));
    assert!(bench.rests(), "not before it can be undone");
    bench.writes(at(1));
    assert_eq!(bench.rows[0].before, Some(state("available")));
    bench.expects(at(1), &ours("available"), taken());
    bench.it.ends(at(60), call(1));
    bench.expects(at(60), &What::Read, Done::State(state("dnd")));
    assert!(!bench.rows.is_empty());
    bench.expects(at(60), &before("available"), taken());
    assert_eq!(bench.outcomes(), ["shown", "restored"]);
    assert!(bench.it.is_empty() && bench.rows.is_empty() && bench.rests());
}

#[test]
fn what_the_agent_changed_meanwhile_stays() {
    let mut bench = Bench::held(at(0));
    bench.it.ends(at(60), call(1));
    bench.expects(at(60), &What::Read, Done::State(state("lunch")));
    assert_eq!(bench.outcomes(), ["left"]);
    assert!(bench.it.is_empty() && bench.rests());
    let mut bench = Bench::held(at(0));
    bench.it.ends(at(60), call(1));
    bench.expects(at(60), &What::Read, Done::State(state("dnd")));
    bench.expects(at(60), &before("available"), Done::Changed);
    assert_eq!(bench.outcomes(), ["left"], "changed between the look and the restoration");
}

#[test]
fn an_agent_who_had_do_not_disturb_keeps_it() {
    let mut bench = Bench::default();
    bench.begins(at(0), 1).expects(at(0), &What::Read, Done::State(state("dnd")));
    bench.it.ends(at(60), call(1));
    assert_eq!(bench.outcomes(), ["already"]);
    assert!(bench.it.is_empty() && bench.rests() && bench.rows.is_empty());
}

#[test]
fn calls_that_overlap_have_one_state_before_and_the_last_one_brings_it_back() {
    let mut bench = Bench::held(at(0));
    bench.begins(at(10), 2);
    bench.it.ends(at(60), call(1));
    assert!(bench.rests());
    bench.it.ends(at(61), call(9));
    assert!(bench.rests(), "a call that nobody heard of");
    bench.it.ends(at(90), call(2));
    bench.expects(at(90), &What::Read, Done::State(state("dnd"))).expects(at(90), &before("available"), taken());
    assert!(bench.it.is_empty());
}

#[test]
fn a_call_that_is_over_before_anything_was_set_changes_nothing() {
    let mut bench = Bench::default();
    bench.begins(at(0), 1);
    bench.it.ends(at(1), call(1));
    bench.expects(at(2), &What::Read, Done::State(state("available")));
    assert!(bench.it.is_empty() && bench.rests() && bench.rows.is_empty());
}

#[test]
fn a_restoration_waits_for_the_set_that_is_under_way_and_follows_it_whatever_became_of_it() {
    for done in [taken(), Done::Failed] {
        let mut bench = Bench::default();
        bench.begins(at(0), 1).expects(at(0), &What::Read, Done::State(state("available")));
        let (job, _) = bench.order();
        bench.it.ends(at(1), call(1));
        assert!(bench.rests(), "the set is under way");
        bench.it.done(at(5), job, done);
        bench.expects(at(5), &What::Read, Done::State(state("dnd"))).expects(at(5), &before("available"), taken());
        assert!(bench.it.is_empty());
    }
}

#[test]
fn a_dead_adapter_is_tried_with_longer_and_longer_pauses_while_the_call_lasts_and_for_a_day_after_it() {
    let mut bench = Bench::default();
    bench.begins(at(0), 1);
    let mut tried = Vec::new();
    for secs in 0..300 {
        bench.it.on_time(at(secs));
        let order = bench.it.drain_orders().next();
        if let Some(order) = order {
            tried.push(secs);
            bench.it.done(at(secs), order.job, Done::Failed);
        }
    }
    assert_eq!(tried, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
    bench.it.ends(at(300), call(1));
    assert!(bench.it.is_empty(), "nothing was set");
    let mut bench = Bench::held(at(0));
    bench.it.ends(at(10), call(1));
    let mut tries = 0;
    for secs in 10..100_000 {
        bench.it.on_time(at(secs));
        let order = bench.it.drain_orders().next();
        if let Some(order) = order {
            tries += 1;
            bench.it.done(at(secs), order.job, Done::Failed);
        }
    }
    bench.writes(at(100_000));
    assert!((1000..2000).contains(&tries), "{tries} tries");
    assert_eq!(bench.outcomes(), ["given_up"]);
    assert!(bench.it.is_empty() && bench.rows.is_empty());
}

#[test]
fn a_set_of_which_no_answer_came_is_known_again_for_ours() {
    let mut bench = Bench::default();
    bench.begins(at(0), 1).expects(at(0), &What::Read, Done::State(state("available")));
    bench.expects(at(5), &ours("available"), Done::Failed);
    bench.it.on_time(at(6));
    bench.expects(at(6), &ours("available"), Done::Changed);
    bench.it.on_time(at(8));
    bench.expects(at(8), &What::Read, Done::State(state("dnd")));
    bench.it.ends(at(60), call(1));
    bench.expects(at(60), &What::Read, Done::State(state("dnd"))).expects(at(60), &before("available"), taken());
    assert_eq!(bench.outcomes(), ["shown", "restored"]);
}

#[test]
fn a_disk_that_does_not_write_makes_nobody_wait_for_long() {
    let mut bench = Bench::default();
    bench.begins(at(0), 1);
    let (job, _) = bench.order();
    bench.it.done(at(0), job, Done::State(state("available")));
    assert!(bench.rests());
    bench.it.on_time(at(2));
    assert_eq!(bench.order().1, ours("available"));
}

#[test]
fn a_call_that_begins_while_the_one_before_is_undone_finds_do_not_disturb_again() {
    let mut bench = Bench::held(at(0));
    bench.it.ends(at(60), call(1));
    let (job, _) = bench.order();
    bench.begins(at(61), 2);
    bench.it.done(at(61), job, Done::State(state("dnd")));
    bench.expects(at(61), &What::Read, Done::State(state("dnd")));
    assert!(bench.rests(), "it is there still");
    bench.it.ends(at(70), call(2));
    bench.expects(at(70), &What::Read, Done::State(state("dnd")));
    let (job, _) = bench.order();
    bench.begins(at(71), 3);
    bench.it.done(at(72), job, taken());
    bench.writes(at(72));
    bench.expects(at(72), &What::Read, Done::State(state("available"))).expects(at(72), &ours("available"), taken());
    assert_eq!(bench.outcomes(), ["restored", "shown"]);
}

#[test]
fn it_stays_for_callbacks_where_that_is_wished() {
    let mut bench = Bench::default();
    bench.it.begins(at(0), call(1), &agent(), terms(Manner::Replaces, Some(HOLD)));
    bench.expects(at(0), &What::Read, Done::State(state("available"))).expects(at(0), &ours("available"), taken());
    bench.it.ends(at(3000), call(1));
    bench.writes(at(3000));
    assert!(bench.rests());
    assert_eq!(bench.rows[0].ended, Some(at(3000).wall));
    bench.it.on_time(at(4799));
    assert!(bench.rests() && bench.it.is_settled());
    bench.it.on_time(at(4800));
    assert_eq!(bench.order().1, What::Read);
}

#[test]
fn a_node_that_crashed_restores_at_once_or_when_nobody_calls_back_any_more() {
    let rows = |hold, ended: Option<Wall>| {
        let agent = agent();
        let terms = terms(Manner::Replaces, hold);
        let began = at(0).wall;
        vec![Kept { note: 1, agent, terms, before: Some(state("available")), token: None, began, ended }]
    };
    let mut bench = Bench { rows: rows(None, None), ..Bench::default() };
    bench.it.resume(at(100), &bench.rows.clone());
    bench.expects(at(100), &What::Read, Done::State(state("dnd"))).expects(at(100), &before("available"), taken());
    assert!(bench.it.is_empty() && bench.rows.is_empty());
    // The monotonic clock begins anew with the node.
    let fresh = |secs: u64| Now { mono: Mono::from_micros(secs * 1_000_000), wall: at(10_000 + secs).wall };
    for (ended, left) in [(None, 1800), (Some(at(9_000).wall), 800), (Some(at(100).wall), 0)] {
        let mut it = Presence::default();
        it.resume(fresh(0), &rows(Some(HOLD), ended));
        if left > 0 {
            it.on_time(fresh(left - 1));
            assert!(it.drain_orders().next().is_none());
            it.on_time(fresh(left));
        }
        assert_eq!(it.drain_orders().count(), 1, "{left}");
    }
}

#[test]
fn a_publication_is_refreshed_at_half_its_life_and_taken_away_by_its_latest_name() {
    let mut bench = Bench::default();
    bench.it.begins(at(0), call(1), &agent(), terms(Manner::Adds, None));
    assert!(bench.rests());
    bench.writes(at(0));
    let publish = |token: Option<&str>| What::Publish { ours: state("dnd"), token: token.map(Into::into) };
    let named = |name: &str| Done::Taken { token: Some(name.into()), lasts: Some(Duration::from_secs(100)) };
    bench.expects(at(0), &publish(None), named("a"));
    assert_eq!(bench.rows[0].token.as_deref(), Some("a"));
    bench.it.on_time(at(49));
    assert!(bench.rests());
    bench.it.on_time(at(50));
    bench.expects(at(50), &publish(Some("a")), named("b"));
    assert_eq!(bench.rows[0].token.as_deref(), Some("b"));
    let row = bench.rows.clone();
    bench.it.ends(at(60), call(1));
    bench.expects(at(60), &What::Remove { token: "b".into() }, taken());
    assert_eq!(bench.outcomes(), ["shown", "restored"]);
    assert!(bench.it.is_empty() && bench.rows.is_empty());
    bench.it.resume(at(0), &row);
    bench.expects(at(0), &What::Remove { token: "b".into() }, taken());
    assert!(bench.it.is_empty());
    bench.it.resume(at(0), &[Kept { token: None, ..row[0].clone() }]);
    assert_eq!(bench.outcomes(), ["restored", "expires"]);
}

#[test]
fn what_the_agent_chose_for_itself_is_never_undone_by_what_was_written_of_an_earlier_call() {
    let mut bench = Bench::held(at(0));
    bench.it.ends(at(60), call(1));
    let (job, _) = bench.order();
    bench.begins(at(60), 2);
    bench.it.done(at(61), job, Done::State(state("lunch")));
    bench.writes(at(61));
    assert!(bench.rows.is_empty(), "it was changed: there is nothing to undo");
    bench.expects(at(61), &What::Read, Done::State(state("dnd")));
    assert!(bench.rows.is_empty());
    let mut bench = Bench::default();
    bench.begins(at(0), 1).expects(at(0), &What::Read, Done::State(state("available")));
    assert_eq!(bench.rows.len(), 1);
    bench.expects(at(0), &ours("available"), Done::Changed);
    bench.it.on_time(at(1));
    bench.expects(at(1), &What::Read, Done::State(state("dnd")));
    assert!(bench.rows.is_empty(), "the agent was quicker");
}

#[test]
fn a_center_that_always_says_that_the_state_has_changed_is_asked_less_and_less() {
    let mut bench = Bench::default();
    bench.begins(at(0), 1);
    let mut sets = Vec::new();
    for secs in 0..120 {
        bench.it.on_time(at(secs));
        while let Some(order) = { bench.it.drain_orders().next() } {
            let is_read = order.what == What::Read;
            bench.it.done(at(secs), order.job, if is_read { Done::State(state("available")) } else { Done::Changed });
            bench.writes(at(secs));
            if !is_read {
                sets.push(secs);
            }
        }
    }
    assert_eq!(sets, [0, 1, 3, 7, 15, 31, 63]);
}

#[test]
fn a_call_whose_end_is_never_heard_holds_nobody_for_ever_and_nothing_prints_who_it_is() {
    let mut bench = Bench::held(at(0));
    bench.it.on_time(at(43_199));
    assert!(bench.rests());
    bench.it.on_time(at(43_200));
    assert_eq!(bench.order().1, What::Read);
    let printed = format!("{:?}", bench.it);
    assert!(!printed.contains("ann-17") && !printed.contains("available"), "{printed}");
}
