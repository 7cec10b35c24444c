//! Where sipx-sip differs: it is stricter, and refuses. Where both read, they read the same, but for one case.
use crate::rows::{Reader, Right, Row, Side, is_token};
use crate::said::What;
use callbox::sip::message::{ContentLength, Name, Start};

const REPAIRED: &str =
    "the grammar is theirs; a call for help is not refused for a name or a host that nobody looks at";

const fn row(name: &'static str, what: &'static [What], ours: Side, theirs: Side) -> Row {
    let (right, section) = (Right::Theirs, "RFC 3261 §25.1");
    Row { name, reader: Reader::Sipx, what, ours, theirs, holds: |_| true, right, section, why: REPAIRED }
}

pub const ROWS: &[Row] = &[
    Row {
        holds: |case| case.has_stray_line_end(),
        section: "RFC 3261 §7",
        why: "every line ends with CRLF; inside a value we take the stray one for white space and never write it",
        ..row("a stray CR or LF in the head", &[What::Message], Side::Read, Side::Refused("BareNewline"))
    },
    Row {
        holds: |case| !case.bytes.windows(4).any(|end| end == b"\r\n\r\n"),
        section: "RFC 3261 §7",
        why: "a head ends with CRLF CRLF; where all its lines end with LF alone nothing can be meant but line ends",
        ..row("line feeds alone", &[What::Message], Side::Read, Side::Refused("NoHeaderTerminator"))
    },
    Row {
        holds: |case| case.any_field(|name, _| !is_token(name)),
        section: "RFC 3261 §7.3.1",
        why: "a name is a token; the line is kept from going on under a name that means something, the call goes on",
        ..row("a header name that is no token", &[What::Message], Side::Read, Side::Refused("Name"))
    },
    Row {
        holds: |case| case.message.is_some_and(|message| message.fields().iter().any(|field| !field.has_colon())),
        section: "RFC 3261 §7.3.1",
        why: "no header field without a colon; we leave the line out of everything and the call goes on",
        ..row("a line without a colon", &[What::Message], Side::Read, Side::Refused("MissingColon"))
    },
    Row {
        holds: |case| case.has_strange_spaces(),
        section: "RFC 3261 §7.1",
        why: "one space between the three parts and none behind; RFC 4475 §3.1.2.9 lets an element be lenient here",
        ..row("spaces in the request line", &[What::Message], Side::Read, Side::Refused("RequestLineShape"))
    },
    Row {
        holds: |case| case.message.is_some_and(|message| message.values(Name::ContentLength).count() > 1),
        right: Right::Neither,
        section: "RFC 3261 §20.14",
        why: "two equal ones say one thing; of two that differ we believe neither, and take what is there",
        ..row("Content-Length twice", &[What::Message], Side::Read, Side::Refused("ContentLengthRepeated"))
    },
    Row {
        holds: |case| case.length() == Some(ContentLength::Unusable),
        section: "RFC 3261 §20.14",
        why: "it is digits; on a datagram the body's end is known without it, so the call goes on (a stream is closed)",
        ..row("a Content-Length of no number", &[What::Message], Side::Read, Side::Refused("ContentLengthMalformed"))
    },
    Row {
        holds: |case| matches!(case.start(), Some(Start::Response(_))),
        section: "RFC 3261 §7.2",
        why: "three digits, 100 to 699; we read the number, and the engine drops a response with such a one",
        ..row("a status code that is none", &[What::Message], Side::Read, Side::Refused("StatusCode"))
    },
    Row {
        holds: |case| matches!(case.start(), Some(Start::Request(_))),
        why: "the grammar is theirs; what is wrong in a Request-URI is judged where it is known whether it is a call for help",
        ..row("a Request-URI that is none", &[What::Message], Side::Read, Side::Refused("StartLine(Uri("))
    },
    Row {
        holds: |case| case.is_of_another_protocol(),
        right: Right::Ours,
        section: "RFC 3261 §7.1",
        why: "the version begins with SIP/; what ends otherwise may be HTTP or RTSP and is no SIP message",
        ..row("a version of another protocol", &[What::Message], Side::Refused("start line"), Side::Read)
    },
    Row {
        holds: |case| case.start_line().contains(&b'\t'),
        section: "RFC 3261 §7.1",
        why: "a method is a token; ours ends at the tab and is one that we do not know, so the request is refused",
        ..row("a tab in the method", &[What::Message], Side::Read, Side::Refused("StartLine(Method)"))
    },
    Row {
        holds: |case| case.is_folded_at_its_beginning(),
        section: "RFC 3261 §7.5",
        why: "nothing but line ends may come before a message; we pass a space too, which some peers keep a path open with",
        ..row("white space before the first line", &[What::Message], Side::Read, Side::Refused("LeadingFold"))
    },
    Row {
        holds: |case| case.is_folded_at_its_beginning(),
        right: Right::Neither,
        section: "RFC 3261 §7.3.1",
        why: "a header may be folded, a first line not: we leave the line out, they take it for part of the reason phrase",
        ..row("a first line that is folded", &[What::Names, What::Values], Side::Read, Side::Read)
    },
    Row {
        holds: |case| case.value().is_empty(),
        right: Right::Neither,
        section: "RFC 3261 §25.1",
        why: "a Call-ID is a word; one that is empty is none to us, and cannot be read to them: 400 either way",
        ..row("an empty Call-ID", &[What::CallId], Side::Absent, Side::Refused("Call-ID"))
    },
    row("a Via that is not of the grammar", &[What::Branch], Side::Any, Side::Refused("header: \"Via\"")),
    row("a From that is not of the grammar", &[What::FromTag], Side::Any, Side::Refused("header: \"From\"")),
    row("a To that is not of the grammar", &[What::ToTag], Side::Any, Side::Refused("header: \"To\"")),
    Row {
        holds: |case| {
            !is_token(case.value().split(u8::is_ascii_whitespace).skip(1).collect::<Vec<_>>().join(&b' ').trim_ascii())
        },
        why: "the method is a token; ours is then one that matches no method we know, so the request is answered 400",
        ..row("a CSeq whose method is no token", &[What::CSeq], Side::Read, Side::Refused("CSeq"))
    },
    Row {
        holds: |case| !case.address().first().is_some_and(u8::is_ascii_alphabetic),
        right: Right::Ours,
        section: "RFC 3986 §3.1",
        why: "a scheme begins with a letter",
        ..row("a scheme that begins with no letter", &[What::FromTag, What::ToTag], Side::Refused("callbox"), Side::Any)
    },
];
