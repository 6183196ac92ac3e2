//! What one person does in one sitting, moment by moment. The browser plays it, the truth counts it.

use tracking::ErrorKind;

/// A person at the dashboard, from opening it to leaving it.
#[derive(Clone, Debug)]
pub struct Sitting {
    pub start_ms: u64,
    pub referrer: &'static str,
    pub stays: Vec<Stay>,
    pub end: End,
    /// When the question about consent is answered, counted from the start.
    pub answers: Option<Answer>,
    /// When the network is gone, as times.
    pub outage: Option<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub after_ms: u64,
    pub yes: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The page is closed.
    Closes,
    /// The person walks away from the open page.
    WalksAway,
}

/// One component on the screen.
#[derive(Clone, Debug)]
pub struct Stay {
    /// Which of the places.
    pub place: usize,
    pub ms: u64,
    /// What happens and when, counted from the beginning of the stay; in order.
    pub doings: Vec<(u64, Doing)>,
}

#[derive(Clone, Debug)]
pub enum Doing {
    /// The component is there after so long.
    Loads(u64),
    Interacts(String, Option<String>),
    Fails(ErrorKind, String),
    /// The mouse moves.
    Moves,
    Hides,
    Shows,
    /// The page is loaded again; it takes so long.
    Reloads(u64),
}

impl Sitting {
    /// The last sign of life.
    #[must_use]
    pub fn end_ms(&self) -> u64 {
        self.start_ms + self.stays.iter().map(|stay| stay.ms).sum::<u64>()
    }
}
