//! What real peers write, construct by construct: each must be read as it is meant.
use bytes::Bytes;
use callbox::sip::message::{
    ContentLength, Message, Method, Name, NameAddr, Scheme, Start, Unreadable, Uri, limits, multipart, reader::unfold,
};

/// An INVITE with these further header lines and this body, without a Content-Length.
fn invite(lines: &str, body: &[u8]) -> Message {
    let head = format!(
        "INVITE sip:911@192.0.2.10 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK1\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:911@b>\r\nCall-ID: c@d\r\nCSeq: 1 INVITE\r\n{lines}\r\n"
    );
    read(&[head.as_bytes(), body].concat())
}

fn read(bytes: &[u8]) -> Message {
    Message::read(Bytes::copy_from_slice(bytes)).unwrap()
}

fn refused(bytes: &[u8]) -> Unreadable {
    Message::read(Bytes::copy_from_slice(bytes)).unwrap_err()
}

fn list(message: &Message, name: Name) -> Vec<&str> {
    message.list(name).map(|element| core::str::from_utf8(element).unwrap()).collect()
}

#[test]
fn all_compact_forms_are_their_long_names() {
    let message =
        invite("k: 100rel\r\nm: <sip:a@c>\r\no: x\r\nr: <sip:r@c>\r\nx: 90\r\ny: z\r\nu: p\r\nS: hello\r\n", b"");
    for name in [Name::Supported, Name::Contact, Name::Event, Name::ReferTo, Name::SessionExpires, Name::Identity] {
        assert!(message.value(name).is_some(), "{name:?}");
    }
    assert_eq!(message.value(Name::Subject), Some(&b"hello"[..]));
    assert_eq!(message.value(Name::AllowEvents), Some(&b"p"[..]));
}

#[test]
fn names_are_read_in_any_case_and_with_space_before_the_colon() {
    let message = invite("mAX-fORWARDS \t : 7\r\nSUPPORTED:timer\r\n", b"");
    assert_eq!(message.number(Name::MaxForwards), Some(7));
    assert!(message.has_token(Name::Supported, "TIMER"));
    assert!(!message.has_token(Name::Supported, "time"));
}

#[test]
fn folded_values_are_one_value() {
    let message = invite("Subject: one\r\n two\r\n\t three  \r\nRoute:\r\n <sip:p;lr>\r\n", b"");
    let subject = message.value(Name::Subject).unwrap();
    assert_eq!(subject, b"one\r\n two\r\n\t three");
    assert_eq!(&*unfold(subject), b"one two three");
    assert_eq!(list(&message, Name::Route), ["<sip:p;lr>"]);
    let field = message.fields().iter().find(|field| field.name == Name::Subject).unwrap();
    assert_eq!(message.field_line(field), b"Subject: one\r\n two\r\n\t three  \r\n");
}

#[test]
fn lists_and_repeated_headers_are_the_same_in_order() {
    let message =
        invite("Route: <sip:a;lr>, <sip:b;lr>\r\nSupported: x,, y ,\r\nRoute: <sip:c,d;lr>,\"e,f\" <sip:g>\r\n", b"");
    assert_eq!(list(&message, Name::Route), ["<sip:a;lr>", "<sip:b;lr>", "<sip:c,d;lr>", "\"e,f\" <sip:g>"]);
    assert_eq!(list(&message, Name::Supported), ["x", "y"]);
    assert_eq!(message.values(Name::Route).count(), 2);
}

#[test]
fn the_topmost_via_is_the_first_element_of_the_first_one() {
    let message = read(
        b"BYE sip:a@b SIP/2.0\r\nv: SIP/2.0/TCP one:5061;branch=1, SIP/2.0/UDP two\r\nVia: SIP/2.0/UDP three\r\n\r\n",
    );
    assert_eq!((message.via().unwrap().host, message.via().unwrap().port), (&b"one"[..], Some(5061)));
    assert_eq!(message.list(Name::Via).count(), 3);
}

#[test]
fn a_service_urn_is_a_request_uri() {
    let message = read(b"INVITE urn:service:sos SIP/2.0\r\nTo: <urn:service:sos>\r\n\r\n");
    let uri = Uri::read(message.request_uri()).unwrap();
    assert_eq!((uri.scheme, uri.user), (Scheme::Urn, &b"service:sos"[..]));
    assert_eq!(message.to().unwrap().uri.scheme, Scheme::Urn);
}

#[test]
fn a_tel_uri_is_a_request_uri() {
    let message = read(b"INVITE tel:911;phone-context=+1 SIP/2.0\r\nFrom: tel:+13125550123;tag=9\r\n\r\n");
    assert_eq!(Uri::read(message.request_uri()).unwrap().param("phone-context"), Some(&b"+1"[..]));
    assert_eq!(
        (message.from().unwrap().uri.user, message.from().unwrap().tag()),
        (&b"+13125550123"[..], Some(&b"9"[..]))
    );
}

#[test]
fn a_binary_body_is_the_same_bytes() {
    let body: Vec<u8> = (0..=255).cycle().take(1024).collect();
    let message =
        invite(&format!("Content-Type: application/octet-stream\r\nContent-Length: {}\r\n", body.len()), &body);
    assert_eq!(message.body(), body);
}

#[test]
fn a_body_ends_where_its_length_says_or_with_the_datagram() {
    assert_eq!(invite("l: 3\r\n", b"abcdef").body(), "abc");
    assert_eq!(invite("l: 0\r\n", b"abcdef").body(), "");
    assert_eq!(invite("", b"abcdef").body(), "abcdef");
    assert_eq!(invite("", b"abcdef").content_length(), ContentLength::Absent);
}

#[test]
fn three_lengths_that_differ_lose_neither_the_call_nor_its_body() {
    let message = invite("l: 3\r\nContent-Length: 4\r\nContent-Length: 5\r\n", b"abcdef");
    assert_eq!((message.content_length(), message.body()), (ContentLength::Unusable, Bytes::from("abcdef")));
    let message = invite("l: 3\r\nContent-Length: 03\r\n", b"abcdef");
    assert_eq!((message.content_length(), message.body()), (ContentLength::Bytes(3), Bytes::from("abc")));
}

#[test]
fn a_length_of_no_number_takes_what_is_there() {
    for length in ["-1", "x", "", "3, 3", "3;x", "0x3"] {
        let message = invite(&format!("Content-Length: {length}\r\n"), b"abc");
        assert_eq!(
            (message.content_length(), message.body()),
            (ContentLength::Unusable, Bytes::from("abc")),
            "{length}"
        );
    }
}

#[test]
fn a_length_beyond_the_datagram_is_told_whatever_its_size() {
    for length in ["4", "4294967296", "99999999999999999999999"] {
        let bytes = format!("INVITE sip:a@b SIP/2.0\r\nl: {length}\r\n\r\nabc");
        assert_eq!(refused(bytes.as_bytes()), Unreadable::Body);
        assert_eq!(Message::read_head(Bytes::from(bytes)).unwrap().body(), "abc");
    }
}

#[test]
fn a_line_without_a_colon_is_kept_and_loses_nothing() {
    let message = invite("this is no header\r\nSubject: x\r\n: nameless\r\n", b"");
    let junk = message.fields().iter().find(|field| !field.has_colon()).unwrap();
    assert_eq!((junk.name, message.field_name(junk)), (Name::Other, &b"this is no header"[..]));
    assert_eq!(message.field_value(junk), b"");
    assert_eq!(message.value(Name::Subject), Some(&b"x"[..]));
}

#[test]
fn an_unknown_header_keeps_its_name_and_bytes() {
    let message = invite("X-Caf\u{e9} : \u{2603};;,,\r\n", b"");
    let field = message.fields().last().unwrap();
    assert_eq!((field.name, message.field_name(field)), (Name::Other, "X-Caf\u{e9}".as_bytes()));
    assert_eq!(message.field_value(field), "\u{2603};;,,".as_bytes());
}

#[test]
fn other_versions_are_read_for_the_engine_to_judge() {
    let message = read(b"INVITE sip:911@x SIP/3.0\r\nCSeq: odd\r\n\r\n");
    assert_eq!((message.version(), message.method(), message.cseq()), (&b"SIP/3.0"[..], Some(Method::Invite), None));
}

#[test]
fn line_ends_before_a_message_are_passed() {
    assert_eq!(read(b"\r\n\r\n\nBYE sip:a@b SIP/2.0\r\n\r\n").method(), Some(Method::Bye));
    for idle in [&b""[..], b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b" \r\n"] {
        assert_eq!(refused(idle), Unreadable::Empty);
    }
}

#[test]
fn line_feeds_alone_are_line_ends_when_there_is_no_other() {
    let message = read(b"INVITE sip:a@b SIP/2.0\nSubject: a\n b\nl: 4\n\nx\r\ny");
    assert_eq!((message.value(Name::Subject), message.body()), (Some(&b"a\n b"[..]), Bytes::from("x\r\ny")));
    assert_eq!(refused(b"INVITE sip:a@b SIP/2.0\nSubject: a\r\n\r\n"), Unreadable::StartLine);
}

#[test]
fn a_line_feed_alone_is_no_line_end_beside_others() {
    let message = invite("Subject: a\nRoute: <sip:evil>\r\n", b"");
    assert_eq!(message.value(Name::Route), None);
    assert_eq!(message.value(Name::Subject), Some(&b"a\nRoute: <sip:evil>"[..]));
}

#[test]
fn spaces_around_the_parts_of_the_start_line_are_passed() {
    let message = read(b"INVITE  sip:a@b;x y  SIP/2.0 \r\n\r\n");
    assert_eq!((message.request_uri(), message.version()), (&b"sip:a@b;x y"[..], &b"SIP/2.0"[..]));
}

#[test]
fn what_has_no_start_line_is_refused() {
    let wrong = [
        "INVITE\r\n\r\n",
        "INVITE sip:a@b\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "INVITE SIP/2.0\r\n\r\n",
        "SIP/2.0\r\n\r\n",
    ];
    for text in
        wrong.into_iter().chain(["SIP/2.0 OK\r\n\r\n", "IN VITE: x SIP/2.0y z\r\n\r\n", "a\0b sip:c SIP/2.0\r\n\r\n"])
    {
        assert_eq!(refused(text.as_bytes()), Unreadable::StartLine, "{text}");
    }
}

#[test]
fn a_status_line_is_read_with_or_without_its_reason() {
    let message = read(b"SIP/2.0 183 Session  Progress\r\n\r\n");
    assert_eq!((message.start(), message.reason()), (Start::Response(183), &b"Session  Progress"[..]));
    assert_eq!((message.method(), message.method_text(), message.request_uri()), (None, &b""[..], &b""[..]));
    assert_eq!(read(b"SIP/2.0 200\r\n\r\n").reason(), b"");
    assert_eq!(read(b"SIP/2.0 42 x\r\n\r\n").status(), Some(42));
}

#[test]
fn a_sequence_number_is_below_two_to_the_thirty_first() {
    let cseq = |text: &str| read(format!("ACK sip:a@b SIP/2.0\r\nCSeq: {text}\r\n\r\n").as_bytes()).cseq();
    assert_eq!(cseq("2147483647 ACK"), Some((2_147_483_647, Method::Ack)));
    assert_eq!(cseq("0009\r\n  ACK"), Some((9, Method::Ack)));
    assert_eq!(cseq("1 ack"), Some((1, Method::Other)));
    for text in ["2147483648 ACK", "36893488147419103232 ACK", "ACK", "1", "-1 ACK", "1ACK", ""] {
        assert_eq!(cseq(text), None, "{text}");
    }
}

#[test]
fn a_contact_is_the_first_address_and_a_star_is_none() {
    assert_eq!(invite("m: \"a, b\" <sip:x@y>;expires=5, <sip:z@y>\r\n", b"").contact().unwrap().uri.user, b"x");
    assert!(invite("m: *\r\n", b"").contact().is_none());
}

#[test]
fn an_empty_call_id_is_none() {
    assert_eq!(read(b"BYE sip:a@b SIP/2.0\r\ni:\r\n\r\n").call_id(), None);
    assert_eq!(read(b"BYE sip:a@b SIP/2.0\r\ni: a@b\r\n\r\n").call_id(), Some(&b"a@b"[..]));
}

#[test]
fn quotes_and_ipv6_in_addresses_are_read() {
    let message =
        invite("P-Asserted-Identity: \"J \\\"R\\\" <x>\" <sip:j@[2001:db8::5]:5070;user=phone>, <tel:+1>\r\n", b"");
    let found: Vec<_> = message.list(Name::PAssertedIdentity).filter_map(NameAddr::read).collect();
    assert_eq!(&*found[0].display_text(), br#"J "R" <x>"#);
    assert_eq!((found[0].uri.host, found[0].uri.port), (&b"2001:db8::5"[..], Some(5070)));
    assert_eq!(found[1].uri.scheme, Scheme::Tel);
}

#[test]
fn geolocation_by_content_id_finds_its_part() {
    let bytes = Bytes::from_static(include_bytes!("data/examples/E1-invite-pbx-to-router.sip"));
    let message = Message::read(bytes).unwrap();
    let geolocation = message.list(Name::Geolocation).next().and_then(NameAddr::read).unwrap();
    let id = geolocation.uri.text.strip_prefix(b"cid:").unwrap();
    let body = message.body();
    let parts = multipart::parts(message.value(Name::ContentType).unwrap(), &body);
    let location = parts.iter().find(|part| part.content_id == id).unwrap();
    assert!(location.is("application/pidf+xml") && location.content.starts_with(b"<?xml"));
    assert!(location.content.ends_with(b"</presence>\r\n"));
    assert!(parts[0].is("application/sdp") && parts[0].content.ends_with(b"a=sendrecv\r\n"));
}

#[test]
fn headers_past_a_limit_are_dropped_and_not_the_call() {
    let long = format!("X: {}\r\n", "x".repeat(limits::FIELD));
    let message = invite(&format!("{long}Subject: here\r\n"), b"body");
    assert_eq!(
        (message.dropped(), message.value(Name::Subject), message.body()),
        (1, Some(&b"here"[..]), Bytes::from("body"))
    );
    let folded = format!("X: a\r\n{}", " x\r\n".repeat(limits::FIELD / 4));
    assert_eq!(invite(&folded, b"").dropped(), 1);

    let many = "X: y\r\n z\r\n".repeat(400);
    let message = invite(&format!("{many}l: 1\r\n"), b"body");
    assert_eq!((message.fields().len(), message.dropped()), (limits::FIELDS, 5 + 400 + 1 - 256));
    // but where a message ends is not a matter of taste: on a stream the next one begins there
    assert_eq!(message.body(), "b");
    let exact = invite(&"X: y\r\n".repeat(limits::FIELDS - 5), b"body");
    assert_eq!((exact.fields().len(), exact.dropped(), exact.body()), (limits::FIELDS, 0, Bytes::from("body")));
}

#[test]
fn a_start_line_past_its_limit_is_refused() {
    let long = format!("INVITE sip:{} SIP/2.0\r\n\r\n", "a".repeat(limits::START_LINE));
    assert_eq!(refused(long.as_bytes()), Unreadable::TooLarge);
}

#[test]
fn a_message_shows_nothing_private_when_it_is_printed() {
    let message = invite("Subject: secret\r\n", b"secret");
    let shown = format!("{message:?} {:?} {:?} {:?}", message.from(), message.via(), Uri::read(message.request_uri()));
    assert!(!shown.contains("secret") && !shown.contains("911") && !shown.contains("192.0.2"), "{shown}");
    let parts = multipart::parts(b"text/plain", b"secret");
    assert_eq!(format!("{parts:?}"), "[Part(6 bytes)]");
}
