//! Devices.
use super::fault::Faults;
use super::form::Form;
use super::kind::Kind;
use super::line::Lines;
use super::sheet::{Layout, Row, each_row, optional, required};
use super::{Against, ById, File, Location, Organisation, PLACES};
use crate::record::{Capability, Device, DeviceClass, Mac, device};
use foldhash::fast::RandomState;
use hashbrown::HashSet;
use std::sync::Arc;

pub(super) const DEVICES: Layout = Layout {
    columns: &[
        required("id"),
        required("organisation").names(&[Kind::Organisations]),
        required("class"),
        optional("mac").form(Form::Mac),
        optional("instance").form(Form::Instance),
        optional("model"),
        optional("capability"),
        optional("lines").form(Form::Number).list().names(&[Kind::Numbers]),
        optional("home").names(PLACES),
        optional("ecbn").form(Form::Number),
    ],
    civic: false,
    key: &[ID],
};
const ID: usize = 0;
const ORGANISATION: usize = 1;
const CLASS: usize = 2;
const MAC: usize = 3;
const INSTANCE: usize = 4;
const MODEL: usize = 5;
const CAPABILITY: usize = 6;
const LINES: usize = 7;
const HOME: usize = 8;
const ECBN: usize = 9;

/// Reads the file.
pub(super) fn read(
    devices: &[File<'_>],
    organisations: &ById<Organisation>,
    places: &ById<Location>,
    lines: &Lines,
    against: Against<'_>,
    faults: &mut Faults,
) -> ById<Device> {
    let mut read = ById::default();
    let mut macs = HashSet::<_, RandomState>::default();
    let mut instances = HashSet::<_, RandomState>::default();
    each_row(devices, &DEVICES, faults, |row, faults| {
        let Some(device) = device(row, organisations, places, lines, against, faults) else { return };
        let is_new_mac = device.mac.is_none_or(|mac| macs.insert((Arc::clone(&device.organisation), mac)));
        if !is_new_mac {
            row.fault(MAC, "the organisation has a device with this address", "keep one of the two lines", faults);
        }
        let is_new_instance = device
            .instance
            .as_ref()
            .is_none_or(|instance| instances.insert((Arc::clone(&device.organisation), Arc::clone(instance))));
        if !is_new_instance {
            row.fault(INSTANCE, "the organisation has a device with this id", "keep one of the two lines", faults);
        }
        if !read.insert(&Arc::clone(&device.id), device) {
            row.fault(ID, "another device has this id", "give each its own", faults);
        }
    });
    read
}

fn device(
    row: &Row<'_>,
    organisations: &ById<Organisation>,
    places: &ById<Location>,
    lines: &Lines,
    against: Against<'_>,
    faults: &mut Faults,
) -> Option<Device> {
    let organisation = row.known(ORGANISATION, organisations, super::NO_ORGANISATION, faults);
    let home = row.known(HOME, places, super::NO_LOCATION, faults);
    let class = DeviceClass::ALL.into_iter().find(|class| class.text() == row.cell(CLASS));
    if class.is_none() {
        let remedy = "write fixed, nomadic, soft, mobile, dect, ata or virtual";
        row.fault(CLASS, "this is no class of devices", remedy, faults);
    }
    let mac = row.read(MAC, Mac::read, ("this is no hardware address", "write it as 02-00-00-00-0A-01"), faults);
    let instance_form = ("this is no instance id", "write it as urn:uuid:00000000-0000-1000-8000-0200000000a1");
    let instance = row.read(INSTANCE, device::instance, instance_form, faults);
    let word = |text: &str| Capability::ALL.into_iter().find(|capability| capability.text() == text);
    let ecbn = row.outside_number(ECBN, faults);
    let written = row.read(CAPABILITY, word, ("this is no capability", "write held, held+ or none"), faults);
    let (organisation, class) = (organisation?, class?);
    if class.is_silent() && written.is_some_and(Capability::asks) {
        row.fault(CAPABILITY, "a device of this class never asks where it is", "leave it empty", faults);
    }
    let model = row.cell(MODEL);
    let by_model = || if class.is_client() { Capability::HeldPlus } else { against.models.capability(model) };
    let capability = if class.is_silent() { Capability::None } else { written.unwrap_or_else(by_model) };
    if row.cell(ID).contains([' ', ';']) {
        row.fault(ID, "an id has no blank and no semicolon", "write it with hyphens", faults);
    }
    Some(Device {
        id: row.cell(ID).into(),
        organisation: Arc::clone(&organisation.id),
        class,
        mac,
        instance,
        model: (!model.is_empty()).then(|| model.into()),
        capability,
        lines: lines.listed(row, LINES, &organisation.id, faults),
        ecbn,
        home: home.map(|place| Arc::clone(&place.id)),
    })
}
