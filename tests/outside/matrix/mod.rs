//! Every kind of call over every way in and out: SIPp on both sides, callbox between, and Kamailio in front of it and
//! behind it.
mod features;
mod kamailio;
mod rows;
pub mod scenario;
pub mod script;

use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::router;
use crate::sipp::{Wire, free_port};
use features::FEATURES;
use kamailio::{Kamailio, MODES, Mode, Next};
use rows::{Row, Traces, router_at};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How often a row through proxies may be played again.
const SPARES: usize = 4;

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
                let (to, traces) = (router_at(from), Traces::NO_PROXY);
                let row = Row { name, feature, to, stream: stream_in, answerer, spares: Vec::new(), traces };
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

#[test]
fn every_kind_of_call_goes_through_kamailio_in_front_and_behind() {
    through_kamailio(&MODES[0]);
}

#[test]
fn every_kind_of_call_goes_through_kamailio_that_changes_transports_and_leaves_two_record_routes() {
    through_kamailio(&MODES[1]);
}

#[test]
fn every_kind_of_call_goes_through_kamailio_that_masks_addresses_and_call_ids() {
    through_kamailio(&MODES[2]);
}

#[test]
fn every_kind_of_call_goes_through_kamailio_that_strips_the_routes() {
    through_kamailio(&MODES[3]);
}

/// A PBX's proxy in front of the router and a PSAP's behind it: from the PBX's, calls come over what its mode makes of
/// the phone's transport; the PSAP's is a trunk over UDP and another over TCP.
fn through_kamailio(mode: &Mode) {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let (pbx, psap) = (free_port(), [free_port(), free_port()]);
    let at = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut rows = Vec::new();
    for (stream, (transport, port)) in [("udp", psap[0]), ("tcp", psap[1])].into_iter().enumerate() {
        let stream = stream == 1;
        config.room(transport);
        config.psap(transport, Wire { own: at(port), stream }, transport);
        for feature in FEATURES {
            let answerer = Wire { own: at(free_port()), stream: stream != mode.changes() };
            let name = format!("{} over {transport}: {}", mode.name, feature.name);
            let spares = (0..SPARES).map(|_| free_port()).collect();
            let row = Row { name, feature, to: at(pbx), stream, answerer, spares, traces: mode.traces };
            row.numbers().iter().for_each(|number| config.line(number, transport));
            rows.push(row);
        }
    }
    let _psap = Kamailio::start("the PSAP's", mode, &psap, &Next::OfTheNumber);
    let _router = router::run_file(&config.file());
    let _pbx = Kamailio::start("the PBX's", mode, &[pbx], &Next::Port(router_at(at(0).ip()).port()));
    rows::play(rows);
}
