//! Who can be called back, by number and by token, and the numbers of the pools that are lent.
//!
//! All spans are measured with the clock that never steps back, so no change of the calendar ends a window early or
//! lends a number twice. What must be found again after a crash leaves as [`Change`]s for whoever keeps them.
mod holders;

use crate::base::id::Handle;
use crate::base::now::Mono;
use crate::record::window::MOST_TOKENS;
use crate::record::{Callbacks, Caller, Holder, Number, Site, Window};
use core::time::Duration;
use foldhash::fast::RandomState;
use hashbrown::HashMap;
use holders::{Holders, enter, forget};
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most windows at once. A caller beyond is not called back under a number of its own.
pub const MOST_WINDOWS: usize = 100_000;

/// How many numbers of each pool rest after a crash: those that would have been lent next may have been, in the instant
/// before what was lent could be kept.
pub const RESTING: usize = 2;

/// How long after its window a number is lent again at the earliest: by then it is kept that the window is over.
const REST: Duration = Duration::from_secs(60);

/// How many windows are looked at in one go for whether they are over: calls wait meanwhile.
pub const AT_ONCE: usize = 256;

/// How many of those who have used a number are looked at when it is called: many times those who are ever asked.
pub const MOST_OF_A_NUMBER: usize = 256;

/// How long a window that should be over and has a call going on is left alone.
const LATER: Duration = Duration::from_secs(60);

/// What must be kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A window that is new or has changed, as it is at this moment.
    Put(Arc<Window>, Mono),
    /// A window that is over; with its number, and the rank at which that has become free.
    Gone(Holder, Option<(Number, u64)>),
}

/// What the pool of a site has for a caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The number that it holds already.
    pub held: Option<Number>,
    /// The number that it would be lent.
    pub free: Option<Number>,
}

/// What a call is called back by.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Who calls.
    pub caller: Caller,
    /// The token of this call.
    pub token: Handle,
    /// The number to lend to it.
    pub lend: Option<Number>,
    /// The number of its place.
    pub elin: Option<Number>,
    /// Other numbers that it shows.
    pub shared: SmallVec<[Number; 2]>,
}

/// The windows and the lent numbers.
#[derive(Debug, Default)]
pub struct Leases(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    windows: Map<Holder, Arc<Window>>,
    /// When each window is looked at, which is never after it is over; one entry a window.
    order: BTreeMap<(Mono, u64), Holder>,
    /// The entry of each.
    placed: Map<Holder, (Mono, u64)>,
    entries: u64,
    by_token: Map<Handle, Holder>,
    by_number: Map<Number, Holders>,
    by_line: Map<(Arc<str>, Number), Holders>,
    /// When each number of a pool has become free, as a rank.
    used: Map<Number, u64>,
    /// Numbers that have become free, and when they may be lent again.
    leaving: Map<Number, Mono>,
    /// The same, the next one first; one that was lent meanwhile is in it, too.
    rests: VecDeque<(Mono, Number)>,
    rank: u64,
}

type Map<K, V> = HashMap<K, V, RandomState>;

impl Leases {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a pool has for this caller. Nothing is lent by asking.
    pub fn offer(&self, holder: &Holder, pool: &[Number], now: Mono) -> Offer {
        let book = self.book();
        let held = book.windows.get(holder).filter(|window| !window.is_over(now)).and_then(|window| window.lent);
        Offer { held, free: if held.is_none() { book.free(pool, now).next_used(&book) } else { None } }
    }

    /// How many numbers of a pool are free.
    pub fn free(&self, pool: &[Number], now: Mono) -> usize {
        let book = self.book();
        book.free(pool, now).0.count()
    }

    /// Opens the window of a call, or goes on with that of its caller. What comes back is the number that it has been
    /// lent: the one it held, or the one it was to have, unless that has been lent to somebody else meanwhile.
    pub fn open(&self, opening: Opening, terms: &Callbacks, now: Mono) -> (Option<Number>, Option<Change>) {
        let mut book = self.book();
        let known = book.windows.get(&opening.caller.holder);
        let (is_known, is_over) = (known.is_some(), known.is_some_and(|window| window.is_over(now)));
        if is_over {
            // What is over is forgotten here too; its row is written anew.
            let _over = book.end(&opening.caller.holder, now);
        }
        let until = now + terms.lease;
        let window = match is_known && !is_over {
            true => book.renew(opening, until, now),
            false if book.windows.len() >= MOST_WINDOWS => None,
            false => Some(book.begin(opening, until, now)),
        };
        (window.as_ref().and_then(|window| window.lent), window.map(|window| Change::Put(window, now)))
    }

    /// A call back to this caller begins.
    pub fn begins(&self, holder: &Holder, now: Mono) -> Option<Change> {
        self.change(holder, now, |window| window.open = window.open.saturating_add(1))
    }

    /// A call that has to do with this caller is over. `hung_up_soon`: its caller may have misdialled.
    pub fn ends(&self, holder: &Holder, hung_up_soon: bool, terms: &Callbacks, now: Mono) -> Option<Change> {
        self.change(holder, now, |window| {
            window.open = window.open.saturating_sub(1);
            window.until = window.until.max(now + terms.after);
            window.ended = Some(now);
            if hung_up_soon {
                window.kept_free = Some(now + terms.kept_free);
            }
        })
    }

    fn change(&self, holder: &Holder, now: Mono, work: impl FnOnce(&mut Window)) -> Option<Change> {
        let mut book = self.book();
        let window = book.windows.get_mut(holder)?;
        work(Arc::make_mut(window));
        Some(Change::Put(Arc::clone(window), now))
    }

    /// The token of a caller's latest call.
    pub fn latest_call(&self, holder: &Holder) -> Option<Handle> {
        self.book().windows.get(holder).and_then(|window| window.tokens.first().copied())
    }

    /// Whose token it is.
    pub fn of_token(&self, token: Handle, now: Mono) -> Option<Window> {
        let book = self.book();
        let holder = book.by_token.get(&token)?;
        book.windows.get(holder).filter(|window| !window.is_over(now)).map(|window| Window::clone(window))
    }

    /// Who used a number, the one who called last first; behind them those who have been lent one of their own, and show
    /// this one on trunks alone that may not show that. [`MOST_OF_A_NUMBER`] at most.
    pub fn of_number(&self, number: Number, now: Mono) -> Vec<Window> {
        let book = self.book();
        let holders = book.by_number.get(&number).into_iter().flat_map(Holders::iter);
        let windows = holders.filter_map(|holder| book.windows.get(holder)).filter(|window| !window.is_over(now));
        windows.take(MOST_OF_A_NUMBER).map(|window| Window::clone(window)).collect()
    }

    /// Whether a line takes no everyday calls for a while: its caller hung up on an emergency call so soon that somebody
    /// will call back.
    pub fn is_kept_free(&self, organisation: &Arc<str>, line: Number, now: Mono) -> bool {
        let book = self.book();
        let holders = book.by_line.get(&(Arc::clone(organisation), line)).into_iter().flat_map(Holders::iter);
        holders
            .filter_map(|holder| book.windows.get(holder))
            .any(|window| window.kept_free.is_some_and(|until| until > now))
    }

    /// Forgets windows that are over, the oldest first, and looks at [`AT_ONCE`] of them at most. Tells whose sites they
    /// were, and whether there are more to look at.
    pub fn expire(&self, now: Mono) -> (Vec<(Change, Arc<str>)>, bool) {
        let mut book = self.book();
        book.rested(now);
        let mut gone = Vec::new();
        for _ in 0..AT_ONCE {
            let Some(holder) = book.due(now) else { return (gone, false) };
            match book.windows.get(&holder).map(|window| (window.is_over(now), window.until)) {
                Some((false, until)) => book.place(&holder, until.max(now + LATER)),
                _ => gone.extend(book.end(&holder, now)),
            }
        }
        (gone, book.due(now).is_some())
    }

    /// Takes what was kept when a node starts, each window with how long ago it ended, and gives back what is to be kept
    /// from now on. No call of the time before goes on, so a window has `after` from now where one was.
    ///
    /// `crashed`: the sites of a node that did not end by itself. What it did last may not have been kept. So each window
    /// has the time that a call in its last instant would have given to it, and of each pool the numbers that were next
    /// rest, as if they were lent to nobody.
    pub fn restore<'a>(
        &self,
        kept: impl IntoIterator<Item = (Window, Duration)>,
        used: impl IntoIterator<Item = (Number, u64)>,
        crashed: Option<impl Iterator<Item = &'a Site>>,
        terms: &Callbacks,
        now: Mono,
    ) -> Vec<Change> {
        let mut book = self.book();
        book.used.extend(used);
        let kept: Vec<_> = kept.into_iter().collect();
        let ranks = kept.iter().map(|(window, _)| window.rank).chain(book.used.values().copied());
        book.rank = ranks.max().unwrap_or(0);
        let mut changes = Vec::new();
        for (mut window, mut overdue) in kept {
            if window.open > 0 {
                // As long as a call goes on, no window ends.
                overdue = Duration::ZERO;
                window.until = window.until.max(now + terms.after);
                (window.open, window.ended) = (0, Some(now));
            }
            if crashed.is_some() {
                window.until = window.until.max(now + terms.lease.max(terms.after).saturating_sub(overdue));
            }
            if window.is_over(now) {
                let holder = window.caller.holder.clone();
                book.put(Arc::new(window));
                changes.extend(book.end(&holder, now).map(|(change, _)| change));
            } else {
                let window = Arc::new(window);
                changes.push(Change::Put(Arc::clone(&window), now));
                book.put(window);
            }
        }
        for site in crashed.into_iter().flatten() {
            for _ in 0..RESTING {
                let Some(number) = book.free(&site.pool, now).next_used(&book) else { break };
                changes.push(book.rest(site, number, now + terms.lease, now));
            }
        }
        changes
    }

    /// How many windows there are.
    pub fn len(&self) -> usize {
        self.book().windows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The free numbers of a pool.
struct Free<I>(I);

impl<I: Iterator<Item = Number>> Free<I> {
    /// The one that was lent the longest time ago, if ever.
    fn next_used(self, book: &Book) -> Option<Number> {
        self.0.min_by_key(|number| book.used.get(number).copied().unwrap_or(0))
    }
}

impl Book {
    fn is_free(&self, number: Number, now: Mono) -> bool {
        let is_lent = |holder: &Holder| self.windows.get(holder).is_some_and(|window| window.lent == Some(number));
        let is_leaving = self.leaving.get(&number).is_some_and(|until| *until > now);
        !is_leaving && !self.by_number.get(&number).into_iter().flat_map(Holders::iter).any(is_lent)
    }

    fn free(&self, pool: &[Number], now: Mono) -> Free<impl Iterator<Item = Number>> {
        Free(pool.iter().copied().filter(move |number| self.is_free(*number, now)))
    }

    /// Lends a number to nobody.
    fn rest(&mut self, site: &Site, number: Number, until: Mono, now: Mono) -> Change {
        self.rank += 1;
        let caller = Caller {
            holder: Holder::nobody(number),
            organisation: Arc::clone(&site.organisation),
            site: Arc::clone(&site.id),
            source: Arc::default(),
            line: None,
            shown: None,
            device: None,
            contact: None,
            place: None,
            asked: SmallVec::new(),
        };
        let window = Arc::new(Window {
            caller,
            tokens: SmallVec::new(),
            lent: Some(number),
            elin: None,
            shared: SmallVec::new(),
            rank: self.rank,
            open: 0,
            until,
            ended: None,
            kept_free: None,
        });
        self.put(Arc::clone(&window));
        Change::Put(window, now)
    }

    /// What a caller is lent whose window begins or goes on: what it held, or what it is to have where that is free.
    fn lend(&mut self, held: Option<Number>, wanted: Option<Number>, now: Mono) -> Option<Number> {
        let lent = held.or_else(|| wanted.filter(|number| self.is_free(*number, now)));
        if let Some(number) = lent {
            self.leaving.remove(&number);
        }
        lent
    }

    /// The window of a caller who has none.
    fn begin(&mut self, opening: Opening, until: Mono, now: Mono) -> Arc<Window> {
        let Opening { caller, token, lend, elin, shared } = opening;
        let lent = self.lend(None, lend, now);
        self.rank += 1;
        let window = Arc::new(Window {
            caller,
            tokens: SmallVec::from_elem(token, 1),
            lent,
            elin,
            shared,
            rank: self.rank,
            open: 1,
            until,
            ended: None,
            kept_free: None,
        });
        self.put(Arc::clone(&window));
        window
    }

    /// Goes on with the window of a caller who has one.
    fn renew(&mut self, opening: Opening, until: Mono, now: Mono) -> Option<Arc<Window>> {
        let Opening { caller, token, lend, elin, shared } = opening;
        let mut known = self.windows.remove(&caller.holder)?;
        self.leave(&known);
        let lent = self.lend(known.lent, lend, now);
        self.rank += 1;
        let window = Arc::make_mut(&mut known);
        if window.tokens.len() >= MOST_TOKENS
            && let Some(oldest) = window.tokens.pop()
        {
            self.by_token.remove(&oldest);
        }
        window.tokens.insert(0, token);
        self.by_token.insert(token, caller.holder.clone());
        let before = core::mem::replace(&mut window.shared, shared);
        let most = window.shared.len() + MOST_TOKENS;
        for number in before {
            if window.shared.len() < most && !window.shared.contains(&number) {
                window.shared.push(number);
            }
        }
        (window.caller, window.lent, window.elin, window.rank) = (caller, lent, elin.or(window.elin), self.rank);
        window.open = window.open.saturating_add(1);
        window.until = window.until.max(until);
        (window.ended, window.kept_free) = (None, None);
        self.enter(&known);
        self.windows.insert(known.caller.holder.clone(), Arc::clone(&known));
        Some(known)
    }

    /// Enters a window under its numbers and its line.
    fn enter(&mut self, window: &Window) {
        for number in window.numbers() {
            enter(&mut self.by_number, number, window, number);
        }
        if let Some(line) = window.caller.line {
            enter(&mut self.by_line, (Arc::clone(&window.caller.organisation), line), window, line);
        }
    }

    /// Takes it out from under them.
    fn leave(&mut self, window: &Window) {
        for number in window.numbers() {
            forget(&mut self.by_number, &number, window, number);
        }
        if let Some(line) = window.caller.line {
            forget(&mut self.by_line, &(Arc::clone(&window.caller.organisation), line), window, line);
        }
    }

    fn put(&mut self, window: Arc<Window>) {
        let holder = &window.caller.holder;
        for token in &window.tokens {
            self.by_token.insert(*token, holder.clone());
        }
        self.enter(&window);
        if !self.placed.contains_key(holder) {
            let (holder, until) = (holder.clone(), window.until);
            self.place(&holder, until);
        }
        self.windows.insert(window.caller.holder.clone(), window);
    }

    /// Says when a window is looked at next. Its end only ever moves away: whoever comes too early comes again.
    fn place(&mut self, holder: &Holder, at: Mono) {
        self.entries += 1;
        let place = (at, self.entries);
        if let Some(before) = self.placed.insert(holder.clone(), place) {
            self.order.remove(&before);
        }
        self.order.insert(place, holder.clone());
    }

    /// The next window that is to be looked at by now.
    fn due(&self, now: Mono) -> Option<Holder> {
        self.order.first_key_value().filter(|((at, _), _)| *at <= now).map(|(_, holder)| holder.clone())
    }

    /// Lets numbers be lent again that have rested.
    fn rested(&mut self, now: Mono) {
        while let Some((until, number)) = self.rests.pop_front_if(|(until, _)| *until <= now) {
            if self.leaving.get(&number) == Some(&until) {
                self.leaving.remove(&number);
            }
        }
    }

    /// Forgets a window. Its number goes behind all others.
    fn end(&mut self, holder: &Holder, now: Mono) -> Option<(Change, Arc<str>)> {
        let window = self.take_out(holder)?;
        let (holder, site) = (window.caller.holder.clone(), Arc::clone(&window.caller.site));
        let freed = window.lent.map(|number| {
            self.rank += 1;
            self.used.insert(number, self.rank);
            self.leaving.insert(number, now + REST);
            self.rests.push_back((now + REST, number));
            (number, self.rank)
        });
        Some((Change::Gone(holder, freed), site))
    }

    fn take_out(&mut self, holder: &Holder) -> Option<Arc<Window>> {
        let window = self.windows.remove(holder)?;
        if let Some(place) = self.placed.remove(holder) {
            self.order.remove(&place);
        }
        for token in &window.tokens {
            self.by_token.remove(token);
        }
        self.leave(&window);
        Some(window)
    }
}
