//! What is told of a call beside its facts: to those who notify, and to the evidence.
use crate::peers::{Caller, body, text, value};
use crate::world::{CRISIS, DEPOT, GATEWAY, KNOWN, PSAP_1, PSAP_2, RELAY, UNPLACED, World};
use callbox::account::{Account, News, Particulars, Signalled};
use callbox::record::Number;
use callbox::sip::message::{Message, Name, multipart};

const CAME: &str = "<?xml version=\"1.0\"?>\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"pres:a@b\">\n \
                    <!-- spaced   as it came --> </presence>\n";

fn particulars(account: &Account) -> &Particulars {
    match &account.news {
        News::Decided(particulars) => particulars,
        _ => panic!("{account:?} is no decision"),
    }
}

fn signalled(world: &World) -> Vec<&Signalled> {
    let of = |account: &'_ Account| matches!(account.news, News::Signalled(_));
    let told = world.accounts.iter().filter(|account| of(account));
    told.map(|account| if let News::Signalled(told) = &account.news { &**told } else { unreachable!() }).collect()
}

/// The location documents that an INVITE carries.
fn documents(invite: &Message) -> Vec<Vec<u8>> {
    let kind = invite.value(Name::ContentType).unwrap_or_default();
    let parts = multipart::parts(kind, invite.body_slice());
    parts.iter().filter(|part| part.is("application/pidf+xml")).map(|part| part.content.to_vec()).collect()
}

fn told_documents(told: &Signalled) -> Vec<Vec<u8>> {
    told.documents.iter().map(|document| document.expose().to_vec()).collect()
}

/// A caller whose INVITE carries a document of its own.
fn with_document(from: &str) -> Caller {
    let mut caller = Caller::new(from, "911");
    caller.more = "Content-Type: multipart/mixed;boundary=b\r\nGeolocation: <cid:here@pbx.example>\r\n".into();
    let session = caller.sdp.clone();
    caller.sdp = format!(
        "--b\r\nContent-Type: application/sdp\r\n\r\n{session}\r\n--b\r\nContent-Type: application/pidf+xml\r\n\
         Content-ID: <here@pbx.example>\r\n\r\n{CAME}\r\n--b--\r\n"
    );
    caller
}

#[test]
fn of_an_emergency_call_it_is_told_who_calls_from_where_and_which_number_reaches_the_caller() {
    let mut world = World::new();
    let mut caller = Caller::new(KNOWN, "9911");
    caller.more = "Content-Type: application/sdp\r\n".into();
    world.send(crate::world::CALLER, caller.invite());
    let account = world.accounts[0].clone();
    let told = particulars(&account);
    assert_eq!((&*told.organisation, &*told.site.id, &*told.source), ("acme", "hq", "pbx"));
    assert_eq!(told.place().map(AsRef::as_ref), Some("hq-101"));
    assert_eq!(told.building().map(AsRef::as_ref), Some("hq-main"));
    assert_eq!(told.service.as_ref().map(Number::expose), Some("911"));
    assert_eq!(told.dialled.as_ref().map(Number::expose), Some("9911"));
    assert_eq!(told.callback.as_ref().map(|(number, from)| (number.expose(), *from)), Some((KNOWN, "own")));
    assert_eq!((told.way, told.cause), ("direct", None));
    assert_eq!(told.targets.iter().map(|name| &**name).collect::<Vec<_>>(), ["psap-1", "psap-2", "relay", "gateway"]);
    let printed = format!("{account:?}");
    assert!(!printed.contains("3125550123") && !printed.contains("hq"), "{printed}");
}

#[test]
fn the_documents_that_are_told_are_those_of_each_invite_byte_for_byte() {
    let mut world = World::new();
    world.send(crate::world::CALLER, with_document(KNOWN).invite());
    let first = world.rung(PSAP_1);
    world.answer(&first, 486);
    let second = world.rung(PSAP_2);
    let told = signalled(&world);
    assert_eq!(told.iter().map(|told| &*told.trunk).collect::<Vec<_>>(), ["psap-1", "psap-2"]);
    for (told, far) in told.iter().zip([&first, &second]) {
        let sent = documents(&far.invite);
        assert_eq!(sent.len(), 2, "{}", body(&far.invite));
        assert!(told_documents(told) == sent);
        assert!(sent[0] == CAME.as_bytes());
        assert_eq!(told.number.as_ref().map(Number::expose), Some(KNOWN));
    }
}

#[test]
fn a_location_that_came_as_a_uri_is_told_as_the_uri_that_goes_out() {
    let mut world = World::new();
    let mut caller = Caller::new(UNPLACED, "911");
    caller.more = "Content-Type: application/sdp\r\nGeolocation: <https://lis.example/held/token>\r\n".into();
    world.send(crate::world::CALLER, caller.invite());
    let told = signalled(&world);
    let references: Vec<_> = told[0].references.iter().map(|uri| uri.expose().to_string()).collect();
    assert_eq!(references, ["https://lis.example/held/token"]);
}

#[test]
fn a_call_that_goes_on_whole_is_told_with_what_it_carries() {
    let mut world = World::new();
    world.send(crate::world::CALLER, with_document(DEPOT).invite());
    let far = world.rung(GATEWAY);
    assert!(told_documents(signalled(&world)[0]) == documents(&far.invite));
    assert!(
        signalled(&world)[0].number.is_none(),
        "the number is the caller's own: {}",
        value(&far.invite, Name::From)
    );
}

#[test]
fn why_a_call_goes_to_the_relay_is_told() {
    let mut world = World::new();
    world.dial(UNPLACED, "911");
    let told = particulars(&world.accounts[0]);
    assert_eq!((told.way, told.cause), ("relay", Some("user_no_address")));
    assert!(!text(world.rung(RELAY).invite.bytes()).is_empty());
}

#[test]
fn a_crisis_call_and_an_everyday_call_are_told_to_nobody() {
    for (number, port) in [("988", CRISIS), ("5551234", GATEWAY)] {
        let mut world = World::new();
        world.dial(KNOWN, number);
        let far = world.rung(port);
        world.answer(&far, 486);
        assert!(world.accounts.is_empty(), "{number}: {:?}", world.accounts);
    }
}
