//! What is asked.

use insights::{Filter, Insight, KnownComponent, Range};

use crate::registry::Current;

/// Unknown components that are named in the note of an answer.
const MAX_NOTED: usize = 5;

#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    Summary,
    /// The `known` components have a row also when nobody visited them.
    Visits {
        known: Vec<KnownComponent>,
    },
    Journey,
    Time,
    Popularity {
        bucket_ms: u64,
    },
    Funnel {
        components: Vec<String>,
        within_ms: Option<u64>,
    },
    Activity {
        starts: Vec<u64>,
    },
    Paths {
        steps: u64,
    },
    SessionLengths,
    Sessions {
        search: String,
        limit: u64,
        offset: u64,
    },
    Session {
        id: String,
    },
    Bounce,
    EntryPoints,
    ExitPoints,
    ActiveUsers,
    Errors,
    Loads,
}

impl Subject {
    #[must_use]
    pub fn insight(&self) -> Insight {
        match self {
            Self::Summary => Insight::Summary,
            Self::Visits { .. } => Insight::Visits,
            Self::Journey => Insight::Journey,
            Self::Time => Insight::Time,
            Self::Popularity { .. } => Insight::Popularity,
            Self::Funnel { .. } => Insight::Funnel,
            Self::Activity { .. } => Insight::Activity,
            Self::Paths { .. } => Insight::Paths,
            Self::SessionLengths => Insight::SessionLengths,
            Self::Sessions { .. } => Insight::Sessions,
            Self::Session { .. } => Insight::Session,
            Self::Bounce => Insight::Bounce,
            Self::EntryPoints => Insight::EntryPoints,
            Self::ExitPoints => Insight::ExitPoints,
            Self::ActiveUsers => Insight::ActiveUsers,
            Self::Errors => Insight::Errors,
            Self::Loads => Insight::Loads,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    pub subject: Subject,
    pub range: Range,
    pub filter: Filter,
}

impl Question {
    /// Knows which components the registry has: also those that nobody visited are listed.
    #[must_use]
    pub fn with_known(mut self, registry: &Current) -> Self {
        if let Subject::Visits { known } = &mut self.subject
            && registry.is_usable()
        {
            let component = |(hash, name): (&str, &str)| KnownComponent {
                hash: hash.to_owned(),
                name: name.to_owned(),
            };
            *known = registry.names().map(component).collect();
        }
        self
    }

    /// A sentence about the components that it names and the registry does not have, if there are any.
    #[must_use]
    pub fn unknown_components(&self, registry: &Current) -> Option<String> {
        let steps: &[String] = match &self.subject {
            Subject::Funnel { components, .. } => components,
            _ => &[],
        };
        if !registry.is_usable() {
            return None;
        }
        let named = self.filter.components.iter().chain(&self.filter.entry).chain(steps);
        let unknown: Vec<String> = named
            // `(dashboard)` and `(other)` are nobody's components and have events all the same.
            .filter(|hash| !hash.starts_with('(') && !registry.knows(hash))
            .take(MAX_NOTED)
            .map(|hash| hash.escape_default().to_string())
            .collect();
        (!unknown.is_empty())
            .then(|| format!("the registry has no component {}", unknown.join(", ")))
    }
}
