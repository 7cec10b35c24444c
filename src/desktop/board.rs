//! Who is told what: the calls that go on, those who listen, and the last events for whoever was away for a moment.
use super::event::{self, Event, EventId, Stage};
use super::seat::{Seat, Seats, seats_of};
use crate::account::{Account, News, Particulars};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now, Wall};
use crate::cache::Cache;
use crate::fact::{Fact, Feature};
use crate::record::{Class, Number};
use core::time::Duration;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use serde_json::{Map, Value, json};
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many calls are followed at once. Of more, desktops hear nothing: a banner that nobody takes down is worse than none.
pub const MOST_CALLS: usize = 20_000;

/// How many streams one seat may have; with each more the oldest is cut off, which is mostly one whose desktop is gone.
pub const MOST_STREAMS_OF_ONE: usize = 16;

/// How many events are kept for those who come back.
pub const MOST_PAST: usize = 1024;

/// How long.
const PAST_KEPT: Duration = Duration::from_secs(300);

/// How often it is looked for what is over.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// How long a call is followed whose end nobody told.
const KEPT: Duration = Duration::from_secs(12 * 60 * 60);

/// How many desks are remembered to have a notice of one call.
const MOST_NOTICES: usize = 8;

/// A call that goes on.
pub(super) struct Call {
    pub(super) class: Class,
    pub(super) begun: Now,
    pub(super) service: Option<Number>,
    pub(super) line: Option<Number>,
    stage: Stage,
    seats: Seats,
    blocked: SmallVec<[Feature; 4]>,
    /// What desks were last told of it.
    notices: Vec<(Seat, Arc<Event>)>,
}

/// Who listens at a seat, and which calls are heard there.
#[derive(Default)]
struct Place {
    /// The oldest first.
    streams: SmallVec<[u64; 2]>,
    calls: SmallVec<[Handle; 2]>,
    /// When the last stream ended, as long as somebody may come back and ask what was said meanwhile.
    left: Option<Mono>,
}

impl Place {
    /// Whether what is said here is heard by somebody, or may be soon.
    fn is_heard(&self) -> bool {
        !self.streams.is_empty() || self.left.is_some()
    }
}

struct Past {
    at: Mono,
    event: Arc<Event>,
    seats: Seats,
}

/// What somebody gets who begins to listen.
pub struct Joined {
    /// What the stream is called from now on.
    pub stream: u64,
    /// What was missed, and then everything that goes on.
    pub events: Vec<Arc<Event>>,
    /// The stream that made room.
    pub displaced: Option<u64>,
}

/// The machine.
pub struct Board {
    cache: Arc<Cache>,
    run: u64,
    events: u64,
    streams: u64,
    calls: HashMap<Handle, Call, RandomState>,
    places: HashMap<Seat, Place, RandomState>,
    members: HashMap<u64, Seat, RandomState>,
    past: VecDeque<Past>,
    now: Mono,
    swept: Mono,
    out: Vec<(u64, Arc<Event>)>,
}

impl Board {
    /// An empty one; `run` tells the events of this run of the node from those of others.
    pub fn new(cache: Arc<Cache>, run: u64) -> Board {
        Board {
            cache,
            run,
            events: 0,
            streams: 0,
            calls: HashMap::default(),
            places: HashMap::default(),
            members: HashMap::default(),
            past: VecDeque::new(),
            now: Mono::default(),
            swept: Mono::default(),
            out: Vec::new(),
        }
    }

    /// News of a call.
    pub fn account(&mut self, account: &Account) {
        let News::Decided(told) = &account.news else { return };
        if self.calls.len() >= MOST_CALLS || self.calls.contains_key(&account.call) {
            return;
        }
        let call = self.begun(account, told);
        for seat in &call.seats {
            self.places.entry(seat.clone()).or_default().calls.push(account.call);
        }
        if self.is_heard(&call.seats) {
            let said = event::call(account.call, &call, Stage::Started, account.at.wall);
            self.tell(account.at.mono, event::name(call.class, Stage::Started), said, call.seats.clone());
        }
        self.calls.insert(account.call, call);
    }

    fn begun(&self, account: &Account, told: &Particulars) -> Call {
        Call {
            class: account.class,
            begun: account.at,
            service: told.service.filter(|_| account.class != Class::Callback),
            line: told.line.as_ref().map(|line| line.number).or(told.number),
            stage: Stage::Started,
            seats: seats_of(&self.cache, account, told),
            blocked: SmallVec::new(),
            notices: Vec::new(),
        }
    }

    /// A fact, and when it happened.
    pub fn fact(&mut self, at: Now, fact: &Fact) {
        match fact {
            Fact::Ringing { call, .. } => self.reached(*call, Stage::Ringing, at),
            Fact::Answered { call, .. } => self.reached(*call, Stage::Answered, at),
            Fact::FeatureBlocked { call, feature, .. } => self.blocked(*call, *feature, at),
            Fact::Ended { call, outcome, .. } => self.ended(*call, outcome.text(), at),
            _ => {}
        }
    }

    /// Forgets what is long over.
    pub fn on_time(&mut self, now: Now) {
        self.now = now.mono;
        if now.mono.since(self.swept) < SWEEP_EVERY {
            return;
        }
        self.swept = now.mono;
        while self.past.front().is_some_and(|past| now.mono.since(past.at) > PAST_KEPT) {
            self.past.pop_front();
        }
        let is_old = |call: &Call| now.mono.since(call.begun.mono) > KEPT;
        let old: Vec<Handle> = self.calls.iter().filter(|(_, call)| is_old(call)).map(|(id, _)| *id).collect();
        old.into_iter().for_each(|call| self.ended(call, "unknown", now));
        let is_over = |left: Mono| now.mono.since(left) > PAST_KEPT;
        self.places.retain(|_, place| {
            place.left = place.left.filter(|left| !is_over(*left));
            place.is_heard() || !place.calls.is_empty()
        });
    }

    /// A notice for a desk: the event, and the streams that it goes to. Where nobody listens it is no event yet.
    pub fn notice(
        &mut self,
        at: Mono,
        desk: &Seat,
        call: Option<Handle>,
        data: String,
    ) -> Option<(Arc<Event>, Vec<u64>)> {
        let streams =
            self.places.get(desk).map(|place| place.streams.to_vec()).filter(|streams| !streams.is_empty())?;
        let event = self.event(at, "notice", data, Seats::from_iter([desk.clone()]));
        if let Some(open) = call.and_then(|call| self.calls.get_mut(&call)) {
            open.notices.retain(|(known, _)| known != desk);
            if open.notices.len() < MOST_NOTICES {
                open.notices.push((desk.clone(), Arc::clone(&event)));
            }
        }
        Some((event, streams))
    }

    /// Somebody begins to listen, and has heard everything up to `heard`.
    pub fn join(&mut self, seat: Seat, heard: Option<EventId>, now: Wall) -> Joined {
        self.streams += 1;
        let stream = self.streams;
        let heard = heard.filter(|id| id.run == self.run).map_or(u64::MAX, |id| id.number);
        let is_missed = |past: &&Past| past.event.id.number > heard && past.seats.contains(&seat);
        let mut events: Vec<_> = self.past.iter().filter(is_missed).map(|past| Arc::clone(&past.event)).collect();
        events.push(Arc::new(self.snapshot(&seat, now)));
        let place = self.places.entry(seat.clone()).or_default();
        place.left = None;
        place.streams.push(stream);
        let displaced = (place.streams.len() > MOST_STREAMS_OF_ONE).then(|| place.streams.remove(0));
        displaced.iter().for_each(|stream| drop(self.members.remove(stream)));
        self.members.insert(stream, seat);
        Joined { stream, events, displaced }
    }

    /// Somebody listens no more. Twice is once.
    pub fn leave(&mut self, stream: u64) {
        let Some(seat) = self.members.remove(&stream) else { return };
        if let Some(place) = self.places.get_mut(&seat) {
            place.streams.retain(|known| *known != stream);
            place.left = Some(self.now).filter(|_| place.streams.is_empty());
        }
    }

    /// What goes to whom.
    pub fn take(&mut self) -> Vec<(u64, Arc<Event>)> {
        core::mem::take(&mut self.out)
    }

    fn reached(&mut self, id: Handle, stage: Stage, at: Now) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.stage < stage) else { return };
        call.stage = stage;
        self.say(id, at, None);
    }

    /// Each feature once: a phone that asks to hold a thousand times fills no screen.
    fn blocked(&mut self, id: Handle, feature: Feature, at: Now) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| !call.blocked.contains(&feature)) else { return };
        call.blocked.push(feature);
        self.say(id, at, Some(feature));
    }

    /// Says how far a call is, or what its caller's side may not do.
    fn say(&mut self, id: Handle, at: Now, blocked: Option<Feature>) {
        let Some(call) = self.calls.get(&id).filter(|call| self.is_heard(&call.seats)) else { return };
        let mut said = event::call(id, call, call.stage, at.wall);
        said.extend(blocked.map(|feature| ("feature".to_owned(), json!(feature.text()))));
        let name = blocked.map_or(event::name(call.class, call.stage), |_| "feature_blocked");
        let seats = call.seats.clone();
        self.tell(at.mono, name, said, seats);
    }

    /// Most calls are of users without a desktop; for them nothing is written.
    fn is_heard(&self, seats: &Seats) -> bool {
        seats.iter().any(|seat| self.places.get(seat).is_some_and(Place::is_heard))
    }

    fn ended(&mut self, id: Handle, outcome: &str, at: Now) {
        let Some(call) = self.calls.remove(&id) else { return };
        for seat in &call.seats {
            let Some(place) = self.places.get_mut(seat) else { continue };
            place.calls.retain(|known| *known != id);
            if place.calls.is_empty() && !place.is_heard() {
                self.places.remove(seat);
            }
        }
        if self.is_heard(&call.seats) {
            let mut said = event::call(id, &call, Stage::Ended, at.wall);
            said.insert("outcome".into(), json!(outcome));
            self.tell(at.mono, event::name(call.class, Stage::Ended), said, call.seats);
        }
    }

    fn tell(&mut self, at: Mono, name: &'static str, said: Map<String, Value>, seats: Seats) {
        let event = self.event(at, name, Value::Object(said).to_string(), seats.clone());
        let places = seats.iter().filter_map(|seat| self.places.get(seat));
        self.out.extend(places.flat_map(|place| &place.streams).map(|stream| (*stream, Arc::clone(&event))));
    }

    fn event(&mut self, at: Mono, name: &'static str, data: String, seats: Seats) -> Arc<Event> {
        self.events += 1;
        let event = Arc::new(Event { id: EventId { run: self.run, number: self.events }, name, data });
        if self.past.len() >= MOST_PAST {
            self.past.pop_front();
        }
        self.past.push_back(Past { at, event: Arc::clone(&event), seats });
        event
    }

    /// Everything that goes on at a seat. It has the number of the last event, so that whoever comes back misses nothing.
    fn snapshot(&self, seat: &Seat, now: Wall) -> Event {
        let data = if seat.is_desk() {
            let of_desk = self.calls.values().flat_map(|call| &call.notices).filter(|(desk, _)| desk == seat);
            let mut notices: Vec<_> = of_desk.map(|(_, event)| event).collect();
            notices.sort_unstable_by_key(|event| event.id.number);
            let read = |event: &&Arc<Event>| serde_json::from_str::<Value>(&event.data).ok();
            json!({ "notices": notices.iter().filter_map(read).collect::<Vec<_>>() })
        } else {
            let here = self.places.get(seat).map(|place| &place.calls[..]).unwrap_or_default();
            let known = here.iter().filter_map(|id| Some((*id, self.calls.get(id)?)));
            json!({ "calls": known.map(|(id, call)| event::call(id, call, call.stage, now)).collect::<Vec<_>>() })
        };
        let id = EventId { run: self.run, number: self.events };
        Event { id, name: "snapshot", data: data.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Whose;
    use super::*;

    fn desk(organisation: &str) -> Seat {
        Seat { organisation: organisation.into(), whose: Whose::Desk("front".into()) }
    }

    fn board() -> Board {
        Board::new(Arc::default(), 7)
    }

    fn at(secs: u64) -> Mono {
        Mono::from_micros(secs * 1_000_000)
    }

    fn notice(board: &mut Board, secs: u64, text: &str) -> Option<Vec<u64>> {
        board.notice(at(secs), &desk("acme"), None, format!("{{\"note\":\"{text}\"}}")).map(|(_, streams)| streams)
    }

    fn heard(joined: &Joined) -> Vec<(&str, &str)> {
        joined.events.iter().map(|event| (event.name, &*event.data)).collect()
    }

    #[test]
    fn a_notice_goes_to_every_stream_of_its_desk_and_to_no_other_organisations() {
        let mut board = board();
        assert_eq!(notice(&mut board, 0, "nobody is there"), None);
        let one = board.join(desk("acme"), None, Wall::default()).stream;
        let other = board.join(desk("acme"), None, Wall::default()).stream;
        board.join(desk("rival"), None, Wall::default());
        assert_eq!(notice(&mut board, 1, "help"), Some(vec![one, other]));
        board.leave(one);
        board.leave(one);
        assert_eq!(notice(&mut board, 2, "more help"), Some(vec![other]));
    }

    #[test]
    fn whoever_comes_back_hears_what_it_missed_and_then_what_goes_on() {
        let mut board = board();
        let first = board.join(desk("acme"), None, Wall::default());
        assert_eq!(heard(&first), [("snapshot", "{\"notices\":[]}")]);
        let heard_last = first.events[0].id;
        notice(&mut board, 1, "a");
        notice(&mut board, 2, "b");
        let told = [("notice", "{\"note\":\"a\"}"), ("notice", "{\"note\":\"b\"}"), ("snapshot", "{\"notices\":[]}")];
        let back = board.join(desk("acme"), EventId::read(&heard_last.to_string()), Wall::default());
        assert_eq!(heard(&back), told);
        let later = EventId { number: 1, ..heard_last };
        assert_eq!(heard(&board.join(desk("acme"), Some(later), Wall::default())), told[1..]);
        let of_another_run = EventId { run: 8, ..heard_last };
        assert_eq!(heard(&board.join(desk("acme"), Some(of_another_run), Wall::default())), told[2..]);
        assert_eq!(heard(&board.join(desk("rival"), Some(heard_last), Wall::default())), told[2..]);
        board.on_time(Now { mono: at(400), wall: Wall::default() });
        assert_eq!(heard(&board.join(desk("acme"), Some(heard_last), Wall::default())), told[2..], "too long ago");
    }

    #[test]
    fn the_oldest_stream_of_a_seat_makes_room_and_the_past_has_an_end() {
        let mut board = board();
        let streams: Vec<_> =
            (0..MOST_STREAMS_OF_ONE).map(|_| board.join(desk("acme"), None, Wall::default())).collect();
        assert!(streams.iter().all(|joined| joined.displaced.is_none()));
        let next = board.join(desk("acme"), None, Wall::default());
        assert_eq!(next.displaced, Some(streams[0].stream));
        let heard_last = next.events[0].id;
        (0..2 * MOST_PAST).for_each(|_| drop(notice(&mut board, 1, "again")));
        board.leave(next.stream);
        let back = board.join(desk("acme"), Some(heard_last), Wall::default());
        assert_eq!(back.events.len(), MOST_PAST + 1);
    }

    #[test]
    fn what_is_no_event_of_ours_was_not_heard() {
        for text in ["", "-", "7", "7-", "-7", "x-1", "7-x", "7-1-1", "7--1"] {
            assert_eq!(EventId::read(text), None, "{text}");
        }
        let id = EventId { run: 1_795_000_000_000, number: 12 };
        assert_eq!(EventId::read(&id.to_string()), Some(id));
    }
}
