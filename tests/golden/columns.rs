//! The kinds of trunk, and a call to each.
use crate::bench::{Bench, port};
use crate::invites::Invite;
use bytes::Bytes;
use callbox::config::World;
use callbox::record::{Number, Profile, TrunkKind};
use std::sync::Arc;

/// A call to one kind of trunk.
#[derive(Clone, Copy)]
pub struct Column {
    /// The name that its golden files have.
    pub name: &'static str,
    /// What is dialled.
    pub dialled: &'static str,
    /// By whom.
    pub number: &'static str,
    /// The port of the trunk that it goes to.
    pub port: u16,
    change: fn(&mut World),
}

/// The columns of the header table, and the calls that a gateway gets.
pub const COLUMNS: [Column; 9] = [
    Column { name: "psap-i3", dialled: "911", number: "+13125550123", port: port::PSAP, change: |_| {} },
    Column { name: "psap-legacy", dialled: "911", number: "+13125550123", port: port::PSAP, change: legacy },
    Column { name: "relay", dialled: "911", number: "+13125550124", port: port::RELAY, change: without_psaps },
    Column { name: "relay-place", dialled: "911", number: "+13125550123", port: port::RELAY, change: without_psaps },
    Column { name: "test-ivr", dialled: "933", number: "+13125550123", port: port::IVR, change: |_| {} },
    Column { name: "crisis", dialled: "988", number: "+13125550123", port: port::CRISIS, change: |_| {} },
    Column { name: "crisis-gateway", dialled: "988", number: "+13125550150", port: port::GATEWAY, change: |_| {} },
    Column { name: "gateway-911", dialled: "911", number: "+13125550150", port: port::GATEWAY, change: |_| {} },
    Column {
        name: "gateway-other",
        dialled: "17085550123",
        number: "+13125550123",
        port: port::GATEWAY,
        change: |_| {},
    },
];

/// Callers of whom less, or something else, is known.
const OTHERS: [Column; 4] = [
    Column { name: "leased", dialled: "911", number: "4117", port: port::RELAY, change: |_| {} },
    Column {
        name: "nobody-at-a-site",
        dialled: "911",
        number: "+13125550199",
        port: port::RELAY,
        change: without_pool,
    },
    Column { name: "nobody", dialled: "911", number: "+13125550199", port: port::RELAY, change: without_ecbn },
    Column { name: "gateway-ecbn", dialled: "911", number: "+13125550150", port: port::GATEWAY, change: with_ecbn },
];

impl Column {
    /// The INVITE that leaves when this one comes.
    pub fn invite(&self, invite: Invite) -> Bytes {
        self.pass(invite(self.dialled, self.number))
    }

    /// The INVITE that leaves when these bytes come.
    pub fn pass(&self, invite: String) -> Bytes {
        let mut bench = Bench::new(self.change);
        bench.receive(port::PBX, invite);
        bench.expect(self.port, "INVITE")
    }
}

/// The column of this name.
pub fn column(name: &str) -> Column {
    *COLUMNS.iter().chain(&OTHERS).find(|column| column.name == name).expect("a column")
}

/// The first PSAP is one of the old telephone network, the second is gone.
fn legacy(world: &mut World) {
    let trunks = &mut world.snapshot.trunks;
    trunks.retain(|trunk| &*trunk.name != "psap-2");
    let psap = trunks.iter_mut().find(|trunk| &*trunk.name == "psap-1").expect("a PSAP");
    let psap = Arc::make_mut(psap);
    (psap.kind, psap.profile) = (TrunkKind::PsapLegacy, Profile::Legacy);
}

fn without_psaps(world: &mut World) {
    world.snapshot.trunks.retain(|trunk| trunk.kind != TrunkKind::PsapI3);
}

fn without_pool(world: &mut World) {
    for site in &mut world.tables.sites {
        Arc::make_mut(site).pool.clear();
    }
}

fn without_ecbn(world: &mut World) {
    without_pool(world);
    for site in &mut world.tables.sites {
        Arc::make_mut(site).ecbn = None;
    }
}

fn with_ecbn(world: &mut World) {
    for line in &mut world.tables.lines {
        Arc::make_mut(line).ecbn = Number::read("+13125550199");
    }
}
