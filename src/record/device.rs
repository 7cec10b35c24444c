//! Devices: phones, soft clients, and the boxes behind which old phones stand.
use super::{Mac, Number};
use core::fmt;
use std::collections::HashMap;
use std::sync::Arc;

/// What kind of device it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceClass {
    /// A desk phone that belongs to one place.
    Fixed,
    /// A desk phone that is carried about.
    Nomadic,
    /// A client on a computer or tablet.
    Soft,
    /// A client on a telephone that has a dialler of its own.
    Mobile,
    /// A base of cordless phones.
    Dect,
    /// An adapter for analogue phones.
    Ata,
    /// No device that anybody could touch: a hunt group, a shared or a virtual line.
    Virtual,
}

impl DeviceClass {
    /// All classes.
    pub const ALL: [DeviceClass; 7] = [
        DeviceClass::Fixed,
        DeviceClass::Nomadic,
        DeviceClass::Soft,
        DeviceClass::Mobile,
        DeviceClass::Dect,
        DeviceClass::Ata,
        DeviceClass::Virtual,
    ];

    /// The word for tables and people.
    pub const fn text(self) -> &'static str {
        match self {
            DeviceClass::Fixed => "fixed",
            DeviceClass::Nomadic => "nomadic",
            DeviceClass::Soft => "soft",
            DeviceClass::Mobile => "mobile",
            DeviceClass::Dect => "dect",
            DeviceClass::Ata => "ata",
            DeviceClass::Virtual => "virtual",
        }
    }

    /// Whether a device of this class never asks where it is, whatever its model could do: the box stays while its
    /// handsets walk, or there is no device at all.
    pub const fn is_silent(self) -> bool {
        matches!(self, DeviceClass::Dect | DeviceClass::Ata | DeviceClass::Virtual)
    }

    /// Whether it is a client and no desk phone.
    pub const fn is_client(self) -> bool {
        matches!(self, DeviceClass::Soft | DeviceClass::Mobile)
    }
}

/// How a device learns where it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Capability {
    /// It does not ask: its number's address is where it is.
    #[default]
    None,
    /// It asks by HELD (RFC 5985).
    Held,
    /// It is a client that tells what it sees of its network and asks by our client API.
    HeldPlus,
}

impl Capability {
    /// All capabilities.
    pub const ALL: [Capability; 3] = [Capability::None, Capability::Held, Capability::HeldPlus];

    /// The word for tables and people.
    pub const fn text(self) -> &'static str {
        match self {
            Capability::None => "none",
            Capability::Held => "held",
            Capability::HeldPlus => "held+",
        }
    }

    /// Whether it asks at all.
    pub const fn asks(self) -> bool {
        !matches!(self, Capability::None)
    }
}

/// A device. It never prints what tells whose it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    /// Its name in our own tables, unique among all organisations.
    pub id: Arc<str>,
    /// The organisation it belongs to.
    pub organisation: Arc<str>,
    /// What kind it is.
    pub class: DeviceClass,
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// Its instance id, as `+sip.instance` has it without the angle brackets: `urn:uuid:…` (RFC 5626 §4.1).
    pub instance: Option<Arc<str>>,
    /// Its model, as its maker writes it.
    pub model: Option<Arc<str>>,
    /// How it learns where it is.
    pub capability: Capability,
    /// The lines that it rings for, of its own organisation.
    pub lines: Vec<Number>,
    /// The callback number of a phone that nobody has for their own.
    pub ecbn: Option<Number>,
    /// The location or building that a fixed device belongs to.
    pub home: Option<Arc<str>>,
}

impl Device {
    /// Where it belongs, when it is a phone that stays. What else has a home stands somewhere, and whoever speaks walks.
    pub fn fixed_home(&self) -> Option<&Arc<str>> {
        self.home.as_ref().filter(|_| self.class == DeviceClass::Fixed)
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Device({}, {})", self.class.text(), self.capability.text())
    }
}

/// The longest instance id that is kept, in bytes.
pub const INSTANCE_LEN: usize = 128;

/// Reads an instance id as a table or a Contact has it: a URN, with or without angle brackets and quotes around it, in
/// either case of letters (RFC 8141 §3). `None` for what is no URN or too long.
pub fn instance(text: &str) -> Option<Arc<str>> {
    let text = text.trim_matches(['"', ' ']).trim_start_matches('<').trim_end_matches('>');
    let is_urn = text.get(..4).is_some_and(|begin| begin.eq_ignore_ascii_case("urn:")) && text.len() > 4;
    let is_sound = is_urn && text.len() <= INSTANCE_LEN && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_sound.then(|| text.to_ascii_lowercase().into())
}

/// What models can do: data, from `conf/devices/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Models(HashMap<String, Capability>);

/// The longest name of a model that is looked at, in bytes.
pub const MODEL_LEN: usize = 64;

impl Models {
    /// Adds a model, or a family of models that begin alike, under its name alone and behind its maker's. `false` when
    /// it is there already or its name says nothing.
    pub fn add(&mut self, maker: &str, name: &str, capability: Capability) -> bool {
        let (short, long) = (plain(name), plain(&format!("{maker}{name}")));
        let is_new = !short.is_empty() && !self.0.contains_key(&short) && !self.0.contains_key(&long);
        if is_new {
            self.0.insert(long, capability);
            self.0.insert(short, capability);
        }
        is_new
    }

    /// What a model can do, by the longest name that it begins with, with or without its maker's before it. Letters
    /// and digits alone count, in either case: `Cisco-CP-8851-3PCC` is a `CP-88`. A model that is not known does not
    /// ask.
    pub fn capability(&self, model: &str) -> Capability {
        let model = plain(model);
        let found = (1..=model.len()).rev().find_map(|length| self.0.get(model.get(..length)?));
        found.copied().unwrap_or_default()
    }
}

fn plain(text: &str) -> String {
    let kept = text.chars().filter(char::is_ascii_alphanumeric).take(MODEL_LEN);
    kept.map(|letter| letter.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_the_longest_name_that_it_begins_with() {
        let mut models = Models::default();
        assert!(models.add("Cisco", "CP-88", Capability::Held));
        assert!(models.add("Cisco", "CP-8845-X", Capability::None));
        assert!(!models.add("Cisco", "cp88", Capability::None), "it is there already");
        assert!(!models.add("Cisco", "-", Capability::None), "it is no name");
        assert_eq!(models.capability("Cisco-CP-8851-3PCC"), Capability::Held);
        assert_eq!(models.capability("cp8851"), Capability::Held);
        assert_eq!(models.capability("CP-8845-X2"), Capability::None);
        assert_eq!(models.capability("CP-7"), Capability::None);
        assert_eq!(models.capability("ü"), Capability::None);
    }

    #[test]
    fn an_instance_id_is_the_same_in_every_spelling() {
        let id: Option<Arc<str>> = Some("urn:uuid:00000000-0000-1000-8000-0200000000a1".into());
        assert_eq!(instance("\"<urn:uuid:00000000-0000-1000-8000-0200000000A1>\""), id);
        assert_eq!(instance("URN:UUID:00000000-0000-1000-8000-0200000000a1"), id);
        let long = format!("urn:{}", "a".repeat(INSTANCE_LEN));
        for wrong in ["", "urn:", "<>", "sip:a@b", "urn:a b", &long] {
            assert_eq!(instance(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_device_does_not_print_whose_it_is() {
        let device = Device {
            id: "desk-of-somebody".into(),
            organisation: "acme".into(),
            class: DeviceClass::Soft,
            mac: Mac::read("02-00-00-00-0A-01"),
            instance: Some("urn:uuid:1".into()),
            model: None,
            capability: Capability::HeldPlus,
            lines: Number::read("4117").into_iter().collect(),
            ecbn: None,
            home: None,
        };
        assert_eq!(format!("{device:?}"), "Device(soft, held+)");
    }
}
