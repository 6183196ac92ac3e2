//! Whether a request came through a reverse proxy, as far as one can tell.
//!
//! Without a token, what only the operator may read is open to programs and browsers of this machine. A proxy
//! in front of us is on this machine too, so each sign of one counts: a header that proxies add, HTTP/1.0
//! (nginx's default towards us), a page that was opened under another name than this machine's, and a
//! browser's request that lost `Connection: keep-alive`. A program elsewhere that names no page, through a
//! proxy that speaks HTTP/1.1 and adds nothing, has none of these: only a token tells it apart.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Version, header},
};

use crate::guard::authority::Authority;

/// Headers that a proxy adds, or a network in front of it.
const ADDED: [&str; 19] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-proxyuser-ip",
    "x-original-host",
    "x-original-url",
    "x-original-uri",
    "x-scheme",
    "x-host",
    "true-client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "cdn-loop",
    "x-azure-clientip",
    "x-appengine-user-ip",
    "x-cloud-trace-context",
    "x-request-start",
];
/// How the names of whole families of them begin.
const FAMILIES: [&str; 5] = ["x-forwarded", "x-original-forwarded", "x-envoy-", "x-amzn-", "cf-"];

/// What tells that somebody stands between the client and us.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sign {
    Header(HeaderName),
    OldHttp,
    OtherPage(HeaderName),
    NoKeepAlive,
}

impl Sign {
    /// Subject and verb, for a sentence.
    pub fn says(&self) -> String {
        match self {
            Self::Header(name) => format!("the header {name} says that a reverse proxy sent this"),
            Self::OldHttp => "HTTP/1.0 says that a reverse proxy sent this".to_owned(),
            Self::OtherPage(name) => {
                format!("the header {name} names a page that is not of this machine")
            }
            Self::NoKeepAlive => {
                "a browser's request without Connection: keep-alive came through a reverse proxy"
                    .to_owned()
            }
        }
    }
}

/// None where a client of this machine would send the same.
pub fn sign(request: &Request) -> Option<Sign> {
    let headers = request.headers();
    if let Some(name) = added(headers) {
        return Some(Sign::Header(name));
    }
    if request.version() < Version::HTTP_11 {
        return Some(Sign::OldHttp);
    }
    let pages = [header::ORIGIN, header::REFERER].map(|name| {
        let value = headers.get(&name);
        (name, value.map(is_of_here))
    });
    if let Some((name, _)) = pages.iter().find(|(_, is_of_here)| *is_of_here == Some(false)) {
        return Some(Sign::OtherPage(name.clone()));
    }
    let names_a_page = pages.iter().any(|(_, is_of_here)| is_of_here.is_some());
    (is_browser(headers) && !names_a_page && !keeps_alive(headers)).then_some(Sign::NoKeepAlive)
}

/// A development server of this machine (`trunk serve`) says under which name of this machine it was asked:
/// that is no stranger.
fn added(headers: &HeaderMap) -> Option<HeaderName> {
    let is_added = |name: &HeaderName| {
        let name = name.as_str();
        ADDED.contains(&name) || FAMILIES.iter().any(|family| name.starts_with(family))
    };
    let is_harmless = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
        match name.as_str() {
            "x-forwarded-host" => values.all(|host| {
                let host = str::from_utf8(host).ok().and_then(Authority::parse);
                host.is_some_and(|host| host.is_here())
            }),
            "x-forwarded-proto" => values.all(|scheme| scheme == b"http"),
            _ => false,
        }
    };
    let names: Vec<_> = headers.keys().filter(|name| is_added(name)).collect();
    let is_local = names.iter().all(|name| is_harmless(name))
        && names.iter().any(|name| name.as_str() == "x-forwarded-host");
    if is_local { None } else { names.first().map(|name| (*name).clone()) }
}

/// Whether a page of this machine is named. `null` is no page of ours.
fn is_of_here(page: &HeaderValue) -> bool {
    let Ok(page) = page.to_str() else { return false };
    let Some((_, rest)) = page.split_once("://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Authority::parse(host).is_some_and(|host| host.is_here())
}

fn is_browser(headers: &HeaderMap) -> bool {
    let is_mozilla = |agent: &HeaderValue| agent.as_bytes().starts_with(b"Mozilla/");
    headers.contains_key("sec-fetch-mode")
        || headers.contains_key("sec-fetch-site")
        || headers.get(header::USER_AGENT).is_some_and(is_mozilla)
}

fn keeps_alive(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .any(|value| value.as_bytes().to_ascii_lowercase().windows(10).any(|w| w == b"keep-alive"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const CHROME: (&str, &str) = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/140");
    const ALIVE: (&str, &str) = ("connection", "keep-alive");

    fn sign_of(version: Version, headers: &[(&str, &str)]) -> Option<Sign> {
        let mut request =
            Request::get("/metrics").version(version).header("host", "127.0.0.1:8080");
        for &(name, value) in headers {
            request = request.header(name, value);
        }
        sign(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn clients_of_this_machine_have_no_sign_of_a_proxy() {
        for headers in [
            &[][..],
            &[("user-agent", "curl/8.5.0"), ("accept", "*/*")],
            &[("user-agent", "Python-urllib/3.12"), ("connection", "close")],
            &[("user-agent", "Prometheus/3.0"), ("accept-encoding", "gzip")],
            &[CHROME, ALIVE],
            &[CHROME, ALIVE, ("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")],
            &[CHROME, ALIVE, ("referer", "http://127.0.0.1:8080/")],
            &[
                CHROME,
                ALIVE,
                ("origin", "http://localhost:8081"),
                ("referer", "http://localhost:8081/"),
            ],
            // Through `trunk serve`.
            &[CHROME, ALIVE, ("x-forwarded-host", "127.0.0.1:8081"), ("x-forwarded-proto", "http")],
            &[CHROME, ("referer", "http://[::1]:8081/"), ("x-forwarded-host", "[::1]:8081")],
        ] {
            assert_eq!(sign_of(Version::HTTP_11, headers), None, "{headers:?}");
        }
    }

    #[test]
    fn each_trace_of_a_proxy_is_a_sign() {
        for (name, value) in [
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-for", ""),
            ("x-forwarded-host", "dashboard.example"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-port", "80"),
            ("forwarded", "for=203.0.113.7"),
            ("x-real-ip", "203.0.113.7"),
            ("via", "1.1 proxy"),
            ("cf-connecting-ip", "203.0.113.7"),
            ("x-amzn-trace-id", "Root=1"),
        ] {
            let expected = Some(Sign::Header(HeaderName::from_static(name)));
            assert_eq!(sign_of(Version::HTTP_11, &[(name, value)]), expected, "{name}: {value}");
        }
        let local = [("x-forwarded-host", "localhost"), ("x-forwarded-for", "127.0.0.1")];
        assert!(matches!(sign_of(Version::HTTP_11, &local), Some(Sign::Header(_))));
        assert_eq!(sign_of(Version::HTTP_10, &[("connection", "close")]), Some(Sign::OldHttp));
        for page in ["https://dashboard.example/", "http://10.0.0.1/", "null", "about:blank"] {
            for name in [header::ORIGIN, header::REFERER] {
                let expected = Some(Sign::OtherPage(name.clone()));
                let headers = [CHROME, ALIVE, (name.as_str(), page)];
                assert_eq!(sign_of(Version::HTTP_11, &headers), expected, "{headers:?}");
            }
        }
        for headers in [
            &[CHROME][..],
            &[CHROME, ("connection", "close")],
            &[("sec-fetch-mode", "navigate"), ("connection", "close")],
        ] {
            assert_eq!(sign_of(Version::HTTP_11, headers), Some(Sign::NoKeepAlive), "{headers:?}");
        }
    }
}
