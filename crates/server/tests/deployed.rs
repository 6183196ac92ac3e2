//! What stands in `deploy` and `grafana`: held to what it promises, by reading it.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::Value;

const DOCKERFILE: &str = include_str!("../../../deploy/Dockerfile");
const UNIT: &str = include_str!("../../../deploy/clm-server.service");
const COMPOSE: &str = include_str!("../../../grafana/compose.yaml");
const NGINX: &str = include_str!("../../../grafana/nginx/default.conf");
const ALLOY: &str = include_str!("../../../grafana/alloy/config.alloy");

#[test]
fn the_image_has_fixed_versions_a_numeric_user_and_a_health_check() {
    let lines: Vec<_> = DOCKERFILE.lines().collect();
    let images = lines.iter().filter_map(|line| line.strip_prefix("ARG ")?.split_once("_IMAGE="));
    let images: Vec<_> = images.map(|(_, image)| image).collect();
    assert_eq!(images.len(), 2);
    for image in images {
        let (_, tag) = image.split_once(':').unwrap();
        let numbers = tag.split(['.', '-']).take_while(|part| part.parse::<u32>().is_ok()).count();
        assert!(numbers >= 2, "{image} names no fixed version");
    }
    for line in lines.iter().filter(|line| line.starts_with("FROM ")) {
        assert!(line.contains("${"), "{line} names an image that is not fixed above");
    }
    let user = lines.iter().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.split(':').all(|part| part.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    assert!(
        lines.iter().any(|line| line.starts_with("HEALTHCHECK ") && line.contains("--healthcheck"))
    );
    assert!(DOCKERFILE.contains("cargo fetch --locked"));
}

#[test]
fn the_unit_limits_what_a_fault_can_do() {
    let set = |key: &str| {
        let line = UNIT.lines().find_map(|line| line.strip_prefix(&format!("{key}=")));
        line.unwrap_or_else(|| panic!("no {key}"))
    };
    assert_eq!((set("LimitCORE"), set("UMask"), set("DynamicUser")), ("0", "0077", "yes"));
    assert!(set("MemoryMax").ends_with('G') && set("TasksMax").parse::<u32>().is_ok());
    assert!(UNIT.contains("CLM_ACCESS_LOG=file"), "the journal keeps lines longer than we promise");
    // Ten seconds for what is under way, and some more.
    assert!(set("TimeoutStopSec").parse::<u32>().unwrap() > 10);
}

fn services() -> Value {
    let compose: Value = serde_saphyr::from_str(COMPOSE).unwrap();
    compose["services"].clone()
}

#[test]
fn each_container_may_restart_without_the_others() {
    for (name, service) in services().as_object().unwrap() {
        let network = service["network_mode"].as_str().unwrap_or_default();
        assert!(!network.contains("service:") && !network.contains("container:"), "{name}");
        if let Some(image) = service["image"].as_str() {
            let (_, tag) = image.split_once(':').unwrap();
            assert!(tag.contains('.'), "{image} names no fixed version");
        }
    }
    // nginx asks again where the server is: it does so for a variable only.
    assert!(NGINX.contains("resolver 127.0.0.11") && NGINX.contains("proxy_pass $server;"));
}

#[test]
fn nothing_of_the_compose_file_is_open_to_other_machines() {
    for (name, service) in services().as_object().unwrap() {
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name}: {port}");
        }
    }
    assert_eq!(services()["server"]["ports"], Value::Null, "only nginx reaches it");
}

#[test]
fn request_lines_of_the_compose_file_end() {
    let server = &services()["server"];
    assert_eq!(server["environment"]["CLM_ACCESS_LOG"], "file");
    assert!(!COMPOSE.contains(">>"), "a file that is only appended to has no end");
}

/// A label has one of a few fixed values: those that the server itself writes.
#[test]
fn labels_of_the_agent_are_our_own_words() {
    let template = ALLOY.lines().find(|line| line.trim().starts_with("template ")).unwrap();
    let quoted = template.split("eq $event ").nth(1).unwrap().split("}}").next().unwrap();
    let mut named: Vec<_> =
        quoted.split(['\\', '"', ' ']).filter(|word| !word.is_empty()).collect();
    named.sort_unstable();
    let mut ours = [
        server::access::ANALYTICS,
        server::access::HTTP_REQUEST,
        server::access::LINES_MISSED,
        logql::alert::OUTBOX,
    ];
    ours.sort_unstable();
    assert_eq!(named, ours);
    assert!(template.contains("{{ else }}other{{ end }}"), "{template}");
    let at = |text: &str| ALLOY.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("stage.template") < at("stage.labels"));
    assert_eq!(ALLOY.matches("stage.labels").count(), 1);
    assert!(ALLOY.contains("values = { event = \"event\" }"), "no label but this one");
    assert!(ALLOY.contains(&format!("job = \"{}\"", logql::alert::SERVER_JOB)));
}
