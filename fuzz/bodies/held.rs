//! A location request: it is read or refused within its limits, and whatever it is, the answer is one small document.
use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::cache::Cache;
use callbox::held::{Asker, Code, MOST_BYTES, Terms, answer, read, write_error};
use core::time::Duration;

/// Reads a request and answers it where nothing is known.
///
/// # Panics
/// When something that is nowhere is found, or an answer grows with its request.
pub fn check(data: &[u8]) {
    let now = Wall::from_millis(1_795_292_102_000);
    match read(data, now) {
        Ok(request) => {
            assert!(data.len() <= MOST_BYTES);
            let asker = Asker { organisation: "acme".into(), proven: true, address: [192, 0, 2, 1].into() };
            let terms = Terms { public_url: Some("https://lis.example".into()), lifetime: Duration::from_secs(3600) };
            let chance = &mut Entropy::seeded([1; 32]);
            let (out, code) = answer(&Cache::default(), &terms, &asker, &request, now, chance);
            assert!(code.is_some(), "nobody is anywhere");
            assert!(out.len() < 1024);
            assert!(format!("{request:?}").len() < 16, "a request does not print itself");
        }
        Err(error) => {
            let mut out = bytes::BytesMut::new();
            write_error(&mut out, &error);
            assert!(out.len() < 1024 && error.code != Code::LocationUnknown);
        }
    }
}
