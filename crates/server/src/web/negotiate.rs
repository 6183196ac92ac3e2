//! What a client takes and what it has: `Accept-Encoding` and `If-None-Match`.

use axum::http::{HeaderMap, HeaderName, header};

/// Whether the client takes `encoding`: it names it, or everything, and not with a weight of nothing.
pub fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let mut everything = false;
    for part in list(headers, header::ACCEPT_ENCODING) {
        let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
        let is_wanted = weight(parameters) > 0.0;
        match name.trim() {
            name if name.eq_ignore_ascii_case(encoding) => return is_wanted,
            "*" => everything = is_wanted,
            _ => {}
        }
    }
    everything
}

/// `q` of an entry, 1 when it has none; what is no number is nothing.
fn weight(parameters: &str) -> f32 {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
        .map_or(1.0, |(_, weight)| weight.trim().parse().unwrap_or(0.0))
}

/// Whether the client has what `tag` stands for. A proxy that changes the bytes on the way makes a tag
/// weak, so that is no difference (RFC 9110, 13.1.2).
pub fn has(headers: &HeaderMap, tag: &str) -> bool {
    list(headers, header::IF_NONE_MATCH)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn an_encoding_with_no_weight_is_refused() {
        for (asked, br, gzip) in [
            (&[][..], false, false),
            (&["gzip, br"], true, true),
            (&["gzip", "BR"], true, true),
            (&["br;q=0"], false, false),
            (&["br;q=0.0, gzip;q=0.5"], false, true),
            (&["br; Q=0.000"], false, false),
            (&["br ; q=0.001"], true, false),
            (&["*"], true, true),
            (&["*;q=0"], false, false),
            (&["br;q=0, *"], false, true),
            (&["*;q=0, gzip"], false, true),
            (&["br;level=5;q=0"], false, false),
            (&["identity"], false, false),
        ] {
            let asked_for = headers(header::ACCEPT_ENCODING, asked);
            assert_eq!(takes(&asked_for, "br"), br, "{asked:?}");
            assert_eq!(takes(&asked_for, "gzip"), gzip, "{asked:?}");
        }
    }

    #[test]
    fn a_tag_is_known_weak_or_strong_and_among_others() {
        for (known, is_known) in [
            (&["\"a\""][..], true),
            (&["W/\"a\""], true),
            (&["\"b\", W/\"a\""], true),
            (&["\"b\"", "\"a\""], true),
            (&["*"], true),
            (&["\"b\""], false),
            (&["a"], false),
            (&["w/\"a\""], false),
        ] {
            assert_eq!(has(&headers(header::IF_NONE_MATCH, known), "\"a\""), is_known, "{known:?}");
        }
    }
}
