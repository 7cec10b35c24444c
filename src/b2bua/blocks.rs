//! Additional Data about a call (RFC 7852): which blocks of ours go along on i3 routes, and what they say.
use super::body::part_head;
use super::story::Decision;
use crate::cache::Snapshot;
use crate::pidf;
use crate::record::located::Caveat;
use crate::record::{Device, DeviceClass};
use crate::sip::message::{Message, Name};
use bytes::BytesMut;
use std::sync::Arc;

/// What our blocks say.
pub struct Blocks {
    domain: Arc<str>,
    device: Option<Arc<Device>>,
    /// The name of the organisation whose line it is.
    subscriber: Option<Box<str>>,
    privacy: bool,
    caveat: Option<Caveat>,
}

/// A kind of block: what its Content-ID begins with, and its name.
pub type Kind = (&'static str, &'static str);

const PROVIDER: Kind = ("pi", "ProviderInfo");
const SERVICE: Kind = ("si", "ServiceInfo");
const DEVICE: Kind = ("di", "DeviceInfo");
const SUBSCRIBER: Kind = ("su", "SubscriberInfo");
const COMMENT: Kind = ("co", "Comment");

impl Blocks {
    /// What is known of this call.
    pub fn of(decision: &Decision, snapshot: &Snapshot, invite: &Message) -> Blocks {
        let organisation = decision.line.as_ref().and_then(|line| snapshot.organisations.get(&line.organisation));
        let name = organisation.map(|one| one.name.as_str()).filter(|name| !name.trim().is_empty());
        let is_public = |value: &[u8]| value.trim_ascii().eq_ignore_ascii_case(b"none");
        Blocks {
            domain: Arc::clone(&snapshot.domain),
            device: decision.device.as_ref().and_then(|device| device.record.clone()),
            subscriber: name.map(Into::into),
            privacy: invite.value(Name::Privacy).is_some_and(|value| !is_public(value)),
            caveat: decision.located.caveat,
        }
    }

    /// The blocks that there are, in order.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> {
        let device = self.device.as_ref().is_some_and(|device| device.class != DeviceClass::Virtual);
        [
            Some(PROVIDER),
            Some(SERVICE),
            device.then_some(DEVICE),
            self.subscriber.is_some().then_some(SUBSCRIBER),
            self.caveat.is_some().then_some(COMMENT),
        ]
        .into_iter()
        .flatten()
    }

    /// Writes them as parts of a body, all under one reference (RFC 7852 §6).
    pub fn write(&self, out: &mut BytesMut, boundary: &str, reference: &str) {
        for kind @ (prefix, name) in self.kinds() {
            part_head(out, boundary, &["application/EmergencyCallData.", name, "+xml"].concat(), prefix, reference);
            match kind {
                PROVIDER => {
                    let contact = ["sip:emergency@", &self.domain].concat();
                    pidf::write_provider_info(out, reference, &self.domain, &contact);
                }
                SERVICE => pidf::write_service_info(out, reference, self.mobility()),
                DEVICE => {
                    let model = self.device.as_deref().and_then(|device| device.model.as_deref());
                    pidf::write_device_info(out, reference, self.classification(), model);
                }
                SUBSCRIBER => {
                    let name = self.subscriber.as_deref().unwrap_or_default();
                    pidf::write_subscriber_info(out, reference, name, self.privacy);
                }
                _ => pidf::write_comment(out, reference, self.caveat.map(caveat_text).unwrap_or_default()),
            }
            out.extend_from_slice(b"\r\n");
        }
    }

    /// RFC 7852 §4.2.4.
    fn mobility(&self) -> &'static str {
        match self.device.as_ref().map(|device| device.class) {
            Some(DeviceClass::Fixed | DeviceClass::Ata) => "Fixed",
            Some(DeviceClass::Nomadic | DeviceClass::Soft) => "Nomadic",
            Some(DeviceClass::Mobile | DeviceClass::Dect) => "Mobile",
            Some(DeviceClass::Virtual) | None => "Unknown",
        }
    }

    /// RFC 7852 §4.3.1.
    fn classification(&self) -> &'static str {
        match self.device.as_ref().map(|device| device.class) {
            Some(DeviceClass::Fixed | DeviceClass::Nomadic | DeviceClass::Ata) => "fixed",
            Some(DeviceClass::Dect) => "cordless",
            Some(DeviceClass::Mobile) => "smart-phone-app",
            Some(DeviceClass::Soft | DeviceClass::Virtual) | None => "unknown-device",
        }
    }
}

/// What those who are sent must know of a location.
pub const fn caveat_text(caveat: Caveat) -> &'static str {
    match caveat {
        Caveat::Stale => "The device was here when it was last seen. It may have been moved since.",
        Caveat::Disputed => "Two rooms of this building are named. The building is sure, the room is not.",
        Caveat::Conflict => "Two buildings are named. Ask the caller which one is right.",
    }
}
