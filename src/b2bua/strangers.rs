//! Requests that belong to no call: OPTIONS, and all that is not for us.
use super::core::Core;
use super::headers::Abilities;
use super::midcall::{refer, subscribe};
use super::{intake, judge};
use crate::base::now::Now;
use crate::cache::{Snapshot, Who};
use crate::classify::{self, Class};
use crate::fact::{Fact, Feature};
use crate::record::Source;
use crate::sip::flow::Flow;
use crate::sip::message::{Message, Method, Name, Unreadable};
use crate::sip::respond;
use crate::sip::transaction::ServerId;

/// Whether a request has what every transaction needs: a head that ends, a Via, a From, a Call-ID and a CSeq of its own
/// method (rulings 1; RFC 3261 §8.1.1). Two different ones are as good as none (RFC 4475 §3.3.8).
pub fn is_usable(request: &Message) -> bool {
    let method = request.method();
    request.fault() != Some(Unreadable::Head)
        && request.via().is_some()
        && request.from().is_some()
        && request.call_id().is_some()
        && request.cseq().is_some_and(|(_, of)| Some(of) == method)
        && (method != Some(Method::Other)
            || request.value(Name::CSeq).is_some_and(|of| names(of, request.method_text())))
        && [Name::From, Name::CallId, Name::CSeq].into_iter().all(|name| says_one_thing(request, name))
}

/// Whether a CSeq is of this method: of one that we do not know, its text decides.
fn names(cseq: &[u8], method: &[u8]) -> bool {
    cseq.split(u8::is_ascii_whitespace).next_back() == Some(method)
}

fn says_one_thing(request: &Message, name: Name) -> bool {
    let mut values = request.values(name);
    let first = values.next();
    values.all(|value| Some(value) == first)
}

/// Answers 400 to a request that nothing can be kept of; ACK is never answered, and without a Via there is no way back.
/// Strangers hear it of an INVITE alone.
pub fn refuse_unusable(core: &mut Core, flow: Flow, request: &Message, is_stranger: bool) {
    core.facts.push(Fact::Unreadable { fault: "header" });
    let silent = is_stranger && request.method() != Some(Method::Invite);
    if request.via().is_some() && request.method() != Some(Method::Ack) && !silent {
        let buffer = core.buffer();
        let tag = core.handle(u32::MAX).text();
        let mut writer = respond::respond(buffer, request, flow.peer, 400, "", Some(tag.as_bytes()), false);
        writer.field(Name::Server, super::core::PRODUCT);
        let bytes = core.finish(writer, None);
        core.send(flow, bytes);
    }
}

/// A request outside any dialog that is no INVITE. Strangers hear nothing (rulings 22).
pub fn answer(core: &mut Core, now: Now, id: ServerId, flow: Flow, request: &Message, snapshot: &Snapshot, who: Who) {
    let Who::Trunk(trunk, source) = who else {
        core.facts.push(Fact::UnknownSource { refused: false });
        return core.layer.ignore(id);
    };
    // Who places calls is told what callers are; who only takes them, what its own leg would say.
    let abilities = match &source {
        Some(_) => Abilities::towards_caller(true),
        None => Abilities::towards(trunk.profile, trunk.transfers),
    };
    let code = judge::spelling(request).unwrap_or_else(|| match request.method() {
        Some(Method::Options) if judge::unknown_extensions(request).next().is_some() => 420,
        Some(Method::Options) if core.draining => 503,
        Some(Method::Options) => 200,
        Some(Method::Message) => {
            match source.filter(|source| class_of(snapshot, request, source) == Some(Class::Emergency)) {
                Some(source) => {
                    core.facts.push(Fact::MessageToEmergency { source: source.trunk.clone() });
                    501
                }
                None => 405,
            }
        }
        Some(Method::Refer) if judge::unknown_extensions(request).next().is_some() => 420,
        Some(Method::Refer) if !refer::has_one_target(request) => 400,
        Some(Method::Refer) => 403,
        Some(Method::Subscribe) => subscribe::refusal(request),
        Some(Method::Bye | Method::Update | Method::Info | Method::Prack | Method::Notify) => 481,
        Some(Method::Register | Method::Publish) => 405,
        _ => 501,
    });
    let feature = match (request.method(), code) {
        (Some(Method::Refer), 403) => Some(Feature::Transfer),
        (Some(Method::Subscribe), 403) => Some(Feature::Watching),
        _ => None,
    };
    core.facts.extend(feature.map(|feature| Fact::BlockedBeside { trunk: trunk.name.clone(), feature }));
    core.answer(now, id, request, flow, code, |writer| match code {
        200 => abilities.write_all(writer),
        _ => judge::explain(writer, request, code, abilities),
    });
}

/// What kind of call a request would be, of a caller that no site lists.
pub fn class_of(snapshot: &Snapshot, request: &Message, source: &Source) -> Option<Class> {
    let asked = intake::read(request, source, None, false);
    let site = snapshot.site(&source.default_site)?;
    Some(classify::decide(site, snapshot.dial_plan(&site.country), asked.dialled()).class)
}

/// Our word for a fault of the wire.
pub const fn word(fault: Unreadable) -> &'static str {
    match fault {
        Unreadable::Empty => "empty",
        Unreadable::StartLine => "start_line",
        Unreadable::Head => "head",
        Unreadable::Body => "body",
        Unreadable::TooLarge => "too_large",
    }
}
