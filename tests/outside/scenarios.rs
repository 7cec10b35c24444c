//! Whole calls between SIPp as the PBX and SIPp as PSAPs, relay center, crisis line, gateway and test IVR.
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use crate::sipp::{Answerer, Caller};
use std::path::Path;

mod back;
mod ends;
mod headers;
mod midcall;
mod next;
mod place;
mod wire;

const PSAP_1: u16 = 5070;
const PSAP_2: u16 = 5071;
const RELAY: u16 = 5072;
const CRISIS: u16 = 5073;
const GATEWAY: u16 = 5074;
const IVR: u16 = 5076;

/// A call from its INVITE to a BYE, and nothing else.
const WHOLE_CALL: [&str; 3] = ["INVITE", "ACK", "BYE"];

/// The lab with SIPp at its far ends. The order of the fields is the order in which they go.
struct Lab {
    _router: Program,
    ends: Vec<Answerer>,
    _ports: LabPorts,
}

impl Lab {
    /// Starts these answerers at these ports, then the router with the lab's config.
    fn with(ends: &[(&str, u16)]) -> Lab {
        Lab::of("conf/lab.toml", ends)
    }

    /// The same with another config.
    fn of(config: &str, ends: &[(&str, u16)]) -> Lab {
        Lab::of_file(&router::in_repository(config), ends)
    }

    fn of_file(config: &Path, ends: &[(&str, u16)]) -> Lab {
        let ports = LabPorts::locked();
        let ends = ends.iter().map(|(scenario, port)| Answerer::start(scenario, *port)).collect();
        Lab { _router: router::run_file(config), ends, _ports: ports }
    }

    /// One call by this caller, which everybody must see through to the end of their scenarios.
    fn carries(&mut self, caller: Caller) {
        let mut calling = caller.starts();
        for end in &mut self.ends {
            end.finishes();
        }
        calling.finishes();
    }
}
