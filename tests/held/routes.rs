//! Whom an emergency call from there reaches (RFC 7840).
use crate::devices::{DESK, Lis, PHONE, STRANGE, device, port};
use crate::requests::request;
use crate::xmllint::assert_valid;

const WANTED: &str = "<requestRoutingInformation xmlns=\"urn:ietf:params:xml:ns:geopriv:held:ri\"/>";

/// The `service` of an answer.
fn service(text: &str) -> Option<&str> {
    let inside = text.split("held:ri\">").nth(1)?;
    inside.split("</routingInformation>").next()
}

fn to_us(attributes: &str) -> Option<String> {
    let dest = "<dest>sip:911@callbox.example</dest>";
    Some(format!("<service{attributes} serviceUri=\"urn:service:sos\">{dest}</service>"))
}

#[test]
fn a_phone_that_asks_for_its_route_is_led_to_us_and_told_when_no_psap_serves_its_place() {
    let lis = Lis::new();
    let placed = format!("{WANTED}{}{}", device("<mac>02-00-00-00-0A-01</mac><uri>tel:4117</uri>"), port(b'7'));
    assert_valid("held.xsd", &request(&placed));
    let ask = |inside: &str| service(&lis.ask_from(DESK, inside).0).map(str::to_owned);
    assert_eq!(ask(&placed), to_us(""));
    assert_eq!(ask(&placed.replace(WANTED, "")), None, "who does not ask is not told");
    let by_reference = format!("<locationType>locationURI</locationType>{WANTED}{}", device(STRANGE));
    assert_eq!(
        ask(&by_reference),
        to_us(" defaultRoute=\"true\"").map(|route| route.replace("911", "112")),
        "nothing is known of where it is, not even its country"
    );
    let fire = WANTED.replace("/>", " service=\"urn:service:sos.fire\"/>");
    assert_eq!(ask(&placed.replace(WANTED, &fire)), to_us(""), "one route serves all");
    let unknown = WANTED.replace("/>", " service=\"urn:service:sos.dragon\"/>");
    assert_eq!(ask(&placed.replace(WANTED, &unknown)), to_us(""));
}

#[test]
fn a_site_whose_emergency_calls_go_by_its_gateway_has_no_route_but_the_default() {
    let lis = Lis::new();
    let branch = format!("{WANTED}{}", device("<uri>tel:+13125550150</uri>"));
    assert_eq!(service(&lis.ask_from(DESK, &branch).0).map(str::to_owned), to_us(" defaultRoute=\"true\""));
}

#[test]
fn a_location_uri_tells_its_holder_of_the_place_alone() {
    let lis = Lis::new();
    let token = lis.token(&format!("{WANTED}{}{}", device(PHONE), port(b'7')));
    assert_eq!(service(&lis.at(&token).0), None);
}
