//! What is still to be sent, and when: each address once, again with growing pauses for a day, later steps of a group when
//! nobody has acknowledged, and a channel that does not answer asked by one message at a time.
use super::{Channel, Notice};
use crate::base::id::Handle;
use crate::base::now::Mono;
use core::time::Duration;
use hashbrown::HashMap;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many messages may wait; the last tenth is for those about calls for help.
pub const MOST_WAITING: usize = 50_000;

/// How many messages of a channel are on their way at once.
pub const AT_ONCE: usize = 16;

/// The pause after the first try; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// How often in a row a channel fails before it counts as dead.
const DEAD_AFTER: u32 = 3;

/// What the channel of a desk begins with. No webhook's name has a slash.
pub const DESKS: &str = "desktop/";

/// A channel by name: `email`, a webhook's, or a desk's as `desktop/acme/front`.
pub type Way = Arc<str>;

/// One message to one address, as far as the queue needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Of what.
    pub notice: Notice,
    /// The call.
    pub call: Option<Handle>,
    /// Over which channel.
    pub way: Way,
    /// Those who answer for each other.
    pub group: Option<Arc<str>>,
    /// The step in the group.
    pub step: u8,
    /// When it was made.
    pub made: Mono,
    /// How often it was tried.
    pub tries: u32,
    /// What finds it when its recipient acknowledges.
    pub token: [u8; 32],
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// The other side took it.
    Taken,
    /// It did not, and may later.
    Failed,
}

/// What becomes of a message after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is delivered.
    Delivered,
    /// It is tried again after so long.
    Again(Duration),
    /// It was tried for so long that it is given up.
    GivenUp,
    /// Somebody has acknowledged meanwhile, so that it is not needed.
    NotNeeded,
}

/// A channel that died or came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// The channel.
    pub way: Way,
    /// Whether it is dead now.
    pub dead: bool,
}

/// What an acknowledgement did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// The message.
    pub id: u64,
    /// Later steps that are not told any more.
    pub spared: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting(Mono),
    OnItsWay,
    Delivered,
}

struct Entry {
    item: Item,
    stage: Stage,
    acknowledged: bool,
}

/// A channel: how it does, and what waits for it.
#[derive(Default)]
struct Lane {
    failed: u32,
    dead: bool,
    under_way: usize,
    /// What is about calls for help, then the rest; each in order of when it is due.
    waiting: [BTreeSet<(Mono, u64)>; 2],
}

impl Lane {
    /// A dead channel is asked by one message at a time.
    fn may_go(&self) -> bool {
        self.under_way < if self.dead { 1 } else { AT_ONCE }
    }
}

/// The machine.
pub struct Queue {
    entries: HashMap<u64, Entry, foldhash::fast::RandomState>,
    tokens: HashMap<[u8; 32], u64, foldhash::fast::RandomState>,
    lanes: HashMap<Way, Lane, foldhash::fast::RandomState>,
    alarms: Vec<Alarm>,
    /// How long a message is tried, and how long its acknowledgement is waited for.
    lifetime: Duration,
    /// After how long without an acknowledgement the next step of a group is told.
    step_after: Duration,
}

impl Queue {
    /// An empty queue.
    pub fn new(lifetime: Duration, step_after: Duration) -> Queue {
        Queue {
            entries: HashMap::default(),
            tokens: HashMap::default(),
            lanes: HashMap::default(),
            alarms: Vec::new(),
            lifetime,
            step_after,
        }
    }

    /// Takes a message, which is due when its step is. `false` when there is no room.
    pub fn add(&mut self, id: u64, item: Item) -> bool {
        let room = if is_urgent(item.notice) { MOST_WAITING } else { MOST_WAITING / 10 * 9 };
        if self.entries.len() >= room {
            return false;
        }
        let pause = if item.tries == 0 { self.step_after * u32::from(item.step) } else { pause(item.tries) };
        let at = item.made + pause;
        self.tokens.insert(item.token, id);
        self.lane(&item.way).waiting[rank(item.notice)].insert((at, id));
        self.entries.insert(id, Entry { item, stage: Stage::Waiting(at), acknowledged: false });
        true
    }

    /// Takes a message that was delivered before, so that it can still be acknowledged.
    pub fn add_delivered(&mut self, id: u64, item: Item) {
        self.tokens.insert(item.token, id);
        self.entries.insert(id, Entry { item, stage: Stage::Delivered, acknowledged: false });
    }

    /// The next message that is due and whose channel may be used: those about calls for help first.
    pub fn next_due(&mut self, now: Mono) -> Option<u64> {
        let first = |lane: &Lane, rank: usize| lane.waiting[rank].first().copied().filter(|(at, _)| *at <= now);
        let of_rank = |rank: usize| {
            let lanes = self.lanes.values().filter(|lane| lane.may_go());
            lanes.filter_map(|lane| first(lane, rank)).min()
        };
        let (_, id) = of_rank(0).or_else(|| of_rank(1))?;
        self.take_out(id);
        let entry = self.entries.get_mut(&id)?;
        entry.stage = Stage::OnItsWay;
        entry.item.tries += 1;
        let way = Arc::clone(&entry.item.way);
        self.lane(&way).under_way += 1;
        Some(id)
    }

    /// When something is due next; `None` when nothing waits. What is due and cannot go yet does not count: it goes when
    /// one that is on its way has come back.
    pub fn poll_timeout(&self, now: Mono) -> Option<Mono> {
        let after = (now + Duration::from_micros(1), 0);
        let sets = self.lanes.values().flat_map(|lane| &lane.waiting);
        sets.filter_map(|waiting| waiting.range(after..).next()).map(|(at, _)| *at).min()
    }

    /// Somebody who was not there is there now: what could not be delivered over this channel is due at once.
    pub fn hurry(&mut self, way: &Way, now: Mono) {
        let Some(lane) = self.lanes.get_mut(way) else { return };
        for waiting in &mut lane.waiting {
            let tried = |id: &u64| self.entries.get(id).is_some_and(|entry| entry.item.tries > 0);
            let late: Vec<_> = waiting.iter().filter(|(at, id)| *at > now && tried(id)).copied().collect();
            for (at, id) in late {
                waiting.remove(&(at, id));
                waiting.insert((now, id));
                self.entries.entry(id).and_modify(|entry| entry.stage = Stage::Waiting(now));
            }
        }
    }

    /// What became of a try.
    pub fn tried(&mut self, id: u64, tried: Tried, now: Mono) -> Option<Verdict> {
        let way = Arc::clone(&self.entries.get(&id)?.item.way);
        let lane = self.lane(&way);
        lane.under_way = lane.under_way.saturating_sub(1);
        lane.failed = if tried == Tried::Taken { 0 } else { lane.failed + 1 };
        let dead = lane.failed >= DEAD_AFTER;
        if core::mem::replace(&mut lane.dead, dead) != dead {
            self.alarms.push(Alarm { way: Arc::clone(&way), dead });
        }
        let entry = self.entries.get_mut(&id)?;
        if tried == Tried::Taken {
            entry.stage = Stage::Delivered;
            return Some(Verdict::Delivered);
        }
        if entry.acknowledged {
            self.forget(id);
            return Some(Verdict::NotNeeded);
        }
        if now.since(entry.item.made) >= self.lifetime {
            self.forget(id);
            return Some(Verdict::GivenUp);
        }
        let pause = pause(entry.item.tries);
        entry.stage = Stage::Waiting(now + pause);
        let rank = rank(entry.item.notice);
        self.lane(&way).waiting[rank].insert((now + pause, id));
        Some(Verdict::Again(pause))
    }

    /// A recipient acknowledges. `None` when the token names no message, or one that is long over. Acknowledging twice is
    /// once.
    pub fn acknowledge(&mut self, token: &[u8; 32]) -> Option<Acknowledged> {
        let id = *self.tokens.get(token)?;
        let entry = self.entries.get_mut(&id)?;
        entry.acknowledged = true;
        let item = entry.item.clone();
        let is_later = |entry: &Entry| {
            let other = &entry.item;
            let same = (other.call, other.notice, &other.group) == (item.call, item.notice, &item.group);
            same && item.group.is_some() && other.step > item.step
        };
        let spared: Vec<u64> = self
            .entries
            .iter()
            .filter(|(_, entry)| matches!(entry.stage, Stage::Waiting(_)) && is_later(entry))
            .map(|(id, _)| *id)
            .collect();
        spared.iter().for_each(|id| self.forget(*id));
        Some(Acknowledged { id, spared })
    }

    /// Forgets what was delivered so long ago that nobody will acknowledge it. Returns those that nobody did although they
    /// were asked to.
    pub fn sweep(&mut self, now: Mono) -> usize {
        let lifetime = self.lifetime;
        let is_old = |entry: &Entry| entry.stage == Stage::Delivered && now.since(entry.item.made) > lifetime;
        let old: Vec<(u64, bool)> = self
            .entries
            .iter()
            .filter(|(_, entry)| is_old(entry))
            .map(|(id, entry)| (*id, entry.item.group.is_some() && !entry.acknowledged))
            .collect();
        old.iter().for_each(|(id, _)| self.forget(*id));
        old.iter().filter(|(_, unanswered)| *unanswered).count()
    }

    /// Channels that died or came back since this was last asked.
    pub fn take_alarms(&mut self) -> Vec<Alarm> {
        core::mem::take(&mut self.alarms)
    }

    /// How many messages are not delivered yet.
    pub fn waiting(&self) -> usize {
        let of = |lane: &Lane| lane.under_way + lane.waiting.iter().map(BTreeSet::len).sum::<usize>();
        self.lanes.values().map(of).sum()
    }

    /// A message.
    pub fn item(&self, id: u64) -> Option<&Item> {
        self.entries.get(&id).map(|entry| &entry.item)
    }

    fn lane(&mut self, way: &Way) -> &mut Lane {
        self.lanes.entry(Arc::clone(way)).or_default()
    }

    /// Takes a message out of those that wait.
    fn take_out(&mut self, id: u64) {
        let Some(entry) = self.entries.get(&id) else { return };
        let (stage, rank, way) = (entry.stage, rank(entry.item.notice), Arc::clone(&entry.item.way));
        if let Stage::Waiting(at) = stage {
            self.lane(&way).waiting[rank].remove(&(at, id));
        }
    }

    fn forget(&mut self, id: u64) {
        self.take_out(id);
        if let Some(entry) = self.entries.remove(&id) {
            self.tokens.remove(&entry.item.token);
        }
    }
}

/// Which of a channel's two rows a message waits in.
const fn rank(notice: Notice) -> usize {
    if is_urgent(notice) { 0 } else { 1 }
}

/// Whether somebody needs help.
const fn is_urgent(notice: Notice) -> bool {
    matches!(notice, Notice::EmergencyCall | Notice::CallFailed | Notice::AbandonedCall | Notice::Callback)
}

/// The pause after so many tries.
fn pause(tries: u32) -> Duration {
    (FIRST_PAUSE * 2u32.saturating_pow(tries.saturating_sub(1).min(10))).min(LONGEST_PAUSE)
}

/// The name of a recipient's channel.
pub fn way(channel: Channel, to: &Arc<str>) -> Way {
    match channel {
        Channel::Email => "email".into(),
        Channel::Webhook => Arc::clone(to),
        Channel::Desktop => [DESKS, to].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn queue() -> Queue {
        Queue::new(DAY, Duration::from_secs(120))
    }

    fn at(secs: u64) -> Mono {
        Mono::from_micros(secs * 1_000_000)
    }

    fn item(number: u64, notice: Notice, made: Mono) -> Item {
        let mut token = [0; 32];
        token[..8].copy_from_slice(&number.to_be_bytes());
        let call = Some(Handle { shard: 0, slot: 0, nonce: 7 });
        Item { notice, call, way: "email".into(), group: None, step: 0, made, tries: 0, token }
    }

    fn of_step(number: u64, step: u8) -> Item {
        Item { group: Some("desk".into()), step, ..item(number, Notice::EmergencyCall, at(0)) }
    }

    #[test]
    fn a_mail_server_that_is_down_for_most_of_a_day_loses_nothing_and_is_not_hammered() {
        let mut queue = queue();
        for id in 0..100 {
            assert!(queue.add(id, item(id, Notice::EmergencyCall, at(0))));
        }
        let (mut now, mut tries) = (at(0), 0);
        let back = at(23 * 60 * 60);
        let mut delivered = 0;
        while delivered < 100 {
            while let Some(id) = queue.next_due(now) {
                tries += u32::from(now < back);
                let tried = if now < back { Tried::Failed } else { Tried::Taken };
                delivered += usize::from(queue.tried(id, tried, now) == Some(Verdict::Delivered));
            }
            now = queue.poll_timeout(now).unwrap_or(now + LONGEST_PAUSE);
        }
        assert!(now < back + LONGEST_PAUSE * 2, "all are delivered within minutes");
        assert!(tries < 100 * 300, "{tries} tries in 23 hours");
        let told: Vec<bool> = queue.take_alarms().iter().map(|alarm| alarm.dead).collect();
        assert_eq!(told, [true, false], "one alarm when it died and one when it was back");
    }

    #[test]
    fn what_was_tried_for_a_day_is_given_up() {
        let mut queue = queue();
        queue.add(1, item(1, Notice::TestCall, at(0)));
        let (mut now, mut last) = (at(0), None);
        while let Some(due) = Some(now).filter(|_| last != Some(Verdict::GivenUp)) {
            if queue.next_due(due).is_some() {
                last = queue.tried(1, Tried::Failed, due);
            }
            now = queue.poll_timeout(due).unwrap_or(due + Duration::from_secs(1));
        }
        assert!(now >= at(24 * 60 * 60) && queue.waiting() == 0);
    }

    #[test]
    fn ten_thousand_in_a_minute_wait_their_turn_and_a_call_for_help_goes_before_them() {
        let mut queue = queue();
        for id in 0..10_000 {
            assert!(queue.add(id, item(id, Notice::TestCall, at(id / 200))));
        }
        for _ in 0..AT_ONCE / 2 {
            assert!(queue.next_due(at(60)).is_some());
        }
        assert!(queue.add(77_777, item(77_777, Notice::EmergencyCall, at(60))));
        assert_eq!(queue.next_due(at(60)), Some(77_777));
        let under_way = (0..100).filter(|_| queue.next_due(at(60)).is_some()).count();
        assert_eq!(under_way, AT_ONCE / 2 - 1, "no more than the channel takes at once");
    }

    #[test]
    fn a_full_queue_takes_calls_for_help_from_its_reserve_and_then_nothing() {
        let mut queue = queue();
        let mut id = 0;
        while queue.add(id, item(id, Notice::TestCall, at(0))) {
            id += 1;
        }
        assert_eq!(id as usize, MOST_WAITING / 10 * 9);
        while queue.add(id, item(id, Notice::EmergencyCall, at(0))) {
            id += 1;
        }
        assert_eq!(id as usize, MOST_WAITING);
    }

    #[test]
    fn the_next_step_is_told_when_nobody_acknowledges_and_not_when_somebody_has() {
        for acknowledges in [false, true] {
            let mut queue = queue();
            (0..3).for_each(|id| assert!(queue.add(id, of_step(id, id as u8))));
            assert_eq!(queue.next_due(at(1)), Some(0));
            queue.tried(0, Tried::Taken, at(1));
            assert_eq!(queue.next_due(at(119)), None);
            assert_eq!(queue.next_due(at(120)), Some(1));
            queue.tried(1, Tried::Taken, at(120));
            if acknowledges {
                let token = queue.item(1).unwrap().token;
                assert_eq!(queue.acknowledge(&token), Some(Acknowledged { id: 1, spared: vec![2] }));
                assert_eq!(queue.acknowledge(&token), Some(Acknowledged { id: 1, spared: vec![] }), "twice is once");
            }
            assert_eq!(queue.next_due(at(240)), (!acknowledges).then_some(2));
        }
        assert_eq!(queue().acknowledge(&[9; 32]), None);
    }

    #[test]
    fn what_nobody_was_there_for_is_due_when_somebody_is_but_no_later_step_before_its_time() {
        let mut queue = queue();
        (0..2).for_each(|id| assert!(queue.add(id, of_step(id, id as u8))));
        queue.next_due(at(0));
        queue.tried(0, Tried::Failed, at(0));
        assert_eq!(queue.next_due(at(1)), None);
        queue.hurry(&"pager".into(), at(1));
        assert_eq!(queue.next_due(at(1)), None, "somebody else is there");
        queue.hurry(&"email".into(), at(1));
        assert_eq!(queue.next_due(at(1)), Some(0));
        assert_eq!(queue.tried(0, Tried::Taken, at(1)), Some(Verdict::Delivered));
        assert_eq!((queue.next_due(at(1)), queue.waiting()), (None, 1));
    }

    #[test]
    fn a_dead_channel_holds_up_no_other() {
        let mut queue = queue();
        for id in 0..20 {
            queue.add(id, item(id, Notice::EmergencyCall, at(0)));
        }
        for _ in 0..DEAD_AFTER {
            let id = queue.next_due(at(0)).unwrap();
            queue.tried(id, Tried::Failed, at(0));
        }
        assert!(queue.next_due(at(0)).is_some(), "one asks whether it is back");
        assert!(queue.next_due(at(0)).is_none(), "and only one");
        queue.add(99, Item { way: "pager".into(), ..item(99, Notice::TestCall, at(0)) });
        assert_eq!(queue.next_due(at(0)), Some(99));
    }
}
