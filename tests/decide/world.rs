//! What the tests share: the dial plans and lab tables as they are shipped, and a few trunks.
use callbox::cache::{Cache, Snapshot};
use callbox::config::dial_plan;
use callbox::record::site::Named;
use callbox::record::table::{Against, File, Files, Kind, Tables, read};
use callbox::record::trunk::Carrier;
use callbox::record::{
    Capability, Civic, DialPlan, Element, Line, Location, Models, Number, Profile, Site, Source, Trunk, TrunkKind,
};
use core::time::Duration;
use std::path::Path;
use std::sync::Arc;

pub fn shipped(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn plan(country: &str) -> DialPlan {
    let file = format!("dial-plan/{}.toml", country.to_lowercase());
    let mut complaints = Vec::new();
    let plan = dial_plan::read(&file, &shipped(&file), &mut complaints);
    assert_eq!(complaints, []);
    plan.expect("a plan without complaints")
}

pub fn plans() -> Named<DialPlan> {
    ["us", "ca", "gb", "dk", "eu", "au"]
        .map(plan)
        .into_iter()
        .map(|plan| (Arc::clone(&plan.country), Arc::new(plan)))
        .collect()
}

pub fn number(text: &str) -> Number {
    Number::read(text).expect("a number")
}

pub fn civic(elements: &[(Element, &str)]) -> Civic {
    let mut civic = Civic::default();
    for (element, value) in elements {
        civic.set(*element, value);
    }
    civic
}

pub fn chicago() -> Civic {
    use Element::{A1, A3, Country, Hno, Pc, Rd, Sts};
    civic(&[(Country, "US"), (A1, "IL"), (A3, "Chicago"), (Rd, "Example"), (Sts, "Plaza"), (Hno, "100"), (Pc, "60601")])
}

pub fn place(id: &str, civic: Civic) -> Arc<Location> {
    Arc::new(Location::new(id.into(), "hq-main".into(), civic))
}

pub fn line(shown: &str, location: Option<Arc<Location>>) -> Line {
    Line {
        number: number(shown),
        organisation: "acme".into(),
        site: "hq".into(),
        location,
        ecbn: None,
        reachable: true,
        has_presence: false,
    }
}

pub fn site(country: &str, prefixes: &[&str]) -> Site {
    Site {
        id: "hq".into(),
        organisation: "acme".into(),
        country: country.into(),
        prefixes: prefixes.iter().map(|prefix| (*prefix).into()).collect(),
        stage1: true,
        stage2: true,
        ecbn: None,
        pool: Vec::new(),
        callback_first: Default::default(),
        zone: None,
        desk: None,
        civic: chicago(),
        gateway: Some("gateway".into()),
    }
}

pub fn trunk(name: &str, kind: TrunkKind, profile: Profile, port: u16) -> Trunk {
    Trunk {
        name: name.into(),
        kind,
        profile,
        carrier: Carrier::Udp,
        host: "127.0.0.1".into(),
        port: Some(port),
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
    }
}

/// The lab's trunks: two PSAPs of which the first has the better priority, relay, crisis line, gateway, PBX, test IVR.
pub fn trunks() -> Vec<Trunk> {
    let mut trunks = vec![
        trunk("psap-2", TrunkKind::PsapI3, Profile::I3, 5071),
        trunk("psap-1", TrunkKind::PsapI3, Profile::I3, 5070),
        trunk("relay", TrunkKind::Relay, Profile::Relay, 5072),
        trunk("crisis", TrunkKind::Crisis, Profile::Crisis, 5073),
        trunk("gateway", TrunkKind::Gateway, Profile::Whole, 5074),
        trunk("pbx", TrunkKind::Pbx, Profile::Whole, 5075),
        trunk("ivr", TrunkKind::Test, Profile::Test, 5076),
    ];
    trunks[0].priority = 20;
    trunks
}

pub fn snapshot(trunks: Vec<Trunk>) -> Snapshot {
    Snapshot {
        domain: "callbox.example".into(),
        dial_plans: plans(),
        trunks: trunks.into_iter().map(Arc::new).collect(),
        sources: vec![Arc::new(Source {
            trunk: "pbx".into(),
            organisation: "acme".into(),
            default_site: "hq".into(),
            networks: vec![([127, 0, 0, 0].into(), 8), (core::net::Ipv6Addr::LOCALHOST.into(), 128)],
            relay_other: Some("gateway".into()),
            location_order: Default::default(),
            token_header: None,
            location_hosts: Vec::new().into(),
            location_wait: Duration::from_millis(250),
            token_param: None,
        })],
        by_port: true,
        ..Snapshot::default()
    }
}

/// The files of the lab; a test changes one of them.
pub struct Texts {
    pub organisations: String,
    pub sites: String,
    pub buildings: String,
    pub locations: String,
    pub numbers: String,
    pub wiremap: String,
    pub devices: String,
    pub users: String,
}

impl Texts {
    pub fn of_the_lab() -> Texts {
        Texts {
            organisations: shipped("lab/organisations.csv"),
            sites: shipped("lab/sites.csv"),
            buildings: shipped("lab/buildings.csv"),
            locations: shipped("lab/locations.csv"),
            numbers: shipped("lab/numbers.csv"),
            wiremap: shipped("lab/wiremap.csv"),
            devices: shipped("lab/devices.csv"),
            users: shipped("lab/users.csv"),
        }
    }

    /// The same without devices and users, which refer to everything else.
    pub fn without_devices() -> Texts {
        let (devices, users) = ("id,organisation,class\n".into(), "id,organisation,site\n".into());
        Texts { devices, users, ..Texts::of_the_lab() }
    }

    pub fn read(&self) -> Result<Tables, Vec<String>> {
        let mut files = Files::default();
        for (kind, text) in [
            (Kind::Organisations, &self.organisations),
            (Kind::Sites, &self.sites),
            (Kind::Buildings, &self.buildings),
            (Kind::Locations, &self.locations),
            (Kind::Numbers, &self.numbers),
            (Kind::Wiremap, &self.wiremap),
            (Kind::Devices, &self.devices),
            (Kind::Users, &self.users),
        ] {
            files.add(kind, File::csv(kind.file(), text));
        }
        let configured = snapshot(trunks());
        let mut models = Models::default();
        models.add("Cisco", "CP-88", Capability::Held);
        models.add("Cisco", "CP-78", Capability::Held);
        models.add("Cisco", "ATA", Capability::None);
        let against = Against { dial_plans: &configured.dial_plans, trunks: &configured.trunks, models: &models };
        read(&files, against).map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }
}

/// The lab's cache.
pub fn lab() -> Cache {
    let cache = Cache::default();
    cache.configure(&snapshot(trunks()));
    cache.load(Texts::of_the_lab().read().expect("the lab's tables have no fault"));
    cache
}
