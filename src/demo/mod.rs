//! Demo journeys: a player that does on the dashboard what a person would do.

mod journeys;

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;

use crate::{
    frames,
    platform::{self, Fetched},
    player::Player,
    store::{Action, Store},
};
pub use journeys::{Journey, Journeys};

/// One thing a person would do.
#[derive(Debug, PartialEq)]
enum Act {
    Open(Rc<str>),
    /// The component says that something was done in it.
    Say {
        component: Rc<str>,
        event: Rc<str>,
        details: Option<Rc<str>>,
    },
    /// The tab goes into the background.
    Leave,
    /// And comes back.
    Return,
}

/// Does what is played, and reads what can be.
pub(crate) fn start(store: &Store) {
    let hand = store.clone();
    store.observe(move |transition| {
        let (before, after) = (transition.before.demo.as_ref(), transition.after.demo.as_ref());
        let acts = acts(before, after);
        if !acts.is_empty() {
            let hand = hand.clone();
            // Once the observers have all been told of this one.
            spawn_local(async move { acts.into_iter().for_each(|act| perform(&hand, act)) });
        }
        if *transition.action == Action::JourneysRequested {
            fetch(&hand);
        }
    });
}

fn perform(store: &Store, act: Act) {
    match act {
        Act::Open(component) => store.dispatch(Action::SetActiveComponent(component)),
        Act::Say { component, event, details } => frames::say(store, component, event, details),
        Act::Leave => store.dispatch(Action::TabVisible(false)),
        Act::Return => store.dispatch(Action::TabVisible(platform::is_visible())),
    }
}

/// What is to be done because the player went on from `before` to `after`.
fn acts(before: Option<&Player>, after: Option<&Player>) -> Vec<Act> {
    let earlier = before.filter(|before| after.is_some_and(|after| after.continues(before)));
    let mut acts = Vec::new();
    if let (Some(earlier), Some(now)) = (earlier, after) {
        say(&mut acts, now, earlier.at(), earlier.moments(earlier.at()).len());
    }
    let place = |player: Option<&Player>| player.filter(|p| p.is_playing()).map(Player::at);
    let is_away = |player: Option<&Player>| {
        player.is_some_and(|p| p.is_playing() && p.current().is_some_and(|step| step.away))
    };
    if earlier.is_none() || place(before) != place(after) {
        if is_away(before) {
            acts.push(Act::Return);
        }
        let component = after.filter(|player| player.is_playing()).and_then(Player::component);
        acts.extend(component.cloned().map(Act::Open));
        if is_away(after) {
            acts.push(Act::Leave);
        }
    }
    if let Some(now) = after.filter(|now| earlier.is_none_or(|earlier| earlier.at() < now.at())) {
        say(&mut acts, now, now.at(), 0);
    }
    acts
}

/// What has happened in a step beyond the first `known` moments.
fn say(acts: &mut Vec<Act>, player: &Player, at: usize, known: usize) {
    let Some(step) = player.step(at) else { return };
    for moment in player.moments(at).iter().skip(known) {
        acts.push(Act::Say {
            component: step.component.clone(),
            event: moment.text.clone(),
            details: moment.details.clone(),
        });
    }
}

fn fetch(store: &Store) {
    let store = store.clone();
    spawn_local(async move {
        let fetched = platform::fetch_text("journeys.json").await;
        let registry = store.state().registry().cloned().unwrap_or_default();
        let journeys = match fetched {
            Fetched::Text(text) => Journeys::parse(&text, &registry),
            Fetched::Status(_) | Fetched::Unreachable => Journeys {
                journeys: Vec::new(),
                notices: vec!["journeys.json cannot be reached.".to_owned()],
            },
        };
        store.dispatch(Action::JourneysLoaded(Rc::new(journeys)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{player::Command, registry::Registry};

    /// a for 4 s, with something done after 2; the tab away for 3 s; b for 5 s, done at its end.
    fn start() -> Command {
        let registry = r#"{"components":[
            {"hash":"a","name":"A","concrete":{"implementation":"a.html"}},
            {"hash":"b","name":"B","concrete":{"implementation":"b.html"}}]}"#;
        let journeys = r#"{"journeys":[{"name":"J","description":"","steps":[
            {"component":"a","stay":4,"interaction":{"event":"x"}},
            {"component":"a","stay":3,"away":true},
            {"component":"b","stay":5,"interaction":{"event":"y","after":5}}]}]}"#;
        let read = Journeys::parse(journeys, &Registry::parse(registry).unwrap());
        Command::Start(read.journeys[0].plan.clone(), 0)
    }

    /// All that is done while `commands` are given.
    fn done(commands: &[Command]) -> Vec<String> {
        let mut told = Vec::new();
        let mut player = None;
        for command in commands {
            let after = Player::after(player.clone(), command);
            told.extend(acts(player.as_ref(), after.as_ref()).into_iter().map(|act| match act {
                Act::Open(hash) => format!("open {hash}"),
                Act::Say { component, event, .. } => format!("{event} in {component}"),
                Act::Leave => "leave".to_owned(),
                Act::Return => "return".to_owned(),
            }));
            player = after;
        }
        told
    }

    #[test]
    fn a_journey_is_done_step_by_step() {
        let ticks = (1..=20).map(|n| Command::Tick(n * 700));
        let played: Vec<_> = [start()].into_iter().chain(ticks).collect();
        let whole = ["open a", "x in a", "open a", "leave", "return", "open b", "y in b"];
        assert_eq!(done(&played), whole);
        // However late it is told.
        let late = [60_000, 120_000, 180_000].map(Command::Tick);
        let late: Vec<_> = [start()].into_iter().chain(late).collect();
        assert_eq!(done(&late), whole);
        let again: Vec<_> = late.into_iter().chain([Command::Play(200_000)]).collect();
        assert_eq!(done(&again)[whole.len()..], ["open a"]);
    }

    #[test]
    fn a_pause_and_a_stop_bring_the_tab_back_and_a_play_goes_on_where_it_was() {
        let away = || vec![start(), Command::Tick(4_000)];
        let then = |more: &[Command]| {
            let commands: Vec<_> = away().into_iter().chain(more.iter().cloned()).collect();
            done(&commands)[4..].to_vec()
        };
        assert_eq!(done(&away()), ["open a", "x in a", "open a", "leave"]);
        assert_eq!(then(&[Command::Stop]), ["return"]);
        assert_eq!(
            then(&[Command::Pause(5_000), Command::Speed(5_500, 10), Command::Play(6_000)]),
            ["return", "open a", "leave"]
        );
        assert_eq!(then(&[start()]), ["return", "open a"]);
    }
}
