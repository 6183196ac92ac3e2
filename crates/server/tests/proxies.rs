//! The proxy examples of README.md, `deploy` and `grafana`, run by the real proxies before the real server.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use common::one_visit;
use reqwest::{Client, RequestBuilder, header::HeaderMap};
use serde_json::Value;

const README: &str = include_str!("../../../README.md");
const NAME: &str = "dashboard.example.org";
const CADDYFILE: &str = include_str!("../../../deploy/Caddyfile");
/// The address from which a client comes: of this machine, and unlike the proxy's.
const CLIENT: &str = "127.9.8.7";
const SHOWN: &str = "127.9.8.0";
const PATIENCE: Duration = Duration::from_secs(30);

/// A block of README between its fences.
fn block(kind: &str, with: &str) -> String {
    let mut blocks = README.split("```").skip(1).step_by(2);
    let found = blocks.find_map(|block| {
        block.strip_prefix(&format!("{kind}\n")).filter(|block| block.contains(with))
    });
    found.unwrap_or_else(|| panic!("README has no {kind} block with {with}")).to_owned()
}

/// Whether `program` is there; else says that this test does nothing.
fn has(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&paths).collect();
    folders.push(PathBuf::from("/usr/sbin"));
    let is_there = folders.iter().any(|folder| folder.join(program).is_file());
    if !is_there {
        println!("skipped: {program} is not installed");
    }
    is_there
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A program and what it started, until it is dropped.
struct Started(Child);

impl Started {
    fn new(command: &mut Command) -> Self {
        Self(command.process_group(0).stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-s", "KILL", "--", &group]).status();
        let _ = self.0.wait();
    }
}

/// Everything of one test: a folder, the server's port and the proxy's.
struct Site {
    dir: tempfile::TempDir,
    server: SocketAddr,
    proxy: SocketAddr,
}

impl Site {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("dist")).unwrap();
        fs::write(dir.path().join("dist/index.html"), "<p>front").unwrap();
        Self { dir, server: free_port(), proxy: free_port() }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Starts the server by the lines of `script`, in which it is called clm-server.
    fn serve(&self, script: &str, listen: &str) -> Started {
        let bin = self.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let program = bin.join("clm-server");
        let wrapper = format!(
            "#!/bin/sh\nexec {:?} --listen {listen}:{} --data {:?} --dist {:?} --access-log file \"$@\"\n",
            env!("CARGO_BIN_EXE_clm-server"),
            self.server.port(),
            self.path().join("data"),
            self.path().join("dist"),
        );
        fs::write(&program, wrapper).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = std::env::join_paths(
            [bin].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
        );
        let mut command = Command::new("sh");
        command.args(["-ec", script]).current_dir(self.path()).env("PATH", path.unwrap());
        command.env_remove("CLM_API_TOKEN").stdout(Stdio::null());
        Started::new(&mut command)
    }

    /// Starts nginx with what stands inside `http { }`.
    fn nginx(&self, http: &str) -> Started {
        let dir = self.path().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {dir}/{kind};\n"))
            .concat();
        let whole = format!(
            "daemon off;\nworker_processes 1;\npid {dir}/nginx.pid;\nerror_log stderr crit;\n\
             events {{}}\nhttp {{\naccess_log off;\n{temporary}{http}\n}}\n"
        );
        let file = self.path().join("nginx.conf");
        fs::write(&file, whole).unwrap();
        let program =
            if Path::new("/usr/sbin/nginx").is_file() { "/usr/sbin/nginx" } else { "nginx" };
        Started::new(Command::new(program).arg("-p").arg(self.path()).arg("-c").arg(file))
    }

    /// The server's address in a proxy's file, and the port that the proxy listens on.
    fn placed(&self, text: &str) -> String {
        let text = text.replace("127.0.0.1:8080", &self.server.to_string());
        assert!(text.contains(&self.server.to_string()), "{text}");
        text
    }

    /// A client elsewhere that knows the site by its name.
    fn client(&self, scheme: &str) -> Visitor {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .resolve(NAME, self.proxy)
            .local_address(Some(CLIENT.parse().unwrap()))
            .danger_accept_invalid_certs(true)
            .build()
            .unwrap();
        Visitor { client, base: format!("{scheme}://{NAME}:{}", self.proxy.port()) }
    }

    /// What the server's lines say of `path`.
    fn line(&self, path: &str) -> Value {
        let start = Instant::now();
        loop {
            let logs = fs::read_dir(self.path().join("data/logs")).unwrap();
            let text: String =
                logs.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
            let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = lines.into_iter().find(|line| line["path"] == path) {
                return line;
            }
            assert!(start.elapsed() < PATIENCE, "{text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

struct Visitor {
    client: Client,
    base: String,
}

impl Visitor {
    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base))
    }

    async fn status(&self, request: RequestBuilder) -> u16 {
        request.send().await.unwrap().status().as_u16()
    }

    /// Waits until both answer.
    async fn ready(&self) {
        let start = Instant::now();
        loop {
            match self.get("/healthz").send().await {
                Ok(answer) if answer.status() == 200 => return,
                other => assert!(start.elapsed() < PATIENCE, "{other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn push(&self, id: u128, origin: Option<&str>) -> RequestBuilder {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        if let Some(origin) = origin {
            headers.insert("origin", origin.parse().unwrap());
        }
        let push = self.client.post(format!("{}/loki/api/v1/push", self.base));
        push.headers(headers).body(one_visit(id))
    }
}

const OPERATOR: [&str; 4] = ["/api/insights/summary", "/api/sinks", "/api/sample", "/metrics"];

/// What README promises of a server behind a proxy.
async fn holds(site: &Site, visitor: &Visitor) {
    visitor.ready().await;
    let page = visitor.get("/").send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.text().await.unwrap().as_str()), (200, "<p>front"));
    assert_eq!(visitor.status(visitor.push(1, Some(&visitor.base))).await, 204);
    let token = fs::read_to_string(site.path().join("api-token")).unwrap();
    for path in OPERATOR {
        assert_eq!(visitor.status(visitor.get(path)).await, 401, "{path}");
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {}", token.trim()).parse().unwrap());
        assert_eq!(visitor.status(visitor.get(path).headers(headers)).await, 200, "{path}");
    }
    let fill = visitor.client.post(format!("{}/api/sample", visitor.base));
    assert_eq!(visitor.status(fill).await, 401);
    // Whom the proxy sees, and not what they say of themselves.
    let made_up = visitor.get("/registry.json?").header("x-forwarded-for", "6.6.6.6");
    visitor.status(made_up).await;
    assert_eq!(site.line("/registry.json")["ip"], SHOWN);
}

/// README's lines that start the server.
fn start(site: &Site) -> Started {
    site.serve(&block("sh", "CLM_TRUSTED_PROXY"), "127.0.0.1")
}

#[tokio::test]
async fn nginx_as_readme_shows_it() {
    if !has("nginx") || !has("openssl") {
        return;
    }
    let site = Site::new();
    let _server = start(&site);
    let location = site.placed(&block("nginx", "location / {"));
    let _nginx = site.nginx(&format!("server {{\nlisten {};\n{location}\n}}", site.proxy));
    holds(&site, &site.client("http")).await;
}

#[tokio::test]
async fn nginx_as_deploy_has_it() {
    if !has("nginx") || !has("openssl") {
        return;
    }
    let site = Site::new();
    let _server = start(&site);
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj"])
        .args(["/CN=dashboard.example.org", "-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(site.path())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(made.success());
    let folder = format!("/etc/letsencrypt/live/{NAME}");
    let conf = site
        .placed(include_str!("../../../deploy/nginx.conf"))
        .replace("listen 443 ssl;", &format!("listen {} ssl;", site.proxy))
        .replace(
            &format!("{folder}/fullchain.pem"),
            &site.path().join("cert.pem").to_string_lossy(),
        )
        .replace(&format!("{folder}/privkey.pem"), &site.path().join("key.pem").to_string_lossy());
    let _nginx = site.nginx(&conf);
    holds(&site, &site.client("https")).await;
}

#[tokio::test]
async fn caddy_as_readme_and_deploy_have_it() {
    if !has("caddy") || !has("openssl") {
        return;
    }
    for caddyfile in [block("caddy", "reverse_proxy").as_str(), CADDYFILE] {
        let site = Site::new();
        let _server = start(&site);
        // Without certificates, which only the owner of the name gets.
        let address = format!("http://{NAME}:{} {{", site.proxy.port());
        let caddyfile = site.placed(caddyfile).replace(&format!("{NAME} {{"), &address);
        let file = site.path().join("Caddyfile");
        fs::write(&file, format!("{{\nadmin off\n}}\n{caddyfile}")).unwrap();
        let mut command = Command::new("caddy");
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        let _caddy = Started::new(command.env("HOME", site.path()));
        holds(&site, &site.client("http")).await;
    }
}

/// nginx with a bare `proxy_pass` speaks HTTP/1.0, calls us by our own address and adds no header.
#[tokio::test]
async fn a_bare_proxy_publishes_nothing() {
    if !has("nginx") {
        return;
    }
    for more in
        ["", "proxy_http_version 1.1;", "proxy_http_version 1.1; proxy_set_header Connection '';"]
    {
        let site = Site::new();
        let _server = site.serve("clm-server", "127.0.0.1");
        let location = format!("location / {{ proxy_pass http://{}; {more} }}", site.server);
        let _nginx = site.nginx(&format!("server {{\nlisten {};\n{location}\n}}", site.proxy));
        let visitor = site.client("http");
        visitor.ready().await;
        let page = format!("{}/", visitor.base);
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36";
        for path in OPERATOR {
            // The page that asks, and an address that is typed.
            let asked = visitor.get(path).header("user-agent", agent);
            let asks = [asked.try_clone().unwrap().header("referer", &page), asked];
            for ask in asks {
                let answer = ask.send().await.unwrap();
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap();
                assert_eq!(status, 403, "{more} {path}: {text}");
                assert!(text.contains("CLM_API_TOKEN"), "{text}");
            }
            if more.is_empty() {
                assert_eq!(visitor.status(visitor.get(path)).await, 403, "{path} by a program");
            }
        }
        for origin in [Some(visitor.base.as_str()), None] {
            let mut fill = visitor.client.post(format!("{}/api/sample", visitor.base));
            fill = fill.header("user-agent", agent);
            if let Some(origin) = origin {
                fill = fill.header("origin", origin);
            }
            assert_eq!(visitor.status(fill).await, 403, "{more}");
        }
        assert_eq!(visitor.status(visitor.get("/")).await, 200);
        assert_eq!(visitor.status(visitor.push(1, None)).await, 204);
    }
}

/// As in `grafana/compose.yaml`, without Docker's names.
#[tokio::test]
async fn the_nginx_of_the_compose_file_outlives_a_restart_of_the_server() {
    if !has("nginx") {
        return;
    }
    let site = Site::new();
    let token = "a-token-of-the-first-start";
    fs::write(
        site.path().join("token.conf"),
        format!("proxy_set_header Authorization \"Bearer {token}\";\n"),
    )
    .unwrap();
    let conf = include_str!("../../../grafana/nginx/default.conf")
        .replace("listen 8080;", &format!("listen {};", site.proxy))
        .replace("resolver 127.0.0.11 valid=5s;", "")
        .replace("http://server:8080", &format!("http://{}", site.server))
        .replace("/token/nginx.conf", &site.path().join("token.conf").to_string_lossy());
    assert!(conf.contains(&site.server.to_string()) && conf.contains("token.conf"), "{conf}");
    let _nginx = site.nginx(&conf);
    let script = format!("CLM_API_TOKEN={token} CLM_TRUSTED_PROXY=127.0.0.1 clm-server");
    let visitor =
        Visitor { client: Client::new(), base: format!("http://127.0.0.1:{}", site.proxy.port()) };
    for id in 1..=2 {
        // As with a server that restarts: nginx is not told.
        let _server = site.serve(&script, "0.0.0.0");
        let start = Instant::now();
        while visitor.status(visitor.get("/healthz")).await != 200 {
            assert!(start.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(visitor.status(visitor.get("/")).await, 200);
        assert_eq!(visitor.status(visitor.push(id, Some(&visitor.base))).await, 204);
        // Whoever sits here is the operator, and need not know the token.
        assert_eq!(visitor.status(visitor.get("/api/insights/summary")).await, 200);
        let other = visitor.get("/api/insights/summary").header("host", "evil.example");
        assert_eq!(visitor.status(other).await, 403);
    }
}
