//! callbox from outside: the real program, real sockets, SIPp as PBX and PSAP, Kamailio between, and real phones.
//!
//! These tests need the lab's fixed ports, so each of them holds [`lab_ports::LabPorts`] for as long as it lasts.
mod called_back;
mod click_to_dial;
mod day;
mod desktop;
mod disk;
mod heard;
mod held;
mod held_tls;
mod ivr;
mod kept;
mod lab_config;
mod lab_ports;
mod lost;
mod mail;
mod matrix;
mod midcall;
mod noticed;
mod operating;
mod phone;
mod phones;
mod presence;
mod presence_server;
mod program;
mod readme;
mod references;
mod roaming;
mod router;
mod scenarios;
mod sipp;
mod torture;
