//! Loki's own way to forget: a request to delete, and the list of such requests with their states.

use logql::alert::SERVER_JOB;
use serde::Deserialize;
use tracking::{LabelMode, UserId};

use crate::loki::{Loki, LokiError, read};

/// Bytes of the list that are read.
const MAX_LIST: usize = 16 << 20;
/// Loki takes times in seconds of exactly ten digits: from 2001 on.
const EARLIEST_S: u64 = 1_000_000_000;
const DAY_S: u64 = 24 * 60 * 60;

/// How far a deletion is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Loki knows nothing of it, or nothing any more.
    Unknown,
    Going,
    Done,
}

impl Loki {
    /// Names the entries of one user. An empty selector would make Loki refuse every later query,
    /// so it is made of nothing but our own job and an id that is 64 hex digits by its type.
    pub(super) fn selector(&self, user: &UserId) -> String {
        let (job, user) = (&self.settings.job, user.as_str());
        match self.settings.labels {
            LabelMode::Metadata => format!("{{job=\"{job}\"}} | user_id=\"{user}\""),
            LabelMode::Stream => format!("{{job=\"{job}\", user_id=\"{user}\"}}"),
        }
    }

    /// Names the lines of `POST /api/analytics` of one user, which a log agent brings to Loki.
    fn lines_selector(user: &UserId) -> String {
        format!("{{job=\"{SERVER_JOB}\"}} | json | user_id=\"{}\"", user.as_str())
    }

    fn start_s(&self, end_s: u64) -> u64 {
        end_s.saturating_sub(self.settings.keeps_days.saturating_mul(DAY_S)).max(EARLIEST_S)
    }

    /// Asks Loki to delete all that it has of `user` up to `end_s`.
    pub async fn delete(&self, user: &UserId, end_s: u64) -> Result<(), LokiError> {
        let start_s = self.start_s(end_s);
        for query in [self.selector(user), Self::lines_selector(user)] {
            let mut url = self.address("delete");
            url.query_pairs_mut()
                .append_pair("query", &query)
                .append_pair("start", &start_s.to_string())
                .append_pair("end", &end_s.to_string());
            self.send(self.client.post(url)).await?;
        }
        Ok(())
    }

    /// The deletions that Loki knows of.
    pub async fn deletions(&self) -> Result<Deletions, LokiError> {
        let answer = self.send(self.client.get(self.address("delete"))).await?;
        Deletions::read(&read(answer, MAX_LIST).await?).ok_or(LokiError::Unreadable)
    }
}

#[derive(Deserialize)]
struct Deletion {
    query: String,
    status: String,
    #[serde(default)]
    end_time: serde_json::Value,
}

/// What `GET` on the deletions answers.
pub struct Deletions(Vec<Deletion>);

impl Deletions {
    fn read(body: &[u8]) -> Option<Self> {
        // Loki writes `null` for an empty list.
        serde_json::from_slice::<Option<Vec<Deletion>>>(body)
            .ok()
            .map(|l| Self(l.unwrap_or_default()))
    }

    /// Whose data is to be deleted, by requests that are ours to the letter.
    pub fn users(&self, loki: &Loki) -> Vec<UserId> {
        let mut users: Vec<_> = self
            .0
            .iter()
            .filter_map(|deletion| {
                let user = deletion.query.split('"').rev().nth(1)?;
                let user = UserId::parse(user).ok()?;
                (deletion.query == loki.selector(&user)).then_some(user)
            })
            .collect();
        users.sort();
        users.dedup();
        users
    }

    /// Done is done only when every request for this user is, and one for their events and one for their lines
    /// of `/api/analytics` reach `end_s`.
    pub fn progress(&self, user: &UserId, end_s: u64) -> Progress {
        let ours: Vec<_> = self.0.iter().filter(|d| d.query.contains(user.as_str())).collect();
        let lines = Loki::lines_selector(user);
        let is_asked = |of_lines: bool| {
            ours.iter().any(|d| {
                (d.query == lines) == of_lines
                    && d.reaches(end_s)
                    && !d.status.starts_with("cancel")
            })
        };
        if !is_asked(false) || !is_asked(true) {
            Progress::Unknown
        } else if ours.iter().all(|d| d.status == "processed" || d.status.starts_with("cancel")) {
            Progress::Done
        } else {
            Progress::Going
        }
    }
}

impl Deletion {
    #[allow(clippy::cast_precision_loss)]
    fn reaches(&self, end_s: u64) -> bool {
        let end = match &self.end_time {
            serde_json::Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        // Its parts may end a moment short of the whole.
        end.is_some_and(|end| end + 1.0 >= end_s as f64)
    }
}

#[cfg(test)]
mod tests {
    use tracking::UserSecret;

    use super::*;
    use crate::loki::LokiSettings;

    fn loki(change: impl FnOnce(&mut LokiSettings)) -> Result<Loki, LokiError> {
        let mut settings = LokiSettings::new("http://loki:3100".into());
        change(&mut settings);
        Loki::new(settings)
    }

    #[test]
    fn the_selector_names_one_user() {
        let user = UserSecret::new(1).user_id();
        let metadata = loki(|_| ()).unwrap();
        let expected = format!("{{job=\"clm-frontend\"}} | user_id=\"{}\"", user.as_str());
        assert_eq!(metadata.selector(&user), expected);
        let stream = loki(|s| s.labels = LabelMode::Stream).unwrap();
        let expected = format!("{{job=\"clm-frontend\", user_id=\"{}\"}}", user.as_str());
        assert_eq!(stream.selector(&user), expected);
    }

    #[test]
    fn only_requests_of_our_own_form_name_users() {
        let loki = loki(|_| ()).unwrap();
        let [one, two] = [1, 2].map(|n| UserSecret::new(n).user_id());
        let queries = [
            loki.selector(&two),
            loki.selector(&one),
            loki.selector(&two),
            format!("{{job=\"other\"}} | user_id=\"{}\"", one.as_str()),
            "{job=\"clm-frontend\"}".to_owned(),
            String::new(),
        ];
        let rows = queries.map(|query| serde_json::json!({ "query": query, "status": "received" }));
        let body = serde_json::to_vec(&rows).unwrap();
        let mut expected = vec![one, two];
        expected.sort();
        assert_eq!(Deletions::read(&body).unwrap().users(&loki), expected);
    }

    #[test]
    fn the_start_is_a_time_that_loki_takes() {
        let end_s = 1_764_000_000;
        assert_eq!(loki(|_| ()).unwrap().start_s(end_s), end_s - 366 * DAY_S);
        assert_eq!(loki(|s| s.keeps_days = u64::MAX).unwrap().start_s(end_s), EARLIEST_S);
    }

    #[test]
    fn done_is_what_loki_calls_processed_for_all_that_was_asked() {
        let user = UserSecret::new(1).user_id();
        let events = format!("{{job=\"j\"}} | user_id=\"{}\"", user.as_str());
        let lines = Loki::lines_selector(&user);
        let progress_of = |queries: &[&String], rows: &[(&str, f64)]| {
            let rows: Vec<_> = rows
                .iter()
                .flat_map(|row| queries.iter().map(move |query| (query, row)))
                .map(|(query, (status, end))| {
                    serde_json::json!({ "request_id": "a", "start_time": 1.0, "end_time": end,
                        "query": query, "status": status, "created_at": 9.0 })
                })
                .collect();
            let body = serde_json::to_vec(&rows).unwrap();
            Deletions::read(&body).unwrap().progress(&user, 1_000)
        };
        let progress = |rows: &[(&str, f64)]| progress_of(&[&events, &lines], rows);
        assert_eq!(progress_of(&[&events], &[("processed", 1_000.0)]), Progress::Unknown);
        assert_eq!(progress_of(&[&lines], &[("processed", 1_000.0)]), Progress::Unknown);
        assert_eq!(progress(&[]), Progress::Unknown);
        assert_eq!(progress(&[("processed", 1_000.0)]), Progress::Done);
        assert_eq!(progress(&[("processed", 900.0)]), Progress::Unknown);
        assert_eq!(progress(&[("received", 1_000.0)]), Progress::Going);
        assert_eq!(progress(&[("50% Complete", 1_000.0)]), Progress::Going);
        assert_eq!(progress(&[("cancelled", 1_000.0)]), Progress::Unknown);
        assert_eq!(progress(&[("received", 900.0), ("processed", 1_000.0)]), Progress::Going);
        let other = UserSecret::new(2).user_id();
        assert_eq!(Deletions::read(b"null").unwrap().progress(&other, 1), Progress::Unknown);
        assert!(Deletions::read(b"{}").is_none());
    }
}
