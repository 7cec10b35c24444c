//! A store with a million numbers, devices and lines of the wiremap: how long an import, a start and a single change take,
//! and how many bytes a line has in the cache and in the file.
mod counted;

use callbox::base::hands::{Hands, InTurn};
use callbox::base::now::Wall;
use callbox::cache::{Cache, Snapshot};
use callbox::edge::hands::SideBySide;
use callbox::edge::store::{News, Store};
use callbox::record::site::Named;
use callbox::record::table::plan::{Edit, Lines, Stored, Wish, plan};
use callbox::record::table::{self, Against, Cells, File, Files, Kind, Tables, Writer};
use callbox::record::{DialPlan, Models};
use core::time::Duration;
use nix::time::ClockId;
use std::sync::Arc;
use std::time::Instant;

const NOW: Wall = Wall::from_millis(1_800_000_000_000);

#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let cpu = || Duration::from(ClockId::CLOCK_PROCESS_CPUTIME_ID.now().expect("the system counts"));
    let begun = (Instant::now(), cpu());
    let done = work();
    let (passed, spent) = (begun.0.elapsed(), cpu() - begun.1);
    println!("{what}: {:.3} s, {:.3} s of CPU", passed.as_secs_f64(), spent.as_secs_f64());
    done
}

fn number(index: u64) -> String {
    format!("+1{}", 2_000_000_000 + index * 7)
}

/// The tables, `lines` long each but for places, of which there are 10,000 at most.
fn texts(lines: u64) -> Vec<(Kind, String)> {
    let places = lines.min(10_000);
    let of = |kind: Kind, count: u64, line: &dyn Fn(u64) -> Vec<String>| {
        let mut text = Writer::new(kind);
        (0..count).for_each(|index| text.line(line(index).iter().map(String::as_str)));
        (kind, text.text())
    };
    let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let place = |index: u64| format!("place-{}", index % places);
    let mac = |first: u8, index: u64| {
        let [.., a, b, c] = index.to_be_bytes();
        format!("02-00-{first:02X}-{a:02X}-{b:02X}-{c:02X}")
    };
    vec![
        of(Kind::Organisations, 1, &|_| cells(&["acme", "Acme"])),
        of(Kind::Buildings, 1, &|_| cells(&["main", "", "", "", "", "", "US", "IL", "", "Chicago"])),
        of(Kind::Locations, places, &|index| cells(&[&place(index), "main"])),
        of(Kind::Sites, 1, &|_| cells(&["hq", "acme", "US", "", "yes", "yes"])),
        of(Kind::Numbers, lines, &|index| cells(&[&number(index), "hq", &place(index), "", "yes", "acme"])),
        of(Kind::Devices, lines, &|index| {
            let instance = format!("urn:uuid:00000000-0000-1000-8000-{index:012x}");
            let id = format!("device-{index}");
            cells(&[&id, "acme", "fixed", &mac(1, index), &instance, "CP-8851", "", &number(index)])
        }),
        of(Kind::Wiremap, lines, &|index| {
            let port = format!("GigabitEthernet1/0/{}", index % 48);
            cells(&["acme", &place(index), &mac(2, index / 48), &port])
        }),
    ]
}

fn read(hands: impl Hands, texts: &[(Kind, String)], dial_plans: &Named<DialPlan>) -> Tables {
    let mut files = Files::default();
    texts.iter().for_each(|(kind, text)| files.add(*kind, File::kept(kind.file(), text)));
    let against = Against { dial_plans, trunks: &[], models: &Models::default() };
    table::read_by(hands, &files, against).expect("the tables are sound")
}

/// How many bytes a cache takes that holds these tables.
fn weight(texts: &[(Kind, String)], kinds: &[Kind], dial_plans: &Named<DialPlan>) -> u64 {
    let some: Vec<_> = texts.iter().filter(|(kind, _)| kinds.contains(kind)).cloned().collect();
    let before = counted::live();
    let cache = Cache::default();
    cache.load(read(InTurn, &some, dial_plans));
    counted::live().saturating_sub(before)
}

fn main() {
    let lines = if std::env::args().any(|argument| argument == "--bench") { 1_000_000 } else { 1000 };
    let us = DialPlan { country: "US".into(), emergency: vec!["911".into()], ..DialPlan::default() };
    let plans: Named<DialPlan> = [(Arc::clone(&us.country), Arc::new(us))].into_iter().collect();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("callbox.db");
    let mut store = Store::create(&path, NOW).expect("a store");
    let wanted = texts(lines);
    timed("an import of everything", || {
        let files = wanted.iter().map(|(kind, text)| (*kind, File::csv(kind.file(), text))).collect();
        let wish = Wish { files, ..Wish::default() };
        let against = Against { dial_plans: &plans, trunks: &[], models: &Models::default() };
        let (plan, _) = plan(&Stored::default(), &wish, against).expect("the files are sound");
        store.append(0, &plan.edits, "bench", "everything", NOW).expect("it is stored");
    });
    drop((wanted, store));
    let cache = Cache::default();
    cache.configure(&Snapshot { dial_plans: plans.clone(), ..Snapshot::default() });
    let mut store = timed("a start", || {
        let store = Store::open(&path, NOW).expect("the store");
        let (texts, _) = timed("  out of the file", || store.kept().expect("its tables"));
        let tables = timed("  read", || read(SideBySide, &texts, &plans));
        timed("  into the cache", || cache.load_by(SideBySide, tables));
        store
    });
    let bytes = std::fs::metadata(&path).expect("the file").len();
    println!("{} bytes a line of the three tables in the file", bytes / (3 * lines));
    // A place that a hundred numbers are at.
    let cells = Kind::Locations.columns().map(|column| match column {
        "id" => "place-7",
        "building" => "main",
        "ROOM" => "12",
        _ => "",
    });
    let moved = Cells::new(cells);
    let edit = Edit::Put { kind: Kind::Locations, line: moved, before: None };
    timed("a change, to the disk", || store.append(1, &[edit], "bench", "one room", NOW).expect("it is stored"));
    timed("a change, from the disk to its tables", || {
        let (News::Touched(touched), 2) = store.since(1).expect("news") else { panic!("all is new") };
        let fresh = store.fresh(touched, |_| None).expect("lines").expect("not too many");
        read(InTurn, &fresh.texts(), &plans)
    });
    let moved = format!("id,organisation,class,mac,lines\ndevice-7,acme,fixed,02-00-09-00-00-07,{}\n", number(8));
    timed("the plan of one device that changes", || {
        let files = vec![(Kind::Devices, File::csv("devices.csv", &moved))];
        let wish = Wish { files, ..Wish::default() };
        let mut wanted = Lines::of(&wish).expect("the file is a table");
        let near = store.near(&mut wanted, core::iter::empty()).expect("look-ups").expect("not too much");
        let against = Against { dial_plans: &plans, trunks: &[], models: &Models::default() };
        plan(&near, &wish, against).expect("it fits")
    });
    let (texts, _) = store.kept().expect("its tables");
    drop((store, cache));
    const PLACES: [Kind; 4] = [Kind::Organisations, Kind::Buildings, Kind::Locations, Kind::Sites];
    let mut kinds = PLACES.to_vec();
    let mut before = weight(&texts, &kinds, &plans);
    for kind in [Kind::Numbers, Kind::Devices, Kind::Wiremap] {
        kinds.push(kind);
        let after = weight(&texts, &kinds, &plans);
        println!("{}: {} bytes a line in the cache", kind.text(), after.saturating_sub(before) / lines);
        before = after;
    }
}
