//! The protocol work of whole calls without sockets: 7 messages in, 7 out, from INVITE to the last 200. Prints time and
//! allocations a call for the legacy and the i3 profile. What the far ends do is not counted.
//!
//! Each is printed twice: warm, calls one behind the other, and cold, with everything thrown out of the caches of the
//! core before each message, which is what a router of a few hundred calls a second finds after each wake.
//!
//! With `--count legacy` or `--count i3` it makes [`COUNTED`] calls of one profile and nothing else, for
//! `benches/count`, which counts their instructions.
mod counted;

use bytes::Bytes;
use callbox::b2bua::{Engine, Input, Setup};
use callbox::base::entropy::Entropy;
use callbox::base::now::{Mono, Now, Wall};
use callbox::cache::Cache;
use callbox::record::{Profile, Trunk};
use callbox::sip::flow::{Flow, Transport};
use callbox::sip::message::{Message, Name, Writer};
use callbox::sip::respond::respond;
use callbox::sip::transaction::Transmit;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

const SDP: &[u8] = b"v=0\r\no=user1 53655765 2353687637 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
m=audio 6000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n";

/// What is read before each message of a cold call: more than the caches of a core hold.
const EVICTING_BYTES: usize = 32 << 20;

/// The bytes of a line of the caches.
const LINE_BYTES: usize = 64;

struct Bench {
    engine: Engine,
    now: Now,
    /// Read before each message; empty for warm calls.
    evicting: Vec<u8>,
    spent: Duration,
    allocated: u64,
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn flow(port: u16) -> Flow {
    Flow { transport: Transport::Udp, local: address(5060), peer: address(port), connection: None }
}

impl Bench {
    fn new(profile: Profile, is_cold: bool) -> Bench {
        let cache = Arc::new(Cache::default());
        let world = callbox::config::world::lab().expect("the lab's config");
        let _settings = world.publish(&cache);
        let mut snapshot = (**cache.snapshot.load()).clone();
        for trunk in &mut snapshot.trunks {
            *trunk = Arc::new(Trunk { profile, probe: false, ..(**trunk).clone() });
        }
        cache.snapshot.store(Arc::new(snapshot));
        let setup = Setup {
            shard: 0,
            listeners: vec![(Transport::Udp, address(5060))],
            max_calls: 100_000,
            emergency_reserve_percent: 20,
            orphan_max: std::time::Duration::from_secs(3600),
            relay_unknown: false,
        };
        let mut engine = Engine::new(setup, cache, Entropy::seeded([7; 32]), Box::new(|| Mono::from_micros(0)));
        let now = Now { mono: Mono::from_micros(0), wall: Wall::from_millis(1_795_000_000_000) };
        engine.handle(now, Input::Configured);
        let evicting = vec![1; if is_cold { EVICTING_BYTES } else { 0 }];
        Bench { engine, now, evicting, spent: Duration::ZERO, allocated: 0 }
    }

    /// One message into the engine; what it sends comes back.
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    fn give(&mut self, port: u16, bytes: Bytes) -> Vec<Transmit> {
        self.now.mono = self.now.mono + Duration::from_micros(200);
        let lines = self.evicting.iter_mut().step_by(LINE_BYTES);
        lines.for_each(|byte| *core::hint::black_box(byte) = byte.wrapping_add(1));
        let (before, began) = (counted::allocations(), Instant::now());
        engine_work(&mut self.engine, self.now, flow(port), bytes);
        self.spent += began.elapsed();
        self.allocated += counted::allocations() - before;
        let sent = self.engine.drain_transmits().collect();
        self.engine.drain_accounts().for_each(drop);
        self.engine.drain_facts().for_each(drop);
        self.engine.drain_changes().for_each(drop);
        sent
    }

    fn call(&mut self, number: usize) {
        let sent = self.give(5999, invite(number));
        let offer = to(&sent, 5070);
        let _ringing = self.give(5070, answer(&offer, 180, false));
        let sent = self.give(5070, answer(&offer, 200, true));
        let ok = to(&sent, 5999);
        let _acked = self.give(5999, request(&ok, "ACK", 1, number));
        let sent = self.give(5999, request(&ok, "BYE", 2, number));
        let bye = to(&sent, 5070);
        let _done = self.give(5070, answer(&bye, 200, false));
    }
}

#[inline(never)]
fn engine_work(engine: &mut Engine, now: Now, flow: Flow, bytes: Bytes) {
    engine.handle(now, Input::Received { flow, bytes });
    if engine.poll_timeout().is_some_and(|deadline| deadline <= now.mono) {
        engine.on_time(now);
    }
}

fn to(sent: &[Transmit], port: u16) -> Message {
    let last = sent.iter().rfind(|transmit| transmit.flow.peer.port() == port).expect("a message for the peer");
    Message::read(last.bytes.clone()).expect("a readable message")
}

fn invite(number: usize) -> Bytes {
    let head = format!(
        "INVITE sip:911@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bK-1-{number}-0\r\n\
         From: \"Alice\" <sip:+13125550123@127.0.0.1:5999>;tag=1t{number}\r\nTo: <sip:911@127.0.0.1:5060>\r\n\
         Call-ID: {number}-1@127.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:+13125550123@127.0.0.1:5999>\r\n\
         Max-Forwards: 70\r\nP-Asserted-Identity: <sip:+13125550123@127.0.0.1>\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n",
        SDP.len()
    );
    [head.as_bytes(), SDP].concat().into()
}

fn answer(request: &Message, code: u16, session: bool) -> Bytes {
    let mut writer: Writer = respond(bytes::BytesMut::new(), request, address(5060), code, "", Some(b"psap"), true);
    writer.field(Name::Contact, "<sip:127.0.0.1:5070>");
    writer.finish(session.then_some((b"application/sdp", SDP)))
}

fn request(ok: &Message, method: &str, cseq: u32, number: usize) -> Bytes {
    let value = |name| String::from_utf8_lossy(ok.value(name).unwrap_or_default()).into_owned();
    format!(
        "{method} sip:callbox@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5999;branch=z9hG4bK-1-{number}-{cseq}{method}\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        value(Name::From),
        value(Name::To),
        value(Name::CallId)
    )
    .into()
}

/// How many calls are made for counting.
const COUNTED: usize = 1000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--count") {
        let profile = match arguments.get(place + 1).map(String::as_str) {
            Some("legacy") => Profile::Legacy,
            Some("i3") => Profile::I3,
            other => panic!("--count takes legacy or i3, not {other:?}"),
        };
        let mut bench = Bench::new(profile, false);
        (0..COUNTED).for_each(|number| bench.call(number));
        return println!("{COUNTED} calls");
    }
    let all = if arguments.iter().any(|argument| argument == "--bench") { 100_000 } else { 100 };
    for (profile, is_cold) in
        [Profile::Legacy, Profile::I3].into_iter().flat_map(|profile| [(profile, false), (profile, true)])
    {
        let calls = if is_cold { all / 100 } else { all };
        let mut bench = Bench::new(profile, is_cold);
        (0..calls / 10).for_each(|number| bench.call(number));
        (bench.spent, bench.allocated) = (Duration::ZERO, 0);
        (calls..2 * calls).for_each(|number| bench.call(number));
        let (micros, each) = (bench.spent.as_secs_f64() * 1e6, bench.allocated as f64 / calls as f64);
        let caches = if is_cold { "cold" } else { "warm" };
        println!("whole call, {profile:?}, {caches}: {:.1} µs, {each:.1} allocations", micros / calls as f64);
    }
}
