//! The header table row by row, read out of what leaves: a wrong golden file cannot hide here.
use crate::columns::{COLUMNS, Column, column};
use crate::invites::{COMMENT, INVITES, Invite, example_location, plain, rich};
use crate::read::{Sent, values};
use crate::xmllint::assert_parts_valid;
use callbox::sip::message::{Message, Name, NameAddr};

/// What one column of the table says; a row of several values is written in one line, and an empty one is absent.
struct Rows {
    column: &'static str,
    uri: &'static str,
    to: &'static str,
    /// From and P-Asserted-Identity of the plain INVITE and of the rich one.
    from: [&'static str; 2],
    asserted: [&'static str; 2],
    contact: &'static str,
    routing: [&'static str; 2],
    resource: &'static str,
    priority: &'static str,
    supported: [&'static str; 2],
    allow: &'static str,
    accept: &'static str,
    /// Which headers of the rich INVITE go along.
    kept: &'static [Name],
    /// Which media types the rich INVITE leaves with.
    parts: &'static [&'static str],
}

const SDP: &str = "application/sdp";
const PIDF: &str = "application/pidf+xml";
const NAMED: &str = "\"Desk 7\" <sip:+13125550123@callbox.example;user=phone>";
const ROOM: &str = "\"Room 314B\" <sip:+13125550123@callbox.example;user=phone>";
const ALLOW_PSAP: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, REFER, NOTIFY";

const TABLE: [Rows; 6] = [
    Rows {
        column: "psap-i3",
        uri: "urn:service:sos",
        to: "<urn:service:sos>",
        from: [NAMED, ROOM],
        asserted: [NAMED, ROOM],
        contact: "<sip:cb-",
        routing: ["yes", "yes"],
        resource: "esnet.1",
        priority: "",
        supported: ["100rel, timer, replaces", "100rel, timer, replaces, geolocation-http"],
        allow: ALLOW_PSAP,
        accept: "application/sdp, application/pidf+xml, text/plain",
        kept: &[Name::Reason, Name::SessionId, Name::Diversion, Name::HistoryInfo, Name::CallInfo, Name::Geolocation],
        parts: &[
            SDP,
            PIDF,
            "application/EmergencyCallData.Comment+xml",
            PIDF,
            "application/EmergencyCallData.ProviderInfo+xml",
            "application/EmergencyCallData.ServiceInfo+xml",
            "application/EmergencyCallData.DeviceInfo+xml",
            "application/EmergencyCallData.SubscriberInfo+xml",
        ],
    },
    Rows {
        column: "psap-legacy",
        uri: "sip:911@127.0.0.1:5070;user=phone",
        to: "<sip:911@127.0.0.1:5070;user=phone>",
        // The ELIN of the place that the number has; but the location that came names another place, whose ELIN nobody
        // knows, and the number itself is the best that is left.
        from: ["<sip:+13125550111@callbox.example;user=phone>", "<sip:+13125550123@callbox.example;user=phone>"],
        asserted: ["<sip:+13125550111@callbox.example;user=phone>", "<sip:+13125550123@callbox.example;user=phone>"],
        contact: "<sip:elin-1312555",
        routing: ["", ""],
        resource: "",
        priority: "",
        supported: ["100rel, timer", "100rel, timer"],
        allow: "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER",
        accept: SDP,
        kept: &[Name::Reason, Name::SessionId],
        parts: &[SDP],
    },
    Rows {
        column: "relay-place",
        uri: "sip:911@127.0.0.1:5072",
        to: "<sip:911@127.0.0.1:5072>",
        from: [NAMED, ROOM],
        asserted: [NAMED, ROOM],
        contact: "<sip:cb-",
        routing: ["yes", "yes"],
        resource: "",
        priority: "emergency",
        supported: ["100rel, timer", "100rel, timer, geolocation-http"],
        allow: ALLOW_PSAP,
        accept: "application/sdp, application/pidf+xml",
        kept: &[Name::Reason, Name::SessionId, Name::Diversion, Name::HistoryInfo, Name::Geolocation],
        parts: &[SDP, PIDF, PIDF],
    },
    Rows {
        column: "test-ivr",
        uri: "sip:933@127.0.0.1:5076",
        to: "<sip:933@127.0.0.1:5076>",
        from: [NAMED, ROOM],
        asserted: [NAMED, ROOM],
        contact: "<sip:callbox@",
        routing: ["yes", "yes"],
        resource: "",
        priority: "non-urgent",
        supported: ["timer", "timer"],
        allow: "INVITE, ACK, BYE, CANCEL, OPTIONS",
        accept: SDP,
        kept: &[Name::Reason, Name::SessionId],
        parts: &[SDP],
    },
    Rows {
        column: "crisis",
        uri: "sip:988@127.0.0.1:5073;user=phone",
        to: "<sip:988@127.0.0.1:5073;user=phone>",
        from: ["\"Desk 7\" <sip:+13125550123@pbx.example>", "\"Anonymous\" <sip:anonymous@anonymous.invalid>"],
        asserted: ["", ""],
        contact: "<sip:callbox@",
        routing: ["", ""],
        resource: "",
        priority: "",
        supported: ["100rel, timer", "100rel, timer"],
        allow: "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY",
        accept: SDP,
        kept: &[Name::Reason, Name::SessionId, Name::Privacy],
        parts: &[SDP],
    },
    Rows {
        column: "gateway-911",
        uri: "sip:911@127.0.0.1:5074",
        to: "<sip:911@",
        from: ["\"Desk 7\" <sip:+13125550150@pbx.example>", "\"Room 314B\" <sip:4217@acme.example>"],
        asserted: ["", "\"Room 314B\" <sip:+13125550150@acme.example;user=phone>"],
        contact: "<sip:callbox@",
        routing: ["", "yes"],
        resource: "",
        priority: "",
        supported: ["100rel, timer", "100rel, timer"],
        allow: "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY",
        accept: SDP,
        kept: &[
            Name::Reason,
            Name::SessionId,
            Name::Privacy,
            Name::Diversion,
            Name::HistoryInfo,
            Name::CallInfo,
            Name::Geolocation,
            Name::PPreferredIdentity,
            Name::RemotePartyId,
            Name::PAccessNetworkInfo,
            Name::PChargeInfo,
            Name::PEarlyMedia,
            Name::Organization,
            Name::Subject,
            Name::AlertInfo,
        ],
        parts: &[SDP, PIDF, "application/EmergencyCallData.Comment+xml", "application/rs-metadata+xml"],
    },
];

/// Headers that describe the call, of which each column keeps some.
const DESCRIBING: [Name; 16] = [
    Name::Reason,
    Name::SessionId,
    Name::Privacy,
    Name::Diversion,
    Name::HistoryInfo,
    Name::CallInfo,
    Name::Geolocation,
    Name::PPreferredIdentity,
    Name::RemotePartyId,
    Name::PAccessNetworkInfo,
    Name::PChargeInfo,
    Name::PEarlyMedia,
    Name::Organization,
    Name::Subject,
    Name::AlertInfo,
    Name::Identity,
];

/// Headers that no outgoing INVITE has.
const NEVER: [Name; 18] = [
    Name::Route,
    Name::RecordRoute,
    Name::Require,
    Name::ProxyRequire,
    Name::Path,
    Name::Authorization,
    Name::ProxyAuthorization,
    Name::Join,
    Name::Replaces,
    Name::TargetDialog,
    Name::ReferTo,
    Name::ReferSub,
    Name::ReferredBy,
    Name::AcceptContact,
    Name::RejectContact,
    Name::RequestDisposition,
    Name::Identity,
    Name::Timestamp,
];

fn sent(column: Column, invite: Invite) -> Sent {
    Sent::read(column.invite(invite))
}

#[test]
fn each_column_has_the_values_of_its_rows() {
    for rows in TABLE {
        for (place, (name, invite)) in INVITES.into_iter().enumerate() {
            let sent = sent(column(rows.column), invite);
            let at = format!("{} {name}", rows.column);
            let uri = String::from_utf8_lossy(sent.message.request_uri()).into_owned();
            assert!(uri.starts_with(rows.uri), "{at}: {uri}");
            assert!(sent.one(Name::To).starts_with(rows.to), "{at}: {}", sent.one(Name::To));
            let (from, tag) =
                sent.one(Name::From).rsplit_once(";tag=").map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a tag");
            assert_eq!(from, rows.from[place], "{at}");
            assert_eq!(tag.len(), 26, "{at}: a tag of ours");
            assert_eq!(sent.all(Name::PAssertedIdentity).join(" | "), rows.asserted[place], "{at}");
            assert!(sent.one(Name::Contact).starts_with(rows.contact), "{at}: {}", sent.one(Name::Contact));
            assert!(sent.one(Name::Contact).ends_with("@127.0.0.1:5060>"), "{at}: {}", sent.one(Name::Contact));
            let found = |name| sent.all(name).join(" | ");
            assert_eq!(found(Name::GeolocationRouting), rows.routing[place], "{at}");
            assert_eq!(found(Name::ResourcePriority), rows.resource, "{at}");
            assert_eq!(found(Name::Priority), rows.priority, "{at}");
            assert_eq!(found(Name::Supported), rows.supported[place], "{at}");
            assert_eq!(found(Name::Allow), rows.allow, "{at}");
            assert_eq!(found(Name::Accept), rows.accept, "{at}");
        }
    }
}

#[test]
fn what_describes_the_call_goes_along_where_the_table_says_so_and_stays_behind_elsewhere() {
    let received = Message::read(rich("911", "+13125550123").into()).expect("an INVITE");
    for rows in TABLE {
        let sent = sent(column(rows.column), rich);
        for name in DESCRIBING {
            let (came, left) = (values(&received, name), sent.all(name));
            let at = format!("{}: {}", rows.column, name.text());
            if rows.kept.contains(&name) {
                let kept: Vec<_> = left.iter().filter(|value| came.contains(value)).collect();
                assert_eq!(kept, came.iter().collect::<Vec<_>>(), "{at}");
            } else {
                assert!(left.is_empty(), "{at}: {left:?}");
            }
        }
        assert_eq!(sent.types(), rows.parts, "{}", rows.column);
    }
}

#[test]
fn nothing_of_the_callers_hop_dialog_or_equipment_leaves_on_any_trunk() {
    for column in COLUMNS {
        let sent = sent(column, rich);
        for name in NEVER {
            assert!(sent.all(name).is_empty(), "{}: {}", column.name, name.text());
        }
        assert_eq!(sent.all(Name::Via).len(), 1, "{}", column.name);
        assert!(sent.one(Name::UserAgent).starts_with("callbox/"), "{}", column.name);
        assert_eq!(sent.one(Name::CSeq), "1 INVITE", "{}", column.name);
        assert!(sent.one(Name::CallId).ends_with("@callbox.example"), "{}", column.name);
        let text = String::from_utf8_lossy(sent.message.bytes()).into_owned();
        let (head, _) = text.split_once("\r\n\r\n").expect("a head");
        let whole = column.name.starts_with("gateway");
        assert!(!head.contains("hop-only"), "{}: {head}", column.name);
        assert!(whole || !text.contains("hop-only"), "{}: {text}", column.name);
        assert!(whole || !head.to_ascii_lowercase().contains("\r\nx-"), "{}: {head}", column.name);
        assert!(!head.contains("psap-callback"), "{}: {head}", column.name);
    }
}

#[test]
fn every_message_is_framed_dated_timed_and_one_hop_further() {
    for column in COLUMNS {
        for (_, invite) in INVITES {
            let sent = sent(column, invite);
            let text = String::from_utf8_lossy(sent.message.bytes()).into_owned();
            let (_, body) = text.split_once("\r\n\r\n").expect("a body");
            assert_eq!(sent.one(Name::ContentLength), body.len().to_string(), "{}", column.name);
            assert_eq!(sent.one(Name::MaxForwards), "69", "{}", column.name);
            assert_eq!(sent.one(Name::Date), "Sat, 21 Nov 2026 20:15:03 GMT", "{}", column.name);
            assert_eq!(sent.one(Name::SessionExpires), "1800;refresher=uac", "{}", column.name);
            assert_eq!(sent.one(Name::MinSe), "90", "{}", column.name);
        }
    }
}

#[test]
fn every_location_that_came_goes_first_and_ours_says_that_it_is_ours() {
    for name in ["psap-i3", "relay-place"] {
        let locations = sent(column(name), rich).list(Name::Geolocation);
        assert_eq!(locations.len(), 3, "{name}: {locations:?}");
        assert_eq!(locations[0], "<https://lis.acme.example/ref/6fJ2h0>;loc-src=lis.acme.example");
        assert_eq!(locations[1], "<cid:loc-4217.9a1@pbx1.acme.example>");
        assert!(locations[2].ends_with("@callbox.example>;loc-src=callbox.example"), "{}", locations[2]);
        assert_eq!(sent(column(name), plain).list(Name::Geolocation).len(), 1);
    }
}

#[test]
fn a_location_says_neither_an_address_nor_us_as_its_source_when_neither_added_it() {
    let forged = "Geolocation: <https://a.example/1>;loc-src=192.0.2.1;x=1, <https://b.example/2>;loc-src=[2001:db8::1],\r\n \
        <https://c.example/3>;loc-src=Callbox.example, <https://d.example/4>;loc-src=d.example\r\n";
    let invite = plain("911", "+13125550123").replace("CSeq:", &format!("{forged}CSeq:"));
    let sent = Sent::read(column("psap-i3").pass(invite));
    let mut locations = sent.list(Name::Geolocation);
    assert!(locations.pop().is_some_and(|own| own.starts_with("<cid:loc-")));
    let wanted = [
        "<https://a.example/1>;x=1",
        "<https://b.example/2>",
        "<https://c.example/3>",
        "<https://d.example/4>;loc-src=d.example",
    ];
    assert_eq!(locations, wanted);
}

#[test]
fn received_parts_leave_byte_for_byte_and_every_reference_resolves() {
    let location = example_location();
    for (name, parts) in [("psap-i3", vec![location.as_str(), COMMENT]), ("relay-place", vec![location.as_str()])] {
        let sent = sent(column(name), rich);
        for part in parts {
            assert!(sent.parts().iter().any(|found| found.bytes == part.as_bytes()), "{name}: {part}");
        }
    }
    for column in COLUMNS {
        for (_, invite) in INVITES {
            let sent = sent(column, invite);
            let head = sent
                .list(Name::Geolocation)
                .into_iter()
                .chain(sent.list(Name::CallInfo))
                .collect::<Vec<_>>()
                .join("\n");
            let body = String::from_utf8_lossy(sent.message.body_slice()).into_owned();
            for reference in format!("{head}\n{body}").split("cid:").skip(1) {
                let id = reference.split(['>', '"', '\r', '\n']).next().unwrap_or_default();
                let found = sent.parts().iter().any(|part| part.content_id == id.as_bytes());
                assert!(found, "{}: cid:{id}", column.name);
            }
        }
    }
}

#[test]
fn every_document_that_leaves_is_valid() {
    // The bench looks at each of ours on every trunk; here the kinds are counted that it has seen.
    let mut kinds = std::collections::BTreeSet::new();
    for name in ["psap-i3", "relay", "relay-place"] {
        for (_, invite) in INVITES {
            let sent = sent(column(name), invite);
            assert_parts_valid(&sent.message);
            kinds.extend(sent.types());
        }
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}

#[test]
fn our_own_parts_may_be_left_unread_and_share_one_reference() {
    let sent = sent(column("psap-i3"), plain);
    let own: Vec<_> =
        sent.parts().into_iter().filter(|part| !part.is(SDP)).map(|part| part.disposition.to_vec()).collect();
    assert_eq!(own, vec![b"by-reference;handling=optional".to_vec(); 5]);
    let body = String::from_utf8_lossy(sent.message.body_slice()).into_owned();
    let references: Vec<_> =
        body.split("DataProviderReference>").skip(1).step_by(2).map(|rest| rest.split('<').next()).collect();
    assert_eq!(references.len(), 4);
    assert!(references.iter().all(|reference| *reference == references[0]));
    let purposes = sent.list(Name::CallInfo);
    for (purpose, block) in purposes.iter().zip(["ProviderInfo", "ServiceInfo", "DeviceInfo", "SubscriberInfo"]) {
        assert!(purpose.ends_with(&format!(">;purpose=EmergencyCallData.{block}")), "{purpose}");
    }
}

#[test]
fn a_crisis_call_says_nothing_of_where_the_caller_is_on_any_trunk() {
    for name in ["crisis", "crisis-gateway"] {
        let text = String::from_utf8_lossy(&column(name).invite(rich)).to_ascii_lowercase();
        for word in
            ["geolocation", "pidf", "denver", "example plaza", "314b", "ieee-802", "lis.acme", "emergencycalldata"]
        {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn silence_suppression_is_taken_out_for_those_who_help_and_left_alone_elsewhere() {
    for column in COLUMNS {
        for (_, invite) in INVITES {
            let session = sent(column, invite).session();
            let helps = ["psap", "relay", "test"].iter().any(|kind| column.name.starts_with(kind));
            assert_eq!(session.contains("RTP/AVP 0 8 18 101\r\n"), helps, "{}: {session}", column.name);
            assert_eq!(session.contains("a=fmtp:18 annexb=no\r\n"), helps, "{}: {session}", column.name);
            assert_eq!(session.contains("CN/8000"), !helps, "{}: {session}", column.name);
        }
    }
}

#[test]
fn a_call_that_is_passed_on_whole_keeps_its_body_byte_for_byte() {
    for name in ["gateway-911", "gateway-other"] {
        for (_, invite) in INVITES {
            let column = column(name);
            let received = Message::read(invite(column.dialled, column.number).into()).expect("an INVITE");
            let sent = sent(column, invite);
            assert_eq!(sent.message.body_slice(), received.body_slice(), "{name}");
            assert_eq!(sent.one(Name::ContentType), values(&received, Name::ContentType)[0], "{name}");
            assert_eq!(sent.message.contact().map(|contact| contact.uri.user), Some(&b"callbox"[..]));
            let to = NameAddr::read(sent.message.value(Name::To).unwrap_or_default()).map(|to| to.uri.text.to_vec());
            assert_eq!(to, received.to().map(|to| to.uri.text.to_vec()), "{name}");
        }
    }
}
