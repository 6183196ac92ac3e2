//! What the answers are counted from, kept along with the events: each session's events as part of a packed
//! [`Sheet`], so that a month is not read event by event.
//!
//! A session that something was added to or removed from is *loose* until it is packed again: its events are
//! read themselves, and what an older sheet says of it does not count. So the answers are exact at every
//! moment, whatever comes late or goes. What is added comes through one door and is noted there, a whole
//! transaction at a time: a trigger would make SQLite note for each event how to take it back, which costs as
//! much as storing it. What is removed, in whatever way and seldom, is noted by a trigger.

mod added;
mod events;
mod file;
mod pack;

pub use added::Added;
pub use events::Events;
pub use file::{Packed, Segment, columns, loose, stale};
pub use pack::{Packing, pack, rebuild};

/// `users` and `sessions` give numbers to ids. A session's `segment` is the sheet that has it; loose ones may have
/// changed since. The `columns` of a segment stand under its id times 64 and their own number. `totals` is one
/// row; its `commits` and `generation` are for the store's `ledger`.
pub const CREATE: &str = "
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE,
    events INTEGER NOT NULL,
    last INTEGER NOT NULL,
    segment INTEGER,
    is_loose INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX sessions_loose ON sessions (last, events, segment) WHERE is_loose;
CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    day INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    events INTEGER NOT NULL,
    is_mixed INTEGER NOT NULL
) STRICT;
CREATE INDEX segments_by_day ON segments (day, events);
CREATE TABLE columns (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
CREATE TABLE totals (
    events INTEGER NOT NULL,
    commits INTEGER NOT NULL DEFAULT 0,
    generation INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO totals (events) VALUES (0);
CREATE TRIGGER event_removed AFTER DELETE ON events BEGIN
    UPDATE sessions SET events = events - 1, is_loose = 1 WHERE session_id = old.session_id;
    UPDATE totals SET events = events - 1;
    DELETE FROM users WHERE user_id = old.user_id
        AND NOT EXISTS (SELECT 1 FROM events WHERE user_id = old.user_id);
END;
";
