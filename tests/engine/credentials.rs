//! A trunk that asks who we are.
use crate::peers::{Caller, Far, value, values};
use crate::world::{CALLER, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, SDP, World};
use callbox::base::private::Private;
use callbox::cache::Snapshot;
use callbox::fact::Fact;
use callbox::record::Login;
use callbox::sip::message::{Message, Name};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::sync::Arc;

const USER: &str = "acme-trunk";
const PASSWORD: &str = "correct horse";
/// The exchange that leads to phones.
const PBX: u16 = 5075;
const CHALLENGE: &str =
    "Proxy-Authenticate: Digest realm=\"carrier.example\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n";

/// The lab, where these trunks have credentials of ours.
fn world(trunks: &[&str], realm: Option<&str>) -> World {
    let change = |snapshot: &mut Snapshot| {
        for trunk in snapshot.trunks.iter_mut().filter(|trunk| trunks.contains(&&*trunk.name)) {
            let (user, password) = (Private::new(USER.to_owned()), Private::new(PASSWORD.to_owned()));
            let login = Some(Arc::new(Login { user, password, realm: realm.map(str::to_owned) }));
            *trunk = Arc::new(callbox::record::Trunk { login, ..(**trunk).clone() });
        }
    };
    World::with(change, |_| {})
}

fn parameter(header: &str, name: &str) -> String {
    let all = header.strip_prefix("Digest ").expect("Digest").split(", ");
    let found = all.filter_map(|pair| pair.split_once('=')).find(|(known, _)| *known == name);
    found.map(|(_, value)| value.trim_matches('"').to_owned()).unwrap_or_default()
}

fn hash(sha: bool, text: &str) -> String {
    let bytes = if sha { Sha256::digest(text).to_vec() } else { Md5::digest(text).to_vec() };
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether this is the right answer to a challenge, as the trunk works it out; what it counts.
fn accepts(request: &Message, name: Name, method: &str) -> u32 {
    let header = value(request, name);
    let get = |name: &str| parameter(&header, name);
    let sha = get("algorithm") == "SHA-256";
    let uri = if method == request.method().map_or("", |method| method.text()) {
        String::from_utf8_lossy(request.request_uri()).into_owned()
    } else {
        get("uri")
    };
    assert_eq!((get("username"), get("uri")), (USER.to_owned(), uri));
    let secret = hash(sha, &format!("{USER}:{}:{PASSWORD}", get("realm")));
    let asked = hash(sha, &format!("{method}:{}", get("uri")));
    let fresh = format!("{}:{}:{}:auth", get("nonce"), get("nc"), get("cnonce"));
    assert_eq!(get("response"), hash(sha, &format!("{secret}:{fresh}:{asked}")));
    assert!(!header.contains(PASSWORD) && header.contains("qop=auth,"));
    u32::from_str_radix(&get("nc"), 16).expect("a count")
}

/// The INVITE that follows a challenge.
fn challenge(world: &mut World, far: &Far, code: u16, challenges: &str) -> Far {
    world.answer_with(far, code, challenges);
    world.rung(far.port)
}

#[test]
fn a_challenge_is_answered_at_once_and_the_call_goes_on() {
    for (code, algorithm, name) in [(407, "SHA-256", Name::ProxyAuthorization), (401, "MD5", Name::Authorization)] {
        let mut world = world(&["psap-1"], None);
        world.dial(KNOWN, "911");
        let first = world.rung(PSAP_1);
        assert!(first.invite.value(name).is_none());
        let header = if code == 407 { "Proxy-Authenticate" } else { "WWW-Authenticate" };
        let asks = format!(
            "{header}: Digest realm=\"carrier.example\", nonce=\"n1\", qop=\"auth\", algorithm={algorithm}\r\n"
        );
        let again = challenge(&mut world, &first, code, &asks);
        assert_eq!(accepts(&again.invite, name, "INVITE"), 1);
        assert_eq!(value(&again.invite, Name::CallId), value(&first.invite, Name::CallId));
        assert_eq!(again.invite.cseq().map(|(cseq, _)| cseq), Some(2));
        world.answer(&again, 180);
        world.answer(&again, 200);
        let ack = world.got(PSAP_1, "ACK");
        assert_eq!(value(&ack, name), value(&again.invite, name), "RFC 3261 §22.1");
        world.got(CALLER, "200 INVITE");
        assert!(world.words(PSAP_2).is_empty() && world.millis() == 0);
        assert!(world.facts.iter().any(|fact| matches!(fact, Fact::AskedAgain { change: "credentials", .. })));
    }
}

#[test]
fn a_trunk_without_credentials_of_ours_or_of_another_realm_refuses_by_its_challenge() {
    for mut world in [World::new(), world(&["psap-2"], None), world(&["psap-1"], Some("other.example"))] {
        world.dial(KNOWN, "911");
        let first = world.rung(PSAP_1);
        world.answer_with(&first, 407, CHALLENGE);
        assert_eq!(world.words(PSAP_1), ["ACK"]);
        assert_eq!(world.words(PSAP_2), ["INVITE"]);
    }
}

#[test]
fn a_password_that_is_wrong_is_tried_once_and_the_next_target_is_asked() {
    for second in
        [CHALLENGE.to_owned(), CHALLENGE.replace("n1", "n2"), CHALLENGE.replace("\", qop", "\", stale=true, qop")]
    {
        let mut world = world(&["psap-1"], None);
        world.dial(KNOWN, "911");
        let first = world.rung(PSAP_1);
        let again = challenge(&mut world, &first, 407, CHALLENGE);
        world.answer_with(&again, 407, &second);
        assert_eq!(world.words(PSAP_1), ["ACK"], "{second}");
        let other = world.rung(PSAP_2);
        world.answer(&other, 200);
        world.got(CALLER, "200 INVITE");
    }
}

#[test]
fn a_nonce_that_is_too_old_is_replaced_once() {
    let stale = |nonce: &str| CHALLENGE.replace("n1", nonce).replace("qop", "stale=true, qop");
    let mut world = world(&["psap-1"], None);
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    let second = challenge(&mut world, &first, 407, CHALLENGE);
    let third = challenge(&mut world, &second, 407, &stale("n2"));
    assert_eq!(accepts(&third.invite, Name::ProxyAuthorization, "INVITE"), 1);
    assert!(value(&third.invite, Name::ProxyAuthorization).contains("nonce=\"n2\""));
    world.answer_with(&third, 407, &stale("n3"));
    assert_eq!((world.words(PSAP_1), world.words(PSAP_2)), (vec!["ACK".to_owned()], vec!["INVITE".to_owned()]));
}

#[test]
fn a_trunk_that_challenges_and_then_refuses_the_body_gets_less_with_a_new_count() {
    let mut world = world(&["psap-1"], None);
    world.dial(KNOWN, "911");
    let first = world.rung(PSAP_1);
    let second = challenge(&mut world, &first, 407, CHALLENGE);
    let third = challenge(&mut world, &second, 415, "Accept: application/sdp\r\n");
    assert_eq!(accepts(&third.invite, Name::ProxyAuthorization, "INVITE"), 2);
    assert_eq!(value(&third.invite, Name::ContentType), "application/sdp");
}

#[test]
fn no_challenge_ever_reaches_a_caller() {
    let mut world = world(&["psap-1", "psap-2", "relay", "gateway"], None);
    world.dial(KNOWN, "911");
    for port in [PSAP_1, PSAP_2, RELAY, GATEWAY] {
        let first = world.rung(port);
        let again = challenge(&mut world, &first, 407, CHALLENGE);
        world.answer_with(&again, 407, CHALLENGE);
    }
    let refusal = world.got(CALLER, "503 INVITE");
    assert!(values(&refusal, Name::ProxyAuthenticate).is_empty());
}

#[test]
fn what_follows_in_the_dialog_has_credentials_too_each_with_a_count_of_its_own() {
    let mut world = world(&["gateway"], None);
    let mut caller = world.dial(KNOWN, "5551234");
    let first = world.rung(GATEWAY);
    let far = challenge(&mut world, &first, 407, CHALLENGE);
    world.send(
        GATEWAY,
        far.response(200, "Allow: UPDATE\r\nSession-Expires: 1800;refresher=uac\r\nRequire: timer\r\n", SDP),
    );
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    let reinvite = caller.request("INVITE", "", &SDP.replace("40000", "40002"));
    world.send(CALLER, reinvite);
    let reinvite = world.got(GATEWAY, "INVITE");
    assert_eq!(accepts(&reinvite, Name::ProxyAuthorization, "INVITE"), 2);
    world.send(GATEWAY, far.response_to(&reinvite, 200, "", SDP));
    assert_eq!(accepts(&world.got(GATEWAY, "ACK"), Name::ProxyAuthorization, "INVITE"), 2);
    world.got(CALLER, "200 INVITE");
    world.send(CALLER, caller.ack(""));
    let bye = caller.request("BYE", "", "");
    world.send(CALLER, bye);
    assert_eq!(accepts(&world.got(GATEWAY, "BYE"), Name::ProxyAuthorization, "BYE"), 3);
}

#[test]
fn a_refresh_that_is_challenged_is_sent_again_with_an_answer_and_only_once() {
    let mut world = world(&["psap-1"], None);
    let mut caller = world.dial(KNOWN, "911");
    let far = world.rung(PSAP_1);
    let timer = "Allow: UPDATE\r\nSession-Expires: 1800;refresher=uac\r\nRequire: timer\r\n";
    world.send(PSAP_1, far.response(200, timer, SDP));
    caller.learn(&world.got(CALLER, "200 INVITE"));
    world.send(CALLER, caller.ack(""));
    world.pass(901);
    let refresh = world.got(PSAP_1, "UPDATE");
    assert!(refresh.value(Name::ProxyAuthorization).is_none(), "it had not asked before");
    world.take(PSAP_1);
    world.send(PSAP_1, far.response_to(&refresh, 407, CHALLENGE, ""));
    let again = world.got(PSAP_1, "UPDATE");
    assert_eq!(accepts(&again, Name::ProxyAuthorization, "UPDATE"), 1);
    world.send(PSAP_1, far.response_to(&again, 407, &CHALLENGE.replace("n1", "n2"), ""));
    assert!(world.words(PSAP_1).is_empty());
    assert_eq!(world.engine.active_calls(), 1);
}

#[test]
fn a_refresh_of_a_phone_that_was_called_back_is_answered_for_too_when_its_exchange_challenges_it() {
    let mut world = world(&["pbx"], None);
    let (mut caller, _psap) = world.talk(KNOWN, "911", PSAP_1);
    world.send(CALLER, caller.request("BYE", "", ""));
    world.pass(60);
    world.clear();
    let mut psap = Caller { port: PSAP_1, ..Caller::new("+13125559110", KNOWN) };
    psap.more = "Priority: psap-callback\r\n".into();
    world.send(PSAP_1, psap.invite());
    let phone = world.rung(PBX);
    let timer = "Allow: UPDATE\r\nSession-Expires: 1800;refresher=uac\r\nRequire: timer\r\n";
    world.send(PBX, phone.response(200, timer, SDP));
    psap.learn(&world.got(PSAP_1, "200 INVITE"));
    world.send(PSAP_1, psap.ack(""));
    world.pass(900);
    let refresh = world.got(PBX, "UPDATE");
    world.send(PBX, phone.response_to(&refresh, 407, CHALLENGE, ""));
    let again = world.got(PBX, "UPDATE");
    assert_eq!(accepts(&again, Name::ProxyAuthorization, "UPDATE"), 1);
}
