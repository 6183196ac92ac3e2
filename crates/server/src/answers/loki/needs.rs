//! Which events each answer is made of: Loki selects at least those, and no definition minds more.

use insights::{FilterMeaning, OTHER};
use logql::{
    Chosen, Scope,
    answer::{Home, lines},
};
use tracking::event::{COMPONENT_LOADED, name};

use crate::answers::{Question, Subject};

/// Bytes of components' names that a query may carry; of more, all components are read.
const MAX_NAMES: usize = 2_000;

/// What is read of which events.
#[derive(Default)]
struct Need<'a> {
    /// All when none is named.
    events: &'static [&'static str],
    /// A text in the line.
    text: Option<&'static str>,
    /// All when there are none.
    components: &'a [String],
    session: Option<&'a str>,
}

fn need(subject: &Subject) -> Need<'_> {
    let of = |events| Need { events, ..Need::default() };
    match subject {
        Subject::Summary => {
            of(&[name::COMPONENT_VISIT, name::COMPONENT_EXIT, name::COMPONENT_ERROR])
        }
        Subject::Time => of(&[name::COMPONENT_VISIT, name::COMPONENT_EXIT]),
        Subject::Popularity { .. } | Subject::Activity { .. } => {
            of(&[name::COMPONENT_VISIT, name::COMPONENT_ERROR])
        }
        Subject::Visits { .. }
        | Subject::Journey
        | Subject::Paths { .. }
        | Subject::Bounce
        | Subject::EntryPoints
        | Subject::ExitPoints
        | Subject::ActiveUsers => of(&[name::COMPONENT_VISIT]),
        Subject::Funnel { components, .. } => Need { components, ..of(&[name::COMPONENT_VISIT]) },
        Subject::Errors => of(&[name::COMPONENT_ERROR]),
        Subject::Loads => {
            Need { text: Some(COMPONENT_LOADED), ..of(&[name::COMPONENT_INTERACTION]) }
        }
        Subject::SessionLengths | Subject::Sessions { .. } => of(&[]),
        Subject::Session { id } => Need { session: Some(id), ..of(&[]) },
    }
}

/// The components whose lines are enough for the answer; all when there are none. A session is chosen
/// by its visits to some components, or to none by a demo, and then seen whole.
fn components(question: &Question, needed: &[String]) -> Vec<String> {
    let Question { subject, range: _, filter } = question;
    if subject.insight().filter_meaning() == FilterMeaning::Events {
        return if filter.components.is_empty() {
            needed.to_vec()
        } else {
            filter.components.clone()
        };
    }
    if needed.is_empty() || filter.hide_demo {
        return Vec::new();
    }
    needed.iter().chain(&filter.components).cloned().collect()
}

/// The queries whose lines together are enough.
pub fn queries(question: &Question, job: &str) -> Vec<String> {
    let Question { subject, range: _, filter } = question;
    let Need { events, text, components: needed, session } = need(subject);
    let named = labels(&components(question, needed));
    let scope = Scope {
        component: chosen(&named),
        user_id: filter.user.as_deref(),
        session_id: session.or(filter.session.as_deref()),
        ..Scope::new(job, 0)
    };
    let mut queries = vec![lines(&scope, events, Home::Anywhere, text.as_slice())];
    // Where its sessions begin decides which of the events pass.
    if let Some(entry) = &filter.entry {
        let named = labels(std::slice::from_ref(entry));
        let scope = Scope { component: chosen(&named), user_id: None, ..scope };
        queries.push(lines(&scope, &[name::COMPONENT_VISIT], Home::Anywhere, &[]));
    }
    queries
}

/// The labels under which Loki has these components: their hashes, or the one for all that no registry
/// had when they were forwarded.
pub fn labels(components: &[String]) -> Vec<String> {
    let other = (!components.is_empty()).then(|| OTHER.to_owned());
    components.iter().cloned().chain(other).collect()
}

pub fn chosen(components: &[String]) -> Chosen<'_> {
    match components {
        [one] => Chosen::One(one),
        some if !some.is_empty() && some.iter().map(String::len).sum::<usize>() <= MAX_NAMES => {
            Chosen::AnyOf(some)
        }
        _ => Chosen::All,
    }
}
