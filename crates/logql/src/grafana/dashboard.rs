//! The dashboards, as Grafana imports them; only panels that every Grafana has.

use serde_json::{Value, json};

use crate::{Expected, Panel, SLOW_FACTOR, Scope, field, text::between};

pub struct Dashboard {
    /// Also the name of its file.
    pub uid: &'static str,
    pub json: Value,
}

pub fn all(expected: &[Expected]) -> Vec<Dashboard> {
    vec![
        dashboard(
            "component-visit-analytics",
            "Component Visit Analytics",
            "Which components are used, for how long, and in which order.",
            false,
            vec![
                tile(Panel::TotalVisits, Look::Number("short"), 6, 5),
                tile(Panel::Sessions, Look::Number("short"), 6, 5),
                tile(Panel::ActiveUsers, Look::Number("short"), 6, 5),
                tile(Panel::BounceRate, Look::Number("percentunit"), 6, 5),
                tile(Panel::Timeline, Look::Chart("reqps"), 24, 8),
                tile(Panel::VisitsByComponent, Look::Bars("short"), 12, 12),
                tile(Panel::AverageTime, Look::Bars("s"), 12, 12),
                tile(Panel::Journey, Look::Matrix(field::PREV_COMPONENT, field::COMPONENT), 24, 14),
                tile(Panel::Interactions, Look::Table, 24, 8),
            ],
            expected,
        ),
        dashboard(
            "user-behavior",
            "User Behavior",
            "How long people stay, where they begin, where they go and where they leave.",
            true,
            vec![
                tile(Panel::SessionP95, Look::Number("s"), 8, 5),
                tile(Panel::SessionAverage, Look::Number("s"), 8, 5),
                tile(Panel::BounceRate, Look::Number("percentunit"), 8, 5),
                Tile {
                    panels: Panel::session_lengths(),
                    title: Some("How long do sessions take?"),
                    look: Look::Lengths,
                    width: 8,
                    height: 9,
                },
                tile(Panel::EntryPoints, Look::Bars("short"), 8, 9),
                tile(Panel::ExitPoints, Look::Bars("short"), 8, 9),
                tile(
                    Panel::UserFlow,
                    Look::Matrix(field::COMPONENT, field::NEXT_COMPONENT),
                    24,
                    14,
                ),
                tile(Panel::SessionLines, Look::Lines("Ascending"), 24, 14),
            ],
            expected,
        ),
        dashboard(
            "clm-operations",
            "CLM Operations",
            "What fails, what is slow, and what the tracker had to give up.",
            false,
            vec![
                tile(Panel::Errors, Look::Bars("short"), 8, 9),
                tile(Panel::ErrorTimeline, Look::Chart("short"), 16, 9),
                tile(Panel::LatestErrors, Look::Lines("Descending"), 24, 10),
                Tile {
                    panels: vec![Panel::LoadMedian, Panel::LoadP95, Panel::LoadAgainstExpectation],
                    title: Some("Load times against expectation"),
                    look: Look::Loads,
                    width: 24,
                    height: 12,
                },
                tile(Panel::Drops, Look::Bars("short"), 8, 8),
                tile(Panel::DropTimeline, Look::Chart("short"), 16, 8),
            ],
            expected,
        ),
    ]
}

/// How a panel looks; the text is Grafana's id of a unit.
#[derive(Clone, Copy)]
enum Look {
    Number(&'static str),
    Bars(&'static str),
    Chart(&'static str),
    Table,
    /// Rows and columns are the values of these labels, the colour is the count.
    Matrix(&'static str, &'static str),
    Lines(&'static str),
    Lengths,
    Loads,
}

struct Tile {
    panels: Vec<Panel>,
    /// Of the tile, when it shows more than one panel.
    title: Option<&'static str>,
    look: Look,
    /// In columns of 24.
    width: u64,
    height: u64,
}

fn tile(panel: Panel, look: Look, width: u64, height: u64) -> Tile {
    Tile { panels: vec![panel], title: None, look, width, height }
}

fn dashboard(
    uid: &'static str,
    title: &str,
    description: &str,
    with_session: bool,
    tiles: Vec<Tile>,
    expected: &[Expected],
) -> Dashboard {
    let scope =
        Scope { session_id: with_session.then_some("$session"), ..Scope::grafana(expected) };
    let (mut x, mut y, mut row) = (0, 0, 0);
    let mut panels = Vec::new();
    for (id, tile) in (1_u64..).zip(tiles) {
        if x + tile.width > 24 {
            (x, y, row) = (0, y + row, 0);
        }
        let place = json!({ "x": x, "y": y, "w": tile.width, "h": tile.height });
        panels.push(panel(id, &tile, &scope, place));
        x += tile.width;
        row = row.max(tile.height);
    }
    let json = json!({
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["clm-dashboard"],
        "schemaVersion": 39,
        "version": 1,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": { "from": "now-24h", "to": "now" },
        "timezone": "browser",
        "templating": { "list": variables(with_session) },
        "annotations": { "list": [] },
        "links": [
            {
                "type": "dashboards", "title": "Dashboards", "tags": ["clm-dashboard"],
                "asDropdown": false, "includeVars": true, "keepTime": true, "targetBlank": false,
            },
            {
                "type": "link", "title": "Open CLM Dashboard", "url": "$clm", "icon": "external link",
                "targetBlank": true, "includeVars": false, "keepTime": false,
            },
        ],
        "panels": panels,
    });
    Dashboard { uid, json }
}

fn datasource() -> Value {
    json!({ "type": "loki", "uid": "${datasource}" })
}

fn variables(with_session: bool) -> Vec<Value> {
    let of_label = |label: &str, stream: &str| {
        json!({
            "label": label, "refId": "LokiVariableQueryEditor-VariableQuery", "stream": stream, "type": 1,
        })
    };
    let mut variables = vec![
        json!({ "name": "datasource", "label": "Loki", "type": "datasource", "query": "loki" }),
        json!({
            "name": "job", "label": "Job", "type": "query", "datasource": datasource(),
            "query": of_label(field::JOB, ""), "refresh": 2, "sort": 1,
            "current": { "text": "clm-frontend", "value": "clm-frontend" },
        }),
        json!({
            "name": "component", "label": "Component", "type": "query", "datasource": datasource(),
            "query": of_label(field::COMPONENT, "{job=\"$job\"}"), "refresh": 2, "sort": 1,
            "multi": true, "includeAll": true, "allValue": ".+",
            "current": { "text": ["All"], "value": ["$__all"] },
        }),
        json!({
            "name": "clm", "label": "Address of CLM Dashboard", "type": "textbox", "hide": 2,
            "query": "http://localhost:8080",
            "current": { "text": "http://localhost:8080", "value": "http://localhost:8080" },
        }),
    ];
    if with_session {
        variables.push(json!({
            "name": "session", "label": "Session id", "type": "textbox", "query": "",
            "current": { "text": "", "value": "" },
        }));
    }
    variables
}

fn panel(id: u64, tile: &Tile, scope: &Scope<'_>, place: Value) -> Value {
    let Shape { kind, options, field_config, transformations } = shape(tile);
    let targets: Vec<_> = tile
        .panels
        .iter()
        .zip('A'..='Z')
        .map(|(panel, letter)| target(*panel, letter, tile.look, scope))
        .collect();
    let texts: Vec<_> = tile.panels.iter().map(|panel| panel.text()).collect();
    let mut counts: Vec<_> = texts.iter().map(|text| text.counts).collect();
    counts.dedup();
    let title = tile.title.or(texts.first().map(|text| text.title.as_str())).unwrap_or_default();
    json!({
        "id": id,
        "type": kind,
        "title": title,
        "description": counts.join(" "),
        "datasource": datasource(),
        "gridPos": place,
        "targets": targets,
        "options": options,
        "fieldConfig": field_config,
        "transformations": transformations,
    })
}

fn target(panel: Panel, letter: char, look: Look, scope: &Scope<'_>) -> Value {
    // Only the lines of one session are asked for by its id.
    let session_id = scope.session_id.filter(|_| panel == Panel::SessionLines);
    let ranged = panel.is_lines() || panel.is_timeline();
    let legend = match (look, panel) {
        (_, Panel::SessionLength(from_s, to_s)) => between(from_s, to_s),
        (_, Panel::Timeline) => "Visits".to_owned(),
        (_, Panel::ErrorTimeline) => format!("{{{{{}}}}}", field::COMPONENT),
        (_, Panel::DropTimeline) => format!("{{{{{}}}}}", field::DROPPED_REASON),
        _ => String::new(),
    };
    json!({
        "refId": letter.to_string(),
        "datasource": datasource(),
        "editorMode": "code",
        "expr": panel.query(&Scope { session_id, ..*scope }),
        "queryType": if ranged { "range" } else { "instant" },
        "legendFormat": legend,
    })
}

struct Shape {
    kind: &'static str,
    options: Value,
    field_config: Value,
    transformations: Value,
}

fn shape(tile: &Tile) -> Shape {
    let empty = tile.panels.first().map(|panel| panel.text().empty).unwrap_or_default();
    let bad = tile.panels.iter().any(|panel| {
        matches!(panel, Panel::Errors | Panel::ErrorTimeline | Panel::Drops | Panel::DropTimeline)
    });
    let thresholds = if bad { steps("green", &[("red", 1)]) } else { steps("blue", &[]) };
    let defaults = |unit: &str| {
        json!({
            "unit": unit, "noValue": empty, "thresholds": thresholds,
            "color": { "mode": "thresholds" },
        })
    };
    let config = |defaults: Value| json!({ "defaults": defaults, "overrides": [] });
    match tile.look {
        Look::Number(unit) => Shape {
            kind: "stat",
            options: json!({
                "colorMode": "value", "graphMode": "none", "justifyMode": "center",
                "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            }),
            field_config: config(defaults(unit)),
            transformations: json!([]),
        },
        Look::Bars(unit) => Shape {
            kind: "bargauge",
            options: bars(true),
            field_config: config(defaults(unit)),
            transformations: json!([{ "id": "sortBy", "options": { "sort": [{ "field": "Value #A", "desc": true }] } }]),
        },
        Look::Lengths => Shape {
            kind: "bargauge",
            options: bars(false),
            field_config: json!({ "defaults": defaults("short"), "overrides": lengths(tile) }),
            transformations: json!([]),
        },
        Look::Chart(unit) => {
            let mut defaults = defaults(unit);
            defaults["color"] = json!({ "mode": "palette-classic" });
            defaults["custom"] = if bad {
                json!({ "drawStyle": "bars", "fillOpacity": 70, "stacking": { "mode": "normal", "group": "A" } })
            } else {
                json!({ "drawStyle": "line", "fillOpacity": 15, "lineWidth": 2 })
            };
            Shape {
                kind: "timeseries",
                options: json!({
                    "legend": { "displayMode": "list", "placement": "bottom", "showLegend": bad },
                    "tooltip": { "mode": "multi", "sort": "desc" },
                }),
                field_config: config(defaults),
                transformations: json!([]),
            }
        }
        Look::Table => Shape {
            kind: "table",
            options: json!({ "showHeader": true, "sortBy": [{ "displayName": "Count", "desc": true }] }),
            field_config: config(defaults("short")),
            transformations: json!([{
                "id": "organize",
                "options": {
                    "excludeByName": { "Time": true },
                    "renameByName": { "Value #A": "Count" },
                },
            }]),
        },
        Look::Matrix(rows, columns) => {
            let mut defaults = defaults("short");
            defaults["color"] = json!({ "mode": "continuous-BlPu" });
            defaults["custom"] = json!({ "align": "center", "cellOptions": { "type": "color-background", "mode": "basic" } });
            // A cell nobody went to is no missing number.
            defaults["noValue"] = json!("");
            Shape {
                kind: "table",
                options: json!({ "showHeader": true }),
                field_config: config(defaults),
                transformations: json!([{
                    "id": "groupingToMatrix",
                    "options": {
                        "rowField": rows, "columnField": columns, "valueField": "Value #A",
                        "emptyValue": "null",
                    },
                }]),
            }
        }
        Look::Lines(order) => Shape {
            kind: "logs",
            options: json!({
                "showTime": true, "wrapLogMessage": true, "enableLogDetails": true,
                "sortOrder": order, "dedupStrategy": "none", "showLabels": false,
                "showCommonLabels": false, "prettifyLogMessage": false,
            }),
            field_config: config(json!({ "noValue": empty })),
            transformations: json!([]),
        },
        Look::Loads => Shape {
            kind: "table",
            options: json!({ "showHeader": true, "sortBy": [{ "displayName": TIMES, "desc": true }] }),
            field_config: json!({
                "defaults": defaults("ms"),
                "overrides": [{
                    "matcher": { "id": "byName", "options": TIMES },
                    "properties": [
                        { "id": "unit", "value": "suffix:x" },
                        { "id": "decimals", "value": 1 },
                        { "id": "thresholds", "value": steps("green", &[("yellow", 1), ("red", SLOW_FACTOR)]) },
                        { "id": "custom.cellOptions", "value": { "type": "color-text" } },
                    ],
                }],
            }),
            transformations: json!([
                { "id": "organize", "options": { "excludeByName": { "Time": true } } },
                { "id": "merge", "options": {} },
                { "id": "organize", "options": { "renameByName": {
                    "Value #A": "Median", "Value #B": "95th percentile", "Value #C": TIMES,
                } } },
            ]),
        },
    }
}

const TIMES: &str = "Times the expectation";

fn bars(each_row: bool) -> Value {
    json!({
        "orientation": "horizontal", "displayMode": "gradient", "showUnfilled": true,
        "valueMode": "text", "namePlacement": "left",
        "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": each_row, "limit": 50 },
    })
}

/// An instant query is a table without its legend; so the name of each bar is set here.
fn lengths(tile: &Tile) -> Vec<Value> {
    tile.panels
        .iter()
        .zip('A'..='Z')
        .filter_map(|(panel, letter)| match panel {
            Panel::SessionLength(from_s, to_s) => Some(json!({
                "matcher": { "id": "byFrameRefID", "options": letter.to_string() },
                "properties": [
                    { "id": "displayName", "value": between(*from_s, *to_s) },
                    { "id": "noValue", "value": "0" },
                ],
            })),
            _ => None,
        })
        .collect()
}

fn steps(from: &str, above: &[(&str, u64)]) -> Value {
    let mut steps = vec![json!({ "color": from, "value": null })];
    steps.extend(above.iter().map(|(color, value)| json!({ "color": color, "value": value })));
    json!({ "mode": "absolute", "steps": steps })
}
