//! Requests that are judged by how they are written: what is required, transfers, INFO, SUBSCRIBE, recorders; and what
//! we say of ourselves on each leg.
use crate::peers::{Caller, value};
use crate::world::{CALLER, CRISIS, GATEWAY, KNOWN, PSAP_1, PSAP_2, SDP, World};
use callbox::fact::{Fact, Feature};
use callbox::sip::message::Name;

const NOTHING: [&str; 0] = [];

fn blocked(world: &World) -> Vec<Feature> {
    let of = |fact: &Fact| match fact {
        Fact::FeatureBlocked { feature, .. } => Some(*feature),
        _ => None,
    };
    world.facts.iter().filter_map(of).collect()
}

fn beside(world: &World, feature: Feature) -> usize {
    let is = |fact: &&Fact| matches!(fact, Fact::BlockedBeside { feature: found, .. } if *found == feature);
    world.facts.iter().filter(is).count()
}

#[test]
fn what_a_request_in_a_dialog_requires_and_nobody_has_is_420_and_a_bye_is_taken_all_the_same() {
    for (number, port) in [("911", PSAP_1), ("5551234", GATEWAY), ("988", CRISIS)] {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, number, port);
        let require = "Require: teleport, timer, precondition\r\n";
        for (method, content) in [("INVITE", SDP), ("UPDATE", SDP), ("INFO", ""), ("MESSAGE", ""), ("OPTIONS", "")] {
            world.send(CALLER, caller.request(method, require, content));
            let refusal = world.got(CALLER, &format!("420 {method}"));
            assert_eq!(value(&refusal, Name::Unsupported), "teleport, precondition");
            world.send(port, far.request(method, require, content));
            world.got(port, &format!("420 {method}"));
        }
        assert_eq!((world.words(CALLER), world.words(port)), (vec![], vec![]));
        world.send(CALLER, caller.request("BYE", require, ""));
        world.got(CALLER, "200 BYE");
        world.got(port, "BYE");
    }
}

#[test]
fn a_transfer_is_judged_by_how_it_is_written_before_it_is_refused() {
    let one = "Refer-To: <sip:x@pbx.example>\r\n";
    let fifty = format!("Refer-To: {}\r\n", vec!["<sip:x@pbx.example>"; 50].join(", "));
    let two = one.repeat(2);
    let subscription = |tag: &str| format!("Require: {tag}\r\nRefer-To: <sip:a@b>, <sip:c@d>\r\n");
    let mut cases = vec![(one.to_owned(), 403), (String::new(), 400), (fifty, 400), (two, 400)];
    for tag in ["norefersub", "explicitsub", "nosub", "multiple-refer"] {
        cases.push((subscription(tag), 420));
    }
    for target in ["<sip:y@z?Replaces=a%3Bto-tag%3Db>", "<sip:y@z;method=BYE>", "tel:+13125550199", "http://x.example/"]
    {
        cases.push((format!("Refer-To: {target}\r\n"), 403));
    }
    for (more, code) in cases {
        let mut world = World::new();
        let (mut caller, _) = world.talk(KNOWN, "911", PSAP_1);
        world.send(CALLER, caller.request("REFER", &more, ""));
        let refusal = world.got(CALLER, &format!("{code} REFER"));
        let warning = value(&refusal, Name::Warning);
        assert_eq!(warning.contains("Transfer is disabled during an emergency call"), code == 403, "{more}");
        assert_eq!(blocked(&world).len(), usize::from(code == 403));
        world.send(CALLER, caller.outside("REFER", &more, ""));
        world.got(CALLER, &format!("{code} REFER"));
        assert_eq!(beside(&world, Feature::Transfer), usize::from(code == 403));
        assert_eq!((world.words(CALLER), world.words(PSAP_1), world.engine.active_calls()), (vec![], vec![], 1));
    }
}

#[test]
fn an_info_is_judged_by_its_package_and_its_body() {
    let kind = |kind: &str| format!("Content-Type: {kind}\r\n");
    let parts = |inner: &str| format!("--b\r\nContent-Type: {inner}\r\n\r\nx\r\n--b--\r\n");
    let both = kind("multipart/mixed;boundary=b");
    let cases = [
        (kind("application/dtmf-relay"), "Signal=1\r\n".to_owned(), 0),
        (kind("application/media_control+xml"), "<x/>".to_owned(), 0),
        (kind("application/pidf+xml"), "<x/>".to_owned(), 0),
        (kind("application/EmergencyCallData.Control+xml"), "<x/>".to_owned(), 0),
        (both.clone(), parts("application/pidf+xml"), 0),
        (kind("application/unheard-of") + "Content-Disposition: render;handling=optional\r\n", "x".to_owned(), 0),
        ("Info-Package: EmergencyCallData.eCall.MSD\r\n".to_owned() + &kind("application/anything"), "x".to_owned(), 0),
        ("Info-Package: unheard-of;x=1\r\n".to_owned(), String::new(), 469),
        (kind("application/unheard-of"), "x".to_owned(), 415),
        (both.clone(), parts("application/unheard-of"), 415),
        (kind("application/rs-metadata+xml"), "<x/>".to_owned(), 403),
        (kind("application/rs-metadata-request"), "x".to_owned(), 403),
        (both, parts("application/rs-metadata+xml"), 403),
        (kind("text/plain") + "Content-Disposition: recording-session\r\n", "x".to_owned(), 403),
    ];
    for (more, content, code) in cases {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        world.send(CALLER, caller.request("INFO", &more, &content));
        if code == 0 {
            world.got(PSAP_1, "INFO");
        } else {
            let refusal = world.got(CALLER, &format!("{code} INFO"));
            assert_eq!(refusal.value(Name::RecvInfo).is_some(), code == 469);
            assert_eq!(refusal.value(Name::Accept).is_some(), code == 415);
            assert_eq!(blocked(&world), if code == 403 { vec![Feature::Recording] } else { vec![] });
            assert_eq!(world.words(PSAP_1), NOTHING, "{more}");
        }
        world.clear();
        world.send(PSAP_1, far.request("INFO", &more, &content));
        assert_eq!(world.words(CALLER), ["INFO"], "the PSAP's side is not judged");
    }
}

#[test]
fn nothing_of_a_call_is_shown_to_who_subscribes() {
    let packages = [("dialog", 403), ("conference", 403), ("refer", 403), ("kpml", 403), ("call-info", 403)];
    for (package, code) in packages.into_iter().chain([("presence", 489), ("", 489)]) {
        let mut world = World::new();
        let (mut caller, mut far) = world.talk(KNOWN, "911", PSAP_1);
        let event = if package.is_empty() { String::new() } else { format!("Event: {package};id=7\r\n") };
        world.send(CALLER, caller.request("SUBSCRIBE", &event, ""));
        world.got(CALLER, &format!("{code} SUBSCRIBE"));
        assert_eq!(blocked(&world).len(), usize::from(code == 403));
        world.send(PSAP_1, far.request("SUBSCRIBE", &event, ""));
        world.got(PSAP_1, &format!("{code} SUBSCRIBE"));
        world.send(CALLER, caller.outside("SUBSCRIBE", &event, ""));
        world.got(CALLER, &format!("{code} SUBSCRIBE"));
        assert_eq!(beside(&world, Feature::Watching), usize::from(code == 403));
        assert_eq!((world.words(CALLER), world.words(PSAP_1)), (vec![], vec![]));
    }
}

fn recorders() -> Vec<Caller> {
    let mut found = Vec::new();
    for mark in ["x-nearend", "x-farend", "x-refci=27298687", "x-nearendaddr=4000"] {
        let mut caller = Caller::new(KNOWN, "911");
        caller.from = format!("<sip:{KNOWN}@pbx.example;{mark}>");
        found.push(caller);
    }
    let mut caller = Caller::new(KNOWN, "911");
    caller.more = "Content-Type: multipart/mixed;boundary=b\r\n".into();
    caller.sdp = format!(
        "--b\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b\r\nContent-Type: application/rs-metadata+xml\r\n\
         Content-Disposition: recording-session\r\n\r\n<recording/>\r\n--b--\r\n"
    );
    found.push(caller);
    found
}

#[test]
fn a_recorder_without_a_word_is_403_unless_it_dials_911() {
    for number in ["5551234", "933", "988"] {
        for mut caller in recorders() {
            caller.request_uri = format!("sip:{number}@127.0.0.1");
            let mut world = World::new();
            world.send(CALLER, caller.invite());
            world.got(CALLER, "403 INVITE");
            assert_eq!(world.engine.active_calls(), 0, "{number}");
            assert_eq!(beside(&world, Feature::Recording), usize::from(number != "988"));
        }
    }
    for caller in recorders() {
        let mut world = World::new();
        world.send(CALLER, caller.invite());
        let far = world.rung(PSAP_1);
        assert!(!crate::peers::text(far.invite.bytes()).contains("rs-metadata"));
    }
}

fn lists(message: &callbox::sip::message::Message, name: Name, word: &str) -> bool {
    value(message, name).split(", ").any(|listed| listed == word)
}

#[test]
fn each_leg_is_told_what_we_take_on_it_and_keeps_being_told_the_same() {
    for (number, port, caller_may, far_may, far_replaces) in [
        ("911", PSAP_1, false, true, true),
        ("5551234", GATEWAY, true, true, false),
        ("988", CRISIS, true, true, false),
    ] {
        let mut world = World::new();
        let mut caller = world.dial(KNOWN, number);
        let mut far = world.rung(port);
        let offered = value(&far.invite, Name::Allow);
        assert_eq!(lists(&far.invite, Name::Allow, "REFER"), far_may);
        world.answer(&far, 180);
        world.answer(&far, 200);
        let ringing = world.got(CALLER, "180 INVITE");
        let answer = world.got(CALLER, "200 INVITE");
        assert_eq!(lists(&answer, Name::Allow, "REFER"), caller_may, "{number}");
        assert_eq!(value(&ringing, Name::Allow), value(&answer, Name::Allow));
        caller.learn(&answer);
        world.send(CALLER, caller.ack(""));
        world.send(CALLER, caller.request("INVITE", "", &SDP.replace("40000", "40002")));
        let passed = world.got(port, "INVITE");
        assert_eq!(value(&passed, Name::Allow), offered);
        assert_eq!(lists(&passed, Name::Supported, "replaces"), far_replaces);
        world.send(port, far.response_to(&passed, 200, "", SDP));
        let changed = world.got(CALLER, "200 INVITE");
        assert_eq!(value(&changed, Name::Allow), value(&answer, Name::Allow));
        world.send(CALLER, caller.ack(""));
        world.send(port, far.request("OPTIONS", "", ""));
        assert_eq!(value(&world.got(port, "200 OPTIONS"), Name::Allow), offered);
        world.send(port, far.request("PUBLISH", "", ""));
        assert_eq!(value(&world.got(port, "405 PUBLISH"), Name::Allow), offered);
        world.send(CALLER, caller.request("PUBLISH", "", ""));
        assert_eq!(value(&world.got(CALLER, "405 PUBLISH"), Name::Allow), value(&answer, Name::Allow));
        world.send(CALLER, caller.request("UPDATE", "", ""));
        assert_eq!(value(&world.got(CALLER, "200 UPDATE"), Name::Allow), value(&answer, Name::Allow));
    }
}

#[test]
fn a_trunk_that_only_takes_calls_is_told_what_its_leg_would_say() {
    let mut world = World::new();
    let mut psap = Caller::new(KNOWN, "callbox");
    psap.port = PSAP_2;
    world.send(PSAP_2, psap.outside("OPTIONS", "", ""));
    let answer = world.got(PSAP_2, "200 OPTIONS");
    assert!(lists(&answer, Name::Allow, "REFER") && lists(&answer, Name::Supported, "replaces"));
    world.send(CALLER, Caller::new(KNOWN, "callbox").outside("OPTIONS", "", ""));
    assert!(!lists(&world.got(CALLER, "200 OPTIONS"), Name::Allow, "REFER"));
}
