//! Flags over environment over a file; what is refused, and in which words.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    process::{Command, Output},
};

/// The program with nothing in its environment but what is given.
fn ask(arguments: &[&str], variables: &[(&str, &str)], file: &str) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("clm.toml");
    fs::write(&path, file).unwrap();
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_clm-server"))
        .env_clear()
        .envs(variables.iter().copied())
        .arg("--config")
        .arg(&path)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr).replace(path.to_str().unwrap(), "clm.toml"))
}

fn printed(arguments: &[&str], variables: &[(&str, &str)], file: &str) -> String {
    let (code, stdout, stderr) = ask(&[arguments, &["--print-config"]].concat(), variables, file);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = "client-rate = 1\ntotal-rate = 2\nretention-days = 3\n";
    let text = printed(
        &["--client-rate", "10"],
        &[("CLM_CLIENT_RATE", "20"), ("CLM_TOTAL_RATE", "30")],
        file,
    );
    for line in [
        "client-rate = 10  # flag",
        "total-rate = 30  # environment",
        "retention-days = 3  # file",
        "listen = \"127.0.0.1:8080\"  # default",
        "# loki-url is not set",
        "host = []  # default",
        "events-stdout = false  # default",
        "insights-from = \"store\"  # default",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
}

#[test]
fn what_is_printed_is_a_file_of_settings_again() {
    let file = "host = [\"a.example\", \"b.example\"]\nallow-origin = \"https://c.example\"\n\
                trusted-proxy = [\"10.0.0.0/8\", \"::1\"]\nevents-stdout = true\nloki-url = \"http://l\"\n";
    let first = printed(&[], &[("CLM_API_TOKEN", "t")], file);
    assert!(first.contains("host = [\"a.example\", \"b.example\"]  # file"), "{first}");
    assert!(first.contains("events-stdout = true  # file"), "{first}");
    let again = printed(&[], &[("CLM_API_TOKEN", "t")], &first);
    let plain = |text: &str| {
        let settings = text.lines().filter(|line| !line.starts_with('#'));
        settings.map(|line| line.split("  # ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(plain(&first), plain(&again));
}

#[test]
fn secrets_are_masked_wherever_they_come_from() {
    let file = "api-token = \"open sesame\"\n";
    let text = printed(&[], &[("LOKI_PASSWORD", "hush hush")], file);
    assert!(text.contains("# api-token = ********  # file"), "{text}");
    assert!(text.contains("# loki-password = ********  # environment"), "{text}");
    assert!(!text.contains("sesame") && !text.contains("hush"), "{text}");
}

#[test]
fn a_mistake_names_the_key_the_value_and_what_is_allowed() {
    for (file, said) in [
        (
            "zap = 1",
            "clm.toml: zap is not a setting; there are access-log, access-log-days, access-log-dir, access-log-mb, allow-origin, api-token, ",
        ),
        ("config = \"x\"", "clm.toml: config is not a setting"),
        ("max_connections = 1", "clm.toml: max_connections is not a setting"),
        ("client-ip = \"all\"", "clm.toml: client-ip = \"all\": there are truncated, hashed, off"),
        (
            "listen = \"8080\"",
            "clm.toml: listen = \"8080\": invalid socket address syntax; it is: Address and port to listen on, as 127.0.0.1:8080",
        ),
        ("retention-days = -1", "clm.toml: retention-days = \"-1\": -1 is not in 0..=3650"),
        ("max-connections = 0", "clm.toml: max-connections = \"0\": 0 is not in 1..=100000"),
        ("max-store-mb = 5", "clm.toml: max-store-mb = \"5\": not 0, and not a number from 16 on"),
        ("events-stdout = \"maybe\"", "clm.toml: events-stdout = \"maybe\": there are true, false"),
        (
            "allow-origin = [\"https://a/b\"]",
            "not an origin: https:// and a host, nothing after it",
        ),
        (
            "trusted-proxy = \"lan\"",
            "clm.toml: trusted-proxy = \"lan\": not an address or a network",
        ),
        (
            "listen = 1.5",
            "clm.toml: listen = 1.5 is not a text, a number, true, false or a list of texts",
        ),
        ("listen = ", "clm.toml: not TOML: line 1: "),
        ("api-token = 5", "clm.toml: api-token = (hidden): must be a text"),
        ("registry = \"r.txt\"", "registry = r.txt must end in .json, .yaml or .yml"),
        ("loki-url = \"logs\"", "LOKI_URL must be an http or https address"),
        ("loki-tenant = \"a\"", "loki-tenant is set, but loki-url is not"),
        ("insights-from = \"loki\"", "insights-from = loki needs a Loki: set loki-url too"),
        ("insights-from = \"redis\"", "clm.toml: insights-from = \"redis\": there are store, loki"),
        (
            "listen = \"0.0.0.0:0\"",
            "listen = 0.0.0.0:0 can be reached from other machines: set CLM_API_TOKEN",
        ),
        ("host = \"a.example\"", "host = a.example is known to others: set CLM_API_TOKEN"),
        ("host = \"https://a.example\"", "is not a bare name as dashboard.example.org"),
    ] {
        let (code, stdout, stderr) = ask(&[], &[], file);
        assert_eq!((code, stdout.as_str()), (1, ""), "{file}: {stderr}");
        assert!(stderr.contains(said), "{file}: {stderr}");
        assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    }
    let (code, _, stderr) = ask(&["--client-ip", "all"], &[], "");
    assert_eq!(code, 2);
    assert!(stderr.contains("'all' for '--client-ip"), "{stderr}");
    let (code, _, stderr) = ask(&["--config", "/nowhere/clm.toml"], &[], "");
    assert!(code != 0 && stderr.contains("cannot be used multiple times"), "{stderr}");
}

#[test]
fn a_proxy_needs_a_token() {
    for file in ["trusted-proxy = \"127.0.0.1\"", "trusted-proxy = [\"10.0.0.0/8\", \"::1\"]"] {
        let (code, _, stderr) = ask(&[], &[], file);
        assert_eq!(code, 1, "{stderr}");
        assert!(
            stderr.contains("trusted-proxy = ") && stderr.contains("set CLM_API_TOKEN"),
            "{stderr}"
        );
    }
    let (code, _, stderr) = ask(&[], &[("CLM_TRUSTED_PROXY", "127.0.0.1")], "");
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("set CLM_API_TOKEN"), "{stderr}");
}

#[test]
fn a_secret_that_cannot_work_is_refused_without_being_shown() {
    for (variable, value, says) in [
        ("CLM_API_TOKEN", "\n", "is blank"),
        ("CLM_API_TOKEN", "   ", "is blank"),
        ("CLM_API_TOKEN", "s3cret\n", "is shorter than 16 characters"),
        ("CLM_API_TOKEN", "a", "is shorter than 16 characters"),
        ("CLM_API_TOKEN", "s3cret-in two-words", "has a space in it"),
        ("CLM_API_TOKEN", "s3cret-of\nsixteen-characters", "has a control character"),
        ("CLM_API_TOKEN", "s3cret-of-sixteen-€", "is not ASCII"),
        ("LOKI_PASSWORD", "\r\n", "is blank"),
        ("LOKI_PASSWORD", "s3cret\u{1}", "has a control character"),
        ("LOKI_PASSWORD", "s3cret \n", "begins or ends with a space"),
        ("LOKI_USERNAME", "s3cret:x", "has a colon"),
        ("LOKI_TENANT", "s3cret\tx", "has a control character"),
    ] {
        let (code, stdout, stderr) = ask(&[], &[(variable, value), ("LOKI_URL", "http://l")], "");
        assert_eq!((code, stdout.as_str()), (1, ""), "{value:?}: {stderr}");
        assert!(stderr.contains(variable) && stderr.contains(says), "{value:?}: {stderr}");
        assert!(!stderr.contains("s3cret"), "{stderr}");
        // The same from the file, where there is a key for it.
        let key = match variable {
            "CLM_API_TOKEN" => "api-token",
            "LOKI_PASSWORD" => "loki-password",
            _ => continue,
        };
        let file = toml::Table::from_iter([(key.to_owned(), value.into())]).to_string();
        let (code, _, stderr) = ask(&[], &[("LOKI_URL", "http://l")], &file);
        assert_eq!(code, 1, "{value:?}: {stderr}");
        assert!(stderr.contains(says) && !stderr.contains("s3cret"), "{value:?}: {stderr}");
    }
}

#[test]
fn a_password_in_an_address_is_printed_nowhere() {
    for (arguments, variables, file) in [
        (&["--loki-url", "http://me:s3cret@loki:3100"][..], &[][..], ""),
        (&[], &[("LOKI_URL", "https://s3cret@loki")], ""),
        (&[], &[("LOKI_URL", "me:s3cret@loki:3100")], ""),
        (&[], &[("LOKI_URL", "https://loki/?key=s3cret")], ""),
        (&[], &[], "loki-url = \"https://me:s3cr/s3cret@loki\""),
        (&["--allow-origin", "https://me:s3cret@shop.example"], &[], ""),
        (&[], &[("CLM_ALLOW_ORIGIN", "https://me:s3cret@shop.example")], ""),
        (&[], &[], "allow-origin = \"https://me:s3cret@shop.example\""),
        (&["--registry", "https://me:s3cret@files.example/r"], &[], ""),
        (&[], &[], "listen = { url = \"https://me:s3cret@loki\" }"),
    ] {
        for more in [&[][..], &["--print-config"]] {
            let (code, stdout, stderr) = ask(&[arguments, more].concat(), variables, file);
            let said = format!("{stdout}{stderr}");
            assert!(!said.contains("s3cret"), "{arguments:?} {variables:?} {file}: {said}");
            assert!(code != 0 || !more.is_empty(), "{arguments:?} {variables:?} {file}");
        }
    }
    let (_, _, stderr) = ask(&["--loki-url", "http://me:pw@loki:3100"], &[], "");
    assert!(stderr.contains("LOKI_USERNAME and LOKI_PASSWORD"), "{stderr}");
}

#[test]
fn a_secret_has_no_flag() {
    for flag in ["--api-token", "--loki-password"] {
        let (code, _, stderr) = ask(&[&format!("{flag}=x")], &[], "");
        assert_eq!(code, 2, "{flag}");
        assert!(stderr.contains("unexpected argument"), "{stderr}");
    }
}

#[test]
fn the_readme_lists_every_setting_with_its_variable_and_default() {
    let readme = include_str!("../../../README.md");
    let text = printed(&[], &[], "");
    for line in text.lines() {
        let line = line.trim_start_matches("# ");
        let (key, default) = match line.split_once(" = ") {
            Some((key, rest)) => (key, rest.split("  # ").next().unwrap().trim_matches('"')),
            None => (line.split(' ').next().unwrap(), ""),
        };
        let row = readme.lines().find(|row| row.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("README has no row for {key}"));
        if !matches!(default, "" | "[]") {
            assert!(row.contains(&format!("`{default}`")), "{default} in {row}");
        }
    }
}

/// What stands in `deploy` and in the compose file speaks of settings that there are.
#[test]
fn the_files_to_deploy_with_are_understood() {
    let text =
        printed(&[], &[("CLM_API_TOKEN", "t")], include_str!("../../../deploy/clm-server.toml"));
    assert!(text.contains("host = [\"dashboard.example.org\"]  # file"), "{text}");
    let known = printed(&[], &[], "");
    let is_known = |variable: &str| {
        let key = variable.trim_start_matches("CLM_").to_lowercase().replace('_', "-");
        known.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} ")))
    };
    for file in [
        include_str!("../../../deploy/Dockerfile"),
        include_str!("../../../deploy/clm-server.service"),
        include_str!("../../../grafana/compose.yaml"),
    ] {
        let words = file.split(|c: char| !c.is_ascii_uppercase() && c != '_');
        let named: Vec<_> =
            words.filter(|word| word.starts_with("CLM_") && *word != "CLM_").collect();
        assert!(!named.is_empty());
        for variable in named {
            assert!(is_known(variable), "{variable}");
        }
    }
}
