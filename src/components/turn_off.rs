//! Turning tracking off, with or without deleting what was sent. To turn it off never waits for the network.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    charts::scale::counted,
    privacy::{self, Mine, Status},
    store::{Action, Consent, Store, TrackingStatus},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub consent: Consent,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Rest,
    Busy(&'static str),
    /// Nothing was deleted, and why.
    Failed(String),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    tone: &'static str,
    text: String,
    /// The keys, which the browser no longer has, to check again how far Loki is.
    pending: Vec<String>,
}

#[component]
pub fn TurnOff(props: &Props) -> Html {
    let store = use_context::<Store>().unwrap_or_default();
    let step = use_state_eq(|| Step::Rest);
    let told = use_state_eq(|| None::<Told>);
    let is_on = props.consent == Consent::Granted;
    let keys = privacy::deletion_keys();
    let answer = |granted: bool| {
        let (store, step, told) = (store.clone(), step.clone(), told.clone());
        Callback::from(move |_: MouseEvent| {
            store.dispatch(Action::ConsentAnswered(granted));
            told.set(None);
            step.set(Step::Rest);
        })
    };
    let delete = {
        let (store, step, told) = (store.clone(), step.clone(), told.clone());
        Callback::from(move |_: MouseEvent| {
            step.set(Step::Busy("Deleting…"));
            told.set(None);
            let (store, step, told) = (store.clone(), step.clone(), told.clone());
            spawn_local(async move {
                match delete_all(&store).await {
                    Ok(done) => {
                        told.set(Some(done));
                        step.set(Step::Rest);
                    }
                    Err(why) => step.set(Step::Failed(why)),
                }
            });
        })
    };
    let check = |keys: Vec<String>| {
        let (step, told) = (step.clone(), told.clone());
        Callback::from(move |_: MouseEvent| {
            step.set(Step::Busy("Checking…"));
            let (step, told, keys) = (step.clone(), told.clone(), keys.clone());
            spawn_local(async move {
                told.set(Some(checked(keys).await));
                step.set(Step::Rest);
            });
        })
    };
    let forget = {
        let step = step.clone();
        Callback::from(move |_: MouseEvent| {
            privacy::forget_deletion_keys();
            // Draws it anew either way.
            step.set(Step::Busy(""));
            step.set(Step::Rest);
        })
    };
    let failed = if let Step::Failed(why) = &*step { Some(why.clone()) } else { None };
    let is_busy = matches!(*step, Step::Busy(_));
    let off = if is_busy || failed.is_some() {
        "Turn off now, delete later"
    } else {
        "Turn off tracking"
    };
    html! {
        <section class="turn-off" aria-label="Your choice" aria-busy={is_busy.to_string()}>
            if is_on {
                <div class="panel-actions">
                    <button class="button" disabled={is_busy} onclick={delete.clone()}>
                        { if failed.is_some() { "Try again" } else { "Turn off and delete my data" } }
                    </button>
                    <button class="button" onclick={answer(false)}>{ off }</button>
                </div>
            } else {
                <div class="panel-actions">
                    <button class="button" onclick={answer(true)}>{ "Allow tracking" }</button>
                    if props.consent == Consent::Pending {
                        <button class="button" onclick={answer(false)}>{ "Do not track" }</button>
                    }
                </div>
                if !keys.is_empty() {
                    <p>{ "Data sent earlier is still on the server. This browser keeps the key to delete it, and uses it for nothing else." }</p>
                    <div class="panel-actions">
                        <button class="button" disabled={is_busy} onclick={delete}>
                            { if failed.is_some() { "Try again" } else { "Delete my data" } }
                        </button>
                        <button class="button" disabled={is_busy} onclick={forget}
                                title="Nobody can delete the data for you then; it goes when the server's retention ends.">
                            { "Forget the key" }
                        </button>
                    </div>
                }
            }
            <div role="status">
                if let Step::Busy(text) = &*step { <p class="muted">{ *text }</p> }
                if let Some(why) = failed {
                    <p class="notice" data-tone="warn">
                        { why }{ " Nothing was deleted." }
                        if is_on { { " Tracking is still on: try again, or turn it off now and delete later." } }
                    </p>
                }
                if let Some(told) = &*told { <p class="notice" data-tone={told.tone}>{ &told.text }</p> }
            </div>
            if let Some(keys) = told.as_ref().map(|told| told.pending.clone()).filter(|keys| !keys.is_empty()) {
                <div class="panel-actions">
                    <button class="button" disabled={is_busy} onclick={check(keys)}>{ "Check again" }</button>
                </div>
            }
        </section>
    }
}

/// Deletes at the server, key by key, and only then turns tracking off: before, the secret is the only way to
/// reach the data.
async fn delete_all(store: &Store) -> Result<Told, String> {
    let (mut entries, mut pending) = (0_u64, Vec::new());
    for key in privacy::deletion_keys().into_iter().chain(privacy::secret()) {
        let gone = privacy::erase(&key).await?;
        entries = entries.saturating_add(gone.entries());
        if gone.status == Status::PendingAtLoki {
            pending.push(key.clone());
        }
        if privacy::secret().as_ref() == Some(&key) {
            store.dispatch(Action::ConsentAnswered(false));
        }
        privacy::forget_deletion_key(&key);
    }
    Ok(deleted(entries, pending))
}

fn deleted(entries: u64, pending: Vec<String>) -> Told {
    let forgotten = "Tracking is off, and this browser has forgotten you.";
    let what = match entries {
        0 => "The server had nothing about you.".to_owned(),
        entries => format!("Deleted: {}.", counted(entries, "event")),
    };
    let text = format!("{what} {forgotten}");
    if pending.is_empty() {
        Told { tone: "good", text, pending }
    } else {
        still_pending(&text, pending)
    }
}

async fn checked(keys: Vec<String>) -> Told {
    for key in &keys {
        match privacy::download(key).await {
            Ok(Mine { status: Status::Erased, .. }) => {}
            Ok(_) => return still_pending("Loki is not done yet.", keys),
            Err(why) => return still_pending(&why, keys),
        }
    }
    let text = "Loki has deleted its copy too. Everything is deleted.".to_owned();
    Told { tone: "good", text, pending: Vec::new() }
}

fn still_pending(first: &str, pending: Vec<String>) -> Told {
    let text = format!(
        "{first} Pending at Loki: its copy is deleted later, which can take a day. The server sees to it; you may close this page."
    );
    Told { tone: "warn", text, pending }
}

/// What turning it off does.
pub fn explain(status: &TrackingStatus) -> &'static str {
    match status.consent {
        Consent::Pending => {
            "You have not answered yet. Nothing is stored and nothing is sent until you agree."
        }
        Consent::Denied if status.browser_says_no => {
            "Your browser asks sites not to track you, so tracking is off. You can still allow it here."
        }
        Consent::Denied => "Tracking is off. Nothing is recorded and nothing is sent.",
        Consent::Granted => {
            "Tracking is on. Turning it off removes your random number, your session and all waiting events from this browser. Data already sent stays on the server until you delete it."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_is_said_in_numbers_that_read_well() {
        for (entries, says) in [
            (0, "The server had nothing about you. Tracking is off"),
            (1, "Deleted: 1 event. Tracking is off"),
            (12, "Deleted: 12 events. Tracking is off"),
        ] {
            let told = deleted(entries, Vec::new());
            assert!(told.text.starts_with(says) && told.tone == "good", "{told:?}");
        }
        let told = deleted(3, vec!["key".to_owned()]);
        assert!(told.text.contains("Pending at Loki") && told.tone == "warn", "{told:?}");
    }
}
