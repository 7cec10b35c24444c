//! Facts and messages as counters for Prometheus. Handles are kept, so that counting costs an addition.
//!
//! Labels are our own words and the configured names of trunks, never anything that a peer sent. A crisis call counts
//! in `callbox_crisis_calls_total`, which has no labels, and in nothing else that knows of calls.
pub mod desktops;
mod notices;
mod presence;

pub use notices::Notices;
pub use presence::Presence;

use crate::fact::{Attempted, Fact, Feature, Foreign, Kind, Outcome};
use crate::sip::message::Method;
use core::hash::Hash;
use core::time::Duration;
use foldhash::{HashMap, HashMapExt};
use metrics::{Counter, Gauge, Histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusRecorder};
use std::sync::Arc;

/// Bounds of the decision's histogram, in seconds: from a few microseconds up to the 250 ms that all asking may take.
const DECISION_SECONDS: [f64; 11] = [2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2, 5e-2, 0.25, 1.0];

/// Bounds of the histogram of set-up, in seconds: from our own share up to a caller's patience.
const SETUP_SECONDS: [f64; 13] = [5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Towards us.
    In,
    /// From us.
    Out,
}

/// The page that Prometheus reads. Copies show the same numbers.
#[derive(Clone)]
pub struct Page(Arc<PrometheusRecorder>);

impl Page {
    /// The content type of [`Page::text`].
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// The numbers of this moment.
    pub fn text(&self) -> String {
        self.0.handle().render()
    }

    /// The counters of the location server, on this page.
    pub fn locations(&self) -> Locations {
        metrics::with_local_recorder(&*self.0, Locations::registered)
    }

    /// The counters of the ledger, on this page.
    pub fn ledger(&self) -> Ledger {
        metrics::with_local_recorder(&*self.0, || {
            let failing = metrics::gauge!("callbox_ledger_failing");
            failing.set(0.0);
            Ledger {
                entries: metrics::counter!("callbox_ledger_entries_total"),
                lost: metrics::counter!("callbox_ledger_lost_total"),
                failing,
            }
        })
    }

    /// The counter of log lines that nobody read in time, on this page.
    pub fn lost_lines(&self) -> Counter {
        metrics::with_local_recorder(&*self.0, || metrics::counter!("callbox_log_lines_lost_total"))
    }

    /// Folds what the histograms have gathered; to be called every few seconds, or memory grows.
    pub fn fold(&self) {
        self.0.handle().run_upkeep();
    }
}

/// Over which of its doors the location server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `/held`
    Held,
    /// A location URI.
    Location,
    /// The clients' own.
    Client,
}

impl Door {
    const ALL: [Door; 3] = [Door::Held, Door::Location, Door::Client];

    const fn text(self) -> &'static str {
        match self {
            Door::Held => "held",
            Door::Location => "location",
            Door::Client => "client",
        }
    }
}

/// What becomes of a location request: a place, an error of HELD by its code, or a refusal by HTTP.
const ANSWERS: [&str; 11] = [
    "located",
    "requestError",
    "xmlError",
    "generalLisError",
    "locationUnknown",
    "unsupportedMessage",
    "timeout",
    "cannotProvideLiType",
    "notLocatable",
    "badIdentifier",
    "refused",
];

/// The counters of the location server.
pub struct Locations {
    answers: [[Counter; ANSWERS.len()]; Door::ALL.len()],
    took: Histogram,
}

impl Locations {
    fn registered() -> Locations {
        let answers = Door::ALL.map(|door| {
            ANSWERS.map(|answer| {
                metrics::counter!("callbox_location_requests_total", "door" => door.text(), "outcome" => answer)
            })
        });
        Locations { answers, took: metrics::histogram!("callbox_location_seconds") }
    }

    /// Counts a request by what became of it: `located`, the code of an error, or `refused`.
    pub fn count(&self, door: Door, outcome: &str) {
        let place = ANSWERS.iter().position(|answer| *answer == outcome);
        self.answers[door as usize][place.unwrap_or(ANSWERS.len() - 1)].increment(1);
    }

    /// Says how long an answer took.
    pub fn took(&self, span: Duration) {
        self.took.record(span.as_secs_f64());
    }
}

/// The counters of the ledger.
#[derive(Clone)]
pub struct Ledger {
    /// Entries that are on the disk.
    pub entries: Counter,
    /// Entries that found no room.
    pub lost: Counter,
    /// 1 while it cannot be written.
    pub failing: Gauge,
}

/// The counters of one engine. They do not touch the process's global recorder, so that several nodes can live in one
/// process.
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    crisis_calls: Counter,
    active_calls: Gauge,
    active: u64,
    decision: Histogram,
    setup: Histogram,
    retransmissions: Counter,
    calls: Family<(Kind, Outcome)>,
    messages: [[Option<Counter>; LABELS.len()]; 2],
    defects: Family<&'static str>,
    features: Family<Feature>,
    transfers: Family<&'static str>,
    foreign_locations: Family<Foreign>,
    location_updates: Family<bool>,
    strangers: Family<bool>,
    no_room: Family<Kind>,
    wrong_tests: Counter,
    unwitnessed: Counter,
    hung_up_soon: Counter,
    trunks: HashMap<Arc<str>, TrunkCounters>,
    pools: HashMap<Arc<str>, PoolCounters>,
}

impl Metrics {
    /// Counters at zero, with a series for every trunk. Fails only when the histograms' bounds are wrong.
    pub fn new<'a>(trunks: impl IntoIterator<Item = &'a Arc<str>>) -> Result<Metrics, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("callbox_decision_seconds".into()), &DECISION_SECONDS)?
            .set_buckets_for_metric(Matcher::Full("callbox_setup_seconds".into()), &SETUP_SECONDS)?
            .set_buckets_for_metric(Matcher::Full("callbox_location_seconds".into()), &DECISION_SECONDS)?
            .build_recorder();
        let mut metrics = metrics::with_local_recorder(&recorder, || {
            describe();
            Metrics::registered()
        });
        metrics.recorder = Arc::new(recorder);
        metrics.follow(trunks);
        Ok(metrics)
    }

    /// Adds series for trunks that are new; those of trunks that are gone stay, as Prometheus expects.
    pub fn follow<'a>(&mut self, trunks: impl IntoIterator<Item = &'a Arc<str>>) {
        for trunk in trunks {
            let _registered = self.trunk(trunk);
        }
    }

    /// The page with these counters.
    pub fn page(&self) -> Page {
        Page(Arc::clone(&self.recorder))
    }

    /// Counts a fact.
    pub fn count(&mut self, fact: &Fact) {
        match fact {
            Fact::CrisisCall => self.crisis_calls.increment(1),
            Fact::Arrived { .. } => self.set_active(self.active.saturating_add(1)),
            Fact::Decided { took, .. } => self.decision.record(took.as_secs_f64()),
            Fact::Ringing { after, .. } | Fact::Answered { after, rang: false, .. } => {
                self.setup.record(after.as_secs_f64());
            }
            Fact::AttemptEnded { trunk, how, .. } => self.trunk(trunk).attempts[place(*how)].increment(1),
            Fact::Failover { from, .. } => self.trunk(from).failovers.increment(1),
            Fact::TrunkState { trunk, up } => self.trunk(trunk).up.set(if *up { 1.0 } else { 0.0 }),
            Fact::Ended { kind, outcome, .. } => {
                self.calls.count((*kind, *outcome), &self.recorder);
                self.set_active(self.active.saturating_sub(1));
            }
            Fact::CallbackPool { site, free, size } => self.pool(site).count(*free, *size),
            Fact::CallbackPoolEmpty { site, .. } => self.pool(site).empty.increment(1),
            Fact::HungUpSoon { .. } => self.hung_up_soon.increment(1),
            Fact::ReportedWrong { .. } => self.wrong_tests.increment(1),
            Fact::Repaired { defect, .. } => self.defects.count(defect.text(), &self.recorder),
            Fact::Unreadable { fault } => self.defects.count(fault, &self.recorder),
            Fact::ForeignLocation { what, .. } => self.foreign_locations.count(*what, &self.recorder),
            Fact::LocationUpdate { sent, .. } => self.location_updates.count(*sent, &self.recorder),
            Fact::FeatureBlocked { feature, .. } | Fact::BlockedBeside { feature, .. } => {
                self.features.count(*feature, &self.recorder)
            }
            Fact::TransferRefused { .. } => self.transfers.count("refused", &self.recorder),
            Fact::Transferred { .. } => self.transfers.count("done", &self.recorder),
            Fact::TransferFailed { .. } => self.transfers.count("failed", &self.recorder),
            Fact::UnknownSource { refused } => self.strangers.count(*refused, &self.recorder),
            Fact::Refused { kind, code } => {
                self.calls.count((*kind, Outcome::Refused), &self.recorder);
                if *code == 503 {
                    self.no_room.count(*kind, &self.recorder);
                }
            }
            Fact::Unwitnessed { lost, over: false } => self.unwitnessed.increment(*lost),
            // The first of them counted when it was lost.
            Fact::Unwitnessed { lost, over: true } => self.unwitnessed.increment(lost.saturating_sub(1)),
            Fact::NotKept { what, over } => self.not_kept(what, !over),
            Fact::AttemptStarted { .. }
            | Fact::AskedAgain { .. }
            | Fact::Answered { .. }
            | Fact::TransferBegun { .. }
            | Fact::FarEndLost { .. }
            | Fact::BroughtBack { .. }
            | Fact::AnswerNotAcknowledged { .. }
            | Fact::NoSession { .. }
            | Fact::SessionsDiffer { .. }
            | Fact::SideSilent { .. }
            | Fact::Orphaned { .. }
            | Fact::FromElsewhere { .. }
            | Fact::NumberLent { .. }
            | Fact::CallbackPoolLow { .. }
            | Fact::Diverted { .. }
            | Fact::TakenOver { .. }
            | Fact::Forwarded { .. }
            | Fact::FixedDeviceMoved { .. }
            | Fact::MessageToEmergency { .. }
            | Fact::TrunkAddressState { .. } => {}
        }
    }

    /// Counts a message by its first line.
    pub fn message(&mut self, direction: Direction, bytes: &[u8]) {
        let label = label_of(bytes);
        let (recorder, counter) = (&*self.recorder, &mut self.messages[direction as usize][label]);
        let register = || {
            let direction = if direction == Direction::In { "in" } else { "out" };
            metrics::counter!("callbox_messages_total", "direction" => direction, "kind" => LABELS[label])
        };
        counter.get_or_insert_with(|| metrics::with_local_recorder(recorder, register)).increment(1);
    }

    /// Says how many messages were sent again so far.
    pub fn retransmissions(&self, total: u64) {
        self.retransmissions.absolute(total);
    }

    fn not_kept(&self, what: &'static str, fails: bool) {
        let gauge =
            metrics::with_local_recorder(&*self.recorder, || metrics::gauge!("callbox_not_kept", "what" => what));
        gauge.set(if fails { 1.0 } else { 0.0 });
    }

    fn set_active(&mut self, active: u64) {
        self.active = active;
        self.active_calls.set(active as f64);
    }

    fn trunk(&mut self, name: &Arc<str>) -> &mut TrunkCounters {
        let recorder = &self.recorder;
        self.trunks
            .entry(name.clone())
            .or_insert_with(|| metrics::with_local_recorder(&**recorder, || TrunkCounters::registered(name)))
    }

    fn pool(&mut self, site: &Arc<str>) -> &mut PoolCounters {
        let recorder = &self.recorder;
        self.pools
            .entry(site.clone())
            .or_insert_with(|| metrics::with_local_recorder(&**recorder, || PoolCounters::registered(site)))
    }

    /// All counters, registered with the recorder of this moment.
    fn registered() -> Metrics {
        Metrics {
            recorder: Arc::new(PrometheusBuilder::new().build_recorder()),
            crisis_calls: metrics::counter!("callbox_crisis_calls_total"),
            active_calls: metrics::gauge!("callbox_active_calls"),
            active: 0,
            decision: metrics::histogram!("callbox_decision_seconds"),
            setup: metrics::histogram!("callbox_setup_seconds"),
            retransmissions: metrics::counter!("callbox_retransmissions_total"),
            calls: Family::new(
                |(kind, outcome)| metrics::counter!("callbox_calls_total", "class" => kind.text(), "outcome" => outcome.text()),
            ),
            messages: [const { [const { None }; LABELS.len()] }; 2],
            defects: Family::new(|defect| metrics::counter!("callbox_defects_total", "defect" => defect)),
            transfers: Family::new(|outcome| metrics::counter!("callbox_transfers_total", "outcome" => outcome)),
            features: Family::new(
                |feature| metrics::counter!("callbox_features_blocked_total", "feature" => feature.text()),
            ),
            foreign_locations: Family::new(
                |what| metrics::counter!("callbox_foreign_locations_total", "outcome" => what.text()),
            ),
            location_updates: Family::new(|sent| {
                let outcome = if sent { "sent" } else { "not_allowed" };
                metrics::counter!("callbox_location_updates_total", "outcome" => outcome)
            }),
            strangers: Family::new(|refused| {
                let policy = if refused { "reject" } else { "relay" };
                metrics::counter!("callbox_unknown_sources_total", "policy" => policy)
            }),
            no_room: Family::new(|kind| metrics::counter!("callbox_no_room_total", "class" => kind.text())),
            wrong_tests: metrics::counter!("callbox_wrong_tests_total"),
            unwitnessed: metrics::counter!("callbox_unwitnessed_total"),
            hung_up_soon: metrics::counter!("callbox_hung_up_soon_total"),
            trunks: HashMap::new(),
            pools: HashMap::new(),
        }
    }
}

/// Counters of one name that differ in their labels, each registered when it first counts.
struct Family<K> {
    handles: HashMap<K, Counter>,
    register: fn(K) -> Counter,
}

impl<K: Copy + Eq + Hash> Family<K> {
    fn new(register: fn(K) -> Counter) -> Self {
        Self { handles: HashMap::new(), register }
    }

    fn count(&mut self, labels: K, recorder: &PrometheusRecorder) {
        let register = self.register;
        self.handles
            .entry(labels)
            .or_insert_with(|| metrics::with_local_recorder(recorder, || register(labels)))
            .increment(1);
    }
}

/// What is counted of one trunk.
struct TrunkCounters {
    attempts: [Counter; ATTEMPTED.len()],
    failovers: Counter,
    up: Gauge,
}

impl TrunkCounters {
    /// A trunk counts as up until something else is known of it.
    fn registered(trunk: &Arc<str>) -> TrunkCounters {
        let trunk = || trunk.to_string();
        let up = metrics::gauge!("callbox_trunk_up", "trunk" => trunk());
        up.set(1.0);
        TrunkCounters {
            attempts: ATTEMPTED
                .map(|how| metrics::counter!("callbox_attempts_total", "trunk" => trunk(), "outcome" => how.text())),
            failovers: metrics::counter!("callbox_failovers_total", "trunk" => trunk()),
            up,
        }
    }
}

/// What is counted of the callback numbers of one site.
struct PoolCounters {
    free: Gauge,
    size: Gauge,
    empty: Counter,
}

impl PoolCounters {
    fn registered(site: &Arc<str>) -> PoolCounters {
        PoolCounters {
            free: metrics::gauge!("callbox_callback_numbers_free", "site" => site.to_string()),
            size: metrics::gauge!("callbox_callback_numbers", "site" => site.to_string()),
            empty: metrics::counter!("callbox_callback_pool_empty_total", "site" => site.to_string()),
        }
    }

    fn count(&self, free: usize, size: usize) {
        self.free.set(free as f64);
        self.size.set(size as f64);
    }
}

/// What can become of an attempt, in the order of a trunk's counters.
const ATTEMPTED: [Attempted; 5] =
    [Attempted::Answered, Attempted::Refused, Attempted::Silent, Attempted::Unreachable, Attempted::Cancelled];

const fn place(how: Attempted) -> usize {
    match how {
        Attempted::Answered => 0,
        Attempted::Refused => 1,
        Attempted::Silent => 2,
        Attempted::Unreachable => 3,
        Attempted::Cancelled => 4,
    }
}

/// The labels of messages: classes of status, then methods in the order of [`Method`].
const LABELS: [&str; 22] = [
    "other", "1xx", "2xx", "3xx", "4xx", "5xx", "6xx", "INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "other", "PRACK",
    "UPDATE", "INFO", "MESSAGE", "REFER", "NOTIFY", "other", "other", "other",
];

/// Where in [`LABELS`] a message's is.
fn label_of(bytes: &[u8]) -> usize {
    if let Some(status) = bytes.strip_prefix(b"SIP/2.0 ") {
        return match status.first() {
            Some(class @ b'1'..=b'6') => usize::from(class - b'0'),
            _ => 0,
        };
    }
    let method = bytes.split(|byte| *byte == b' ').next().unwrap_or_default();
    7 + Method::read(method) as usize
}

/// What each number is, for people who read the page.
fn describe() {
    use metrics::{describe_counter as counter, describe_gauge as gauge, describe_histogram as histogram};
    counter!("callbox_calls_total", "Calls that ended, by class and outcome; crisis calls are not among them");
    counter!("callbox_crisis_calls_total", "Calls to the crisis line");
    counter!("callbox_attempts_total", "Attempts to reach a trunk, by what became of them");
    counter!("callbox_failovers_total", "Attempts after which the next target was started");
    gauge!("callbox_callback_numbers_free", "Free numbers of a site's pool of callback numbers");
    gauge!("callbox_callback_numbers", "Numbers of a site's pool of callback numbers");
    counter!("callbox_callback_pool_empty_total", "Callers for whom no number of the pool was free");
    counter!("callbox_hung_up_soon_total", "Emergency calls whose caller hung up so soon that it may have misdialled");
    counter!("callbox_messages_total", "SIP messages, by direction and by method or class of status");
    counter!("callbox_retransmissions_total", "SIP messages that were sent again");
    counter!("callbox_defects_total", "Faults in messages, repaired where a call could go on");
    counter!("callbox_transfers_total", "Transfers of emergency calls that far ends asked for, by what became of them");
    counter!("callbox_features_blocked_total", "What callers' sides asked for and may not have in an emergency call");
    counter!("callbox_foreign_locations_total", "Locations that callers brought by reference, by what became of them");
    counter!("callbox_location_updates_total", "Late locations for trunks that want them, by whether they were sent");
    counter!("callbox_unknown_sources_total", "Calls from addresses that are no source, by what became of them");
    counter!("callbox_no_room_total", "Calls that found no room, by class");
    counter!("callbox_wrong_tests_total", "Test calls whose caller said that something it heard is wrong");
    counter!("callbox_unwitnessed_total", "Accounts and facts that those who notify and keep records missed");
    counter!("callbox_notices_total", "Messages to recipients of notices, by channel and what became of them");
    counter!("callbox_notices_untold_total", "Emergency calls of which no recipient is told");
    counter!("callbox_notices_unkept_total", "Times that the outbox could not be written to disk");
    gauge!("callbox_notices_waiting", "Messages that are not delivered yet");
    gauge!("callbox_notice_channel_up", "1 while a channel takes messages, 0 while it does not");
    counter!("callbox_event_requests_total", "Requests of desktops for a stream or a ticket, by what became of them");
    gauge!("callbox_event_streams", "Desktops that listen now");
    counter!("callbox_events_total", "Events for desktops, one for each that listens");
    counter!("callbox_event_streams_cut_off_total", "Desktops that read too slowly, or whose place was needed");
    counter!("callbox_presence_total", "States of agents, and tries that failed, by contact center and outcome");
    counter!("callbox_presence_unkept_total", "Times that agents' states could not be written to disk");
    gauge!("callbox_presence_agents", "Agents whose state is not yet what it was before their emergency call");
    gauge!("callbox_presence_adapter_up", "1 while a contact center takes presence, 0 while it does not");
    counter!("callbox_ledger_entries_total", "Entries of the ledger that are on the disk");
    counter!("callbox_ledger_lost_total", "Entries of the ledger that found no room while it could not be written");
    counter!("callbox_log_lines_lost_total", "Lines of the log that found no room because nobody read those before");
    gauge!("callbox_ledger_failing", "1 while the ledger cannot be written, else 0");
    gauge!("callbox_not_kept", "1 while the disk takes nothing of the ledger or the outbox, 0 when it does again");
    gauge!("callbox_active_calls", "Calls now; crisis calls are not among them");
    gauge!("callbox_trunk_up", "1 while a trunk answers or nothing else is known, 0 while it does not");
    histogram!("callbox_decision_seconds", "From a call's INVITE to the list of its targets");
    counter!("callbox_location_requests_total", "Location requests, by where they came in and what became of them");
    histogram!("callbox_setup_seconds", "From a call's INVITE to the first ringing");
    histogram!("callbox_location_seconds", "From a location request that has arrived whole to its answer");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Handle;

    fn lines(metrics: &Metrics) -> Vec<String> {
        metrics.page().text().lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    fn call() -> Handle {
        Handle { shard: 0, slot: 1, nonce: 2 }
    }

    #[test]
    fn a_call_counts_from_its_arrival_to_its_end() {
        let psap: Arc<str> = "psap-1".into();
        let mut metrics = Metrics::new([&psap]).unwrap();
        let kind = Kind::Emergency;
        let after = Duration::from_millis(30);
        metrics.count(&Fact::Arrived { call: call(), kind, source: "pbx".into() });
        metrics.count(&Fact::Decided {
            call: call(),
            kind,
            way: "direct",
            grade: "dispatchable",
            took: Duration::from_micros(4),
        });
        metrics.count(&Fact::Ringing { call: call(), kind, trunk: psap.clone(), after });
        assert!(lines(&metrics).contains(&"callbox_active_calls 1".to_owned()));
        metrics.count(&Fact::AttemptEnded { call: call(), kind, trunk: psap, how: Attempted::Answered, code: 200 });
        metrics.count(&Fact::Ended { call: call(), kind, outcome: Outcome::Completed, lasted: after });
        let lines = lines(&metrics);
        for line in [
            "callbox_active_calls 0",
            "callbox_calls_total{class=\"emergency\",outcome=\"completed\"} 1",
            "callbox_attempts_total{trunk=\"psap-1\",outcome=\"answered\"} 1",
            "callbox_attempts_total{trunk=\"psap-1\",outcome=\"silent\"} 0",
            "callbox_trunk_up{trunk=\"psap-1\"} 1",
            "callbox_decision_seconds_bucket{le=\"0.000005\"} 1",
            "callbox_setup_seconds_bucket{le=\"0.01\"} 0",
            "callbox_setup_seconds_bucket{le=\"0.05\"} 1",
        ] {
            assert!(lines.iter().any(|found| found == line), "{line} is not in\n{}", lines.join("\n"));
        }
    }

    #[test]
    fn a_crisis_call_leaves_one_number_without_labels_and_nothing_else() {
        let mut metrics = Metrics::new([]).unwrap();
        let before = lines(&metrics);
        metrics.count(&Fact::CrisisCall);
        let changed: Vec<_> = lines(&metrics).into_iter().filter(|line| !before.contains(line)).collect();
        assert_eq!(changed, ["callbox_crisis_calls_total 1"]);
    }

    #[test]
    fn messages_count_by_method_and_status_and_a_strange_method_makes_no_series_of_its_own() {
        let mut metrics = Metrics::new([]).unwrap();
        metrics.message(Direction::In, b"INVITE sip:911@callbox.example SIP/2.0\r\n");
        metrics.message(Direction::Out, b"SIP/2.0 180 Ringing\r\n");
        metrics.message(Direction::In, b"QX1 sip:a@b SIP/2.0\r\n");
        metrics.message(Direction::In, b"QX2 sip:a@b SIP/2.0\r\n");
        let messages: Vec<_> = lines(&metrics).into_iter().filter(|line| line.contains("messages")).collect();
        assert_eq!(messages.len(), 3, "{messages:?}");
        for method in LABELS.iter().filter(|label| label.bytes().all(|byte| byte.is_ascii_uppercase())) {
            assert_eq!(LABELS[label_of(format!("{method} sip:a@b SIP/2.0\r\n").as_bytes())], *method);
        }
        assert!(messages.contains(&"callbox_messages_total{direction=\"in\",kind=\"other\"} 2".to_owned()));
    }
}
