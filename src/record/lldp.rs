//! What a switch says of itself: chassis and port (IEEE 802.1AB, RFC 7105 §5.1).
use super::Mac;
use core::fmt;
use core::net::IpAddr;
use smallvec::SmallVec;

/// The longest chassis or port identifier, in octets (IEEE 802.1AB-2016 §8.5.2.3).
pub const IDENTIFIER_LEN: usize = 255;

/// An identifier as octets. Devices send octets and people write text; what both can mean the same by is stored the
/// same: a hardware address in any spelling is its six octets, an IP address its family and octets (IANA address
/// family numbers), and all else the text as it stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Identifier(SmallVec<[u8; 24]>);

impl Identifier {
    fn read(text: &str) -> Option<Identifier> {
        let text = text.trim();
        Identifier::addressed(text).or_else(|| Identifier::plain(text.as_bytes()))
    }

    /// Octets that are no address in letters stay as they are, blanks too: a hardware address may begin with one.
    fn from_octets(octets: &[u8]) -> Option<Identifier> {
        let addressed = core::str::from_utf8(octets).ok().and_then(Identifier::addressed);
        addressed.or_else(|| Identifier::plain(octets))
    }

    fn addressed(text: &str) -> Option<Identifier> {
        match (Mac::read(text), text.parse()) {
            (Some(mac), _) => Identifier::plain(&mac.octets()),
            (None, Ok(IpAddr::V4(address))) => Some(Identifier([1].into_iter().chain(address.octets()).collect())),
            (None, Ok(IpAddr::V6(address))) => Some(Identifier([2].into_iter().chain(address.octets()).collect())),
            (None, Err(_)) => None,
        }
    }

    fn expose(&self) -> String {
        match *self.0 {
            [a, b, c, d, e, f] => Mac::new([a, b, c, d, e, f]).expose(),
            [1, a, b, c, d] => IpAddr::from([a, b, c, d]).to_string(),
            ref octets => String::from_utf8_lossy(octets).replace(char::is_control, "?"),
        }
    }

    fn plain(octets: &[u8]) -> Option<Identifier> {
        (1..=IDENTIFIER_LEN).contains(&octets.len()).then(|| Identifier(SmallVec::from_slice(octets)))
    }
}

macro_rules! identifier {
    ($(#[doc = $about:literal])+ $name:ident) => {
        $(#[doc = $about])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Identifier);

        impl $name {
            /// As a person writes it: a hardware address in any spelling, an IP address, or text. `None` when there is
            /// nothing, or more than [`IDENTIFIER_LEN`] octets.
            pub fn read(text: &str) -> Option<Self> {
                Identifier::read(text).map(Self)
            }

            /// As a device sends it, after the hexadecimal of RFC 7105 is read. The subtype is not looked at: switches
            /// and the phones behind them disagree about it.
            pub fn from_octets(octets: &[u8]) -> Option<Self> {
                Identifier::from_octets(octets).map(Self)
            }

            /// The octets that are compared.
            pub fn octets(&self) -> &[u8] {
                &self.0.0
            }

            /// As a person reads it.
            pub fn expose(&self) -> String {
                self.0.expose()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("<private>")
            }
        }
    };
}

identifier! {
    /// A switch, by its LLDP chassis identifier: nearly always a hardware address.
    Chassis
}
identifier! {
    /// A port of a switch, by its LLDP port identifier: `7`, `GigabitEthernet1/0/7`, or a hardware address.
    Port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_octets_of_one_switch_are_one_chassis() {
        let octets = Chassis::from_octets(&[2, 0, 0, 0, 1, 1]);
        assert!(octets.is_some());
        assert_eq!(Chassis::read("02-00-00-00-01-01"), octets);
        assert_eq!(Chassis::read("0200.0000.0101"), octets);
        assert_eq!(Chassis::from_octets(b"02:00:00:00:01:01"), octets, "a switch that sends text");
        assert_eq!(Chassis::read("10.1.0.1"), Chassis::from_octets(&[1, 10, 1, 0, 1]));
        assert_ne!(Chassis::read("02-00-00-00-01-02"), octets);
        assert_eq!(Chassis::read("20-41-42-43-44-45"), Chassis::from_octets(b" ABCDE"), "octets that look like text");
        let exposed = ["0200.0000.0101", "10.1.0.1", "closet 4"].map(|text| Chassis::read(text).unwrap().expose());
        assert_eq!(exposed, ["02-00-00-00-01-01", "10.1.0.1", "closet 4"]);
    }

    #[test]
    fn a_port_is_compared_as_octets_and_has_a_limit() {
        assert_eq!(Port::from_octets(&[0x37]), Port::read(" 7 "));
        assert_ne!(Port::read("Gi1/0/7"), Port::read("gi1/0/7"));
        assert_eq!((Port::read(""), Port::from_octets(&[])), (None, None));
        assert!(Port::from_octets(&[0; IDENTIFIER_LEN]).is_some());
        assert_eq!(Port::from_octets(&[0; IDENTIFIER_LEN + 1]), None);
        assert_eq!(format!("{:?}", Port::read("7")), "Some(<private>)");
    }
}
