//! What holds of any bytes on the wire, not only of those that someone thought of.
use bytes::{Bytes, BytesMut};
use callbox::sdp;
use callbox::sip::framing::{Frame, Framer};
use callbox::sip::message::{Message, Method, Name, NameAddr, Uri, Via, Writer, multipart, name_addr, reader, uri};
use proptest::prelude::*;

/// Reads everything that can be read of a message; what comes back does not matter here, only that it does.
fn everything(bytes: &Bytes) {
    let Ok(message) = Message::read_head(bytes.clone()) else { return };
    let _ = (message.via(), message.from(), message.to(), message.contact(), message.cseq(), message.call_id());
    let _ = (message.version(), message.reason(), message.method_text(), message.number(Name::MaxForwards));
    let _ = Uri::read(message.request_uri()).map(|uri| uri.user_text().len());
    for field in message.fields() {
        let value = message.field_value(field);
        assert!(message.field_line(field).len() <= bytes.len());
        let _ = (message.field_name(field), reader::unfold(value), message.list(field.name).count());
        for element in reader::elements(value) {
            let _ = (Via::read(element), Uri::read(element), NameAddr::repaired(element), uri::unescape(element));
            let _ = NameAddr::read(element).map(|address| (address.display_text().len(), address.tag()));
            let _ = name_addr::params(element).count();
            if let Some(via) = Via::read(element) {
                via.write_received(&mut BytesMut::new(), ([192, 0, 2, 1], 5060).into());
            }
        }
    }
    let body = message.body();
    for part in multipart::parts(message.value(Name::ContentType).unwrap_or_default(), &body) {
        assert!(part.content.len() <= part.bytes.len());
    }
    let _ = (sdp::holds(&body, Some(&body)), sdp::without_silence_suppression(&body));
}

/// Copies every field of a message into a new one.
fn copied(message: &Message) -> Bytes {
    let mut out = Writer::request(BytesMut::new(), Method::Bye, b"sip:c@d");
    for field in message.fields() {
        out.copy(message, field);
    }
    out.finish(None)
}

/// Text that is nearly a message, so that the deeper readers are reached.
fn nearly_a_message() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just("Via: SIP/2.0/UDP a;branch=z"),
        Just("From"),
        Just(":"),
        Just("\r\n"),
        Just("\r\n "),
        Just("\n"),
        Just("\r"),
        Just("\""),
        Just("\\"),
        Just("<"),
        Just(">"),
        Just(";"),
        Just(","),
        Just("="),
        Just("@"),
        Just("sip:"),
        Just("%4"),
        Just("["),
        Just("]"),
        Just("l: 9"),
        Just("\0"),
        Just("\r\n\r\n"),
        Just("--b"),
        Just("--b--"),
        Just("m=audio 1 RTP/AVP 13 18"),
        Just("a=fmtp:18"),
        Just("a=rtpmap:18 G729"),
        Just("c: multipart/mixed;boundary=b\r\n"),
        Just("?"),
        Just("/"),
        Just("5060"),
    ];
    (any::<bool>(), prop::collection::vec(word, 0..60)).prop_map(|(lf, words)| {
        let end = if lf { "\n" } else { "\r\n" };
        format!("INVITE sip:911@b SIP/2.0{end}{}", words.concat()).into_bytes()
    })
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,20}"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        everything(&Bytes::from(bytes));
    }

    #[test]
    fn anything_nearly_a_message_is_read_without_a_panic(bytes in nearly_a_message()) {
        everything(&Bytes::from(bytes));
    }

    #[test]
    fn what_is_written_reads_back_the_same(
        values in prop::collection::vec((0..5_usize, "[ -~]{0,60}"), 0..40),
        names in prop::collection::vec(token(), 0..5),
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let known = [Name::Subject, Name::Route, Name::Via, Name::CallId, Name::Reason];
        let mut out = Writer::request(BytesMut::new(), Method::Info, b"sip:a@b");
        for (name, value) in &values {
            out.field(known[*name], value);
        }
        for name in &names {
            out.other(format!("X-{name}").as_bytes(), b"1");
        }
        let bytes = out.finish(Some((b"application/octet-stream", &body)));
        let message = Message::read(bytes).unwrap();
        prop_assert_eq!(message.method(), Some(Method::Info));
        prop_assert_eq!(message.request_uri(), b"sip:a@b");
        prop_assert_eq!(message.body(), body);
        prop_assert_eq!(message.fields().len(), values.len() + names.len() + 2);
        for (field, (name, value)) in message.fields().iter().zip(&values) {
            prop_assert_eq!(field.name, known[*name]);
            prop_assert_eq!(message.field_value(field), value.trim().as_bytes());
        }
    }

    #[test]
    fn no_bytes_make_a_copied_field_more_than_one(bytes in nearly_a_message()) {
        let Ok(message) = Message::read_head(Bytes::from(bytes)) else { return Ok(()) };
        let written = copied(&message);
        let again = Message::read(written.clone()).unwrap();
        let kept = message.fields().iter()
            .filter(|field| field.has_colon() && field.name != Name::ContentLength && !message.field_name(field).is_empty());
        prop_assert_eq!(again.fields().len(), kept.count() + 1);
        // a peer that takes a lone CR or LF for a line end sees the same lines
        let stray = written.windows(2).filter(|pair| pair[1] == b'\n' && pair[0] != b'\r').count();
        let lone = written.windows(2).filter(|pair| pair[0] == b'\r' && pair[1] != b'\n').count();
        prop_assert_eq!((stray, lone), (0, 0));
        prop_assert_eq!(copied(&again), written);
    }

    #[test]
    fn an_address_reads_back_the_same(display in "[ -~]{0,30}", user in token(), tag in token(), port in any::<u16>()) {
        let quoted = display.replace('\\', "\\\\").replace('"', "\\\"");
        let text = format!("\"{quoted}\" <sip:{user}@[2001:db8::1]:{port};user=phone>;tag={tag}");
        let address = NameAddr::read(text.as_bytes()).unwrap();
        prop_assert_eq!(&*address.display_text(), display.as_bytes());
        prop_assert_eq!((address.uri.user, address.uri.host), (user.as_bytes(), &b"2001:db8::1"[..]));
        prop_assert_eq!((address.uri.port, address.tag()), (Some(port), Some(tag.as_bytes())));
        let list = format!("{text} , {text}");
        prop_assert_eq!(reader::elements(list.as_bytes()).collect::<Vec<_>>(), [text.as_bytes(), text.as_bytes()]);
    }

    #[test]
    fn a_via_with_received_reads_back_with_the_source_it_came_from(branch in token(), source in any::<[u8; 4]>(), port in any::<u16>()) {
        let text = format!("SIP/2.0/UDP pbx.example:5060;rport;branch={branch}");
        let mut out = BytesMut::new();
        Via::read(text.as_bytes()).unwrap().write_received(&mut out, (source, port).into());
        let again = Via::read(&out).unwrap();
        prop_assert_eq!(again.branch(), Some(branch.as_bytes()));
        let (port, address) = (port.to_string(), core::net::Ipv4Addr::from(source).to_string());
        prop_assert_eq!(again.param("rport"), Some(port.as_bytes()));
        prop_assert_eq!(again.param("received"), Some(address.as_bytes()));
    }

    #[test]
    fn a_stream_gives_the_same_messages_however_it_is_cut(
        bodies in prop::collection::vec("[a-z\r\n]{0,40}", 1..6),
        cuts in prop::collection::vec(1..50_usize, 1..50),
    ) {
        let messages: Vec<Bytes> = bodies.iter().map(|body| {
            let mut out = Writer::request(BytesMut::new(), Method::Message, b"sip:a@b");
            out.field(Name::CallId, "1");
            out.finish(Some((b"text/plain", body.as_bytes())))
        }).collect();
        let stream = messages.concat();
        let mut framer = Framer::default();
        let mut found = Vec::new();
        let mut rest = &stream[..];
        for cut in cuts.iter().cycle() {
            let (segment, behind) = rest.split_at((*cut).min(rest.len()));
            framer.push(segment);
            found.extend(framer.by_ref());
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        let expected: Vec<_> = messages.into_iter().map(|bytes| Ok(Frame::Message(bytes))).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_stream_of_anything_is_cut_into_what_can_be_read(bytes in nearly_a_message(), cut in 0..200_usize) {
        let mut framer = Framer::default();
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        let mut found = Vec::new();
        for segment in [first, second] {
            framer.push(segment);
            found.extend(framer.by_ref().map(|frame| frame.map_err(|broken| broken.why)));
        }
        let mut whole = Framer::default();
        whole.push(&bytes);
        let at_once: Vec<_> = whole.by_ref().map(|frame| frame.map_err(|broken| broken.why)).collect();
        prop_assert_eq!(&found, &at_once);
        for frame in found.into_iter().flatten() {
            if let Frame::Message(bytes) = frame {
                prop_assert!(Message::read(bytes).is_ok());
            }
        }
    }

    #[test]
    fn a_description_is_made_free_of_silence_suppression_once_and_for_all(bytes in nearly_a_message()) {
        let once = sdp::without_silence_suppression(&Bytes::from(bytes));
        let twice = sdp::without_silence_suppression(&once);
        prop_assert_eq!(twice.as_ptr(), once.as_ptr());
    }
}
