//! SIPp's message log, read back: what went over the wire, byte for byte.
use std::path::Path;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Received,
    Sent,
}

/// A message as SIPp logged it.
pub struct Heard {
    pub way: Way,
    /// Seconds since midnight.
    pub at: f64,
    pub bytes: Vec<u8>,
}

impl Heard {
    /// The first line.
    pub fn start(&self) -> String {
        self.lines().next().unwrap_or_default()
    }

    /// The method of a request, the status code of a response.
    pub fn is(&self) -> String {
        let start = self.start();
        let mut words = start.split(' ');
        let first = words.next().unwrap_or_default();
        if first.starts_with("SIP/") { words.next().unwrap_or_default() } else { first }.to_owned()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).next()
    }

    /// How many headers of this name there are.
    pub fn count(&self, name: &str) -> usize {
        self.headers(name).count()
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = String> {
        self.lines().take_while(|line| !line.is_empty()).filter_map(move |line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    fn lines(&self) -> impl Iterator<Item = String> {
        self.bytes.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
    }
}

/// Reads a log: entries of a line of dashes with the time, a line with the way and the length, an empty line, the bytes.
pub fn read(log: &Path) -> Vec<Heard> {
    let Ok(text) = std::fs::read(log) else { return Vec::new() };
    let (mut rest, mut at, mut heard) = (&text[..], 0.0, Vec::new());
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        rest = &rest[end + 1..];
        if let Some(time) = line.strip_prefix("-----------------------------------------------") {
            at = seconds(time.trim()).unwrap_or(at);
        } else if let Some((way, length)) = entry(&line) {
            let bytes = &rest[1.min(rest.len())..];
            let (message, after) = bytes.split_at(length.min(bytes.len()));
            heard.push(Heard { way, at, bytes: message.to_vec() });
            rest = after;
        }
    }
    heard
}

/// "UDP message received [876] bytes :" or "UDP message sent (355 bytes):"
fn entry(line: &str) -> Option<(Way, usize)> {
    let (before, after) = line.split_once(['[', '('])?;
    let length = after.split([']', ' ']).next()?.parse().ok()?;
    match before.trim_end() {
        way if way.ends_with("message received") => Some((Way::Received, length)),
        way if way.ends_with("message sent") => Some((Way::Sent, length)),
        _ => None,
    }
}

/// "2026-11-21 23:50:54.787985"
fn seconds(time: &str) -> Option<f64> {
    let mut parts = time.split_once(' ')?.1.split(':');
    let mut next = || parts.next()?.parse::<f64>().ok();
    Some(next()? * 3600.0 + next()? * 60.0 + next()?)
}
