//! The location server over TLS, with a certificate that is changed while it runs.
use crate::held::{HELD, LAB, NUMBER, connected};
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::ring};

#[test]
fn phones_ask_over_tls_and_a_new_certificate_is_shown_without_a_restart() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let folder = config.file().parent().expect("a folder").to_owned();
    let first = certificate(&folder);
    let http = "address = \"127.0.0.1:8080\"";
    config.replace(http, &format!("{http}\ntls_certificate = \"lis.pem\"\ntls_key = \"lis.key\""));
    config.replace("http://127.0.0.1:8080", "https://lis.example");
    let mut router = router::run_file(&config.file());
    let told = asked(&first).expect("the first certificate");
    assert!(told.contains("<ca:ROOM>101</ca:ROOM>") && told.contains("https://lis.example/location/"), "{told}");
    let second = certificate(&folder);
    reread(&mut router, "config read again");
    assert!(asked(&second).is_ok() && asked(&first).is_err(), "the second certificate, and no other");
    std::fs::write(folder.join("lis.pem"), "nothing").expect("the folder is ours");
    reread(&mut router, "config not taken");
    assert!(asked(&second).is_ok(), "a certificate that is none is not taken");
    let mut plain = connected();
    write!(plain, "GET /held HTTP/1.1\r\nHost: lab\r\n\r\n").expect("it is sent");
    let mut answer = Vec::new();
    // The alert, or the end of the connection.
    let _length = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "plain HTTP is not spoken beside it");
}

/// Writes a new certificate for `lis.example` with its key.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["lis.example".into()]).expect("a certificate");
    std::fs::write(folder.join("lis.pem"), made.cert.pem()).expect("the folder is ours");
    std::fs::write(folder.join("lis.key"), made.signing_key.serialize_pem()).expect("the folder is ours");
    made.cert.der().clone()
}

fn reread(router: &mut Program, line: &'static str) {
    router.signal("HUP");
    router.await_line(line, |said| said.contains(line).then_some(()));
}

/// What a phone is told that trusts this certificate alone.
fn asked(trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("lis.example").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut stream = StreamOwned::new(client, connected());
    let head = format!("POST /held HTTP/1.1\r\nHost: lis.example\r\nConnection: close\r\n{HELD}{LAB}");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{NUMBER}", NUMBER.len())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
