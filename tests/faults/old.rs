//! Browsers that lack what is new: events leave all the same.

use crate::{
    row::{NOTHING_LOST, Row, beginning_and},
    support::{Person, Setup, Site, changed_page},
};

/// What Safari 15.0 does not have, or a page on plain http.
const OLD: &str = "
    for (const [of, names] of [
        [self.AbortSignal, ['timeout', 'any']],
        [self, ['structuredClone', 'CompressionStream', 'DecompressionStream', 'requestIdleCallback', 'scheduler']],
        [Array.prototype, ['at', 'findLast', 'toSorted']],
        [String.prototype, ['at', 'replaceAll']],
        [Object, ['groupBy']],
        [self.Crypto?.prototype, ['randomUUID']],
        [self.Element?.prototype, ['checkVisibility', 'setHTMLUnsafe']],
        [self.Navigator?.prototype ?? self.WorkerNavigator?.prototype, ['locks']],
    ]) for (const name of names) if (of) try {
        Object.defineProperty(of, name, { value: undefined, configurable: true, writable: true });
    } catch {}
";

#[tokio::test]
async fn events_leave_from_an_old_browser() {
    let page = changed_page("sender.js", |script| format!("{OLD}\n{script}"));
    let site = Site::start_with(None, |command| {
        command.env("CLM_DIST", page.path());
    });
    let row = Row::before(site).await;
    let person = Person::arrive_at("about:blank", Setup::default()).await;
    person.prepare(OLD).await;
    person.visit(&row.url()).await;
    person.see_loaded().await;
    person.agree().await;
    row.walk(&person, &["hero-content", "p2p-status"]).await;
    row.site.rows_until(|_| row.story() == beginning_and(&[])).await;
    assert_eq!(person.run("return String(window.__CLM_TRACKING__.retried)").await, "0");
    assert_eq!(row.end("a browser of 2021"), NOTHING_LOST);
    person.leave().await;
}

#[tokio::test]
async fn events_leave_without_a_worker() {
    let page =
        changed_page("sender.js", |script| format!("throw new Error('no worker');\n{script}"));
    let site = Site::start_with(None, |command| {
        command.env("CLM_DIST", page.path());
    });
    let row = Row::before(site).await;
    let person = row.arrive().await;
    row.site.rows_until(|_| row.story() == beginning_and(&[])).await;
    assert_eq!(row.end("no worker"), NOTHING_LOST);
    person.leave().await;
}
