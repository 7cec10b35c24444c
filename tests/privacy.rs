//! Nothing of the people who call reaches a log line, a metric or a debugging text. Whole calls, with marked values in
//! every private place, go through the engine at the level TRACE; then every line is read.
#[allow(dead_code, reason = "the bench serves other tests too")]
#[path = "golden/bench.rs"]
mod bench;
#[path = "xmllint/mod.rs"]
mod xmllint;

use bench::{Bench, port};
use callbox::app::narrate;
use callbox::edge::metrics::{Direction, Metrics};
use callbox::sip::message::Message;
use core::net::SocketAddr;
use core::time::Duration;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Marked values: what stands in the messages below and in the lab's tables, and nothing that may be told.
const MARKS: [&str; 22] = [
    "marked",
    "Marked",
    "3125550123",
    "3125550124",
    "3125550150",
    "3125550100",
    "3125550111",
    "312555",
    "7735550199",
    "7085550198",
    "8002738255",
    "192.0.2.77",
    "192.0.2.78",
    "Example Plaza",
    "Plaza",
    "Springfield",
    "60601",
    "1234567.89",
    "41.8781",
    "-87.6298",
    "callbox.example>",
    "v=0",
];

const SESSION: &str = "v=0\r\no=marked-session 1 1 IN IP4 192.0.2.77\r\ns=marked subject\r\nc=IN IP4 192.0.2.77\r\n\
    t=0 0\r\nm=audio 18032 RTP/AVP 0 8 101\r\na=marked:1\r\na=sendrecv\r\n";

const ANSWER: &str = "v=0\r\no=marked-answer 1 1 IN IP4 192.0.2.78\r\ns=-\r\nc=IN IP4 192.0.2.78\r\nt=0 0\r\n\
    m=audio 30000 RTP/AVP 0 101\r\na=sendrecv\r\n";

const LOCATION: &str = "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:marked@x\">\
    <tuple id=\"marked\"><status><gp:geopriv xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\"><gp:location-info>\
    <ca:civicAddress xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\"><ca:country>US</ca:country>\
    <ca:A1>IL</ca:A1><ca:A3>Markedville</ca:A3><ca:RD>Marked</ca:RD><ca:HNO>1234567.89</ca:HNO></ca:civicAddress>\
    <gml:Point xmlns:gml=\"http://www.opengis.net/gml\"><gml:pos>41.8781 -87.6298</gml:pos></gml:Point>\
    </gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>";

/// What every far end says beside its answer.
const FAR_END: &str = "Contact: <sip:marked-answerer@127.0.0.1:5070>\r\nServer: Marked/1.0\r\n\
    P-Asserted-Identity: \"Marked Answerer\" <sip:+17735550199@marked.example>\r\n\
    Reason: Q.850;cause=17;text=\"marked reason\"\r\nX-Marked: marked\r\n\
    Warning: 399 marked.example \"marked warning\"\r\n";

/// A caller's INVITE with a mark in every place that is the caller's.
fn invite(dialled: &str, number: &str) -> String {
    let body = format!(
        "--marked-boundary\r\nContent-Type: application/sdp\r\n\r\n{SESSION}\r\n--marked-boundary\r\n\
         Content-Type: application/pidf+xml\r\nContent-ID: <marked-location@marked.example>\r\n\r\n{LOCATION}\r\n\
         --marked-boundary\r\nContent-Type: text/marked\r\n\r\nmarked text\r\n--marked-boundary--\r\n"
    );
    format!(
        "INVITE sip:{dialled}@marked.example;marked=1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP marked.example:5075;branch=z9hG4bK-marked-{dialled};rport\r\n\
         Via: SIP/2.0/UDP 192.0.2.77;branch=z9hG4bK-marked-inner\r\n\
         Max-Forwards: 70\r\n\
         From: \"Marked Caller\" <sip:{number}@marked.example>;tag=marked-tag\r\n\
         To: \"Marked Callee\" <sip:{dialled}@marked.example>\r\n\
         Call-ID: marked-call-id-{dialled}@192.0.2.77\r\n\
         CSeq: 1 INVITE\r\n\
         Contact: \"Marked\" <sip:marked-contact@127.0.0.1:5075>;+sip.instance=\"<urn:uuid:marked>\"\r\n\
         P-Asserted-Identity: \"Marked Name\" <sip:{number}@marked.example>, <tel:+17735550199>\r\n\
         P-Preferred-Identity: <sip:+17735550199@marked.example>\r\n\
         Remote-Party-ID: <sip:+17735550199@marked.example>\r\n\
         Geolocation: <cid:marked-location@marked.example>, <https://marked.example/location/marked>\r\n\
         Call-Info: <https://marked.example/marked.png>;purpose=icon\r\n\
         User-Agent: Marked/1.0\r\n\
         Subject: marked subject\r\n\
         Session-ID: 00000000marked\r\n\
         Reason: SIP;cause=200;text=\"marked\"\r\n\
         X-Marked-Header: marked\r\n\
         Require: marked-extension\r\n\
         Content-Type: multipart/mixed;boundary=marked-boundary\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request of the caller in the dialog of that INVITE.
fn in_dialog(bench: &Bench, dialled: &str, number: &str, method: &str, cseq: u8, body: &str) -> String {
    let tag = bench.last(port::PBX, "200").or(bench.last(port::PBX, "180")).and_then(|answer| {
        let answer = Message::read(answer.clone()).ok()?;
        Some(format!(";tag={}", String::from_utf8_lossy(answer.to()?.tag()?)))
    });
    let whole = invite(dialled, number);
    let (head, _) = whole.split_once("Content-Type:").expect("a body");
    let head = head.replacen("INVITE", method, 1).replace("CSeq: 1 INVITE", &format!("CSeq: {cseq} {method}")).replace(
        &format!("To: \"Marked Callee\" <sip:{dialled}@marked.example>"),
        &format!("To: <sip:{dialled}@marked.example>{}", tag.unwrap_or_default()),
    );
    let head = if cseq > 1 { head.replace("z9hG4bK-marked", &format!("z9hG4bK-{cseq}-marked")) } else { head };
    format!("{head}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A call that is answered; then the caller tries all that it may not, and hangs up.
fn answered(bench: &mut Bench, dialled: &str, number: &str, far: u16) {
    bench.receive(port::PBX, invite(dialled, number));
    bench.answer(far, 180, FAR_END, "");
    let typed = format!("{FAR_END}Content-Type: application/sdp\r\n");
    bench.answer(far, 200, &typed, ANSWER);
    for (method, cseq, body) in [
        ("ACK", 1, String::new()),
        ("INVITE", 2, SESSION.replace("sendrecv", "sendonly")),
        ("REFER", 3, String::new()),
        ("INFO", 4, "marked info".to_owned()),
        ("UPDATE", 5, SESSION.to_owned()),
        ("SUBSCRIBE", 6, String::new()),
        ("MESSAGE", 7, "marked text".to_owned()),
        ("MARKED", 8, "marked".to_owned()),
        ("BYE", 9, String::new()),
    ] {
        let request = in_dialog(bench, dialled, number, method, cseq, &body);
        bench.receive(port::PBX, request);
    }
    bench.pass(Duration::from_secs(40));
}

fn refused_by_all(bench: &mut Bench) {
    bench.receive(port::PBX, invite("911", "+13125550123"));
    for far in [port::PSAP, port::PSAP + 1, port::RELAY, port::GATEWAY] {
        if bench.last(far, "INVITE").is_some() {
            bench.answer(far, 503, &format!("{FAR_END}Retry-After: 7\r\n"), "");
        }
    }
    bench.pass(Duration::from_secs(40));
}

fn silent_everywhere(bench: &mut Bench) {
    bench.receive(port::PBX, invite("9911", "+13125550123"));
    bench.pass(Duration::from_secs(200));
}

fn cancelled(bench: &mut Bench) {
    bench.receive(port::PBX, invite("911", "+13125550123"));
    bench.answer(port::PSAP, 180, FAR_END, "");
    let cancel = in_dialog(bench, "911", "+13125550123", "CANCEL", 1, "");
    bench.receive(port::PBX, cancel.replace(";tag=00", ";x=").replace("Require: marked-extension\r\n", ""));
    bench.pass(Duration::from_secs(40));
}

fn malformed(bench: &mut Bench) {
    let good = invite("911", "+13125550123");
    let stranger = SocketAddr::from(([198, 51, 100, 9], 5060));
    for bad in [
        good.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"),
        good.replace("Call-ID: ", "Marked: "),
        good.replace("CSeq: 1 INVITE", "CSeq: marked"),
        good.replace("Max-Forwards: 70", "Max-Forwards: marked"),
        good.replace("From: ", "Frm: "),
        good.replace("Via: ", "Marked-Via: "),
        good.replace("Contact: ", "Kontakt: "),
        good.replace("Content-Length: ", "Content-Length: 9"),
        good.replace("To: \"Marked Callee\" <", "To: \"Marked Callee <"),
        good.replacen("INVITE", "MARKED", 1).replace("1 INVITE", "1 MARKED"),
        good.replacen("INVITE", "REGISTER", 1).replace("1 INVITE", "1 REGISTER"),
        good.replacen("INVITE", "MESSAGE", 1).replace("1 INVITE", "1 MESSAGE"),
        good.replacen("INVITE", "OPTIONS", 1).replace("1 INVITE", "1 OPTIONS"),
        good.replacen("INVITE sip:", "INVITE marked marked:", 1),
        good.replacen("INVITE ", "", 1),
        good.replace("Require: marked-extension", "Require: siprec"),
        "marked nonsense".to_owned(),
        "SIP/2.0 marked\r\n\r\n".to_owned(),
    ] {
        // Each is a call of its own, or it would pass for a copy of the one before.
        let own = |name: &str| {
            bad.replace("-marked-911", &format!("-marked-{name}")).replace("id-911", &format!("id-{name}"))
        };
        let number = bench.received.len();
        bench.receive(port::PBX, own(&format!("pbx-{number}")));
        bench.receive_from(stranger, own(&format!("stranger-{number}")));
    }
    bench.pass(Duration::from_secs(200));
}

/// Lines in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a lock").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;
    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

/// All that a node could tell of a story: log lines of every level, the metrics' page, and how facts, inputs and
/// messages show in debugging.
fn told(story: impl FnOnce(&mut Bench)) -> String {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let page = tracing::subscriber::with_default(subscriber, || {
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut bench = Bench::new(|world| {
            tracing::trace!("{:?} {:?}", world.snapshot, world.tables);
            names.extend(world.snapshot.trunks.iter().map(|trunk| trunk.name.clone()));
        });
        let mut metrics = Metrics::new(&names).expect("metrics");
        story(&mut bench);
        for fact in &bench.facts {
            narrate::fact(fact);
            metrics.count(fact);
            tracing::trace!("{fact:?}");
        }
        for entry in bench.gatherer.rest() {
            tracing::trace!("{entry:?}");
        }
        for input in &bench.shown {
            tracing::trace!("{input}");
        }
        for sent in &bench.sent {
            metrics.message(Direction::Out, &sent.bytes);
            tracing::trace!("{sent:?} {:?}", Message::read(sent.bytes.clone()));
        }
        for bytes in &bench.received {
            metrics.message(Direction::In, bytes);
            tracing::trace!("{:?}", Message::read(bytes.clone()));
        }
        metrics.page().text()
    });
    let lines = String::from_utf8(lines.0.lock().expect("a lock").clone()).expect("UTF-8");
    format!("{lines}\n{page}")
}

fn assert_private(name: &str, told: &str) {
    for line in told.lines() {
        for mark in MARKS {
            assert!(!tells(line, mark), "{name} tells {mark:?}: {line}");
        }
    }
}

/// Whether a line has the mark. A post code is as short as the digits of a time or an identifier, and stands alone.
fn tells(line: &str, mark: &str) -> bool {
    let is_short = mark.len() <= 5 && mark.bytes().all(|byte| byte.is_ascii_digit());
    line.match_indices(mark).any(|(at, _)| {
        let beside = [line[..at].chars().next_back(), line[at + mark.len()..].chars().next()];
        !is_short || !beside.into_iter().flatten().any(|beside| beside.is_ascii_alphanumeric())
    })
}

#[test]
fn an_answered_call_of_any_class_tells_nothing_of_its_caller() {
    for (dialled, number, far) in [
        ("911", "+13125550123", port::PSAP),
        ("933", "+13125550123", port::IVR),
        ("988", "+13125550123", port::CRISIS),
        ("911", "+13125550150", port::GATEWAY),
    ] {
        let told = told(|bench| answered(bench, dialled, number, far));
        assert_private(dialled, &told);
        // A crisis call has no line of its own; all others have lines, or this test would read nothing.
        assert_eq!(told.contains("call ended"), dialled != "988", "{dialled}: {told}");
    }
}

#[test]
fn an_everyday_call_tells_nothing_of_whom_it_is_for() {
    let told = told(|bench| {
        let whole = invite("17085550198", "+13125550123").replace("Require: marked-extension\r\n", "");
        bench.receive(port::PBX, whole);
        bench.answer(port::GATEWAY, 486, FAR_END, "");
        bench.receive(port::PBX, invite("17085550198", "+13125550123").replace("marked-call-id", "marked-2"));
        bench.pass(Duration::from_secs(40));
    });
    assert_private("other", &told);
    assert!(told.contains("call arrived"), "{told}");
}

#[test]
fn a_call_to_the_relay_tells_nothing_of_its_caller() {
    let told = told(|bench| {
        let nowhere = invite("911", "+13125550124").replace("pidf+xml", "marked").replace("Geolocation", "Marked");
        bench.receive(port::PBX, nowhere);
        bench.answer(port::RELAY, 200, FAR_END, ANSWER);
        bench.pass(Duration::from_secs(40));
    });
    assert_private("relay", &told);
    assert!(told.contains("trunk=\"relay\""), "{told}");
}

#[test]
fn calls_that_fail_are_cancelled_or_wait_tell_nothing_of_their_caller() {
    for (name, story) in
        [("refused", refused_by_all as fn(&mut Bench)), ("silent", silent_everywhere), ("cancelled", cancelled)]
    {
        let told = told(story);
        assert_private(name, &told);
        assert!(told.contains("call ended"), "{name}: {told}");
    }
}

#[test]
fn malformed_messages_and_strangers_tell_nothing_of_what_they_said() {
    let told = told(malformed);
    assert_private("malformed", &told);
    assert!(told.contains("unreadable message") && told.contains("unknown source"), "{told}");
}

#[test]
fn what_may_be_told_nowhere_is_in_the_receipt_of_a_call_but_no_name_and_nothing_of_a_crisis_call() {
    let kept = |dialled: &str, far: u16| {
        let mut bench = Bench::new(|_| {});
        answered(&mut bench, dialled, "+13125550123", far);
        bench.gatherer.rest().into_iter().map(|entry| entry.body).collect::<String>()
    };
    let receipt = kept("911", port::PSAP);
    for mark in ["3125550123", "Markedville", "60601", "41.8781"] {
        assert!(receipt.contains(mark), "{mark} is not in {receipt}");
    }
    for mark in ["Marked Caller", "Marked Answerer", "marked-call-id", "marked-session"] {
        assert!(!receipt.contains(mark), "{mark} is in {receipt}");
    }
    assert_eq!(kept("988", port::CRISIS), "");
}

#[test]
fn the_marks_are_in_what_was_received_and_sent_so_that_this_test_can_fail() {
    let mut bench = Bench::new(|_| {});
    answered(&mut bench, "911", "+13125550123", port::PSAP);
    let wire: Vec<u8> =
        bench.received.iter().chain(bench.sent.iter().map(|sent| &sent.bytes)).flatten().copied().collect();
    let wire = String::from_utf8_lossy(&wire).into_owned();
    for mark in
        ["marked", "Marked", "3125550123", "192.0.2.77", "192.0.2.78", "Plaza", "60601", "1234567.89", "41.8781"]
    {
        assert!(wire.contains(mark), "{mark}");
    }
}
