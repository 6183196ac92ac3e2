//! Every panel of Insights on a simulated month, against what is true of the simulated people: counted
//! from what they did, by nothing that the page or the server has.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::TcpStream,
    time::{SystemTime, UNIX_EPOCH},
};

use clm_dashboard::charts::{calendar, scale};
use serde_json::Value;
use simulate::{Plan, Sat, Simulation, Truth, Visited, bundle, places};

use crate::support::{Person, Setup, Site};

const REGISTRY: &str = include_str!("../../static/registry.json");
const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const MONTH: &str = "#/insights?range=30d";

/// A population in a store, and what is true of it.
struct Month {
    site: Site,
    truth: Truth,
    simulation: Simulation,
    names: BTreeMap<String, String>,
    registry: Value,
}

fn push(address: &str, body: &str) {
    let host = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /loki/api/v1/push HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

impl Month {
    async fn new(users: usize) -> Self {
        let site = Site::start(None).await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let now_ms = u64::try_from(now).unwrap();
        let plan = Plan { users, days: 30, seed: 7, end_ms: now_ms - now_ms % HOUR_MS };
        let mut simulation = Simulation::new(plan, places(REGISTRY).unwrap());
        for pushes in simulation.by_ref() {
            for body in bundle(&pushes, 256 * 1024) {
                push(&site.address, &body);
            }
        }
        let registry: Value = serde_json::from_str(REGISTRY).unwrap();
        let names = registry["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|component| {
                let text = |key: &str| component[key].as_str().unwrap().to_owned();
                (text("hash"), text("name"))
            })
            .collect();
        let truth = simulation.truth().clone();
        Self { site, truth, simulation, names, registry }
    }

    async fn visitor(&self, fragment: &str) -> Person {
        let person = Person::arrive_at("about:blank", Setup::default()).await;
        person.in_time_zone("UTC").await;
        person.visit(&format!("{}/{fragment}", self.site.address)).await;
        person
    }

    fn name(&self, hash: &str) -> String {
        match hash {
            "(entry)" => "Entry".to_owned(),
            "(exit)" => "Exit".to_owned(),
            hash => self.names[hash].clone(),
        }
    }

    /// Rows as the page would have them, in any order.
    fn rows(&self, counts: &BTreeMap<&str, u64>) -> BTreeSet<Vec<String>> {
        counts.iter().map(|(hash, count)| vec![self.name(hash), scale::grouped(*count)]).collect()
    }

    /// The same, also of components that nobody visited, if they are among the chosen.
    fn rows_of_all(
        &self,
        counts: &BTreeMap<&str, u64>,
        is_chosen: impl Fn(&str) -> bool,
    ) -> BTreeSet<Vec<String>> {
        let all = self.names.keys().map(|hash| (hash.as_str(), 0));
        let mut all: BTreeMap<&str, u64> = all.filter(|(hash, _)| is_chosen(hash)).collect();
        all.extend(counts);
        self.rows(&all)
    }

    fn visited(&self) -> impl Iterator<Item = &Visited> {
        self.truth.sat.iter().flat_map(|sat| &sat.visits)
    }
}

fn set(rows: Vec<Vec<String>>) -> BTreeSet<Vec<String>> {
    rows.into_iter().collect()
}

/// Nearest rank.
fn rank(values: &mut [u64], percent: usize) -> u64 {
    values.sort_unstable();
    values[(values.len() * percent).div_ceil(100).max(1) - 1]
}

/// Sessions that reach each step, and how long each took from the one before: of all ways to begin, the
/// first that leads furthest within the time.
fn funnel(sats: &[Sat], steps: &[&str], within_ms: u64) -> Vec<(u64, Vec<u64>)> {
    let mut reached = vec![(0, Vec::new()); steps.len()];
    for sat in sats {
        let mut furthest: Vec<u64> = Vec::new();
        for (at, first) in sat.visits.iter().enumerate() {
            let mut times: Vec<u64> = Vec::new();
            for visit in &sat.visits[at..] {
                let is_next = steps.get(times.len()) == Some(&&*visit.component);
                if is_next && visit.at_ms - first.at_ms <= within_ms {
                    times.push(visit.at_ms);
                }
            }
            let begins = first.component == steps[0];
            if begins && times.len() > furthest.len() {
                furthest = times;
            }
        }
        for (step, at_ms) in furthest.iter().enumerate() {
            reached[step].0 += 1;
            if let Some(before) = step.checked_sub(1) {
                reached[step].1.push(at_ms - furthest[before]);
            }
        }
    }
    reached
}

#[tokio::test]
async fn every_panel_tells_what_is_true_of_the_people() {
    let month = Month::new(80).await;
    let truth = &month.truth;
    let person = month.visitor(MONTH).await;

    let totals: BTreeMap<String, String> = person
        .numbers("Totals")
        .await
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let times = truth.times_ms();
    let visits: u64 = truth.visits().values().sum();
    for (what, wanted) in [
        ("Visits", scale::grouped(visits)),
        ("Sessions", scale::grouped(truth.sessions())),
        ("People", truth.users().to_string()),
        ("Components", truth.visits().len().to_string()),
        ("Visible time", scale::duration(times.values().flatten().sum())),
        ("Bounce rate", format!("{} %", scale::percent(truth.bounces(), truth.sessions()))),
        ("Errors", truth.errors().to_string()),
    ] {
        assert_eq!(totals[what], wanted, "{what}");
    }

    // Day by day.
    let mut days: BTreeMap<u64, (u64, BTreeSet<usize>, BTreeSet<usize>, u64)> = BTreeMap::new();
    for (session, sat) in truth.sat.iter().enumerate() {
        for visit in &sat.visits {
            let day = days.entry(visit.at_ms / DAY_MS).or_default();
            day.0 += 1;
            day.1.insert(session);
            day.2.insert(sat.user);
            for (at_ms, _) in &visit.errors {
                days.entry(at_ms / DAY_MS).or_default().3 += 1;
            }
        }
    }
    let wanted: BTreeSet<Vec<String>> = days
        .iter()
        .map(|(day, (visits, sessions, users, errors))| {
            let date = format!("{} 00:00", calendar::date(day * DAY_MS, &|_| 0));
            let counts = [*visits, sessions.len() as u64, users.len() as u64, *errors];
            [date].into_iter().chain(counts.map(scale::grouped)).collect()
        })
        .collect();
    for panel in ["Activity", "Users"] {
        let shown = person.numbers(panel).await.into_iter().filter(|row| row[1..] != ["0"; 4]);
        assert_eq!(shown.collect::<BTreeSet<_>>(), wanted, "{panel}");
    }

    let all = month.rows_of_all(&truth.visits(), |_| true);
    assert_eq!(set(person.numbers("Visits").await), all);
    assert_eq!(set(person.numbers("Entries").await), month.rows(&truth.entries()));
    assert_eq!(set(person.numbers("Exits").await), month.rows(&truth.exits()));
    let first = &person.numbers("Visits").await[0];
    let most = *truth.visits().values().max().unwrap();
    assert_eq!(first[1], scale::grouped(most), "the most popular one is the first");

    let wanted = times.iter().map(|(hash, each)| {
        let (sum, mut each) = (each.iter().sum::<u64>(), each.clone());
        let average = sum / each.len() as u64;
        let numbers = [sum, average, rank(&mut each, 50), rank(&mut each, 95)];
        [month.name(hash)].into_iter().chain(numbers.map(scale::duration)).collect()
    });
    assert_eq!(set(person.numbers("Time").await), wanted.collect());

    let mut steps: BTreeMap<(usize, &str, &str), u64> = BTreeMap::new();
    for sat in &truth.sat {
        let way: Vec<&str> = sat.visits.iter().map(|visit| &*visit.component).collect();
        for (at, from) in way.iter().enumerate().take(4) {
            let to = way.get(at + 1).copied().unwrap_or("(exit)");
            *steps.entry((at + 1, from, to)).or_default() += 1;
        }
    }
    let wanted: BTreeSet<Vec<String>> = steps
        .iter()
        .map(|((step, from, to), sessions)| {
            vec![step.to_string(), month.name(from), month.name(to), scale::grouped(*sessions)]
        })
        .collect();
    // The table ends somewhere; the file has all.
    let shown = set(person.numbers("Paths").await);
    assert!(shown.is_subset(&wanted) && shown.len() == wanted.len().min(200));
    assert_eq!(set(saved(&person, "Paths").await), wanted);

    let wanted: BTreeSet<Vec<String>> = truth
        .transitions()
        .iter()
        .map(|((from, to), times)| vec![month.name(from), month.name(to), scale::grouped(*times)])
        .collect();
    let shown = set(person.numbers("Flows").await);
    assert!(shown.is_subset(&wanted) && shown.len() == wanted.len().min(200));
    assert_eq!(set(saved(&person, "Flows").await), wanted);

    let mut bins = [0_u64; 8];
    for length in truth.lengths_ms() {
        let from = [0, 10, 30, 60, 180, 600, 1_800, 3_600].map(|seconds| seconds * 1_000);
        bins[from.iter().rposition(|from| *from <= length).unwrap()] += 1;
    }
    let shown = person.numbers("Lengths").await;
    let shown: Vec<_> = shown.iter().map(|row| row[1].clone()).collect();
    assert_eq!(shown, bins.map(scale::grouped));

    let mut loads: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for visit in month.visited().filter(|visit| !visit.loads.is_empty()) {
        loads.entry(&visit.component).or_default().extend(visit.loads.iter().map(|load| load.1));
    }
    let expected = |hash: &str| {
        let all = month.registry["components"].as_array().unwrap();
        let one = all.iter().find(|component| component["hash"] == hash).unwrap();
        one["balanced"]["expected_load_time_ms"].as_u64().unwrap_or(2_000)
    };
    let wanted = loads.iter_mut().map(|(hash, each)| {
        let numbers = [rank(each, 50), rank(each, 95), expected(hash)].map(scale::duration);
        let head = [month.name(hash), scale::grouped(each.len() as u64)];
        head.into_iter().chain(numbers).collect()
    });
    assert_eq!(set(person.numbers("Loads").await), wanted.collect());

    let mut failed: BTreeMap<&str, Vec<(u64, &str)>> = BTreeMap::new();
    for visit in month.visited() {
        let errors = visit.errors.iter().map(|(at_ms, text)| (*at_ms, &**text));
        failed.entry(&visit.component).or_default().extend(errors);
    }
    failed.retain(|_, errors| !errors.is_empty());
    let wanted = failed.iter_mut().map(|(hash, errors)| {
        errors.sort_by_key(|(at_ms, _)| std::cmp::Reverse(*at_ms));
        // Different messages of the latest hundred, and how often each of them came.
        let recent: Vec<&str> = errors.iter().take(100).map(|(_, text)| *text).collect();
        let mut latest: Vec<&str> = Vec::new();
        for text in &recent {
            if !latest.contains(text) {
                latest.push(text);
            }
        }
        let told = latest.iter().take(5).map(|text| {
            match recent.iter().filter(|other| *other == text).count() {
                1 => (*text).to_owned(),
                times => format!("{text} (×{times})"),
            }
        });
        let told = told.collect::<Vec<_>>().join(" · ");
        vec![month.name(hash), scale::grouped(errors.len() as u64), told]
    });
    assert_eq!(set(person.numbers("Errors").await), wanted.collect());

    // Nothing that the panels drew is wider than they are.
    let wide = "const b = document.querySelector('#main'); return b.scrollWidth <= b.clientWidth";
    person.until(wide, 0).await;
    person.leave().await;
}

/// What a panel's CSV holds, without its head, its hashes and what was asked; numbers as they are on the
/// screen.
async fn saved(person: &Person, panel: &str) -> Vec<Vec<String>> {
    person.open_numbers(panel).await;
    let text = person
        .run(&format!(
            // The page's own policy lets no script fetch what the file is read from.
            "let file; const make = URL.createObjectURL; const click = HTMLAnchorElement.prototype.click;
             URL.createObjectURL = blob => {{ file = blob; return make.call(URL, blob) }};
             HTMLAnchorElement.prototype.click = () => {{}};
             document.querySelector('#panel-{panel} .exports button').click();
             HTMLAnchorElement.prototype.click = click;
             URL.createObjectURL = make;
             return file.text()"
        ))
        .await;
    let cells = |line: &str| -> Vec<String> {
        line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect()
    };
    let mut lines = text.lines();
    let heads = cells(lines.next().unwrap());
    let shown: Vec<usize> = (0..heads.iter().position(|head| head == "Range from").unwrap())
        .filter(|at| !heads[*at].ends_with("(hash)"))
        .collect();
    let as_shown = |text: &String| match text.parse() {
        Ok(number) => scale::grouped(number),
        Err(_) => text.clone(),
    };
    lines.map(cells).map(|row| shown.iter().map(|at| as_shown(&row[*at])).collect()).collect()
}

#[tokio::test]
async fn a_funnel_is_picked_ordered_and_bounded_in_time() {
    let month = Month::new(80).await;
    let person = month.visitor(MONTH).await;
    let see = async |steps: &[&str], within_ms: u64| {
        let reached = funnel(&month.truth.sat, steps, within_ms);
        let mut before = reached[0].0;
        let mut wanted = Vec::new();
        for (hash, (sessions, waits)) in steps.iter().zip(&reached) {
            let lost = before - sessions;
            let wait = match waits.as_slice() {
                [] => "–".to_owned(),
                waits => scale::duration(rank(&mut waits.to_vec(), 50)),
            };
            let share = format!("{} %", scale::percent(lost, before));
            wanted.push([
                month.name(hash),
                scale::grouped(*sessions),
                lost.to_string(),
                share,
                wait,
            ]);
            before = *sessions;
        }
        person.open_numbers("Funnel").await;
        let wanted = serde_json::to_string(&wanted).unwrap();
        person
            .until(
                &format!(
                    "const rows = [...document.querySelectorAll('#panel-Funnel tbody tr')];
                     const shown = JSON.stringify(rows.map(r => [...r.cells].map(c => c.textContent)));
                     return shown === JSON.stringify({wanted})"
                ),
                0,
            )
            .await;
    };
    let step = |at: usize| format!("#panel-Funnel .funnel-pick > select:nth-of-type({at})");
    let all = u64::MAX / 2;
    person.choose_in(&step(1), "welcome").await;
    person.choose_in(&step(2), "user-list").await;
    person.choose_in(&step(3), "user-detail").await;
    see(&["welcome", "user-list", "user-detail"], all).await;
    person.choose("within", "5").await;
    see(&["welcome", "user-list", "user-detail"], 5 * 60_000).await;
    person.choose_in(&step(2), "(earlier)").await;
    see(&["user-list", "welcome", "user-detail"], 5 * 60_000).await;
    person.choose_in(&step(2), "").await;
    see(&["user-list", "user-detail"], 5 * 60_000).await;
    person.click("#panel-Funnel .funnel-pick a").await;
    person.choose_in(&step(3), "user-list").await;
    see(&["user-list", "user-detail", "user-list"], 5 * 60_000).await;
    // All of it is in the address: another browser shows the same.
    let address = person.run("return location.hash").await;
    assert_eq!(address, format!("{MONTH}&funnel=user-list,user-detail,user-list&within=5"));
    person.run("location.reload(); return ''").await;
    see(&["user-list", "user-detail", "user-list"], 5 * 60_000).await;
    person.leave().await;
}

#[tokio::test]
async fn filters_hold_for_all_panels_and_an_address_brings_them_back() {
    let month = Month::new(60).await;
    let kind_of: BTreeMap<&str, &str> = month.registry["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["hash"].as_str().unwrap(), one["category"].as_str().unwrap()))
        .collect();
    let user = month.truth.sat[0].user;
    let user_id = month.simulation.user_id(user).unwrap();
    let kind = kind_of["welcome"];
    // Which components are chosen, and which people and sessions.
    type Chosen<'a> = Box<dyn Fn(&str) -> bool + 'a>;
    type Of<'a> = Box<dyn Fn(&Sat) -> bool + 'a>;
    let entered = |sat: &Sat| sat.visits[0].component == "welcome";
    let rows: Vec<(String, Chosen<'_>, Of<'_>, &str)> = vec![
        (
            "component=welcome".to_owned(),
            Box::new(|hash| hash == "welcome"),
            Box::new(|_| true),
            "Counts whole sessions that visit",
        ),
        (
            "component=user-list".to_owned(),
            Box::new(|hash| hash == "user-list"),
            Box::new(|_| true),
            "Counts whole sessions that visit",
        ),
        (
            format!("type={kind}"),
            Box::new(|hash| kind_of[hash] == kind),
            Box::new(|_| true),
            "Counts whole sessions that visit a component of the category",
        ),
        (
            "entry=welcome".to_owned(),
            Box::new(|_| true),
            Box::new(entered),
            "Counts whole sessions that begin with",
        ),
        (
            format!("user={}", user_id.as_str()),
            Box::new(|_| true),
            Box::new(|sat| sat.user == user),
            "",
        ),
        (
            format!("component=user-list&entry=welcome&user={}", user_id.as_str()),
            Box::new(|hash| hash == "user-list"),
            Box::new(|sat| sat.user == user && entered(sat)),
            "Counts whole sessions that begin with",
        ),
    ];
    let person = month.visitor(MONTH).await;
    for (filter, chosen, of, meaning) in &rows {
        let keeps = |sat: &Sat, visit: &Visited| of(sat) && chosen(&visit.component);
        let kept = || {
            let of = |sat| move |visit: &&Visited| keeps(sat, visit);
            month.truth.sat.iter().flat_map(move |sat| sat.visits.iter().filter(of(sat)))
        };
        let mut visits: BTreeMap<&str, u64> = BTreeMap::new();
        kept().for_each(|visit| *visits.entry(&visit.component).or_default() += 1);
        let address = format!("{MONTH}&{}", filter.replace(' ', "%20"));
        person.go(&address).await;
        let sum = scale::grouped(visits.values().sum());
        if visits.is_empty() {
            person.see("#nothing").await;
            continue;
        }
        person
            .until(
                &format!(
                    "const tile = document.querySelector('#panel-Totals .answer:not([aria-busy]) .stat dd');
                     return !!tile && tile.textContent === '{sum}' && location.hash === '{address}'"
                ),
                0,
            )
            .await;
        let all = month.rows_of_all(&visits, chosen);
        assert_eq!(set(person.numbers("Visits").await), all, "{filter}");
        // Sessions are whole: those that visit one of the chosen components.
        let truth = month
            .truth
            .of(|sat| of(sat) && sat.visits.iter().any(|visit| chosen(&visit.component)));
        let exits = set(person.numbers("Exits").await);
        assert_eq!(exits, month.rows(&truth.exits()), "{filter}");
        assert_eq!(set(person.numbers("Entries").await), month.rows(&truth.entries()), "{filter}");
        let lengths = person.numbers("Lengths").await;
        let lengths: u64 =
            lengths.iter().map(|row| row[1].replace(',', "").parse::<u64>().unwrap()).sum();
        assert_eq!(lengths, truth.sessions(), "{filter}");
        let totals = person.numbers("Totals").await;
        let rate = format!("{} %", scale::percent(truth.bounces(), truth.sessions()));
        assert!(totals.iter().any(|row| row[0] == "Bounce rate" && row[1] == rate), "{totals:?}");
        let said =
            "return document.querySelector('#panel-Exits .filter-meaning')?.textContent ?? ''";
        let said = person.run(said).await;
        assert!(said.starts_with(meaning), "{filter}: {said}");
        let events: usize = person.numbers("Cost").await.len();
        assert_eq!(events, 4, "{filter}");
    }
    // The controls say what is asked, also to who opens the address.
    person.run("location.reload(); return ''").await;
    person
        .until(
            "const value = (name) => document.querySelector(`select[name='${name}']`)?.value;
             return value('component') === 'user-list' && value('entry') === 'welcome' && value('type') === ''",
            0,
        )
        .await;
    person.see_text("One user").await;
    person.run("history.back(); return ''").await;
    person
        .until("return document.querySelector(\"select[name='component']\")?.value === ''", 0)
        .await;
    person.leave().await;
}

#[tokio::test]
async fn the_cost_is_what_is_stored_and_the_assumptions_live_in_the_address() {
    let month = Month::new(30).await;
    let lines: Vec<String> = month.site.lines();
    let bytes: u64 = lines.iter().map(|line| line.len() as u64).sum();
    let person = month.visitor(MONTH).await;
    let rows = person.numbers("Cost").await;
    let one = (bytes + lines.len() as u64 / 2) / lines.len() as u64;
    assert_eq!((&*rows[2][0], &*rows[2][1]), ("Lines", &*scale::bytes(one)));
    let visits = month.truth.visits().values().sum::<u64>();
    let lines_of = |people: u64| {
        scale::bytes((u128::from(people * 10 * 30) * u128::from(bytes) / u128::from(visits)) as u64)
    };
    let size = |text: &str| -> f64 {
        let (number, unit) = text.split_once(' ').unwrap();
        let unit = ["B", "kB", "MB", "GB", "TB"].iter().position(|known| *known == unit).unwrap();
        number.parse::<f64>().unwrap() * 1_000_f64.powi(i32::try_from(unit).unwrap())
    };
    let near = |shown: &str, wanted: &str| (size(shown) / size(wanted) - 1.0).abs() < 0.02;
    assert!(near(&rows[2][3], &lines_of(1_000)), "{} {}", rows[2][3], lines_of(1_000));

    person.fill("people", "50000").await;
    person.until("return location.hash.endsWith('people=50000')", 0).await;
    let rows = person.numbers("Cost").await;
    assert!(near(&rows[2][3], &lines_of(50_000)), "{} {}", rows[2][3], lines_of(50_000));
    person.run("location.reload(); return ''").await;
    assert_eq!(person.numbers("Cost").await[2][3], rows[2][3]);
    person
        .until("return document.querySelector(\"input[name='people']\").value === '50000'", 0)
        .await;
    person.leave().await;
}

#[tokio::test]
async fn a_server_that_is_away_is_told_and_asked_again() {
    let month = Month::new(5).await;
    let person = month.visitor("#/live").await;
    person.see("main").await;
    person.offline(true).await;
    person.go(MONTH).await;
    // One message for the page: fourteen would all say the same.
    person
        .until(
            "const seen = [...document.querySelectorAll('.insights .nothing')].filter(e => e.checkVisibility());
             return seen.length === 1 && seen[0].id === 'failed'",
            0,
        )
        .await;
    person.see_text("The server does not answer").await;
    person.offline(false).await;
    person.click("#failed button").await;
    let shown = set(person.numbers("Visits").await);
    assert_eq!(shown, month.rows_of_all(&month.truth.visits(), |_| true));
    person.leave().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_done_as_it_stands_says_so() {
    let month = Month::new(10).await;
    let address = "#/insights?range=abc&component=nope&funnel=,,,&demo=maybe";
    let person = month.visitor(address).await;
    for said in [
        "The time range “abc” does not exist",
        "The registry has no component “nope”",
        "The funnel in the address names no component",
        "“demo=maybe” does not exist",
    ] {
        person.see_text(said).await;
    }
    person.see_text("No data in this period with these filters").await;
    // What the server refuses is no outage.
    person.go(&format!("{MONTH}&user={}", "x".repeat(300))).await;
    person.see_text("The server cannot answer this: parameter user is too long or empty.").await;
    let text = person.run("return document.body.innerText").await;
    assert!(!text.contains("try again when it is back"), "{text}");
    person.go("#/sessions?range=custom&from=2025-11-30&to=2025-11-01").await;
    person.see_text("The time range begins on 2025-11-30, after it ends on 2025-11-01").await;
    person.leave().await;
}
