//! What callers send: a plain INVITE, and one with everything that a PBX may put in.

/// A caller's INVITE, by what is dialled and by its number.
pub type Invite = fn(dialled: &str, number: &str) -> String;

/// The INVITEs, by the name that their golden files have.
pub const INVITES: [(&str, Invite); 2] = [("plain", plain), ("rich", rich)];

/// A session description with comfort noise and G.729.
const SESSION: &str = "v=0\r\no=pbx 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\n\
    m=audio 18032 RTP/AVP 0 8 18 13 101\r\na=rtpmap:13 CN/8000\r\na=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n";

/// A session description and nothing else.
pub fn plain(dialled: &str, number: &str) -> String {
    format!(
        "INVITE sip:{dialled}@127.0.0.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 127.0.0.1:5075;branch=z9hG4bK-plain;rport\r\n\
         Max-Forwards: 70\r\n\
         From: \"Desk 7\" <sip:{number}@pbx.example>;tag=plain-1\r\n\
         To: <sip:{dialled}@127.0.0.1>\r\n\
         Call-ID: plain@pbx.example\r\n\
         CSeq: 1 INVITE\r\n\
         Contact: <sip:{number}@127.0.0.1:5075>\r\n\
         Content-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{SESSION}",
        SESSION.len()
    )
}

/// The example of a PBX that sends a location by value, as it came.
pub fn example() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/examples/E1-invite-pbx-to-router.sip");
    std::fs::read_to_string(path).expect("the example")
}

/// The PIDF-LO part of [`example`]: its headers, the empty line and the document.
pub fn example_location() -> String {
    let example = example();
    let parts: Vec<&str> = example.split("--acme-7d1b20\r\n").collect();
    parts[2].strip_suffix("\r\n--acme-7d1b20--\r\n").expect("the last part").to_owned()
}

/// Header lines of the caller's own hop, dialog and domain: `hop-only` stands in all of them, and in nothing that may
/// leave on any trunk.
const HOP: &str = "Via: SIP/2.0/UDP hop-only.example;branch=z9hG4bK-hop-only\r\n\
    Record-Route: <sip:hop-only-1.example;lr>, <sip:hop-only-2.example;lr>\r\n\
    Route: <sip:hop-only.example;lr>\r\n\
    Require: replaces\r\n\
    Proxy-Require: timer\r\n\
    Path: <sip:hop-only.example>\r\n\
    Authorization: Digest username=\"hop-only\", nonce=\"1\"\r\n\
    Proxy-Authorization: Digest username=\"hop-only\", nonce=\"2\"\r\n\
    Join: hop-only;to-tag=1;from-tag=2\r\n\
    Replaces: hop-only;to-tag=1;from-tag=2\r\n\
    Target-Dialog: hop-only;local-tag=1;remote-tag=2\r\n\
    Refer-To: <sip:hop-only@pbx.example>\r\n\
    Referred-By: <sip:hop-only@pbx.example>\r\n\
    Refer-Sub: hop-only\r\n\
    Accept-Contact: *;hop-only\r\n\
    Reject-Contact: *;hop-only\r\n\
    Request-Disposition: hop-only\r\n\
    Identity: hop-only;info=<https://pbx.example/cert>\r\n\
    Security-Verify: hop-only\r\n\
    proxy-hint: hop-only\r\n\
    Timestamp: 54\r\n\
    RSeq: 7\r\n\
    Resource-Priority: esnet.0, hop-only.1\r\n";

/// Header lines that describe the call or its caller, each of which goes to some trunks only.
const CALL: &str = "Geolocation: <https://lis.acme.example/ref/6fJ2h0>;loc-src=lis.acme.example,\r\n \
    <cid:loc-4217.9a1@pbx1.acme.example>\r\n\
    P-Preferred-Identity: <sip:4217@acme.example>\r\n\
    Remote-Party-ID: <sip:4217@acme.example>;party=calling\r\n\
    P-Access-Network-Info: IEEE-802.11\r\n\
    P-Charge-Info: <sip:4217@acme.example>\r\n\
    P-Early-Media: supported\r\n\
    X-Account: 4217\r\n\
    x-cisco-cal: near\r\n\
    Diversion: <sip:4200@acme.example>;reason=unconditional\r\n\
    History-Info: <sip:4200@acme.example>;index=1,\r\n\t<sip:911@acme.example>;index=1.1\r\n\
    Call-Info: <https://pbx.example/face.png>;purpose=icon,\r\n \
    <cid:comment@pbx1.acme.example>;purpose=EmergencyCallData.Comment\r\n\
    Reason: Q.850;cause=16\r\n\
    Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000\r\n\
    Priority: psap-callback\r\n\
    Alert-Info: <https://pbx.example/ring.wav>\r\n\
    Organization: Acme\r\n\
    Subject: a call\r\n\
    Max-Breadth: 20\r\n\
    User-to-User: 56a390f3d2b7310023;encoding=hex\r\n";

/// A part that only an i3 trunk takes, with bytes that no text has.
pub const COMMENT: &str = "Content-Type: application/EmergencyCallData.Comment+xml\r\n\
    Content-ID: <comment@pbx1.acme.example>\r\n\
    Content-Disposition: by-reference;handling=optional\r\n\r\n\
    <?xml version=\"1.0\"?>\n<c:EmergencyCallData.Comment xmlns:c=\"urn:ietf:params:xml:ns:EmergencyCallData:Comment\">\
    \n--acme-7d1b20x is no boundary\t</c:EmergencyCallData.Comment>";

/// Recording metadata, which goes nowhere.
const METADATA: &str = "Content-Type: application/rs-metadata+xml\r\n\
    Content-Disposition: recording-session\r\n\r\n<recording hop-only=\"1\"/>";

/// Lines of [`HOP`] for which a call is refused that is no emergency call.
const TAKES_OVER: [&str; 3] =
    ["Require: replaces\r\n", "Join: hop-only;to-tag=1;from-tag=2\r\n", "Replaces: hop-only;to-tag=1;from-tag=2\r\n"];

/// The example with all of the above; what takes over other calls or records them, in an emergency call alone.
pub fn rich(dialled: &str, number: &str) -> String {
    let example = example();
    let (head, body) = example.split_once("\r\n\r\n").expect("a body");
    let begin = "m=audio 18032 RTP/AVP 0 8 101\r\n";
    let with_noise = "m=audio 18032 RTP/AVP 0 8 18 13 101\r\na=rtpmap:13 CN/8000\r\na=fmtp:18 annexb=yes\r\n";
    let end = "--acme-7d1b20--\r\n";
    let is_spared = dialled == "911";
    let metadata = if is_spared { format!("--acme-7d1b20\r\n{METADATA}\r\n") } else { String::new() };
    let more = format!("--acme-7d1b20\r\n{COMMENT}\r\n{metadata}{end}");
    let mut hop = HOP.to_owned();
    for line in TAKES_OVER.into_iter().filter(|_| !is_spared) {
        hop = hop.replace(line, "");
    }
    let body = body.replace(begin, with_noise).replace(end, &more);
    let geolocation = "Geolocation: <cid:loc-4217.9a1@pbx1.acme.example>\r\n";
    let head = head
        .replace("sip:911@", &format!("sip:{dialled}@"))
        .replace("sip:+13035550142@", &format!("sip:{number}@"))
        .replace("5c7a1e0f-91d2-4b0e-9d55@pbx1.acme.example", "hop-only@pbx1.acme.example")
        .replace("tag=pbx-7f3d19", "tag=hop-only")
        .replace("Contact: <sip:4217@pbx1", "Contact: <sip:hop-only@pbx1")
        .replace("ExamplePBX/12.4", "hop-only/12.4")
        .replace("Content-Length: 2106", &format!("Content-Length: {}", body.len()))
        .replace(geolocation, CALL);
    let (line, fields) = head.split_once("\r\n").expect("a request line");
    let (via, fields) = fields.split_once("\r\n").expect("a Via");
    format!("{line}\r\n{via}\r\n{hop}{fields}\r\n\r\n{body}")
}
