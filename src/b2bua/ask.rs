//! Locations that are kept elsewhere (RFC 6442 §4.6, RFC 6753). The engine says which one it wants and goes on; whoever
//! fetches it is outside. A call waits for it only where nothing else tells a door, or where a trunk takes documents
//! alone, and never longer than its source allows.
use super::call::{Call, Stage};
use super::core::Core;
use super::decide::decide;
use super::intake::Asked;
use super::story::Decision;
use super::{ring, told, watch, window};
use crate::base::id::Handle;
use crate::base::now::{Mono, Now};
use crate::base::wheel::TICK;
use crate::cache::Snapshot;
use crate::classify::Class;
use crate::fact::{Fact, Foreign};
use crate::location::device::By;
use crate::pidf::{self, Conveyed};
use crate::record::{Grade, Profile, Rung, Source, WebAddress, WebHost};
use crate::routing::Way;
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use hashbrown::HashMap;
use smallvec::SmallVec;
use std::sync::Arc;

/// How long what was fetched is used for other calls: a device may move, but not far while two calls begin.
const KEPT: Duration = Duration::from_secs(30);
/// How long nobody waits again for an address that could not be fetched.
const FAILED_FOR: Duration = Duration::from_secs(5);
/// After how long an order that was never answered is given again: longer than any fetching takes.
const LOST_AFTER: Duration = Duration::from_secs(30);
/// The most addresses that are open or kept; with more, calls go on without asking.
pub const MOST_ASKED: usize = 1024;
/// The longest document that is taken: it has to fit into an INVITE beside all else.
pub const MOST_FETCHED_BYTES: usize = 32 * 1024;

/// What is to be fetched. It never prints where.
#[derive(Clone, Debug)]
pub struct Order {
    /// From where.
    pub address: Arc<WebAddress>,
    /// At which hosts the caller's source may be asked; a redirect leads to no other.
    pub hosts: Arc<[WebHost]>,
}

/// What came of an order. It never prints what was found.
#[derive(Clone)]
pub struct Answer {
    /// From where.
    pub address: Arc<WebAddress>,
    /// The document, or our word for why there is none.
    pub found: Result<Bytes, &'static str>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Answer({:?})", self.found.as_ref().map(Bytes::len))
    }
}

/// What was fetched. It never prints itself.
pub struct Fetched {
    /// The document, byte for byte.
    pub document: Bytes,
    /// What it says.
    pub conveyed: Conveyed,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Fetched({} bytes)", self.document.len())
    }
}

type Found = Result<Arc<Fetched>, &'static str>;

/// What is known of an address.
enum Known {
    /// These calls want it, the first of them since then.
    Open(SmallVec<[Handle; 2]>, Mono),
    /// It was asked, and this holds until then.
    Asked(Found, Mono),
}

/// All addresses that are open or kept.
#[derive(Default)]
pub struct Asks {
    known: HashMap<Arc<WebAddress>, Known, foldhash::quality::RandomState>,
}

impl Asks {
    /// What is known already.
    fn kept(&self, address: &WebAddress, now: Now) -> Option<Found> {
        match self.known.get(address)? {
            Known::Asked(found, until) if *until > now.mono => Some(found.clone()),
            Known::Asked(..) | Known::Open(..) => None,
        }
    }

    /// Enters a call for an address: whether it must be fetched for it, or is being fetched already. `None` without room.
    fn enter(&mut self, address: &Arc<WebAddress>, call: Handle, now: Now) -> Option<bool> {
        if let Some(Known::Open(calls, since)) = self.known.get_mut(address)
            && now.mono.since(*since) < LOST_AFTER
        {
            calls.push(call);
            return Some(false);
        }
        if self.known.len() >= MOST_ASKED {
            self.known.retain(|_, known| match known {
                Known::Asked(_, until) => *until > now.mono,
                Known::Open(_, since) => now.mono.since(*since) < LOST_AFTER,
            });
        }
        let has_room = self.known.len() < MOST_ASKED || self.known.contains_key(address);
        has_room.then(|| {
            self.known.insert(Arc::clone(address), Known::Open(SmallVec::from_iter([call]), now.mono));
            true
        })
    }

    /// Takes an answer: who waited for it, and what it is worth.
    pub fn take(&mut self, answer: Answer, now: Now) -> (SmallVec<[Handle; 2]>, Found) {
        let found = answer.found.and_then(read);
        let span = if found.is_ok() { KEPT } else { FAILED_FOR };
        let before = self.known.insert(answer.address, Known::Asked(found.clone(), now.mono + span));
        match before {
            Some(Known::Open(calls, _)) => (calls, found),
            _ => (SmallVec::new(), found),
        }
    }
}

/// What an answer says, where it says anything.
fn read(body: Bytes) -> Found {
    let document = pidf::enclosed(&body).filter(|document| document.len() <= MOST_FETCHED_BYTES);
    let document = document.ok_or("no_location")?;
    let conveyed = pidf::read(&document).ok_or("no_location")?;
    Ok(Arc::new(Fetched { document: Bytes::copy_from_slice(&document), conveyed }))
}

/// What a call wants from elsewhere.
pub struct Asking {
    address: Arc<WebAddress>,
    /// While its first INVITE waits: until when, and what the story is told again with.
    waits: Option<(Mono, Box<Asked>)>,
    /// What came, where it came after the INVITE had left.
    late: Option<Late>,
}

/// What came too late for the INVITE.
struct Late {
    fetched: Arc<Fetched>,
    /// Whether the answerer was told, or will not be.
    is_told: bool,
}

impl fmt::Debug for Asking {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Asking(waits: {}, late: {})", self.waits.is_some(), self.late.is_some())
    }
}

impl Asking {
    /// When the call goes on without it.
    pub fn deadline(&self) -> Option<Mono> {
        self.waits.as_ref().map(|(until, _)| *until)
    }
}

/// Whom a call should ask; `Some(None)` where no address of its may be asked.
fn wanted(asked: &Asked, decision: &Decision, snapshot: &Snapshot, source: &Source) -> Option<Option<Arc<WebAddress>>> {
    let is_placed = matches!(decision.classified.class, Class::Emergency | Class::Test) && !asked.stranger;
    if !is_placed || decision.plan.way == Way::Gateway {
        return None;
    }
    let by_token = decision.device.as_ref().is_some_and(|device| device.by == By::Token);
    let mut addresses = asked.references.elsewhere(snapshot, by_token).peekable();
    addresses.peek()?;
    let is_door = |rung, grade, firm| rung != Rung::Reference && grade == Grade::Dispatchable && firm;
    let has_door = decision.located.candidates.iter().any(|one| is_door(one.rung, one.grade, one.firm));
    let wants_documents =
        decision.plan.targets.iter().any(|target| {
            matches!(target.trunk.profile, Profile::I3 | Profile::Relay) && !target.trunk.takes_references
        });
    if has_door && !wants_documents {
        return None;
    }
    let is_listed = |address: &&Arc<WebAddress>| source.location_hosts.iter().any(|host| host.holds(address));
    Some(addresses.find(is_listed).cloned())
}

/// Goes on with a call that is decided for the first time: to its targets, unless it is worth waiting for what is kept
/// elsewhere.
pub fn begin(core: &mut Core, call: &mut Call, asked: &Asked, source: &Source, snapshot: &Snapshot, now: Now) {
    let decision = call.ring.as_deref().map(|ring| &ring.decision);
    let Some(wanted) = decision.and_then(|decision| wanted(asked, decision, snapshot, source)) else {
        return depart(core, call, now);
    };
    let Some(address) = wanted else {
        tell(core, call, Foreign::Refused, "", now);
        return depart(core, call, now);
    };
    if let Some(found) = core.asks.kept(&address, now) {
        match found {
            Ok(fetched) => {
                tell(core, call, Foreign::Kept, "", now);
                retell(core, call, asked.clone(), fetched, now);
            }
            Err(why) => tell(core, call, Foreign::Failed, why, now),
        }
        return depart(core, call, now);
    }
    match core.asks.enter(&address, call.key, now) {
        Some(is_new) => {
            if is_new {
                let hosts = Arc::clone(&source.location_hosts);
                core.asked.push(Order { address: Arc::clone(&address), hosts });
            }
            // The wheel may be a tick late, and the call may not.
            let until = call.arrived + source.location_wait.saturating_sub(TICK);
            let waits = Some((until, Box::new(asked.clone())));
            call.asking = Some(Box::new(Asking { address, waits, late: None }));
            on_time(core, call, now);
        }
        None => {
            tell(core, call, Foreign::Failed, "busy", now);
            depart(core, call, now);
        }
    }
}

/// An answer for a call.
pub fn heard(core: &mut Core, call: &mut Call, found: &Found, now: Now) {
    let Some(asking) = call.asking.as_deref_mut() else { return };
    match (asking.waits.take(), found) {
        (Some((_, asked)), Ok(fetched)) => {
            tell(core, call, Foreign::InTime, "", now);
            retell(core, call, *asked, Arc::clone(fetched), now);
            depart(core, call, now);
        }
        (Some(_), Err(why)) => {
            tell(core, call, Foreign::Failed, why, now);
            depart(core, call, now);
        }
        (None, Ok(fetched)) => {
            asking.late = Some(Late { fetched: Arc::clone(fetched), is_told: false });
            let address = Arc::clone(&asking.address);
            told::learnt(core, call, &address, &fetched.document, now);
            tell(core, call, Foreign::Late, "", now);
            // Whoever is asked from now on has it in its INVITE.
            if let Some(ring) = call.ring.as_deref_mut().filter(|_| call.stage == Stage::Ringing) {
                ring.decision.fetched = Some(Arc::clone(fetched));
            }
            call.opening.iter_mut().for_each(|opening| opening.learn(Arc::clone(fetched)));
        }
        (None, Err(why)) => tell(core, call, Foreign::Failed, why, now),
    }
}

/// The call has waited long enough.
pub fn on_time(core: &mut Core, call: &mut Call, now: Now) {
    let waits = call.asking.as_deref_mut().map(|asking| &mut asking.waits);
    if waits.and_then(|waits| waits.take_if(|(until, _)| *until <= now.mono)).is_some() {
        tell(core, call, Foreign::Overdue, "", now);
        depart(core, call, now);
    }
}

/// Tells the story again with what was fetched. What is decided stays where it cannot be told any more.
fn retell(core: &mut Core, call: &mut Call, mut asked: Asked, fetched: Arc<Fetched>, now: Now) {
    asked.fetched = Some(fetched);
    let snapshot = core.cache.snapshot.load_full();
    let decision = decide(core, now, &snapshot, &asked).filter(|decision| decision.classified.class == call.class);
    if let Some((ring, decision)) = call.ring.as_deref_mut().zip(decision) {
        ring.decision = decision;
    }
}

/// Nothing more is waited for: the first target is asked.
pub fn depart(core: &mut Core, call: &mut Call, now: Now) {
    if call.stage != Stage::Ringing {
        return;
    }
    window::open(core, call, now);
    if let Some(decision) = call.ring.as_deref().map(|ring| &ring.decision) {
        let (way, grade, took) = (decision.plan.way.text(), decision.located.grade.text(), decision.receipt.took());
        core.note(call, |call, kind| Fact::Decided { call, kind, way, grade, took });
    }
    told::decided(core, call, now);
    ring::next(core, call, now);
}

/// The call ends. Those who are told of calls learn of one that ends before it was known what it waits for, too.
pub fn leave(core: &mut Core, call: &mut Call, now: Now) {
    if call.asking.take().is_some_and(|asking| asking.waits.is_some()) {
        told::decided(core, call, now);
    }
}

/// Brings an answerer what came too late for its INVITE, once nothing else is open with it: by UPDATE, where its trunk
/// wants that and it allows it (RFC 3311; RFC 6442 §4.1). Nobody is offered a session anew for it.
pub fn bring(core: &mut Core, call: &mut Call, now: Now) {
    let is_free = call.stage == Stage::Talking && !call.is_unanswered();
    let is_due = |asking: &Asking| asking.late.as_ref().is_some_and(|late| !late.is_told);
    if !is_free || !call.asking.as_deref().is_some_and(is_due) {
        return;
    }
    let Some(trunk) = call.trunk.clone() else { return };
    let wants = trunk.location_updates && matches!(trunk.profile, Profile::I3 | Profile::Relay);
    let takes = call.answerer.as_ref().is_some_and(|leg| leg.takes_update);
    if wants && takes && !watch::may_ask(call) {
        return;
    }
    let Some(late) = call.asking.as_deref_mut().and_then(|asking| asking.late.as_mut()) else { return };
    late.is_told = true;
    if wants {
        let document = late.fetched.document.clone();
        if takes {
            watch::bring(core, call, &document, now);
        }
        let trunk = Arc::clone(&trunk.name);
        core.note(call, |call, kind| Fact::LocationUpdate { call, kind, trunk, sent: takes });
    }
}

fn tell(core: &mut Core, call: &Call, what: Foreign, why: &'static str, now: Now) {
    let after = now.mono.since(call.arrived);
    core.note(call, |call, kind| Fact::ForeignLocation { call, kind, what, why, after });
}
