//! A name and perhaps a port, as `Host` and `Origin` say them, compared as a browser would.

use std::net::IpAddr;

/// In small letters, without the dot that a full name may end with.
#[derive(Debug, Eq, PartialEq)]
pub struct Authority {
    pub name: String,
    pub port: Option<u16>,
}

impl Authority {
    /// `name`, `name:port`, `[v6]` or `[v6]:port`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port.parse().ok()?)),
            _ => (text, None),
        };
        let name = bare(name);
        (!name.is_empty()).then_some(Self { name, port })
    }

    /// Of an `http` or `https` origin; its port is always known.
    pub fn of_origin(origin: &str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let default = match scheme.to_ascii_lowercase().as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let Self { name, port } = Self::parse(authority)?;
        Some(Self { name, port: port.or(Some(default)) })
    }

    pub fn address(&self) -> Option<IpAddr> {
        match self.name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(v6) => v6.parse().ok().map(IpAddr::V6),
            None => self.name.parse().ok().map(IpAddr::V4),
        }
    }

    /// `localhost` or a loopback address.
    pub fn is_here(&self) -> bool {
        self.name == "localhost" || self.address().is_some_and(|ip| ip.is_loopback())
    }

    pub fn has_name(&self, name: &str) -> bool {
        self.name == bare(name)
    }
}

fn bare(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_here() {
        let is_here = |text: &str| Authority::parse(text).is_some_and(|found| found.is_here());
        for good in [
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "localhost.:8091",
            "127.0.0.1",
            "127.0.0.1:8080",
            "[::1]",
            "[::1]:65535",
        ] {
            assert!(is_here(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "localhost..",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "10.0.0.1:80",
            "::1",
            "[::2]",
            "localhost:",
            "localhost:99999",
            "localhost:80:80",
            "[localhost]",
        ] {
            assert!(!is_here(bad), "{bad}");
        }
    }

    #[test]
    fn an_origin_always_has_a_port() {
        for (origin, name, port) in [
            ("https://dash.example", "dash.example", 443),
            ("HTTPS://DASH.example.", "dash.example", 443),
            ("http://dash.example", "dash.example", 80),
            ("http://[::1]:8080", "[::1]", 8080),
        ] {
            let found = Authority::of_origin(origin);
            assert_eq!(found, Some(Authority { name: name.into(), port: Some(port) }), "{origin}");
        }
        for none in ["null", "", "https://", "file://", "ftp://dash.example", "https://a:b"] {
            assert_eq!(Authority::of_origin(none), None, "{none}");
        }
    }
}
