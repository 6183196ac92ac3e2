//! The part of a sheet that a question is about.

use insights::{Filter, FilterMeaning, Range};

use super::{Column, Columns, Events, Kind, Part, Sheet, What};

/// No user and no session has this number.
pub const NOBODY: u64 = 0;

/// What a question looks at.
pub struct Lens<'a> {
    pub range: Range,
    pub filter: &'a Filter,
    /// What the filter means for the question.
    pub meaning: FilterMeaning,
    /// The numbers of those that the filter names, or [`NOBODY`].
    pub user: Option<u64>,
    pub session: Option<u64>,
    /// What the question reads of a sheet that it is all about.
    pub needs: Columns,
    /// And of one of which it is about a part.
    pub needs_of_part: Columns,
    /// Whether it wants to know when sessions begin and end.
    pub needs_spans: bool,
}

impl Lens<'_> {
    /// The columns to read of a sheet: those that the question needs, and those that tell which events it is
    /// about. `is_whole` is a sheet that lies in the range with all its events.
    pub fn columns(&self, is_whole: bool, is_mixed: bool, has_stale: bool) -> Columns {
        let Filter { components: _, entry, user, session, hide_demo: _ } = self.filter;
        let is_filtered = !self.filter.is_empty();
        let is_all = is_whole && !is_filtered && !has_stale;
        let mut columns = if is_all { self.needs } else { self.needs_of_part };
        if self.needs_spans {
            columns = columns.and(Column::SPAN);
            if !is_whole || is_filtered {
                columns =
                    Kind::ALL.into_iter().fold(columns, |all, kind| all.of(kind, &[Part::At]));
            }
        }
        let of_events = self.chooses_events();
        if entry.is_some() || self.chooses_sessions() {
            columns = columns.and(Column::NAMES).of(Kind::Visit, &[Part::What]);
        }
        if user.is_some() {
            columns = columns.and(Column::USER);
        }
        if session.is_some() || has_stale {
            columns = columns.and(Column::NUMBER);
        }
        if of_events {
            columns = columns.and(Column::NAMES);
        }
        for kind in Kind::ALL {
            if columns.has_any(kind) {
                if of_events {
                    columns = columns.of(kind, &[Part::What]);
                }
                if !is_whole {
                    columns = columns.of(kind, &[Part::At]);
                }
                if is_mixed {
                    columns = columns.and(Column::USER).of(kind, &[Part::User]);
                }
            }
        }
        columns
    }

    /// Whether single events are left out for their component or because a demo made them.
    fn chooses_events(&self) -> bool {
        let Filter { components, hide_demo, .. } = self.filter;
        self.meaning == FilterMeaning::Events && (!components.is_empty() || *hide_demo)
    }

    /// Whether whole sessions are chosen by what they visit.
    fn chooses_sessions(&self) -> bool {
        let Filter { components, hide_demo, .. } = self.filter;
        match self.meaning {
            FilterMeaning::Events => false,
            FilterMeaning::Sessions => !components.is_empty() || *hide_demo,
            FilterMeaning::Transitions => *hide_demo,
        }
    }
}

impl Sheet {
    /// Leaves only what `lens` looks at, and nothing of the sessions in `stale`, which is sorted.
    pub fn cut(&mut self, lens: &Lens<'_>, is_whole: bool, stale: &[u64]) {
        let Filter { components, entry, user: _, session: _, hide_demo } = lens.filter;
        if is_whole && lens.filter.is_empty() && stale.is_empty() {
            return;
        }
        self.weight = None;
        let is_named = |of: &dyn Fn(&str) -> bool| -> Vec<bool> {
            self.names.iter().map(|name| of(&name.hash)).collect()
        };
        let chosen = is_named(&|hash| components.iter().any(|component| component == hash));
        let is_entry = is_named(&|hash| entry.as_deref() == Some(hash));
        let of_events = lens.chooses_events();
        let of_sessions = lens.chooses_sessions();
        let must_visit = lens.meaning == FilterMeaning::Sessions && !components.is_empty();
        let is_in = |events: &Events, at: usize| is_whole || lens.range.contains(events.at_ms[at]);
        let is_of_user = |events: &Events, session: usize, at: usize| {
            lens.user.is_none_or(|user| *events.user.get(at).unwrap_or(&self.user[session]) == user)
        };
        let visits = self.all(Kind::Visit);
        let takes_session = |session: usize| {
            let enters = |at: usize| {
                let what = visits.what[at];
                what.is_entry()
                    && is_entry[what.name()]
                    && is_in(visits, at)
                    && !(*hide_demo && what.is_demo())
            };
            let has_visit = |is: &dyn Fn(What) -> bool| {
                visits.of(session).any(|at| {
                    is(visits.what[at]) && is_in(visits, at) && is_of_user(visits, session, at)
                })
            };
            (stale.is_empty() || stale.binary_search(&self.number[session]).is_err())
                && lens.session.is_none_or(|number| self.number[session] == number)
                && (entry.is_none() || visits.of(session).any(enters))
                && (!must_visit || has_visit(&|what| chosen[what.name()]))
                && !(of_sessions && *hide_demo && has_visit(&What::is_demo))
        };
        let sessions: Vec<bool> = (0..self.sessions).map(takes_session).collect();
        let stays = |events: &Events, session: usize, at: usize| {
            let is_chosen = |what: What| {
                (components.is_empty() || chosen[what.name()]) && !(*hide_demo && what.is_demo())
            };
            sessions[session]
                && is_in(events, at)
                && is_of_user(events, session, at)
                && (!of_events || is_chosen(events.what[at]))
        };
        let masks = Kind::ALL.map(|kind| {
            let events = self.all(kind);
            let all = (0..self.sessions.min(events.ends.len()))
                .flat_map(|session| events.of(session).map(move |at| (session, at)));
            all.map(|(session, at)| stays(events, session, at)).collect::<Vec<bool>>()
        });
        self.recount_after(&masks[Kind::Visit as usize]);
        for (events, mask) in self.kinds.iter_mut().zip(&masks) {
            events.retain(mask);
        }
        if lens.needs_spans && !(is_whole && lens.filter.is_empty()) {
            self.measure();
        }
    }

    /// The same without the sessions in `gone`, which is sorted. All columns are there.
    #[must_use]
    pub fn without(mut self, gone: &[u64]) -> Self {
        let all = Lens {
            range: Range::ALL,
            filter: &Filter::default(),
            meaning: FilterMeaning::Events,
            user: None,
            session: None,
            needs: Columns::ALL,
            needs_of_part: Columns::ALL,
            needs_spans: false,
        };
        self.cut(&all, true, gone);
        let stays: Vec<bool> =
            self.number.iter().map(|number| gone.binary_search(number).is_err()).collect();
        let Self { names: _, sessions, number, user, first_ms, last_ms, id_bytes, .. } = &mut self;
        for column in [number, user, first_ms, last_ms, id_bytes] {
            keep(column, &stays);
        }
        *sessions = stays.iter().filter(|&&stays| stays).count();
        for events in &mut self.kinds {
            keep(&mut events.ends, &stays);
        }
        self
    }

    /// How many visits each exit comes after, once those are gone that do not stay.
    fn recount_after(&mut self, stays: &[bool]) {
        let mut before = Vec::with_capacity(stays.len() + 1);
        let mut count = 0;
        before.push(count);
        for &stays in stays {
            count += usize::from(stays);
            before.push(count);
        }
        let [visits, exits, ..] = &mut self.kinds;
        if exits.after.is_empty() {
            return;
        }
        for session in 0..self.sessions {
            let start = visits.of(session).start;
            for at in exits.of(session) {
                let end = (start + exits.after[at]).min(stays.len());
                exits.after[at] = before[end] - before[start];
            }
        }
    }

    /// From its first to its last event, of each session that has any.
    fn measure(&mut self) {
        for session in 0..self.sessions {
            let times = |kind| {
                let events = &self.kinds[kind as usize];
                let at_ms = &events.at_ms[events.of(session)];
                at_ms.first().copied().zip(at_ms.last().copied())
            };
            let spans = Kind::ALL.into_iter().filter_map(times);
            let whole = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
            (self.first_ms[session], self.last_ms[session]) = whole.unwrap_or_default();
        }
    }
}

impl Events {
    fn retain(&mut self, stays: &[bool]) {
        if stays.iter().all(|&stays| stays) {
            return;
        }
        let mut places = Vec::with_capacity(stays.len() + 1);
        let mut count = 0;
        places.push(count);
        for &stays in stays {
            count += usize::from(stays);
            places.push(count);
        }
        self.ends.iter_mut().for_each(|end| *end = places[*end]);
        keep(&mut self.what, stays);
        keep(&mut self.at_ms, stays);
        keep(&mut self.value, stays);
        keep(&mut self.after, stays);
        keep(&mut self.bytes, stays);
        keep(&mut self.user, stays);
        self.late.retain(|(at, _)| stays[*at]);
        self.late.iter_mut().for_each(|(at, _)| *at = places[*at]);
    }
}

fn keep<T>(column: &mut Vec<T>, stays: &[bool]) {
    let mut stays = stays.iter();
    column.retain(|_| stays.next() == Some(&true));
}
