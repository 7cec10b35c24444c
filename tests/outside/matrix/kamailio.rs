//! Kamailio as a proxy that stays in the path.
use super::rows::Traces;
use crate::program::{Program, installed};
use crate::router::{answers_options, takes_connections};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// How it stays in the path, and what of the call it hides from either side.
pub struct Mode {
    pub name: &'static str,
    /// What `kamailio.cfg` must be told. With CHANGES it goes on over TCP what came over UDP, and the reverse.
    defines: &'static str,
    /// What an INVITE shows behind it.
    pub traces: Traces,
}

pub const MODES: [Mode; 4] = [
    Mode { name: "record-route", defines: "", traces: Traces { record_routes: 1, router: true } },
    Mode {
        name: "double record-route",
        defines: "#!define CHANGES",
        traces: Traces { record_routes: 2, router: true },
    },
    Mode {
        name: "topoh",
        defines: "#!define CHANGES\n#!define TOPOH",
        traces: Traces { record_routes: 2, router: false },
    },
    Mode {
        name: "topos",
        defines: "#!define CHANGES\n#!define TOPOS",
        traces: Traces { record_routes: 0, router: false },
    },
];

impl Mode {
    /// Whether it goes on over another transport than a call came over.
    pub fn changes(&self) -> bool {
        self.defines.contains("CHANGES")
    }
}

/// Where a new call goes on to, as an expression of Kamailio's: always to 127.0.0.1, at this port.
pub enum Next {
    Port(u16),
    /// The last five digits of the caller's number.
    OfTheNumber,
}

/// A running Kamailio, until the value goes.
pub struct Kamailio {
    _program: Program,
    _folder: TempDir,
}

impl Kamailio {
    /// One that listens on these ports of 127.0.0.1, over UDP and TCP, from the moment that it answers there.
    pub fn start(name: &str, mode: &Mode, ports: &[u16], next: &Next) -> Kamailio {
        let folder = TempDir::new().expect("a temporary folder");
        let listen = ports.iter().map(|port| format!("listen=udp:127.0.0.1:{port}\nlisten=tcp:127.0.0.1:{port}\n"));
        let next = match next {
            Next::Port(port) => format!("\"{port}\""),
            Next::OfTheNumber => "$(fU{s.substr,-5,0})".to_owned(),
        };
        let config = include_str!("kamailio.cfg")
            .replace("#!define MODE", mode.defines)
            .replace("LISTEN\n", &listen.collect::<String>())
            .replace("NEXT", &next)
            .replace("FOLDER", folder.path().to_str().expect("a temporary folder's name is text"));
        write_tables(folder.path());
        let file = folder.path().join("kamailio.cfg");
        std::fs::write(&file, config).expect("the folder is ours");
        let mut command = Command::new(installed("kamailio"));
        command.args(["-DD", "-E", "-f"]).arg(file).arg("-Y").arg(folder.path());
        let mut program = Program::start_with_children(&format!("kamailio ({name})"), command);
        for port in ports {
            let own = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            if !answers_options(&own.to_string()) || !takes_connections(own) {
                panic!("Kamailio is not there\n{}", program.tail());
            }
        }
        Kamailio { _program: program, _folder: folder }
    }
}

/// The tables of `topos`, for `db_text`, which takes an empty text for none: Kamailio's own tables forbid that.
fn write_tables(folder: &Path) {
    let table = |name: &str, numbers: &[&str], texts: &[&str]| {
        let numbers = numbers.iter().map(|name| format!("{name}(int) "));
        let texts = texts.iter().map(|name| format!("{name}(string,null) "));
        let line: String = std::iter::once("id(int,auto) ".to_owned()).chain(numbers).chain(texts).collect();
        std::fs::write(folder.join(name), format!("{line}\n")).expect("the folder is ours");
    };
    let dialog = "x_context s_method s_cseq a_callid a_uuid b_uuid a_contact b_contact as_contact bs_contact a_tag b_tag \
                  a_rr b_rr s_rr a_uri b_uri r_uri a_srcaddr b_srcaddr a_socket b_socket";
    let transaction = "x_context s_method s_cseq a_callid a_uuid b_uuid x_via x_vbranch x_rr y_rr s_rr x_uri a_contact \
                       b_contact as_contact bs_contact x_tag a_tag b_tag a_srcaddr b_srcaddr a_socket b_socket";
    table("topos_d", &["rectime", "iflags"], &dialog.split_whitespace().collect::<Vec<_>>());
    table("topos_t", &["rectime", "direction"], &transaction.split_whitespace().collect::<Vec<_>>());
    std::fs::write(folder.join("version"), "table_name(string) table_version(int)\ntopos_d:2\ntopos_t:2\n")
        .expect("the folder is ours");
}
