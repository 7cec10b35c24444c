//! Location requests without a network: what the handler does of one, from the bytes of the request to those of the answer,
//! with the lab's tables. For each kind the allocations, the mean, and the 99th percentile of 100,000. Then what 200,000
//! devices told, written behind and found again by a start.
mod counted;

use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::cache::{Cache, Named, Whereabouts};
use callbox::config::world;
use callbox::edge::clock::Clock;
use callbox::edge::state::State;
use callbox::edge::state::whereabouts::{self, Writing};
use callbox::held::{self, Asker, Terms, client};
use callbox::record::{Attachment, Chassis, Interface, Measurements, Port};
use core::hint::black_box;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

const NOW: Wall = Wall::from_millis(1_800_000_000_000);

/// How many requests of a kind are measured: `cargo bench` says `--bench`, and whoever else builds this only wants to know
/// that it runs.
fn wanted() -> usize {
    if std::env::args().any(|argument| argument == "--bench") { 100_000 } else { 100 }
}

/// The lab, where changes are noted as they are in a router.
struct Lis {
    cache: Cache,
    asker: Asker,
    terms: Terms,
    chance: Entropy,
}

impl Lis {
    fn new(public_url: Option<&str>) -> Lis {
        let cache = Cache::default();
        let _settings = world::lab().expect("the lab is sound").publish(&cache);
        cache.note_changes();
        Lis {
            cache,
            asker: Asker { organisation: "acme".into(), proven: true, address: [10, 9, 0, 7].into() },
            terms: Terms { public_url: public_url.map(Into::into), lifetime: Duration::from_secs(3600) },
            chance: Entropy::seeded([3; 32]),
        }
    }

    /// A request of HELD.
    fn held(&mut self, request: &[u8]) -> usize {
        let request = held::read(request, NOW).expect("a request");
        let (answer, code) = held::answer(&self.cache, &self.terms, &self.asker, &request, NOW, &mut self.chance);
        assert_eq!(code, None);
        answer.len()
    }

    /// A request of a client.
    fn client(&mut self, request: &[u8]) -> usize {
        let asked = client::read(request).expect("what a client says");
        let told = client::located(&self.cache, &self.terms, &self.asker, &asked, NOW, &mut self.chance);
        serde_json::to_vec(&told.expect("it is listed")).expect("JSON").len()
    }
}

fn request(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\" \
         responseTime=\"emergencyDispatch\">{inside}</locationRequest>"
    )
}

const NUMBER: &str = "<device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><uri>tel:+13125550123</uri></device>";
const PLUGGED_IN: &str = "<device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><mac>02-00-00-00-0A-01</mac></device>\
    <measurements xmlns=\"urn:ietf:params:xml:ns:geopriv:lm\"><lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\">\
    <chassis type=\"4\">020000000101</chassis><port type=\"5\">37</port></lldp></measurements>";
const CLIENT: &str = "{\"instance\":\"urn:uuid:00000000-0000-1000-8000-020000000a04\",\"interfaces\":[{\"switch\":\
    {\"chassis\":\"02-00-00-00-01-01\",\"port\":\"7\"},\"addresses\":[\"10.9.0.7\"],\"gateway\":\"02-00-00-00-77-01\"}]}";
const GIVEN: &str = "{\"instance\":\"urn:uuid:00000000-0000-1000-8000-020000000a04\",\"interfaces\":[{\"gateway\":\
    \"02-00-00-00-77-01\"}],\"civic\":{\"country\":\"US\",\"A1\":\"IL\",\"A3\":\"Springfield\",\"RD\":\"Sample\",\"HNO\":\"7\"}}";

fn main() {
    println!("{:<36}{:>12}{:>12}{:>12}{:>14}", "a request of", "mean", "p50", "p99", "allocations");
    let url = Some("https://lis.example");
    let (number, plugged_in) = (request(NUMBER), request(PLUGGED_IN));
    measure("a number, civic", Lis::new(None), |lis| lis.held(number.as_bytes()));
    measure("a device at a port, civic", Lis::new(None), |lis| lis.held(plugged_in.as_bytes()));
    measure("the same with a location URI", Lis::new(url), |lis| lis.held(plugged_in.as_bytes()));
    measure("a client at a port", Lis::new(url), |lis| lis.client(CLIENT.as_bytes()));
    let mut home = Lis::new(url);
    let given = client::read_given(GIVEN.as_bytes()).expect("an address");
    let told = client::given(&home.cache, &home.terms, &home.asker, &given, NOW, &mut home.chance);
    assert!(told.is_ok_and(|told| told.found_by == Some("typed")));
    measure("a client at home", home, |lis| lis.client(GIVEN.as_bytes()));
    write_and_recall();
}

/// How long the disk takes for what twice as many devices told, each with a token; and the next start to find it again.
fn write_and_recall() {
    let devices = 2 * wanted();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock::start();
    let state = State::take(folder.path(), clock.now().wall).expect("a folder of its own");
    let cache = Arc::new(Cache::default());
    let writing = Writing::start(&state, Arc::clone(&cache), clock).expect("a new state");
    let begin = clock.now().mono;
    let chance = &mut Entropy::seeded([3; 32]);
    for number in 0..devices {
        let device: Arc<str> = format!("device-{number}").into();
        let at = clock.now().wall;
        let chassis = Chassis::read("02-00-00-00-01-01").expect("a switch");
        let switches = vec![Attachment { chassis, port: Port::read(&format!("Gi1/0/{}", number % 48)) }];
        let interfaces = vec![Interface { at, switches, ..Interface::default() }];
        let measurements = Measurements { interfaces, public: Some(([203, 0, 113, 7].into(), at)) };
        cache.tell_whereabouts(&device, Whereabouts { measurements, at, source: None, line: None });
        cache.issue(Named { device, organisation: "acme".into(), expires: at }, chance);
        if number % 10_000 == 0 {
            std::thread::park_timeout(Duration::from_millis(250));
        }
    }
    drop(writing);
    let written = clock.now().mono.since(begin);
    let begin = clock.now().mono;
    let connection = state.connect().expect("a connection");
    let recalled = whereabouts::recall(&connection, &Cache::default(), clock.now().wall).expect("what was written");
    assert_eq!((recalled.devices, recalled.tokens), (devices, devices));
    let bytes = std::fs::metadata(folder.path().join("state.db")).expect("a file").len();
    println!(
        "{devices} devices, each with a token: written in {written:.1?}, {} bytes each; found again in {:.1?}",
        bytes / devices as u64,
        clock.now().mono.since(begin)
    );
}

#[allow(clippy::disallowed_methods, reason = "the bench is about time")]
fn measure(what: &str, mut lis: Lis, ask: impl Fn(&mut Lis) -> usize) {
    let wanted = wanted();
    (0..wanted / 10).for_each(|_| {
        black_box(ask(&mut lis));
    });
    let mut took = Vec::with_capacity(wanted);
    let before = counted::allocations();
    for number in 0..wanted {
        let begin = Instant::now();
        black_box(ask(&mut lis));
        took.push(begin.elapsed());
        if number % 1000 == 0 {
            // As the thread that writes does.
            black_box(lis.cache.take_unwritten());
        }
    }
    let allocations = (counted::allocations() - before) as f64 / wanted as f64;
    took.sort_unstable();
    let micros = |span: Duration| span.as_nanos() as f64 / 1000.0;
    let mean = took.iter().map(|span| micros(*span)).sum::<f64>() / wanted as f64;
    let (p50, p99) = (micros(took[wanted / 2]), micros(took[wanted * 99 / 100]));
    println!("{what:<36}{mean:>9.1} µs{p50:>9.1} µs{p99:>9.1} µs{allocations:>14.1}");
}
