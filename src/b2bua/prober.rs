//! Probes of trunks by OPTIONS, each address by itself.
use super::call::Owner;
use super::core::{Core, DATAGRAM_BYTES, Wake};
use super::offer;
use super::standing::is_probed;
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::record::trunk::Carrier;
use crate::record::{Profile, Trunk};
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Message, Method, Name, Writer};
use crate::sip::transaction::ClientId;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use smallvec::SmallVec;
use std::sync::Arc;

/// How long a probe waits for an answer. Twice the first retransmission: a live peer on a bad line still makes it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A trunk and the probes of its addresses.
struct Probed {
    trunk: Arc<Trunk>,
    nonce: u64,
    lines: SmallVec<[Line; 1]>,
    /// When the wheel is to wake us.
    due: Option<Mono>,
}

/// The probes of one address.
struct Line {
    address: Option<SocketAddr>,
    /// The one that waits for its answer, and for how long.
    waiting: Option<(ClientId, Mono)>,
    /// Whether it was never asked.
    is_new: bool,
}

/// The trunks that are probed.
#[derive(Default)]
pub struct Prober {
    probed: Vec<Probed>,
}

impl Prober {
    /// Takes over the configured trunks; what is known of trunks that stay is kept.
    pub fn configure(&mut self, core: &mut Core, now: Now) {
        for (waiting, _) in self.probed.drain(..).flat_map(|probed| probed.lines).filter_map(|line| line.waiting) {
            core.layer.forget(waiting);
        }
        let snapshot = core.cache.snapshot.load_full();
        core.health.retain(|name, _| snapshot.trunks.iter().any(|trunk| trunk.name == *name));
        for trunk in snapshot.trunks.iter() {
            let place = u32::try_from(self.probed.len()).ok().filter(|_| is_probed(trunk));
            let standing = core.health.entry(trunk.name.clone()).or_default();
            (standing.place, standing.is_named) = (place, trunk.host.parse::<IpAddr>().is_err());
            core.trunk_followed(trunk, now);
            if let Some(place) = place {
                let nonce = core.entropy.bits();
                let (trunk, lines, due) = (trunk.clone(), SmallVec::new(), Some(now.mono));
                self.probed.push(Probed { trunk, nonce, lines, due });
                core.wheel.schedule(now.mono, Wake::Probe(place));
            }
        }
    }

    /// A probe is due, or has waited long enough, or something was learnt from calls.
    pub fn on_time(&mut self, core: &mut Core, place: u32, now: Now) {
        let Some(probed) = self.probed.get_mut(place as usize) else { return };
        core.trunk_followed(&probed.trunk, now);
        probed.follow(core);
        for at in 0..probed.lines.len() {
            let due = probed.due_at(core, at);
            let line = &mut probed.lines[at];
            match line.waiting {
                Some((client, until)) if until <= now.mono => {
                    line.waiting = None;
                    core.layer.forget(client);
                    let address = line.address;
                    core.trunk_missed(&probed.trunk, address, now);
                    probed.answered(core, address, now);
                }
                Some(_) => {}
                None if due.is_none_or(|due| due <= now.mono) => probed.send(core, place, at, now),
                None => {}
            }
        }
        self.sleep(core, place, now);
    }

    /// Asks to be woken for whatever comes next, unless that is known.
    fn sleep(&mut self, core: &mut Core, place: u32, now: Now) {
        let Some(probed) = self.probed.get_mut(place as usize) else { return };
        let next = (0..probed.lines.len()).filter_map(|at| probed.due_at(core, at)).min();
        let known = probed.due.filter(|due| *due > now.mono);
        probed.due = match (next, known) {
            (Some(next), Some(known)) if known <= next => Some(known),
            (Some(next), _) => {
                core.wheel.schedule(next, Wake::Probe(place));
                Some(next)
            }
            (None, known) => known,
        };
    }

    /// An answer to a probe: any but 408 and 503 shows a trunk that is alive.
    pub fn answered(&mut self, core: &mut Core, owner: Handle, client: ClientId, response: &Message, now: Now) {
        let code = response.status().unwrap_or(0);
        let probed = self.probed.get_mut(owner.slot as usize).filter(|probed| probed.nonce == owner.nonce);
        let Some(probed) = probed.filter(|_| code >= 200) else { return };
        let waited_for = probed.take_waiting(client);
        let address = match waited_for {
            Some(address) => address,
            None => core.layer.client_flow(client).map(|flow| flow.peer),
        };
        let trunk = probed.trunk.clone();
        match code {
            408 | 503 => match response.number(Name::RetryAfter).filter(|_| code == 503) {
                Some(retry_after) => core.trunk_busy(&trunk, address, retry_after, now),
                None => core.trunk_missed(&trunk, address, now),
            },
            _ => core.trunk_heard(&trunk, address, now),
        }
        if waited_for.is_some() {
            probed.answered(core, address, now);
            self.sleep(core, owner.slot, now);
        }
    }

    /// A probe could not be delivered.
    pub fn failed(&mut self, core: &mut Core, owner: Handle, client: ClientId, now: Now) {
        let probed = self.probed.get_mut(owner.slot as usize).filter(|probed| probed.nonce == owner.nonce);
        core.layer.forget(client);
        let Some(probed) = probed else { return };
        if let Some(address) = probed.take_waiting(client) {
            core.trunk_missed(&probed.trunk, address, now);
            probed.answered(core, address, now);
            self.sleep(core, owner.slot, now);
        }
    }
}

impl Probed {
    /// Has a line for each address that the trunk has now.
    fn follow(&mut self, core: &mut Core) {
        let Some(standing) = core.health.get(&self.trunk.name) else { return };
        if self.lines.iter().map(|line| line.address).eq(standing.addresses()) {
            return;
        }
        let mut before = core::mem::take(&mut self.lines);
        for address in standing.addresses() {
            let kept = before.iter().position(|line| line.address == address);
            let line = kept.map(|place| before.swap_remove(place));
            self.lines.push(line.unwrap_or(Line { address, waiting: None, is_new: true }));
        }
        for (client, _) in before.into_iter().filter_map(|line| line.waiting) {
            core.layer.forget(client);
        }
    }

    /// When there is something to do for an address; `None`: at once.
    fn due_at(&self, core: &Core, at: usize) -> Option<Mono> {
        let line = self.lines.get(at)?;
        match line.waiting {
            Some((_, until)) => Some(until),
            None if line.is_new => None,
            None => core.health.get(&self.trunk.name)?.at(line.address)?.next_probe(),
        }
    }

    fn send(&mut self, core: &mut Core, place: u32, at: usize, now: Now) {
        let Some(line) = self.lines.get_mut(at) else { return };
        line.is_new = false;
        let address = line.address;
        let owner = Owner::Probe(Handle { shard: core.setup.shard, slot: place, nonce: self.nonce });
        let path = address.and_then(|peer| Some((peer, core.path(&self.trunk, peer, false)?)));
        let Some((peer, flow)) = path else {
            core.trunk_missed(&self.trunk, address, now);
            return self.answered(core, address, now);
        };
        let client = options(core, &self.trunk, owner, flow, now);
        open_stream(core, &self.trunk, peer, owner, now);
        line.waiting = Some((client, now.mono + PATIENCE));
    }

    /// Plans the next probe of an address.
    fn answered(&self, core: &mut Core, address: Option<SocketAddr>, now: Now) {
        let chance = core.entropy.bits();
        if let Some(standing) = core.health.get_mut(&self.trunk.name) {
            standing.probed(address, now, chance);
        }
    }

    /// The address of the line that waits for this answer, which waits no longer.
    fn take_waiting(&mut self, client: ClientId) -> Option<Option<SocketAddr>> {
        let waits = |line: &&mut Line| line.waiting.is_some_and(|(waiting, _)| waiting == client);
        let line = self.lines.iter_mut().find(waits)?;
        line.waiting = None;
        Some(line.address)
    }
}

/// Requests to these trunks are larger than a datagram should be; a stream that is already open carries them without a
/// moment lost (rulings 11), so the probe opens one.
fn open_stream(core: &mut Core, trunk: &Trunk, peer: SocketAddr, owner: Owner, now: Now) {
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
