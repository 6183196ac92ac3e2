//! Faults that an operator may try, to see that nothing is lost unseen.

use yew::prelude::*;

use crate::store::{Action, TrackingStatus, clm::Fault};

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
        vec![("forget-now", "Forget them", true, forget), ("forget-not", "Keep them", true, keep)]
    } else {
        let fault =
            |fault: Fault| props.dispatch.reform(move |_: MouseEvent| Action::FaultTried(fault));
        let pause = if paused { "Send again" } else { "Pause sending" };
        let network = if offline { "Go online" } else { "Go offline" };
        vec![
            ("pause-sending", pause, true, fault(Fault::Pause(!paused))),
            ("go-offline", network, true, fault(Fault::Offline(!offline))),
            ("forget", "Forget what waits", waiting > 0, ask),
        ]
    };
    let words = match (*sure, paused, offline) {
        (true, ..) => format!(
            "Forget what waits ({waiting})? It is gone for good, also from this device, and counted as dropped."
        ),
        (_, true, _) => {
            "Nothing is sent until you send again or reload. Events wait on this device.".into()
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
