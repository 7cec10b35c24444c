//! What soft clients say, and what they are told.
use crate::requests::NOW;
use callbox::base::entropy::Entropy;
use callbox::cache::Cache;
use callbox::config::world;
use callbox::held::client::{Asked, Told, located};
use callbox::held::{Asker, Terms};
use callbox::record::wiremap::Network;
use core::time::Duration;

const CLIENT: &str = "\"instance\": \"urn:uuid:00000000-0000-1000-8000-020000000a04\"";
const WIRED: &str = "{\"switch\": {\"chassis\": \"0200.0000.0101\", \"port\": \"7\"}}";

fn lab() -> Cache {
    let cache = Cache::default();
    let _settings = world::lab().expect("the lab is sound").publish(&cache);
    cache
}

fn asked(cache: &Cache, json: &str) -> Option<Told> {
    let asked: Asked = serde_json::from_str(json).expect("what a client says");
    let asker = Asker { organisation: "acme".into(), proven: true, address: [10, 9, 0, 7].into() };
    let terms = Terms { public_url: Some("https://lis.example".into()), lifetime: Duration::from_secs(3600) };
    located(cache, &terms, &asker, &asked, NOW, &mut Entropy::seeded([3; 32]))
}

fn interfaces(inside: &str) -> String {
    format!("{{{CLIENT}, \"interfaces\": [{inside}]}}")
}

fn room(told: &Told) -> Option<&str> {
    told.location.as_ref().and_then(|place| place.civic.get("ROOM")).map(String::as_str)
}

#[test]
fn a_client_learns_its_room_from_any_interface_that_is_real() {
    let cache = lab();
    let wifi = "{\"access_points\": [{\"bssid\": \"02:00:00:00:00:12\", \"signal_dbm\": -40},\
                {\"bssid\": \"02:00:00:00:00:11\", \"signal_dbm\": -60}]}";
    for (json, expected) in [
        (interfaces(WIRED), Some("217")),
        (interfaces(wifi), Some("301")),
        (interfaces(&WIRED.replacen('{', "{\"is_virtual\": true, ", 1)), None),
        (interfaces(&format!("{}, {wifi}", WIRED.replacen('{', "{\"is_virtual\": true, ", 1))), Some("301")),
        (format!("{{\"mac\": \"02-00-00-00-FF-01\", \"interfaces\": [{WIRED}]}}"), Some("217")),
        (interfaces("{\"addresses\": [\"nonsense\"], \"gateway\": \"?\", \"unknown\": 1}"), None),
    ] {
        let told = asked(&cache, &json).expect("it is listed");
        assert_eq!(room(&told), expected, "{json}");
    }
}

#[test]
fn an_interface_in_a_tunnel_is_not_looked_at() {
    let cache = lab();
    let tunnel = interfaces("{\"addresses\": [\"10.1.4.77\"], \"gateway\": \"02-00-00-00-00-99\"}");
    assert!(asked(&cache, &tunnel).expect("it is listed").location.is_some());
    cache.snapshot.rcu(|held| {
        let mut snapshot = (**held).clone();
        for organisation in snapshot.organisations.values_mut() {
            let mut changed = (**organisation).clone();
            changed.vpn = Network::read("10.1.4.0/24").into_iter().collect();
            *organisation = changed.into();
        }
        snapshot
    });
    assert!(asked(&cache, &tunnel).expect("it is listed").location.is_none());
}

#[test]
fn a_client_is_told_what_to_do_about_where_it_is() {
    let cache = lab();
    let action = |json: &str| asked(&cache, json).expect("it is listed").action;
    assert_eq!(action(&interfaces(WIRED)), "none");
    assert_eq!(action(&format!("{{{CLIENT}}}")), "none", "it told where it is before");
    let stranger = "\"mac\": \"02-00-00-00-FF-02\"";
    assert_eq!(action(&format!("{{{stranger}}}")), "badge");
    assert_eq!(action(&format!("{{{stranger}, \"signing_in\": true}}")), "prompt");
    assert_eq!(action(&format!("{{{stranger}, \"has_native_dialler\": true}}")), "use_native_dialler");
}

#[test]
fn a_token_is_for_calls_and_names_the_client_whether_or_not_it_has_a_place() {
    let cache = lab();
    for json in [interfaces(WIRED), interfaces("{\"is_virtual\": true}")] {
        let told = asked(&cache, &json).expect("it is listed");
        let token = told.token.expect("a token");
        assert_eq!(told.location_uri, Some(format!("https://lis.example/location/{token}")));
        let named = cache.token(&token).expect("somebody");
        assert_eq!((&*named.device, &*named.organisation), ("hq-soft-1", "acme"));
    }
    assert!(asked(&cache, "{}").expect("nobody in particular").token.is_none(), "nothing tells it from others");
    assert!(asked(&cache, "{\"number\": \"+13125559999\"}").is_none(), "a number of nobody");
}
