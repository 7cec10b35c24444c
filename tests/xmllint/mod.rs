//! XML against a schema, by libxml2.
#![allow(dead_code, reason = "not every test of those that share this needs all of it")]
use callbox::sip::message::{Message, Name, multipart};
use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

/// The schema of each kind of document that we write into a message.
const SCHEMAS: [(&str, &str); 6] = [
    ("application/pidf+xml", "all.xsd"),
    ("application/EmergencyCallData.ProviderInfo+xml", "EmergencyCallData_ProviderInfo.xsd"),
    ("application/EmergencyCallData.ServiceInfo+xml", "EmergencyCallData_ServiceInfo.xsd"),
    ("application/EmergencyCallData.DeviceInfo+xml", "EmergencyCallData_DeviceInfo.xsd"),
    ("application/EmergencyCallData.SubscriberInfo+xml", "EmergencyCallData_SubscriberInfo.xsd"),
    ("application/EmergencyCallData.Comment+xml", "EmergencyCallData_Comment.xsd"),
];

/// Validates every document of ours in a message that leaves; those of the caller are not ours to judge. Our part's names
/// end with our domain. Documents that differ in numbers alone are looked at once.
pub fn assert_parts_valid(message: &Message) {
    static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let content_type = message.value(Name::ContentType).unwrap_or_default();
    if !content_type.starts_with(b"multipart/") {
        return;
    }
    for part in multipart::parts(content_type, message.body_slice()) {
        let schema =
            SCHEMAS.iter().find(|(kind, _)| part.is(kind)).filter(|_| part.content_id.ends_with(b"@callbox.example"));
        let Some((_, schema)) = schema else { continue };
        let document = String::from_utf8(part.content.to_vec()).expect("UTF-8");
        let shape: String = document.chars().filter(|letter| !letter.is_ascii_hexdigit()).collect();
        if SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(shape) {
            assert_valid(schema, &document);
        }
    }
}

/// Validates against a schema of `tests/data/schemas`.
pub fn assert_valid(schema: &str, document: &str) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/schemas").join(schema);
    let mut xmllint = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this test needs xmllint; on Debian it is in libxml2-utils");
    let mut input = xmllint.stdin.take().expect("a pipe to xmllint");
    input.write_all(document.as_bytes()).expect("xmllint reads the document");
    drop(input);
    let output = xmllint.wait_with_output().expect("xmllint ends");
    assert!(output.status.success(), "{}\n{document}", String::from_utf8_lossy(&output.stderr));
}
