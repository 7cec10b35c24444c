//! The torture messages, one after the other.
use super::calls::{acknowledge, await_call, bytes, fence, fresh, good_call, hang_up, next_heard};
use super::far_ends::{FarEnds, GATEWAY};
use super::table::{Emergency, RFC4475, RFC5118, Row, Then};
use super::text::Text;
use super::wire::{Came, Wire};
use crate::lab_ports::LabPorts;
use crate::router::{self, in_repository};

/// A running router with its far ends, and a phone that makes good calls.
pub struct Tried {
    pub far_ends: FarEnds,
    pub router: crate::program::Program,
    pub datagrams: Wire,
    _ports: LabPorts,
}

impl Tried {
    pub fn start() -> Tried {
        let ports = LabPorts::locked();
        let far_ends = FarEnds::start();
        let router = router::run("conf/lab.toml");
        Tried { far_ends, router, datagrams: Wire::datagrams(), _ports: ports }
    }

    pub fn good_call(&mut self, after: &str) {
        good_call(&self.far_ends, &mut self.datagrams, after);
    }

    /// Waits until no call is left: the far end's answer to the last BYE may still be on its way.
    pub fn come_to_rest(&self) {
        let is_idle = || router::metrics().lines().any(|line| line == "callbox_active_calls 0");
        let came_to_rest = (0..500).any(|_| is_idle() || !router::answers_options_within(router::ROUTER, 1));
        assert!(came_to_rest && is_idle(), "{}", router::metrics());
    }

    /// No call is left, no far end heard of another, and the router is the one that was started.
    pub fn finish(mut self) {
        self.come_to_rest();
        assert!(self.far_ends.heard.try_recv().is_err(), "a call left that nobody began");
        assert!(self.router.is_running(), "{}", self.router.tail());
    }
}

#[test]
fn every_torture_message_has_its_outcome_and_a_good_call_after_it() {
    let mut tried = Tried::start();
    let rows = RFC4475.iter().map(|row| ("rfc4475", row)).chain(RFC5118.iter().map(|row| ("rfc5118", row)));
    let mut wrong = Vec::new();
    for (folder, row) in rows {
        for stream in [false, true] {
            if let Err(problem) = try_row(&mut tried, folder, row, stream) {
                wrong.push(format!("{} over {}: {problem}", row.name, if stream { "TCP" } else { "UDP" }));
            }
            tried.good_call(row.name);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    tried.finish();
}

#[test]
fn the_same_defects_do_not_stop_an_emergency_call() {
    let mut tried = Tried::start();
    let rows = RFC4475.iter().map(|row| ("rfc4475", row)).chain(RFC5118.iter().map(|row| ("rfc5118", row)));
    let mut wrong = Vec::new();
    for (folder, row) in rows {
        let framed = !matches!(row.tcp, Then::Cut | Then::End | Then::Waits);
        for stream in [false, true] {
            if stream && !framed {
                continue;
            }
            if let Err(problem) = try_emergency(&mut tried, folder, row, stream) {
                wrong.push(format!("{} over {}: {problem}", row.name, if stream { "TCP" } else { "UDP" }));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    tried.good_call("all of them");
    tried.finish();
}

fn try_row(tried: &mut Tried, folder: &str, row: &Row, stream: bool) -> Result<(), String> {
    let expected = if stream { row.tcp } else { row.udp };
    if expected == Then::Waits {
        return Ok(());
    }
    let message = fresh_copy(&torture(folder, row.name));
    let request = Text::of(&message);
    let mut own = stream.then(Wire::stream);
    let wire = own.as_mut().unwrap_or(&mut tried.datagrams);
    wire.send(&message);
    let became = match expected {
        Then::Status(status) => await_status(wire, &request, status),
        Then::Cut => await_status(wire, &request, 400).and_then(|()| match wire.await_next() {
            Came::End => Ok(()),
            other => Err(format!("{other:?} where the stream should end")),
        }),
        Then::End => match wire.await_next() {
            Came::End => Ok(()),
            other => Err(format!("{other:?} where the stream should end")),
        },
        Then::Passed => await_status(wire, &request, 404).and_then(|()| {
            let heard = tried.far_ends.heard.try_recv().map_err(|_| "the gateway heard nothing".to_owned())?;
            if heard.port == GATEWAY { Ok(()) } else { Err(format!("{} heard it", heard.port)) }
        }),
        Then::Silence => match fence(wire) {
            Some(before) => {
                let of_it = before.iter().filter(|text| text.field("Call-ID") == request.field("Call-ID")).count();
                if of_it == 0 { Ok(()) } else { Err(format!("{of_it} messages where silence should be")) }
            }
            None => Err("the stream ended".into()),
        },
        Then::Waits => Ok(()),
    };
    if row.name == "dblreq" && stream {
        next_heard(&tried.far_ends, "the second request of dblreq");
    }
    became
}

/// Waits for a final response to a request and acknowledges it.
fn await_status(wire: &mut Wire, request: &Text, status: u16) -> Result<(), String> {
    let Came::Message(answer) = wire.await_final(request.field("Call-ID").as_deref()) else {
        return Err("no answer".into());
    };
    if request.method() == "INVITE" && request.field("Call-ID").is_some() {
        acknowledge(wire, &answer, request.start().split(' ').nth(1).unwrap_or_default());
    }
    if answer.status() == Some(status) {
        explains(request, &answer)
    } else {
        Err(format!("{} instead of {status}", answer.start()))
    }
}

/// Whether a refusal says what would have been taken (RFC 3261 §21.4.6, §21.4.13, §21.4.15, §8.2.1).
fn explains(request: &Text, answer: &Text) -> Result<(), String> {
    let says = |name: &str, word: &str| match answer.field(name) {
        Some(value) if value.contains(word) => Ok(()),
        value => Err(format!("{} says {value:?} as {name}", answer.start())),
    };
    match answer.status() {
        Some(405 | 501) => says("Allow", "INVITE"),
        Some(415) => says("Accept", "application/sdp"),
        Some(420) => says("Unsupported", &request.field("Require").unwrap_or_default()),
        _ => Ok(()),
    }
}

fn try_emergency(tried: &mut Tried, folder: &str, row: &Row, stream: bool) -> Result<(), String> {
    let expected = match row.emergency {
        Emergency::No => return Ok(()),
        Emergency::Call(defects) => Ok(defects),
        Emergency::Status(status) => Err(status),
    };
    let message = as_emergency(&fresh_copy(&torture(folder, row.name)), row.dials);
    let request = Text::of(&message);
    fence(&mut tried.datagrams);
    let before = router::metrics();
    let mut own = stream.then(Wire::stream);
    let wire = own.as_mut().unwrap_or(&mut tried.datagrams);
    wire.send(&message);
    let defects = match expected {
        Ok(defects) => defects,
        Err(status) => return await_status(wire, &request, status),
    };
    let ok = await_call(wire, &request)?;
    let heard = next_heard(&tried.far_ends, row.name);
    if heard.port == GATEWAY {
        return Err("the gateway heard it".into());
    }
    hang_up(wire, &ok, row.name);
    fence(&mut tried.datagrams);
    let told = told_since(&before);
    if told != defects {
        return Err(format!("the defects told are {told:?} and not {defects:?}"));
    }
    Ok(())
}

/// The defects that were counted since, sorted by name.
fn told_since(before: &str) -> Vec<String> {
    let page = router::metrics();
    let known: Vec<&str> = before.lines().collect();
    let new = page.lines().filter(|line| line.starts_with("callbox_defects_total{") && !known.contains(line));
    let mut told: Vec<String> = new.filter_map(|line| Some(line.split('"').nth(1)?.to_owned())).collect();
    told.sort();
    told
}

/// A message out of the archives. RFC 5118's has bare line feeds and lacks some empty lines.
pub fn torture(folder: &str, name: &str) -> Vec<u8> {
    let path = in_repository("tests/data/torture").join(folder).join(format!("{name}.dat"));
    let bytes = std::fs::read(path).expect("the message is there");
    if folder == "rfc4475" {
        return bytes;
    }
    let text = String::from_utf8(bytes).expect("these are ASCII");
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let body = body.replace('\n', "\r\n");
    let lines = head.lines().filter(|line| !line.starts_with("Content-Length"));
    let head: String = lines.flat_map(|line| [line, "\r\n"]).collect();
    format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The same message with a Call-ID and branches that no copy of it had before: it is to be a new request each time, and
/// several of the archives' messages share theirs. What is wrong with it stays wrong.
fn fresh_copy(message: &[u8]) -> Vec<u8> {
    let number = fresh();
    let text: String = message.iter().copied().map(char::from).collect();
    let (head, body) = text.split_once("\r\n\r\n").map_or((&*text, None), |(head, body)| (head, Some(body)));
    let mut lines: Vec<String> = Vec::new();
    for line in head.split("\r\n") {
        let name = line.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
        lines.push(match line.split_once(':') {
            Some((before, value)) if matches!(&*name, "call-id" | "i") => {
                format!("{before}: {number}-{}", value.trim_start())
            }
            _ => with_fresh_branch(line, number),
        });
    }
    bytes(&match body {
        Some(body) => format!("{}\r\n\r\n{body}", lines.join("\r\n")),
        None => lines.join("\r\n"),
    })
}

/// A branch that has nothing behind its cookie stays without.
fn with_fresh_branch(line: &str, number: u32) -> String {
    match line.split_once("z9hG4bK") {
        Some((before, behind)) if !behind.trim().is_empty() => format!("{before}z9hG4bK{number}-{behind}"),
        _ => line.to_owned(),
    }
}

/// The same message as an INVITE for 911. The archive's `baddn` lacks the empty line that it has in the RFC's text; a head
/// without an end is no message, so it gets one here.
fn as_emergency(message: &[u8], (from, to): (&str, &str)) -> Vec<u8> {
    let text: String = message.iter().copied().map(char::from).collect();
    let method = text.split(' ').next().unwrap_or_default().to_owned();
    let (start, rest) = text.split_once("\r\n").expect("a start line");
    assert!(start.contains(from), "{start} does not dial {from}");
    let start = start.replacen(from, to, 1).replacen(&method, "INVITE", 1);
    let rest = rest.replacen(&format!(" {method}\r\n"), " INVITE\r\n", 1);
    let end = if rest.contains("\r\n\r\n") { "" } else { "\r\n" };
    bytes(&format!("{start}\r\n{rest}{end}"))
}
