//! Which headers of a caller's INVITE go along, by the trunk's profile, and what we say of ourselves.
use super::geolocation;
use crate::record::Profile;
use crate::sip::message::{Field, Message, Name, Writer};
use arrayvec::ArrayVec;

/// The session interval that we ask for, in seconds (RFC 4028 §4).
pub const SESSION_SECS: u32 = 1800;

/// The shortest session interval that we agree on, in seconds (RFC 4028 §4).
pub const SHORTEST_SECS: u32 = 90;

/// What becomes of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes along, byte for byte.
    Kept,
    /// It stays behind, or [`super::offer`] writes it anew.
    Left,
}

/// The fate of a header of the caller's INVITE. `replaces`: the caller's numbers give way to one of ours, so that no
/// other header may say another.
pub fn fate(profile: Profile, replaces: bool, invite: &Message, field: &Field) -> Fate {
    let name = field.name;
    let always = matches!(name, Name::Reason | Name::SessionId);
    let kept = match profile {
        Profile::I3 => always || on_i3(name, invite.field_name(field)),
        Profile::Relay => always || matches!(name, Name::Diversion | Name::HistoryInfo),
        Profile::Legacy | Profile::Test => always,
        Profile::Crisis => always || name == Name::Privacy,
        Profile::Whole => {
            let is_mark =
                name == Name::Priority && invite.field_value(field).eq_ignore_ascii_case(CALLBACK_MARK.as_bytes());
            let is_other_number = replaces && says_a_number(name);
            let is_hop = belongs_to_hop(name) || (name == Name::Other && is_of_hop(invite.field_name(field)));
            !(is_hop || is_mark || is_other_number)
        }
    };
    if kept { Fate::Kept } else { Fate::Left }
}

/// The mark of a call back from a PSAP (RFC 7090 §3): believed from emergency trunks alone, and never passed on for
/// anyone else (rulings 14).
pub const CALLBACK_MARK: &str = "psap-callback";

/// On i3 routes all that describes the call goes along; what describes the caller's equipment, asserts identities or
/// asks something of a proxy does not. Unknown end-to-end headers pass, private ones (`X-`, `P-`) do not.
fn on_i3(name: Name, text: &[u8]) -> bool {
    match name {
        Name::CallInfo | Name::Diversion | Name::HistoryInfo => true,
        Name::Other => !text.is_empty() && !begins(text, &["X-", "P-"]) && !is_of_hop(text),
        _ => false,
    }
}

/// Headers without a [`Name`] that two neighbours settle between them (RFC 3329, RFC 3261 §22.3).
fn is_of_hop(text: &[u8]) -> bool {
    begins(text, &["Security-", "Proxy-"])
}

fn begins(text: &[u8], prefixes: &[&str]) -> bool {
    let begins =
        |prefix: &&str| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()));
    prefixes.iter().any(begins)
}

/// Headers of the hop, the dialog and the transaction: written anew for each leg (RFC 7092 §3). The rest of a call that
/// is passed on whole goes along.
fn belongs_to_hop(name: Name) -> bool {
    matches!(
        name,
        Name::Via
            | Name::From
            | Name::To
            | Name::CallId
            | Name::CSeq
            | Name::Contact
            | Name::MaxForwards
            | Name::MaxBreadth
            | Name::Route
            | Name::RecordRoute
            | Name::Path
            | Name::ContentLength
            | Name::ContentType
            | Name::Supported
            | Name::Require
            | Name::ProxyRequire
            | Name::Allow
            | Name::AllowEvents
            | Name::Accept
            | Name::SessionExpires
            | Name::MinSe
            | Name::RSeq
            | Name::RAck
            | Name::Date
            | Name::UserAgent
            | Name::Timestamp
            | Name::PAssertedIdentity
            | Name::Authorization
            | Name::ProxyAuthorization
            | Name::Join
            | Name::Replaces
            | Name::TargetDialog
            | Name::ReferTo
            | Name::ReferSub
            | Name::ReferredBy
            | Name::AcceptContact
            | Name::RejectContact
            | Name::RequestDisposition
            | Name::Identity
            | Name::IdentityInfo
            | Name::ResourcePriority
    )
}

/// Headers beside From and P-Asserted-Identity in which a gateway looks for the caller's number.
fn says_a_number(name: Name) -> bool {
    matches!(name, Name::PPreferredIdentity | Name::RemotePartyId | Name::PChargeInfo)
}

/// The extensions that we name on a leg. Where locations by reference go along, their extensions do too (RFC 6442
/// §4.6). Without an offer of ours a reliable provisional response would bring one that PRACK must answer (RFC 3262 §5)
/// before the caller has spoken; so none is asked for. `refers`: whether a location URI of ours goes along.
pub fn supported(profile: Profile, invite: &Message, offered: bool, refers: bool) -> ArrayVec<&'static str, 5> {
    let mut all = ArrayVec::new();
    if offered && profile != Profile::Test {
        all.push("100rel");
    }
    all.push("timer");
    if profile == Profile::I3 {
        all.push("replaces");
    }
    if matches!(profile, Profile::I3 | Profile::Relay) {
        let has = |schemes: &[&str]| geolocation::references(invite).any(|(_, found)| schemes.contains(&found));
        if refers || has(&["http", "https"]) {
            all.push("geolocation-http");
        }
        if has(&["sip", "sips", "pres"]) {
            all.push("geolocation-sip");
        }
    }
    all
}

/// What we take and can on a leg (RFC 3261 §8.1.1.9, §13.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// The methods.
    pub allow: &'static str,
    /// The extensions, once there is a dialog.
    pub supported: &'static str,
    /// The body types.
    pub accept: &'static str,
}

impl Abilities {
    /// Towards a caller. Where it is kept from transferring, REFER is not named.
    pub const fn towards_caller(protected: bool) -> Abilities {
        let allow = if protected { ALLOW_CALLER } else { ALLOW_FREE_CALLER };
        Abilities { allow, supported: "100rel, timer", accept: ACCEPT_CALLER }
    }

    /// Towards an answerer, who may transfer the call or not.
    pub const fn towards(profile: Profile, transfers: bool) -> Abilities {
        let supported = if matches!(profile, Profile::I3) { "timer, replaces" } else { "timer" };
        Abilities { allow: allow(profile, transfers), supported, accept: accept(profile) }
    }

    /// What an OPTIONS is told (RFC 3261 §11.2).
    pub fn write_all(&self, writer: &mut Writer) {
        writer
            .field(Name::Allow, self.allow)
            .field(Name::Accept, self.accept)
            .field(Name::AcceptEncoding, "identity")
            .field(Name::AcceptLanguage, "en")
            .field(Name::Supported, self.supported);
    }

    /// What a request that may change the session, and the 2xx to one, say of us. Without 100rel: what a reliable
    /// provisional response to a re-INVITE has carried out, no refusal could take back (RFC 6141 §3.1).
    pub fn write(&self, writer: &mut Writer) {
        let supported = self.supported.trim_start_matches("100rel, ");
        writer.field(Name::Supported, supported).field(Name::Allow, self.allow);
    }
}

/// The methods that we take on a leg towards an answerer, who may transfer the call or not.
pub const fn allow(profile: Profile, transfers: bool) -> &'static str {
    match profile {
        Profile::I3 | Profile::Relay if transfers => {
            "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, REFER, NOTIFY"
        }
        Profile::I3 | Profile::Relay => "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY",
        Profile::Test => "INVITE, ACK, BYE, CANCEL, OPTIONS",
        Profile::Legacy if transfers => "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER",
        Profile::Legacy => "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO",
        Profile::Crisis | Profile::Whole => "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY",
    }
}

/// The methods that we take from a caller's side: without REFER, since it may not transfer.
const ALLOW_CALLER: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE";

/// The same where it may transfer.
const ALLOW_FREE_CALLER: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, REFER, NOTIFY";

/// The body types that we take on a leg.
pub const fn accept(profile: Profile) -> &'static str {
    match profile {
        Profile::I3 => "application/sdp, application/pidf+xml, text/plain",
        Profile::Relay => "application/sdp, application/pidf+xml",
        Profile::Legacy | Profile::Test | Profile::Crisis | Profile::Whole => "application/sdp",
    }
}

/// The body types that we take from a caller's side.
const ACCEPT_CALLER: &str = "application/sdp, application/pidf+xml, multipart/mixed";
