//! A request as it comes. What is not known is passed over (RFC 5985 §5.1), and what a device may leave out it may also
//! get wrong: only what would change whose location is told, or whether one is, is an error.
use super::request::{Code, Error, Form, Identity, Measured, Request, ResponseTime, Target, Wanted};
use super::tree::{self, Element};
use super::{HELD, IDENTITY};
use crate::record::Number;

/// The most identities of one request.
const MOST_IDENTITIES: usize = 16;
/// The most measurements of one request; others are passed over.
const MOST_MEASURED: usize = 256;

const MEASUREMENTS: &str = "urn:ietf:params:xml:ns:geopriv:lm";
const LLDP: &str = "urn:ietf:params:xml:ns:geopriv:lm:lldp";
const WIFI: &str = "urn:ietf:params:xml:ns:geopriv:lm:wifi";
const DHCP: &str = "urn:ietf:params:xml:ns:geopriv:lm:dhcp";

/// Reads a request.
///
/// # Errors
/// `xmlError` for what is no XML, has a DTD or is beyond a limit; `unsupportedMessage` for another message;
/// `requestError` for a form of location that nobody knows; `badIdentifier` for too many identities.
pub fn read(document: &[u8]) -> Result<Request, Error> {
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
    if request.identities.len() > MOST_IDENTITIES {
        return Err(Error::new(Code::BadIdentifier, "there are too many identities"));
    }
    for measurements in root.children.iter().filter(|child| child.is(MEASUREMENTS, "measurements")) {
        request.measured.extend(measurements.children.iter().flat_map(measured));
    }
    request.measured.truncate(MOST_MEASURED);
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
    let mut wanted = Wanted { forms: Vec::new(), exact: is_true(element.attribute("exact")) };
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

fn is_true(attribute: Option<&str>) -> bool {
    matches!(attribute, Some("true" | "1"))
}

fn identity(element: &Element) -> Identity {
    let text = element.text();
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && (6..=15).contains(&text.len());
    let target = match element.name.as_str() {
        "ip" => text.parse().map_or(Target::Malformed, Target::Ip),
        "mac" => octets(text).filter(|octets| matches!(octets.len(), 6 | 8)).map_or(Target::Malformed, Target::Mac),
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

fn number(text: &str) -> Target {
    Number::read(text).map_or(Target::Malformed, Target::Number)
}

/// RFC 6155 §3.5: a `tel:` URI, with the extension where it has one, or the user of a SIP URI.
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
        let user = rest.split_once('@').map(|(user, _)| user.split([';', ':']).next().unwrap_or_default());
        user.map_or(Target::Unsupported, number)
    } else {
        Target::Unsupported
    }
}

fn measured(element: &Element) -> Vec<Measured> {
    match (element.namespace.as_str(), element.name.as_str()) {
        (LLDP, "lldp") => lldp(element).into_iter().collect(),
        (WIFI, "wifi") => element.in_namespace(WIFI).filter(|ap| ap.name == "ap").filter_map(access_point).collect(),
        (DHCP, "dhcp-rai") => dhcp(element).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn lldp(element: &Element) -> Option<Measured> {
    let part = |name| {
        let part = element.child(name)?;
        let octets = octets(part.text()).filter(|octets| !octets.is_empty())?;
        Some((part.attribute("type").and_then(|kind| kind.parse().ok()).unwrap_or(0), octets))
    };
    Some(Measured::Lldp { chassis: part("chassis")?, port: part("port")? })
}

fn access_point(element: &Element) -> Option<Measured> {
    let bssid = octets(element.child("bssid")?.text())?.try_into().ok()?;
    let rcpi = element.child("deviceSignal").and_then(|signal| signal.child("rcpi"));
    // Without `dBm` it is in dBm (RFC 7105, the schema of §8.5).
    let rcpi = rcpi.filter(|rcpi| !matches!(rcpi.attribute("dBm"), Some("false" | "0")));
    let rcpi_dbm = rcpi.and_then(|rcpi| rcpi.text().parse::<f64>().ok()).filter(|dbm| dbm.abs() < 1000.0);
    Some(Measured::Wifi {
        bssid,
        serving: is_true(element.attribute("serving")),
        rcpi_dbm: rcpi_dbm.map(|dbm| dbm.round() as i16),
    })
}

fn dhcp(element: &Element) -> Option<Measured> {
    let part = |name| element.child(name).and_then(|part| octets(part.text())).unwrap_or_default();
    Some(Measured::Dhcp {
        giaddr: element.child("giaddr")?.text().parse().ok()?,
        circuit: part("circuit"),
        remote: part("remote"),
        subscriber: part("subscriber"),
    })
}

/// Octets in hexadecimal, in either case, with or without `-`, `:` or `.` between them.
fn octets(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for letter in text.chars().filter(|letter| !matches!(letter, '-' | ':' | '.')) {
        let digit = u8::try_from(letter.to_digit(16)?).ok()?;
        match high.take() {
            Some(high) => octets.push(high << 4 | digit),
            None => high = Some(digit),
        }
    }
    high.is_none().then_some(octets)
}
