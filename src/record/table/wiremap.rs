//! Which piece of network is where.
use super::fault::Faults;
use super::form::Form;
use super::kind::Kind;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{ById, File, Location, Organisation, PLACES};
use crate::record::wiremap::{self, Key, Network, Public};
use crate::record::{Chassis, Mac, Port};
use core::net::IpAddr;
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::sync::Arc;

pub(super) const WIREMAP: Layout = Layout {
    columns: &[
        required("organisation").names(&[Kind::Organisations]),
        optional("location").names(PLACES),
        optional("chassis").form(Form::Chassis),
        optional("port").form(Form::Chassis),
        optional("bssid").form(Form::Mac),
        optional("gateway").form(Form::Mac),
        optional("subnet").form(Form::Network),
        optional("public").form(Form::Address),
    ],
    civic: false,
    key: &[ORGANISATION, CHASSIS, PORT, BSSID, GATEWAY, SUBNET, PUBLIC],
};
const ORGANISATION: usize = 0;
const LOCATION: usize = 1;
const CHASSIS: usize = 2;
const PORT: usize = 3;
const BSSID: usize = 4;
const GATEWAY: usize = 5;
const SUBNET: usize = 6;
const PUBLIC: usize = 7;

/// Reads the file.
pub(super) fn read(
    rows: &[File<'_>],
    organisations: &ById<Organisation>,
    places: &ById<Location>,
    faults: &mut Faults,
) -> Vec<wiremap::Row> {
    let mut read = Vec::new();
    let mut seen = HashSet::<_, RandomState>::default();
    each_row(rows, &WIREMAP, faults, |row, faults| {
        let organisation = organisations.get(row.cell(ORGANISATION)).map(|known| &known.id);
        if organisation.is_none() {
            row.fault(ORGANISATION, "no such organisation", "add it to the organisations", faults);
        }
        let location = row.known(LOCATION, places, super::NO_LOCATION, faults).map(|known| Arc::clone(&known.id));
        let (Some((column, key)), Some(organisation)) = (key(row, faults), organisation) else { return };
        if seen.insert((Arc::clone(organisation), key.clone())) {
            read.push(wiremap::Row { organisation: Arc::clone(organisation), key, location });
        } else {
            row.fault(column, "the organisation has a line for this already", "keep one of the two lines", faults);
        }
    });
    read
}

/// What lines of this table are found by, each with its organisation. A line that cannot be read is left out.
pub fn keys(file: &File<'_>) -> Vec<(Arc<str>, Key)> {
    let (mut keys, mut faults) = (Vec::new(), Faults::default());
    each_row(core::slice::from_ref(file), &WIREMAP, &mut faults, |row, faults| {
        keys.extend(key(row, faults).map(|(_, key)| (row.cell(ORGANISATION).into(), key)));
    });
    keys
}

/// What the row is found by, and the column that says it.
fn key(row: &Row<'_>, faults: &mut Faults) -> Option<(usize, Key)> {
    // A port needs its switch, and a subnet may say which public address it is behind: neither stands for itself then.
    let named: Vec<usize> = [CHASSIS, BSSID, GATEWAY, SUBNET, PUBLIC]
        .into_iter()
        .filter(|&column| !row.cell(column).is_empty())
        .filter(|&column| column != PUBLIC || row.cell(SUBNET).is_empty())
        .collect();
    if !row.cell(PORT).is_empty() && row.cell(CHASSIS).is_empty() {
        row.fault(PORT, "the switch of this port is not named", "fill chassis", faults);
        return None;
    }
    match named[..] {
        [column] => Some((column, of_column(row, column, faults)?)),
        [] => {
            let remedy = "fill chassis (and port), bssid, gateway, subnet or public";
            row.fault(CHASSIS, "the line names no piece of network", remedy, faults);
            None
        }
        [_, second, ..] => {
            row.fault(second, "the line names two pieces of network", "give each a line of its own", faults);
            None
        }
    }
}

fn of_column(row: &Row<'_>, column: usize, faults: &mut Faults) -> Option<Key> {
    match column {
        CHASSIS => {
            let chassis = cell(row, CHASSIS, Chassis::read, ("this is no switch", CHASSIS_REMEDY), faults)?;
            if row.cell(PORT).is_empty() {
                return Some(Key::Switch(chassis));
            }
            let remedy = "write it as the switch says it by LLDP, as 7 or GigabitEthernet1/0/7";
            Some(Key::Port(chassis, cell(row, PORT, Port::read, ("this is no port", remedy), faults)?))
        }
        BSSID => cell(row, BSSID, Mac::read, MAC, faults).map(Key::Bssid),
        GATEWAY => cell(row, GATEWAY, Mac::read, MAC, faults).map(Key::Gateway),
        SUBNET => {
            let remedy = "write it as 10.1.4.0/24, with nothing behind the prefix";
            let network = cell(row, SUBNET, Network::read, ("this is no subnet", remedy), faults)?;
            match row.cell(PUBLIC).is_empty() {
                true => Some(Key::Subnet(network, None)),
                false => Some(Key::Subnet(network, Some(public(row, faults)?))),
            }
        }
        _ => public(row, faults).map(Key::Public),
    }
}

fn public(row: &Row<'_>, faults: &mut Faults) -> Option<Public> {
    let read = |text: &str| text.parse::<IpAddr>().ok().map(Public::new);
    cell(row, PUBLIC, read, ("this is no address", "write one address, as 192.0.2.1"), faults)
}

const MAC: (&str, &str) = ("this is no hardware address", "write it as 02-00-00-00-00-11");
const CHASSIS_REMEDY: &str = "write it as the switch says it by LLDP, as 02-00-00-00-01-01";

fn cell<T>(
    row: &Row<'_>,
    column: usize,
    read: impl Fn(&str) -> Option<T>,
    (why, remedy): (&str, &str),
    faults: &mut Faults,
) -> Option<T> {
    let value = read(row.cell(column));
    if value.is_none() {
        row.fault(column, why, remedy, faults);
    }
    value
}
