//! The question in the address: `range=7d&component=..`, one for the whole page.

use crate::route::{Page, Route, decode};

/// What the address says. Unknown parts are left out, so that every address shows something.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Query {
    /// The Insights page, or the Sessions page, which is asked about the same events.
    pub at: Page,
    /// `1h`, `24h`, `7d`, `30d` or `custom`.
    pub range: Option<String>,
    /// Local dates of a custom range, the last one included.
    pub from: Option<String>,
    pub to: Option<String>,
    pub component: Option<String>,
    pub kind: Option<String>,
    pub entry: Option<String>,
    pub user: Option<String>,
    pub session: Option<String>,
    /// `hidden` leaves demo journeys out.
    pub demo: Option<String>,
    /// `device` for this browser's own events.
    pub of: Option<String>,
    /// Components with commas between them.
    pub funnel: Option<String>,
    /// Minutes.
    pub within: Option<String>,
    /// What the cost is reckoned with.
    pub people: Option<String>,
    pub visits: Option<String>,
    pub days: Option<String>,
    /// What a session is searched by.
    pub search: Option<String>,
    /// Which page of the sessions, from 1.
    pub page: Option<String>,
}

impl Query {
    fn parts(&mut self) -> [(&'static str, &mut Option<String>); 17] {
        [
            ("range", &mut self.range),
            ("from", &mut self.from),
            ("to", &mut self.to),
            ("component", &mut self.component),
            ("type", &mut self.kind),
            ("entry", &mut self.entry),
            ("user", &mut self.user),
            ("session", &mut self.session),
            ("demo", &mut self.demo),
            ("of", &mut self.of),
            ("funnel", &mut self.funnel),
            ("within", &mut self.within),
            ("people", &mut self.people),
            ("visits", &mut self.visits),
            ("days", &mut self.days),
            ("search", &mut self.search),
            ("page", &mut self.page),
        ]
    }

    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            for (known, place) in query.parts() {
                if known == name {
                    *place = decode(value).filter(|value| !value.is_empty());
                }
            }
        }
        query
    }

    /// With one part changed; an empty value removes it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        // The first page of whatever is asked now.
        self.page = None;
        for (known, place) in self.parts() {
            if known == name {
                *place = Some(value.to_owned()).filter(|value| !value.is_empty());
            }
        }
        self
    }

    /// Without what only one panel is about: when that changes, the others need not ask again.
    #[must_use]
    pub fn of_all_panels(mut self) -> Self {
        const OF_ONE: [&str; 5] = ["funnel", "within", "people", "visits", "days"];
        for (name, place) in self.parts() {
            if OF_ONE.contains(&name) {
                *place = None;
            }
        }
        self
    }

    /// The same question to another page.
    #[must_use]
    pub fn to(mut self, at: Page) -> Self {
        self.at = at;
        self
    }

    /// The address that asks this.
    #[must_use]
    pub fn fragment(mut self) -> String {
        let page = if self.at == Page::Sessions { Page::Sessions } else { Page::Insights };
        let mut text = Route::fragment(page, None);
        for (name, value) in self.parts() {
            if let Some(value) = value {
                text.push(if text.contains('?') { '&' } else { '?' });
                text.push_str(name);
                text.push('=');
                text.push_str(&encode(value));
            }
        }
        text
    }
}

/// The parts of an address that [`Query::parse`] leaves out: names that it does not know, and those whose
/// value is no text.
#[must_use]
pub fn unread(text: &str) -> Vec<String> {
    let mut query = Query::default();
    let known = query.parts().map(|(name, _)| name);
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(name, value)| !known.contains(name) || decode(value).is_none())
        .map(|(name, _)| name.chars().take(40).collect())
        .collect()
}

/// As in an address: all but letters, digits and `-_.,` become `%` and two digits for each byte.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.,".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_a_round_trip() {
        let query = Query::default()
            .with("range", "7d")
            .with("component", "wetter-ü & more/=?")
            .with("funnel", "a,b")
            .with("user", "");
        let fragment = query.clone().fragment();
        let (_, text) = fragment.split_once('?').unwrap();
        assert_eq!(Query::parse(text), query);
        assert_eq!(Query::default().fragment(), "#/insights");
        let sessions = query.with("page", "2").to(Page::Sessions);
        let fragment = sessions.clone().fragment();
        assert!(fragment.starts_with("#/sessions?range=7d&") && fragment.ends_with("&page=2"));
        assert_eq!(sessions.with("entry", "a").page, None);
    }

    #[test]
    fn the_funnel_and_the_cost_are_no_question_to_the_others() {
        let text = "range=7d&funnel=a,b&within=5&people=9&visits=8&days=7";
        assert_eq!(Query::parse(text).of_all_panels(), Query::parse("range=7d"));
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        let query = Query::parse("range=%zz&component=%f&zap=1&type=a%20b&&entry=&user");
        assert_eq!(query, Query { kind: Some("a b".into()), ..Query::default() });
    }
}
