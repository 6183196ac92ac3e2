//! Transition -> signals. Pure, and the only place that knows both the store and the tracker's words.

use std::rc::Rc;

use serde_json::value::RawValue;
use tracking::{Component, Signal};

use crate::{
    platform::Place,
    store::{Action, Clm, Status, Transition},
};

/// What the tracker has to learn of one change, in order. `place` is asked only when a visit begins.
#[must_use]
pub fn signals_for(transition: &Transition<'_>, place: fn() -> Place) -> Vec<Signal> {
    let Transition { action, before, after } = transition;
    let mut signals = Vec::new();
    let replayed = before.replay.is_some() && after.replay.is_some();
    if (replayed || matches!(action, Action::Replay(_))) && **action != Action::PageClosed {
        // Nobody did that: what the dashboard shows comes from another time.
        return signals;
    }
    if !after.tab_seen {
        // Opened in the background or ahead of time: nobody has looked at it yet.
        return signals;
    }
    if !before.tab_seen {
        signals.extend(what_is_open(after, place));
        signals.extend(how_it_loaded(after));
        return signals;
    }
    let switched = (&before.active, before.by_demo) != (&after.active, after.by_demo);
    if switched && let Some(open) = what_is_open(after, place) {
        signals.push(open);
    } else if before.on_screen() != after.on_screen() {
        signals.push(if after.on_screen() { Signal::Visible } else { Signal::Hidden });
    }
    signals.extend(signal_of(action, before, after));
    signals
}

/// The choice of the active component, as if it were made now.
#[must_use]
pub fn what_is_open(clm: &Clm, place: fn() -> Place) -> Option<Signal> {
    let component = clm.active_component()?;
    let Place { url, referrer } = place();
    Some(Signal::Switched {
        to: Component::new(&*component.hash, &*component.name),
        url,
        referrer,
        visible: clm.on_screen(),
        demo: clm.by_demo,
    })
}

/// What has become of the active component before anybody looked.
fn how_it_loaded(clm: &Clm) -> Option<Signal> {
    let active = clm.opened(clm.active.as_deref()?)?;
    let component = name(clm, &active.hash);
    match &active.status {
        Status::Loading => None,
        Status::Loaded => {
            Some(Signal::Loaded { component, load_time_ms: active.load_time_ms.unwrap_or(0) })
        }
        Status::Failed { kind, message } => Some(Signal::Failed {
            component,
            kind: *kind,
            message: message.to_string(),
            stack: String::new(),
        }),
    }
}

fn signal_of(action: &Action, before: &Clm, after: &Clm) -> Option<Signal> {
    match action {
        Action::ComponentLoaded { hash, load_time_ms } => {
            let was_loaded = status(before, hash) == Some(&Status::Loaded);
            let is_loaded = status(after, hash) == Some(&Status::Loaded);
            (is_loaded && !was_loaded).then(|| Signal::Loaded {
                component: name(after, hash),
                load_time_ms: *load_time_ms,
            })
        }
        Action::ComponentFailed { hash, kind, message, stack } => {
            (status(before, hash) != status(after, hash)).then(|| Signal::Failed {
                component: name(after, hash),
                kind: *kind,
                message: message.to_string(),
                stack: stack.to_string(),
            })
        }
        Action::RegistryFailed { kind, message } => Some(Signal::Failed {
            component: Component::dashboard(),
            kind: *kind,
            message: message.to_string(),
            stack: String::new(),
        }),
        Action::PageFailed { kind, message, stack } => Some(Signal::Failed {
            component: on_screen(after),
            kind: *kind,
            message: message.to_string(),
            stack: stack.to_string(),
        }),
        Action::ComponentEvent { hash, event, details, .. } => Some(Signal::Interacted {
            component: name(after, hash),
            interaction_type: event.to_string(),
            details: details
                .as_deref()
                .and_then(|json| RawValue::from_string(json.to_owned()).ok()),
        }),
        Action::MessagesLeftOut { hash: Some(hash), count } => {
            Some(Signal::Flooded { component: name(after, hash), count: *count })
        }
        Action::PersonActive => Some(Signal::Alive),
        Action::PageClosed => Some(Signal::Closed),
        Action::RegistryRequested
        | Action::RegistryLoaded(_)
        | Action::RouteChanged(_)
        | Action::SetActiveComponent(_)
        | Action::Replay(_)
        | Action::JourneysRequested
        | Action::JourneysLoaded(_)
        | Action::Demo(_)
        | Action::FaultTried(_)
        | Action::RetryComponent(_)
        | Action::UserSelected(_)
        | Action::Heartbeat(_)
        | Action::MessageRejected
        | Action::OpenedUnseen
        | Action::MessagesLeftOut { hash: None, .. }
        | Action::TabVisible(_)
        | Action::ThemeChosen(_)
        | Action::Over(_)
        | Action::Hint(_)
        | Action::SingleKeys(_)
        | Action::ConsentAnswered(_) => None,
    }
}

fn status<'a>(clm: &'a Clm, hash: &Rc<str>) -> Option<&'a Status> {
    clm.opened(hash).map(|component| &component.status)
}

/// The component that is in front of the person, or the page itself.
fn on_screen(clm: &Clm) -> Component {
    match clm.active_component() {
        Some(active) if clm.on_screen() => Component::new(&*active.hash, &*active.name),
        _ => Component::dashboard(),
    }
}

fn name(clm: &Clm, hash: &str) -> Component {
    let name = clm.component(hash).map_or(hash, |component| &component.name);
    Component::new(hash, name)
}

#[cfg(test)]
mod tests {
    use tracking::ErrorKind;

    use super::*;
    use crate::{player::Command, registry::Registry, route::Route, store::clm::reduce};

    const TWO: &str = r#"{"components":[
        {"hash":"a","name":"A","concrete":{"implementation":"a.html"}},
        {"hash":"b","name":"B","concrete":{"implementation":"b.html"}}]}"#;

    /// What the last of `actions` tells the tracker, in short.
    fn told(actions: &[Action]) -> Vec<String> {
        let Some((last, earlier)) = actions.split_last() else { return Vec::new() };
        let before = earlier.iter().fold(Rc::<Clm>::default(), reduce);
        let after = reduce(before.clone(), last);
        signals_for(&Transition { action: last, before: &before, after: &after }, Place::default)
            .into_iter()
            .map(|signal| match signal {
                Signal::Switched { to, visible, demo, .. } => {
                    let whose = if demo { " by a demo" } else { "" };
                    format!("switched {} {visible}{whose}", to.name)
                }
                Signal::Loaded { component, load_time_ms } => {
                    format!("loaded {} {load_time_ms}", component.hash)
                }
                Signal::Interacted { component, interaction_type, details } => format!(
                    "interacted {} {interaction_type} {}",
                    component.hash,
                    details.map_or_else(|| "-".to_owned(), |json| json.get().to_owned())
                ),
                Signal::Failed { component, kind, message, .. } => {
                    format!("failed {} {} {message}", component.hash, kind.as_str())
                }
                Signal::Flooded { component, count } => {
                    format!("flooded {} {count}", component.hash)
                }
                Signal::Alive => "alive".to_owned(),
                Signal::Hidden => "hidden".to_owned(),
                Signal::Visible => "visible".to_owned(),
                Signal::Closed => "closed".to_owned(),
            })
            .collect()
    }

    #[test]
    fn every_action_tells_what_it_should_and_nothing_else() {
        let ready = || Action::RegistryLoaded(Rc::new(Registry::parse(TWO).unwrap()));
        let set = |hash: &str| Action::SetActiveComponent(hash.into());
        let route = |fragment: &str| Action::RouteChanged(Route::parse(fragment));
        let loaded = || Action::ComponentLoaded { hash: "a".into(), load_time_ms: 7 };
        let failed = || Action::ComponentFailed {
            hash: "a".into(),
            kind: ErrorKind::Http,
            message: "404".into(),
            stack: "".into(),
        };
        let event = |details: Option<&str>| Action::ComponentEvent {
            hash: "a".into(),
            event: "cta_clicked".into(),
            details: details.map(Into::into),
            at_ms: 1,
        };
        let left_out =
            |hash: Option<&str>| Action::MessagesLeftOut { hash: hash.map(Into::into), count: 9 };
        let registry_failed =
            || Action::RegistryFailed { kind: ErrorKind::Network, message: "gone".into() };
        let page_failed = || Action::PageFailed {
            kind: ErrorKind::Exception,
            message: "oops".into(),
            stack: "".into(),
        };
        let story = |component: &str| insights::Story {
            session_id: "session_1_0000".into(),
            user_id: String::new(),
            started_ms: 0,
            ended_ms: 0,
            visits: vec![insights::Visit {
                component: component.into(),
                name: String::new(),
                start_ms: 0,
                end_ms: 0,
                stay_ms: 0,
                hidden: Vec::new(),
                moments: Vec::new(),
            }],
            other: Vec::new(),
            cut: false,
        };
        let replay = |component: &str| {
            let plan = Rc::new(crate::replay::plan(&story(component)).unwrap());
            Action::Replay(Command::Start(plan, 0))
        };
        let watching = |last: Action| vec![ready(), route("#/sessions"), replay("b"), last];
        let loaded_b = || Action::ComponentLoaded { hash: "b".into(), load_time_ms: 7 };
        let play = || {
            let journeys = crate::demo::Journeys::parse(
                r#"{"journeys":[{"name":"J","description":"","steps":[
                    {"component":"a","stay":1},{"component":"b","stay":1}]}]}"#,
                &Registry::parse(TWO).unwrap(),
            );
            Action::Demo(Command::Start(journeys.journeys[0].plan.clone(), 0))
        };
        let tick = || Action::Demo(Command::Tick(1_000));
        let over = || Action::Demo(Command::Tick(9_000));
        let unseen = |last: Action| vec![Action::OpenedUnseen, ready(), last];
        let table: Vec<(Vec<Action>, &[&str])> = vec![
            (vec![ready(), play()], &[]),
            (vec![ready(), play(), set("a")], &["switched A true by a demo"]),
            (vec![ready(), play(), set("a"), set("a")], &[]),
            (vec![ready(), play(), set("a"), set("b")], &["switched B true"]),
            (vec![ready(), play(), set("a"), tick()], &[]),
            (vec![ready(), play(), set("a"), tick(), set("b")], &["switched B true by a demo"]),
            (vec![ready(), play(), set("a"), tick(), set("b"), over()], &[]),
            (
                vec![ready(), play(), set("a"), tick(), set("b"), over(), set("b")],
                &["switched B true"],
            ),
            (vec![ready(), play(), set("a"), route("#/live")], &["hidden"]),
            (vec![ready(), Action::FaultTried(crate::store::clm::Fault::Forget)], &[]),
            (vec![ready(), route("#/sessions"), replay("b")], &[]),
            (vec![ready(), replay("b")], &[]),
            (watching(loaded_b()), &[]),
            (watching(failed()), &[]),
            (watching(event(None)), &[]),
            (watching(page_failed()), &[]),
            (watching(Action::PersonActive), &[]),
            (watching(Action::TabVisible(false)), &[]),
            (watching(Action::Replay(Command::Tick(1_000))), &[]),
            (watching(Action::Replay(Command::Stop)), &[]),
            (watching(Action::PageClosed), &["closed"]),
            (watching(route("#/sessions/session_1_0000")), &[]),
            (watching(route("#/")), &["visible"]),
            (watching(set("a")), &["visible"]),
            (watching(set("b")), &["switched B true"]),
            (
                vec![
                    ready(),
                    route("#/live"),
                    replay("b"),
                    Action::Replay(Command::Stop),
                    loaded_b(),
                ],
                &[],
            ),
            (
                vec![ready(), route("#/sessions"), replay("b"), set("b"), loaded_b()],
                &["loaded b 7"],
            ),
            (vec![Action::RegistryRequested], &[]),
            (vec![ready()], &["switched A true"]),
            (vec![route("#/component/b")], &[]),
            (vec![route("#/component/b"), ready()], &["switched B true"]),
            // Nobody sees a component before the dashboard is in front.
            (vec![route("#/live"), ready()], &[]),
            (vec![route("#/insights"), ready()], &[]),
            (vec![route("#/sessions"), ready()], &[]),
            (vec![route("#/live"), ready(), route("#/")], &["switched A true"]),
            (vec![route("#/live"), ready(), route("#/component/b")], &["switched B true"]),
            (vec![route("#/live"), ready(), set("b")], &["switched B true"]),
            (vec![route("#/live"), ready(), Action::TabVisible(false)], &[]),
            (vec![route("#/live"), ready(), Action::PageClosed], &["closed"]),
            (vec![route("#/component/zzz"), ready()], &[]),
            (vec![route("#/component/zzz"), ready(), route("#/")], &["switched A true"]),
            (vec![ready(), route("#/component/zzz")], &["hidden"]),
            (vec![ready(), route("#/nope")], &["hidden"]),
            (vec![ready(), route("#/component/zzz"), route("#/component/a")], &["visible"]),
            (vec![registry_failed()], &["failed (dashboard) network gone"]),
            (vec![ready(), set("b")], &["switched B true"]),
            (vec![ready(), set("a")], &[]),
            (vec![ready(), set("zzz")], &[]),
            (vec![ready(), route("#/insights")], &["hidden"]),
            (vec![ready(), route("#/insights"), route("#/")], &["visible"]),
            (vec![ready(), route("#/insights"), set("a")], &["visible"]),
            (vec![ready(), route("#/insights"), set("b")], &["switched B true"]),
            (vec![ready(), Action::TabVisible(false)], &["hidden"]),
            (vec![ready(), Action::TabVisible(true)], &[]),
            (vec![ready(), Action::TabVisible(false), Action::TabVisible(true)], &["visible"]),
            (vec![ready(), route("#/live"), Action::TabVisible(false)], &[]),
            (vec![ready(), Action::TabVisible(false), set("b")], &["switched B false"]),
            (vec![ready(), loaded()], &["loaded a 7"]),
            (vec![ready(), loaded(), loaded()], &[]),
            (vec![ready(), failed()], &["failed a http 404"]),
            (vec![ready(), failed(), failed()], &[]),
            (vec![ready(), failed(), loaded()], &[]),
            (vec![ready(), failed(), Action::RetryComponent("a".into())], &[]),
            (vec![ready(), event(Some(r#"{"x":1}"#))], &[r#"interacted a cta_clicked {"x":1}"#]),
            (vec![ready(), event(Some("not json"))], &["interacted a cta_clicked -"]),
            (vec![ready(), event(None)], &["interacted a cta_clicked -"]),
            (vec![page_failed()], &["failed (dashboard) exception oops"]),
            (vec![ready(), page_failed()], &["failed a exception oops"]),
            (vec![ready(), route("#/live"), page_failed()], &["failed (dashboard) exception oops"]),
            (vec![ready(), Action::UserSelected("u1".into())], &[]),
            (vec![ready(), Action::Heartbeat("a".into())], &[]),
            (vec![ready(), Action::MessageRejected], &[]),
            (vec![ready(), left_out(Some("b"))], &["flooded b 9"]),
            (vec![ready(), left_out(None)], &[]),
            (vec![ready(), Action::PersonActive], &["alive"]),
            (vec![ready(), Action::PageClosed], &["closed"]),
            (vec![ready(), Action::ConsentAnswered(true)], &[]),
            (vec![Action::OpenedUnseen, ready()], &[]),
            (unseen(loaded()), &[]),
            (unseen(failed()), &[]),
            (unseen(event(None)), &[]),
            (unseen(page_failed()), &[]),
            (unseen(registry_failed()), &[]),
            (unseen(set("b")), &[]),
            (unseen(Action::TabVisible(false)), &[]),
            (unseen(Action::PageClosed), &[]),
            (unseen(Action::TabVisible(true)), &["switched A true"]),
            (vec![Action::OpenedUnseen, Action::TabVisible(true), ready()], &["switched A true"]),
            (
                vec![Action::OpenedUnseen, ready(), loaded(), Action::TabVisible(true)],
                &["switched A true", "loaded a 7"],
            ),
            (
                vec![Action::OpenedUnseen, ready(), failed(), Action::TabVisible(true)],
                &["switched A true", "failed a http 404"],
            ),
            (
                vec![Action::OpenedUnseen, ready(), set("b"), loaded(), Action::TabVisible(true)],
                &["switched B true"],
            ),
            (vec![Action::OpenedUnseen, route("#/live"), ready(), Action::TabVisible(true)], &[]),
            (
                vec![
                    Action::OpenedUnseen,
                    ready(),
                    Action::TabVisible(true),
                    Action::TabVisible(true),
                ],
                &[],
            ),
        ];
        for (actions, expected) in table {
            assert_eq!(told(&actions), expected, "{actions:?}");
        }
    }
}
