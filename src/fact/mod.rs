//! The one typed list of what can happen. Logs, metrics, receipts and notices are fed from it and from nothing else.
//!
//! A fact names calls by our own identifier, trunks by their configured name and everything else by a word of ours, so
//! that no fact can carry a number, a name, an address or a location.
use crate::base::id::Handle;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

/// A class of calls, as metrics and logs say it. There is no word for a crisis call here: such a call leaves
/// [`Fact::CrisisCall`] and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An emergency call.
    Emergency,
    /// A test call.
    Test,
    /// Any other call.
    Other,
    /// A call back to whoever placed an emergency call.
    Callback,
}

impl Kind {
    /// The word for labels and log fields.
    pub const fn text(self) -> &'static str {
        match self {
            Kind::Emergency => "emergency",
            Kind::Test => "test",
            Kind::Other => "other",
            Kind::Callback => "callback",
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was answered and one side hung up.
    Completed,
    /// The caller gave up before an answer.
    Abandoned,
    /// Every target was tried and failed, or the one that answered was gone before the caller could be told.
    Failed,
    /// We refused it: an unknown source, no route for an `other` call, no room.
    Refused,
}

impl Outcome {
    /// The word for labels and log fields.
    pub const fn text(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::Abandoned => "abandoned",
            Outcome::Failed => "failed",
            Outcome::Refused => "refused",
        }
    }
}

/// What became of one attempt at one trunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attempted {
    /// It answered.
    Answered,
    /// It refused with a final response.
    Refused,
    /// It said nothing in time.
    Silent,
    /// What we sent did not arrive.
    Unreachable,
    /// It was not needed any more.
    Cancelled,
}

impl Attempted {
    /// The word for labels and log fields.
    pub const fn text(self) -> &'static str {
        match self {
            Attempted::Answered => "answered",
            Attempted::Refused => "refused",
            Attempted::Silent => "silent",
            Attempted::Unreachable => "unreachable",
            Attempted::Cancelled => "cancelled",
        }
    }
}

/// A fault in a message that did not stop the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defect {
    /// A SIP version other than 2.0 was read as 2.0.
    Version,
    /// Max-Forwards was missing, unreadable or used up and was set anew.
    MaxForwards,
    /// Require or Proxy-Require named extensions that we do not have and were ignored.
    Require,
    /// The Contact was missing or unreadable.
    Contact,
    /// A header past a limit, or a line that is no header, was left out.
    Dropped,
    /// The From header has no tag.
    FromTag,
    /// The From header is not as the grammar has it and was repaired.
    From,
    /// The To header was missing, unreadable or repaired.
    To,
    /// The To header has a tag of a dialog that is not there; a call was begun all the same.
    ToTag,
    /// A Via below the top one, or what stands around them, cannot be read.
    Via,
    /// The Request-URI has brackets, white space or headers in it, or cannot be read.
    RequestUri,
    /// A header that a request has once came several times; the first was taken.
    Repeated,
    /// Content-Length cannot be used; the body reaches to the end of the datagram.
    ContentLength,
    /// The body is shorter than its Content-Length; what is there was used.
    Body,
    /// The body has no session description that we can find.
    NoSession,
    /// A location points at a part of the body that is not there; the documents that are were used.
    Location,
    /// Replaces or Join named another call; a new one was begun all the same.
    TakesOver,
}

impl Defect {
    /// The word for labels and log fields.
    pub const fn text(self) -> &'static str {
        match self {
            Defect::Version => "version",
            Defect::MaxForwards => "max_forwards",
            Defect::Require => "require",
            Defect::Contact => "contact",
            Defect::Dropped => "dropped_header",
            Defect::FromTag => "from_tag",
            Defect::From => "from",
            Defect::To => "to",
            Defect::ToTag => "to_tag",
            Defect::Via => "via",
            Defect::RequestUri => "request_uri",
            Defect::Repeated => "repeated_header",
            Defect::ContentLength => "content_length",
            Defect::Body => "short_body",
            Defect::NoSession => "no_session",
            Defect::Location => "location",
            Defect::TakesOver => "takes_over",
        }
    }
}

/// Something that a caller's side may not do during an emergency call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Feature {
    /// Hold, in any form.
    Hold,
    /// Transfer by REFER.
    Transfer,
    /// Replacing or joining a dialog.
    Replace,
    /// A conference focus.
    Conference,
    /// A recorder.
    Recording,
    /// Watching the dialog by SUBSCRIBE.
    Watching,
    /// Another call to its line.
    CallWaiting,
}

impl Feature {
    /// The word for labels and log fields.
    pub const fn text(self) -> &'static str {
        match self {
            Feature::Hold => "hold",
            Feature::Transfer => "transfer",
            Feature::Replace => "replace",
            Feature::Conference => "conference",
            Feature::Recording => "recording",
            Feature::Watching => "watching",
            Feature::CallWaiting => "call_waiting",
        }
    }
}

/// What became of a location that is kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Foreign {
    /// It came before the INVITE left.
    InTime,
    /// It was known from another call.
    Kept,
    /// It came after the INVITE had left.
    Late,
    /// The INVITE left without it; it may still come.
    Overdue,
    /// It could not be fetched.
    Failed,
    /// It is at a host at which the source may not be asked.
    Refused,
}

impl Foreign {
    /// The word for labels and log fields.
    pub const fn text(self) -> &'static str {
        match self {
            Foreign::InTime => "in_time",
            Foreign::Kept => "kept",
            Foreign::Late => "late",
            Foreign::Overdue => "overdue",
            Foreign::Failed => "failed",
            Foreign::Refused => "refused",
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are what their names and types say")]
pub enum Fact {
    /// A crisis call came in. This is its only trace.
    CrisisCall,
    /// A call came in and is being handled.
    Arrived { call: Handle, kind: Kind, source: Arc<str> },
    /// It is known whom to ask.
    Decided { call: Handle, kind: Kind, way: &'static str, grade: &'static str, took: Duration },
    /// What became of a location that the caller brought by reference, so long after the INVITE; for a failure, our word
    /// for it.
    ForeignLocation { call: Handle, kind: Kind, what: Foreign, why: &'static str, after: Duration },
    /// A location was learnt after the INVITE left for a trunk that wants it then: whether it was sent.
    LocationUpdate { call: Handle, kind: Kind, trunk: Arc<str>, sent: bool },
    /// A request was sent to a target.
    AttemptStarted { call: Handle, kind: Kind, trunk: Arc<str> },
    /// An attempt is over.
    AttemptEnded { call: Handle, kind: Kind, trunk: Arc<str>, how: Attempted, code: u16 },
    /// A target refused something of our INVITE and is asked again without it, or with what it wants: our word for it.
    AskedAgain { call: Handle, kind: Kind, trunk: Arc<str>, code: u16, change: &'static str },
    /// The next target was started because this one failed or was late.
    Failover { call: Handle, kind: Kind, from: Arc<str> },
    /// A target rings.
    Ringing { call: Handle, kind: Kind, trunk: Arc<str>, after: Duration },
    /// A target answered; `rang` says whether the caller heard ringing before.
    Answered { call: Handle, kind: Kind, trunk: Arc<str>, after: Duration, rang: bool },
    /// The caller of a test call says that what it heard is wrong.
    ReportedWrong { call: Handle, kind: Kind },
    /// The call is over.
    Ended { call: Handle, kind: Kind, outcome: Outcome, lasted: Duration },
    /// A fault was repaired.
    Repaired { call: Handle, kind: Kind, defect: Defect },
    /// The caller's side asked for what it may not have now.
    FeatureBlocked { call: Handle, kind: Kind, feature: Feature },
    /// Somebody at this trunk asked beside any call for what is not to be had.
    BlockedBeside { trunk: Arc<str>, feature: Feature },
    /// A far end asked for a transfer that is not carried out: our word for why.
    TransferRefused { call: Handle, kind: Kind, why: &'static str },
    /// A transfer is carried out: its target is asked by this trunk.
    TransferBegun { call: Handle, kind: Kind, trunk: Arc<str> },
    /// The target of a transfer has the call.
    Transferred { call: Handle, kind: Kind, trunk: Arc<str> },
    /// The target of a transfer did not take the call, or the caller not its session; with this status.
    TransferFailed { call: Handle, kind: Kind, code: u16 },
    /// A far end has lost a call that it had answered; it is asked again.
    FarEndLost { call: Handle, kind: Kind, trunk: Arc<str> },
    /// A call whose far end had lost it is with this one now.
    BroughtBack { call: Handle, kind: Kind, trunk: Arc<str> },
    /// Another far end took the call over from the one who had answered.
    TakenOver { call: Handle, kind: Kind, trunk: Arc<str> },
    /// The caller was forwarded to an emergency number by somebody whom it had called.
    Forwarded { call: Handle, kind: Kind },
    /// The caller's device belongs to another place than the one where its network was seen.
    FixedDeviceMoved { call: Handle, kind: Kind },
    /// The caller has a number of its site's pool.
    NumberLent { call: Handle, kind: Kind, site: Arc<str> },
    /// The caller should have had a number of its site's pool, and there was none; it shows the next best.
    CallbackPoolEmpty { call: Handle, kind: Kind, site: Arc<str> },
    /// The exchange forwarded a call back, or put it into a queue; it is not followed there.
    Diverted { call: Handle, kind: Kind, trunk: Arc<str> },
    /// A site's pool is nearly used up.
    CallbackPoolLow { site: Arc<str>, free: usize, size: usize },
    /// How many numbers of a site's pool are free, and how many there are.
    CallbackPool { site: Arc<str>, free: usize, size: usize },
    /// The caller hung up so soon that it may have misdialled.
    HungUpSoon { call: Handle, kind: Kind },
    /// The caller's side never acknowledged the answer; the call goes on.
    AnswerNotAcknowledged { call: Handle, kind: Kind },
    /// A side acknowledged an offer without an answer to it; it is asked once more, and the other side waits.
    NoSession { call: Handle, kind: Kind, side: &'static str },
    /// A side could not be told what the other side last said of its media.
    SessionsDiffer { call: Handle, kind: Kind, side: &'static str },
    /// A side of an emergency call does not answer, or does not do what it should; the call goes on and it is asked again.
    SideSilent { call: Handle, kind: Kind, side: &'static str },
    /// Neither side of a call has said anything for so long that it is taken for ended.
    Orphaned { call: Handle, kind: Kind },
    /// A text message to an emergency number was refused.
    MessageToEmergency { source: Arc<str> },
    /// A call or request from somewhere that no source or trunk names.
    UnknownSource { refused: bool },
    /// A request that names a dialog of ours, or a response that names a request of ours, came from an address that the
    /// trunk does not have.
    FromElsewhere {
        /// `request` or `response`.
        what: &'static str,
        /// Whether it was taken all the same, since an emergency or crisis call waited for it.
        taken: bool,
    },
    /// A call was not taken: no room, no route for an `other` call, or what it asks for is not to be had.
    Refused { kind: Kind, code: u16 },
    /// A trunk is known to answer, or known not to.
    TrunkState { trunk: Arc<str>, up: bool },
    /// One of a trunk's several addresses is known to answer, or known not to.
    TrunkAddressState { trunk: Arc<str>, address: SocketAddr, up: bool },
    /// Bytes that are no SIP message, by our word for the fault.
    Unreadable { fault: &'static str },
    /// Those who notify and keep records are behind, and were not told of so much: at the first loss, and when it is over.
    Unwitnessed { lost: u64, over: bool },
    /// The disk takes nothing of what is to be kept: `ledger` or `outbox`; or takes it again.
    NotKept { what: &'static str, over: bool },
}

impl Fact {
    /// The call that it is about, and its class; `None` for what is about no call, or a crisis call.
    pub fn call(&self) -> Option<(Handle, Kind)> {
        match self {
            Fact::Arrived { call, kind, .. }
            | Fact::Decided { call, kind, .. }
            | Fact::ForeignLocation { call, kind, .. }
            | Fact::LocationUpdate { call, kind, .. }
            | Fact::AttemptStarted { call, kind, .. }
            | Fact::AttemptEnded { call, kind, .. }
            | Fact::AskedAgain { call, kind, .. }
            | Fact::Failover { call, kind, .. }
            | Fact::Ringing { call, kind, .. }
            | Fact::Answered { call, kind, .. }
            | Fact::ReportedWrong { call, kind }
            | Fact::Ended { call, kind, .. }
            | Fact::Repaired { call, kind, .. }
            | Fact::FeatureBlocked { call, kind, .. }
            | Fact::TransferRefused { call, kind, .. }
            | Fact::TransferBegun { call, kind, .. }
            | Fact::Transferred { call, kind, .. }
            | Fact::TransferFailed { call, kind, .. }
            | Fact::FarEndLost { call, kind, .. }
            | Fact::BroughtBack { call, kind, .. }
            | Fact::TakenOver { call, kind, .. }
            | Fact::Forwarded { call, kind }
            | Fact::FixedDeviceMoved { call, kind }
            | Fact::NumberLent { call, kind, .. }
            | Fact::CallbackPoolEmpty { call, kind, .. }
            | Fact::Diverted { call, kind, .. }
            | Fact::HungUpSoon { call, kind }
            | Fact::AnswerNotAcknowledged { call, kind }
            | Fact::NoSession { call, kind, .. }
            | Fact::SessionsDiffer { call, kind, .. }
            | Fact::SideSilent { call, kind, .. }
            | Fact::Orphaned { call, kind } => Some((*call, *kind)),
            Fact::CrisisCall
            | Fact::BlockedBeside { .. }
            | Fact::MessageToEmergency { .. }
            | Fact::UnknownSource { .. }
            | Fact::FromElsewhere { .. }
            | Fact::Refused { .. }
            | Fact::TrunkState { .. }
            | Fact::TrunkAddressState { .. }
            | Fact::CallbackPoolLow { .. }
            | Fact::CallbackPool { .. }
            | Fact::Unreadable { .. }
            | Fact::Unwitnessed { .. }
            | Fact::NotKept { .. } => None,
        }
    }

    /// The class of the call that it is about.
    pub fn kind(&self) -> Option<Kind> {
        self.call().map(|(_, kind)| kind)
    }
}
