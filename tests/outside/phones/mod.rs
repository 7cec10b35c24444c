//! Real phones dial 911: baresip and linphonec, at the lab's PSAP and at SIPp's.
mod baresip;
mod linphone;
mod sound;

use crate::ivr;
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use crate::sipp::{Answerer, free_port};
use baresip::Baresip;
use linphone::Linphone;
use std::path::PathBuf;
use std::time::Duration;

const PSAP_1: u16 = 5070;
const PSAP_2: u16 = 5071;
/// What the lab's far ends play, in hertz.
const TONE: f64 = 440.0;
/// What the phones dial, over UDP and over TCP.
const OVER_UDP: &str = "sip:911@127.0.0.1:5060";
const OVER_TCP: &str = "sip:911@127.0.0.1:5060;transport=tcp";

/// What a person does with a phone that has dialled.
trait Phone {
    fn program(&mut self) -> &mut Program;

    /// Waits until it talks.
    fn is_answered(&mut self);

    fn holds(&mut self);

    /// Sends the other side elsewhere.
    fn transfers(&mut self);

    fn hangs_up(&mut self);

    /// Waits until it knows that the other side has hung up.
    fn is_hung_up_on(&mut self);

    /// Switches it off.
    fn leaves(&mut self);

    /// What it heard.
    fn recording(&mut self) -> PathBuf;
}

#[test]
fn baresip_dials_911_hears_the_psap_and_hangs_up() {
    hears_the_psap(|| Baresip::dials(OVER_UDP));
}

#[test]
fn linphone_dials_911_hears_the_psap_and_hangs_up() {
    hears_the_psap(|| Linphone::dials(OVER_UDP));
}

#[test]
fn baresip_dials_933_and_hears_it_read() {
    let _ports = LabPorts::locked();
    let mut lab = router::lab();
    let mut phone = Baresip::dials("sip:933@127.0.0.1:5060");
    phone.is_answered();
    let greeting = "This is a test. No emergency service was called.";
    let wanted = ivr::rendered(greeting);
    let file = phone.recording();
    // It keeps what it hears in steps; the greeting lasts three seconds.
    let heard = (0..150).any(|_| {
        let sound = sound::samples(&file);
        let is_whole = sound.len() > 5 * sound::RATE as usize;
        if !is_whole {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        is_whole
    });
    assert!(heard, "less than five seconds were heard\n{}", phone.program().tail());
    phone.hangs_up();
    lab.await_line("the call's end", |line| line.contains("call ended").then_some(()));
    phone.leaves();
    let likeness = ivr::Ear::new(&sound::samples(&file)).likeness(&wanted);
    assert!(likeness > 0.7, "the greeting is missing: {likeness}");
}

#[test]
fn baresip_cannot_hold_the_psap_and_hangs_up() {
    cannot_hold(|| Baresip::dials(OVER_UDP));
}

#[test]
fn linphone_cannot_hold_the_psap_and_hangs_up() {
    cannot_hold(|| Linphone::dials(OVER_UDP));
}

#[test]
fn baresip_cannot_transfer_the_psap() {
    cannot_transfer(|| Baresip::dials(OVER_UDP));
}

#[test]
fn linphone_cannot_transfer_the_psap() {
    cannot_transfer(|| Linphone::dials(OVER_UDP));
}

#[test]
fn baresip_is_transferred_by_the_psap_to_another() {
    is_transferred(|| Baresip::dials(OVER_UDP));
}

#[test]
fn linphone_is_transferred_by_the_psap_to_another() {
    is_transferred(|| Linphone::dials(OVER_UDP));
}

#[test]
fn baresip_is_held_and_hung_up_on_by_the_psap_over_tcp() {
    is_held_and_hung_up_on(|| Baresip::dials(OVER_TCP));
}

#[test]
fn linphone_is_held_and_hung_up_on_by_the_psap_over_tcp() {
    is_held_and_hung_up_on(|| Linphone::dials(OVER_TCP));
}

fn hears_the_psap<P: Phone>(phone: impl Fn() -> P) {
    let _ports = LabPorts::locked();
    let mut lab = router::lab();
    let mut phone = phone();
    phone.is_answered();
    assert!(hears_a_second(&mut phone), "less than a second was heard\n{}", phone.program().tail());
    phone.hangs_up();
    lab.await_line("the phone hung up", |line| line.contains("the caller's side hung up").then_some(()));
    phone.leaves();
    let tone = sound::strength(&sound::samples(&phone.recording()), TONE);
    assert!(tone > 1000.0, "the lab's tone is missing: {tone}\n{}", phone.program().tail());
}

/// Waits until the phone has kept a second of what it hears: at most ten seconds.
fn hears_a_second<P: Phone>(phone: &mut P) -> bool {
    let file = phone.recording();
    (0..100).any(|_| {
        let has_heard = sound::samples(&file).len() > sound::RATE as usize;
        if !has_heard {
            std::thread::park_timeout(Duration::from_millis(100));
        }
        has_heard
    })
}

fn cannot_hold<P: Phone>(phone: impl Fn() -> P) {
    let _ports = LabPorts::locked();
    let mut psap = Answerer::start("psap", PSAP_1);
    let mut router = router::run("conf/lab.toml");
    let mut phone = phone();
    phone.is_answered();
    phone.holds();
    router.await_line("the hold was refused", |line| {
        (line.contains("feature blocked") && line.contains("\"hold\"")).then_some(())
    });
    phone.hangs_up();
    psap.finishes();
    phone.leaves();
    // The PSAP heard neither of a hold nor of its refusal.
    assert_eq!(psap.requests(), ["INVITE", "ACK", "BYE"]);
}

fn cannot_transfer<P: Phone>(phone: impl Fn() -> P) {
    let _ports = LabPorts::locked();
    let mut psap = Answerer::start("psap", PSAP_1);
    let mut router = router::run("conf/lab.toml");
    let mut phone = phone();
    phone.is_answered();
    phone.transfers();
    router.await_line("the transfer was refused", |line| {
        (line.contains("feature blocked") && line.contains("\"transfer\"")).then_some(())
    });
    phone.hangs_up();
    psap.finishes();
    phone.leaves();
    assert_eq!(psap.requests(), ["INVITE", "ACK", "BYE"]);
}

fn is_transferred<P: Phone>(phone: impl Fn() -> P) {
    let _ports = LabPorts::locked();
    let mut psap = Answerer::start("transfers", PSAP_1);
    let mut target = Answerer::start("takes-transfer", PSAP_2);
    let _router = router::run("conf/lab.toml");
    let mut phone = phone();
    phone.is_answered();
    psap.finishes();
    phone.hangs_up();
    target.finishes();
    phone.leaves();
}

fn is_held_and_hung_up_on<P: Phone>(phone: impl Fn() -> P) {
    let _ports = LabPorts::locked();
    let mut psap = Answerer::start("reinvites", PSAP_1);
    // Nobody is there over UDP.
    let config = LabConfig::copied();
    let elsewhere = format!("transport = \"udp\"\naddress = \"127.0.0.1:{}\"", free_port());
    config.replace("transport = \"udp\"\naddress = \"127.0.0.1:5060\"", &elsewhere);
    let _router = router::run_unasked(&config.file());
    let mut phone = phone();
    psap.finishes();
    phone.is_hung_up_on();
    phone.leaves();
}
