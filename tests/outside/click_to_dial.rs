//! Click-to-dial: a controller calls 911 and then the caller's phone, and introduces the two (RFC 3725, flow I). Its INVITE
//! has no offer, and its ACK brings the phone's answer.
use crate::lab_ports::LabPorts;
use crate::matrix::scenario::{Side, scenario};
use crate::matrix::script;
use crate::router;
use crate::sipp::{self, Answerer, Caller, Wire, free_port};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tempfile::TempDir;

const PSAP_1: u16 = 5070;

/// What the service sees, up to the end.
const SERVICE: &str = "
    < INVITE | no m=audio
    > 180 INVITE
    > 200 INVITE | media 6020
    < ACK | m=audio 6010";
/// What the phone sees, up to the end.
const PHONE: &str = "
    < INVITE | m=audio 6020
    > 200 INVITE | media 6010
    < ACK";
const HANGS_UP: &str = "
    > BYE
    < 200 BYE";
const IS_HUNG_UP_ON: &str = "
    < BYE
    > 200 BYE";

#[test]
fn a_controller_introduces_a_phone_to_the_psap_which_hangs_up() {
    introduces("service", &format!("{SERVICE}{HANGS_UP}"), &format!("{PHONE}{IS_HUNG_UP_ON}"));
}

#[test]
fn a_controller_introduces_a_phone_to_the_psap_and_the_phone_hangs_up() {
    introduces("phone", &format!("{SERVICE}{IS_HUNG_UP_ON}"), &format!("{PHONE}{HANGS_UP}"));
}

fn introduces(ends: &str, service: &str, phone: &str) {
    let _ports = LabPorts::locked();
    let folder = TempDir::new().expect("a temporary folder");
    let answerer = |name: &str, script: &str, port: u16| {
        let path = folder.path().join(name).with_extension("xml");
        std::fs::write(&path, scenario(Side::Answerer, script)).expect("the folder is ours");
        Answerer::plays(&path, Wire { own: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), stream: false })
    };
    let desk = free_port();
    let (mut psap, mut room) = (answerer("psap", service, PSAP_1), answerer("room", phone, desk));
    let _router = router::run("conf/lab.toml");
    // The legs talk to each other there; the one that waits for the other is there first.
    let port = free_port();
    let twin = format!("127.0.0.1:{port}");
    let leg = |name: &str| Caller::plays(sipp::scenario(name)).with(&["-3pcc", &twin, "-key", "ends", ends]);
    let mut to_the_phone =
        leg("controller/calls-phone").by_way_of(SocketAddr::from((Ipv4Addr::LOCALHOST, desk))).starts();
    assert!(is_listened_on(port), "the leg to the phone is not there");
    let mut to_the_service = leg("controller/calls-service").starts();
    psap.finishes();
    room.finishes();
    to_the_service.finishes();
    to_the_phone.finishes();
    assert_eq!(psap.requests(), script::requests(service));
    assert_eq!(room.requests(), script::requests(phone));
}

/// Waits until somebody listens on this TCP port: at most five seconds. Asked of the system, since a connection made to
/// find out would be taken for the other leg.
fn is_listened_on(port: u16) -> bool {
    let listens = format!(":{port:04X} 00000000:0000 0A");
    (0..250).any(|_| {
        // This thread's network is not the process's: see `LabPorts`.
        let is_there =
            std::fs::read_to_string("/proc/thread-self/net/tcp").is_ok_and(|sockets| sockets.contains(&listens));
        if !is_there {
            std::thread::park_timeout(Duration::from_millis(20));
        }
        is_there
    })
}
