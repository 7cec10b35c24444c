//! Where a host's requests go (RFC 3263 §4): which question to ask of DNS, and the order of its answers.
//!
//! A trunk names its transport, so NAPTR is never asked (RFC 3263 §4.1). A host with an explicit port has no SRV
//! (§4.2), and a host that is an address has no question at all.
use super::flow::Transport;
use crate::base::entropy::Entropy;
use core::net::{IpAddr, SocketAddr};

/// The port of `sip:` where nothing else names one (RFC 3261 §19.1.2).
pub const DEFAULT_PORT: u16 = 5060;

/// What must be known of a host before a request can go there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Nothing: it is an address.
    None(SocketAddr),
    /// Its addresses (A and AAAA); the port is known.
    Addresses {
        /// The name to ask for.
        name: String,
        /// The port.
        port: u16,
    },
    /// Its services (SRV), and its addresses where it has none.
    Services {
        /// The name to ask SRV of: `_sip._udp.example.com`.
        name: String,
        /// The host itself.
        host: String,
    },
}

/// The question for a host as it is configured: a name, or an address with or without brackets.
pub fn question(host: &str, port: Option<u16>, transport: Transport) -> Question {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Question::None(SocketAddr::new(address, port.unwrap_or(DEFAULT_PORT)));
    }
    match port {
        Some(port) => Question::Addresses { name: host.to_owned(), port },
        None => Question::Services { name: format!("_sip._{}.{host}", transport.param()), host: host.to_owned() },
    }
}

/// One SRV record (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Lower goes first.
    pub priority: u16,
    /// Its share among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host that has the service.
    pub host: String,
}

/// Services in the order in which they are tried: by priority, and by chance in proportion to their weights within
/// one (RFC 2782). Empty when the domain says by a target of `.` that it does not have the service.
pub fn order(mut services: Vec<Service>, chance: &mut Entropy) -> Vec<Service> {
    services.retain(|service| !service.host.trim_end_matches('.').is_empty());
    // Those of weight 0 go first among equals, so that they keep the small chance that RFC 2782 gives them.
    services.sort_by_key(|service| (service.priority, service.weight));
    let mut ordered = Vec::with_capacity(services.len());
    while let Some(first) = services.first() {
        let equals = services.iter().take_while(|service| service.priority == first.priority).count();
        let sum: u64 = services[..equals].iter().map(|service| u64::from(service.weight)).sum();
        let drawn = chance.below(sum + 1);
        let mut reached = 0;
        let taken = services[..equals].iter().position(|service| {
            reached += u64::from(service.weight);
            reached >= drawn
        });
        ordered.push(services.remove(taken.unwrap_or(0)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(priority: u16, weight: u16, host: &str) -> Service {
        Service { priority, weight, port: 5060, host: host.to_owned() }
    }

    fn hosts(services: &[Service]) -> Vec<&str> {
        services.iter().map(|service| service.host.as_str()).collect()
    }

    #[test]
    fn an_address_is_never_looked_up() {
        let v4 = question("192.0.2.1", None, Transport::Udp);
        assert_eq!(v4, Question::None("192.0.2.1:5060".parse().unwrap()));
        let v6 = question("2001:db8::1", Some(5070), Transport::Tcp);
        assert_eq!(v6, Question::None("[2001:db8::1]:5070".parse().unwrap()));
        assert_eq!(question("[2001:db8::1]", Some(5070), Transport::Tcp), v6);
    }

    #[test]
    fn a_port_means_addresses_alone_and_no_port_means_services_of_the_transport() {
        let addresses = Question::Addresses { name: "psap.example".into(), port: 5070 };
        assert_eq!(question("psap.example", Some(5070), Transport::Udp), addresses);
        let services = Question::Services { name: "_sip._tcp.psap.example".into(), host: "psap.example".into() };
        assert_eq!(question("psap.example", None, Transport::Tcp), services);
    }

    #[test]
    fn priorities_are_kept_and_weights_are_shares() {
        let services = vec![service(20, 0, "late"), service(10, 3, "big"), service(10, 1, "small")];
        let mut chance = Entropy::seeded([7; 32]);
        let mut big_first = 0;
        for _ in 0..4000 {
            let ordered = order(services.clone(), &mut chance);
            assert_eq!(hosts(&ordered)[2], "late");
            big_first += usize::from(hosts(&ordered)[0] == "big");
        }
        // A draw of 0 falls to the lighter one, so its share is 2 of 5 (RFC 2782's algorithm as written).
        assert!((2200..2600).contains(&big_first), "{big_first} of 4000");
    }

    #[test]
    fn weight_zero_keeps_a_small_chance() {
        let services = vec![service(10, 0, "spare"), service(10, 9, "main")];
        let mut chance = Entropy::seeded([7; 32]);
        let spare = (0..4000).filter(|_| hosts(&order(services.clone(), &mut chance))[0] == "spare").count();
        assert!((300..500).contains(&spare), "{spare} of 4000");
    }

    #[test]
    fn a_lone_dot_says_that_there_is_no_such_service() {
        assert_eq!(order(vec![service(0, 0, ".")], &mut Entropy::seeded([7; 32])), []);
    }
}
