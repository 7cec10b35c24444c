//! Where rsip differs. It does not know all of SIP, and reads some of it in a way that the RFC does not have.
use crate::rows::{Reader, Right, Row, Side, is_stray, is_token};
use crate::said::What;
use callbox::sip::message::{ContentLength, Method, Name, Start};

const fn row(name: &'static str, what: &'static [What], ours: Side, theirs: Side) -> Row {
    let (right, section) = (Right::Ours, "RFC 3261 §25.1");
    Row { name, reader: Reader::Rsip, what, ours, theirs, holds: |_| true, right, section, why: "" }
}

/// The parts that are read out of one header.
const HEADERS: &[What] = &[What::CallId, What::CSeq, What::FromTag, What::ToTag, What::Branch, What::Length];
const MESSAGE: &[What] = &[What::Message];
const REFUSED: Side = Side::Refused("");

pub const ROWS: &[Row] = &[
    Row {
        holds: |case| case.uri().contains(&b'['),
        section: "RFC 5118 §4.1",
        why: "rsip knows no IPv6",
        ..row("an IPv6 host in the Request-URI", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| {
            let uri = case.uri().to_ascii_lowercase();
            !uri.is_empty() && !uri.starts_with(b"sip:") && !uri.starts_with(b"sips:")
        },
        section: "RFC 3261 §19.1",
        why: "rsip knows sip: and sips: alone; whatever an absoluteURI is, the line is a request line",
        ..row("a Request-URI of another scheme", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| case.head().windows(3).any(|fold| fold == b"\r\n " || fold == b"\r\n\t"),
        section: "RFC 3261 §7.3.1",
        why: "rsip knows no folding",
        ..row("a folded header", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| core::str::from_utf8(case.head()).is_err(),
        section: "RFC 3261 §7.3.1",
        why: "values may be any UTF-8, and RFC 4475 §3.1.1.11 has even others; what is only passed on need not be text",
        right: Right::Neither,
        ..row("a head that is no UTF-8", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| case.start() == Some(Start::Request(Method::Other)),
        section: "RFC 3261 §8.2.1",
        why: "an unknown method is answered 405 or 501, and has to be read for that",
        ..row("an unknown method", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| case.message.is_some_and(|message| message.version() != b"SIP/2.0"),
        section: "RFC 3261 §21.5.7",
        why: "another version is answered 505, and in a call for help taken for 2.0",
        ..row("another version", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| {
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"@.:;=-_+".contains(byte);
            let uri = case.uri();
            let marks = |mark: u8| uri.iter().filter(|&&byte| byte == mark).count();
            !uri.iter().all(plain) || marks(b'@') > 1 || marks(b':') > 2
        },
        section: "RFC 3261 §19.1.1",
        why: "rsip's URI has no headers, no escapes and few of the characters that a user part may have",
        ..row("a Request-URI beyond rsip", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| {
            let no_name =
                |line: &[u8]| line.iter().position(|&byte| byte == b':').is_none_or(|colon| !is_token(&line[..colon]));
            let mut lines = case.head().split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
            lines.next();
            lines.any(no_name)
        },
        right: Right::Neither,
        section: "RFC 3261 §7.3.1",
        why: "white space may stand before a colon, which rsip refuses; what is no name at all we pass over",
        ..row("a header line without a token and a colon", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| matches!(case.start(), Some(Start::Request(_))) && case.has_strange_spaces(),
        right: Right::Theirs,
        section: "RFC 3261 §7.1",
        why: "one space between the three parts and none behind; RFC 4475 §3.1.2.9 lets an element be lenient here",
        ..row("spaces in the request line", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        holds: |case| !case.bytes.windows(4).any(|end| end == b"\r\n\r\n"),
        right: Right::Theirs,
        section: "RFC 3261 §7",
        why: "a head ends with CRLF CRLF; where all its lines end with LF alone nothing can be meant but line ends",
        ..row("line feeds alone", MESSAGE, Side::Read, REFUSED)
    },
    Row {
        section: "RFC 3261 §7",
        why: "a head that does not end may have lost anything; rsip takes its first line for all of it",
        ..row("a head without an end", MESSAGE, Side::Refused("does not end"), Side::Read)
    },
    Row {
        section: "RFC 3261 §18.3",
        why: "a body shorter than its length is told, and a request answered 400; rsip does not look at the length",
        ..row("a body that is cut off", MESSAGE, Side::Refused("shorter"), Side::Read)
    },
    Row {
        section: "RFC 3261 §18.3",
        why: "what is behind the body is no part of the message; rsip does not look at the length",
        holds: |case| case.difference.theirs.bytes().starts_with(case.difference.ours.bytes()),
        ..row("bytes behind the body", &[What::Body], Side::Read, Side::Read)
    },
    Row {
        holds: |case| case.difference.ours.bytes().eq_ignore_ascii_case(case.difference.theirs.bytes()),
        right: Right::Neither,
        section: "RFC 3261 §19.1.4",
        why: "rsip writes a transport it knows in capitals; it compares without case",
        ..row("a transport in small letters", &[What::Start], Side::Read, Side::Read)
    },
    Row {
        holds: |case| case.difference.ours.bytes().eq_ignore_ascii_case(case.difference.theirs.bytes()),
        section: "RFC 3261 §7.1",
        why: "methods are case-sensitive; rsip reads them in any case",
        ..row("a method in small letters", &[What::CSeq], Side::Read, Side::Read)
    },
    Row {
        holds: |case| {
            let long = |name: &[u8]| match Name::read(name) {
                Name::Other => name.to_vec(),
                known => known.text().to_ascii_lowercase().into_bytes(),
            };
            let theirs = case.difference.theirs.bytes().split(|&byte| byte == b'\n').map(long);
            theirs.collect::<Vec<_>>().join(&b'\n') == case.difference.ours.bytes()
        },
        section: "RFC 3261 §7.3.3",
        why: "rsip knows no compact forms",
        ..row("compact names", &[What::Names], Side::Read, Side::Read)
    },
    Row {
        holds: |case| {
            let wanted = match case.difference.what {
                What::CallId => "i",
                What::FromTag => "f",
                What::ToTag => "t",
                What::Branch => "v",
                _ => "l",
            };
            let Some(message) = case.message else { return false };
            message.fields().iter().any(|field| message.field_name(field).eq_ignore_ascii_case(wanted.as_bytes()))
        },
        section: "RFC 3261 §7.3.3",
        why: "rsip knows no compact forms, and takes the header for absent or goes on to the next",
        ..row("a compact header", HEADERS, Side::Any, Side::Any)
    },
    Row {
        section: "RFC 3261 §20.14",
        why: "two that differ, or what is no number, is no length; rsip reads the first as text",
        holds: |case| case.length() == Some(ContentLength::Unusable),
        ..row("a Content-Length that is none", &[What::Length], Side::Refused("callbox"), Side::Read)
    },
    Row {
        holds: |case| case.head().contains(&b'\r') && is_stray(case.difference.theirs.bytes()),
        right: Right::Neither,
        section: "RFC 3261 §7",
        why: "a stray CR or LF is no SIP; we take it for white space and write a space, rsip keeps it",
        ..row("a stray CR or LF in a value", &[What::Values, What::CallId], Side::Read, Side::Read)
    },
    Row {
        holds: |case| {
            let (ours, theirs) = (case.difference.ours.bytes(), case.difference.theirs.bytes());
            ours.strip_prefix(theirs).is_some_and(|rest| !is_token(&rest[..1]))
        },
        right: Right::Neither,
        section: "RFC 3261 §25.1",
        why: "a tag or branch is a token; rsip drops it from where it is none, we compare and send back all of it",
        ..row("a tag that is no token", &[What::FromTag, What::ToTag, What::Branch], Side::Read, Side::Read)
    },
    Row {
        holds: |case| !case.is_no_sip() && !case.address().to_ascii_lowercase().starts_with(b"sip"),
        section: "RFC 3261 §25.1",
        why: "an address may be any absoluteURI; rsip knows sip: and sips: alone",
        ..row("an address of another scheme", &[What::FromTag, What::ToTag], Side::Any, REFUSED)
    },
    Row {
        holds: |case| {
            !case.is_no_sip()
                && case
                    .difference
                    .ours
                    .bytes()
                    .rsplit(|&byte| byte == b' ')
                    .next()
                    .is_some_and(|method| Method::read(method) == Method::Other)
        },
        section: "RFC 3261 §20.16",
        why: "CSeq's method is any token",
        ..row("a CSeq of an unknown method", &[What::CSeq], Side::Read, REFUSED)
    },
    Row {
        holds: |case| {
            let known = [
                &b"SIP/2.0/UDP "[..],
                b"SIP/2.0/TCP ",
                b"SIP/2.0/TLS ",
                b"SIP/2.0/SCTP ",
                b"SIP/2.0/WS ",
                b"SIP/2.0/WSS ",
            ];
            !known.iter().any(|known| case.value().starts_with(known))
        },
        section: "RFC 3261 §20.42",
        why: "protocol and transport are any tokens, in any case and with white space around the slashes; rsip knows a few",
        ..row("a Via of a transport beyond rsip", &[What::Branch], Side::Any, REFUSED)
    },
    Row {
        holds: |case| {
            let params = case.line().rsplit(|&byte| byte == b'>').next().unwrap_or_default();
            params.iter().any(|byte| b" \t[]/:".contains(byte))
        },
        section: "RFC 3261 §25.1",
        why: "white space may stand around a parameter's equals sign, and its value may be a host; rsip has neither",
        ..row("parameters beyond rsip", &[What::FromTag, What::ToTag], Side::Any, REFUSED)
    },
    Row {
        holds: |case| !case.address().first().is_some_and(u8::is_ascii_alphabetic),
        section: "RFC 3986 §3.1",
        why: "a scheme begins with a letter",
        ..row("a scheme that begins with no letter", &[What::FromTag, What::ToTag], Side::Refused("callbox"), Side::Any)
    },
    Row {
        holds: |case| case.is_no_sip(),
        right: Right::Neither,
        section: "RFC 3261 §25.1",
        why: "it is not of the grammar, which the strict reader confirms by refusing it: two lenient readers guess",
        ..row("a header that is no SIP", HEADERS, Side::Any, Side::Any)
    },
    Row {
        holds: |case| {
            let line = case.start_line();
            is_stray(line) || line.contains(&0) || case.is_of_another_protocol()
        },
        section: "RFC 3261 §7.1",
        why: "no CR, LF or NUL in a request line, where two readers could see two requests, and SIP/ and digits at its end",
        ..row("a request line that is none", MESSAGE, Side::Refused("start line"), Side::Read)
    },
    Row {
        holds: |case| case.bytes[case.start_line().len()..].starts_with(b"\r\n\r\n"),
        section: "RFC 3261 §7",
        why: "the first empty line ends the head, and what follows is the body; rsip looks for headers there",
        ..row("a head without headers", &[What::Body, What::Names, What::Values, What::Message], Side::Any, Side::Any)
    },
    Row {
        holds: |case| case.has_strange_spaces() || case.start_line().contains(&b'\t'),
        right: Right::Neither,
        section: "RFC 3261 §7.1",
        why: "one space stands between the parts; rsip takes a second one for part of the host, we for nothing",
        ..row("spaces that become part of the host", &[What::Start], Side::Read, Side::Read)
    },
    Row {
        holds: |case| case.value().iter().any(u8::is_ascii_whitespace) && !case.is_no_sip(),
        section: "RFC 3261 §25.1",
        why: "any white space may stand around =, ; and a CSeq's number; rsip takes it for part of what it stands beside",
        ..row("white space where rsip has none", HEADERS, Side::Any, Side::Any)
    },
    Row {
        holds: |case| matches!(case.start(), Some(Start::Response(code)) if !(100..=699).contains(&code)),
        right: Right::Theirs,
        section: "RFC 3261 §7.2",
        why: "three digits, 100 to 699; we read the number, and the engine drops a response with such a one",
        ..row("a status code that is none", MESSAGE, Side::Read, REFUSED)
    },
];
