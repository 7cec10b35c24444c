//! What must become of each torture message, as an emergency router takes it: RFC 4475 and RFC 5118 with the one rule of
//! ours on top, that an emergency call goes on wherever it can be repaired. To be read beside the RFCs.

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// We answer with this status.
    Status(u16),
    /// It is a call that is none of ours: the gateway gets it, and the caller hears the gateway's 404.
    Passed,
    /// Nothing is answered and nothing leaves.
    Silence,
    /// 400, and the stream ends: where the next message begins is not known.
    Cut,
    /// The stream ends.
    End,
    /// The sender may take ten seconds for the rest, then the stream ends: `slow` shows it.
    Waits,
}

/// The same defect in an INVITE for 911.
#[derive(Clone, Copy, Debug)]
pub enum Emergency {
    /// The message is no request, or the defect is not one of a call.
    No,
    /// It is answered, and these defects are told.
    Call(&'static [&'static str]),
    /// It is refused.
    Status(u16),
}

/// One message.
pub struct Row {
    pub name: &'static str,
    pub udp: Then,
    pub tcp: Then,
    pub emergency: Emergency,
    /// What stands for the user part in the emergency variant, and what that becomes: `sip:user@` for most.
    pub dials: (&'static str, &'static str),
}

const fn row(name: &'static str, udp: Then, tcp: Then, emergency: Emergency) -> Row {
    Row { name, udp, tcp, emergency, dials: ("sip:user@", "sip:911@") }
}

const fn dialling(row: Row, dials: (&'static str, &'static str)) -> Row {
    Row { dials, ..row }
}

use Emergency::{Call, No};
use Then::{Cut, End, Passed, Silence, Status, Waits};

/// RFC 4475, in its order.
pub const RFC4475: [Row; 50] = [
    // 3.1.1: well-formed
    dialling(row("wsinv", Status(481), Status(481), Call(&["to_tag"])), ("sip:vivekg@", "sip:911@")), // its To has a tag
    row("intmeth", Status(501), Status(501), No),
    dialling(row("esc01", Passed, Passed, Call(&[])), ("sip:sips%3Auser%40example.com@", "sip:%39%31%31@")),
    row("escnull", Status(405), Status(405), No),
    row("esc02", Status(501), Status(501), No),
    row("lwsdisp", Status(200), Status(200), Call(&["contact"])),
    row("longreq", Passed, Passed, Call(&[])),
    row("dblreq", Status(405), Status(405), No), // on a stream the second is a request of its own
    dialling(row("semiuri", Status(200), Status(200), Call(&["contact"])), ("sip:user;", "sip:911;")),
    row("transports", Status(200), Status(200), No),
    row("mpart01", Status(405), Status(405), No),
    row("unreason", Silence, Silence, No),
    row("noreason", Silence, Silence, No),
    // 3.1.2: invalid
    row("badinv01", Status(400), Status(400), Call(&["via"])),
    row("clerr", Status(400), Waits, Call(&["short_body"])),
    row("ncl", Status(400), Cut, Call(&["content_length"])),
    row("scalar02", Status(400), Status(400), No),
    row("scalarlg", Silence, Silence, No),
    row("quotbal", Status(400), Status(400), Call(&["to"])),
    row("ltgtruri", Status(400), Status(400), Call(&["request_uri"])),
    row("lwsruri", Status(400), Status(400), Call(&["request_uri", "to_tag"])),
    row("lwsstart", Passed, Passed, Call(&[])),
    dialling(row("trws", Status(200), Status(200), Call(&["contact"])), ("sip:remote-target@", "sip:911@")),
    row("escruri", Status(400), Status(400), Call(&["request_uri"])),
    row("baddate", Passed, Passed, Call(&[])),
    row("regbadct", Status(400), Status(400), No),
    row("badaspec", Status(400), Status(400), Call(&["contact", "to"])),
    dialling(row("baddn", Status(400), Waits, Call(&["contact", "from", "to"])), ("sip:t.watson@", "sip:911@")),
    // a version of the future is read as 2.0, since an emergency call is not refused for it
    dialling(row("badvers", Status(505), Status(505), Call(&["contact", "version"])), ("sip:t.watson@", "sip:911@")),
    row("mismatch01", Status(400), Status(400), No),
    row("mismatch02", Status(400), Status(400), No),
    row("bigcode", Silence, Silence, No),
    // 3.2: the branch without anything behind its cookie is one of before RFC 3261
    row("badbranch", Status(200), Status(200), Call(&["contact"])),
    // 3.3: what is asked for
    row("insuf", Status(400), Status(400), Emergency::Status(400)),
    row("unkscm", Status(416), Status(416), No),
    row("novelsc", Status(416), Status(416), No),
    row("unksm2", Status(405), Status(405), No),
    row("bext01", Status(420), Status(420), Call(&["contact", "require"])),
    row("invut", Status(415), Status(415), Call(&["no_session"])),
    row("regaut01", Status(405), Status(405), No),
    row("multi01", Status(400), Status(400), Emergency::Status(400)),
    row("mcl01", Status(400), Cut, Call(&["contact", "content_length", "no_session"])),
    row("bcast", Silence, Silence, No),
    row("zeromf", Status(200), Status(200), Call(&["contact", "max_forwards"])),
    row("cparam01", Status(405), Status(405), No),
    row("cparam02", Status(405), Status(405), No),
    row("regescrt", Status(405), Status(405), No),
    row("sdp01", Status(406), Status(406), Call(&[])),
    // 3.4: from before RFC 3261; a stream needs the length that it lacks
    dialling(row("inv2543", Passed, Cut, Call(&["contact", "from_tag", "max_forwards"])), ("sip:UserB@", "sip:911@")),
    // in the archive, not in the text: no version, so no start line
    row("test", Silence, End, No),
];

/// RFC 5118, in its order. An answer to these goes to 127.0.0.2, whatever address a Via names.
pub const RFC5118: [Row; 12] = [
    row("ipv6-good", Status(405), Status(405), No),
    row("ipv6-bad", Status(400), Status(400), No),
    row("port-ambiguous", Status(405), Status(405), No),
    row("port-unambiguous", Status(405), Status(405), No),
    row("via-received-param-with-delim", Status(481), Status(481), No),
    row("via-received-param-no-delim", Status(200), Status(200), No),
    row("ipv6-in-sdp", Passed, Passed, Call(&[])),
    row("mult-ip-in-header", Status(481), Status(481), No),
    row("mult-ip-in-sdp", Passed, Passed, Call(&[])),
    row("ipv4-mapped-ipv6", Passed, Passed, Call(&[])),
    row("ipv6-bug-abnf-3-colons", Status(200), Status(200), Call(&["contact"])),
    row("ipv6-correct-abnf-2-colons", Status(200), Status(200), Call(&["contact"])),
];
