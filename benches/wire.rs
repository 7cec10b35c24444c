//! What the wire costs: reading what routing needs and writing the other leg, and what hostile datagrams may cost.
//! Allocations are counted and printed first, since they do not depend on the machine.
mod counted;

use bytes::{BufMut, Bytes, BytesMut};
use callbox::sip::message::{Message, Method, Name, NameAddr, Uri, Via, Writer, multipart, name_addr, reader};
use criterion::{BatchSize, Criterion, criterion_group};
use std::hint::black_box;

/// An INVITE of 1 kB as a PBX sends it.
const INVITE: &str = "INVITE sip:911@192.0.2.10:5060;user=phone SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.20:5060;branch=z9hG4bK-524287-1---4a1b2c3d4e5f;rport\r\n\
Max-Forwards: 70\r\n\
From: \"Room 314B\" <sip:+13125550123@192.0.2.20;user=phone>;tag=7f3d19aa\r\n\
To: <sip:911@192.0.2.10;user=phone>\r\n\
Call-ID: 5c7a1e0f-91d2-4b0e-9d55@192.0.2.20\r\n\
CSeq: 101 INVITE\r\n\
Contact: <sip:4217@192.0.2.20:5060;transport=udp>\r\n\
P-Asserted-Identity: \"Room 314B\" <sip:+13125550123@192.0.2.20;user=phone>\r\n\
Supported: 100rel, timer, replaces\r\n\
Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY\r\n\
Session-Expires: 1800;refresher=uac\r\n\
Min-SE: 90\r\n\
User-Agent: ExamplePBX/12.4\r\n\
Content-Type: application/sdp\r\n\
Content-Length: 240\r\n\r\n\
v=0\r\no=pbx1 284910 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n\
m=audio 18032 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=maxptime:150\r\na=sendrecv\r\n";
/// An emergency INVITE of 3 kB with a location in its body.
const EMERGENCY: &[u8] = include_bytes!("../tests/data/examples/E1-invite-pbx-to-router.sip");

/// Reads what routing needs and writes the other leg into what is left of `buffer`.
fn leg(bytes: Bytes, buffer: BytesMut) -> (Bytes, BytesMut) {
    let message = Message::read(bytes).expect("the message is whole");
    let uri = Uri::read(message.request_uri()).expect("a URI");
    let via = message.via().expect("a Via");
    black_box((via.branch(), via.param("rport"), message.to(), message.call_id(), message.contact()));
    black_box((message.has_token(Name::Require, "siprec"), message.value(Name::Geolocation)));
    let from = message.from().expect("a From");
    let identity = message.list(Name::PAssertedIdentity).next().and_then(NameAddr::read).unwrap_or(from);
    let (number, method) = message.cseq().expect("a CSeq");
    black_box((from.tag(), uri.user_text(), identity.uri.user_text(), method));
    let hops = message.number(Name::MaxForwards).unwrap_or(70).saturating_sub(1);
    let body = message.body();
    let content_type = message.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(content_type, &body);
    black_box(parts.iter().find(|part| part.is("application/sdp")));

    let mut out = Writer::request(buffer, Method::Invite, b"sip:911@192.0.2.30:5070");
    out.field_with(Name::Via, |out| {
        out.put_slice(b"SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK");
        out.put_slice(b"0f4d77b19c2e5a61;rport");
    });
    out.number(Name::MaxForwards, hops);
    out.field_with(Name::From, |out| {
        out.put_slice(from.display);
        out.put_slice(b" <sip:");
        out.put_slice(identity.uri.user);
        out.put_slice(b"@192.0.2.10;user=phone>;tag=41aa0c99");
    });
    out.field(Name::To, b"<sip:911@192.0.2.30:5070>");
    out.field(Name::CallId, b"b2-0d6c1f5e7a9b4c0c");
    out.number(Name::CSeq, number);
    out.field(Name::Contact, b"<sip:cb-9f2d61c0@192.0.2.10:5060>");
    for name in
        [Name::PAssertedIdentity, Name::Geolocation, Name::GeolocationRouting, Name::UserAgent, Name::MimeVersion]
    {
        out.copy_all(&message, name);
    }
    out.field(Name::Supported, b"100rel, timer, replaces");
    out.field(Name::Allow, b"INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY");
    out.finish_and_keep(Some((content_type, &body)))
}

/// Every accessor once, over whatever came.
fn everything(bytes: &Bytes) {
    let Ok(message) = Message::read_head(bytes.clone()) else { return };
    for name in [Name::Via, Name::Contact, Name::Route, Name::Supported, Name::Other] {
        black_box(message.list(name).count());
    }
    black_box((message.via(), message.from(), message.to(), message.contact(), message.cseq(), message.call_id()));
    black_box(message.has_token(Name::Require, "siprec"));
    let body = message.body();
    black_box(multipart::parts(message.value(Name::ContentType).unwrap_or_default(), &body));
    let mut out = Writer::request(BytesMut::with_capacity(bytes.len()), Method::Invite, b"sip:a@b");
    for field in message.fields() {
        let value = message.field_value(field);
        black_box((reader::unfold(value), Via::read(value), Uri::read(value)));
        black_box(NameAddr::read(value).or_else(|| NameAddr::repaired(value)));
        black_box(name_addr::params(value).count());
        out.copy(&message, field);
    }
    black_box(out.finish(Some((b"x/y", &body))));
}

/// 64 kB datagrams made to cost as much as they can.
fn hostile() -> Vec<(&'static str, Bytes)> {
    let start = "INVITE sip:911@192.0.2.10 SIP/2.0\r\n";
    let fill = |unit: &str| unit.repeat(60_000 / unit.len());
    let short = |unit: &str| unit.repeat(8_000 / unit.len());
    let fields = |unit: &str| format!("{start}{}\r\n", format!("Via: {}\r\n", short(unit)).repeat(7));
    let body = |unit: &str| format!("{start}c: multipart/mixed;boundary=b\r\n\r\n{}", fill(unit));
    let nested: String = ('c'..'z')
        .scan('b', |outer, inner| {
            let open = format!("--{outer}\r\nc: multipart/mixed;boundary={inner}\r\n\r\n");
            *outer = inner;
            Some(open)
        })
        .collect();
    [
        ("commas", fields(",")),
        ("elements", fields("a,")),
        ("semicolons", fields(";")),
        ("parameters", fields("a=b;")),
        ("quotes", fields("\"")),
        ("escapes", fields("\"\\")),
        ("brackets", fields("<")),
        ("folds", fields("\r\n a")),
        ("white space", fields(" ")),
        ("stray line feeds", fields("\n")),
        ("stray returns", fields("\r")),
        ("nothing but nul", fields("\0")),
        ("at signs", fields("sip:@")),
        ("percents", fields("sip:%4")),
        ("one long field", format!("{start}Via: {}\r\n\r\n", fill(","))),
        ("one endless line", format!("{start}{}", fill("a"))),
        ("many fields", format!("{start}{}\r\n", fill("a:\r\n"))),
        ("many junk lines", format!("{start}{}\r\n", fill("a\r\n"))),
        ("boundaries", body("--b\r\n")),
        ("near boundaries", body("--bb\r\n")),
        ("boundary text", body("--b")),
        ("empty lines", body("\n")),
        ("short lines", body("a\n")),
        ("part headers", format!("{start}c: multipart/mixed;boundary=b\r\n\r\n--b\r\n{}", fill("c:\r\n"))),
        ("part folds", format!("{start}c: multipart/mixed;boundary=b\r\n\r\n--b\r\nc:x\r\n{}", fill(" a\r\n"))),
        ("nested boundaries", format!("{start}c: multipart/mixed;boundary=b\r\n\r\n{nested}{}", fill("--j\r\n"))),
        ("line feeds alone", format!("INVITE sip:a@b SIP/2.0\n{}\n", fill("a:\n"))),
        ("nothing but line ends", fill("\r\n")),
    ]
    .into_iter()
    .map(|(name, text)| (name, Bytes::from(text)))
    .collect()
}

fn wire(criterion: &mut Criterion) {
    for (name, bytes) in
        [("invite 1 kB", Bytes::from_static(INVITE.as_bytes())), ("invite 3 kB", Bytes::from_static(EMERGENCY))]
    {
        let mut buffer = BytesMut::new();
        criterion.bench_function(name, |bench| {
            bench.iter_batched(
                || bytes.clone(),
                |bytes| {
                    let mut room = core::mem::take(&mut buffer);
                    room.reserve(8192);
                    let (out, rest) = leg(bytes, room);
                    buffer = rest;
                    out
                },
                BatchSize::SmallInput,
            );
        });
        criterion
            .bench_function(&format!("read {name}"), |bench| bench.iter(|| Message::read(black_box(bytes.clone()))));
    }
    let mut group = criterion.benchmark_group("hostile");
    for (name, bytes) in hostile() {
        group.bench_function(name, |bench| bench.iter(|| everything(black_box(&bytes))));
    }
}

/// Prints how often one leg allocates once its buffer is there.
fn count_allocations() {
    for (name, bytes) in [("1 kB", Bytes::from_static(INVITE.as_bytes())), ("3 kB", Bytes::from_static(EMERGENCY))] {
        // splitting once makes the buffer one that is shared, as a pooled one is
        let mut buffer = BytesMut::with_capacity(1 << 16);
        drop(buffer.split());
        let before = counted::allocations();
        let (written, rest) = leg(bytes, buffer);
        let count = counted::allocations() - before;
        println!("{name} INVITE: {count} allocations beyond the output buffer, {} bytes written", written.len());
        drop(rest);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_millis(700))
        .sample_size(20);
    targets = wire
}

fn main() {
    count_allocations();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
