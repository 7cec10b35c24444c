//! Probes of trunks by OPTIONS, and what real calls teach about them.
use super::call::Owner;
use super::core::{Core, DATAGRAM_BYTES, Wake};
use super::offer;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::fact::Fact;
use crate::record::trunk::Carrier;
use crate::record::{Profile, Trunk, TrunkKind};
use crate::routing::health::{Change, Health, State};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Message, Method, Name, Writer};
use crate::sip::transaction::ClientId;
use core::time::Duration;
use std::sync::Arc;

/// How long a probe waits for an answer. Twice the first retransmission: a live peer on a bad line still makes it.
const PATIENCE: Duration = Duration::from_secs(2);

struct Probed {
    trunk: Arc<Trunk>,
    nonce: u64,
    waiting: Option<ClientId>,
    /// When the wheel is to wake us: the next probe, or the end of the one that waits.
    due: Mono,
}

/// The trunks that are probed.
#[derive(Default)]
pub struct Prober {
    probed: Vec<Probed>,
}

impl Prober {
    /// Takes over the configured trunks; what is known of trunks that stay is kept.
    pub fn configure(&mut self, core: &mut Core, now: Now) {
        for waiting in self.probed.drain(..).filter_map(|probed| probed.waiting) {
            core.layer.forget(waiting);
        }
        let snapshot = core.cache.snapshot.load_full();
        core.health.retain(|name, _| snapshot.trunks.iter().any(|trunk| trunk.name == *name));
        for trunk in snapshot.trunks.iter() {
            let (probed, chance) = (trunk.probe && trunk.kind != TrunkKind::Pbx, core.entropy.bits());
            core.health.entry(trunk.name.clone()).or_insert_with(|| Health::new(now.mono, probed, chance));
            if probed {
                let place = u32::try_from(self.probed.len()).unwrap_or(u32::MAX);
                let nonce = core.entropy.bits();
                self.probed.push(Probed { trunk: trunk.clone(), nonce, waiting: None, due: now.mono });
                core.wheel.schedule(now.mono, Wake::Probe(place));
            }
        }
    }

    /// A probe is due, or has waited long enough.
    pub fn on_time(&mut self, core: &mut Core, place: u32, now: Now) {
        let Some(probed) = self.probed.get_mut(place as usize).filter(|probed| probed.due <= now.mono) else { return };
        if let Some(client) = probed.waiting.take() {
            core.layer.forget(client);
            let trunk = probed.trunk.clone();
            core.trunk_missed(&trunk, now);
            self.plan(core, place, now);
        } else {
            self.send(core, place, now);
        }
    }

    fn send(&mut self, core: &mut Core, place: u32, now: Now) {
        let Some(probed) = self.probed.get_mut(place as usize) else { return };
        let trunk = probed.trunk.clone();
        let owner = Owner::Probe(Handle { shard: core.setup.shard, slot: place, nonce: probed.nonce });
        let peer = core.cache.target(&trunk);
        let Some((peer, flow)) = peer.and_then(|peer| Some((peer, core.path(&trunk, peer, false)?))) else {
            core.trunk_missed(&trunk, now);
            self.plan(core, place, now);
            return;
        };
        let client = options(core, &trunk, owner, flow, now);
        open_stream(core, &trunk, peer, owner, now);
        if let Some(probed) = self.probed.get_mut(place as usize) {
            probed.waiting = Some(client);
            probed.due = now.mono + PATIENCE;
            core.wheel.schedule(probed.due, Wake::Probe(place));
        }
    }

    fn plan(&mut self, core: &mut Core, place: u32, now: Now) {
        let Some(probed) = self.probed.get_mut(place as usize) else { return };
        let chance = core.entropy.bits();
        let Some(health) = core.health.get_mut(&probed.trunk.name) else { return };
        health.probe_sent(now.mono, chance);
        probed.due = health.next_probe().unwrap_or(now.mono + PATIENCE);
        core.wheel.schedule(probed.due, Wake::Probe(place));
    }

    /// An answer to a probe: any but 408 and 503 shows a trunk that is alive.
    pub fn answered(&mut self, core: &mut Core, owner: Handle, client: ClientId, response: &Message, now: Now) {
        let code = response.status().unwrap_or(0);
        let probed = self.probed.get_mut(owner.slot as usize).filter(|probed| probed.nonce == owner.nonce);
        let Some(probed) = probed.filter(|_| code >= 200) else { return };
        let trunk = probed.trunk.clone();
        let waited_for = probed.waiting == Some(client);
        if waited_for {
            probed.waiting = None;
        }
        match code {
            408 | 503 => match response.number(Name::RetryAfter).filter(|_| code == 503) {
                Some(retry_after) => core.trunk_busy(&trunk, retry_after, now),
                None => core.trunk_missed(&trunk, now),
            },
            _ => core.trunk_heard(&trunk, now),
        }
        if waited_for {
            self.plan(core, owner.slot, now);
        }
    }

    /// A probe could not be delivered.
    pub fn failed(&mut self, core: &mut Core, owner: Handle, client: ClientId, now: Now) {
        let probed = self.probed.get_mut(owner.slot as usize).filter(|probed| probed.nonce == owner.nonce);
        core.layer.forget(client);
        let Some(probed) = probed.filter(|probed| probed.waiting == Some(client)) else { return };
        probed.waiting = None;
        let trunk = probed.trunk.clone();
        core.trunk_missed(&trunk, now);
        self.plan(core, owner.slot, now);
    }
}

/// Requests to these trunks are larger than a datagram should be; a stream that is already open carries them without a
/// moment lost (rulings 11), so the probe opens one.
fn open_stream(core: &mut Core, trunk: &Trunk, peer: core::net::SocketAddr, owner: Owner, now: Now) {
    let large = matches!(trunk.profile, Profile::I3 | Profile::Relay) && trunk.carrier == Carrier::Udp;
    let stream = core.local(Transport::Tcp, peer).filter(|_| large && !core.streams.contains(&peer));
    if let Some(local) = stream {
        let flow = Flow { transport: Transport::Tcp, local, peer, connection: None };
        let _stream_probe = options(core, trunk, owner, flow, now);
    }
}

fn options(core: &mut Core, trunk: &Trunk, owner: Owner, flow: Flow, now: Now) -> ClientId {
    let client = core.layer.reserve(owner, &mut core.entropy);
    let domain = core.cache.snapshot.load().domain.clone();
    let host = match trunk.port {
        Some(port) if trunk.host.contains(':') => format!("sip:[{}]:{port}", trunk.host),
        Some(port) => format!("sip:{}:{port}", trunk.host),
        None => format!("sip:{}", trunk.host),
    };
    let mut writer = Writer::request(core.buffer(), Method::Options, host.as_bytes());
    writer.field_with(Name::Via, |out| offer::via(out, flow, &client.branch()));
    writer.field(Name::MaxForwards, "70");
    let tag = core.handle(u32::MAX).text();
    writer.field_with(Name::From, |out| offer::put(out, format_args!("<sip:callbox@{domain}>;tag={tag}")));
    writer.field_with(Name::To, |out| offer::put(out, format_args!("<{host}>")));
    writer.field_with(Name::CallId, |out| offer::put(out, format_args!("{tag}@{domain}")));
    writer.field(Name::CSeq, "1 OPTIONS");
    writer.field_with(Name::Contact, |out| offer::contact(out, "callbox", flow));
    writer.field(Name::Accept, "application/sdp").field(Name::UserAgent, super::core::PRODUCT);
    let bytes = core.finish(writer, None);
    debug_assert!(bytes.len() <= DATAGRAM_BYTES, "a probe fits a datagram");
    core.layer.start(now, client, flow, bytes, &mut core.transmits);
    client
}

impl Core {
    /// A trunk answered something.
    pub fn trunk_heard(&mut self, trunk: &Trunk, now: Now) {
        let chance = self.entropy.bits();
        let change = self.health.get_mut(&trunk.name).and_then(|health| health.heard(now.mono, chance));
        self.trunk_changed(trunk, change);
    }

    /// A trunk was silent, or what was sent to it did not arrive.
    pub fn trunk_missed(&mut self, trunk: &Trunk, now: Now) {
        let chance = self.entropy.bits();
        let change = self.health.get_mut(&trunk.name).and_then(|health| health.missed(now.mono, chance));
        self.trunk_changed(trunk, change);
    }

    /// A trunk said 503 with a Retry-After, in seconds: it goes last for as long as it asked.
    pub fn trunk_busy(&mut self, trunk: &Trunk, retry_after: u32, now: Now) {
        if let Some(health) = self.health.get_mut(&trunk.name) {
            health.busy(now.mono, Duration::from_secs(u64::from(retry_after)));
        }
    }

    fn trunk_changed(&mut self, trunk: &Trunk, change: Option<Change>) {
        let across = |change: &Change| (change.from == State::Down) != (change.to == State::Down);
        if let Some(change) = change.filter(across) {
            self.facts.push(Fact::TrunkState { trunk: trunk.name.clone(), up: change.to != State::Down });
        }
    }
}
