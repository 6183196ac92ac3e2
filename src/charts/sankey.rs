//! The way of sessions: columns are steps, height is sessions, small flows fold into "other".

use super::{
    Drawing, Shape, fit,
    scale::{grouped, percent, place},
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
    /// How much of it the flows drawn so far have taken, on the way out and on the way in.
    out: i32,
    taken: i32,
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
    let mut drawing = Drawing { height: 0, shapes: Vec::new() };
    for link in &links {
        let thick = place(link.count, first, HEIGHT).max(1);
        let Some((y0, y1)) = join(&mut nodes, link, thick) else { continue };
        let (x0, x1) = (x(link.step) + NODE, x(link.step + 1));
        let (middle, y0, y1) = (i32::midpoint(x0, x1), y0 + thick / 2, y1 + thick / 2);
        let d = format!("M{x0} {y0} C{middle} {y0} {middle} {y1} {x1} {y1}");
        let tip = format!(
            "{} → {}: {} sessions ({} % of all)",
            name(&link.from),
            name(&link.to),
            grouped(link.count),
            percent(link.count, first)
        );
        let class = if link.to == EXIT { "flow leaves" } else { "flow" };
        drawing.shapes.push(Shape::path(class, d, thick).tip(&tip).pick(real(&link.from)));
    }
    for node in &nodes {
        let x = x(node.column);
        let text = name(&node.key);
        let share = percent(node.count, first);
        let tip = format!("{text}: {} sessions ({share} %)", grouped(node.count));
        let class = if node.key == EXIT { "node leaves" } else { "node" };
        let node_shape = Shape::rect(class, x, node.y, NODE, node.height);
        drawing.shapes.push(node_shape.tip(&tip).pick(real(&node.key)));
        let label = fit(&text, each - NODE - 12);
        drawing.shapes.push(Shape::text("name", x + NODE + 6, node.y + node.height / 2 + 4, label));
        drawing.height = drawing.height.max(node.y + node.height.max(14) + 4);
    }
    drawing
}

fn real(key: &str) -> Option<&str> {
    Some(key).filter(|key| !key.starts_with('('))
}

/// The first `most` steps, with all but the largest places of each column as one.
fn fold(links: &[Link], most: usize) -> Vec<Link> {
    let unfolded: Vec<Link> = links.iter().filter(|link| link.step <= most).cloned().collect();
    let kept: Vec<Vec<String>> = (1..=most + 1)
        .map(|column| {
            let mut sums: Vec<(String, u64)> = Vec::new();
            for (key, count) in unfolded.iter().filter_map(|link| at(link, column)) {
                match sums.iter_mut().find(|(known, _)| known == key) {
                    Some((_, sum)) => *sum = sum.saturating_add(count),
                    None if key == EXIT => {}
                    None => sums.push((key.to_owned(), count)),
                }
            }
            most_first(&mut sums, |(_, sum)| *sum);
            // One place alone needs no folding.
            let places = if sums.len() == PLACES + 1 { PLACES + 1 } else { PLACES };
            sums.into_iter().take(places).map(|(key, _)| key).collect()
        })
        .collect();
    let folded = |key: &str, column: usize| {
        let keeps = kept.get(column - 1).is_some_and(|kept| kept.iter().any(|known| known == key));
        if key == EXIT || keeps { key.to_owned() } else { OTHER.to_owned() }
    };
    let mut links: Vec<Link> = Vec::new();
    for link in unfolded {
        let (from, to) = (folded(&link.from, link.step), folded(&link.to, link.step + 1));
        let same =
            |known: &&mut Link| known.step == link.step && known.from == from && known.to == to;
        match links.iter_mut().find(same) {
            Some(known) => known.count = known.count.saturating_add(link.count),
            None => links.push(Link { from, to, ..link }),
        }
    }
    most_first(&mut links, |link| link.count);
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

fn nodes(links: &[Link]) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    let last = links.iter().map(|link| link.step).max().unwrap_or(0);
    for column in 1..=last + 1 {
        for (key, count) in links.iter().filter_map(|link| at(link, column)) {
            match nodes.iter_mut().find(|node| node.column == column && node.key == key) {
                Some(node) => node.count = node.count.saturating_add(count),
                None => nodes.push(Node {
                    column,
                    key: key.to_owned(),
                    count,
                    y: 0,
                    height: 0,
                    out: 0,
                    taken: 0,
                }),
            }
        }
    }
    most_first(&mut nodes, |node| node.count);
    nodes
}

/// From top to bottom in each column: the largest first, then "other", then the exit.
fn lay_out(nodes: &mut [Node], first: u64) {
    let columns = nodes.iter().map(|node| node.column).max().unwrap_or(0);
    for column in 1..=columns {
        let mut y = 4;
        for turn in [None, Some(OTHER), Some(EXIT)] {
            for node in nodes.iter_mut().filter(|node| node.column == column) {
                let special = [OTHER, EXIT].into_iter().find(|key| *key == node.key);
                if special == turn {
                    node.y = y;
                    node.height = place(node.count, first, HEIGHT).max(2);
                    y += node.height.max(8) + GAP;
                }
            }
        }
    }
}

/// Where a flow leaves and where it arrives; both places remember it.
fn join(nodes: &mut [Node], link: &Link, thick: i32) -> Option<(i32, i32)> {
    let from = nodes.iter_mut().find(|node| node.column == link.step && node.key == link.from)?;
    let y0 = from.y + from.out;
    from.out += thick;
    let to = nodes.iter_mut().find(|node| node.column == link.step + 1 && node.key == link.to)?;
    let y1 = to.y + to.taken;
    to.taken += thick;
    Some((y0, y1))
}

/// Sorts short lists, equal ones stay in order; small code where it is needed for many types.
pub fn most_first<T>(items: &mut [T], size: impl Fn(&T) -> u64) {
    for end in 1..items.len() {
        let mut at = end;
        while at > 0 && size(&items[at - 1]) < size(&items[at]) {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
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
        assert_eq!(one.shapes[0].tip, "a → (exit): 1 sessions (100 % of all)");
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
}
