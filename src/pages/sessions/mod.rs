//! Who was here, one visit to the dashboard after the other; and each of them step by step.

mod list;
mod story;

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yewdux::use_selector;

use crate::{
    answers::{self, Failure, Source},
    pages::insights::query::Query,
    route::Page,
    store::{Clm, Store},
};
use list::List;
use story::SessionPage;

#[component]
pub fn Sessions() -> Html {
    let session = use_selector(|clm: &Clm| clm.session.clone());
    let registry = use_selector(|clm: &Clm| clm.registry().cloned());
    let query = use_selector(|clm: &Clm| Query::parse(&clm.query).to(Page::Sessions));
    let store = use_context::<Store>().unwrap_or_default();
    let turn = use_state_eq(|| 0_u32);
    // Whoever serves the page has no answers.
    let alone = use_state_eq(|| false);
    let on_device = *alone || query.of.as_deref() == Some("device");
    let of = use_memo((on_device, *turn), |(on_device, _)| {
        if *on_device {
            Source::Device(Rc::new(answers::own_records(&store.own_events())))
        } else {
            Source::Server
        }
    });
    let on_no_server = use_callback((), move |(), ()| alone.set(true));
    let turns = *turn;
    let refresh = use_callback(turns, move |(): (), now| turn.set(*now + 1));
    let Some(registry) = (*registry).clone() else {
        // Names and types come from it.
        return html! { <main class="page" id="main"><div class="waiting" aria-busy="true" /></main> };
    };
    match &*session {
        Some(id) => html! {
            <SessionPage key={&**id} id={id.clone()} of={(*of).clone()} query={(*query).clone()}
                         {registry} {on_no_server} />
        },
        None => html! {
            <List of={(*of).clone()} query={(*query).clone()} {registry} {turns} {refresh} {on_no_server} />
        },
    }
}

/// A way to read something again, and what was read last: nothing yet, or it, or why not.
type Asked<T> = (Option<Result<Rc<T>, String>>, Callback<MouseEvent>);

/// Asks once for each `question`; what was known stays until the next answer is there.
#[hook]
fn use_answer<Q, T, F>(question: Q, ask: fn(Q) -> F, on_no_server: Callback<()>) -> Asked<T>
where
    Q: Clone + PartialEq + 'static,
    T: PartialEq + 'static,
    F: Future<Output = Result<T, Failure>> + 'static,
{
    let known = use_state_eq(|| None::<Result<Rc<T>, String>>);
    let tries = use_state_eq(|| 0_u32);
    let latest = use_mut_ref(|| None::<(Q, u32)>);
    {
        let known = known.clone();
        use_effect_with((question, *tries), move |asked| {
            let asked = asked.clone();
            *latest.borrow_mut() = Some(asked.clone());
            spawn_local(async move {
                let answer = match ask(asked.0.clone()).await {
                    Err(Failure::NoServer) => return on_no_server.emit(()),
                    Err(Failure::Said(why)) => Err(why),
                    Ok(answer) => Ok(Rc::new(answer)),
                };
                // An answer to an earlier question comes too late.
                if latest.borrow().as_ref() == Some(&asked) {
                    known.set(Some(answer));
                }
            });
        });
    }
    let again = Callback::from(move |_: MouseEvent| tries.set(*tries + 1));
    ((*known).clone(), again)
}

fn failure(why: &str, again: Callback<MouseEvent>) -> Html {
    html! {
        <div class="card nothing" role="alert">
            <p>{ why }</p>
            <button class="button" onclick={again}>{ "Try again" }</button>
        </div>
    }
}

/// The beginning of what tells one id from another.
fn short(id: &str) -> String {
    let telling = id.rsplit('_').next().unwrap_or(id);
    telling.chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_by_what_tells_it_from_others() {
        assert_eq!(short("session_1790000000000_0123456789abcdef"), "01234567");
        assert_eq!(short("fedcba98765432100"), "fedcba98");
        assert_eq!(short(""), "");
    }
}
