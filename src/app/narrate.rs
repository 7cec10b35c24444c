//! Facts as log lines. A line has our own call id, our words and configured names, and nothing of the people who call.
use crate::base::id::Handle;
use crate::fact::{Fact, Foreign};
use tracing::{debug, error, info, warn};

/// Writes the line of a fact, when it has one. A crisis call has none.
#[allow(clippy::too_many_lines, reason = "one arm a fact, in the order of the list")]
pub fn fact(fact: &Fact) {
    match fact {
        Fact::CrisisCall => {}
        Fact::Arrived { call, kind, source } => {
            info!(call = %id(*call), class = kind.text(), source = &**source, "call arrived");
        }
        Fact::Decided { call, kind, way, grade, took } => {
            info!(call = %id(*call), class = kind.text(), way, grade, took_us = micros(*took), "call decided");
        }
        Fact::ForeignLocation { call, kind, what: what @ (Foreign::Failed | Foreign::Overdue), why, after } => {
            warn!(
                call = %id(*call), class = kind.text(), what = what.text(), why, after_us = micros(*after),
                "a location by reference is not known"
            );
        }
        Fact::ForeignLocation { call, kind, what, after, .. } => {
            let what = what.text();
            info!(call = %id(*call), class = kind.text(), what, after_us = micros(*after), "a location by reference");
        }
        Fact::LocationUpdate { call, kind, trunk, sent } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, sent, "a late location for the answerer");
        }
        Fact::AttemptStarted { call, kind, trunk } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, "attempt started");
        }
        Fact::AttemptEnded { call, kind, trunk, how, code } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, how = how.text(), code, "attempt ended");
        }
        Fact::AskedAgain { call, kind, trunk, code, change } => {
            warn!(call = %id(*call), class = kind.text(), trunk = &**trunk, code, change, "asked again");
        }
        Fact::Failover { call, kind, from } => {
            warn!(call = %id(*call), class = kind.text(), from = &**from, "next target");
        }
        Fact::Ringing { call, kind, trunk, after } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, after_us = micros(*after), "ringing");
        }
        Fact::Answered { call, kind, trunk, after, .. } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, after_us = micros(*after), "answered");
        }
        Fact::ReportedWrong { call, kind } => {
            warn!(call = %id(*call), class = kind.text(), "the caller of a test call says that what it heard is wrong");
        }
        Fact::Ended { call, kind, outcome, lasted } => {
            info!(
                call = %id(*call), class = kind.text(), outcome = outcome.text(), lasted_us = micros(*lasted),
                "call ended"
            );
        }
        Fact::Repaired { call, kind, defect } => {
            info!(call = %id(*call), class = kind.text(), defect = defect.text(), "fault repaired");
        }
        Fact::FeatureBlocked { call, kind, feature } => {
            info!(call = %id(*call), class = kind.text(), feature = feature.text(), "feature blocked");
        }
        Fact::BlockedBeside { trunk, feature } => {
            info!(trunk = &**trunk, feature = feature.text(), "feature blocked beside a call");
        }
        Fact::TransferRefused { call, kind, why } => {
            warn!(call = %id(*call), class = kind.text(), why, "transfer asked for by the answerer was refused");
        }
        Fact::TransferBegun { call, kind, trunk } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, "transfer begun");
        }
        Fact::Transferred { call, kind, trunk } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, "transferred");
        }
        Fact::TransferFailed { call, kind, code } => {
            warn!(call = %id(*call), class = kind.text(), code, "transfer failed");
        }
        Fact::FarEndLost { call, kind, trunk } => {
            warn!(call = %id(*call), class = kind.text(), trunk = &**trunk, "far end has lost the call and is asked again");
        }
        Fact::BroughtBack { call, kind, trunk } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, "call brought back");
        }
        Fact::TakenOver { call, kind, trunk } => {
            info!(call = %id(*call), class = kind.text(), trunk = &**trunk, "another far end took the call over");
        }
        Fact::FixedDeviceMoved { call, kind } => {
            warn!(call = %id(*call), class = kind.text(), "a fixed device was seen elsewhere");
        }
        Fact::Forwarded { call, kind } => {
            warn!(call = %id(*call), class = kind.text(), "the caller was forwarded here by somebody else");
        }
        Fact::NumberLent { call, kind, site } => {
            info!(call = %id(*call), class = kind.text(), site = &**site, "number lent to the caller");
        }
        Fact::CallbackPoolEmpty { call, kind, site } => {
            error!(call = %id(*call), class = kind.text(), site = &**site, "no callback number was free; the next best is shown");
        }
        Fact::Diverted { call, kind, trunk } => {
            warn!(call = %id(*call), class = kind.text(), trunk = &**trunk, "a call back was forwarded or queued and is not followed");
        }
        Fact::CallbackPoolLow { site, free, size } => {
            warn!(site = &**site, free, size, "few callback numbers are free");
        }
        Fact::CallbackPool { .. } => {}
        Fact::HungUpSoon { call, kind } => {
            info!(call = %id(*call), class = kind.text(), "the caller hung up so soon that it may have misdialled");
        }
        Fact::AnswerNotAcknowledged { call, kind } => {
            warn!(call = %id(*call), class = kind.text(), "the caller never acknowledged the answer; the call goes on");
        }
        Fact::NoSession { call, kind, side } => {
            warn!(call = %id(*call), class = kind.text(), side, "an offer was acknowledged without an answer; it is offered again");
        }
        Fact::SessionsDiffer { call, kind, side } => {
            warn!(call = %id(*call), class = kind.text(), side, "a side could not be told of new media of the other");
        }
        Fact::SideSilent { call, kind, side } => {
            warn!(call = %id(*call), class = kind.text(), side, "a side is silent; it is asked again and the call goes on");
        }
        Fact::Orphaned { call, kind } => {
            warn!(call = %id(*call), class = kind.text(), "neither side is there any more");
        }
        Fact::MessageToEmergency { source } => {
            warn!(source = &**source, "a text message to an emergency number was refused");
        }
        Fact::UnknownSource { refused } => debug!(refused, "request from an unknown source"),
        Fact::FromElsewhere { what, taken } => warn!(what, taken, "from an address that its trunk does not have"),
        Fact::Refused { kind, code: 503 } => warn!(class = kind.text(), "no room for a call"),
        Fact::Refused { kind, code } => info!(class = kind.text(), code, "call refused"),
        Fact::TrunkState { trunk, up: true } => info!(trunk = &**trunk, "trunk is up"),
        Fact::TrunkState { trunk, up: false } => warn!(trunk = &**trunk, "trunk is down"),
        Fact::TrunkAddressState { trunk, address, up: true } => {
            info!(trunk = &**trunk, %address, "one address of a trunk is up");
        }
        Fact::TrunkAddressState { trunk, address, up: false } => {
            warn!(trunk = &**trunk, %address, "one address of a trunk is down");
        }
        Fact::Unwitnessed { lost, over: false } => {
            error!(lost, "notices and records fall behind and miss calls; calls go on")
        }
        Fact::Unwitnessed { lost, over: true } => warn!(lost, "notices and records are told of calls again"),
        Fact::NotKept { what, over: false } => {
            error!(what, "the disk takes nothing of this; it waits in memory and calls go on");
        }
        Fact::NotKept { what, over: true } => info!(what, "the disk takes this again"),
        Fact::Unreadable { fault } => debug!(fault, "unreadable message"),
    }
}

fn id(call: Handle) -> impl core::fmt::Display {
    call.text()
}

fn micros(span: core::time::Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
