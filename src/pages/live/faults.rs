//! Faults that an operator may try, to see that nothing is lost unseen.

use yew::prelude::*;

use crate::{
    charts::scale::counted,
    store::{Action, TrackingStatus, clm::Fault},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub status: std::rc::Rc<TrackingStatus>,
    pub dispatch: Callback<Action>,
}

#[component]
pub fn Faults(props: &Props) -> Html {
    let TrackingStatus { paused, offline, queued, in_flight, .. } = *props.status;
    let waiting = queued.saturating_sub(in_flight);
    let sure = use_state_eq(|| false);
    let (ask, keep) = {
        let set = |value: bool| {
            let sure = sure.clone();
            Callback::from(move |_: MouseEvent| sure.set(value))
        };
        (set(true), set(false))
    };
    let forget = {
        let (keep, dispatch) = (keep.clone(), props.dispatch.clone());
        Callback::from(move |event: MouseEvent| {
            keep.emit(event);
            dispatch.emit(Action::FaultTried(Fault::Forget));
        })
    };
    let buttons = if *sure {
        vec![("forget-now", "Discard", true, forget), ("forget-not", "Cancel", true, keep)]
    } else {
        let fault =
            |fault: Fault| props.dispatch.reform(move |_: MouseEvent| Action::FaultTried(fault));
        let pause = if paused { "Resume sending" } else { "Pause sending" };
        let network = if offline { "Go online" } else { "Go offline" };
        vec![
            ("pause-sending", pause, true, fault(Fault::Pause(!paused))),
            ("go-offline", network, true, fault(Fault::Offline(!offline))),
            ("forget", "Discard queued events", waiting > 0, ask),
        ]
    };
    let words = match (*sure, paused, offline) {
        (true, ..) => format!(
            "Discard {}? What is discarded is deleted from this device and counted as dropped.",
            counted(waiting, "queued event")
        ),
        (_, true, _) => {
            "Nothing is sent until you resume sending or reload. Events wait on this device.".into()
        }
        (_, _, true) => {
            "Requests fail as without a network, until you go online or reload. Nothing is lost."
                .into()
        }
        _ => "Safe to try: they concern this tab alone, and none of it is tracked.".into(),
    };
    html! {
        <section class="faults" aria-label="Try a fault">
            <p role="status"><b>{ "Try a fault. " }</b>{ words }</p>
            { for buttons.into_iter().map(|(id, text, possible, onclick)| html! {
                <button class="button" {id} disabled={!possible} {onclick}>{ text }</button>
            }) }
        </section>
    }
}
