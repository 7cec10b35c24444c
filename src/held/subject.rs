//! Whose location is asked for.
use super::request::{Code, Error, Identity, Request, Target};
use crate::cache::whereabouts::{Unlisted, unlisted};
use crate::cache::{Cache, Named};
use crate::record::device::instance;
use crate::record::wiremap::Public;
use crate::record::{Device, Line, Mac, Number};
use core::net::IpAddr;
use std::sync::Arc;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The organisation whose devices it may ask about.
    pub organisation: Arc<str>,
    /// Whether it proved that it belongs there. Who did not may ask for itself alone (RFC 6155 §4.2).
    pub proven: bool,
    /// The address that it asks from.
    pub address: IpAddr,
}

/// Whether a request is about another than who asks from this address.
pub fn names_another(request: &Request, address: IpAddr) -> bool {
    request.identities.iter().any(|identity| identity.target != Target::Ip(address))
}

/// The device that a request is about, as far as it is known.
#[derive(Default)]
pub(super) struct Subject {
    /// The organisation that it belongs to.
    pub(super) organisation: Arc<str>,
    /// Under which id it is known what it told. `None` when nothing tells it from others behind the same address.
    pub(super) id: Option<Arc<str>>,
    /// Its record.
    pub(super) device: Option<Arc<Device>>,
    /// Its line, when there is one alone.
    pub(super) line: Option<Arc<Line>>,
    /// Its address in its own network.
    pub(super) address: Option<IpAddr>,
    /// Its address as it is seen from outside.
    pub(super) public: Option<IpAddr>,
    /// Whether it is a soft client by the way it asks.
    pub(super) is_client: bool,
    /// The identities that led to it.
    pub(super) used: Vec<Identity>,
}

/// Whom a request is about.
///
/// # Errors
/// `badIdentifier` for an identity that is malformed, of another organisation, or not the asker's to ask for, and for
/// identities that name two devices or two lines: nobody guesses whose location is told (RFC 6155 §2.1).
pub(super) fn of_request(cache: &Cache, asker: &Asker, request: &Request) -> Result<Subject, Error> {
    let mut subject = Subject { organisation: Arc::clone(&asker.organisation), ..Subject::default() };
    let (mut mac, mut number) = (None, None);
    for identity in &request.identities {
        match &identity.target {
            Target::Malformed => return Err(Error::new(Code::BadIdentifier, "an identity is not well formed")),
            Target::Ip(address) if *address == asker.address => subject.address = Some(*address),
            _ if !asker.proven => {
                return Err(Error::new(Code::BadIdentifier, "without credentials nobody asks for another device"));
            }
            Target::Ip(address) => subject.address = Some(address.to_canonical()),
            Target::Mac(named) => {
                mac = mac.or(Some(*named));
                subject.is(cache.device_by_mac(&asker.organisation, *named))?;
            }
            Target::Instance(instance) => match cache.device_by_instance(&asker.organisation, instance) {
                Some(device) => subject.is(Some(device))?,
                None => continue,
            },
            Target::Number(named) => {
                let named = listed(cache, asker, *named)?;
                number = Some(named.number);
                if subject.line.replace(Arc::clone(&named)).is_some_and(|line| line.number != named.number) {
                    return Err(Error::new(Code::BadIdentifier, "the identities name two lines"));
                }
            }
            Target::Unsupported => continue,
        }
        subject.used.push(identity.clone());
    }
    subject.settle(cache, asker, mac, number);
    subject.came_from(cache, asker, request);
    subject.identify(cache, asker, mac, number);
    Ok(subject)
}

/// How a soft client names itself.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) instance: Option<&'a str>,
    pub(super) mac: Option<Mac>,
    pub(super) number: Option<Number>,
}

/// Which client asks for itself. `None` when its number is not listed.
pub(super) fn of_client(cache: &Cache, asker: &Asker, named: Client<'_>) -> Option<Subject> {
    let organisation = &asker.organisation;
    let by_instance = named.instance.and_then(|instance| cache.device_by_instance(organisation, instance));
    let by_mac = || named.mac.and_then(|mac| cache.device_by_mac(organisation, mac));
    let line = named.number.map(|number| listed(cache, asker, number)).transpose().ok()?;
    let number = line.as_ref().map(|line| line.number);
    let mut subject = Subject {
        organisation: Arc::clone(organisation),
        device: by_instance.or_else(by_mac),
        line,
        is_client: true,
        ..Subject::default()
    };
    // A number says nothing of which of its devices asks: a client that is in no table is known by its own names.
    if subject.line.is_none() {
        subject.line = subject.device.as_deref().and_then(|device| own_line(cache, device));
    }
    let is_pbx = asker.proven && cache.snapshot.load().is_a_trunks_own(asker.address);
    subject.public = Some(asker.address).filter(|_| !is_pbx);
    subject.identify(cache, asker, named.mac, number.filter(|_| named.instance.is_none()));
    if let (None, Some(instance)) = (&subject.device, named.instance.and_then(instance)) {
        subject.id = Some(unlisted(organisation, Unlisted::Instance(&instance)));
    }
    Some(subject)
}

/// Whom a token names.
pub(super) fn of_token(cache: &Cache, named: &Named) -> Subject {
    let device = cache.device(&named.device);
    let line = cache.whereabouts(&named.device).and_then(|told| told.line);
    let line = line.and_then(|line| cache.line(&named.organisation, line, ""));
    let line = line.or_else(|| device.as_deref().and_then(|device| own_line(cache, device)));
    let organisation = Arc::clone(&named.organisation);
    Subject { organisation, id: Some(Arc::clone(&named.device)), device, line, ..Subject::default() }
}

impl Subject {
    /// Takes a device for the one that is meant.
    fn is(&mut self, device: Option<Arc<Device>>) -> Result<(), Error> {
        match (&self.device, device) {
            (Some(one), Some(other)) if one.id != other.id => {
                Err(Error::new(Code::BadIdentifier, "the identities name two devices"))
            }
            (None, device) => {
                self.device = device;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A line with one device is that device; a device with one line has that number.
    fn settle(&mut self, cache: &Cache, asker: &Asker, mac: Option<Mac>, number: Option<Number>) {
        if let Some(number) = number.filter(|_| self.device.is_none() && mac.is_none()) {
            let mut ringing = cache.devices_of_line(&asker.organisation, number).into_iter();
            self.device = ringing.next().filter(|_| ringing.next().is_none());
        }
        if self.line.is_none() {
            self.line = self.device.as_deref().and_then(|device| own_line(cache, device));
        }
    }

    /// The address that a request comes from is the device's own, unless a PBX asks for it: then it names a number and
    /// nothing that the device itself would say, or it asks from the address of a trunk.
    fn came_from(&mut self, cache: &Cache, asker: &Asker, request: &Request) {
        let names_lines_alone = !request.identities.is_empty()
            && request.measured.is_empty()
            && request.identities.iter().all(|identity| matches!(identity.target, Target::Number(_)));
        let by_another = names_lines_alone || cache.snapshot.load().is_a_trunks_own(asker.address);
        if !asker.proven || !by_another {
            self.address = self.address.or(Some(asker.address));
            self.public = Some(asker.address);
        }
    }

    fn identify(&mut self, cache: &Cache, asker: &Asker, mac: Option<Mac>, number: Option<Number>) {
        let organisation = &asker.organisation;
        let of_address = || {
            let address = self.address.filter(|&address| is_of_one(cache, organisation, address))?;
            Some(unlisted(organisation, Unlisted::Address(address)))
        };
        self.id = match (&self.device, mac, number) {
            (Some(device), _, _) => Some(Arc::clone(&device.id)),
            (None, Some(mac), _) => Some(unlisted(organisation, Unlisted::Mac(mac))),
            (None, None, Some(number)) => Some(unlisted(organisation, Unlisted::Line(number))),
            (None, None, None) => of_address(),
        };
    }
}

/// The line of a device that has one alone.
fn own_line(cache: &Cache, device: &Device) -> Option<Arc<Line>> {
    match device.lines[..] {
        [line] => cache.line(&device.organisation, line, ""),
        _ => None,
    }
}

/// Whether an address is that of one device, and not that of all who are behind it.
fn is_of_one(cache: &Cache, organisation: &Arc<str>, address: IpAddr) -> bool {
    let is_its_own = match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(_) => true,
    };
    let public = Public::new(address);
    cache.wiremap.public(organisation, public).is_none()
        && (is_its_own || cache.wiremap.subnet(organisation, address, None).is_some())
}

/// A number that is not listed and one of somebody else look the same.
fn listed(cache: &Cache, asker: &Asker, number: Number) -> Result<Arc<Line>, Error> {
    if let Some(line) = cache.line(&asker.organisation, number, "") {
        return Ok(line);
    }
    let snapshot = cache.snapshot.load();
    let mut codes = snapshot.sites.values().filter(|site| site.organisation == asker.organisation).map(|site| {
        let plan = snapshot.dial_plan(&site.country);
        plan.calling_code.as_str()
    });
    let first = codes.next().unwrap_or_default();
    // Where sites are in several countries, a number without its country could be anybody's.
    let code = if codes.all(|code| code == first) { first } else { "" };
    cache
        .line(&asker.organisation, number, code)
        .ok_or(const { Error::new(Code::BadIdentifier, "an identity is not known here") })
}
