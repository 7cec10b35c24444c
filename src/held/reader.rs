//! A request as it comes. What is not known is passed over (RFC 5985 §5.1), and what a device may leave out it may also
//! get wrong: only what would change whose location is told, or whether one is, is an error.
use super::measured::{MEASUREMENTS, measured};
use super::request::{Code, Error, Form, Identity, Request, ResponseTime, Target, Wanted};
use super::tree::{self, Element};
use super::{FLOW, HELD, IDENTITY, ROUTING};
use crate::base::now::Wall;
use crate::record::measured::MOST_INTERFACES;
use crate::record::{Mac, Number};
use core::net::IpAddr;

/// The most identities of one request.
const MOST_IDENTITIES: usize = 16;

/// Reads a request that comes now.
///
/// # Errors
/// `xmlError` for what is no XML, has a DTD or is beyond a limit; `unsupportedMessage` for another message;
/// `requestError` for a form of location that nobody knows; `badIdentifier` for too many identities.
pub fn read(document: &[u8], now: Wall) -> Result<Request, Error> {
    let root =
        tree::read(document).ok_or(const { Error::new(Code::XmlError, "the request is no XML that is read here") })?;
    if !root.is(HELD, "locationRequest") {
        return Err(Error::new(Code::UnsupportedMessage, "only a locationRequest is understood here"));
    }
    let mut request = Request {
        response_time: root.attribute("responseTime").and_then(response_time),
        wanted: root.child("locationType").map(wanted).transpose()?.unwrap_or_default(),
        ..Request::default()
    };
    for device in root.children.iter().filter(|child| child.is(IDENTITY, "device")) {
        request.identities.extend(device.in_namespace(IDENTITY).map(identity));
    }
    request.identities.extend(root.children.iter().filter(|child| child.is(FLOW, "flow")).map(flow));
    if request.identities.len() > MOST_IDENTITIES {
        return Err(Error::new(Code::BadIdentifier, "there are too many identities"));
    }
    request.routing = root.children.iter().any(|child| child.is(ROUTING, "requestRoutingInformation"));
    let all = root.children.iter().filter(|child| child.is(MEASUREMENTS, "measurements"));
    request.measured = all.filter_map(|one| measured(one, now)).take(MOST_INTERFACES).collect();
    Ok(request)
}

fn response_time(text: &str) -> Option<ResponseTime> {
    match text {
        "emergencyRouting" => Some(ResponseTime::EmergencyRouting),
        "emergencyDispatch" => Some(ResponseTime::EmergencyDispatch),
        _ => text.parse().ok().map(ResponseTime::Millis),
    }
}

fn wanted(element: &Element) -> Result<Wanted, Error> {
    let mut wanted = Wanted { forms: Vec::new(), exact: element.is_set("exact") };
    let mut any = false;
    for word in element.text().split_ascii_whitespace() {
        let form = match word {
            "any" => {
                any = true;
                continue;
            }
            "civic" => Form::Civic,
            "geodetic" => Form::Geodetic,
            "locationURI" => Form::Uri,
            _ => return Err(Error::new(Code::RequestError, "a form of location is asked for that is not known")),
        };
        if !wanted.forms.contains(&form) {
            wanted.forms.push(form);
        }
    }
    Ok(if any || wanted.forms.is_empty() { Wanted::default() } else { wanted })
}

fn identity(element: &Element) -> Identity {
    let text = element.text();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && (6..=15).contains(&text.len());
    let target = match element.name.as_str() {
        "ip" => text.parse().map_or(Target::Malformed, Target::Ip),
        "mac" => mac(text),
        "uri" => uri(text),
        "msisdn" | "mdn" if digits(text) => number(&format!("+{text}")),
        "msisdn" | "mdn" => Target::Malformed,
        _ => Target::Unsupported,
    };
    Identity {
        name: element.name.clone(),
        version: element.attribute("v").map(str::to_owned),
        text: text.to_owned(),
        target,
    }
}

/// An EUI-64 is well formed, and no phone that anybody lists has one.
fn mac(text: &str) -> Target {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    match Mac::read(text) {
        Some(mac) => Target::Mac(mac),
        None if digits == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b':')) => {
            Target::Unsupported
        }
        None => Target::Malformed,
    }
}

fn number(text: &str) -> Target {
    Number::read(text).map_or(Target::Malformed, Target::Number)
}

/// RFC 6155 §3.5: a `tel:` URI, with the extension where it has one, or the user of a SIP URI; of one with `gr`, the
/// device's instance id is the better name (RFC 5627 §4.1).
fn uri(text: &str) -> Target {
    let Some((scheme, rest)) = text.split_once(':') else { return Target::Malformed };
    if scheme.eq_ignore_ascii_case("tel") {
        let mut parts = rest.split(';');
        let subscriber = parts.next().unwrap_or_default();
        let extension = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| {
            // `ext` of RFC 3966 §3; RFC 6155's own text spells it out.
            name.eq_ignore_ascii_case("ext") || name.eq_ignore_ascii_case("extension")
        });
        number(extension.map_or(subscriber, |(_, extension)| extension))
    } else if scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips") {
        let instance = rest.split([';', '?']).filter_map(|part| part.split_once('=')).find(|(name, _)| *name == "gr");
        if let Some((_, instance)) = instance.filter(|(_, instance)| instance.starts_with("urn:")) {
            return Target::Instance(instance.to_ascii_lowercase().into());
        }
        let user = rest.split_once('@').map(|(user, _)| user.split([';', ':']).next().unwrap_or_default());
        user.map_or(Target::Unsupported, number)
    } else if scheme.eq_ignore_ascii_case("urn") {
        Target::Instance(text.to_ascii_lowercase().into())
    } else {
        Target::Unsupported
    }
}

/// RFC 6915 §3: the device is at one end of a flow. Its address is what leads to it, and so what is said back; who shares an
/// address by ports is known to whoever translates it, and not here.
fn flow(element: &Element) -> Identity {
    let end = element.attribute("target").unwrap_or("src");
    let address = Some(end).filter(|end| matches!(*end, "src" | "dst")).and_then(|end| {
        let (source, destination) = (endpoint(element, "src")?, endpoint(element, "dst")?);
        Some(if end == "src" { source } else { destination })
    });
    let is_known = |layer: &str| matches!(layer, "udp" | "tcp" | "sctp" | "dccp") || layer.parse::<u8>().is_ok();
    let address = address.filter(|_| element.attribute("layer4").is_some_and(is_known));
    Identity {
        name: "ip".to_owned(),
        version: address.map(|address| if address.is_ipv4() { "4" } else { "6" }.to_owned()),
        text: address.map(|address| address.to_string()).unwrap_or_default(),
        target: address.map_or(Target::Malformed, Target::Ip),
    }
}

/// One end of a flow: an address of the flow's own version, and a port.
fn endpoint(flow: &Element, name: &str) -> Option<IpAddr> {
    let end = flow.child(name)?;
    let _port = end.child("port")?.text().parse::<core::num::NonZeroU16>().ok()?;
    let address: IpAddr = end.child("address")?.text().parse().ok()?;
    let version = if address.is_ipv4() { "ipv4" } else { "ipv6" };
    Some(address).filter(|_| flow.attribute("layer3") == Some(version))
}
