//! Company id and secret by HTTP Basic (RFC 7617).
use crate::cache::Snapshot;
use crate::record::Organisation;
use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The longest credentials that are looked at, as they are written in the header.
const MOST_BYTES: usize = 1024;

/// The organisation whose company id and secret these are. It takes as long for a company that does not exist as for a
/// wrong secret, and no comparison ends at the first difference.
pub(super) fn organisation(snapshot: &Snapshot, header: &HeaderValue) -> Option<Arc<Organisation>> {
    let header = header.as_bytes();
    let (scheme, coded) = header.split_at_checked(6).filter(|_| header.len() <= MOST_BYTES)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let decoded = STANDARD.decode(coded.trim_ascii()).ok()?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    let shown: [u8; 32] = Sha256::digest(&decoded[colon + 1..]).into();
    let company = core::str::from_utf8(&decoded[..colon]).ok().and_then(|id| snapshot.companies.get(id));
    let secrets = company.and_then(|company| company.company.as_ref()).map_or(&[][..], |company| &company.secrets);
    // As many comparisons whatever is known, none of them cut short.
    let is_its_own = (0..2).fold(false, |found, place| {
        let secret = secrets.get(place);
        found | (is_same(secret.unwrap_or(&[0; 32]), &shown) & secret.is_some())
    });
    company.filter(|_| is_its_own).cloned()
}

/// Looks at every byte, wherever the first difference is.
fn is_same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let differences = one.iter().zip(other).fold(0, |sum, (one, other)| sum | (one ^ other));
    core::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Company;

    fn snapshot(secrets: &[&str]) -> Snapshot {
        let secrets = secrets.iter().map(|secret| Sha256::digest(secret.as_bytes()).into()).collect();
        let company = Some(Company { id: "company-1".into(), secrets });
        let organisation = Arc::new(Organisation { company, ..Organisation::new("acme", "Acme") });
        Snapshot { companies: [("company-1".into(), organisation)].into_iter().collect(), ..Snapshot::default() }
    }

    fn opens(snapshot: &Snapshot, text: &str) -> bool {
        let header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(text))).unwrap();
        organisation(snapshot, &header).is_some()
    }

    #[test]
    fn each_of_two_secrets_opens_and_nothing_else_does() {
        let one = snapshot(&["first"]);
        assert!(opens(&one, "company-1:first"));
        assert!(!opens(&one, "company-1:second"));
        let both = snapshot(&["first", "sec:ond"]);
        assert!(opens(&both, "company-1:first") && opens(&both, "company-1:sec:ond"));
        for wrong in ["company-1:", "company-1", "company-2:first", ":first", "company-1:firs", "company-1:first "] {
            assert!(!opens(&both, wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_no_basic_authorization_opens_nothing() {
        let both = snapshot(&["first"]);
        for wrong in ["", "Basic", "Basic ", "Bearer Y29tcGFueS0xOmZpcnN0", "Basic ????", "Basic Y29tcGFueS0x"] {
            assert!(organisation(&both, &HeaderValue::from_str(wrong).unwrap()).is_none(), "{wrong}");
        }
        let small = HeaderValue::from_static("basic Y29tcGFueS0xOmZpcnN0");
        assert!(organisation(&both, &small).is_some(), "the scheme is written in either case");
    }
}
