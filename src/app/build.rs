//! Settings become running parts; the only place that knows all of them.
use super::control::{self, Control, Signals, Tidings};
use super::desktops::{self, Desktops};
use super::drive::Shard;
use super::evidence::Evidence;
use super::follow::{Follower, Turn};
use super::notices;
use super::presence;
use super::witness::{self, Part, Teller, WAITING};
use crate::b2bua::{Engine, Setup};
use crate::cache::Cache;
use crate::config::value::UnknownSource;
use crate::config::{Complaint, Settings, World};
use crate::edge::behind;
use crate::edge::clock::Clock;
use crate::edge::database::Trouble;
use crate::edge::fetch::{self, Fetcher, WITHIN as FETCH_WITHIN};
use crate::edge::hands::SideBySide;
use crate::edge::http;
use crate::edge::http::acknowledge::{self, Acknowledgement};
use crate::edge::http::serve::Doors;
use crate::edge::http::tls::Certificate;
use crate::edge::metrics::{Metrics, Page};
use crate::edge::net::{Datagrams, NEWS, Streams};
use crate::edge::state::State;
use crate::edge::state::leases::Keeper;
use crate::edge::state::whereabouts::Writing;
use crate::edge::voice::{self, Speaker, Voice};
use crate::edge::{dns, entropy, log};
use crate::held::Terms;
use crate::sip::flow::Transport;
use arc_swap::ArcSwap;
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Reads the world anew; what is wrong with it leaves the running one as it is.
pub type Reading = Box<dyn Fn() -> Result<World, Vec<Complaint>> + Send>;

/// Runs a node until it is told to leave. `ready` is called when every socket listens, with their addresses.
///
/// # Errors
/// A socket that cannot be opened, no source of chance, or metrics that cannot be set up.
pub fn run(world: World, reading: Reading, ready: impl FnOnce(&[SocketAddr])) -> io::Result<()> {
    let (log, _rest) = match log::Log::start(world.settings.log.level, world.settings.log.format) {
        Ok((log, rest)) => (Some(log), Some(rest)),
        Err(error) => {
            eprintln!("callbox: no log: {error}");
            (None, None)
        }
    };
    let cache = Arc::new(Cache::default());
    let version = world.version;
    let notices: notices::Shared = Arc::new(ArcSwap::new(Arc::clone(&world.notices)));
    let presences: presence::Shared = Arc::new(ArcSwap::new(Arc::clone(&world.presences)));
    let settings = world.publish_by(SideBySide, &cache);
    let clock = Clock::start();
    // Before the first call: it may come from a device that told where it is an hour ago.
    let Memory { state, writing: _writing, keeper, temporary: _temporary } = remember(&settings, &cache, clock)?;
    let turn = Turn::default();
    if let (Some(path), Some(version)) = (&settings.node.store, version) {
        let follower = Follower::new(Arc::clone(&cache), clock, path, version, Arc::clone(&turn));
        let _follows = behind::thread("callbox-store", move || follower.run())?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // The connections' tasks run beside the shard, on its thread.
    runtime.block_on(async {
        let (told, control) = mpsc::channel(16);
        let (fetcher, orders) = fetch::ends();
        let (mut shard, listening) = shard(&settings, &cache, clock, control, fetcher, keeper)?;
        let page = shard.metrics.page();
        let (events, arrivals) = desktops::open(Arc::clone(&cache), clock, &settings.http, &page);
        let desks = notices::Desks { events: Arc::clone(&events), arrivals };
        let notifies = notices::start(&notices, Arc::clone(&cache), clock, &state, &page, desks, told.clone());
        let (part, acknowledge) =
            notifies.map(|(part, acknowledge)| (Some(part), acknowledge)).unwrap_or_else(|error| {
                tracing::error!(%error, "no notices are sent; calls go on");
                (None, mpsc::channel(1).0)
            });
        let mut parts: Vec<_> = part.into_iter().collect();
        // Where nobody can listen, nobody is told.
        parts.extend(settings.http.address.map(|_| Box::new(Desktops(Arc::clone(&events))) as Box<dyn Part>));
        parts.extend(evidence(&state, &cache, clock, &page, told.clone())?);
        parts.extend(agents(&presences, &cache, clock, &state, &page));
        let (teller, seen) = Teller::new(WAITING);
        let witness = witness::start(seen, clock, parts)?;
        shard.teller = teller;
        let (settling, settled) = std::sync::mpsc::channel();
        let quiet = Quiet {
            settings: settings.clone(),
            cache,
            clock,
            page,
            told,
            reading,
            turn,
            log,
            notices,
            events,
            presences,
            acknowledge,
        };
        let _quiet =
            std::thread::Builder::new().name("callbox-quiet".into()).spawn(move || quiet.run(settling, orders))?;
        // Ready is ready for signals, scrapes and calls: the other thread drops its end when it listens, or when it
        // cannot, and either way there is nothing more to wait for.
        let _ = settled.recv();
        ready(&listening);
        shard.run().await;
        // Its end of the channel went with the shard. What was said before is told and kept.
        let _ended = witness.join();
        Ok(())
    })
}

/// Reads who can be called back before the first call, and keeps it from then on.
fn windows(state: &State, cache: &Cache, clock: Clock) -> Result<Keeper, Trouble> {
    let (keeper, kept) = Keeper::start(state, clock)?;
    let snapshot = cache.snapshot.load();
    let terms = snapshot.callbacks;
    let crashed = (!kept.is_whole).then(|| snapshot.sites.values().map(AsRef::as_ref));
    let changes = cache.leases.restore(kept.windows, kept.used, crashed, &terms, clock.now().mono);
    changes.into_iter().for_each(|change| keeper.keep(change));
    Ok(keeper)
}

/// The folder that the config names for what the node must find again.
pub(super) fn state_folder(settings: &Settings) -> Option<&Path> {
    let beside_the_store = || settings.node.store.as_deref().and_then(Path::parent);
    settings.node.state.as_deref().or_else(beside_the_store)
}

/// What the node must find again, open and read.
struct Memory {
    state: State,
    writing: Writing,
    keeper: Keeper,
    /// Its folder, where that is removed when the node ends.
    temporary: Option<TempDir>,
}

impl Memory {
    fn open(folder: &Path, cache: &Arc<Cache>, clock: Clock) -> Result<Memory, Trouble> {
        let state = State::take(folder, clock.now().wall)?;
        let writing = Writing::start(&state, Arc::clone(cache), clock)?;
        let keeper = windows(&state, cache, clock)?;
        Ok(Memory { state, writing, keeper, temporary: None })
    }

    /// In a folder of its own that nobody finds again.
    fn passing(made: io::Result<TempDir>, cache: &Arc<Cache>, clock: Clock) -> io::Result<Memory> {
        let made = made?;
        let memory = Memory::open(made.path(), cache, clock).map_err(io::Error::other)?;
        Ok(Memory { temporary: Some(made), ..memory })
    }
}

/// Opens what the node must find again. A folder that cannot be used, on a full disk or with a damaged file, keeps no
/// call from getting through: the node begins without what is there. Only a folder that another node holds ends it.
fn remember(settings: &Settings, cache: &Arc<Cache>, clock: Clock) -> io::Result<Memory> {
    let mut made = tempfile::Builder::new();
    made.prefix("callbox-");
    let Some(folder) = state_folder(settings) else {
        if !settings.node.loopback_only {
            tracing::warn!("no node.state and no node.store: what must outlive the router is lost with it");
        }
        return Memory::passing(made.tempdir(), cache, clock);
    };
    match Memory::open(folder, cache, clock) {
        Ok(memory) => Ok(memory),
        Err(trouble @ Trouble::InUse(_)) => Err(io::Error::other(trouble)),
        Err(trouble) => {
            let folder = folder.display();
            tracing::error!(%folder, %trouble, "the state cannot be used; calls go on, and what must outlive the router is lost with it");
            // In memory where the system has a place for it: the disk may be what is full.
            Memory::passing(made.tempdir_in("/dev/shm").or_else(|_| made.tempdir()), cache, clock)
        }
    }
}

fn shard(
    settings: &Settings,
    cache: &Arc<Cache>,
    clock: Clock,
    control: mpsc::Receiver<Control>,
    fetcher: Fetcher,
    keeper: Keeper,
) -> io::Result<(Shard, Vec<SocketAddr>)> {
    let of = |transport: Transport| -> Vec<_> {
        let listeners = settings.listeners.iter().filter(|listener| listener.transport == transport);
        listeners.map(|listener| (listener.address, listener.advertised.unwrap_or(listener.address))).collect()
    };
    let (tell, news) = mpsc::channel(NEWS);
    let datagrams = Datagrams::bind(&of(Transport::Udp), &tell)?;
    let streams = Streams::bind(&of(Transport::Tcp), tell)?;
    let udp = datagrams.addresses().map(|address| (Transport::Udp, address));
    let listeners: Vec<_> = udp.chain(streams.addresses().map(|address| (Transport::Tcp, address))).collect();
    let listening = listeners.iter().map(|(_, address)| *address).collect();
    let setup = Setup {
        shard: 0,
        listeners,
        max_calls: settings.node.max_calls as usize,
        emergency_reserve_percent: settings.node.emergency_reserve_percent.into(),
        orphan_max: Duration::from_secs(settings.node.orphan_max_secs.into()),
        relay_unknown: settings.unknown_source.policy == UnknownSource::Relay,
    };
    let snapshot = cache.snapshot.load();
    let metrics = Metrics::new(snapshot.trunks.iter().map(|trunk| &trunk.name)).map_err(io::Error::other)?;
    let loopback_only = settings.node.loopback_only;
    let mut chance = entropy::from_system()?;
    let voice = Voice::start(voice_of(settings), chance.branch())?;
    let engine = Engine::new(setup, cache.clone(), chance, Box::new(move || clock.now().mono));
    // Nobody is told before the thread that takes it is there.
    let (teller, _) = Teller::new(1);
    let shard = Shard {
        engine,
        datagrams,
        streams,
        news,
        voice,
        fetcher,
        teller,
        control,
        clock,
        metrics,
        loopback_only,
        keeper,
    };
    Ok((shard, listening))
}

/// Keeps receipts. Calls come first: without a ledger there are none, and calls all the same.
fn evidence(
    state: &State,
    cache: &Arc<Cache>,
    clock: Clock,
    page: &Page,
    told: Tidings,
) -> io::Result<Option<Box<dyn Part>>> {
    let (counters, chance) = (page.ledger(), entropy::from_system()?);
    match Evidence::start(state.folder(), Arc::clone(cache), clock, chance, counters.clone(), told) {
        Ok(evidence) => Ok(Some(Box::new(evidence))),
        Err(error) => {
            counters.failing.set(1.0);
            tracing::error!(%error, "no receipts are kept");
            Ok(None)
        }
    }
}

/// Manages the presence of agents. Calls come first: when it cannot be, theirs stays as it is.
fn agents(
    presences: &presence::Shared,
    cache: &Arc<Cache>,
    clock: Clock,
    state: &State,
    page: &Page,
) -> Option<Box<dyn Part>> {
    presence::start(presences, Arc::clone(cache), clock, state, page)
        .inspect_err(|error| tracing::error!(%error, "presence is not managed; calls go on"))
        .ok()
}

/// What the test IVR speaks with.
fn voice_of(settings: &Settings) -> voice::Setup {
    /// How long the engine may be late with the end of a call.
    const SPARE: Duration = Duration::from_secs(60);
    let ivr = &settings.ivr;
    voice::Setup {
        ports: ivr.first_port..=ivr.last_port,
        speaker: Speaker { program: ivr.speech.clone(), voice: ivr.voice.clone() },
        kept_bytes: usize::from(ivr.kept_mb) << 20,
        longest: Duration::from_secs(ivr.max_secs.into()) + SPARE,
        loopback_only: settings.node.loopback_only,
    }
}

/// What runs beside the calls, on a thread and a runtime of its own: metrics, name resolution, signals.
struct Quiet {
    settings: Settings,
    cache: Arc<Cache>,
    clock: Clock,
    page: Page,
    told: mpsc::Sender<Control>,
    reading: Reading,
    turn: Turn,
    log: Option<log::Log>,
    notices: notices::Shared,
    presences: presence::Shared,
    acknowledge: mpsc::Sender<Acknowledgement>,
    events: Arc<http::events::Hub>,
}

impl Quiet {
    fn run(self, settling: std::sync::mpsc::Sender<()>, orders: fetch::Orders) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.tend(settling, orders)),
            Err(error) => tracing::error!(%error, "no runtime for metrics and name resolution; calls go on"),
        }
    }

    async fn tend(self, settling: std::sync::mpsc::Sender<()>, orders: fetch::Orders) {
        drop(tokio::spawn(fetch::serve(orders, self.client())));
        if let Some(address) = self.settings.metrics.address {
            match tokio::net::TcpListener::bind(address).await {
                Ok(listener) => {
                    let (log, lost) = (self.log.clone(), self.page.lost_lines());
                    let look = move || lost.absolute(log.as_ref().map_or(0, log::Log::lost));
                    drop(tokio::spawn(http::metrics::serve(listener, self.page.clone(), look)));
                }
                Err(error) => tracing::error!(%error, %address, "metrics cannot be served; calls go on"),
            }
        }
        let certificate = self.serve_locations().await;
        let mut followed = self.follow();
        let signals = match Signals::new() {
            Ok(signals) => signals,
            Err(error) => return tracing::error!(%error, "signals cannot be heard; calls go on"),
        };
        drop(settling);
        let told = self.told.clone();
        let reload = || {
            let trunks = self.reload(certificate.as_deref())?;
            followed = self.follow();
            Some(trunks)
        };
        control::listen(signals, told, reload).await;
    }

    /// Who fetches locations that callers bring by reference.
    fn client(&self) -> fetch::Client {
        let node = &self.settings.node;
        let resolver = dns::system_resolver().inspect_err(|error| {
            tracing::warn!(%error, "locations by reference can be asked for at addresses alone, and at no name");
        });
        fetch::Client::new(&self.settings.client.trusted_certificates, resolver.ok(), node.loopback_only, FETCH_WITHIN)
    }

    /// Serves the location server, where one is configured. Its certificate is for whoever reads it again.
    async fn serve_locations(&self) -> Option<Arc<Certificate>> {
        let settings = &self.settings.http;
        let address = settings.address?;
        match self.open_locations(address).await {
            Ok(certificate) => certificate,
            Err(error) => {
                tracing::error!(%error, %address, "location requests cannot be served; calls go on");
                None
            }
        }
    }

    async fn open_locations(&self, address: SocketAddr) -> io::Result<Option<Arc<Certificate>>> {
        let settings = &self.settings.http;
        let files = settings.tls_certificate.as_deref().zip(settings.tls_key.as_deref());
        let certificate = files.map(|(certificate, key)| Certificate::load(certificate, key)).transpose();
        let certificate = certificate.map_err(io::Error::other)?.map(Arc::new);
        let rules = http::held::Rules {
            terms: Terms {
                public_url: settings.public_url.as_deref().map(Into::into),
                lifetime: Duration::from_secs(settings.location_uri_secs.into()),
            },
            requests_per_second: settings.requests_per_second,
            trusted_proxies: settings.trusted_proxies.iter().filter_map(|network| network.record()).collect(),
        };
        let doors = Doors {
            certificate: certificate.clone(),
            most_connections: settings.max_connections as usize,
            head_within: Duration::from_secs(settings.idle_secs.into()),
        };
        let server = http::held::Server::new(
            Arc::clone(&self.cache),
            self.clock,
            entropy::from_system()?,
            rules,
            self.page.locations(),
            Arc::clone(&self.events),
        );
        let listener = tokio::net::TcpListener::bind(address).await?;
        let pages = http::held::router(Arc::new(server)).merge(acknowledge::router(self.acknowledge.clone()));
        drop(tokio::spawn(http::serve::serve(listener, pages, doors)));
        drop(tokio::spawn(forget(Arc::clone(&self.cache), self.clock)));
        Ok(certificate)
    }

    /// Follows the trunks that have names.
    fn follow(&self) -> Option<tokio::task::JoinSet<()>> {
        let trunks = &self.cache.snapshot.load().trunks;
        dns::publish_addresses(&self.cache, trunks);
        let chance = entropy::from_system();
        match (dns::system_resolver(), chance) {
            (Ok(resolver), Ok(mut chance)) => Some(dns::follow(&resolver, &self.cache, trunks, &mut chance)),
            (Err(error), _) => {
                tracing::error!(%error, "names of trunks cannot be resolved; what is known of them stays");
                None
            }
            (_, Err(error)) => {
                tracing::error!(%error, "no source of chance");
                None
            }
        }
    }

    fn reload(&self, certificate: Option<&Certificate>) -> Option<Vec<Arc<str>>> {
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match (self.reading)() {
            Ok(world) => {
                if let Some(Err(error)) = certificate.map(Certificate::reload) {
                    tracing::error!(%error, "certificate not taken; the one before stays");
                }
                self.notices.store(Arc::clone(&world.notices));
                self.presences.store(Arc::clone(&world.presences));
                let settings = world.publish(&self.cache);
                if let Some(log) = &self.log {
                    log.set_level(settings.log.level);
                }
                tracing::info!("config read again");
                Some(self.cache.snapshot.load().trunks.iter().map(|trunk| trunk.name.clone()).collect())
            }
            Err(complaints) => {
                for complaint in complaints {
                    tracing::error!(%complaint, "config not taken; the one before stays");
                }
                None
            }
        }
    }
}

/// How often it is looked for what devices told long ago.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

async fn forget(cache: Arc<Cache>, clock: Clock) {
    let mut every = tokio::time::interval(FORGET_EVERY);
    loop {
        every.tick().await;
        cache.forget_whereabouts(clock.now().wall);
    }
}
