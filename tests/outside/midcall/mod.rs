//! The table of what each side may do while they talk, row by row on the wire: SIPp as the phone, as its PSAP, and as the
//! one that a call is transferred to.
mod phone;
mod psap;

use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::matrix::scenario::{Side, scenario};
use crate::matrix::script;
use crate::router::{self, ROUTER};
use crate::sipp::{Answerer, Caller, Wire, free_port};
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use tempfile::TempDir;

/// How many rows are played at a time.
const AT_A_TIME: usize = 16;

/// One row: what the phone, the PSAP and the target of a transfer see; nothing for one that nobody calls.
pub struct Row {
    pub name: &'static str,
    /// The lines of the PSAP's trunk that say what it is.
    pub trunk: &'static str,
    pub phone: String,
    pub psap: String,
    pub target: String,
}

impl Row {
    /// A call that is answered and in which these steps follow, until the phone hangs up.
    pub fn talking(name: &'static str, phone: &str, psap: &str) -> Row {
        Row {
            name,
            trunk: I3,
            phone: format!("{DIALS}{phone}{HANGS_UP}"),
            psap: format!("{ANSWERS}{psap}{IS_HUNG_UP_ON}"),
            target: String::new(),
        }
    }

    /// The same, in which the phone alone does something and the PSAP hears nothing of it.
    pub fn unheard(name: &'static str, phone: &str) -> Row {
        Row::talking(name, phone, "")
    }
}

const I3: &str = "kind = \"psap-i3\"";

/// The phone dials and is answered.
const DIALS: &str = "
    > INVITE | media 6010
    < 200 INVITE | m=audio 6020
    > ACK";
const ANSWERS: &str = "
    < INVITE | m=audio 6010
    > 200 INVITE | media 6020
    < ACK";
const HANGS_UP: &str = "
    > BYE
    < 200 BYE";
const IS_HUNG_UP_ON: &str = "
    < BYE
    > 200 BYE";

#[test]
fn what_a_phone_may_not_do_is_refused_and_its_psap_hears_nothing_of_it() {
    play(phone::rows());
}

#[test]
fn what_a_psap_does_with_a_call_is_done() {
    play(psap::rows());
}

/// Where each side of a row is.
struct Seat {
    number: String,
    psap: Wire,
    target: Wire,
}

/// Plays all rows against one router, side by side, and fails with the names of those that did not go as they say.
fn play(rows: Vec<Row>) {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let mut seated = Vec::new();
    for row in rows {
        let wire = || Wire { own: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())), stream: false };
        let (psap, target) = (wire(), wire());
        let (room, other) = (format!("row-{}", seated.len()), format!("other-{}", seated.len()));
        let number = format!("+131255{:05}", psap.own.port());
        config.room(&room);
        config.room(&other);
        config.line(&number, &room);
        config.psap(&room, psap, &room);
        let of_trunk = |lines: &str| format!("name = \"{room}\"\n{lines}\n");
        config.replace(&of_trunk(I3), &of_trunk(row.trunk));
        config.psap(&other, target, &other);
        seated.push((row, Seat { number, psap, target }));
    }
    let _router = router::run_file(&config.file());
    let (count, waiting, failed) = (seated.len(), Mutex::new(seated), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no row fails while it is taken").pop();
                    let Some((row, seat)) = next else { return };
                    if catch_unwind(AssertUnwindSafe(|| play_one(&row, &seat))).is_err() {
                        eprintln!("--- that was the row: {}", row.name);
                        failed.lock().expect("no row fails while it is named").push(row.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("all rows are over");
    assert!(failed.is_empty(), "{} of {count} rows failed: {failed:#?}", failed.len());
}

fn play_one(row: &Row, seat: &Seat) {
    let folder = TempDir::new().expect("a temporary folder");
    let target = seat.target.own.port().to_string();
    let write = |side, file: &str, script: &str| {
        let path = folder.path().join(file);
        std::fs::write(&path, scenario(side, &script.replace("TARGET", &target))).expect("the folder is ours");
        path
    };
    let answerer = |file: &str, script: &str, wire: Wire| {
        (!script.is_empty()).then(|| Answerer::plays(&write(Side::Answerer, file, script), wire))
    };
    let mut psap = answerer("psap.xml", &row.psap, seat.psap);
    let mut target = answerer("target.xml", &row.target, seat.target);
    let phone = Caller::plays(write(Side::Caller, "phone.xml", &row.phone)).from(&seat.number);
    let mut phone = phone.dials(&format!("sip:911@{ROUTER}")).starts();
    phone.finishes();
    assert_eq!(phone.requests(), script::requests(&row.phone), "{}: what the phone was asked", row.name);
    for (end, script) in [(&mut psap, &row.psap), (&mut target, &row.target)] {
        if let Some(end) = end {
            end.finishes();
            assert_eq!(end.requests(), script::requests(script), "{}: what a far end was asked", row.name);
        }
    }
}
