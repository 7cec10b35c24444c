//! Every kind of call over every way in and out: SIPp on both sides, callbox between, and Kamailio in front of it and
//! behind it.
mod features;
mod rows;
mod scenario;
mod script;

use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::router;
use crate::sipp::{Wire, free_port};
use features::FEATURES;
use rows::{Row, router_at};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The transports and the versions of IP.
const WAYS: [(&str, bool, IpAddr); 4] = [
    ("UDP over IPv4", false, IpAddr::V4(Ipv4Addr::LOCALHOST)),
    ("TCP over IPv4", true, IpAddr::V4(Ipv4Addr::LOCALHOST)),
    ("UDP over IPv6", false, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ("TCP over IPv6", true, IpAddr::V6(Ipv6Addr::LOCALHOST)),
];

#[test]
fn every_kind_of_call_goes_over_every_way_in_and_out() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let mut rows = Vec::new();
    for (way_in, stream_in, from) in WAYS {
        for (way_out, stream, ip) in WAYS {
            for feature in FEATURES {
                let port = free_port();
                let name = format!("{way_in} → {way_out}: {}", feature.name);
                let answerer = Wire { own: SocketAddr::new(ip, port), stream };
                let row = Row { name, feature, to: router_at(from), stream: stream_in, answerer };
                // A PSAP of its own for the room of this row's caller.
                let room = format!("row-{}", rows.len());
                config.room(&room);
                config.line(&row.number(), &room);
                config.psap(&room, answerer, &room);
                rows.push(row);
            }
        }
    }
    let _router = router::run_file(&config.file());
    rows::play(rows);
}
