//! What a config may not say although every key is well formed. One rule, one function.
use super::complaint::{Complaint, nearest};
use super::document::Document;
use super::headers;
use super::settings::{Settings, Trunk};
use crate::record::trunk::Carrier;
use crate::record::{Ladder, OWN_IVR, TrunkKind};
use crate::sip::flow::Transport;
use core::net::IpAddr;
use std::collections::{HashMap, HashSet};

/// Checks settings on their own: names, references, ports, what must be there. A rule is left out when a table that it
/// looks at could not be read whole, so that no complaint follows from another.
pub fn settings(settings: &Settings, document: &Document, complaints: &mut Vec<Complaint>) {
    let rules: [(Rule, &[&str]); 10] = [
        (node, &["node"]),
        (http, &["http"]),
        (ivr, &["ivr"]),
        (callback, &["callback", "trunk"]),
        (listeners, &["listener"]),
        (trunks, &["trunk"]),
        (reachable_back, &["trunk", "listener"]),
        (sources, &["source", "trunk"]),
        (emergency_route, &["trunk"]),
        (loopback, &["node", "listener", "trunk"]),
    ];
    let table = |complaint: &Complaint| complaint.key.split(['.', '[']).next().unwrap_or_default().to_owned();
    let unread: HashSet<String> = complaints.iter().map(table).collect();
    let mut desk = Desk { document, complaints };
    for (rule, tables) in rules {
        if !tables.iter().any(|table| unread.contains(*table)) {
            rule(settings, &mut desk);
        }
    }
}

type Rule = fn(&Settings, &mut Desk<'_>);

/// Where complaints are put down.
struct Desk<'a> {
    document: &'a Document,
    complaints: &'a mut Vec<Complaint>,
}

impl Desk<'_> {
    fn complain(&mut self, path: &str, why: impl Into<String>, remedy: impl Into<String>) {
        self.complaints.push(self.document.complaint(path, why.into(), remedy.into()));
    }
}

fn node(settings: &Settings, desk: &mut Desk<'_>) {
    let node = &settings.node;
    if !is_domain(&node.domain) {
        desk.complain("node.domain", "is not a domain name", "letters, digits, hyphens and dots, as sip.example.com");
    }
    if node.max_calls == 0 {
        desk.complain("node.max_calls", "leaves no room for any call", "10000");
    }
    if node.emergency_reserve_percent > 100 {
        desk.complain("node.emergency_reserve_percent", "is more than all", "20");
    }
    if node.peers_by_port && !node.loopback_only {
        desk.complain(
            "node.peers_by_port",
            "would let any peer choose who it is by its port",
            "loopback_only = true, or peers_by_port = false",
        );
    }
}

fn ivr(settings: &Settings, desk: &mut Desk<'_>) {
    let ivr = &settings.ivr;
    if ivr.max_calls == 0 {
        desk.complain("ivr.max_calls", "leaves no room for any test call", "20, or enabled = false");
    }
    if ivr.max_secs < 30 {
        desk.complain("ivr.max_secs", "is shorter than an address takes to read", "180");
    }
    if ivr.calls_per_hour == 0 {
        desk.complain("ivr.calls_per_hour", "lets nobody call", "60");
    }
    if ivr.first_port < 1024 || !ivr.first_port.is_multiple_of(2) {
        desk.complain("ivr.first_port", "is not an even port from 1024 on (RFC 3550)", "16384");
    }
    let ports = (u32::from(ivr.last_port) + 1).saturating_sub(u32::from(ivr.first_port)) / 2;
    if ports < u32::from(ivr.max_calls) {
        desk.complain("ivr.last_port", "leaves fewer ports than max_calls, of which each takes two", "16583");
    }
    if ivr.kept_mb > 500 {
        desk.complain("ivr.kept_mb", "is more than 500", "64");
    }
    if ivr.voice.is_empty() || ivr.voice.starts_with('-') {
        desk.complain("ivr.voice", "is no voice", "\"en-us\"");
    }
}

fn callback(settings: &Settings, desk: &mut Desk<'_>) {
    let callback = &settings.callback;
    let most = crate::record::callback::LONGEST.as_secs();
    for (key, secs, usual) in [
        ("callback.lease_secs", callback.lease_secs, "3600"),
        ("callback.lease_after_secs", callback.lease_after_secs, "1800"),
    ] {
        if !(60..=most).contains(&u64::from(secs)) {
            desk.complain(key, "is not between a minute and three hours", usual);
        }
    }
    if !(1..=120).contains(&callback.step_secs) {
        desk.complain("callback.step_secs", "is not between 1 and 120", "20");
    }
    if callback.pool_low_percent > 100 {
        desk.complain("callback.pool_low_percent", "is more than 100", "20");
    }
    if callback.recent_secs > 1800 {
        desk.complain("callback.recent_secs", "is more than half an hour", "300");
    }
    if callback.kept_free_secs > 3600 {
        desk.complain("callback.kept_free_secs", "is more than an hour", "300");
    }
    for (at, trunk) in settings.trunks.iter().enumerate() {
        if trunk.callback_headers.iter().any(|line| headers::split(line).is_none()) {
            let key = format!("trunk[{at}].callback_headers");
            desk.complain(
                &key,
                "has a line that is no header of its own",
                "[\"Alert-Info: <urn:alert:service:normal>\"]",
            );
        }
    }
}

/// Where people are travels there.
fn http(settings: &Settings, desk: &mut Desk<'_>) {
    let http = &settings.http;
    let has_tls = http.tls_certificate.is_some();
    if !has_tls && http.address.is_some_and(|address| !address.ip().is_loopback()) {
        desk.complain(
            "http.address",
            "is not on this machine alone, and plain HTTP may not leave it",
            "127.0.0.1:8080, or tls_certificate and tls_key",
        );
    }
    for (key, other, is_alone) in [
        ("tls_certificate", "tls_key", has_tls && http.tls_key.is_none()),
        ("tls_key", "tls_certificate", !has_tls && http.tls_key.is_some()),
    ] {
        if is_alone {
            desk.complain(&format!("http.{key}"), format!("is set without {other}"), "both, or neither");
        }
    }
    let is_plain = |url: &str| {
        let inner =
            |prefix| url.strip_prefix(prefix).is_some_and(|rest: &str| rest.starts_with([':', '/']) || rest.is_empty());
        ["http://127.0.0.1", "http://[::1]", "http://localhost"].into_iter().any(inner)
    };
    if http.public_url.as_deref().is_some_and(|url| {
        let is_told = url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty()) || is_plain(url);
        !is_told || url.ends_with('/') || !url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>?#".contains(&byte))
    }) {
        desk.complain(
            "http.public_url",
            "is no https address, or has something behind its path",
            "https://lis.example.com",
        );
    }
    if !(1800..=86_400).contains(&http.location_uri_secs) {
        desk.complain("http.location_uri_secs", "is less than half an hour or more than a day", "86400");
    }
    if http.max_connections == 0 {
        desk.complain("http.max_connections", "lets nobody in", "4096");
    }
    if http.idle_secs == 0 {
        desk.complain("http.idle_secs", "gives nobody the time to ask", "10");
    }
    if http.requests_per_second == 0 {
        desk.complain("http.requests_per_second", "answers nobody", "1000");
    }
}

fn listeners(settings: &Settings, desk: &mut Desk<'_>) {
    if settings.listeners.is_empty() {
        desk.complain(
            "listener",
            "there is no listener, so no call can come in",
            "[[listener]] with transport = \"udp\" and address = \"192.0.2.1:5060\"",
        );
    }
    let mut seen = HashSet::new();
    for (at, listener) in settings.listeners.iter().enumerate() {
        if listener.address.port() != 0 && !seen.insert((listener.transport, listener.address)) {
            desk.complain(
                &format!("listener[{at}].address"),
                "is listened on already by this transport",
                "another address or port, or leave this listener out",
            );
        }
        if listener.advertised.unwrap_or(listener.address).ip().is_unspecified() {
            desk.complain(
                &format!("listener[{at}].{}", if listener.advertised.is_some() { "advertised" } else { "address" }),
                "is no address that a peer could answer to",
                "one address of this machine, or advertised = with the one that peers reach it by",
            );
        }
    }
}

fn trunks(settings: &Settings, desk: &mut Desk<'_>) {
    let mut names = HashSet::new();
    for (at, trunk) in settings.trunks.iter().enumerate() {
        let key = |name: &str| format!("trunk[{at}].{name}");
        if trunk.name == OWN_IVR {
            desk.complain(&key("name"), "is what the built-in test IVR is called", "another name");
        }
        if !is_name(&trunk.name) {
            desk.complain(&key("name"), "is not a name", "small letters, digits and hyphens, as psap-1");
        }
        if !names.insert(trunk.name.as_str()) {
            desk.complain(&key("name"), "is the name of another trunk", "a name of its own");
        }
        if trunk.host.parse::<IpAddr>().is_err() && !is_domain(&trunk.host) {
            desk.complain(
                &key("host"),
                "is neither an address nor a domain name",
                "192.0.2.10, 2001:db8::10 or sip.example.com",
            );
        }
        if !trunk.fallback.is_empty() && trunk.host.parse::<IpAddr>().is_ok() {
            desk.complain(&key("fallback"), "is beside an address, which needs none", "another trunk for it");
        }
        if trunk.fallback.iter().any(|address| address.port() == 0 || address.ip().is_unspecified()) {
            desk.complain(&key("fallback"), "has an address that cannot be called", "[\"192.0.2.11:5060\"]");
        }
        if trunk.port == Some(0) {
            desk.complain(&key("port"), "is not a port that can be called", "5060");
        }
        if trunk.silent_after_ms == 0 {
            desk.complain(&key("silent_after_ms"), "would call every target at once", "1000");
        }
        if trunk.no_ring_after_ms.is_some_and(|span| span < trunk.silent_after_ms) {
            desk.complain(&key("no_ring_after_ms"), "is shorter than silent_after_ms", "6000");
        }
        if trunk.ring_max_secs == 0 {
            desk.complain(&key("ring_max_secs"), "lets nobody answer", "60");
        }
        if trunk.account.as_deref().is_some_and(|account| !account.bytes().all(is_user_byte)) {
            desk.complain(
                &key("account"),
                "has a character that a SIP address may not have there",
                "letters and digits",
            );
        }
        if trunk.kind == TrunkKind::Pbx && !trunk.transfer_to.is_empty() {
            desk.complain(
                &key("transfer_to"),
                "would let a PSAP transfer an emergency call to a PBX",
                "leave it out, or list it at the trunk of a PSAP or carrier",
            );
        }
        credentials(trunk, &key, desk);
    }
}

/// Nothing of a name or password is ever told.
fn credentials(trunk: &Trunk, key: &impl Fn(&str) -> String, desk: &mut Desk<'_>) {
    let user = trunk.auth_user.as_ref().map(|user| user.expose().as_str());
    if user.is_some_and(|user| user.chars().any(|letter| letter.is_control() || matches!(letter, '"' | '\\'))) {
        desk.complain(&key("auth_user"), "has a character that no header carries as it is", "no quotes or backslashes");
    }
    match (user.is_some(), trunk.auth_password.is_some()) {
        (true, false) => desk.complain(&key("auth_password"), "is not set, and auth_user is", "both, or neither"),
        (false, true) => desk.complain(&key("auth_user"), "is not set, and auth_password is", "both, or neither"),
        (false, false) if trunk.auth_realm.is_some() => {
            desk.complain(&key("auth_realm"), "is set without auth_user and auth_password", "all three, or none");
        }
        _ => {}
    }
}

/// A far end sends its own requests (BYE, re-INVITE) to our Contact, which needs a listener of the same transport and,
/// where the host is an address, of the same family.
fn reachable_back(settings: &Settings, desk: &mut Desk<'_>) {
    if !settings.listeners.is_empty() {
        for (at, trunk) in settings.trunks.iter().enumerate() {
            can_answer_us(settings, trunk, &format!("trunk[{at}].transport"), desk);
        }
    }
}

fn can_answer_us(settings: &Settings, trunk: &Trunk, key: &str, desk: &mut Desk<'_>) {
    let transport = match trunk.transport {
        Carrier::Udp => Transport::Udp,
        Carrier::Tcp => Transport::Tcp,
    };
    let family = trunk.host.parse::<IpAddr>().ok().map(|host| host.is_ipv4());
    let fits = settings.listeners.iter().any(|listener| {
        listener.transport == transport && family.is_none_or(|is_v4| listener.address.is_ipv4() == is_v4)
    });
    if !fits {
        let family = family.map_or("", |is_v4| if is_v4 { "IPv4 " } else { "IPv6 " });
        let transport = transport.via();
        desk.complain(
            key,
            format!("there is no {family}listener for {transport}, so this trunk could not reach us in a call"),
            format!("[[listener]] with {transport}, or another transport for the trunk"),
        );
    }
}

/// The longest that a call may wait for a location that is kept elsewhere.
const LONGEST_WAIT_MS: u16 = 1000;

fn sources(settings: &Settings, desk: &mut Desk<'_>) {
    let kinds: HashMap<&str, TrunkKind> =
        settings.trunks.iter().map(|trunk| (trunk.name.as_str(), trunk.kind)).collect();
    let mut by_trunk = HashSet::new();
    for (at, source) in settings.sources.iter().enumerate() {
        let key = |name: &str| format!("source[{at}].{name}");
        if !kinds.contains_key(source.trunk.as_str()) {
            desk.complain(&key("trunk"), "there is no trunk of this name", known(&source.trunk, &kinds));
        }
        if !by_trunk.insert(source.trunk.as_str()) {
            desk.complain(&key("trunk"), "has a source already", "one source a trunk, with all its networks");
        }
        if source.organisation.is_empty() {
            desk.complain(&key("organisation"), "is empty", "an organisation of organisations.csv");
        }
        if source.default_site.is_empty() {
            desk.complain(&key("default_site"), "is empty", "a site of sites.csv");
        }
        if Ladder::of(&source.location_order).is_none() {
            desk.complain(&key("location_order"), "names one twice", "each once; those left out come behind");
        }
        if source.location_wait_ms > LONGEST_WAIT_MS {
            desk.complain(&key("location_wait_ms"), "is longer than a caller may wait for an address", "250");
        }
        match source.relay_other.as_deref().map(|name| (name, kinds.get(name))) {
            None | Some((_, Some(TrunkKind::Gateway | TrunkKind::Pbx))) => {}
            Some((name, None)) => {
                desk.complain(&key("relay_other"), "there is no trunk of this name", known(name, &kinds));
            }
            Some((_, Some(_))) => desk.complain(
                &key("relay_other"),
                "would send everyday calls to an emergency service",
                "a trunk of kind gateway or pbx",
            ),
        }
        for (earlier_at, earlier) in settings.sources[..at].iter().enumerate() {
            let shared = source.networks.iter().enumerate().find(|(_, network)| {
                earlier.networks.iter().any(|other| other.prefix == network.prefix && other.overlaps(**network))
            });
            if let Some((network, _)) = shared {
                desk.complain(
                    &format!("source[{at}].networks[{network}]"),
                    format!("is a network of source[{earlier_at}] too, so its calls could be either's"),
                    "networks that differ; where one lies in another, the narrower wins",
                );
            }
        }
    }
}

fn known(name: &str, kinds: &HashMap<&str, TrunkKind>) -> String {
    nearest(name, kinds.keys().copied()).map_or_else(
        || {
            let mut names: Vec<&str> = kinds.keys().copied().collect();
            names.sort_unstable();
            if names.is_empty() { "a [[trunk]] first".into() } else { format!("one of {}", names.join(", ")) }
        },
        str::to_owned,
    )
}

fn emergency_route(settings: &Settings, desk: &mut Desk<'_>) {
    let answers = |trunk: &Trunk| {
        matches!(trunk.kind, TrunkKind::PsapI3 | TrunkKind::PsapLegacy | TrunkKind::Relay | TrunkKind::Gateway)
    };
    if !settings.trunks.iter().any(answers) {
        desk.complain(
            "trunk",
            "no trunk takes emergency calls",
            "[[trunk]] with kind psap-i3, psap-legacy, relay or gateway",
        );
    }
}

fn loopback(settings: &Settings, desk: &mut Desk<'_>) {
    if !settings.node.loopback_only {
        return;
    }
    for (at, listener) in settings.listeners.iter().enumerate() {
        if !listener.address.ip().is_loopback() || listener.advertised.is_some_and(|peers| !peers.ip().is_loopback()) {
            desk.complain(
                &format!("listener[{at}].address"),
                "is not on this machine alone, as loopback_only demands",
                "127.0.0.1 or [::1]",
            );
        }
    }
    for (at, trunk) in settings.trunks.iter().enumerate() {
        if !trunk.host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback()) {
            desk.complain(
                &format!("trunk[{at}].host"),
                "is not on this machine, as loopback_only demands",
                "127.0.0.1 or ::1, as an address and not as a name",
            );
        }
    }
}

/// A name of a trunk: it stands in metric labels and log lines.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_domain(name: &str) -> bool {
    name.len() <= 253
        && name.trim_end_matches('.').split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// Characters of the user part that need no escape (RFC 3261 §25.1, `unreserved` and `user-unreserved`).
fn is_user_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::super::file::read;

    const GOOD: &str = r#"
[node]
domain = "callbox.example"
loopback_only = true
[[listener]]
transport = "udp"
address = "127.0.0.1:5060"
[[trunk]]
name = "psap-1"
kind = "psap-i3"
host = "127.0.0.1"
[[trunk]]
name = "pbx"
kind = "pbx"
host = "127.0.0.1"
[[source]]
trunk = "pbx"
organisation = "acme"
default_site = "hq"
networks = ["127.0.0.0/8"]
"#;

    /// What is told of the good config with one text replaced by another.
    fn told(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from));
        let complaints = read("a.toml", &GOOD.replacen(from, to, 1), &[]).complaints;
        complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_sound_config_is_taken() {
        assert_eq!(told("acme", "acme"), "");
    }

    #[test]
    fn a_source_names_each_rung_of_its_order_once() {
        let order = |rungs: &str| told("trunk = \"pbx\"\n", &format!("trunk = \"pbx\"\nlocation_order = {rungs}\n"));
        assert_eq!(order("[\"number\", \"conveyed\"]"), "");
        let twice = order("[\"number\", \"number\"]");
        assert!(twice.contains("source[0].location_order: names one twice"), "{twice}");
        assert!(order("[\"desk\"]").contains("source[0].location_order"), "{}", order("[\"desk\"]"));
    }

    #[test]
    fn credentials_of_a_trunk_are_whole_and_never_told() {
        let trunk = |lines: &str| told("host = \"127.0.0.1\"\n", &format!("host = \"127.0.0.1\"\n{lines}"));
        assert_eq!(trunk("auth_user = \"us\"\nauth_password = \"s3cr3t\"\nauth_realm = \"r\"\n"), "");
        let half = trunk("auth_user = \"u5er\"\n");
        assert!(half.contains("trunk[0].auth_password: is not set, and auth_user is"), "{half}");
        let half = trunk("auth_password = \"s3cr3t\"\n");
        assert!(half.contains("trunk[0].auth_user: is not set, and auth_password is"), "{half}");
        let odd = trunk("auth_user = 'u5\"er'\nauth_password = \"s3cr3t\"\n");
        assert!(odd.contains("trunk[0].auth_user: has a character"), "{odd}");
        let realm = trunk("auth_realm = \"r\"\n");
        assert!(realm.contains("trunk[0].auth_realm: is set without"), "{realm}");
        let kind = trunk("auth_password = 7\nauth_user = [\"u5er\"]\n");
        assert!([half, odd, kind].iter().all(|told| !told.contains("s3cr3t") && !told.contains("u5er")));
    }

    #[test]
    fn loopback_only_refuses_every_other_place() {
        let host = told("host = \"127.0.0.1\"", "host = \"192.0.2.10\"");
        assert!(host.starts_with("a.toml:11 trunk[0].host: is not on this machine"), "{host}");
        let name = told("host = \"127.0.0.1\"", "host = \"localhost\"");
        assert!(name.starts_with("a.toml:11 trunk[0].host: is not on this machine"), "{name}");
        let listener = told("127.0.0.1:5060", "192.0.2.1:5060");
        assert!(listener.starts_with("a.toml:7 listener[0].address: is not on this machine"), "{listener}");
    }

    #[test]
    fn a_listener_on_every_address_says_which_one_peers_reach_it_by() {
        let everywhere = |more: &str| {
            let listener = format!("address = \"0.0.0.0:5060\"{more}");
            told("address = \"127.0.0.1:5060\"", &listener)
        };
        assert!(everywhere("").contains("listener[0].address: is no address that a peer could answer to"));
        let advertised = everywhere("\nadvertised = \"127.0.0.1:5060\"");
        assert!(!advertised.contains("could answer to"), "{advertised}");
    }

    #[test]
    fn a_fallback_stands_beside_a_name_and_can_be_called() {
        let beside = |host: &str, fallback: &str| {
            let trunk = format!("host = \"{host}\"\nfallback = [\"{fallback}\"]\n[[trunk]]\nname = \"pbx\"");
            let loose = GOOD.replace("loopback_only = true", "loopback_only = false");
            let text = loose.replacen("host = \"127.0.0.1\"\n[[trunk]]\nname = \"pbx\"", &trunk, 1);
            let complaints = read("a.toml", &text, &[]).complaints;
            complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        assert_eq!(beside("psap.example", "192.0.2.11:5060"), "");
        assert!(beside("192.0.2.10", "192.0.2.11:5060").contains("is beside an address, which needs none"));
        assert!(beside("psap.example", "192.0.2.11:0").contains("has an address that cannot be called"));
    }

    #[test]
    fn a_location_server_shows_a_certificate_to_everybody_but_this_machine() {
        let http = |lines: &str| told("[[listener]]", &format!("[http]\n{lines}\n[[listener]]"));
        assert_eq!(http("address = \"127.0.0.1:8080\"\npublic_url = \"http://127.0.0.1:8080\""), "");
        let files = "tls_certificate = \"a.pem\"\ntls_key = \"a.key\"";
        assert_eq!(http(&format!("address = \"0.0.0.0:443\"\n{files}\npublic_url = \"https://lis.example\"")), "");
        let plain = http("address = \"0.0.0.0:443\"");
        assert!(
            plain.contains("http.address: is not on this machine alone, and plain HTTP may not leave it"),
            "{plain}"
        );
        assert!(http("tls_key = \"a.key\"").contains("http.tls_key: is set without tls_certificate"));
        assert!(http("tls_certificate = \"a.pem\"").contains("http.tls_certificate: is set without tls_key"));
        for url in
            ["http://lis.example", "http://127.0.0.1.example", "lis.example", "https://", "https://a/", "https://a?b"]
        {
            let told = http(&format!("public_url = \"{url}\""));
            assert!(told.contains("http.public_url: is no https address"), "{url}: {told}");
        }
        for (lines, key) in [
            ("requests_per_second = 0", "requests_per_second: answers nobody"),
            ("max_connections = 0", "max_connections: lets nobody in"),
            ("idle_secs = 0", "idle_secs: gives nobody the time"),
            ("location_uri_secs = 60", "location_uri_secs: is less than half an hour"),
            ("location_uri_secs = 90000", "location_uri_secs: is less than half an hour or more than a day"),
            ("trusted_proxies = [\"10.0.0.0/33\"]", "trusted_proxies"),
        ] {
            let told = http(lines);
            assert!(told.contains(&format!("http.{key}")), "{lines}: {told}");
        }
    }

    #[test]
    fn names_must_be_unique_and_refer_to_something() {
        assert!(told("name = \"pbx\"", "name = \"psap-1\"").contains("trunk[1].name: is the name of another trunk"));
        assert!(told("trunk = \"pbx\"", "trunk = \"pbs\"").contains("there is no trunk of this name; try pbx"));
        assert!(told("name = \"pbx\"", "name = \"P B X\"").contains("is not a name"));
    }

    #[test]
    fn everyday_calls_never_go_to_an_emergency_trunk() {
        let told = told("default_site = \"hq\"", "default_site = \"hq\"\nrelay_other = \"psap-1\"");
        assert!(told.starts_with("a.toml:20 source[0].relay_other: would send everyday calls"), "{told}");
    }

    #[test]
    fn a_trunk_needs_a_listener_that_it_can_answer_to() {
        let tcp = told("kind = \"pbx\"", "kind = \"pbx\"\ntransport = \"tcp\"");
        assert!(tcp.contains("trunk[1].transport: there is no IPv4 listener for TCP"), "{tcp}");
        let v6 = told("host = \"127.0.0.1\"", "host = \"::1\"");
        assert!(v6.contains("trunk[0].transport: there is no IPv6 listener for UDP"), "{v6}");
    }

    #[test]
    fn a_config_without_listeners_or_emergency_trunks_is_refused() {
        let told = read("a.toml", "[node]\ndomain = \"callbox.example\"\n", &[]).complaints;
        let keys: Vec<_> = told.iter().map(|complaint| complaint.key.as_str()).collect();
        assert_eq!(keys, ["listener", "trunk"]);
    }

    #[test]
    fn peers_by_port_is_for_this_machine_alone() {
        let told = told("loopback_only = true", "peers_by_port = true");
        assert!(told.contains("node.peers_by_port: would let any peer choose"), "{told}");
    }
}
