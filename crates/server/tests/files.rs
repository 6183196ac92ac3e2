//! The page's files in a folder: which are there, how they travel, and what a browser may do with them.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use axum::http::StatusCode;
use common::{Answer, Server, gzip, server_with};

fn with_page(fill: impl FnOnce(&Path)) -> Server {
    server_with(|config, dir| {
        let dist = config.dist.as_ref().unwrap();
        fs::create_dir_all(dist.join("components")).unwrap();
        fs::write(dist.join("index.html"), "<script>go()</script><p>front").unwrap();
        fs::write(dist.join("components/a.html"), "<p>component").unwrap();
        fs::write(dir.join("secret.txt"), "secret").unwrap();
        fill(dist);
    })
}

#[tokio::test]
async fn the_strict_policy_goes_with_the_front_page_however_it_is_asked_for() {
    let server = with_page(|_| {});
    for path in ["/", "/index.html", "//", "//index.html", "/%69ndex.html", "/./index.html", "/%2f"]
    {
        let answer = server.get(path).await;
        let policy = answer.header("content-security-policy");
        if answer.text.contains("front") {
            assert!(policy.contains("script-src"), "{path}: {policy}");
        } else {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        }
    }
    for path in ["/", "/index.html", "/%69ndex.html"] {
        assert!(server.get(path).await.text.contains("front"), "{path}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_to_the_front_page_carries_its_policy_too() {
    let server =
        with_page(|dist| std::os::unix::fs::symlink("index.html", dist.join("b.html")).unwrap());
    let answer = server.get("/b.html").await;
    assert!(answer.text.contains("front"));
    assert!(answer.header("content-security-policy").contains("script-src"));
}

#[cfg(unix)]
#[tokio::test]
async fn what_leaves_the_folder_is_hidden_or_is_no_file_is_not_there() {
    use std::os::unix::fs::symlink;

    let server = with_page(|dist| {
        symlink("../secret.txt", dist.join("link.txt")).unwrap();
        symlink("..", dist.join("up")).unwrap();
        symlink("/etc", dist.join("etc")).unwrap();
        fs::write(dist.join(".env"), "secret").unwrap();
        fs::create_dir(dist.join(".git")).unwrap();
        fs::write(dist.join(".git/config"), "secret").unwrap();
        symlink(".env", dist.join("env.txt")).unwrap();
        symlink("components/a.html", dist.join("inner.html")).unwrap();
        symlink("../../secret.txt", dist.join("components/a.html.gz")).unwrap();
        fs::create_dir(dist.join("..2026_11_27")).unwrap();
        fs::write(dist.join("..2026_11_27/mounted.txt"), "mounted").unwrap();
        symlink("..2026_11_27/mounted.txt", dist.join("mounted.txt")).unwrap();
        let pipe = dist.join("pipe.html");
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
        symlink("/dev/zero", dist.join("zero.html")).unwrap();
    });
    let long = format!("/{}", "a".repeat(256));
    let deep = "/a".repeat(5_000);
    for path in [
        "/link.txt",
        "/up/secret.txt",
        "/etc/hostname",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/env.txt",
        "/..2026_11_27/mounted.txt",
        "/pipe.html",
        "/zero.html",
        "/index.html/x",
        "/a%00b",
        &long,
        &deep,
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text);
        assert!(!answer.text.contains("secret"), "{path}");
    }
    assert!(server.get("/inner.html").await.text.contains("component"));
    assert_eq!(server.get("/mounted.txt").await.text, "mounted");
    let packed = server.get_with("/components/a.html", &[("accept-encoding", "gzip")]).await;
    assert!(packed.text.contains("component") && packed.header("content-encoding").is_empty());
}

#[tokio::test]
async fn a_folder_leads_to_its_index_wherever_the_page_is_mounted() {
    let server = with_page(|dist| fs::write(dist.join("components/index.html"), "list").unwrap());
    let answer = server.get("/components").await;
    assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(answer.header("location"), "./components/");
    assert_eq!(server.get("/components/").await.text, "list");
}

#[tokio::test]
async fn a_packed_form_counts_while_it_is_as_new_as_the_file() {
    let server = with_page(|dist| {
        fs::write(dist.join("config.json"), "{\"debug\":false}").unwrap();
        fs::write(dist.join("config.json.gz"), gzip(b"{\"debug\":false}")).unwrap();
    });
    let ask = async || server.get_with("/config.json", &[("accept-encoding", "gzip")]).await;
    assert_eq!(ask().await.header("content-encoding"), "gzip");
    let path = server.dir.path().join("dist/config.json");
    fs::write(&path, "{\"debug\":true}").unwrap();
    let later = SystemTime::now() + Duration::from_secs(5);
    fs::File::options().write(true).open(&path).unwrap().set_modified(later).unwrap();
    let answer = ask().await;
    assert_eq!((answer.header("content-encoding"), &*answer.text), ("", "{\"debug\":true}"));
}

#[tokio::test]
async fn a_file_that_the_client_has_is_not_sent_again() {
    let server = with_page(|dist| {
        fs::write(dist.join("styles.css"), "a{}").unwrap();
        fs::write(dist.join("styles.css.br"), "brotli").unwrap();
        fs::write(dist.join("styles.css.gz"), gzip(b"a{}")).unwrap();
    });
    for path in ["/", "/styles.css"] {
        let first = server.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.len() > 2, "{path} {tag}");
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
            let answer = server.get_with(path, &[("if-none-match", &known)]).await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{path} {known}");
            // It takes the place of the policy that the browser has kept; a sandbox would take a worker's origin.
            let policy = |answer: &Answer| answer.header("content-security-policy").to_owned();
            assert_eq!(policy(&answer), policy(&first), "{path}");
        }
    }
    for (asked, encoding) in [
        ("gzip, br", "br"),
        ("br;q=0.0, gzip", "gzip"),
        ("br;q=0.0", ""),
        ("br;q=0", ""),
        ("gzip;q=0.000, br;q=0.1", "br"),
    ] {
        let answer = server.get_with("/styles.css", &[("accept-encoding", asked)]).await;
        assert_eq!(answer.header("content-encoding"), encoding, "{asked}");
    }
}

#[tokio::test]
async fn a_components_page_opened_directly_has_an_origin_of_its_own() {
    let server = with_page(|dist| {
        fs::write(dist.join("components/picture.svg"), "<svg/>").unwrap();
        fs::write(dist.join("elsewhere.html"), "<p>component").unwrap();
        fs::write(dist.join("components/clm.js"), "1").unwrap();
        fs::write(dist.join("sender.js"), "1").unwrap();
    });
    for path in ["/components/a.html", "/components/picture.svg", "/elsewhere.html", "/gone.html"] {
        let answer = server.get(path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("sandbox allow-scripts"), "{path}: {policy}");
        assert!(!policy.contains("allow-same-origin"), "{path}: {policy}");
        assert!(!policy.contains("allow-top-navigation"), "{path}: {policy}");
        // With an opener policy a browser would not open a page with a sandbox.
        assert_eq!(answer.header("cross-origin-opener-policy"), "", "{path}");
    }
    // A worker with a sandbox does not start, and a component of another origin loads its scripts.
    for path in ["/components/clm.js", "/sender.js"] {
        let answer = server.get(path).await;
        assert!(!answer.header("content-security-policy").contains("sandbox"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin", "{path}");
    }
    let front = server.get("/").await;
    assert!(!front.header("content-security-policy").contains("sandbox"));
    assert_eq!(front.header("cross-origin-opener-policy"), "same-origin-allow-popups");
    for path in ["/", "/api/insights/summary", "/metrics", "/healthz"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn a_text_that_nobody_packed_ahead_is_packed_on_the_way() {
    let long = "a{color:red}\n".repeat(1_000);
    let server = with_page(|dist| {
        fs::write(dist.join("styles.css"), &long).unwrap();
        fs::write(dist.join("short.css"), "a{}").unwrap();
        fs::write(dist.join("picture.png"), &long).unwrap();
    });
    let ask = async |path: &str, more: &[(&str, &str)]| {
        let headers = [&[("accept-encoding", "gzip")], more].concat();
        server.get_with(path, &headers).await
    };
    let packed = ask("/styles.css", &[]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.header("vary"), "accept-encoding");
    assert!(packed.text.len() < long.len() / 10, "{}", packed.text.len());
    let tag = packed.header("etag").to_owned();
    assert!(tag.starts_with("W/"), "{tag}");
    let again = ask("/styles.css", &[("if-none-match", &tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    let part = ask("/styles.css", &[("range", "bytes=0-3")]).await;
    assert_eq!((part.status, &*part.text), (StatusCode::PARTIAL_CONTENT, "a{co"));
    for plain in ["/short.css", "/picture.png"] {
        assert_eq!(ask(plain, &[]).await.header("content-encoding"), "", "{plain}");
    }
    assert_eq!(server.get("/styles.css").await.text, long);
}
