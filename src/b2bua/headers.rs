//! Which headers of a caller's INVITE go along, by the trunk's profile, and what we say of ourselves.
use crate::record::Profile;
use crate::sip::message::{Name, Writer};

/// The session interval that we ask for, in seconds (RFC 4028 §4).
pub const SESSION_SECS: u32 = 1800;

/// What becomes of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes along, byte for byte.
    Kept,
    /// It stays behind, or [`super::offer`] writes it anew.
    Left,
}

/// The fate of a header of the caller's INVITE.
pub fn fate(profile: Profile, name: Name, text: &[u8]) -> Fate {
    let kept = match profile {
        Profile::I3 => on_i3(name, text),
        Profile::Legacy => matches!(name, Name::Reason | Name::SessionId | Name::MaxBreadth),
        Profile::Relay => {
            matches!(name, Name::Reason | Name::SessionId | Name::MaxBreadth | Name::Diversion | Name::HistoryInfo)
        }
        Profile::Test => matches!(name, Name::Reason | Name::SessionId | Name::MaxBreadth),
        Profile::Crisis => matches!(name, Name::Reason | Name::SessionId | Name::MaxBreadth | Name::Privacy),
        Profile::Whole => !belongs_to_hop(name),
    };
    if kept { Fate::Kept } else { Fate::Left }
}

/// On i3 routes all that describes the call goes along; what describes the caller's equipment, asserts identities or
/// asks something of a proxy does not. Unknown end-to-end headers pass, private ones (`X-`, `P-`) do not.
fn on_i3(name: Name, text: &[u8]) -> bool {
    match name {
        Name::CallInfo | Name::Diversion | Name::HistoryInfo | Name::Reason | Name::SessionId | Name::MaxBreadth => {
            true
        }
        Name::Other => {
            let private = |prefix: &[u8]| text.get(..2).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
            !text.is_empty() && !private(b"X-") && !private(b"P-")
        }
        _ => false,
    }
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
            | Name::PAssertedIdentity
            | Name::PPreferredIdentity
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

/// The extensions that we name on a leg.
pub const fn supported(profile: Profile) -> &'static str {
    match profile {
        Profile::I3 => "100rel, timer, replaces",
        Profile::Test => "timer",
        Profile::Legacy | Profile::Relay | Profile::Crisis | Profile::Whole => "100rel, timer",
    }
}

/// The methods that we take on a leg towards an answerer.
pub const fn allow(profile: Profile) -> &'static str {
    match profile {
        Profile::I3 | Profile::Relay => {
            "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, REFER, NOTIFY"
        }
        Profile::Test => "INVITE, ACK, BYE, CANCEL, OPTIONS",
        Profile::Legacy => "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO",
        Profile::Crisis | Profile::Whole => "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY",
    }
}

/// The methods that we take from a caller's side: without REFER, since it may not transfer.
pub const ALLOW_CALLER: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE";

/// The body types that we take on a leg.
pub const fn accept(profile: Profile) -> &'static str {
    match profile {
        Profile::I3 => "application/sdp, application/pidf+xml, text/plain",
        Profile::Relay => "application/sdp, application/pidf+xml",
        Profile::Legacy | Profile::Test | Profile::Crisis | Profile::Whole => "application/sdp",
    }
}

/// What an OPTIONS is told (RFC 3261 §11.2).
pub fn abilities(writer: &mut Writer) {
    writer
        .field(Name::Allow, ALLOW_CALLER)
        .field(Name::Accept, "application/sdp, application/pidf+xml, multipart/mixed")
        .field(Name::AcceptEncoding, "identity")
        .field(Name::AcceptLanguage, "en")
        .field(Name::Supported, "timer");
}
