//! A site to visit and a person who visits it.

// Each suite uses its share.
#![allow(dead_code)]

pub mod axe;
pub mod gate;
pub mod hosts;
mod insights;
pub mod states;
pub mod told;

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use thirtyfour::{LoggingPrefsLogLevel, TypingData, prelude::*};

/// Patience of every wait. A condition ends it sooner; a slow machine does not make it fail.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

fn path(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run `cargo xtask test`"))
}

/// The built page with one of its files changed, in a folder of its own.
pub fn changed_page(file: &str, change: impl FnOnce(String) -> String) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(Path::new(&path("CLM_DIST")), copy.path());
    let file = copy.path().join(file);
    let text = change(std::fs::read_to_string(&file).unwrap());
    std::fs::write(file, text).unwrap();
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server with the built page and an empty store of its own.
pub struct Site {
    pub address: String,
    data: tempfile::TempDir,
    _server: Process,
}

impl Site {
    pub async fn start(registry: Option<&Path>) -> Self {
        Self::start_with(registry, |_| {})
    }

    /// With more for the server's command line or environment.
    pub fn start_with(registry: Option<&Path>, change: impl FnOnce(&mut Command)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut command = Command::new(path("CLM_SERVER_BIN"));
        command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data.path());
        command.env("CLM_DIST", path("CLM_DIST"));
        if let Some(file) = registry {
            command.arg("--registry").arg(file);
        }
        change(&mut command);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").expect(&line).to_owned();
        Self { address, data, _server: Process(child) }
    }

    /// All stored lines, in the order of their sequence.
    pub fn lines(&self) -> Vec<String> {
        let file = self.data.path().join("events.db");
        let store =
            rusqlite::Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
                .unwrap();
        let mut query = store.prepare("SELECT line FROM events ORDER BY timestamp, seq").unwrap();
        let lines = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.map(Result::unwrap).collect()
    }

    /// The same, read.
    pub fn rows(&self) -> Vec<Value> {
        self.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub async fn rows_until(&self, condition: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let rows = self.rows();
            if condition(&rows) {
                return rows;
            }
            assert!(start.elapsed() < PATIENCE, "stored so far: {rows:#?}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// What a browser starts with.
#[derive(Default)]
pub struct Setup {
    /// Where its profile lives; a new one when there is none.
    pub profile: Option<PathBuf>,
    /// The person forbids sites to store anything.
    pub storage_blocked: bool,
}

/// A browser with an empty profile, and the hand that moves it.
pub struct Person {
    driver: WebDriver,
    _chromedriver: Process,
}

impl Person {
    /// Opens the page at `fragment`.
    pub async fn arrive(site: &Site, fragment: &str) -> Self {
        Self::arrive_at(&format!("{}/{fragment}", site.address), Setup::default()).await
    }

    /// As [`Person::arrive`]; `script` runs before anything of the page.
    pub async fn arrive_listening(site: &Site, script: &str) -> Self {
        let person = Self::arrive_at("about:blank", Setup::default()).await;
        person.prepare(script).await;
        person.visit(&site.address).await;
        person
    }

    /// From now on `script` runs in this tab before anything of a page.
    pub async fn prepare(&self, script: &str) {
        let source = serde_json::json!({ "source": script });
        let cdp = self.driver.cdp();
        cdp.send_raw("Page.addScriptToEvaluateOnNewDocument", source).await.unwrap();
    }

    pub async fn arrive_at(url: &str, setup: Setup) -> Self {
        // The driver's client is built with the server's features, and that one names its provider
        // itself. Only the first call counts.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let chromedriver = Command::new(path("CHROMEDRIVER"))
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver");
        let chromedriver = Process(chromedriver);
        let mut caps = DesiredCapabilities::chrome();
        caps.set_binary(&path("CHROME")).unwrap();
        for arg in [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            "--window-size=1440,900",
        ] {
            caps.add_arg(arg).unwrap();
        }
        caps.set_browser_log_level(LoggingPrefsLogLevel::Severe).unwrap();
        if let Some(profile) = &setup.profile {
            caps.add_arg(&format!("--user-data-dir={}", profile.display())).unwrap();
        }
        if setup.storage_blocked {
            let block = serde_json::json!({ "profile.default_content_setting_values.cookies": 2 });
            caps.add_experimental_option("prefs", block).unwrap();
        }
        let start = Instant::now();
        let driver = loop {
            match WebDriver::new(format!("http://127.0.0.1:{port}"), caps.clone()).await {
                Ok(driver) => break driver,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        driver.goto(url).await.unwrap();
        Self { driver, _chromedriver: chromedriver }
    }

    pub async fn visit(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    pub async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// Opens `url` in a tab of its own and looks at it; the tab that was in front comes back.
    pub async fn open_tab(&self, url: &str) -> WindowHandle {
        let before = self.driver.window().await.unwrap();
        let tab = self.driver.new_tab().await.unwrap();
        self.driver.switch_to_window(tab).await.unwrap();
        self.driver.goto(url).await.unwrap();
        before
    }

    pub async fn here(&self) -> WindowHandle {
        self.driver.window().await.unwrap()
    }

    pub async fn look_at(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.unwrap();
    }

    /// The process that renders the tab in front dies, as when the machine runs out of memory. The
    /// tab is of no use then: look at another.
    pub async fn kill_renderer(&self) {
        let cdp = self.driver.cdp();
        let crash = cdp.send_raw("Page.crash", serde_json::json!({}));
        // There is nobody left to answer.
        let _ = tokio::time::timeout(Duration::from_secs(2), crash).await;
    }

    /// The page's clock shows the time of `zone`.
    pub async fn in_time_zone(&self, zone: &str) {
        let zone = serde_json::json!({ "timezoneId": zone });
        self.driver.cdp().send_raw("Emulation.setTimezoneOverride", zone).await.unwrap();
    }

    /// The network is gone, or back.
    pub async fn offline(&self, offline: bool) {
        let network = serde_json::json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1
        });
        self.driver.cdp().send_raw("Network.enable", serde_json::json!({})).await.unwrap();
        self.driver.cdp().send_raw("Network.emulateNetworkConditions", network).await.unwrap();
    }

    /// Errors in the browser's console since the last call, its own words among them.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.unwrap();
        // Asked for by the browser itself, of every host.
        let messages = entries.into_iter().map(|entry| entry.message);
        messages.filter(|message| !message.contains("/favicon.ico")).collect()
    }

    /// Runs a script that returns a text.
    pub async fn run(&self, script: &str) -> String {
        let answer = self.driver.execute(script, Vec::new()).await.unwrap();
        answer.json().as_str().unwrap_or_default().to_owned()
    }

    /// Runs `script` as one of the page's own; what it throws later is the page's.
    pub async fn evaluate(&self, script: &str) {
        let expression = serde_json::json!({ "expression": script });
        self.driver.cdp().send_raw("Runtime.evaluate", expression).await.unwrap();
    }

    /// Waits until a script returns true.
    pub async fn until(&self, script: &str, argument: u64) {
        let start = Instant::now();
        loop {
            let answer = self.driver.execute(script, vec![argument.into()]).await;
            if answer.is_ok_and(|answer| *answer.json() == Value::Bool(true)) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "waited in vain for: {script}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    pub async fn see(&self, selector: &str) {
        let selector = serde_json::to_string(selector).unwrap();
        self.until(&format!("return !!document.querySelector({selector})"), 0).await;
    }

    pub async fn see_text(&self, text: &str) {
        let text = serde_json::to_string(text).unwrap();
        self.until(&format!("return document.body.innerText.includes({text})"), 0).await;
    }

    /// What is fetched once the dashboard stands has come.
    pub async fn see_the_rest(&self) {
        self.until(
            "return ['extras', 'pages'].every(part => performance.getEntriesByType('resource')
                .some(e => e.name.endsWith(`_split_${part}.wasm`) && e.responseEnd > 0))",
            0,
        )
        .await;
    }

    /// Requests for such addresses fail from now on; an empty list ends it.
    pub async fn block(&self, urls: &[&str]) {
        let cdp = self.driver.cdp();
        cdp.send_raw("Network.enable", serde_json::json!({})).await.unwrap();
        let urls = serde_json::json!({ "urls": urls });
        cdp.send_raw("Network.setBlockedURLs", urls).await.unwrap();
    }

    /// The active component says that it is loaded.
    pub async fn see_loaded(&self) {
        self.until(
            "const s = document.querySelector('.viewer-status'); return !!s && s.textContent.startsWith('loaded')",
            0,
        )
        .await;
    }

    pub async fn click(&self, selector: &str) {
        self.see(selector).await;
        self.driver.find(By::Css(selector)).await.unwrap().click().await.unwrap();
    }

    /// The middle of an element, in the window.
    async fn middle(&self, selector: &str) -> (i64, i64) {
        self.see(selector).await;
        let place = self
            .run(&format!(
                "const e = document.querySelector(\"{selector}\"); e.scrollIntoView({{ block: 'center' }});
                 const box = e.getBoundingClientRect();
                 return JSON.stringify([box.x + box.width / 2, box.y + box.height / 2].map(Math.round))"
            ))
            .await;
        serde_json::from_str(&place).unwrap()
    }

    /// Moves the mouse over whatever lies in the middle of an element.
    pub async fn point_at(&self, selector: &str) {
        let (x, y) = self.middle(selector).await;
        self.driver.action_chain().move_to(x, y).perform().await.unwrap();
    }

    /// Clicks at whatever lies there.
    pub async fn click_at(&self, selector: &str) {
        let (x, y) = self.middle(selector).await;
        self.driver.action_chain().move_to(x, y).click().perform().await.unwrap();
    }

    /// Taps whatever lies there with a finger: what a browser tells the page of it, in its order.
    pub async fn tap(&self, selector: &str) {
        let (x, y) = self.middle(selector).await;
        self.run(&format!(
            "const e = document.elementFromPoint({x}, {y});
             for (const [kind, event] of [['touchstart', TouchEvent], ['touchend', TouchEvent], ['mouseover', MouseEvent], ['click', MouseEvent]])
                 e.dispatchEvent(new event(kind, {{ bubbles: true, cancelable: true }}));
             return ''"
        ))
        .await;
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        let focused = self.driver.active_element().await.unwrap();
        focused.send_keys(keys).await.unwrap();
    }

    /// Presses a key until the focus is on `selector`, at most as often as a page has places.
    pub async fn press_until(&self, key: Key, selector: &str) {
        let selector = serde_json::to_string(selector).unwrap();
        let there = format!("return String(!!document.activeElement?.matches({selector}))");
        for _ in 0..80 {
            if self.run(&there).await == "true" {
                return;
            }
            self.press(key.clone()).await;
        }
        panic!("the focus never comes to {selector}");
    }

    /// Waits until the focus is on `selector`.
    pub async fn focus_on(&self, selector: &str) {
        let selector = serde_json::to_string(selector).unwrap();
        self.until(&format!("return !!document.activeElement?.matches({selector})"), 0).await;
    }

    /// The window shows a page of this size.
    pub async fn resize(&self, width: u32, height: u32) {
        let size = serde_json::json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", size).await.unwrap();
        self.until("return innerWidth === arguments[0]", width.into()).await;
    }

    /// What the system of this person prefers, such as `("prefers-color-scheme", "dark")`.
    pub async fn prefer(&self, features: &[(&str, &str)]) {
        let features: Vec<_> = features
            .iter()
            .map(|(name, value)| serde_json::json!({ "name": name, "value": value }))
            .collect();
        self.media("", &features).await;
    }

    /// The page as it would be on paper.
    pub async fn on_paper(&self) {
        self.media("print", &[]).await;
    }

    async fn media(&self, media: &str, features: &[Value]) {
        let wish = serde_json::json!({ "media": media, "features": features });
        self.driver.cdp().send_raw("Emulation.setEmulatedMedia", wish).await.unwrap();
    }

    /// A picture of what is seen now.
    pub async fn picture(&self) -> Vec<u8> {
        self.driver.screenshot_as_png().await.unwrap()
    }

    pub async fn agree(&self) {
        self.click(".consent-answers button:last-child").await;
        self.until("return !document.querySelector('.consent')", 0).await;
    }

    pub async fn open(&self, hash: &str) {
        self.click(&format!(".component-item[data-hash='{hash}']")).await;
        self.see(&format!("iframe#iframe-{hash}:not([hidden])")).await;
    }

    pub async fn go(&self, fragment: &str) {
        self.run(&format!("location.hash = '{fragment}'; return ''")).await;
    }

    /// What the page saves goes into `folder`.
    pub async fn save_into(&self, folder: &Path) {
        let wish = serde_json::json!({ "behavior": "allow", "downloadPath": folder });
        self.driver.cdp().send_raw("Browser.setDownloadBehavior", wish).await.unwrap();
    }

    async fn enter(&self, hash: &str) {
        let frame = self.driver.find(By::Id(format!("iframe-{hash}"))).await.unwrap();
        frame.enter_frame().await.unwrap();
    }

    pub async fn click_inside(&self, hash: &str, selector: &str) {
        self.enter(hash).await;
        self.click(selector).await;
        self.driver.enter_default_frame().await.unwrap();
    }

    /// Runs a script that returns a text in the component's frame.
    pub async fn run_inside(&self, hash: &str, script: &str) -> String {
        self.enter(hash).await;
        let text = self.run(script).await;
        self.driver.enter_default_frame().await.unwrap();
        text
    }

    /// Waits until something inside the component's frame can be seen and has a text.
    pub async fn see_inside(&self, hash: &str, selector: &str) {
        self.enter(hash).await;
        let selector = serde_json::to_string(selector).unwrap();
        self.until(
            &format!("const e = document.querySelector({selector}); return !!e && e.checkVisibility() && e.textContent.trim() !== ''"),
            0,
        )
        .await;
        self.driver.enter_default_frame().await.unwrap();
    }

    /// The text of something inside the component's frame, as soon as it has one.
    pub async fn read_inside(&self, hash: &str, selector: &str) -> String {
        self.see_inside(hash, selector).await;
        self.enter(hash).await;
        let text = self.driver.find(By::Css(selector)).await.unwrap().text().await.unwrap();
        self.driver.enter_default_frame().await.unwrap();
        text
    }

    /// Waits until the page in the component's frame shows itself in this theme.
    pub async fn see_theme_inside(&self, hash: &str, theme: &str) {
        self.enter(hash).await;
        self.see(&format!("html[data-theme='{theme}']")).await;
        self.driver.enter_default_frame().await.unwrap();
    }

    /// Closes the tab the way a person does; the browser stays, with an empty tab.
    pub async fn close_tab(&self) {
        let page = self.driver.window().await.unwrap();
        let other = self.driver.new_tab().await.unwrap();
        self.driver.switch_to_window(page).await.unwrap();
        self.driver.close_window().await.unwrap();
        self.driver.switch_to_window(other).await.unwrap();
    }

    pub async fn leave(self) {
        let Self { driver, _chromedriver } = self;
        let _ = driver.quit().await;
    }
}
