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
}

impl Route {
    #[must_use]
    pub fn parse(fragment: &str) -> Self {
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let query = query.to_owned();
        let path = path.trim_start_matches('#').trim_matches('/');
        let mut parts = path.split('/');
        match (parts.next(), parts.next()) {
            (Some("insights"), _) => Self { page: Page::Insights, query, ..Self::default() },
            (Some("sessions"), id) => Self {
                page: Page::Sessions,
                session: id.filter(|id| SessionId::parse(id).is_ok()).map(str::to_owned),
                query,
                ..Self::default()
            },
            (Some("live"), _) => Self { page: Page::Live, ..Self::default() },
            (Some("component"), Some(hash)) => {
                Self { component: Some(hash.to_owned()), ..Self::default() }
            }
            _ => Self::default(),
        }
    }

    #[must_use]
    pub fn fragment(page: Page, component: Option<&str>) -> String {
        match (page, component) {
            (Page::Insights, _) => "#/insights".to_owned(),
            (Page::Sessions, _) => "#/sessions".to_owned(),
            (Page::Live, _) => "#/live".to_owned(),
            (Page::Dashboard, Some(hash)) => format!("#/component/{hash}"),
            (Page::Dashboard, None) => "#/".to_owned(),
        }
    }
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
            let route = Route::parse(&Route::fragment(page, component));
            let component = component.map(str::to_owned);
            assert_eq!(route, Route { page, component, ..Route::default() });
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
        for strange in ["#/sessions/session_17_<b>", "#/sessions/", "#/sessions/x"] {
            let route = Route::parse(strange);
            assert_eq!((route.page, route.session), (Page::Sessions, None), "{strange}");
        }
    }

    #[test]
    fn an_unknown_fragment_is_the_dashboard() {
        for fragment in ["", "#", "#/", "#/nothing/here", "#/component"] {
            assert_eq!(Route::parse(fragment), Route::default(), "{fragment}");
        }
    }
}
