//! The wiremap: which piece of network is where.
use super::{Chassis, Mac, Port};
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

/// What kind of network element told the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A port of a switch.
    Port,
    /// An access point.
    Bssid,
    /// A switch, whatever the port.
    Switch,
    /// The hardware address of the default gateway.
    Gateway,
    /// The subnet that the device's address is in.
    Subnet,
    /// The public address that the device's requests come from.
    Public,
}

impl Rule {
    /// All rules in the usual order.
    pub const ALL: [Rule; 6] = [Rule::Port, Rule::Bssid, Rule::Switch, Rule::Gateway, Rule::Subnet, Rule::Public];

    /// The word for documents and people.
    pub const fn text(self) -> &'static str {
        match self {
            Rule::Port => "port",
            Rule::Bssid => "bssid",
            Rule::Switch => "switch",
            Rule::Gateway => "gateway",
            Rule::Subnet => "subnet",
            Rule::Public => "public",
        }
    }

    /// Whether it can name a room: a port ends at a desk and an access point hangs over one. All others serve many
    /// rooms.
    pub const fn is_fine(self) -> bool {
        matches!(self, Rule::Port | Rule::Bssid)
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long what a rule told holds in an organisation: a socket in the wall stays where it is, an address is soon
/// somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Ports and switches.
    pub wired: Duration,
    /// Access points.
    pub wireless: Duration,
    /// Gateways, subnets and public addresses.
    pub address: Duration,
}

impl Default for Windows {
    fn default() -> Windows {
        Windows { wired: 30 * DAY, wireless: DAY, address: DAY }
    }
}

impl Windows {
    /// A rule's window.
    pub const fn of(&self, rule: Rule) -> Duration {
        match rule {
            Rule::Port | Rule::Switch => self.wired,
            Rule::Bssid => self.wireless,
            Rule::Gateway | Rule::Subnet | Rule::Public => self.address,
        }
    }
}

/// The order in which an organisation believes its rules: each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order([Rule; 6]);

impl Default for Order {
    fn default() -> Order {
        Order(Rule::ALL)
    }
}

impl Order {
    /// The named rules first, the others behind them in the usual order. `None` when one is there twice.
    pub fn of(first: &[Rule]) -> Option<Order> {
        let mut order = arrayvec::ArrayVec::<Rule, 6>::new();
        for &rule in first {
            if order.contains(&rule) {
                return None;
            }
            order.push(rule);
        }
        for rule in Rule::ALL {
            if !order.contains(&rule) {
                order.push(rule);
            }
        }
        order.into_inner().ok().map(Order)
    }

    /// A rule's place in the order, from 0.
    pub fn place(self, rule: Rule) -> usize {
        self.0.iter().position(|one| *one == rule).unwrap_or(self.0.len())
    }
}

/// A network: an address whose bits behind the prefix are zero, and the prefix's length in bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    /// The network of this length that an address is in. `None` when the length is more than the address has.
    pub fn around(address: IpAddr, length: u8) -> Option<Network> {
        let address = match address.to_canonical() {
            IpAddr::V4(address) if length <= 32 => {
                IpAddr::V4((address.to_bits() & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)).into())
            }
            IpAddr::V6(address) if length <= 128 => {
                IpAddr::V6((address.to_bits() & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)).into())
            }
            _ => return None,
        };
        Some(Network { address, length })
    }

    /// Reads `10.1.4.0/24`, `2001:db8::/32`, or one address. `None` for what is neither, and where bits behind the
    /// prefix are set: who writes `10.1.4.7/24` may have meant either.
    pub fn read(text: &str) -> Option<Network> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (address, Some(length.parse().ok()?)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.to_canonical().is_ipv4() { 32 } else { 128 };
        Network::around(address, length.unwrap_or(most)).filter(|network| network.address == address.to_canonical())
    }

    /// As a person writes it: `10.1.4.0/24`.
    pub fn expose(self) -> String {
        format!("{}/{}", self.address, self.length)
    }

    /// Its first address.
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// Its prefix's length in bits.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Whether an address is in it.
    pub fn holds(self, address: IpAddr) -> bool {
        Network::around(address, self.length) == Some(self)
    }

    /// Whether it is one of IPv4.
    pub const fn is_ipv4(self) -> bool {
        self.address.is_ipv4()
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// What a row is found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A port of a switch.
    Port(Chassis, Port),
    /// An access point.
    Bssid(Mac),
    /// A switch.
    Switch(Chassis),
    /// A default gateway.
    Gateway(Mac),
    /// A subnet. Where an organisation uses the same private network twice, the public address that each is behind
    /// tells them apart.
    Subnet(Network, Option<Public>),
    /// A public address.
    Public(Public),
}

impl Key {
    /// The rule that it serves.
    pub const fn rule(&self) -> Rule {
        match self {
            Key::Port(..) => Rule::Port,
            Key::Bssid(_) => Rule::Bssid,
            Key::Switch(_) => Rule::Switch,
            Key::Gateway(_) => Rule::Gateway,
            Key::Subnet(..) => Rule::Subnet,
            Key::Public(_) => Rule::Public,
        }
    }
}

/// A public address of a site. It never prints itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Public(IpAddr);

impl Public {
    /// The address; one of IPv4 that is written as IPv6 is the one of IPv4.
    pub const fn new(address: IpAddr) -> Public {
        Public(address.to_canonical())
    }
}

impl fmt::Debug for Public {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("<private>")
    }
}

/// A row: where an organisation's network element is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The organisation whose network it is.
    pub organisation: Arc<str>,
    /// The element, as it is found.
    pub key: Key,
    /// The id of the location or building where what hangs on it is; `None` when it is known and nobody says where.
    pub location: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_every_rule_once_and_the_named_ones_first() {
        let order = Order::of(&[Rule::Bssid, Rule::Public]).unwrap();
        let mut rules = Rule::ALL;
        rules.sort_by_key(|rule| order.place(*rule));
        assert_eq!(rules, [Rule::Bssid, Rule::Public, Rule::Port, Rule::Switch, Rule::Gateway, Rule::Subnet]);
        assert_eq!(Order::of(&[]), Some(Order::default()));
        assert_eq!(Order::of(&[Rule::Port, Rule::Port]), None);
    }

    #[test]
    fn a_network_is_read_whole_or_not_at_all() {
        assert_eq!(Network::read("10.1.4.0/24"), Network::around([10, 1, 4, 77].into(), 24));
        assert_eq!(Network::read("::ffff:10.1.4.7"), Network::read("10.1.4.7/32"));
        assert_eq!(Network::read("0.0.0.0/0"), Network::around([10, 1, 4, 77].into(), 0));
        assert!(Network::read("2001:db8::/32").is_some_and(|network| network.length() == 32 && !network.is_ipv4()));
        for wrong in ["", "10.1.4.7/24", "10.1.4.0/33", "10.1.4/24", "10.1.4.0/", "10.1.4.0/-1", "2001:db8::/129"] {
            assert_eq!(Network::read(wrong), None, "{wrong}");
        }
    }
}
