//! The address's fragment: `#/component/<hash>`, `#/insights`, `#/sessions`, `#/sessions/<id>`, `#/live`.

use tracking::SessionId;

/// The page that is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Page {
    #[default]
    Dashboard,
    Insights,
    Sessions,
    Live,
    /// The address leads nowhere.
    Unknown,
}

impl Page {
    /// Whether it answers a question that stands in the address: a time range, filters.
    #[must_use]
    pub fn has_question(self) -> bool {
        matches!(self, Self::Insights | Self::Sessions)
    }
}

/// What a fragment asks for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Route {
    pub page: Page,
    pub component: Option<String>,
    /// The one session that the Sessions page shows.
    pub session: Option<String>,
    /// What stands after `?`: the question of the Insights and the Sessions page.
    pub query: String,
    /// The fragment itself: an address that leads nowhere stays what it was.
    pub fragment: String,
}

impl Route {
    #[must_use]
    pub fn parse(fragment: &str) -> Self {
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let path = path.trim_start_matches('#').trim_matches('/');
        let parts: Vec<String> = path.split('/').map(decoded).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let page = match parts[..] {
            ["" | "component", ..] => Page::Dashboard,
            ["insights"] => Page::Insights,
            ["sessions", ..] => Page::Sessions,
            ["live"] => Page::Live,
            _ => Page::Unknown,
        };
        let (component, session) = match parts[..] {
            ["component", hash] => (Some(hash.to_owned()), None),
            ["sessions", id] if SessionId::parse(id).is_ok() => (None, Some(id.to_owned())),
            [""] | ["insights" | "sessions" | "live"] => (None, None),
            _ => return Self::unknown(fragment),
        };
        let query = if page.has_question() { query.to_owned() } else { String::new() };
        Self { page, component, session, query, fragment: fragment.to_owned() }
    }

    fn unknown(fragment: &str) -> Self {
        Self { page: Page::Unknown, fragment: fragment.to_owned(), ..Self::default() }
    }

    #[must_use]
    pub fn fragment(page: Page, component: Option<&str>) -> String {
        match (page, component) {
            (Page::Insights, _) => "#/insights".to_owned(),
            (Page::Sessions, _) => "#/sessions".to_owned(),
            (Page::Live, _) => "#/live".to_owned(),
            (Page::Dashboard, Some(hash)) => format!("#/component/{hash}"),
            (Page::Dashboard | Page::Unknown, _) => "#/".to_owned(),
        }
    }
}

/// With `%` and two digits read as the byte they stand for; as it was when that is no text.
fn decoded(part: &str) -> String {
    decode(part).unwrap_or_else(|| part.to_owned())
}

/// The text that an address has with `%` and two digits for some bytes; `None` when that is no text.
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? * 16 + hex(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fragment_survives_a_round_trip() {
        for (page, component) in [
            (Page::Dashboard, Some("p2p-status")),
            (Page::Dashboard, None),
            (Page::Insights, None),
            (Page::Sessions, None),
            (Page::Live, None),
        ] {
            let fragment = Route::fragment(page, component);
            let route = Route::parse(&fragment);
            let component = component.map(str::to_owned);
            assert_eq!(route, Route { page, component, fragment, ..Route::default() });
        }
    }

    #[test]
    fn a_question_is_kept() {
        let route = Route::parse("#/insights?range=7d&component=a");
        assert_eq!((route.page, route.query.as_str()), (Page::Insights, "range=7d&component=a"));
        assert_eq!(Route::parse("#/live?x=1").query, "");
    }

    #[test]
    fn a_session_is_known_by_its_id() {
        let route = Route::parse("#/sessions/session_17_00ff?range=7d");
        assert_eq!(route.session.as_deref(), Some("session_17_00ff"));
        assert_eq!(route.query, "range=7d");
        assert_eq!(Route::parse("#/sessions/").page, Page::Sessions);
    }

    #[test]
    fn no_fragment_at_all_is_the_dashboard() {
        for fragment in ["", "#", "#/", "/", "#//", "#/?range=7d"] {
            let route = Route::parse(fragment);
            assert_eq!((route.page, route.component), (Page::Dashboard, None), "{fragment}");
        }
    }

    #[test]
    fn an_address_that_leads_nowhere_says_so_and_stays_what_it_was() {
        for fragment in [
            "#/nope",
            "#nope",
            "#/nothing/here",
            "#/component",
            "#/component/a/b",
            "#/insights/more",
            "#/live/more",
            "#/Insights",
            "#/sessions/none",
            "#/sessions/session_17_<b>",
            "#/sessions/session_17_00ff/more",
            "#/%zz",
        ] {
            let route = Route::parse(fragment);
            assert_eq!(route, Route::unknown(fragment), "{fragment}");
        }
    }

    #[test]
    fn an_address_may_be_spelt_with_percents() {
        let route = Route::parse("#/component/p2p%2Dstatus");
        assert_eq!(route.component.as_deref(), Some("p2p-status"));
        assert_eq!(Route::parse("#/component/%C3%BCber").component.as_deref(), Some("\u{fc}ber"));
        assert_eq!(Route::parse("#/component/50%").component.as_deref(), Some("50%"));
    }
}
