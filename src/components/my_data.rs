//! *Download my data* and *Erase my data*, and what came of it in plain words.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    platform,
    privacy::{self, Erased, Mine, Status},
    store::{Action, TrackingStatus, use_dispatch},
};

const FILE: &str = "clm-my-data.json";

#[derive(PartialEq, Properties)]
pub struct Props {
    pub status: Rc<TrackingStatus>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Rest,
    /// Asked whether they mean it.
    Sure,
    Busy(&'static str),
}

/// What is shown after an answer.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    tone: &'static str,
    text: String,
    /// The secret, which the browser no longer has, to look again how far Loki is.
    pending: Option<String>,
}

impl Told {
    fn new(tone: &'static str, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), pending: None }
    }
}

#[component]
pub fn MyData(props: &Props) -> Html {
    let dispatch = use_dispatch();
    let step = use_state_eq(|| Step::Rest);
    let told = use_state_eq(|| None::<Told>);
    let secret = privacy::secret();
    let go = {
        let (step, told) = (step.clone(), told.clone());
        move |to: Step| {
            let (step, told) = (step.clone(), told.clone());
            Callback::from(move |_: MouseEvent| {
                told.set(None);
                step.set(to.clone());
            })
        }
    };
    let download = {
        let (step, told, secret) = (step.clone(), told.clone(), secret.clone());
        let waiting = props.status.queued;
        Callback::from(move |_: MouseEvent| {
            let Some(secret) = secret.clone() else { return };
            step.set(Step::Busy("Downloading…"));
            told.set(None);
            let (step, told) = (step.clone(), told.clone());
            spawn_local(async move {
                told.set(Some(match privacy::download(&secret).await {
                    Ok(mine) => downloaded(&mine, waiting),
                    Err(why) => Told::new("warn", format!("{why} Nothing was downloaded.")),
                }));
                step.set(Step::Rest);
            });
        })
    };
    let erase = {
        let (step, told, secret) = (step.clone(), told.clone(), secret.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(secret) = secret.clone() else { return };
            step.set(Step::Busy("Erasing…"));
            let (step, told, dispatch) = (step.clone(), told.clone(), dispatch.clone());
            spawn_local(async move {
                match privacy::erase(&secret).await {
                    Ok(gone) => {
                        // Only now: before, the secret was the only way to reach the data.
                        dispatch.emit(Action::ConsentAnswered(false));
                        told.set(Some(erased(&gone, secret)));
                    }
                    Err(why) => told.set(Some(Told::new(
                        "warn",
                        format!("{why} Nothing was erased, and all is as before. Try again later."),
                    ))),
                }
                step.set(Step::Rest);
            });
        })
    };
    let look_again = |secret: String| {
        let (step, told) = (step.clone(), told.clone());
        Callback::from(move |_: MouseEvent| {
            step.set(Step::Busy("Looking…"));
            let (step, told, secret) = (step.clone(), told.clone(), secret.clone());
            spawn_local(async move {
                told.set(Some(match privacy::download(&secret).await {
                    Ok(Mine { status: Status::Erased, .. }) => {
                        Told::new("good", "Loki has deleted its copy too. All is erased.")
                    }
                    Ok(_) => still_pending("Loki is not done yet.", secret),
                    Err(why) => still_pending(&why, secret),
                }));
                step.set(Step::Rest);
            });
        })
    };
    let is_busy = matches!(*step, Step::Busy(_));
    if secret.is_none() && told.is_none() && !is_busy {
        return Html::default();
    }
    html! {
        <section class="my-data" aria-label="My data" aria-busy={is_busy.to_string()}>
            if secret.is_some() && *step != Step::Sure {
                <div class="panel-actions">
                    <button class="button" disabled={is_busy} onclick={download}>{ "Download my data" }</button>
                    <button class="button" disabled={is_busy} onclick={go(Step::Sure)}>{ "Erase my data" }</button>
                </div>
            }
            if *step == Step::Sure {
                <p>{ "Erase all that the server has about you? Tracking stops, and this cannot be undone." }</p>
                <div class="panel-actions">
                    <button class="button" data-tone="bad" onclick={erase}>{ "Erase for good" }</button>
                    <button class="button" onclick={go(Step::Rest)}>{ "Keep it" }</button>
                </div>
            }
            <div role="status">
                if let Step::Busy(text) = &*step { <p class="muted">{ *text }</p> }
                if let Some(told) = &*told {
                    <p class="notice" data-tone={told.tone}>{ &told.text }</p>
                }
            </div>
            if let Some(secret) = told.as_ref().and_then(|told| told.pending.clone()) {
                <div class="panel-actions">
                    <button class="button" disabled={is_busy} onclick={look_again(secret)}>{ "Look again" }</button>
                </div>
            }
        </section>
    }
}

fn downloaded(mine: &Mine, waiting: u64) -> Told {
    if mine.entries == 0 {
        return match mine.status {
            Status::PendingAtLoki => {
                Told::new("warn", "Your data is being erased; Loki is not done yet.")
            }
            Status::Erased => {
                Told::new("good", "Your data was erased. Nothing is stored about you.")
            }
            Status::Stored | Status::Nothing => {
                Told::new("good", "The server has nothing about you yet, so there is no file.")
            }
        };
    }
    if platform::save_file(FILE, "application/json", &mine.file).is_err() {
        return Told::new("warn", "Your browser refused to save the file.");
    }
    let mut text = format!("Saved {FILE} with {}.", count(mine.entries as u64));
    if waiting > 0 {
        text.push_str(&format!(" {waiting} more wait in this browser and are not in it."));
    }
    Told::new("good", text)
}

fn erased(gone: &Erased, secret: String) -> Told {
    let forgotten = "Tracking is off, and this browser has forgotten you.";
    let what = match gone.entries() {
        0 => "The server had nothing about you.".to_owned(),
        entries => format!("Erased: {}.", count(entries)),
    };
    match gone.status {
        Status::PendingAtLoki => still_pending(&format!("{what} {forgotten}"), secret),
        Status::Erased | Status::Stored | Status::Nothing => {
            Told::new("good", format!("{what} {forgotten}"))
        }
    }
}

fn still_pending(first: &str, secret: String) -> Told {
    let text = format!(
        "{first} Pending at Loki: its copy goes later, which can take a day. The server sees to it; you may close this page."
    );
    Told { tone: "warn", text, pending: Some(secret) }
}

fn count(entries: u64) -> String {
    crate::charts::scale::counted(entries, "event")
}
