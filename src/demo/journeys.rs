//! `journeys.json`: scripted journeys to show off with. Text in, plans out that can be played.

use std::rc::Rc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tracking::limit;

use crate::{
    player::{Moment, Plan, Step},
    registry::Registry,
};

const SPEEDS: [u64; 3] = [1, 10, 60];
const MAX_JOURNEYS: usize = 20;
const MAX_STEPS: usize = 30;
/// Nobody watches longer than this: 10 min. A session would end of it, too.
const MAX_STAY_S: u64 = 600;
const MAX_NAME: usize = 60;
const MAX_DESCRIPTION: usize = 200;

/// What can be played, and what had to be left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Journeys {
    pub journeys: Vec<Journey>,
    /// One sentence for each that was left out.
    pub notices: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    pub description: String,
    pub plan: Rc<Plan>,
}

#[derive(Deserialize)]
struct RawJourneys {
    journeys: Vec<RawJourney>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJourney {
    name: String,
    description: String,
    steps: Vec<RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    component: String,
    /// Seconds.
    stay: u64,
    #[serde(default)]
    away: bool,
    interaction: Option<RawInteraction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInteraction {
    event: String,
    /// Seconds from the beginning of the stay; half of it when left out.
    after: Option<u64>,
    data: Option<Box<RawValue>>,
}

impl Journeys {
    /// Reads `json`; journeys of components that `registry` does not know are left out.
    #[must_use]
    pub fn parse(json: &str, registry: &Registry) -> Self {
        let mut read = Self::default();
        match serde_json::from_str::<RawJourneys>(json) {
            Err(error) => read.notices.push(format!(
                "journeys.json is not as expected (line {}, column {}).",
                error.line(),
                error.column()
            )),
            Ok(raw) if raw.journeys.len() > MAX_JOURNEYS => {
                read.notices.push(format!("There are more than {MAX_JOURNEYS} journeys."));
            }
            Ok(raw) => {
                for journey in raw.journeys {
                    let name = limit::shorten(&journey.name, MAX_NAME).to_owned();
                    match journey.check(registry) {
                        Ok(journey) => read.journeys.push(journey),
                        Err(why) => {
                            read.notices
                                .push(format!("\u{201c}{name}\u{201d} cannot be played: {why}."));
                        }
                    }
                }
            }
        }
        read
    }
}

impl RawJourney {
    fn check(self, registry: &Registry) -> Result<Journey, String> {
        let Self { name, description, steps } = self;
        if name.is_empty() || name.len() > MAX_NAME || description.len() > MAX_DESCRIPTION {
            return Err(format!(
                "a name has 1 to {MAX_NAME} bytes, a description at most {MAX_DESCRIPTION}"
            ));
        }
        if steps.len() > MAX_STEPS {
            return Err(format!("it has more than {MAX_STEPS} steps"));
        }
        let mut at_ms = 0;
        let mut checked = Vec::with_capacity(steps.len());
        for (at, step) in steps.into_iter().enumerate() {
            let stay_ms = step.stay.saturating_mul(1_000);
            let step =
                step.check(registry, at_ms).map_err(|why| format!("step {} {why}", at + 1))?;
            checked.push(step);
            at_ms = at_ms.saturating_add(stay_ms);
        }
        let plan = Plan::new(name.into(), SPEEDS, checked, at_ms).ok_or("it has no steps")?;
        Ok(Journey { description, plan: Rc::new(plan) })
    }
}

impl RawStep {
    fn check(self, registry: &Registry, at_ms: u64) -> Result<Step, String> {
        let Self { component, stay, away, interaction } = self;
        let Some(known) = registry.find(&component) else {
            let named = limit::shorten(&component, MAX_NAME);
            return Err(format!("names {named:?}, which the registry has not"));
        };
        if !(1..=MAX_STAY_S).contains(&stay) {
            return Err(format!("stays {stay} s; 1 to {MAX_STAY_S} make sense"));
        }
        let moments = match interaction {
            None => Vec::new(),
            Some(interaction) => vec![interaction.check(stay, at_ms)?],
        };
        let (component, name) = (known.hash.clone(), known.name.clone());
        Ok(Step { at_ms, component, name, away, moments })
    }
}

impl RawInteraction {
    fn check(self, stay: u64, at_ms: u64) -> Result<Moment, String> {
        let Self { event, after, data } = self;
        if event.is_empty() || event.len() > limit::NAME {
            return Err(format!("has an event whose name is empty or over {} bytes", limit::NAME));
        }
        if data.as_ref().is_some_and(|data| data.get().len() > limit::DETAILS) {
            return Err(format!("has data of over {} bytes", limit::DETAILS));
        }
        let after_ms = after.map_or(stay * 500, |after| after.saturating_mul(1_000));
        if after_ms > stay * 1_000 {
            return Err("has an interaction after its end".to_owned());
        }
        let details = data.map(|data| data.get().into());
        Ok(Moment { at_ms: at_ms + after_ms, text: event.into(), details })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"components":[
        {"hash":"a","name":"A","concrete":{"implementation":"a.html"}},
        {"hash":"b","name":"B","concrete":{"implementation":"b.html"}}]}"#;

    fn one(steps: &str) -> Journeys {
        let json =
            format!(r#"{{"journeys":[{{"name":"J","description":"d","steps":[{steps}]}}]}}"#);
        Journeys::parse(&json, &Registry::parse(TWO).unwrap())
    }

    #[test]
    fn the_shipped_journeys_can_all_be_played() {
        let registry = Registry::parse(include_str!("../../static/registry.json")).unwrap();
        let read = Journeys::parse(include_str!("../../static/journeys.json"), &registry);
        assert_eq!(read.notices, [""; 0]);
        assert!(read.journeys.len() >= 6);
    }

    #[test]
    fn a_journey_is_a_plan_in_milliseconds() {
        let read = one(r#"{"component":"a","stay":4,"interaction":{"event":"e","data":{"n": 1}}},
               {"component":"b","stay":2,"away":true},
               {"component":"a","stay":3,"interaction":{"event":"f","after":3}}"#);
        assert_eq!(read.notices, [""; 0]);
        let step = |component: &str, at_ms, away, moments| Step {
            at_ms,
            component: component.into(),
            name: component.to_uppercase().into(),
            away,
            moments,
        };
        let moment = |at_ms, text: &str, details: Option<&str>| Moment {
            at_ms,
            text: text.into(),
            details: details.map(Into::into),
        };
        let steps = vec![
            step("a", 0, false, vec![moment(2_000, "e", Some(r#"{"n": 1}"#))]),
            step("b", 4_000, true, Vec::new()),
            step("a", 6_000, false, vec![moment(9_000, "f", None)]),
        ];
        let plan = Plan::new("J".into(), SPEEDS, steps, 9_000).unwrap();
        assert_eq!(*read.journeys[0].plan, plan);
    }

    #[test]
    fn what_cannot_be_played_is_told_and_the_rest_can() {
        let bad = "\u{201c}J\u{201d} cannot be played: ";
        let many = vec![r#"{"component":"a","stay":1}"#; MAX_STEPS + 1].join(",");
        for (steps, why) in [
            ("", "it has no steps."),
            (many.as_str(), "it has more than 30 steps."),
            (
                r#"{"component":"a","stay":1},{"component":"zap","stay":1}"#,
                r#"step 2 names "zap", which the registry has not."#,
            ),
            (r#"{"component":"a","stay":0}"#, "step 1 stays 0 s; 1 to 600 make sense."),
            (r#"{"component":"a","stay":86400}"#, "step 1 stays 86400 s; 1 to 600 make sense."),
            (
                r#"{"component":"a","stay":3,"interaction":{"event":"e","after":4}}"#,
                "step 1 has an interaction after its end.",
            ),
            (
                r#"{"component":"a","stay":3,"interaction":{"event":""}}"#,
                "step 1 has an event whose name is empty or over 200 bytes.",
            ),
        ] {
            assert_eq!(one(steps).notices, [format!("{bad}{why}")], "{steps}");
        }
        for json in ["", "[]", r#"{"journeys":[{}]}"#, r#"{"journeys":[{"name":"x","zap":1}]}"#] {
            let read = Journeys::parse(json, &Registry::default());
            assert!(read.notices[0].starts_with("journeys.json is not as expected"), "{json}");
        }
        let json = r#"{"journeys":[
            {"name":"Bad","description":"","steps":[]},
            {"name":"Good","description":"","steps":[{"component":"a","stay":1}]}]}"#;
        let read = Journeys::parse(json, &Registry::parse(TWO).unwrap());
        assert_eq!((read.journeys.len(), read.notices.len()), (1, 1));
    }
}
