//! The way of sessions: columns are steps, height is sessions, small flows fold into "other".

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Drawing, LETTER, Shape, fit, fit_all, is_component,
    scale::{counted, percent, place, short},
    sums,
};

/// From a place in column `step` (1 is the first) to one in the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    pub step: usize,
    pub from: String,
    pub to: String,
    pub count: u64,
}

/// Where sessions end; stands last in its column and leads nowhere.
pub const EXIT: &str = "(exit)";
const OTHER: &str = "(other)";
/// Places in a column, beside "other" and the exit.
const PLACES: usize = 6;
const HEIGHT: i32 = 280;
const GAP: i32 = 10;
const NODE: i32 = 8;

struct Node {
    column: usize,
    key: String,
    count: u64,
    y: i32,
    height: i32,
}

/// `name` says how people know a key.
#[must_use]
pub fn sankey(links: &[Link], width: i32, name: impl Fn(&str) -> String) -> Drawing {
    let most = if width < 480 { 2 } else { 4 };
    let links = fold(links, most);
    let mut nodes = nodes(&links);
    let steps = links.iter().map(|link| link.step).max().unwrap_or(0);
    let first: u64 = nodes.iter().filter(|node| node.column == 1).map(|node| node.count).sum();
    lay_out(&mut nodes, first);
    // Names stand to the right of their places, of the last ones too.
    let each = width / i32::try_from(steps + 1).unwrap_or(1);
    let x = |column: usize| i32::try_from(column - 1).unwrap_or(0) * each;
    let mut drawing = Drawing::default();
    for (link, ribbon) in links.iter().zip(ribbons(&links, &nodes, first)) {
        let Ribbon { y0, y1, thick } = ribbon;
        let (x0, x1) = (x(link.step) + NODE, x(link.step + 1));
        let (middle, y0, y1) = (i32::midpoint(x0, x1), y0 + thick / 2, y1 + thick / 2);
        let d = format!("M{x0} {y0} C{middle} {y0} {middle} {y1} {x1} {y1}");
        let (from, to) = (name(&link.from), name(&link.to));
        let share = percent(link.count, first);
        let tip = format!("{from} → {to}: {} ({share} % of all)", counted(link.count, "session"));
        let class = if link.to == EXIT { "flow leaves" } else { "flow" };
        drawing.shapes.push(Shape::path(class, d, thick).tip(&tip).pick(real(&link.from)));
    }
    let labels = labels(&nodes, each - NODE - 12, &name);
    for (node, label) in nodes.iter().zip(labels) {
        let x = x(node.column);
        let share = percent(node.count, first);
        let tip = format!("{}: {} ({share} %)", name(&node.key), counted(node.count, "session"));
        let class = if node.key == EXIT { "node leaves" } else { "node" };
        let pick = real(&node.key);
        let node_shape = Shape::rect(class, x, node.y, NODE, node.height);
        drawing.shapes.push(node_shape.tip(&tip).pick(pick));
        let label = Shape::text("name", x + NODE + 6, node.y + node.height / 2 + 4, label);
        drawing.shapes.push(label.tip(&tip).pick(pick));
        drawing.height = drawing.height.max(node.y + node.height.max(14) + 4);
    }
    drawing
}

fn real(key: &str) -> Option<&str> {
    Some(key).filter(|key| is_component(key))
}

/// A name and its number for each node; the name alone, or nothing, where there is no room.
fn labels(nodes: &[Node], room: i32, name: &impl Fn(&str) -> String) -> Vec<String> {
    let numbers: Vec<String> = nodes.iter().map(|node| format!(" {}", short(node.count))).collect();
    let widest = numbers.iter().map(|number| number.chars().count()).max().unwrap_or(0);
    let beside = room - i32::try_from(widest).unwrap_or(0) * LETTER;
    let names: Vec<String> = nodes.iter().map(|node| name(&node.key)).collect();
    if beside < 5 * LETTER {
        return names.iter().map(|name| fit(name, room)).collect();
    }
    fit_all(&names, beside).into_iter().zip(numbers).map(|(name, number)| name + &number).collect()
}

/// The first `most` steps, with all but the largest places of each column as one.
fn fold(links: &[Link], most: usize) -> Vec<Link> {
    let links = || links.iter().filter(|link| link.step <= most);
    let kept: Vec<BTreeSet<&str>> = (1..=most + 1)
        .map(|column| {
            let counts = links().filter_map(|link| at(link, column));
            let places = sums(counts.filter(|(key, _)| ![EXIT, OTHER].contains(key)));
            // One place alone needs no folding.
            let count = if places.len() == PLACES + 1 { PLACES + 1 } else { PLACES };
            places.into_iter().take(count).map(|(key, _)| key).collect()
        })
        .collect();
    let folded = |key: &str, column: usize| -> String {
        let keeps = key == EXIT || kept.get(column - 1).is_some_and(|kept| kept.contains(key));
        if keeps { key.to_owned() } else { OTHER.to_owned() }
    };
    let mut counts: BTreeMap<(usize, String, String), u64> = BTreeMap::new();
    for link in links() {
        let (from, to) = (folded(&link.from, link.step), folded(&link.to, link.step + 1));
        let count = counts.entry((link.step, from, to)).or_default();
        *count = count.saturating_add(link.count);
    }
    let mut links: Vec<Link> = counts
        .into_iter()
        .map(|((step, from, to), count)| Link { step, from, to, count })
        .collect();
    links.sort_by_key(|link| Reverse(link.count));
    links
}

/// What a link says about a column: only the first is known by where links begin.
fn at(link: &Link, column: usize) -> Option<(&str, u64)> {
    if column == 1 && link.step == 1 {
        Some((&link.from, link.count))
    } else if link.step + 1 == column {
        Some((&link.to, link.count))
    } else {
        None
    }
}

/// From top to bottom in each column: the largest first, then "other", then the exit.
fn nodes(links: &[Link]) -> Vec<Node> {
    let last = links.iter().map(|link| link.step).max().unwrap_or(0);
    let in_column = |column: usize| {
        let mut places = sums(links.iter().filter_map(|link| at(link, column)));
        places.sort_by_key(|(key, _)| (*key == EXIT, *key == OTHER));
        places.into_iter().map(move |(key, count)| Node {
            column,
            key: key.to_owned(),
            count,
            y: 0,
            height: 0,
        })
    };
    let columns = if last == 0 { 0 } else { last + 1 };
    (1..=columns).flat_map(in_column).collect()
}

fn lay_out(nodes: &mut [Node], first: u64) {
    let mut y = 4;
    let mut column = 0;
    for node in nodes {
        if node.column != column {
            (column, y) = (node.column, 4);
        }
        node.y = y;
        node.height = place(node.count, first, HEIGHT).max(2);
        y += node.height.max(8) + GAP;
    }
}

/// Where a flow leaves and where it arrives, and how thick it is.
#[derive(Clone, Copy, Default)]
struct Ribbon {
    y0: i32,
    y1: i32,
    thick: i32,
}

/// One for each of `links`. At both ends they lie in the order of the places at their other ends: two flows
/// of one place never cross.
fn ribbons(links: &[Link], nodes: &[Node], first: u64) -> Vec<Ribbon> {
    let places: BTreeMap<(usize, &str), &Node> =
        nodes.iter().map(|node| ((node.column, &*node.key), node)).collect();
    let ends: Vec<_> = links
        .iter()
        .map(|link| {
            let node = |column: usize, key: &str| places.get(&(column, key)).copied();
            (node(link.step, &link.from), node(link.step + 1, &link.to))
        })
        .collect();
    let top = |node: Option<&Node>| node.map_or(0, |node| node.y);
    let mut order: Vec<usize> = (0..links.len()).collect();
    let mut ribbons = vec![Ribbon::default(); links.len()];
    let mut used: BTreeMap<(bool, usize, &str), i32> = BTreeMap::new();
    for leaves in [true, false] {
        order.sort_by_key(|&at| if leaves { top(ends[at].1) } else { top(ends[at].0) });
        for &at in &order {
            let thick = place(links[at].count, first, HEIGHT).max(1);
            let Some(node) = (if leaves { ends[at].0 } else { ends[at].1 }) else { continue };
            let used = used.entry((leaves, node.column, &node.key)).or_default();
            // Many thin ones are together thicker than their place.
            let y = node.y + (*used).min((node.height - thick).max(0));
            *used += thick;
            let ribbon = &mut ribbons[at];
            ribbon.thick = thick;
            if leaves { ribbon.y0 = y } else { ribbon.y1 = y }
        }
    }
    ribbons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::Form;

    fn link(step: usize, from: &str, to: &str, count: u64) -> Link {
        Link { step, from: from.into(), to: to.into(), count }
    }

    fn draw(links: &[Link], width: i32) -> Drawing {
        sankey(links, width, str::to_owned)
    }

    #[test]
    fn none_and_one() {
        assert_eq!(draw(&[], 800), Drawing::default());
        let one = draw(&[link(1, "a", EXIT, 1)], 800);
        assert_eq!(one.shapes.iter().filter(|shape| shape.class == "node").count(), 1);
        assert_eq!(one.shapes[0].tip, "a → (exit): 1 session (100 % of all)");
    }

    #[test]
    fn two_hundred_places_fold_and_nobody_is_lost() {
        let links: Vec<Link> =
            (0..200).map(|n| link(1, "start", &format!("c{n}"), 200 - n)).collect();
        let folded = fold(&links, 4);
        assert_eq!(folded.len(), PLACES + 1);
        let sum = |links: &[Link]| links.iter().map(|link| link.count).sum::<u64>();
        assert_eq!(sum(&folded), sum(&links));
        assert!(folded.iter().any(|link| link.to == OTHER));
    }

    #[test]
    fn flows_fill_their_places() {
        let links = [
            link(1, "a", "b", 60),
            link(1, "a", EXIT, 40),
            link(2, "b", "a", 50),
            link(2, "b", EXIT, 10),
        ];
        let drawing = draw(&links, 800);
        let height = |class: &str, at: usize| {
            let rects = drawing.shapes.iter().filter(|shape| shape.class == class);
            match rects.clone().nth(at).map(|shape| &shape.form) {
                Some(Form::Rect { height, .. }) => *height,
                _ => -1,
            }
        };
        assert_eq!(height("node", 0), HEIGHT);
        assert_eq!(height("node", 1), HEIGHT * 6 / 10);
        assert_eq!(height("node leaves", 0), HEIGHT * 4 / 10);
    }

    #[test]
    fn a_narrow_one_has_fewer_steps_and_huge_counts_fit() {
        let links: Vec<Link> = (1..=4).map(|step| link(step, "a", "a", u64::MAX / 2)).collect();
        let flows =
            |width| draw(&links, width).shapes.iter().filter(|shape| shape.class == "flow").count();
        assert_eq!((flows(358), flows(1_200)), (2, 4));
        assert!(draw(&links, 1_200).height <= HEIGHT + 40);
    }

    #[test]
    fn flows_of_one_place_never_cross() {
        let mut links = Vec::new();
        for (at, count) in [(0, 5), (1, 90), (2, 40), (3, 60), (4, 7)] {
            for (to, more) in [(0, 3), (1, 50), (2, 20), (3, 8), (4, 30)] {
                links.push(link(1, &format!("c{at}"), &format!("c{to}"), count + more));
            }
        }
        let links = fold(&links, 4);
        let mut nodes = nodes(&links);
        let first: u64 = links.iter().map(|link| link.count).sum();
        lay_out(&mut nodes, first);
        let ribbons = ribbons(&links, &nodes, first);
        for (link, ribbon) in links.iter().zip(&ribbons) {
            for (other, beside) in links.iter().zip(&ribbons) {
                if link.from == other.from || link.to == other.to {
                    let crosses = (ribbon.y0 < beside.y0 && ribbon.y1 > beside.y1)
                        || (ribbon.y0 > beside.y0 && ribbon.y1 < beside.y1);
                    assert!(!crosses, "{link:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn a_place_tells_its_number() {
        let drawing = draw(&[link(1, "a", "b", 1_500), link(1, "a", EXIT, 500)], 800);
        let names = drawing.shapes.iter().filter(|shape| shape.class == "name");
        let texts: Vec<_> = names
            .map(|shape| match &shape.form {
                Form::Text { text, .. } => (text.as_str(), shape.tip.as_str()),
                _ => ("", ""),
            })
            .collect();
        assert_eq!(
            texts,
            [
                ("a 2k", "a: 2,000 sessions (100 %)"),
                ("b 1.5k", "b: 1,500 sessions (75 %)"),
                ("(exit) 500", "(exit): 500 sessions (25 %)"),
            ]
        );
    }

    #[test]
    fn a_hundred_thousand_places_fold_into_a_handful() {
        let links: Vec<Link> = (0..100_000)
            .map(|at| link(1 + at % 4, &format!("c{at}"), &format!("d{at}"), 1))
            .collect();
        let folded = fold(&links, 4);
        assert!(folded.len() <= 4 * (PLACES + 2) * (PLACES + 2), "{}", folded.len());
        assert_eq!(folded.iter().map(|link| link.count).sum::<u64>(), 100_000);
        let asked = std::cell::Cell::new(0);
        let drawing = sankey(&links, 1_200, |key| {
            asked.set(asked.get() + 1);
            key.to_owned()
        });
        assert!(asked.get() < 800 && drawing.shapes.len() < 400, "{}", asked.get());
    }
}
