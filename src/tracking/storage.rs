//! What the page keeps in the browser, under which keys. Before consent that is the answer about it, the theme,
//! and that the hints were put away: they say nothing of the person.

use std::cell::RefCell;

use tracking::{StorageOp, StoredSession, UserSecret};
use web_sys::Storage;

/// `"true"` or `"false"`: the person's answer. Removed by us only when the rest of a yes is gone.
pub const CONSENT: &str = "analytics_consent";
const SECRET: &str = "clm_user_secret";
pub const SESSION: &str = "clm_session";
/// Which edition of the hints was put away. Never removed by us.
const HINTS: &str = "clm_hints";
/// The theme the person chose. Never removed by us.
const THEME: &str = "clm_theme";
/// Secrets with blanks between, of whom this browser was before tracking was turned off.
const DELETION_KEYS: &str = "clm_deletion_keys";
/// As many as are kept; who turns tracking on and off more often deletes now and then.
const MAX_DELETION_KEYS: usize = 20;
/// Raised when the hints have something new to say.
const HINTS_EDITION: &str = "1";
/// Followed by `<tab>/<n>`: one chunk of events that are not accepted yet.
const QUEUE: &str = "clm_queue/";

thread_local! {
    /// The secret of who is tracked, also where storage does not take it.
    static REMEMBERED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The secret of this page load's user, if somebody is tracked.
pub fn remembered() -> Option<String> {
    REMEMBERED.with_borrow(Clone::clone)
}

pub fn forget_secret() {
    REMEMBERED.set(None);
}

/// What storage has taken of a yes.
pub struct Agreed {
    secret: String,
    answer_is_kept: bool,
    secret_is_kept: bool,
}

/// What storage says of a yes that was given.
pub enum Standing {
    /// It stands; or storage cannot be read, and what was answered in this tab counts.
    Same,
    /// There is no answer any more, or no secret.
    Gone,
    Denied,
    /// It was withdrawn, and given again since.
    SomebodyElse,
}

/// The origin's localStorage, or nothing where the browser blocks it.
#[derive(Clone)]
pub struct Kept(Option<Storage>);

impl Kept {
    pub fn open() -> Self {
        Self(web_sys::window().and_then(|window| window.local_storage().ok().flatten()))
    }

    pub fn works(&self) -> bool {
        self.0.as_ref().is_some_and(|storage| storage.length().is_ok())
    }

    fn get(&self, key: &str) -> Option<String> {
        self.0.as_ref()?.get_item(key).ok().flatten()
    }

    /// `None` when storage cannot be read.
    fn look(&self, key: &str) -> Option<Option<String>> {
        self.0.as_ref()?.get_item(key).ok()
    }

    fn set(&self, key: &str, value: &str) -> bool {
        self.0.as_ref().is_some_and(|storage| storage.set_item(key, value).is_ok())
    }

    fn remove(&self, key: &str) {
        if let Some(storage) = &self.0 {
            // Removing can only fail where nothing could have been written.
            let _ = storage.remove_item(key);
        }
    }

    pub fn consent(&self) -> Option<bool> {
        match self.get(CONSENT).as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        }
    }

    pub fn set_consent(&self, granted: bool) {
        self.set(CONSENT, if granted { "true" } else { "false" });
    }

    /// Notes what storage has taken, so that a later look can tell what is gone.
    pub fn agreed(&self, secret: &UserSecret) -> Agreed {
        let secret = secret.to_hex();
        REMEMBERED.set(Some(secret.clone()));
        let is_kept = |key: &str, value: &str| self.get(key).as_deref() == Some(value);
        Agreed {
            answer_is_kept: is_kept(CONSENT, "true"),
            secret_is_kept: is_kept(SECRET, &secret),
            secret,
        }
    }

    pub fn standing(&self, agreed: &Agreed) -> Standing {
        let Some(answer) = self.look(CONSENT) else { return Standing::Same };
        match answer.as_deref() {
            Some("true") => {}
            Some("false") => return Standing::Denied,
            _ if agreed.answer_is_kept => return Standing::Gone,
            _ => return Standing::Same,
        }
        match self.look(SECRET) {
            None => Standing::Same,
            Some(Some(secret)) if secret == agreed.secret => Standing::Same,
            // Storage was full; what it took since is another tab's.
            Some(_) if !agreed.secret_is_kept => Standing::Same,
            Some(Some(other)) if UserSecret::parse(&other).is_ok() => Standing::SomebodyElse,
            Some(_) => Standing::Gone,
        }
    }

    pub fn remove_answer(&self) {
        self.remove(CONSENT);
    }

    pub fn hints_are_away(&self) -> bool {
        self.get(HINTS).as_deref() == Some(HINTS_EDITION)
    }

    pub fn put_hints_away(&self) {
        self.set(HINTS, HINTS_EDITION);
    }

    /// The secret of this browser's user, made now if there is none.
    pub fn secret(&self, random: u128) -> UserSecret {
        self.known_secret().unwrap_or_else(|| {
            let secret = UserSecret::new(random);
            self.set(SECRET, &secret.to_hex());
            secret
        })
    }

    pub fn known_secret(&self) -> Option<UserSecret> {
        UserSecret::parse(&self.get(SECRET)?).ok()
    }

    pub fn session(&self) -> Option<StoredSession> {
        serde_json::from_str(&self.get(SESSION)?).ok()
    }

    pub fn set_session(&self, session: &StoredSession) {
        if let Ok(json) = serde_json::to_string(session) {
            self.set(SESSION, &json);
        }
    }

    pub fn queue_prefix(tab: &str) -> String {
        format!("{QUEUE}{tab}/")
    }

    /// Whose events `key` holds, if it holds events.
    pub fn tab_of(key: &str) -> Option<&str> {
        let (tab, _) = key.strip_prefix(QUEUE)?.split_once('/')?;
        Some(tab)
    }

    /// The tabs that have stored events, each once.
    pub fn tabs_with_events(&self) -> Vec<String> {
        let mut tabs: Vec<String> = Vec::new();
        for key in self.keys() {
            if let Some(tab) = Self::tab_of(&key)
                && !tabs.iter().any(|known| known == tab)
            {
                tabs.push(tab.to_owned());
            }
        }
        tabs
    }

    /// The stored chunks of `tab`, newest first: each is put in front of what is queued.
    pub fn chunks(&self, tab: &str) -> Vec<(String, String)> {
        let prefix = Self::queue_prefix(tab);
        let mut numbers: Vec<u64> = Vec::new();
        let mut chunks = Vec::new();
        for key in self.keys() {
            let Some(number) = key.strip_prefix(&prefix) else { continue };
            let number = number.parse().unwrap_or(0);
            let Some(value) = self.get(&key) else { continue };
            // There are few, and a sort is 5 kB of code.
            let at = numbers.partition_point(|newer| *newer > number);
            numbers.insert(at, number);
            chunks.insert(at, (key, value));
        }
        chunks
    }

    /// Carries out what the queue asks for; the key of a write that was refused comes back.
    pub fn apply(&self, op: StorageOp) -> Result<(), String> {
        match op {
            StorageOp::Put { key, value } => {
                if self.set(&key, &value) {
                    Ok(())
                } else {
                    Err(key)
                }
            }
            StorageOp::Remove { key } => {
                self.remove(&key);
                Ok(())
            }
        }
    }

    /// The person turns tracking off: without the secret nobody could delete what was sent. It is kept apart, as
    /// nobody's name.
    pub fn keep_for_deletion(&self) {
        let Some(secret) = self.known_secret() else { return };
        let mut keys = self.deletion_keys();
        keys.push(secret.to_hex());
        let too_many = keys.len().saturating_sub(MAX_DELETION_KEYS);
        self.set_deletion_keys(&keys[too_many..]);
    }

    pub fn deletion_keys(&self) -> Vec<String> {
        let keys = self.get(DELETION_KEYS).unwrap_or_default();
        let whole = keys.split(' ').filter(|key| UserSecret::parse(key).is_ok());
        whole.map(str::to_owned).collect()
    }

    pub fn set_deletion_keys(&self, keys: &[String]) {
        if keys.is_empty() {
            self.remove(DELETION_KEYS);
        } else {
            self.set(DELETION_KEYS, &keys.join(" "));
        }
    }

    /// `light` or `dark`: what the person chose. Says nothing of them, and stays.
    pub fn theme(&self) -> Option<String> {
        self.get(THEME)
    }

    pub fn set_theme(&self, theme: &str) {
        self.set(THEME, theme);
    }

    /// Forgets everything but the answer about consent, the key to delete what was sent, the theme, and that the
    /// hints were put away.
    pub fn wipe(&self) {
        for key in self.keys() {
            if key == SECRET || key == SESSION || key.starts_with(QUEUE) {
                self.remove(&key);
            }
        }
    }

    fn keys(&self) -> Vec<String> {
        let Some(storage) = &self.0 else { return Vec::new() };
        let length = storage.length().unwrap_or(0);
        (0..length).filter_map(|at| storage.key(at).ok().flatten()).collect()
    }
}
