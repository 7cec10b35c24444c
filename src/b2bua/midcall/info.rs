//! INFO of a caller's side while the call is protected.
use super::Verdict;
use crate::b2bua::recorder;
use crate::fact::Feature;
use crate::sip::message::name_addr::params;
use crate::sip::message::{Message, Name, multipart};

/// The packages that pass: data of vehicles and devices in distress (RFC 8147, RFC 8148).
pub const PACKAGES: &str = "EmergencyCallData.eCall.MSD, EmergencyCallData.VEDS";

/// The types of bodies that pass without a package: digits, picture updates, locations, words.
pub const BODIES: &str = "application/dtmf-relay, application/dtmf, application/hook-flash, \
                          application/vnd.nortelnetworks.digits, application/media_control+xml, application/pidf+xml, \
                          text/plain";

/// What describes an emergency, whatever its subtype (RFC 7852 §11.1.1).
const EMERGENCY_DATA: &str = "application/emergencycalldata.";

/// A `Record` header asks the far end to record (several desk phones send it); a 200 would make the phone say so. What
/// nobody there would know is refused here (RFC 6086 §4.2.2): 469 for a package, 415 for a body.
pub fn judge(request: &Message) -> Verdict {
    if has_record_header(request) || recorder::has_recording(request) {
        return Verdict::Refuse(403, Some(Feature::Recording));
    }
    if let Some(package) = request.value(Name::InfoPackage) {
        let package = package.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        return if lists(PACKAGES, package) { Verdict::Pass } else { Verdict::Refuse(469, None) };
    }
    let content_type = request.value(Name::ContentType).unwrap_or_default();
    let disposition = request.value(Name::ContentDisposition).unwrap_or_default();
    let known = is_optional(disposition)
        || multipart::parts(content_type, request.body_slice())
            .iter()
            .all(|part| part.content.is_empty() || is_optional(part.disposition) || is_known(part.content_type));
    if known { Verdict::Pass } else { Verdict::Refuse(415, None) }
}

fn has_record_header(request: &Message) -> bool {
    let mut fields = request.fields().iter();
    fields.any(|field| field.name == Name::Other && request.field_name(field).eq_ignore_ascii_case(b"Record"))
}

fn lists(list: &str, word: &[u8]) -> bool {
    list.split(", ").any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}

fn is_known(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    let head = essence.get(..EMERGENCY_DATA.len());
    essence.is_empty()
        || lists(BODIES, essence)
        || head.is_some_and(|head| head.eq_ignore_ascii_case(EMERGENCY_DATA.as_bytes()))
}

/// Whether whoever does not know a body may leave it out (RFC 5621 §8.1).
fn is_optional(disposition: &[u8]) -> bool {
    params(disposition)
        .any(|(name, word)| name.eq_ignore_ascii_case(b"handling") && word.eq_ignore_ascii_case(b"optional"))
}
