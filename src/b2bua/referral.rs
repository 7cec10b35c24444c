//! Whom a REFER names, by which trunk that is reached, and what the INVITE to it says of that.
use super::call::Call;
use super::core::Core;
use super::offer::host_port;
use super::{addresses, intake, presented, redirect};
use crate::base::now::Now;
use crate::base::private::Private;
use crate::cache::Snapshot;
use crate::record::{Destination, Number, Trunk, TrunkKind};
use crate::routing::{Target, Targets};
use crate::sip::message::uri::unescape;
use crate::sip::message::{Message, Method, Name, NameAddr, Scheme, Uri, Writer};
use crate::sip::target::DEFAULT_PORT;
use bytes::BytesMut;
use core::fmt;
use core::net::{IpAddr, SocketAddr};
use smallvec::SmallVec;
use std::sync::Arc;

/// Headers that a Refer-To may put into the INVITE; all others stay behind.
const HEADERS: [Name; 3] = [Name::Replaces, Name::CallInfo, Name::Geolocation];

/// The most such headers.
const MOST_HEADERS: usize = 8;

/// Headers with their values.
type Headers = SmallVec<[(Name, Vec<u8>); 1]>;

/// What a REFER says of the INVITE to come.
pub struct Referral {
    /// The target, without headers.
    uri: Private<String>,
    /// Its host and port.
    host: Box<str>,
    port: Option<u16>,
    /// The number that it names.
    number: Option<Number>,
    /// Whether its number is asked for at the trunk's own host.
    at_trunk: bool,
    /// Headers of the INVITE.
    headers: Private<Headers>,
}

/// Shows nothing: all of it is private.
impl fmt::Debug for Referral {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Referral")
    }
}

impl Referral {
    /// Reads the one Refer-To of a REFER; our word for what is wrong with it where it cannot be followed.
    pub fn read(refer: &Message) -> Result<Referral, &'static str> {
        let target = refer.list(Name::ReferTo).next().and_then(NameAddr::read).ok_or("uri")?;
        let uri = target.uri;
        if !matches!(uri.scheme, Scheme::Sip | Scheme::Tel | Scheme::Urn) {
            return Err("uri");
        }
        let is_invite = |method: &[u8]| method.eq_ignore_ascii_case(Method::Invite.text().as_bytes());
        if !uri.param("method").is_none_or(is_invite) {
            return Err("method");
        }
        let mut headers = headers_of(&uri);
        if headers.iter().filter(|(name, _)| *name == Name::Replaces).count() > 1 {
            return Err("uri");
        }
        // Who was asked says by whom (RFC 3892 §2.2).
        headers.extend(refer.value(Name::ReferredBy).map(|by| (Name::ReferredBy, by.to_vec())));
        Ok(Referral {
            uri: Private::new(request_uri(&uri)),
            host: String::from_utf8_lossy(uri.host).into(),
            port: uri.port,
            number: intake::number_of(&target).filter(|_| uri.scheme != Scheme::Urn),
            at_trunk: uri.scheme == Scheme::Tel,
            headers: Private::new(headers),
        })
    }

    /// By which trunk it is asked: the one that lists its host or number, else the one of the call's far end (rulings 12).
    /// Never by that of a PBX, and nobody is led back to us.
    pub fn routed(mut self, core: &Core, call: &Call, now: Now) -> Result<(Referral, Targets), &'static str> {
        let snapshot = core.cache.snapshot.load();
        if self.is_ours(core, &snapshot) {
            return Err("ourselves");
        }
        let is_at = |trunk: &Trunk| redirect::is_at(trunk, &self.host, self.port);
        if snapshot.trunks.iter().any(|trunk| trunk.kind == TrunkKind::Pbx && is_at(trunk)) {
            return Err("pbx");
        }
        let others = || snapshot.trunks.iter().filter(|trunk| trunk.kind != TrunkKind::Pbx);
        let by_number =
            others().find(|trunk| self.number.is_some_and(|number| lists(trunk, &Destination::Number(number))));
        let by_host = || {
            let helps = |kind| matches!(kind, TrunkKind::PsapI3 | TrunkKind::PsapLegacy | TrunkKind::Relay);
            let lists_it = |trunk: &&Arc<Trunk>| lists(trunk, &Destination::Host(self.host.clone()));
            others().find(lists_it).or_else(|| others().find(|trunk| helps(trunk.kind) && is_at(trunk)))
        };
        let trunk = by_number.or_else(by_host).or(call.trunk.as_ref()).ok_or("trunk")?;
        let mut targets =
            vec![Target { trunk: Arc::clone(trunk), at: None, dial: None, rung: None, with_default: false }];
        self.at_trunk |= by_number.is_some();
        addresses::spread(core, &mut targets, now);
        Ok((self, targets))
    }

    fn is_ours(&self, core: &Core, snapshot: &Snapshot) -> bool {
        let address = self.host.parse::<IpAddr>().ok();
        let here = address.map(|ip| SocketAddr::new(ip.to_canonical(), self.port.unwrap_or(DEFAULT_PORT)));
        let is_listener = core.setup.listeners.iter().any(|(_, local)| Some(*local) == here);
        is_listener || self.host.eq_ignore_ascii_case(&snapshot.domain)
    }

    /// The Request-URI at a trunk.
    pub fn uri(&self, trunk: &Trunk) -> String {
        match self.number.filter(|_| self.at_trunk) {
            Some(number) => ["sip:", number.expose(), "@", &host_port(&trunk.host, trunk.port), ";user=phone"].concat(),
            None => self.uri.expose().clone(),
        }
    }

    /// The headers that the INVITE has because of it.
    pub fn write(&self, writer: &mut Writer) {
        for (name, value) in self.headers.expose() {
            writer.field(*name, value);
        }
    }
}

fn lists(trunk: &Trunk, destination: &Destination) -> bool {
    trunk.transfer_to.iter().any(|listed| match (listed, destination) {
        (Destination::Host(listed), Destination::Host(host)) => listed.eq_ignore_ascii_case(host),
        (listed, destination) => listed == destination,
    })
}

/// A URI as a Request-URI: without headers and without the method (RFC 3261 §19.1.5).
fn request_uri(uri: &Uri<'_>) -> String {
    let head = uri.text.split(|&byte| byte == b'?').next().unwrap_or_default();
    let head = &head[..head.len() - if uri.params.is_empty() { 0 } else { uri.params.len() + 1 }];
    let mut out = BytesMut::new();
    presented::write_uri(&mut out, head);
    for param in uri.params.split(|&byte| byte == b';').filter(|param| !param.is_empty()) {
        let name = param.split(|&byte| byte == b'=').next().unwrap_or_default();
        if !name.eq_ignore_ascii_case(b"method") {
            out.extend_from_slice(b";");
            presented::write_uri(&mut out, param);
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The headers of a URI that may go into the request that it becomes.
fn headers_of(uri: &Uri<'_>) -> Headers {
    let pairs = uri.headers.split(|&byte| byte == b'&').filter_map(|header| {
        let at = header.iter().position(|&byte| byte == b'=')?;
        Some((Name::read(&unescape(&header[..at])), unescape(&header[at + 1..]).into_owned()))
    });
    pairs.filter(|(name, value)| HEADERS.contains(name) && !value.is_empty()).take(MOST_HEADERS).collect()
}
