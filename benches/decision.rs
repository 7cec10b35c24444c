//! The decision on one call (whose line and device, what kind, where by the wiremap, whom to ask, which number to show) with
//! a million numbers, devices and lines of the wiremap in the cache: its mean by criterion, and before that the 99th
//! percentile and the allocations of 100,000 decisions. And the look-up of a caller's shape among 10,000 boundaries.
mod counted;

use callbox::b2bua::intake::Asked;
use callbox::b2bua::story::{self, Decision, View};
use callbox::base::now::{Mono, Wall};
use callbox::cache::{Cache, Snapshot, Whereabouts};
use callbox::record::found::Verdict;
use callbox::record::table::Tables;
use callbox::record::trunk::Carrier;
use callbox::record::wiremap::{Key, Row};
use callbox::record::{
    Attachment, Boundaries, Boundary, Capability, Chassis, Civic, Device, DeviceClass, DialPlan, Element, Interface,
    Ladder, Line, Location, Measurements, Number, Organisation, Port, Position, Profile, Shape, Site, Source, Trunk,
    TrunkKind,
};
use core::hint::black_box;
use core::time::Duration;
use criterion::{Criterion, criterion_group, criterion_main};
use std::sync::Arc;
use std::time::Instant;

/// How much is measured: `cargo bench` says `--bench`, and whoever else builds this only wants to know that it runs.
struct Scale {
    numbers: u64,
    decisions: u64,
}

impl Scale {
    fn wanted() -> Scale {
        let measured = std::env::args().any(|argument| argument == "--bench");
        if measured {
            Scale { numbers: 1_000_000, decisions: 100_000 }
        } else {
            Scale { numbers: 1000, decisions: 100 }
        }
    }
}

/// The number of line `index`: ten digits after the calling code, each once.
fn number(index: u64) -> Number {
    Number::read(&format!("+1{}", 2_000_000_000 + index * 7)).expect("a number")
}

fn civic(house: u64) -> Civic {
    let house = house.to_string();
    let mut civic = Civic::default();
    let elements = [
        (Element::Country, "US"),
        (Element::A1, "IL"),
        (Element::A3, "Chicago"),
        (Element::Rd, "Example"),
        (Element::Hno, house.as_str()),
        (Element::Flr, "3"),
        (Element::Room, "301"),
    ];
    for (element, value) in elements {
        civic.set(element, value);
    }
    civic
}

fn trunk(name: &str, kind: TrunkKind, profile: Profile) -> Arc<Trunk> {
    Arc::new(Trunk {
        name: name.into(),
        kind,
        profile,
        carrier: Carrier::Udp,
        host: "192.0.2.1".into(),
        port: Some(5060),
        fallback: Vec::new(),
        answers: callbox::record::trunk::Answers::Private,
        from: Vec::new(),
        organisations: Vec::new(),
        dials: Vec::new(),
        priority: 10,
        weight: 1,
        areas: Vec::new(),
        account: None,
        numbers: Vec::new(),
        number_on_record: None,
        transfers: true,
        transfer_to: Vec::new(),
        login: None,
        callback_headers: Vec::new(),
        conveyance: Default::default(),
        location_position: Default::default(),
        takes_references: true,
        location_updates: false,
        probe: true,
        silent_after: Duration::from_secs(1),
        no_ring_after: Duration::from_secs(6),
        ring_max: Duration::from_secs(60),
    })
}

const NOW: Wall = Wall::from_millis(1_800_000_000_000);

/// A switch of 48 ports, and the port.
fn socket(index: u64) -> (Chassis, Port) {
    let [.., a, b, c] = (index / 48).to_be_bytes();
    let chassis = Chassis::from_octets(&[2, 0, 0, a, b, c]).expect("a switch");
    (chassis, Port::read(&format!("GigabitEthernet1/0/{}", index % 48)).expect("a port"))
}

/// A desk phone that told a minute ago which socket it is plugged in to.
fn device(cache: &Cache, organisation: &Arc<str>, index: u64) -> Arc<Device> {
    let device = Device {
        id: format!("device-{index}").into(),
        organisation: Arc::clone(organisation),
        class: DeviceClass::Fixed,
        mac: None,
        instance: Some(format!("urn:uuid:00000000-0000-1000-8000-{index:012x}").into()),
        model: Some("Cisco CP-8851".into()),
        capability: Capability::Held,
        lines: vec![number(index)],
        ecbn: None,
        home: None,
    };
    let (chassis, port) = socket(index);
    let at = Wall::from_millis(NOW.as_millis() - 60_000);
    let switches = vec![Attachment { chassis, port: Some(port) }];
    let measurements =
        Measurements { interfaces: vec![Interface { at, switches, ..Interface::default() }], public: None };
    cache.tell_whereabouts(&device.id, Whereabouts { measurements, at, source: None, line: None });
    Arc::new(device)
}

/// A cache with all numbers, each with a device and a socket in one of 10,000 locations.
fn world(scale: &Scale) -> Cache {
    let organisation = Organisation::new("acme", "Acme");
    let site = Site {
        id: "hq".into(),
        organisation: "acme".into(),
        country: "US".into(),
        prefixes: vec!["9".into()],
        stage1: true,
        stage2: true,
        ecbn: None,
        pool: Vec::new(),
        callback_first: Default::default(),
        zone: None,
        desk: None,
        civic: civic(1),
        gateway: Some("gateway".into()),
    };
    let plan = DialPlan {
        country: "US".into(),
        calling_code: "1".into(),
        switched_on: true,
        emergency: vec!["911".into(), "112".into()],
        test: vec!["933".into()],
        crisis: vec!["988".into()],
    };
    let location = |house: u64| Location::new(format!("location-{house}").into(), "main".into(), civic(house));
    let locations: Vec<Arc<Location>> = (0..10_000).map(|house| Arc::new(location(house))).collect();
    let line = |index: u64| Line {
        number: number(index),
        organisation: Arc::clone(&organisation.id),
        site: Arc::clone(&site.id),
        location: locations.get((index % 10_000) as usize).cloned(),
        ecbn: None,
        reachable: true,
        has_presence: false,
    };
    let lines = (0..scale.numbers).map(|index| Arc::new(line(index))).collect();
    let cache = Cache::default();
    cache.configure(&Snapshot {
        domain: "callbox.example".into(),
        dial_plans: [(Arc::clone(&plan.country), Arc::new(plan))].into_iter().collect(),
        trunks: vec![
            trunk("psap-1", TrunkKind::PsapI3, Profile::I3),
            trunk("psap-2", TrunkKind::PsapI3, Profile::I3),
            trunk("relay", TrunkKind::Relay, Profile::Relay),
            trunk("crisis", TrunkKind::Crisis, Profile::Crisis),
            trunk("gateway", TrunkKind::Gateway, Profile::Whole),
            trunk("pbx", TrunkKind::Pbx, Profile::Whole),
        ],
        ..Snapshot::default()
    });
    let devices = (0..scale.numbers).map(|index| device(&cache, &organisation.id, index)).collect();
    let row = |index| {
        let (chassis, port) = socket(index);
        let location = locations.get((index % 10_000) as usize).map(|location| Arc::clone(&location.id));
        Row { organisation: Arc::clone(&organisation.id), key: Key::Port(chassis, port), location }
    };
    let wiremap = (0..scale.numbers).map(row).collect();
    cache.load(Tables {
        organisations: vec![Arc::new(organisation)],
        sites: vec![Arc::new(site.clone())],
        locations,
        lines,
        devices,
        wiremap,
        ..Tables::default()
    });
    cache
}

/// All that is decided before the first INVITE leaves.
fn decide(cache: &Cache, source: &Source, shown: Number, chance: u64) -> Box<Decision> {
    let snapshot = cache.snapshot.load();
    let asked = Asked::by_hand(source, "9911", Some(shown));
    let clock = || Mono::from_micros(0);
    let view = View {
        cache,
        snapshot: &snapshot,
        is_dead: &|_| false,
        clock: &clock,
        mono: Mono::default(),
        wall: NOW,
        chance,
    };
    story::advance(&view, &asked).expect("the source's site is there")
}

/// A line that no cache of the processor has seen lately, as calls come.
fn caller(scale: &Scale, call: u64) -> Number {
    number(call.wrapping_mul(0x9e37_79b9_7f4a_7c15) % scale.numbers)
}

#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn percentiles(scale: &Scale, cache: &Cache, source: &Source) {
    let mut nanos = Vec::with_capacity(scale.decisions as usize);
    let mut allocations = 0;
    for call in 0..scale.decisions {
        let shown = caller(scale, call);
        let before = (Instant::now(), counted::allocations());
        black_box(decide(cache, source, shown, call));
        nanos.push(before.0.elapsed().as_nanos());
        allocations += counted::allocations() - before.1;
    }
    nanos.sort_unstable();
    let at = |permille: usize| nanos[nanos.len() * permille / 1000];
    println!(
        "decision with {} numbers, devices and lines of the wiremap: p50 {} ns, p99 {} ns, p99.9 {} ns; {:.2} allocations",
        scale.numbers,
        at(500),
        at(990),
        at(999),
        allocations as f64 / scale.decisions as f64
    );
}

fn decision(criterion: &mut Criterion) {
    let scale = Scale::wanted();
    let cache = world(&scale);
    let source = Source {
        trunk: "pbx".into(),
        organisation: "acme".into(),
        default_site: "hq".into(),
        networks: Vec::new(),
        relay_other: None,
        location_order: Ladder::default(),
        token_header: None,
        location_hosts: Vec::new().into(),
        location_wait: Duration::from_millis(250),
        token_param: None,
    };
    let first = decide(&cache, &source, number(0), 0);
    let found = first.located.wiremap.as_deref().and_then(|found| found.hits.first());
    assert!(found.is_some_and(|hit| hit.verdict == Verdict::Won), "the wiremap tells where the caller is");
    percentiles(&scale, &cache, &source);
    let mut call = 0;
    criterion.bench_function("decision", |bencher| {
        bencher.iter(|| {
            call += 1;
            decide(&cache, &source, caller(&scale, call), call)
        });
    });
}

/// Hexagons with sixty corners on a grid of `side` by `side`, which leave gaps and overlap here and there.
fn map(side: u32) -> Boundaries {
    let cell = |at: u32| {
        let (x, y) = (f64::from(at % side) * 0.01, f64::from(at / side) * 0.01);
        let corner = |step: u32| {
            let turn = f64::from(step) / 60.0 * core::f64::consts::TAU;
            geo::Coord { x: x + 0.0055 * turn.cos(), y: y + 0.0055 * turn.sin() }
        };
        let ring = geo::LineString::new((0..60).map(corner).collect());
        Boundary { name: format!("area-{at}").into(), parts: geo::Polygon::new(ring, Vec::new()).into() }
    };
    Boundaries::new((0..side * side).map(cell).collect())
}

/// The boundary that holds a caller's circle, of ten thousand; and how long it takes to find where they do not meet.
#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn areas(criterion: &mut Criterion) {
    let scale = Scale::wanted();
    let side = if scale.numbers > 1000 { 100 } else { 5 };
    let map = map(side);
    let begun = Instant::now();
    let seams = map.seams().len();
    let (count, took) = (map.names().count(), begun.elapsed());
    println!("{count} boundaries: {seams} gaps and overlaps found in {:.2} s", took.as_secs_f64());
    let mut nanos = Vec::with_capacity(scale.decisions as usize);
    for call in 0..scale.decisions {
        let at = |factor: u64| (call.wrapping_mul(factor) % 10_000) as f64 / 10_000.0 * f64::from(side) * 0.01;
        let center = Position::new(at(7919), at(6151), None).expect("it is on the earth");
        let begun = Instant::now();
        black_box(map.covering(&Shape::Circle { center, radius: 300.0 }));
        nanos.push(begun.elapsed().as_nanos());
    }
    nanos.sort_unstable();
    let at = |permille: usize| nanos[nanos.len() * permille / 1000];
    println!("a circle among {count} boundaries: p50 {} ns, p99 {} ns", at(500), at(990));
    let center = Position::new(0.013, 0.017, None).expect("it is on the earth");
    criterion.bench_function("areas", |bencher| {
        bencher.iter(|| map.covering(&Shape::Circle { center, radius: 300.0 }));
    });
}

criterion_group!(benches, decision, areas);
criterion_main!(benches);
