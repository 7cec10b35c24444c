//! A caller whose location is kept by somebody else's server, which is asked while the call waits, and no longer.
use crate::held::{HELD, LAB, NUMBER, asked};
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::router;
use callbox::b2bua::ask::Order;
use callbox::edge::fetch::{Client, WITHIN};
use callbox::record::{WebAddress, WebHost};
use core::net::SocketAddr;
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const DOOR: &str = "<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
    xmlns:gp=\"urn:ietf:params:xml:ns:pidf:geopriv10\" xmlns:ca=\"urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr\" \
    entity=\"pres:u@lis.example\"><tuple id=\"t\"><status><gp:geopriv><gp:location-info><ca:civicAddress>\
    <ca:country>US</ca:country><ca:A1>IL</ca:A1><ca:RD>Elsewhere</ca:RD><ca:HNO>7</ca:HNO></ca:civicAddress>\
    </gp:location-info><gp:usage-rules/></gp:geopriv></status></tuple></presence>";

/// A server that answers each connection like this, or holds it and says nothing.
fn server(answer: Option<String>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            if let Some(answer) = &answer {
                let _read = stream.read(&mut [0; 4096]);
                let _written = stream.write_all(answer.as_bytes());
            } else {
                held.push(stream);
            }
        }
    });
    address
}

fn said(kind: &str, body: &str) -> Option<String> {
    let length = body.len();
    Some(format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

/// What the PSAP gets, well within two seconds, of a caller without an address who names a location there.
fn called(psap: &UdpSocket, lis: SocketAddr, serial: usize) -> String {
    let phone = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let own = phone.local_addr().expect("it is bound");
    let session = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let invite = format!(
        "INVITE sip:911@callbox.example SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK-ref-{serial};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+13125550124@pbx.example>;tag=r{serial}\r\nTo: <sip:911@callbox.example>\r\n\
         Call-ID: ref-{serial}-{own}\r\nCSeq: 1 INVITE\r\nContact: <sip:desk@{own}>\r\n\
         Geolocation: <http://{lis}/where>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{session}",
        session.len()
    );
    phone.send_to(invite.as_bytes(), router::ROUTER).expect("loopback takes datagrams");
    psap.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout can be set");
    let mut buffer = [0; 65_536];
    loop {
        let (length, from) = psap.recv_from(&mut buffer).expect("an INVITE comes");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.starts_with("INVITE ") && text.contains(&format!("http://{lis}/where")) {
            // It refuses, so that nothing of the call is left.
            let kept =
                |line: &&str| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
            let head: String = text.lines().filter(kept).map(|line| format!("{line}\r\n")).collect();
            let refusal = format!("SIP/2.0 603 Decline\r\n{head}Content-Length: 0\r\n\r\n");
            psap.send_to(refusal.as_bytes(), from).expect("loopback takes datagrams");
            return text;
        }
    }
}

#[test]
fn what_our_own_location_server_answers_to_one_who_has_a_uri_is_read_by_who_fetches() {
    let _ports = LabPorts::locked();
    let _router = router::run("conf/lab.toml");
    let told = asked("POST", &format!("{HELD}{LAB}"), NUMBER);
    let begin = told.find("http://127.0.0.1:8080/location/").expect("a location URI");
    let uri = told[begin..].split('<').next().expect("its end");
    let order = Order {
        address: Arc::new(WebAddress::read(uri.as_bytes()).expect("an address")),
        hosts: [WebHost::read("127.0.0.1:8080").expect("a host")].into(),
    };
    let client = Client::new(Path::new("/nowhere"), None, true, WITHIN);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let found = runtime.block_on(client.fetch(&order)).expect("a document");
    let room = callbox::pidf::read(&found).and_then(|read| read.civic).expect("an address");
    assert_eq!(room.value(callbox::record::Element::Room), Some("101"));
}

#[test]
fn a_location_at_another_server_arrives_with_the_call_and_a_server_that_hangs_or_lies_delays_it_no_longer() {
    let _ports = LabPorts::locked();
    let psap = UdpSocket::bind("127.0.0.1:5070").expect("the PSAP's port");
    let good = server(said("application/pidf+xml", DOOR));
    let held = server(said(
        "application/held+xml",
        &format!("<locationResponse xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">{DOOR}</locationResponse>"),
    ));
    let (hanging, lying) = (server(None), server(said("text/html", DOOR)));
    let with_dtd = server(said("application/pidf+xml", &format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{DOOR}")));
    let moved = server(Some(format!("HTTP/1.1 302 Found\r\nLocation: http://{good}/\r\nContent-Length: 0\r\n\r\n")));
    let unlisted = server(said("application/pidf+xml", DOOR));
    let config = LabConfig::copied();
    let listed: Vec<String> =
        [good, held, hanging, lying, with_dtd, moved].iter().map(|address| format!("\"{address}\"")).collect();
    let hosts = format!("default_site = \"hq\"\nlocation_hosts = [{}]", listed.join(", "));
    config.replace("default_site = \"hq\"", &hosts);
    let _router = router::run_file(&config.file());
    let has_door = |text: &str| text.contains("<ca:HNO>7</ca:HNO>");
    for (serial, (lis, expected)) in [
        (good, true),
        (held, true),
        (moved, true),
        (lying, false),
        (with_dtd, false),
        (hanging, false),
        (unlisted, false),
    ]
    .into_iter()
    .enumerate()
    {
        let invite = called(&psap, lis, serial);
        assert_eq!(has_door(&invite), expected, "server {serial}: {invite}");
    }
}
