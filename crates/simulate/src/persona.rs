//! What kinds of people there are, and what they do on a day.

use fastrand::Rng;
use tracking::ErrorKind;

use crate::{
    place::{Place, pull},
    script::{Answer, Doing, End, Sitting, Stay},
};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
pub const HOUR: u64 = 60 * MINUTE;
/// Nobody stays longer, so that a session ends for one reason only.
const LONGEST: u64 = 150 * MINUTE;

/// A kind of person. Chances are percent.
struct Persona {
    share: u32,
    /// That they come at all on a working day, and on a day of the weekend.
    comes: [u32; 2],
    /// How likely each hour of the day is, three hours at a time.
    hours: [u32; 8],
    /// Sittings of a day at most.
    sittings: u32,
    /// That they look at one component and leave.
    bounces: u32,
    /// Visits beyond the first at most.
    visits: u32,
    /// How long a visit is in the middle.
    stay: u64,
    /// The category they like best.
    likes: &'static str,
}

const PERSONAS: [Persona; 5] = [
    // Looks around once in a while.
    Persona {
        share: 34,
        comes: [14, 9],
        hours: [1, 0, 3, 10, 12, 10, 12, 7],
        sittings: 1,
        bounces: 46,
        visits: 6,
        stay: 25 * SECOND,
        likes: "",
    },
    // Works with it.
    Persona {
        share: 30,
        comes: [72, 6],
        hours: [0, 0, 8, 20, 12, 18, 4, 1],
        sittings: 3,
        bounces: 12,
        visits: 11,
        stay: 55 * SECOND,
        likes: "Internal",
    },
    // Looks after it: often and shortly, at night too.
    Persona {
        share: 12,
        comes: [88, 45],
        hours: [3, 3, 10, 12, 10, 12, 8, 5],
        sittings: 5,
        bounces: 30,
        visits: 4,
        stay: 18 * SECOND,
        likes: "Dashboards",
    },
    // Comes to read and to look things up.
    Persona {
        share: 13,
        comes: [38, 20],
        hours: [1, 0, 3, 12, 10, 14, 8, 4],
        sittings: 2,
        bounces: 22,
        visits: 7,
        stay: 95 * SECOND,
        likes: "Tools",
    },
    // Plays after work.
    Persona {
        share: 11,
        comes: [30, 62],
        hours: [2, 0, 1, 3, 5, 6, 18, 16],
        sittings: 2,
        bounces: 15,
        visits: 8,
        stay: 140 * SECOND,
        likes: "Games",
    },
];

const REFERRERS: [&str; 5] =
    ["", "", "https://intranet.example/start", "https://search.example/", "https://mail.example/"];

/// A person of one kind, with their own dice.
pub struct Person {
    persona: &'static Persona,
    dice: Rng,
    says_yes: bool,
    /// Before this nothing new begins.
    pub free_from_ms: u64,
}

/// What a sitting is made for.
#[derive(Clone, Copy)]
pub struct Frame {
    pub start_ms: u64,
    pub is_asked: bool,
}

impl Person {
    #[must_use]
    pub fn new(mut dice: Rng) -> Self {
        let shares: Vec<u32> = PERSONAS.iter().map(|persona| persona.share).collect();
        let persona = &PERSONAS[draw(&mut dice, &shares)];
        let says_yes = !percent(&mut dice, 7);
        Self { persona, dice, says_yes, free_from_ms: 0 }
    }

    /// When somebody sits down on the day that begins at `day_ms`.
    pub fn starts(&mut self, day_ms: u64) -> Vec<u64> {
        // 1970 began with a Thursday.
        let weekday = (day_ms / (24 * HOUR) + 3) % 7;
        let comes = self.persona.comes[usize::from(weekday >= 5)];
        // Mondays are busier and Fridays calmer.
        let comes = if weekday == 0 { comes + 5 } else { comes - u32::from(weekday == 4) * 4 };
        if !percent(&mut self.dice, comes) {
            return Vec::new();
        }
        let count = self.dice.u32(1..=self.persona.sittings);
        let mut starts: Vec<u64> = (0..count)
            .map(|_| {
                let part = draw(&mut self.dice, &self.persona.hours) as u64;
                day_ms + part * 3 * HOUR + self.dice.u64(0..3 * HOUR)
            })
            .collect();
        starts.sort_unstable();
        starts
    }

    pub fn sits(&mut self, places: &[Place], Frame { start_ms, is_asked }: Frame) -> Sitting {
        let dice = &mut self.dice;
        let bounces = percent(dice, self.persona.bounces);
        let visits = if bounces { 1 } else { 2 + dice.u32(0..self.persona.visits) };
        let mut there = vec![false; places.len()];
        let mut stays: Vec<Stay> = Vec::new();
        let mut total = 0;
        let mut errors = 0;
        for _ in 0..visits {
            let place = next_place(dice, places, self.persona.likes, stays.last());
            let stay = self.persona.stay;
            let middle = if bounces { stay.min(30 * SECOND) } else { stay };
            let stay = stay_at(dice, places, place, middle, &mut there, &mut errors, is_asked);
            total += stay.ms;
            stays.push(stay);
            if total > LONGEST || errors > 5 {
                break;
            }
        }
        let walks_away = !is_asked && percent(dice, 9);
        let end = if walks_away { End::WalksAway } else { End::Closes };
        let answers = is_asked.then(|| Answer {
            after_ms: spread(dice, 5 * SECOND).min(30 * SECOND),
            yes: self.says_yes,
        });
        let outage = percent(dice, 3).then(|| {
            let from = start_ms + dice.u64(0..total);
            (from, from + spread(dice, 3 * MINUTE))
        });
        let referrer = REFERRERS[dice.usize(..REFERRERS.len())];
        Sitting { start_ms, referrer, stays, end, answers, outage }
    }
}

fn next_place(dice: &mut Rng, places: &[Place], likes: &str, last: Option<&Stay>) -> usize {
    let weights: Vec<u32> = places
        .iter()
        .enumerate()
        .map(|(at, place)| {
            let liked = if place.category == likes { 3 } else { 1 };
            match last {
                // Where one is one does not go.
                Some(last) if last.place == at => 0,
                Some(last) => place.weight * liked * pull(&places[last.place], place),
                // The page opens with the first, unless an address names another.
                None if at == 0 => place.weight * 12,
                None => place.weight * liked,
            }
        })
        .collect();
    draw(dice, &weights)
}

fn stay_at(
    dice: &mut Rng,
    places: &[Place],
    at: usize,
    middle: u64,
    there: &mut [bool],
    errors: &mut u32,
    is_asked: bool,
) -> Stay {
    let place = &places[at];
    let ms = spread(dice, middle).clamp(2 * SECOND, 25 * MINUTE);
    let mut doings = Vec::new();
    let mut now = 0;
    let mut loads = |dice: &mut Rng, now: u64, there: &mut [bool], doings: &mut Vec<_>| {
        if std::mem::replace(&mut there[at], true) {
            return;
        }
        let load = spread(dice, place.expected_load_ms * 2 / 3).clamp(8, 20 * SECOND);
        let trouble = match place.fails {
            Some((kind, message)) => {
                let after = if kind == ErrorKind::Timeout { 10 * SECOND } else { load };
                Some((after, kind, message.to_owned()))
            }
            None if percent(dice, 1) => Some((
                load,
                ErrorKind::Network,
                format!("{} cannot be reached", place.component.name),
            )),
            None => None,
        };
        match trouble {
            Some((after, kind, message)) if now + after < ms => {
                *errors += 1;
                doings.push((now + after, Doing::Fails(kind, message)));
            }
            None if now + load < ms => doings.push((now + load, Doing::Loads(load))),
            // Left before it was there; it goes on loading, and nobody is told here.
            Some(_) | None => there[at] = false,
        }
    };
    loads(dice, now, there, &mut doings);
    if let Some((after, _)) = doings.last() {
        now = *after;
    }
    loop {
        now += spread(dice, 14 * SECOND).clamp(SECOND, 80 * SECOND);
        if now + SECOND >= ms {
            break;
        }
        match dice.u32(..100) {
            0..22 if !place.interactions.is_empty() => {
                let (what, details) = place.interactions[dice.usize(..place.interactions.len())];
                let details = details.map(str::to_owned);
                doings.push((now, Doing::Interacts(what.to_owned(), details)));
            }
            22..26 => {
                let away = spread(dice, 40 * SECOND).clamp(SECOND, 9 * MINUTE);
                if now + away + SECOND < ms {
                    doings.push((now, Doing::Hides));
                    now += away;
                    doings.push((now, Doing::Shows));
                }
            }
            26 if !is_asked && percent(dice, 40) && now + 3 * SECOND < ms => {
                let pause = 300 + dice.u64(0..SECOND);
                doings.push((now, Doing::Reloads(pause)));
                now += pause;
                there.fill(false);
                loads(dice, now, there, &mut doings);
                if let Some((after, _)) = doings.last() {
                    now = now.max(*after);
                }
            }
            _ => doings.push((now, Doing::Moves)),
        }
    }
    Stay { place: at, ms, doings }
}

fn percent(dice: &mut Rng, chance: u32) -> bool {
    dice.u32(..100) < chance
}

/// Around `middle`, with a long tail to the right: most are near it, a few ten times as long.
fn spread(dice: &mut Rng, middle: u64) -> u64 {
    // The product of uniform numbers from 1/2 to 2 is much like a log-normal one, and exact everywhere.
    let mut value = middle.max(1) * 1_000;
    for _ in 0..4 {
        let factor = dice.u64(500..1_000);
        value = if dice.bool() { value * factor / 1_000 } else { value * 1_000 / factor };
    }
    (value / 1_000).max(1)
}

/// One place of `weights`, by weight.
fn draw(dice: &mut Rng, weights: &[u32]) -> usize {
    let sum: u32 = weights.iter().sum();
    let mut left = dice.u32(..sum.max(1));
    for (at, weight) in weights.iter().enumerate() {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return at,
        }
    }
    0
}
