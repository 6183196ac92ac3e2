//! As much of a client's address as the operator wants to know.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sha2::{Digest, Sha256};

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum ClientIp {
    /// Without its last part: 203.0.113.0, 2001:db8:1::
    #[default]
    Truncated,
    /// A number that is the same for the same address until the server starts again.
    Hashed,
    /// Not at all.
    Off,
}

/// Random bits that make a hashed address useless elsewhere.
#[derive(Clone, Copy, Default)]
pub struct Salt([u8; 32]);

impl Salt {
    pub fn new() -> std::io::Result<Self> {
        let mut salt = Self::default();
        getrandom::fill(&mut salt.0).map_err(std::io::Error::other)?;
        Ok(salt)
    }
}

pub fn shown(ip: IpAddr, how: ClientIp, salt: Salt) -> Option<String> {
    // A v4 client of a v6 socket is a v4 client.
    let ip = ip.to_canonical();
    match how {
        ClientIp::Off => None,
        ClientIp::Truncated => Some(truncated(ip).to_string()),
        ClientIp::Hashed => {
            let hash = match ip {
                IpAddr::V4(v4) => Sha256::new().chain_update(salt.0).chain_update(v4.octets()),
                IpAddr::V6(v6) => Sha256::new().chain_update(salt.0).chain_update(v6.octets()),
            };
            Some(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
        }
    }
}

fn truncated(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_tells_the_whole_address() {
        let salt = Salt([7; 32]);
        for (ip, expected) in [
            ("203.0.113.77", "203.0.113.0"),
            ("::ffff:203.0.113.77", "203.0.113.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(shown(ip, ClientIp::Truncated, salt).as_deref(), Some(expected));
            assert_eq!(shown(ip, ClientIp::Off, salt), None);
            let hashed = shown(ip, ClientIp::Hashed, salt).unwrap();
            assert_eq!(hashed.len(), 16);
            assert_eq!(Some(&hashed), shown(ip, ClientIp::Hashed, salt).as_ref());
            assert_ne!(Some(hashed), shown(ip, ClientIp::Hashed, Salt([8; 32])));
        }
    }
}
