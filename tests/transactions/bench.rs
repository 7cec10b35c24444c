//! One layer on a bench: a clock that is stepped, the wire's other end, and a record of all that happens.
use bytes::Bytes;
use callbox::base::entropy::Entropy;
use callbox::base::now::{Mono, Now, Wall};
use callbox::sip::flow::{Flow, Transport};
use callbox::sip::message::{Message, Name};
use callbox::sip::respond::respond;
use callbox::sip::transaction::{ClientId, Event, Expiry, Layer, ServerId, Transmit};

pub struct Bench {
    pub layer: Layer<u32>,
    pub entropy: Entropy,
    pub now: Now,
    /// What left, with the millisecond at which it did.
    pub sent: Vec<(u64, Transmit)>,
    /// What was reported by timers, likewise.
    pub events: Vec<(u64, Expiry<u32>)>,
}

pub fn flow(transport: Transport) -> Flow {
    Flow {
        transport,
        local: "192.0.2.1:5060".parse().unwrap(),
        peer: "192.0.2.99:5070".parse().unwrap(),
        connection: (transport == Transport::Tcp).then_some(7),
    }
}

pub fn read(text: &str) -> Message {
    Message::read(Bytes::from(text.replace('\n', "\r\n"))).unwrap()
}

pub fn text(transmit: &Transmit) -> String {
    String::from_utf8(transmit.bytes.to_vec()).unwrap()
}

impl Bench {
    pub fn new() -> Self {
        let now = Now { mono: Mono::from_micros(0), wall: Wall::from_millis(0) };
        let entropy = Entropy::seeded([7; 32]);
        Self { layer: Layer::new(0), entropy, now, sent: Vec::new(), events: Vec::new() }
    }

    pub fn millis(&self) -> u64 {
        self.now.mono.as_micros() / 1000
    }

    /// Steps the clock from deadline to deadline up to this moment.
    pub fn until(&mut self, millis: u64) {
        while let Some(at) = self.layer.next_deadline().filter(|at| at.as_micros() <= millis * 1000) {
            self.now.mono = at.max(self.now.mono);
            self.fire();
        }
        self.now.mono = Mono::from_micros(millis * 1000);
        self.fire();
    }

    fn fire(&mut self) {
        let mut out = Vec::new();
        while let Some(event) = self.layer.fire(self.now, &mut out) {
            self.events.push((self.millis(), event));
        }
        self.record(out);
    }

    fn record(&mut self, out: Vec<Transmit>) {
        let millis = self.millis();
        self.sent.extend(out.into_iter().map(|transmit| (millis, transmit)));
    }

    pub fn receive_on(&mut self, flow: Flow, message: Message) -> Option<Event<u32>> {
        let mut out = Vec::new();
        let event = self.layer.receive(self.now, flow, &message, &mut self.entropy, &mut out);
        self.record(out);
        event
    }

    /// Sends a request of ours; its branch stands where `BRANCH` is written.
    pub fn start_on(&mut self, flow: Flow, user: u32, request: &str) -> ClientId {
        let id = self.layer.reserve(user, &mut self.entropy);
        let request = request.replace("BRANCH", &id.branch()).replace('\n', "\r\n");
        let mut out = Vec::new();
        self.layer.start(self.now, id, flow, Bytes::from(request), &mut out);
        self.record(out);
        id
    }

    pub fn cancel(&mut self, id: ClientId, reason: Option<&str>) {
        let mut out = Vec::new();
        self.layer.cancel(self.now, id, reason, &mut out);
        self.record(out);
    }

    /// Answers a request that came, as a user would.
    pub fn respond(&mut self, id: ServerId, request: &Message, code: u16) {
        let source = flow(Transport::Udp).peer;
        let bytes = respond(Default::default(), request, source, code, "", Some(b"ours"), false).finish(None);
        let mut out = Vec::new();
        self.layer.respond(self.now, id, code, bytes, &mut out);
        self.record(out);
    }

    /// A response of the peer to what we sent.
    pub fn answer(&mut self, request: &Transmit, code: u16) -> Option<Event<u32>> {
        let message = Message::read(request.bytes.clone()).unwrap();
        let bytes = respond(Default::default(), &message, request.flow.local, code, "", Some(b"theirs"), false);
        let response = Message::read(bytes.finish(None)).unwrap();
        self.receive_on(request.flow, response)
    }

    pub fn last(&self) -> Transmit {
        self.sent.last().unwrap().1.clone()
    }

    /// When something left, and its first word; a response's code.
    pub fn ladder(&self) -> Vec<(u64, String)> {
        let word = |transmit: &Transmit| {
            let message = Message::read(transmit.bytes.clone()).unwrap();
            match message.status() {
                Some(code) => code.to_string(),
                None => String::from_utf8(message.method_text().to_vec()).unwrap(),
            }
        };
        self.sent.iter().map(|(millis, transmit)| (*millis, word(transmit))).collect()
    }

    pub fn moments(&self) -> Vec<u64> {
        self.sent.iter().map(|(millis, _)| *millis).collect()
    }
}

pub fn value(message: &Transmit, name: Name) -> String {
    let message = Message::read(message.bytes.clone()).unwrap();
    let values: Vec<_> = message.values(name).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect();
    values.join(" | ")
}
