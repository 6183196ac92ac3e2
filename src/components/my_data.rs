//! *Download my data*, and what came of it in plain words.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yewdux::use_store_value;

use crate::{
    charts::scale::counted,
    platform,
    privacy::{self, Mine, Status},
    store::TrackingStatus,
};

const FILE: &str = "clm-my-data.json";

/// Its tone and its text.
type Told = (&'static str, String);

#[component]
pub fn MyData() -> Html {
    let status = use_store_value::<TrackingStatus>();
    let is_busy = use_state_eq(|| false);
    let told = use_state_eq(|| None::<Told>);
    let Some(secret) = privacy::secret() else { return Html::default() };
    let download = {
        let (is_busy, told) = (is_busy.clone(), told.clone());
        let waiting = status.queued;
        Callback::from(move |_: MouseEvent| {
            is_busy.set(true);
            told.set(None);
            let (is_busy, told, secret) = (is_busy.clone(), told.clone(), secret.clone());
            spawn_local(async move {
                told.set(Some(match privacy::download(&secret).await {
                    Ok(mine) => downloaded(&mine, waiting),
                    Err(why) => ("warn", format!("{why} Nothing was downloaded.")),
                }));
                is_busy.set(false);
            });
        })
    };
    html! {
        <section class="my-data" aria-label="My data" aria-busy={is_busy.to_string()}>
            <div class="panel-actions">
                <button class="button" disabled={*is_busy} onclick={download}>{ "Download my data" }</button>
            </div>
            <div role="status">
                if *is_busy { <p class="muted">{ "Downloading…" }</p> }
                if let Some((tone, text)) = &*told { <p class="notice" data-tone={*tone}>{ text }</p> }
            </div>
        </section>
    }
}

fn downloaded(mine: &Mine, waiting: u64) -> Told {
    if mine.entries == 0 {
        return match mine.status {
            Status::PendingAtLoki => {
                ("warn", "Your data is being deleted; Loki is not done yet.".to_owned())
            }
            Status::Erased => {
                ("good", "Your data was deleted. Nothing is stored about you.".to_owned())
            }
            Status::Stored | Status::Nothing => {
                ("good", "The server has nothing about you yet, so there is no file.".to_owned())
            }
        };
    }
    if platform::save_file(FILE, "application/json", &mine.file).is_err() {
        return ("warn", "Your browser refused to save the file.".to_owned());
    }
    ("good", saved(mine.entries as u64, waiting))
}

fn saved(entries: u64, waiting: u64) -> String {
    let mut text = format!("Saved {FILE} with {}.", counted(entries, "event"));
    match waiting {
        0 => {}
        1 => text.push_str(" 1 more waits in this browser and is not in it."),
        _ => text.push_str(&format!(" {waiting} more wait in this browser and are not in it.")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_is_said_in_numbers_that_read_well() {
        assert!(saved(1, 0).ends_with("with 1 event."));
        assert!(
            saved(2, 1).ends_with("with 2 events. 1 more waits in this browser and is not in it.")
        );
        assert!(saved(2, 3).ends_with(" 3 more wait in this browser and are not in it."));
    }
}
