//! A phone of one city that is plugged in in another: its PSAP is that of the place, its number stays its own.
use crate::held::{HELD, LAB, asked, assert_says};
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::router;
use crate::sipp::{Answerer, Caller, Wire, free_port, scenario};
use std::net::SocketAddr;

/// The lab's desk phone of extension 4117, at port 3 of a switch in Denver.
const AT_DENVER: &str = "<locationRequest xmlns=\"urn:ietf:params:xml:ns:geopriv:held\">\
    <device xmlns=\"urn:ietf:params:xml:ns:geopriv:held:id\"><mac>02-00-00-00-0A-01</mac></device>\
    <measurements xmlns=\"urn:ietf:params:xml:ns:geopriv:lm\"><lldp xmlns=\"urn:ietf:params:xml:ns:geopriv:lm:lldp\">\
    <chassis type=\"4\">020000000d01</chassis><port type=\"5\">33</port></lldp></measurements></locationRequest>";

#[test]
fn a_phone_of_chicago_in_denver_reaches_denvers_psap_with_its_room_and_a_chicago_number() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let denver = Wire { own: SocketAddr::from(([127, 0, 0, 1], free_port())), stream: false };
    config.psap_of("psap-denver", denver, "{ state = \"CO\", city = \"Denver\" }");
    config.append("lab/buildings.csv", "denver,US,CO,Denver,Sample,Street,5,80202\n");
    config.append("lab/locations.csv", "denver-901,denver,9,901,\n");
    config.append("lab/wiremap.csv", "acme,denver-901,02-00-00-00-0D-01,3,,,,\n");
    let mut psap = Answerer::plays(&scenario("answerer/psap"), denver);
    let chicago = Answerer::start("psap", 5070);
    let _router = router::run_file(&config.file());
    let told = asked("POST", &format!("{HELD}{LAB}"), AT_DENVER);
    assert_says(&told, "200", &["<ca:A3>Denver</ca:A3>", "<ca:ROOM>901</ca:ROOM>"]);
    Caller::new("call").from("4117").calls();
    psap.finishes();
    let invite = &psap.invites()[0];
    let body = String::from_utf8_lossy(&invite.bytes).into_owned();
    assert!(body.contains("<ca:A3>Denver</ca:A3>") && body.contains("<ca:ROOM>901</ca:ROOM>"), "{body}");
    // The extension cannot be dialled from outside: a number of its own site's pool is lent to it.
    let asserted = invite.header("P-Asserted-Identity").unwrap_or_default();
    assert!(asserted.contains("+1312555019"), "{asserted}");
    assert!(chicago.requests().is_empty());
}
