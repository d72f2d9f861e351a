//! Address ranges: who may connect. Knows no socket.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses that share a prefix, as `10.1.0.0/16` or `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// Leading bits that count, at most 32 or 128.
    bits: u8,
}

/// Why a text is no [`Network`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkError {
    /// Not an address, with or without `/bits`.
    Address,
    /// More bits than the address has.
    Bits {
        /// The most there can be.
        most: u8,
    },
    /// Bits behind the prefix are set: it names one address of a range and not the range.
    Behind(Network),
}

impl Network {
    /// The machine itself, in both families.
    pub const LOOPBACK: [Self; 2] = [
        Self { address: IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 0)), bits: 8 },
        Self { address: IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), bits: 128 },
    ];

    /// Whether an address lies in it. An IPv4 address that came over an IPv6 socket
    /// (`::ffff:10.1.2.3`) counts as the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && prefix(address, self.bits) == prefix(self.address, self.bits)
    }

    /// Whether an address can lie in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

/// The first bits of an address, the rest zero, as a number of 128 bits.
fn prefix(address: IpAddr, bits: u8) -> u128 {
    let (number, width) = match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let behind = u32::from(width - bits);
    number.checked_shr(behind).and_then(|kept| kept.checked_shl(behind)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) if !bits.bytes().all(|byte| byte.is_ascii_digit()) || bits.is_empty() => {
                return Err(NetworkError::Address);
            }
            Some(bits) => bits.parse().map_err(|_| NetworkError::Bits { most })?,
        };
        if bits > most {
            return Err(NetworkError::Bits { most });
        }
        let kept = prefix(address, bits);
        let range = match address {
            IpAddr::V4(_) => u32::try_from(kept).map(|kept| IpAddr::V4(kept.into())),
            IpAddr::V6(_) => Ok(IpAddr::V6(kept.into())),
        };
        let range = Self { address: range.expect("a prefix of 32 bits has 32 bits"), bits };
        if range.address == address { Ok(range) } else { Err(NetworkError::Behind(range)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => write!(f, "is no address range; write it like \"10.1.0.0/16\""),
            Self::Bits { most } => write!(f, "has more than {most} bits behind the slash"),
            Self::Behind(range) => {
                write!(f, "has bits set behind its prefix; the range is \"{range}\"")
            }
        }
    }
}

impl std::error::Error for NetworkError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_in_a_range_when_its_first_bits_agree() {
        for (range, address, inside) in [
            ("10.1.0.0/16", "10.1.255.255", true),
            ("10.1.0.0/16", "10.2.0.0", false),
            ("127.0.0.0/8", "127.1.2.3", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3/32", "10.1.2.4", false),
            ("10.1.2.2/31", "10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "10.1.2.3", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("10.1.0.0/16", "::ffff:10.1.2.3", true),
            ("::1", "::1", true),
        ] {
            let is = network(range).contains(address.parse().unwrap());
            assert_eq!(is, inside, "{address} in {range}");
        }
    }

    #[test]
    fn two_ranges_overlap_when_one_holds_the_other() {
        assert!(network("10.0.0.0/8").overlaps(&network("10.1.0.0/16")));
        assert!(network("10.1.0.0/16").overlaps(&network("10.0.0.0/8")));
        assert!(!network("10.1.0.0/16").overlaps(&network("10.2.0.0/16")));
        assert!(!network("10.1.0.0/16").overlaps(&network("2001:db8::/32")));
    }

    #[test]
    fn a_range_is_shown_as_it_is_written() {
        assert_eq!(network("10.1.0.0/16").to_string(), "10.1.0.0/16");
        assert_eq!(network("10.1.2.3").to_string(), "10.1.2.3/32");
        assert_eq!(Network::LOOPBACK.map(|n| n.to_string()), ["127.0.0.0/8", "::1/128"]);
    }

    #[test]
    fn what_is_no_range_says_why() {
        let error = |text: &str| text.parse::<Network>().unwrap_err();
        for text in ["", "10.1", "10.1.0.0/", "10.1.0.0/x", "10.1.0.0/-1", "host/8", "10.1.0.0/+8"]
        {
            assert_eq!(error(text), NetworkError::Address, "{text}");
        }
        assert_eq!(error("10.1.0.0/33"), NetworkError::Bits { most: 32 });
        assert_eq!(error("::/129"), NetworkError::Bits { most: 128 });
        assert_eq!(error("::/999"), NetworkError::Bits { most: 128 });
        assert_eq!(error("10.1.2.3/16"), NetworkError::Behind(network("10.1.0.0/16")));
    }
}
