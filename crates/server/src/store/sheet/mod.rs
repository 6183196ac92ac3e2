//! What some sessions did, as columns of numbers: what the answers are counted from.
//!
//! A session is in one sheet with all its events, so whatever is counted by session can be counted sheet by
//! sheet. Each column is packed by itself, and only those that a question needs are read.

mod build;
mod coded;
mod cut;
mod numbers;
mod weight;

pub use build::{Builder, Found};
pub use cut::{Lens, NOBODY};
pub use weight::{Stream, Weight};

/// Kinds of events that the answers tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Visit,
    Exit,
    Error,
    Load,
    /// What only weighs something.
    Rest,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Visit, Self::Exit, Self::Error, Self::Load, Self::Rest];

    fn column(self, part: Part) -> Column {
        Column(8 + self as u8 * 8 + part as u8)
    }
}

/// What is known of the events of a kind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// How many each session has.
    Count,
    /// [`What`].
    What,
    At,
    /// See [`Events::value`].
    Value,
    /// See [`Events::after`].
    After,
    /// See [`Events::bytes`].
    Bytes,
    /// See [`Events::late`].
    Late,
    /// See [`Events::user`].
    User,
}

impl Part {
    const ALL: [Self; 8] = [
        Self::Count,
        Self::What,
        Self::At,
        Self::Value,
        Self::After,
        Self::Bytes,
        Self::Late,
        Self::User,
    ];
}

/// One column; the number under which it is stored.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Column(pub u8);

impl Column {
    /// [`Sheet::names`].
    pub const NAMES: Self = Self(0);
    pub const NUMBER: Self = Self(1);
    pub const USER: Self = Self(2);
    /// [`Sheet::first_ms`] and [`Sheet::last_ms`].
    pub const SPAN: Self = Self(3);
    pub const ID_BYTES: Self = Self(4);
    /// [`Sheet::weight`].
    pub const WEIGHT: Self = Self(5);
}

/// Some columns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Columns(u64);

impl Columns {
    pub const ALL: Self = Self(u64::MAX);

    #[must_use]
    pub fn and(self, column: Column) -> Self {
        Self(self.0 | (1 << column.0))
    }

    /// Those parts of a kind, and what it takes to read them.
    #[must_use]
    pub fn of(self, kind: Kind, parts: &[Part]) -> Self {
        let all = parts.iter().fold(self, |all, &part| all.and(kind.column(part)));
        let all = all.and(kind.column(Part::Count));
        if parts.contains(&Part::At) { all.and(Column::SPAN) } else { all }
    }

    pub fn has(self, column: Column) -> bool {
        self.0 & (1 << column.0) != 0
    }

    pub fn has_any(self, kind: Kind) -> bool {
        self.has(kind.column(Part::Count))
    }

    pub fn iter(self) -> impl Iterator<Item = Column> {
        (0..48).map(Column).filter(move |&column| self.has(column))
    }
}

/// Of which component an event is, whether a demo did it, and whether it is a session's entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct What(u32);

impl What {
    #[must_use]
    pub fn new(name: usize, demo: bool, is_entry: bool) -> Self {
        let name = u32::try_from(name).unwrap_or(u32::MAX >> 2);
        Self(name << 2 | u32::from(demo) << 1 | u32::from(is_entry))
    }

    /// Its place in [`Sheet::names`].
    pub fn name(self) -> usize {
        self.0 as usize >> 2
    }

    pub fn is_demo(self) -> bool {
        self.0 & 2 != 0
    }

    pub fn is_entry(self) -> bool {
        self.0 & 1 != 0
    }
}

/// The events of one kind, session after session, each session's in their order. A column that was not asked
/// for is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events {
    /// Where those of each session end.
    pub ends: Vec<usize>,
    pub what: Vec<What>,
    pub at_ms: Vec<u64>,
    /// Of a visit the place in [`Sheet::names`] of the component before it, of an exit its duration, of a load one
    /// more than its time (0 is a load without one), of the rest its [`Rest`].
    pub value: Vec<u64>,
    /// Of an exit only: how many of the session's visits are before it.
    pub after: Vec<usize>,
    /// The length of its line.
    pub bytes: Vec<u64>,
    /// Places of those that came late, and the hour in which they were.
    pub late: Vec<(usize, u64)>,
    /// Whose each is; only in a sheet that [`Sheet::is_mixed`].
    pub user: Vec<u64>,
}

impl Events {
    /// Where the events of a session stand.
    #[inline]
    pub fn of(&self, session: usize) -> std::ops::Range<usize> {
        let start = session.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[session]
    }

    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }
}

/// The event of a [`Kind::Rest`].
pub struct Rest;

impl Rest {
    pub const START: u64 = 0;
    pub const RESUME: u64 = 1;
    pub const INTERACTION: u64 = 2;
    pub const DROPPED: u64 = 3;
}

/// A component as events name it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Name {
    pub hash: String,
    pub name: String,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    pub names: Vec<Name>,
    /// How many sessions there are.
    pub sessions: usize,
    /// `sessions.id`.
    pub number: Vec<u64>,
    /// `users.id` of whose it is.
    pub user: Vec<u64>,
    /// When its first and its last event were.
    pub first_ms: Vec<u64>,
    pub last_ms: Vec<u64>,
    /// Lengths of its id and its user's.
    pub id_bytes: Vec<u64>,
    /// Some session has several users: each event says whose it is.
    pub is_mixed: bool,
    /// Of a packed sheet that nothing was taken from.
    pub weight: Option<Weight>,
    kinds: [Events; 5],
}

impl Sheet {
    #[inline]
    pub fn all(&self, kind: Kind) -> &Events {
        &self.kinds[kind as usize]
    }

    fn all_mut(&mut self, kind: Kind) -> &mut Events {
        &mut self.kinds[kind as usize]
    }

    /// Of how many events it knows.
    pub fn events(&self) -> usize {
        self.kinds.iter().map(Events::len).sum()
    }

    /// For each of its names the first with the same hash: components are told apart by that.
    pub fn hashes(&self) -> Vec<usize> {
        let mut first = std::collections::HashMap::with_capacity(self.names.len());
        let names = self.names.iter().enumerate();
        names.map(|(at, name)| *first.entry(name.hash.as_str()).or_insert(at)).collect()
    }
}
