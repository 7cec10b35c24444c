//! A location request, of a phone or of a client: it is read or refused within its limits, and whatever it is, the answer is one
//! small document.
use callbox::base::entropy::Entropy;
use callbox::base::now::Wall;
use callbox::cache::Cache;
use callbox::config::world;
use callbox::held::client::{self, given, located};
use callbox::held::{Asker, Code, MOST_BYTES, Terms, answer, read, write_error};
use core::time::Duration;
use std::sync::LazyLock;

const NOW: Wall = Wall::from_millis(1_795_292_102_000);

/// The lab's phones, numbers and network.
static LAB: LazyLock<Cache> = LazyLock::new(|| {
    let cache = Cache::default();
    let _settings = world::lab().expect("the lab is sound").publish(&cache);
    cache
});

/// Reads a request and answers it.
///
/// # Panics
/// When an answer grows with its request, or a request prints itself.
pub fn check(data: &[u8]) {
    let asker = Asker { organisation: "acme".into(), proven: true, address: [10, 1, 4, 77].into() };
    let terms = Terms { public_url: Some("https://lis.example".into()), lifetime: Duration::from_secs(3600) };
    let chance = &mut Entropy::seeded([1; 32]);
    if let Some(asked) = client::read(data) {
        let told = located(&LAB, &terms, &asker, &asked, NOW, chance);
        assert!(told.is_none_or(|told| told.location.is_none_or(|place| place.civic.len() < 40)));
    }
    if let Some(what) = client::read_given(data) {
        let fields = what.civic.len();
        match given(&LAB, &terms, &asker, &what, NOW, chance) {
            Ok(told) => assert!(told.location.is_some_and(|place| place.civic.contains_key("HNO"))),
            // A fault for each field and each that lacks, and nothing of a value.
            Err(refused) => assert!((1..=fields + 8).contains(&refused.errors.len())),
        }
    }
    match read(data, NOW) {
        Ok(request) => {
            assert!(data.len() <= MOST_BYTES);
            let (out, _) = answer(&LAB, &terms, &asker, &request, NOW, chance);
            // The identities that led there are said back.
            assert!(out.len() < 4096 + 8 * data.len());
            assert!(format!("{request:?}").len() < 16, "a request does not print itself");
        }
        Err(error) => {
            let mut out = bytes::BytesMut::new();
            write_error(&mut out, &error);
            assert!(out.len() < 1024 && error.code != Code::LocationUnknown);
        }
    }
    // What one input told is not there for the next.
    LAB.forget_whereabouts(Wall::from_millis(u64::MAX));
}
