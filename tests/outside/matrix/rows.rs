//! The rows of a matrix, played side by side against one router.
use super::features::Feature;
use super::scenario::{Side, scenario};
use super::script;
use crate::heard::Heard;
use crate::router::ROUTER;
use crate::sipp::{Answerer, Caller, Wire};
use std::any::Any;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// How many rows are played at a time.
const AT_A_TIME: usize = 16;

/// One call of the matrix.
#[derive(Clone)]
pub struct Row {
    /// What a failure calls it: the way, and the kind of call.
    pub name: String,
    pub feature: &'static Feature,
    /// Where the caller sends its requests, and over what.
    pub to: SocketAddr,
    pub stream: bool,
    /// The answerer.
    pub answerer: Wire,
    /// Further ports of the answerer, for when the call must be made again.
    pub spares: Vec<u16>,
    /// What proxies on the way leave in the INVITE.
    pub traces: Traces,
}

/// What an INVITE shows of the way that it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traces {
    /// How many Record-Route headers it has.
    pub record_routes: usize,
    /// Whether it shows where the router is.
    pub router: bool,
}

impl Traces {
    /// Of a call that came straight from the router.
    pub const NO_PROXY: Traces = Traces { record_routes: 0, router: true };

    fn of(invite: &Heard) -> Traces {
        let router = String::from_utf8_lossy(&invite.bytes).contains(":5060");
        Traces { record_routes: invite.count("Record-Route"), router }
    }
}

impl Row {
    /// The number that the caller has: it ends in the answerer's port.
    pub fn number(&self) -> String {
        number(self.answerer.own.port())
    }

    /// All numbers that the caller may have.
    pub fn numbers(&self) -> Vec<String> {
        core::iter::once(self.number()).chain(self.spares.iter().copied().map(number)).collect()
    }
}

fn number(port: u16) -> String {
    format!("+131255{port:05}")
}

/// Plays them all and fails with the names of those that did not go as their scripts say.
pub fn play(rows: Vec<Row>) {
    // They keep every core busy already: several tables side by side make phones wait for longer than they do.
    static ONE_TABLE: Mutex<()> = Mutex::new(());
    let _turn = ONE_TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let count = rows.len();
    assert!(count > 0, "there are no rows");
    let (waiting, failed) = (Mutex::new(rows), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let Some(row) = waiting.lock().expect("no row fails while it is taken").pop() else { return };
                    let name = row.name.clone();
                    if catch_unwind(AssertUnwindSafe(|| play_until_judged(row))).is_err() {
                        eprintln!("--- that was the row: {name}");
                        failed.lock().expect("no row fails while it is named").push(name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("all rows are over");
    assert!(failed.is_empty(), "{} of {count} rows failed: {failed:#?}", failed.len());
}

/// Plays a row, and again where SIPp was in no position to judge.
///
/// A machine that is busy for half a second makes everybody repeat what was sent over UDP, a 2xx and its ACK over TCP too
/// (RFC 3261 §13.3.1.4): that is how it must be. SIPp takes such a repetition for the next step of its script, or gives the
/// call up. When it is busy for a fifth of a second, an answerer makes its next offer before the caller's ACK is there, and
/// hears 491 (§14.2), after which SIPp does not ask again. A failure therefore counts when neither side met any of this, or
/// when no port is left to play it at.
fn play_until_judged(mut row: Row) {
    loop {
        let spare = row.spares.pop();
        match (play_one(row.clone()), spare) {
            (Played::Well, _) => return,
            (Played::OutOfStep(_), Some(port)) => {
                eprintln!("--- the machine was busy; once more: {}", row.name);
                row.answerer.own.set_port(port);
            }
            (Played::OutOfStep(fault), None) => resume_unwind(fault),
        }
    }
}

/// What became of a row that has not failed.
enum Played {
    Well,
    /// It failed, and a busy machine may be why.
    OutOfStep(Box<dyn Any + Send>),
}

fn play_one(row: Row) -> Played {
    let folder = TempDir::new().expect("a temporary folder");
    let number = row.number();
    let Row { name, feature, to, stream, answerer, traces, .. } = row;
    let write = |side, file: &str, script| {
        let path = folder.path().join(file);
        std::fs::write(&path, scenario(side, script)).expect("the folder is ours");
        path
    };
    let answers = write(Side::Answerer, "answerer.xml", feature.answerer);
    let caller = Caller::plays(write(Side::Caller, "caller.xml", feature.caller)).by_way_of(to).from(&number);
    let caller = caller.dials(&format!("sip:911@{to}"));
    let caller = if stream { caller.over_tcp() } else { caller };
    let mut answerer = Answerer::plays(&answers, answerer);
    let mut calling = caller.starts();
    let judged = catch_unwind(AssertUnwindSafe(|| {
        calling.finishes();
        answerer.finishes();
        assert_eq!(Traces::of(&answerer.invites()[0]), traces, "{name}: what the proxies left");
        assert_eq!(answerer.requests(), script::requests(feature.answerer), "{name}: what the answerer was asked");
        assert_eq!(calling.requests(), script::requests(feature.caller), "{name}: what the caller was asked");
    }));
    match judged {
        Ok(()) => Played::Well,
        Err(fault) if answerer.is_out_of_step() || calling.is_out_of_step() => Played::OutOfStep(fault),
        Err(fault) => {
            eprintln!("--- {name}\nthe caller:\n{}the answerer:\n{}", calling.ladder(), answerer.ladder());
            resume_unwind(fault)
        }
    }
}

/// The addresses of the router, by the IP version.
pub fn router_at(ip: IpAddr) -> SocketAddr {
    let port = ROUTER.parse::<SocketAddr>().expect("an address").port();
    SocketAddr::new(ip, port)
}
