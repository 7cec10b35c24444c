//! What is read: everything that is kept of messages in the tests, a whole call as the engine writes it, and what chance
//! makes of all these.
use crate::peers::{Caller, Far};
use crate::world::{CALLER, KNOWN, PSAP_1, SDP, World};
use bytes::Bytes;
use callbox::base::entropy::Entropy;
use std::path::Path;

/// A message and where it is from.
pub struct Kept {
    pub from: String,
    pub bytes: Vec<u8>,
}

/// Every message in the folders of the tests, and those of the engine.
pub fn kept() -> Vec<Kept> {
    let fuzzed = ["fuzz/corpora/reader", "fuzz/found/reader"].into_iter().flat_map(files);
    foreign().into_iter().chain(fuzzed).chain(golden()).chain(written()).collect()
}

/// The messages that are not ours: those of RFC 4475 and RFC 5118, and examples of trunks and PBXs.
fn foreign() -> Vec<Kept> {
    let folders = ["tests/data/torture/rfc4475", "tests/data/torture/rfc5118", "tests/data/examples"];
    folders.into_iter().flat_map(files).collect()
}

/// What is seldom made by chance.
pub fn rare() -> Vec<Kept> {
    let head = "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nFrom: <sip:a@a.example>;tag=1\r\nTo: <sip:b@b.example>\r\n\
                Call-ID: 1\r\nCSeq: 1 BYE\r\n";
    let ending = [
        format!("B\tYE sip:b SIP/2.0\r\n{head}\r\n"),
        format!(" BYE sip:b SIP/2.0\r\n{head}\r\n"),
        format!("SIP/2.0 200 OK\r\n with more\r\n{head}\r\n"),
        format!("BYE sip:b SIP/2.0\r\n{}\r\n", head.replace("ID: 1", "ID:")),
        format!("BYE sip:b SIP/2\0.0\r\n{head}\r\n"),
        format!("BYE sip:b RTSP/1.0\r\n{head}\r\n"),
        format!("BYE sip:b\n SIP/2.0\r\n{head}\r\n"),
        format!("BYE  sip:b SIP/2.0\r\n{head}\r\n"),
        format!("BYE sip:b\t SIP/2.0\r\n{head}\r\n"),
        format!("BYE sip:b SIP/2.0\r\n\r\n{head}\r\n"),
        format!("BYE sip:b SIP/2.0\r\n{}\r\n", head.replace(";tag", " ; tag = ")),
        format!("BYE sip:b SIP/2.0\r\n{}\r\n", head.replace("1 BYE", "1\tBYE")),
        format!("BYE sip:b SIP/2.0\r\n{}\r\n", head.replace("<sip:a", "<9sip:a")),
        format!("BYE sip:b SIP/2.0\r\n{}\r\n", head.replace("tag=1", "tag=[1]")),
        format!("BYE sip:b SIP/2.0\r\n{}\r\n", head.replace("UDP", "udp")),
    ];
    let kept = |(at, text): (usize, String)| Kept { from: format!("rare message {at}"), bytes: text.into_bytes() };
    ending.into_iter().enumerate().map(kept).collect()
}

/// The messages that must leave exactly as they stand.
pub fn golden() -> Vec<Kept> {
    files("tests/golden/messages")
}

fn files(folder: &str) -> Vec<Kept> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| format!("{folder}/{}", path.file_name().unwrap().display());
    paths.iter().map(|path| Kept { from: name(path), bytes: std::fs::read(path).unwrap() }).collect()
}

/// What the engine writes in calls that see all of its methods and most of its answers.
pub fn written() -> Vec<Kept> {
    let mut world = World::new();
    let mut written = Vec::new();
    let mut gather = |world: &mut World| {
        for port in [CALLER, 5070, 5071, 5072, 5073, 5074, 5076] {
            for got in world.take(port) {
                let from = format!("the engine to {port}: {}", got.word());
                written.push(Kept { from, bytes: got.message.bytes().to_vec() });
            }
        }
    };
    for (number, port) in [("911", PSAP_1), ("988", 5073), ("933", 5076), ("urn:service:sos", PSAP_1)] {
        let caller = Caller::new(KNOWN, number);
        world.send(CALLER, caller.invite());
        let far = world.rung(port);
        talk(&mut world, caller, far);
        gather(&mut world);
    }
    let given_up = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    world.answer(&far, 180);
    world.send(CALLER, given_up.cancel());
    gather(&mut world);
    for method in ["OPTIONS", "REGISTER", "SUBSCRIBE", "BYE", "REFER", "UNKNOWN"] {
        world.send(CALLER, Caller::new(KNOWN, "911").outside(method, "", ""));
    }
    world.send(CALLER, Caller::new(KNOWN, "911").invite().replace("Call-ID", "X-Id"));
    world.send(CALLER, Caller::new(KNOWN, "911").outside("INVITE", "Require: siprec\r\n", SDP));
    gather(&mut world);
    written
}

/// A far end rings and answers; both sides ask the other all that they may; the far end hangs up.
fn talk(world: &mut World, mut caller: Caller, mut far: Far) {
    for code in [100, 180, 183, 200] {
        world.answer(&far, code);
    }
    let answer = world.got(CALLER, "200 INVITE");
    caller.learn(&answer);
    world.send(CALLER, caller.ack(""));
    for (method, body) in [("UPDATE", SDP), ("INFO", ""), ("MESSAGE", ""), ("OPTIONS", ""), ("INVITE", SDP)] {
        let request = far.request(method, "", body);
        world.send(far.port, request);
        let request = caller.request(method, "", body);
        world.send(CALLER, request);
    }
    let bye = far.request("BYE", "", "");
    world.send(far.port, bye);
}

/// So many changes of a message, each by one to three steps, from one seed. Only of messages that are not ours, so that
/// a change of what the engine writes does not make all of them others.
pub fn changed(how_many: usize) -> Vec<Kept> {
    let kept = foreign();
    let mut chance = Entropy::seeded([20; 32]);
    let changed = (0..how_many).map(|round| {
        let one = &kept[below(&mut chance, kept.len())];
        let other = &kept[below(&mut chance, kept.len())];
        let mut bytes = one.bytes.clone();
        let steps = 1 + below(&mut chance, 3);
        for _ in 0..steps {
            if below(&mut chance, 2) == 0 {
                change_a_line(&mut chance, &mut bytes, &other.bytes)
            } else {
                change_a_byte(&mut chance, &mut bytes)
            }
        }
        Kept { from: format!("{}, changed in round {round}", one.from), bytes }
    });
    changed.collect()
}

fn below(chance: &mut Entropy, limit: usize) -> usize {
    chance.bits() as usize % limit.max(1)
}

/// What stands where the grammar has a meaning for it.
const MARKS: &[u8] = b" \t\r\n\0:;,=<>\"\\@/[]()%?#*9aZ~\xe9";

fn change_a_byte(chance: &mut Entropy, bytes: &mut Vec<u8>) {
    let head = bytes.windows(4).position(|end| end == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let at = below(chance, head);
    let mark = MARKS[below(chance, MARKS.len())];
    match below(chance, 3) {
        0 => bytes.get_mut(at).into_iter().for_each(|byte| *byte = mark),
        1 => bytes.insert(at, mark),
        _ => drop(bytes.splice(at..(at + 1 + below(chance, 8)).min(bytes.len()), [])),
    }
}

/// Does to a header field what peers do: writes it in another way, twice, elsewhere, or takes one of another message.
fn change_a_line(chance: &mut Entropy, bytes: &mut Vec<u8>, other: &[u8]) {
    let mut lines = lines(bytes);
    let strange = self::lines(other);
    let Some(last) = lines.len().checked_sub(2).filter(|&last| last > 0) else { return };
    let at = 1 + below(chance, last);
    let line = lines[at].clone();
    let colon = line.iter().position(|&byte| byte == b':').unwrap_or(0);
    match below(chance, 9) {
        0 => lines.insert(at, line),
        1 => drop(lines.remove(at)),
        2 => lines.insert(at, strange[below(chance, strange.len())].clone()),
        3 => lines[at].make_ascii_uppercase(),
        4 => lines[at].make_ascii_lowercase(),
        5 => lines[at].splice(colon..colon, *b" \t").for_each(drop),
        6 => drop(lines[at].splice(colon + usize::from(colon > 0)..(colon + 2).min(line.len()), *b"\r\n ")),
        7 => {
            let next = lines[1 + below(chance, last)].clone();
            let value = next.iter().position(|&byte| byte == b':').map_or(0, |colon| colon + 1);
            lines[at].push(b',');
            lines[at].extend_from_slice(&next[value..]);
        }
        _ => lines.swap(1, at),
    }
    *bytes = lines.join(&b"\r\n"[..]);
}

/// The lines of a head, and the rest as the last of them.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n").filter(|&end| end > 0) {
        lines.push(rest[..end].to_vec());
        rest = &rest[end + 2..];
    }
    lines.push(rest.to_vec());
    lines
}

impl Kept {
    pub fn shared(&self) -> Bytes {
        Bytes::copy_from_slice(&self.bytes)
    }
}
