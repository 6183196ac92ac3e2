//! An answer as a file: CSV for spreadsheets, JSON for programs. Each says what its numbers count in and
//! what was asked; none can be run. Pure.

use insights::Range;

use super::{
    query::Query,
    table::{Table, Value},
};
use crate::charts::calendar::{self, Offset};

/// What a file says about itself.
pub struct About<'a> {
    /// As in an address: `visits`.
    pub question: String,
    pub title: &'a str,
    pub range: Range,
    /// Such as `Europe/Berlin`.
    pub zone: String,
    pub offset: Offset<'a>,
    pub filters: Vec<(&'static str, String)>,
}

/// A column of a file.
struct Column {
    head: String,
    part: Part,
}

/// What a column has of a row: by the place of the value, or the same in each.
enum Part {
    Plain(usize),
    Hash(usize),
    LocalTime(usize),
    Unit(usize),
    Same(String),
}

enum Cell {
    Text(String),
    Number(u64),
    None,
}

/// The parts of `query` that choose what is counted, as the address has them.
#[must_use]
pub fn filters(query: &Query) -> Vec<(&'static str, String)> {
    let Query { component, kind, entry, user, session, demo, of, .. } = query;
    let parts = [
        ("component", component),
        ("category", kind),
        ("entry", entry),
        ("user", user),
        ("session", session),
        ("demo journeys", demo),
        ("source", of),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
}

/// RFC 4180, with a byte order mark, without which Excel reads `Zürich` as `ZÃ¼rich`.
#[must_use]
pub fn csv(table: &Table, about: &About<'_>) -> String {
    let filters: Vec<String> =
        about.filters.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let filters = if filters.is_empty() { "none".to_owned() } else { filters.join(", ") };
    let Range { from_ms, to_ms } = about.range;
    let mut columns = columns(table);
    for (head, text) in [
        ("Range from", calendar::iso(from_ms, about.offset)),
        ("Range to", calendar::iso(to_ms, about.offset)),
        ("Time zone", about.zone.clone()),
        ("Filters", filters),
    ] {
        columns.push(Column { head: head.to_owned(), part: Part::Same(text) });
    }
    let heads: Vec<String> = columns.iter().map(|column| in_quotes(&column.head)).collect();
    let mut text = format!("\u{feff}{}\r\n", heads.join(","));
    for row in &table.rows {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| match column.part.of(row, about.offset) {
                Cell::Text(text) => in_quotes(&harmless(&text)),
                Cell::Number(number) => number.to_string(),
                Cell::None => String::new(),
            })
            .collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// What was asked, and one object for each row.
#[must_use]
pub fn json(table: &Table, about: &About<'_>) -> String {
    let columns = columns(table);
    let object = |row: &Vec<Value>| {
        let fields = columns.iter().map(|column| {
            let value = match column.part.of(row, about.offset) {
                Cell::Text(text) => quoted(&text),
                Cell::Number(number) => number.to_string(),
                Cell::None => "null".to_owned(),
            };
            format!("{}: {value}", quoted(&column.head))
        });
        format!("    {{ {} }}", fields.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = table.rows.iter().map(object).collect();
    let filters =
        about.filters.iter().map(|(name, value)| format!("{}: {}", quoted(name), quoted(value)));
    let Range { from_ms, to_ms } = about.range;
    let head = [
        ("question", quoted(&about.question)),
        ("title", quoted(about.title)),
        ("from", quoted(&calendar::iso(from_ms, about.offset))),
        ("to", quoted(&calendar::iso(to_ms, about.offset))),
        ("from_ms", from_ms.to_string()),
        ("to_ms", to_ms.to_string()),
        ("time_zone", quoted(&about.zone)),
        ("filters", format!("{{ {} }}", filters.collect::<Vec<_>>().join(", "))),
        ("rows", format!("[\n{}\n  ]", rows.join(",\n"))),
    ]
    .map(|(name, value)| format!("  {}: {value}", quoted(name)));
    format!("{{\n{}\n}}\n", head.join(",\n"))
}

/// Letters, digits, dots and dashes only, on every system: `clm-visits-2026-09-06-to-2026-09-12.csv`.
#[must_use]
pub fn file_name(about: &About<'_>, ending: &str) -> String {
    let Range { from_ms, to_ms } = about.range;
    let from = calendar::date(from_ms, about.offset);
    // The range ends before its last instant.
    let to = calendar::date(to_ms.saturating_sub(1).max(from_ms), about.offset);
    let filtered = if about.filters.is_empty() { "" } else { "-filtered" };
    let name = format!("clm-{}-{from}-to-{to}{filtered}.{ending}", about.question);
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    name.chars().map(|letter| if is_safe(letter) { letter } else { '-' }).collect()
}

fn columns(table: &Table) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut has_unit = false;
    for (at, head) in table.heads.iter().enumerate() {
        let mut push = |head: String, part: Part| columns.push(Column { head, part });
        let in_column = || table.rows.iter().filter_map(move |row| row.get(at));
        match in_column().next() {
            Some(Value::Component(..)) => {
                push(format!("{head} (hash)"), Part::Hash(at));
                push(format!("{head} (name)"), Part::Plain(at));
            }
            Some(Value::Time(_)) => {
                push(format!("{head} (local time)"), Part::LocalTime(at));
                push(format!("{head} (ms since 1970 UTC)"), Part::Plain(at));
            }
            first => {
                let unit = first.and_then(Value::unit);
                let is_same = in_column().all(|value| value.unit() == unit);
                if !is_same && !has_unit {
                    // Numbers of several kinds: each row says its own.
                    has_unit = true;
                    push("Unit".to_owned(), Part::Unit(at));
                }
                let unit = unit.filter(|_| is_same);
                let unit = unit.map_or_else(String::new, |unit| format!(" ({unit})"));
                push(format!("{head}{unit}"), Part::Plain(at));
            }
        }
    }
    columns
}

impl Part {
    fn of(&self, row: &[Value], offset: Offset<'_>) -> Cell {
        match self {
            Self::Plain(at) => plain(row.get(*at)),
            Self::Hash(at) => match row.get(*at) {
                Some(Value::Component(hash, _)) => Cell::Text(hash.clone()),
                _ => Cell::None,
            },
            Self::LocalTime(at) => match row.get(*at) {
                Some(Value::Time(ms)) => Cell::Text(local(*ms, offset)),
                _ => Cell::None,
            },
            Self::Unit(at) => {
                let unit = row.get(*at).and_then(Value::unit);
                unit.map_or(Cell::None, |unit| Cell::Text(unit.to_owned()))
            }
            Self::Same(text) => Cell::Text(text.clone()),
        }
    }
}

fn plain(value: Option<&Value>) -> Cell {
    match value {
        Some(Value::Text(text) | Value::Component(_, text)) => Cell::Text(text.clone()),
        value => value.and_then(Value::exact).map_or(Cell::None, Cell::Number),
    }
}

fn local(at_ms: u64, offset: Offset<'_>) -> String {
    format!("{} {}", calendar::date(at_ms, offset), calendar::second(at_ms, offset))
}

fn in_quotes(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A text that a spreadsheet would run as a formula gets a quote before it. So does what stands after a
/// semicolon or a new line: where those separate cells, it would begin one.
fn harmless(text: &str) -> String {
    let rest = text.trim_start_matches(is_blank);
    let blanks = &text[..text.len() - rest.len()];
    let is_run = rest.starts_with(is_formula) || blanks.starts_with(['\t', '\r', '\n']);
    let mut safe = format!("{}{blanks}", if is_run { "'" } else { "" });
    for (at, part) in rest.split_inclusive([';', '\r', '\n']).enumerate() {
        if at > 0 && part.trim_start_matches(is_blank).starts_with(is_formula) {
            safe.push('\'');
        }
        safe.push_str(part);
    }
    safe
}

/// What spreadsheets may skip before a formula, seen or not.
fn is_blank(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

/// Also as East Asian keyboards have them.
fn is_formula(letter: char) -> bool {
    const PLAIN: [char; 4] = ['=', '+', '-', '@'];
    const WIDE: [char; 4] = ['＝', '＋', '－', '＠'];
    const SMALL: [char; 4] = ['﹦', '﹢', '﹣', '﹫'];
    PLAIN.contains(&letter) || WIDE.contains(&letter) || SMALL.contains(&letter) || letter == '−'
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(filters: Vec<(&'static str, String)>) -> About<'static> {
        About {
            question: "visits".to_owned(),
            title: "Which components are visited?",
            // Sunday 01:00 to Monday 00:00 in Santiago, a day of 23 hours.
            range: Range::new(1_788_667_200_000, 1_788_750_000_000),
            zone: "America/Santiago".to_owned(),
            offset: &|_| -3 * 3_600_000,
            filters,
        }
    }

    fn component(hash: &str, name: &str) -> Value {
        Value::Component(hash.to_owned(), name.to_owned())
    }

    /// Every cell as a strict reader of RFC 4180 has it.
    fn read(csv: &str) -> Vec<Vec<String>> {
        let mut rows = vec![vec![String::new()]];
        let mut letters = csv.strip_prefix('\u{feff}').unwrap().chars().peekable();
        let mut is_quoted = false;
        while let Some(letter) = letters.next() {
            let row = rows.last_mut().unwrap();
            match letter {
                '"' if is_quoted && letters.peek() == Some(&'"') => {
                    row.last_mut().unwrap().push('"');
                    letters.next();
                }
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => row.push(String::new()),
                '\r' if !is_quoted && letters.peek() == Some(&'\n') => {
                    letters.next();
                    rows.push(vec![String::new()]);
                }
                '\r' | '\n' if !is_quoted => panic!("a line ends without both"),
                letter => row.last_mut().unwrap().push(letter),
            }
        }
        assert_eq!(rows.pop(), Some(vec![String::new()]), "the last line ends, too");
        rows
    }

    #[test]
    fn nothing_in_a_cell_can_be_run() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1+1", "'\t=1+1"),
            ("\r=1+1", "'\r=1+1"),
            ("\n=1+1", "'\n=1+1"),
            ("\tplain", "'\tplain"),
            ("  =1+1", "'  =1+1"),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("\u{feff}=1", "'\u{feff}=1"),
            ("\u{200b}=1", "'\u{200b}=1"),
            ("\0=1", "'\0=1"),
            ("＝1+1", "'＝1+1"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠A1", "'＠A1"),
            ("−1", "'−1"),
            ("a;=1+1", "a;'=1+1"),
            ("a\n =1+1", "a\n' =1+1"),
            ("a\r@b", "a\r'@b"),
            ("a=1, b-2", "a=1, b-2"),
            ("Zürich 🚲", "Zürich 🚲"),
            ("", ""),
            ("   ", "   "),
        ] {
            assert_eq!(harmless(text), cell, "{text:?}");
            let table = Table::new(
                &["Component", "Latest messages"],
                [vec![component(text, text), Value::Text(text.to_owned())]].into_iter(),
                9,
            );
            let filters = vec![("component", text.to_owned())];
            let rows = read(&csv(&table, &about(filters)));
            assert_eq!(rows[1][..3], [cell, cell, cell].map(str::to_owned), "{text:?}");
            assert_eq!(rows[0].len(), rows[1].len());
        }
    }

    #[test]
    fn a_file_says_its_units_both_names_and_what_was_asked() {
        let heads = ["Component", "Visits", "Median", "Drop-off rate", "From", "Step", "Size"];
        let row = vec![
            component("weather", "Zürich \"🚲\", wet"),
            Value::Number(3),
            Value::Ms(Some(1_499)),
            Value::Percent(7),
            Value::Time(1_788_667_200_000),
            Value::Ordinal(2),
            Value::Bytes(None),
        ];
        let table = Table::new(&heads, [row].into_iter(), 1);
        let about =
            about(vec![("entry", "welcome".to_owned()), ("demo journeys", "hidden".into())]);
        let text = csv(&table, &about);
        assert_eq!(text.as_bytes()[..3], [0xef, 0xbb, 0xbf]);
        let rows = read(&text);
        let told: Vec<(&str, &str)> =
            rows[0].iter().zip(&rows[1]).map(|(head, cell)| (&**head, &**cell)).collect();
        assert_eq!(
            told,
            [
                ("Component (hash)", "weather"),
                ("Component (name)", "Zürich \"🚲\", wet"),
                ("Visits (count)", "3"),
                ("Median (ms)", "1499"),
                ("Drop-off rate (%)", "7"),
                ("From (local time)", "2026-09-06 01:00:00"),
                ("From (ms since 1970 UTC)", "1788667200000"),
                ("Step", "2"),
                ("Size (bytes)", ""),
                ("Range from", "2026-09-06T01:00:00-03:00"),
                ("Range to", "2026-09-07T00:00:00-03:00"),
                ("Time zone", "America/Santiago"),
                ("Filters", "entry: welcome, demo journeys: hidden"),
            ]
        );
        let json: serde_json::Value = serde_json::from_str(&json(&table, &about)).unwrap();
        assert_eq!(json["question"], "visits");
        assert_eq!(json["from"], "2026-09-06T01:00:00-03:00");
        assert_eq!(json["to_ms"], 1_788_750_000_000_u64);
        assert_eq!(json["time_zone"], "America/Santiago");
        assert_eq!(json["filters"]["entry"], "welcome");
        let row = &json["rows"][0];
        assert_eq!(
            (&row["Component (hash)"], &row["Component (name)"]),
            (&"weather".into(), &"Zürich \"🚲\", wet".into())
        );
        assert_eq!(
            (&row["Median (ms)"], &row["Size (bytes)"]),
            (&1_499.into(), &serde_json::Value::Null)
        );
        assert_eq!(file_name(&about, "csv"), "clm-visits-2026-09-06-to-2026-09-06-filtered.csv");
    }

    #[test]
    fn numbers_of_several_kinds_have_their_unit_in_each_row() {
        let row =
            |name: &str, value: Value| vec![Value::Text(name.to_owned()), value.clone(), value];
        let rows = [
            row("Visits", Value::Number(3)),
            row("Visible time", Value::Ms(Some(5))),
            row("Bounce rate", Value::Percent(7)),
        ];
        let table = Table::new(&["Metric", "This period", "Previous period"], rows.into_iter(), 9);
        let rows = read(&csv(&table, &about(Vec::new())));
        let first: Vec<String> = rows.iter().map(|row| row[..4].join(" ")).collect();
        assert_eq!(
            first,
            [
                "Metric Unit This period Previous period",
                "Visits count 3 3",
                "Visible time ms 5 5",
                "Bounce rate % 7 7"
            ]
        );
        assert_eq!(rows[1].last().map(String::as_str), Some("none"));
    }

    #[test]
    fn a_file_name_is_one_on_every_system() {
        let named = About { question: "../a b\u{202e}:*".to_owned(), ..about(Vec::new()) };
        assert_eq!(file_name(&named, "json"), "clm-..-a-b----2026-09-06-to-2026-09-06.json");
    }
}
