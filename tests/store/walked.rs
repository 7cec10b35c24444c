//! A cache that follows change by change is the cache that is read whole, whatever the changes.
use crate::bench::lab_tables;
use callbox::app::follow::{Follower, Turn};
use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::cache::{Cache, Snapshot};
use callbox::config::world;
use callbox::edge::clock::Clock;
use callbox::edge::store::Store;
use callbox::record::table::plan::{Edit, Lines, Wish, plan};
use callbox::record::table::{self, File, Files, Kind, wiremap_keys};
use callbox::record::wiremap::Key;
use std::collections::BTreeMap;
use std::sync::Arc;

const NOW: Wall = Wall::from_millis(1_800_000_000_000);
const CHANGES: u32 = 120;

/// Chance from a seed.
struct Dice(Entropy);

impl Dice {
    fn below(&mut self, many: u64) -> u64 {
        self.0.below(many)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = self.below(of.len() as u64);
        of[usize::try_from(at).expect("it is below the length")]
    }

    /// Some of these, with blanks between.
    fn some(&mut self, of: &[&str]) -> String {
        let kept: Vec<&str> = of.iter().copied().filter(|_| self.below(3) == 0).collect();
        kept.join(" ")
    }
}

/// One file with a few lines, most of which fit.
fn file(dice: &mut Dice) -> (Kind, String) {
    const PLACES: [&str; 7] = ["hq-101", "hq-217", "hq-301", "hq-4", "hq-main", "branch-main", ""];
    const NUMBERS: [&str; 5] = ["+13125550123", "+13125550124", "4117", "4118", "4119"];
    let floor = dice.below(9);
    match dice.below(7) {
        0 => (Kind::Buildings, format!("id,country,A1,A3,RD,HNO\nhq-main,US,IL,Chicago,Example,{floor}\n")),
        1 => {
            let (id, more) = (dice.pick(&["hq-101", "hq-217", "hq-9"]), dice.pick(&["hq-4", "hq-301"]));
            (Kind::Locations, format!("id,building,FLR\n{id},hq-main,{floor}\n{more},hq-main,{floor}\n"))
        }
        2 => {
            let (number, place) = (dice.pick(&NUMBERS), dice.pick(&PLACES));
            let (ecbn, site) = (dice.pick(&["", "+13125550107"]), dice.pick(&["hq", "hq", "hq", "branch"]));
            let lines = format!("{number},{site},{place},{ecbn}\n4130,hq,{place},\n");
            (Kind::Numbers, format!("number,site,location,ecbn\n{lines}"))
        }
        3 => {
            let (id, lines, home) =
                (dice.pick(&["hq-desk-1", "hq-soft-1", "new"]), dice.some(&NUMBERS), dice.pick(&PLACES));
            let mac = dice.pick(&["02-00-00-00-0A-01", "02-00-00-00-0A-F1", ""]);
            (Kind::Devices, format!("id,organisation,class,mac,lines,home\n{id},acme,fixed,{mac},{lines},{home}\n"))
        }
        4 => {
            let (id, place, lines) = (dice.pick(&["desk", "client", "new"]), dice.pick(&PLACES), dice.some(&NUMBERS));
            let ecbn = dice.pick(&["", "+13125550108"]);
            let presence = dice.pick(&["", "ann-17"]);
            let line = format!("{id},acme,hq,{place},{lines},{ecbn},{presence}");
            (Kind::Users, format!("id,organisation,site,location,lines,ecbn,presence\n{line}\n"))
        }
        5 => {
            let (port, place, other) = (dice.below(4), dice.pick(&PLACES), dice.pick(&PLACES));
            let head = "organisation,location,chassis,port,subnet\n";
            (Kind::Wiremap, format!("{head}acme,{place},02-00-00-00-01-01,{port},\nacme,{other},,,10.1.{port}.0/24\n"))
        }
        _ => (Kind::Organisations, format!("id,name,wiremap_order\nacme,Acme {floor},bssid\n")),
    }
}

/// All that a cache knows, in an order of its own.
fn known(cache: &Cache, keys: &BTreeMap<String, Key>) -> BTreeMap<String, String> {
    let acme: Arc<str> = "acme".into();
    let snapshot = cache.snapshot.load();
    let mut known = BTreeMap::new();
    let place = |place: &callbox::record::Location| {
        let elements: Vec<_> =
            place.civic.elements().map(|(element, value)| format!("{}={value}", element.text())).collect();
        format!("{} in {}: {}", place.id, place.building, elements.join(" "))
    };
    known.extend(cache.locations.iter().map(|one| (format!("place {}", one.key()), place(&one))));
    for line in &cache.lines {
        let number = line.number;
        let ringing = cache.devices_of_line(&acme, number);
        let mut devices: Vec<_> = ringing.iter().map(|device| device.id.to_string()).collect();
        devices.sort();
        let user = cache.user_of_line(&acme, number).map(|user| user.id.to_string());
        let (at, ecbn) = (line.location.as_deref().map(place), line.ecbn.map(|ecbn| ecbn.expose().to_owned()));
        known.insert(
            format!("line {}", number.expose()),
            format!("{} {at:?} {ecbn:?} {devices:?} {user:?} {}", line.site, line.has_presence),
        );
    }
    for id in ["hq-desk-1", "hq-desk-2", "hq-desk-3", "hq-soft-1", "hq-dect-1", "hq-ata-1", "new"] {
        let by_mac = |mac| cache.device_by_mac(&acme, mac).map(|device| device.id.to_string());
        let device =
            cache.device(id).map(|device| (device.home.clone(), device.lines.len(), device.mac.and_then(by_mac)));
        known.insert(format!("device {id}"), format!("{device:?}"));
        known.insert(format!("user {id}"), format!("{:?}", cache.user(id).map(|user| user.location.clone())));
    }
    for (name, key) in keys {
        let found = match key {
            Key::Port(chassis, port) => cache.wiremap.port(&acme, chassis, port),
            Key::Bssid(mac) => cache.wiremap.bssid(&acme, *mac),
            Key::Subnet(..) => {
                let third =
                    name.rsplit("10.1.").next().and_then(|rest| rest.split('.').next()).and_then(|it| it.parse().ok());
                cache.wiremap.subnet(&acme, [10, 1, third.unwrap_or(0), 7].into(), None)
            }
            _ => None,
        };
        known.insert(format!("wiremap {name}"), format!("{found:?}"));
    }
    known.extend(
        snapshot
            .sites
            .values()
            .map(|site| (format!("site {}", site.id), site.civic.elements().map(|(_, value)| value).collect())),
    );
    known.extend(snapshot.organisations.values().map(|one| (format!("organisation {}", one.id), one.name.clone())));
    known.insert("counts".into(), format!("{} {} {}", cache.wiremap.len(), cache.devices.len(), cache.lines.len()));
    known
}

fn whole(store: &Store, configured: &Snapshot) -> Cache {
    let cache = Cache::default();
    cache.configure(configured);
    let (texts, _) = store.texts().expect("the tables");
    let mut files = Files::default();
    texts.iter().for_each(|(kind, text)| files.add(*kind, File::csv(kind.file(), text)));
    cache.load(table::read(&files, world::against(configured)).expect("they are sound"));
    cache
}

/// The keys of the wiremap that any change may name.
fn keys() -> BTreeMap<String, Key> {
    let mut text = String::from("organisation,location,chassis,port,bssid,subnet\nacme,,,,02-00-00-00-00-11,\n");
    (0..8).for_each(|port| text += &format!("acme,,02-00-00-00-01-01,{port},,\nacme,,,,,10.1.{port}.0/24\n"));
    let read = wiremap_keys(&File::csv("wiremap.csv", &text));
    let names = text.lines().skip(1).map(str::to_owned);
    names.zip(read.into_iter().map(|(_, key)| key)).collect()
}

/// Whether files fit what is near their lines. Then they fit all that is stored with the same plan, and else they do not.
fn fits_nearby(store: &Store, wish: &Wish<'_>, configured: &Snapshot) -> bool {
    let against = world::against(configured);
    let (stored, _) = store.lines().expect("the lines");
    let whole = plan(&stored, wish, against).map(|(plan, _)| plan);
    let mut wanted = Lines::of(wish).expect("the files have the shape of tables");
    let Some(near) = store.near(&mut wanted, core::iter::empty()).expect("a look") else { return false };
    let near = plan(&near, wish, against).map(|(plan, _)| plan);
    match (&near, &whole) {
        (Ok(near), Ok(whole)) => assert_eq!(near, whole, "{:?}", wish.files),
        (Err(_), Err(_)) => {}
        (near, whole) => panic!("near by {near:?}, of all {whole:?}: {:?}", wish.files),
    }
    near.is_ok()
}

fn walk(seed: u8) {
    let configured = world::lab().expect("the lab").snapshot;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("walked.db");
    let mut store = Store::create(&path, NOW).expect("a store");
    let cache = Arc::new(Cache::default());
    cache.configure(&configured);
    let mut follower = Follower::new(Arc::clone(&cache), Clock::start(), &path, 0, Turn::default());
    let mut dice = Dice(Entropy::seeded([seed; 32]));
    // The lab tells nobody of its calls.
    let lab: Vec<_> = Kind::ALL
        .into_iter()
        .filter(|kind| *kind != Kind::Recipients)
        .map(|kind| (kind, std::fs::read_to_string(lab_tables().join(kind.file())).expect("a table of the lab")))
        .collect();
    let keys = keys();
    let (mut made, mut looked_up) = (0, 0);
    for change in 0..CHANGES {
        let (files, replace) = match change {
            0 => (lab.clone(), false),
            _ => (vec![file(&mut dice)], dice.below(4) == 0),
        };
        let (stored, base) = store.lines().expect("the lines");
        let files: Vec<_> = files.iter().map(|(kind, text)| (*kind, File::csv(kind.file(), text))).collect();
        looked_up += u32::from(fits_nearby(&store, &Wish { files: files.clone(), ..Wish::default() }, &configured));
        let wish = Wish { files, replace, detach: true };
        let Ok((plan, _)) = plan(&stored, &wish, world::against(&configured)) else { continue };
        // Without a site for its calls a source is nothing; a config is never left like that.
        if plan.edits.iter().any(|edit| matches!(edit, Edit::Remove { kind: Kind::Organisations | Kind::Sites, .. })) {
            continue;
        }
        store.append(base, &plan.edits, "walk", "a step", NOW).expect("it is stored");
        made += u32::from(!plan.edits.is_empty());
        follower.catch_up(&store).expect("it is taken");
        let (followed, read) = (known(&cache, &keys), known(&whole(&store, &configured), &keys));
        for (name, wanted) in &read {
            assert_eq!(followed.get(name), Some(wanted), "seed {seed}, change {change}: {name} after {:?}", wish.files);
        }
        assert_eq!(followed.len(), read.len(), "seed {seed}, change {change}: something is left over");
    }
    assert!(made > CHANGES / 4, "seed {seed}: only {made} changes");
    assert!(looked_up > CHANGES / 4, "seed {seed}: only {looked_up} changes fit what is near");
}

#[test]
fn a_cache_that_follows_is_the_cache_that_is_read_whole() {
    (1..=4).for_each(walk);
}
