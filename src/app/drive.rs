//! Input, engine, output: the loop of one shard. It waits for sockets, deadlines and word from outside, hands each to
//! the engine, and carries out what the engine asked before it waits again.
use super::control::Control;
use super::narrate;
use super::witness::{self, Seen, Teller};
use crate::b2bua::ask::Answer;
use crate::b2bua::voice::News as Spoken;
use crate::b2bua::{Engine, Input};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::edge::clock::Clock;
use crate::edge::fetch::Fetcher;
use crate::edge::metrics::{Direction, Metrics};
use crate::edge::net::{Arrival, Datagrams, News, Streams};
use crate::edge::state::leases::Keeper;
use crate::edge::voice::Voice;
use crate::fact::Fact;
use crate::sip::flow::Transport;
use core::future::poll_fn;
use core::net::SocketAddr;
use core::pin::Pin;
use core::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Sleep;

/// How many arrivals of streams are taken before they are answered.
const BURST: usize = 64;

/// A shard: an engine and what carries its messages.
pub struct Shard {
    /// The engine.
    pub engine: Engine,
    /// Its UDP sockets.
    pub datagrams: Datagrams,
    /// Its TCP connections.
    pub streams: Streams,
    /// What they say.
    pub news: mpsc::Receiver<News>,
    /// The test IVR's voice.
    pub voice: Voice,
    /// Who fetches locations that callers bring by reference.
    pub fetcher: Fetcher,
    /// Those who notify and keep records.
    pub teller: Teller,
    /// Word from outside.
    pub control: mpsc::Receiver<Control>,
    /// The node's clock.
    pub clock: Clock,
    /// The node's numbers.
    pub metrics: Metrics,
    /// What keeps the windows of callers.
    pub keeper: Keeper,
    /// Whether nothing may be sent beyond this machine.
    pub loopback_only: bool,
}

/// What woke the loop.
enum Woken {
    Datagrams,
    Streams(Option<News>),
    Deadline,
    Voice((Handle, Spoken)),
    Fetched(Answer),
    Told(Option<Control>),
}

impl Shard {
    /// Runs until it is told to leave.
    pub async fn run(mut self) {
        self.engine.handle(self.clock.now(), Input::Configured);
        let mut leaving = false;
        let mut arrivals = Vec::with_capacity(BURST);
        let mut alarm = Alarm::new();
        loop {
            self.carry_out(&mut arrivals);
            if leaving && self.engine.callers() == 0 {
                return;
            }
            match self.wait(&mut alarm).await {
                Woken::Datagrams => self.datagrams.receive(|arrival| arrivals.push(arrival)),
                Woken::Streams(news) => {
                    arrivals.extend(news.and_then(|news| self.streams.learn(news)));
                    while arrivals.len() < BURST {
                        let Ok(news) = self.news.try_recv() else { break };
                        arrivals.extend(self.streams.learn(news));
                    }
                }
                Woken::Deadline => {}
                Woken::Voice((call, news)) => self.engine.handle(self.clock.now(), Input::Voice(call, news)),
                Woken::Fetched(answer) => self.engine.handle(self.clock.now(), Input::Fetched(answer)),
                Woken::Told(Some(Control::Configured { trunks })) => {
                    self.metrics.follow(&trunks);
                    self.engine.handle(self.clock.now(), Input::Configured);
                }
                Woken::Told(Some(Control::Happened(fact))) => {
                    let at = self.clock.now();
                    happened(&mut self.teller, &mut self.metrics, at, fact);
                }
                Woken::Told(Some(Control::Drain)) => {
                    leaving = true;
                    self.engine.handle(self.clock.now(), Input::Drain);
                }
                Woken::Told(Some(Control::Stop) | None) => return,
            }
            let now = self.take(&mut arrivals).unwrap_or_else(|| self.clock.now());
            if self.engine.poll_timeout().is_some_and(|deadline| deadline <= now.mono) {
                self.engine.on_time(now);
            }
        }
    }

    async fn wait(&mut self, alarm: &mut Alarm) -> Woken {
        let Shard { engine, datagrams, news, voice, fetcher, control, clock, .. } = self;
        let deadline = engine.poll_timeout();
        tokio::select! {
            biased;
            () = poll_fn(|context| datagrams.poll_ready(context)) => Woken::Datagrams,
            news = news.recv() => Woken::Streams(news),
            told = control.recv() => Woken::Told(told),
            said = voice.news() => Woken::Voice(said),
            answer = fetcher.answer() => Woken::Fetched(answer),
            () = alarm.rings(clock, deadline) => Woken::Deadline,
        }
    }

    /// Gives the engine what arrived, and the time of the last of it.
    fn take(&mut self, arrivals: &mut Vec<Arrival>) -> Option<Now> {
        let mut now = None;
        for arrival in arrivals.drain(..) {
            let input = match arrival {
                Arrival::Message(flow, bytes) => {
                    self.metrics.message(Direction::In, &bytes);
                    Input::Received { flow, bytes }
                }
                Arrival::Unreachable(flow) => Input::Unreachable(flow),
                Arrival::StreamOpen(peer) => Input::StreamOpen(peer),
                Arrival::StreamClosed(flow) => Input::StreamClosed(flow),
            };
            self.engine.handle(*now.insert(self.clock.now()), input);
        }
        now
    }

    /// Sends what the engine wrote and tells what happened. What could not be sent comes back as an arrival and may make
    /// the engine write more.
    fn carry_out(&mut self, failures: &mut Vec<Arrival>) {
        let Shard { engine, fetcher, .. } = self;
        let refused: Vec<Answer> = engine.drain_asked().filter_map(|order| fetcher.order(order)).collect();
        for answer in refused {
            self.engine.handle(self.clock.now(), Input::Fetched(answer));
        }
        loop {
            for transmit in self.engine.drain_transmits() {
                self.metrics.message(Direction::Out, &transmit.bytes);
                // Whatever a peer wrote into a Contact or a Route: what may stay on this machine alone never leaves it.
                if !may_leave(transmit.flow.peer, self.loopback_only) {
                    failures.push(Arrival::Unreachable(transmit.flow));
                    continue;
                }
                match transmit.flow.transport {
                    Transport::Udp => self.datagrams.send(&transmit.flow, &transmit.bytes, |a| failures.push(a)),
                    Transport::Tcp => self.streams.send(&transmit.flow, transmit.bytes, |a| failures.push(a)),
                }
            }
            if failures.is_empty() {
                break;
            }
            let _time = self.take(failures);
        }
        for change in self.engine.drain_changes() {
            self.keeper.keep(change);
        }
        for order in self.engine.drain_orders() {
            self.voice.order(order);
        }
        self.metrics.retransmissions(self.engine.copies());
        self.tell();
    }

    /// Counts and logs what happened, and tells those who notify and keep records.
    fn tell(&mut self) {
        let Shard { engine, teller, metrics, clock, .. } = self;
        for account in engine.drain_accounts() {
            teller.tell(Seen::Account(account)).iter().for_each(|fact| note(metrics, fact));
        }
        let mut at = None;
        for fact in engine.drain_facts() {
            let at = *at.get_or_insert_with(|| clock.now());
            happened(teller, metrics, at, fact);
        }
    }
}

fn note(metrics: &mut Metrics, fact: &Fact) {
    metrics.count(fact);
    narrate::fact(fact);
}

fn happened(teller: &mut Teller, metrics: &mut Metrics, at: Now, fact: Fact) {
    note(metrics, &fact);
    if witness::concerns(&fact) {
        teller.tell(Seen::Fact(at, fact)).iter().for_each(|fact| note(metrics, fact));
    }
}

fn may_leave(peer: SocketAddr, loopback_only: bool) -> bool {
    !loopback_only || peer.ip().to_canonical().is_loopback()
}

/// The runtime's timer for the engine's next deadline. It is set anew only when the deadline has moved, which most
/// messages do not cause.
struct Alarm {
    sleep: Pin<Box<Sleep>>,
    set: Option<Mono>,
}

impl Alarm {
    fn new() -> Alarm {
        Alarm { sleep: Box::pin(tokio::time::sleep(Duration::ZERO)), set: None }
    }

    /// Waits for the deadline, or for ever when there is none.
    async fn rings(&mut self, clock: &Clock, deadline: Option<Mono>) {
        let Some(deadline) = deadline else { return core::future::pending().await };
        if self.set != Some(deadline) {
            self.sleep.as_mut().reset(clock.instant_of(deadline).into());
            self.set = Some(deadline);
        }
        self.sleep.as_mut().await;
        self.set = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stay_on_this_machine_alone_leaves_it_for_no_contact_that_a_peer_writes() {
        let here = ["127.0.0.1:5070", "127.9.9.9:5060", "[::1]:5060", "[::ffff:127.0.0.1]:5060"];
        let elsewhere = ["192.0.2.1:5060", "0.0.0.0:5060", "[2001:db8::1]:5060", "10.0.0.1:5060"];
        let may = |address: &str, loopback_only| may_leave(address.parse().unwrap(), loopback_only);
        assert!(here.iter().all(|address| may(address, true) && may(address, false)));
        assert!(elsewhere.iter().all(|address| !may(address, true) && may(address, false)));
    }
}
