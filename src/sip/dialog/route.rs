//! Where requests in a dialog go, and what they say about it (RFC 3261 §12.2.1.1).
use crate::sip::flow::{Flow, Transport};
use crate::sip::message::{Message, Name, NameAddr, Scheme, Uri};
use core::net::{IpAddr, SocketAddr};
use smallvec::SmallVec;

/// A route set: its first element, and the others with commas between them.
#[derive(Default)]
pub struct RouteSet {
    /// The first element, or nothing.
    pub first: SmallVec<[u8; 128]>,
    /// The others.
    pub others: SmallVec<[u8; 128]>,
}

impl RouteSet {
    /// The Record-Route of a request, in order (RFC 3261 §12.1.1).
    pub fn of_request(request: &Message) -> Self {
        Self::of(request.list(Name::RecordRoute))
    }

    /// The Record-Route of a response, reversed (RFC 3261 §12.1.2).
    pub fn of_response(response: &Message) -> Self {
        let routes: SmallVec<[&[u8]; 8]> = response.list(Name::RecordRoute).collect();
        Self::of(routes.into_iter().rev())
    }

    fn of<'a>(mut routes: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut set = Self::default();
        set.first.extend_from_slice(routes.next().unwrap_or_default());
        for route in routes {
            if !set.others.is_empty() {
                set.others.extend_from_slice(b", ");
            }
            set.others.extend_from_slice(route);
        }
        set
    }
}

/// The URI of the first route if that is a strict router: one without `lr`.
pub fn strict_router(first: &[u8]) -> Option<&[u8]> {
    if first.is_empty() {
        return None;
    }
    let route = NameAddr::read(first)?;
    let is_loose = route.uri.param("lr").is_some() || route.param("lr").is_some();
    // Headers are not allowed in a Request-URI (RFC 3261 §19.1.1).
    (!is_loose).then(|| route.uri.text.split(|&byte| byte == b'?').next().unwrap_or_default())
}

/// A URI that names an address and no host.
#[derive(Clone, Copy)]
pub struct Numeric {
    ip: IpAddr,
    port: u16,
    /// The transport that it names.
    transport: Option<Transport>,
}

impl Numeric {
    /// What requests in a dialog go to: the first route, or nothing, and the remote target. `None` for a name and for what we
    /// do not speak.
    pub fn of(first: &[u8], target: Option<Uri<'_>>) -> Option<Numeric> {
        let uri = if first.is_empty() { target? } else { NameAddr::read(first)?.uri };
        let transport = match uri.param("transport") {
            None => None,
            Some(name) if name.eq_ignore_ascii_case(b"udp") => Some(Transport::Udp),
            Some(name) if name.eq_ignore_ascii_case(b"tcp") => Some(Transport::Tcp),
            Some(_) => return None,
        };
        let ip: IpAddr = core::str::from_utf8(uri.host).ok()?.parse().ok()?;
        (uri.scheme == Scheme::Sip).then(|| Numeric { ip, port: uri.port.unwrap_or(5060), transport })
    }
}

/// Where a request goes whose next hop is `numeric`: to that address, if it can be reached from where the dialog's peer
/// is, else to the peer. Behind a translator a peer names an address of its own network; what it wrote from is then the
/// only way back.
pub fn hop(flow: &Flow, numeric: Option<Numeric>) -> Flow {
    let Some(Numeric { ip, port, transport }) = numeric else { return *flow };
    let peer = SocketAddr::new(ip, port);
    let transport = transport.unwrap_or(flow.transport);
    if transport == flow.transport && peer == flow.peer {
        return *flow;
    }
    let is_family = ip.is_ipv4() == flow.local.is_ipv4();
    // An open connection to that very machine is as good as a new one.
    let is_open = transport == flow.transport && flow.connection.is_some() && ip == flow.peer.ip();
    if !is_family || is_open || reach(ip) < reach(flow.peer.ip()) {
        return *flow;
    }
    Flow { transport, local: flow.local, peer, connection: None }
}

/// How far an address is known: nowhere, on its own machine, in its own network, everywhere.
fn reach(ip: IpAddr) -> u8 {
    let (nowhere, machine, network) = match ip.to_canonical() {
        IpAddr::V4(ip) => (ip.is_unspecified(), ip.is_loopback(), ip.is_private() || ip.is_link_local()),
        IpAddr::V6(ip) => (ip.is_unspecified(), ip.is_loopback(), ip.is_unique_local() || ip.is_unicast_link_local()),
    };
    match (nowhere, machine, network) {
        (true, _, _) => 0,
        (_, true, _) => 1,
        (_, _, true) => 2,
        _ => 3,
    }
}
