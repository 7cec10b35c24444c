//! Where what happens meets those who listen. Whoever tells waits for no reader: a stream has a queue, and when that is full
//! the stream is cut off.
use super::tickets::Tickets;
use crate::base::entropy::Entropy;
use crate::base::id::Handle;
use crate::cache::Cache;
use crate::desktop::board::Board;
use crate::desktop::{Event, EventId, Seat, Whose};
use crate::edge::clock::Clock;
use crate::edge::metrics::desktops::Desktops;
use core::task::{Context, Poll};
use core::time::Duration;
use hashbrown::HashMap;
use serde_json::Value;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};

/// How many events may wait for the reader of a stream.
pub const QUEUE_LEN: usize = 64;

/// How long a notice may wait in the queues before it counts as taken by nobody.
const TAKEN_WITHIN: Duration = Duration::from_secs(10);

/// How many streams there may be, and who wants to know that somebody sat down at a desk.
pub struct Rules {
    /// How many streams there may be at once.
    pub most_streams: usize,
    /// Is told the organisation and the desk.
    pub arrived: mpsc::Sender<(Arc<str>, Arc<str>)>,
}

/// The place where they meet.
pub struct Hub {
    clock: Clock,
    rules: Rules,
    pub(super) counts: Desktops,
    inner: Mutex<Inner>,
    /// Told when the last stream has ended.
    empty: Condvar,
}

struct Inner {
    board: Board,
    queues: HashMap<u64, Queue, foldhash::fast::RandomState>,
    tickets: Tickets,
    /// How many connections have not ended: more than there are queues while some end.
    staying: usize,
    closing: bool,
}

struct Queue {
    to: mpsc::Sender<Told>,
    cut: Arc<Notify>,
}

/// An event on its way to one reader.
pub(super) struct Told {
    pub(super) event: Arc<Event>,
    /// Who wants to know that it was taken.
    taken: Option<mpsc::Sender<()>>,
}

impl Told {
    /// It is written, as far as we can tell.
    pub(super) fn taken(self) {
        // One who took it is enough, so it is well when another was first.
        let _told = self.taken.map(|taken| taken.try_send(()));
    }
}

/// What one reader is to get.
pub(super) struct Stream {
    first: std::vec::IntoIter<Arc<Event>>,
    queue: mpsc::Receiver<Told>,
}

impl Stream {
    /// The next event; `None` when it is over.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Told>> {
        match self.first.next() {
            Some(event) => Poll::Ready(Some(Told { event, taken: None })),
            None => self.queue.poll_recv(context),
        }
    }

    /// The same for who can wait.
    pub(super) async fn next(&mut self) -> Option<Told> {
        core::future::poll_fn(|context| self.poll(context)).await
    }
}

/// As long as it is kept, its stream is counted.
pub(super) struct Stay {
    hub: Arc<Hub>,
    stream: u64,
}

impl Drop for Stay {
    fn drop(&mut self) {
        let mut inner = self.hub.inner();
        inner.board.leave(self.stream);
        inner.queues.remove(&self.stream);
        inner.staying -= 1;
        self.hub.counts.streams(inner.queues.len());
        if inner.staying == 0 {
            self.hub.empty.notify_all();
        }
    }
}

impl Hub {
    /// An empty one.
    pub fn new(cache: Arc<Cache>, clock: Clock, rules: Rules, counts: Desktops) -> Hub {
        let board = Board::new(cache, clock.now().wall.as_millis());
        let inner =
            Inner { board, queues: HashMap::default(), tickets: Tickets::default(), staying: 0, closing: false };
        Hub { clock, rules, counts, inner: Mutex::new(inner), empty: Condvar::new() }
    }

    /// Lets the board hear something, and hands on what it says.
    pub fn tell(&self, hear: impl FnOnce(&mut Board)) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        hear(&mut inner.board);
        for (stream, event) in inner.board.take() {
            self.hand(inner, stream, Told { event, taken: None });
        }
    }

    /// Tells a desk. True once one of its streams has taken it, within a time.
    pub async fn deliver(&self, organisation: &str, desk: &str, delivery: &str, notice: &str) -> bool {
        let Some(mut heard) = self.notify(organisation, desk, delivery, notice) else { return false };
        tokio::time::timeout(TAKEN_WITHIN, heard.recv()).await.ok().flatten().is_some()
    }

    fn notify(&self, organisation: &str, desk: &str, delivery: &str, notice: &str) -> Option<mpsc::Receiver<()>> {
        let mut said: Value = serde_json::from_str(notice).ok()?;
        let call = said.get("call_id").and_then(Value::as_str).and_then(|id| Handle::read(id.as_bytes()));
        said.as_object_mut()?.insert("delivery".into(), delivery.into());
        let seat = Seat { organisation: organisation.into(), whose: Whose::Desk(desk.into()) };
        let mut inner = self.inner();
        let inner = &mut *inner;
        let (event, streams) = inner.board.notice(self.clock.now().mono, &seat, call, said.to_string())?;
        let (taken, heard) = mpsc::channel(1);
        for stream in streams {
            self.hand(inner, stream, Told { event: Arc::clone(&event), taken: Some(taken.clone()) });
        }
        Some(heard)
    }

    /// Puts an event into a stream's queue. Whose reader is too slow hears nothing more, and its connection ends.
    fn hand(&self, inner: &mut Inner, stream: u64, told: Told) {
        let Some(queue) = inner.queues.get(&stream) else { return };
        match queue.to.try_send(told) {
            Ok(()) => self.counts.event(),
            Err(TrySendError::Full(_)) => {
                queue.cut.notify_one();
                inner.queues.remove(&stream);
                inner.board.leave(stream);
                self.counts.cut_off();
                self.counts.streams(inner.queues.len());
            }
            // It has just ended by itself.
            Err(TrySendError::Closed(_)) => {}
        }
    }

    /// Somebody begins to listen; `cut` ends the connection at once. `None` when there is no room, or we leave.
    pub(super) fn join(
        self: &Arc<Self>,
        seat: Seat,
        heard: Option<EventId>,
        cut: Arc<Notify>,
    ) -> Option<(Stream, Stay)> {
        let now = self.clock.now();
        let arrived = match &seat.whose {
            Whose::Desk(desk) => Some((Arc::clone(&seat.organisation), Arc::clone(desk))),
            _ => None,
        };
        let mut inner = self.inner();
        if inner.closing || inner.queues.len() >= self.rules.most_streams {
            return None;
        }
        let joined = inner.board.join(seat, heard, now.wall);
        if let Some(displaced) = joined.displaced.and_then(|stream| inner.queues.remove(&stream)) {
            displaced.cut.notify_one();
            self.counts.cut_off();
        }
        let (to, queue) = mpsc::channel(QUEUE_LEN);
        inner.queues.insert(joined.stream, Queue { to, cut });
        inner.staying += 1;
        self.counts.streams(inner.queues.len());
        drop(inner);
        // What waits for the desk is sent now; when nobody hears of this, a little later.
        let _soon = arrived.map(|desk| self.rules.arrived.try_send(desk));
        let stay = Stay { hub: Arc::clone(self), stream: joined.stream };
        Some((Stream { first: joined.events.into_iter(), queue }, stay))
    }

    /// A ticket for a seat; `None` when too many wait to be used.
    pub(super) fn issue(&self, seat: Seat, chance: &mut Entropy) -> Option<String> {
        self.inner().tickets.issue(seat, self.clock.now().mono, chance)
    }

    /// The seat of a ticket, which serves no second time.
    pub(super) fn redeem(&self, ticket: &str) -> Option<Seat> {
        self.inner().tickets.redeem(ticket, self.clock.now().mono)
    }

    /// Ends all streams, each after what waits for it, and lets nobody in any more.
    pub fn close(&self) {
        let mut inner = self.inner();
        inner.closing = true;
        inner.queues.clear();
    }

    /// Waits until all streams have ended, but not longer than this.
    pub fn await_empty(&self, within: Duration) {
        let ended = self.empty.wait_timeout_while(self.inner(), within, |inner| inner.staying > 0);
        drop(ended);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
