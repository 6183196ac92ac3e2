//! A session shown again on the dashboard: the same components, in the same order, for as long.

use insights::{Kind, Range, Story};

use crate::player::{Moment, Plan, Step};

const SPEEDS: [u64; 3] = [1, 4, 16];

/// The session without the time in which nobody looked; none when there is nothing to show.
#[must_use]
pub fn plan(story: &Story) -> Option<Plan> {
    let seen = seen(story);
    let at = |at_ms: u64| {
        seen.iter().map(|part| at_ms.clamp(part.from_ms, part.to_ms) - part.from_ms).sum()
    };
    let step = |visit: &insights::Visit| Step {
        at_ms: at(visit.start_ms),
        component: visit.component.as_str().into(),
        name: visit.name.as_str().into(),
        away: false,
        moments: visit
            .moments
            .iter()
            .filter(|moment| moment.kind != Kind::Load)
            .map(|moment| Moment {
                at_ms: at(moment.at_ms),
                text: moment.text.as_str().into(),
                details: None,
            })
            .collect(),
    };
    let steps = story.visits.iter().map(step).collect();
    Plan::new(story.session_id.as_str().into(), SPEEDS, steps, at(u64::MAX))
}

/// The stretches in which something could be seen, in order and apart from each other.
fn seen(story: &Story) -> Vec<Range> {
    let mut parts = Vec::new();
    for visit in &story.visits {
        let mut from_ms = visit.start_ms;
        for hidden in &visit.hidden {
            parts.push(Range::new(from_ms, hidden.from_ms.max(from_ms)));
            from_ms = hidden.to_ms.max(from_ms);
        }
        parts.push(Range::new(from_ms, visit.end_ms.max(from_ms)));
    }
    parts.sort_unstable_by_key(|part| part.from_ms);
    let mut apart: Vec<Range> = Vec::new();
    for part in parts {
        match apart.last_mut().filter(|last| part.from_ms <= last.to_ms) {
            Some(last) => last.to_ms = last.to_ms.max(part.to_ms),
            None => apart.push(part),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use insights::Visit;

    use super::*;
    use crate::player::{Command, Player};

    fn visit(component: &str, start_ms: u64, end_ms: u64, hidden: &[(u64, u64)]) -> Visit {
        Visit {
            component: component.into(),
            name: component.to_uppercase(),
            start_ms,
            end_ms,
            stay_ms: 0,
            hidden: hidden.iter().map(|&(from_ms, to_ms)| Range { from_ms, to_ms }).collect(),
            moments: Vec::new(),
        }
    }

    fn story(visits: Vec<Visit>) -> Story {
        Story {
            session_id: "session_0_0000".into(),
            user_id: String::new(),
            started_ms: 0,
            ended_ms: 3_620_000,
            visits,
            other: Vec::new(),
            cut: false,
        }
    }

    /// a for 10 s, of which 4 s hidden; nobody there for 1 h; b for 8 s; a at once left; c for 2 s.
    fn player() -> Option<Player> {
        let mut b = visit("b", 3_610_000, 3_618_000, &[]);
        let kinds = [(Kind::Load, "loaded"), (Kind::Interaction, "clicked"), (Kind::Error, "oops")];
        for (n, (kind, text)) in (1_u64..).zip(kinds) {
            let at_ms = 3_610_000 + n * 1_000;
            let moment = insights::Moment { at_ms, kind, text: text.into(), load_time_ms: None };
            b.moments.push(moment);
        }
        let visits = vec![
            visit("a", 0, 10_000, &[(3_000, 7_000)]),
            b,
            visit("a", 3_618_000, 3_618_000, &[]),
            visit("c", 3_618_000, 3_620_000, &[]),
        ];
        Player::after(None, &Command::Start(Rc::new(plan(&story(visits))?), 0))
    }

    #[test]
    fn what_nobody_looked_at_is_left_out() {
        let player = player().unwrap();
        assert_eq!(player.progress(), (1, 4, 0, 16_000));
        assert_eq!(player.due_in_ms(0), Some(6_000));
    }

    #[test]
    fn the_latest_interaction_or_error_is_told_and_loads_are_not() {
        let moments: Vec<_> = [0, 1_500, 2_500, 3_500]
            .into_iter()
            .map(|ms| {
                let commands = [6_000, 6_000 + ms].map(Command::Tick);
                let player = commands.iter().fold(player(), Player::after).unwrap();
                player.moment().map(str::to_owned)
            })
            .collect();
        assert_eq!(moments, [None, None, Some("clicked".into()), Some("oops".into())]);
    }

    #[test]
    fn a_session_without_visits_is_nothing_to_show() {
        assert_eq!(plan(&story(Vec::new())), None);
    }
}
