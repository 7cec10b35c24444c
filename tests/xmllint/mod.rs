//! XML against a schema, by libxml2.
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

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
