//! Other ways to serve the page than our own server at the root of a host.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::gate::{ask, read_request};

/// A build from nothing on a busy machine.
const BUILD: Duration = Duration::from_secs(900);

/// What a static host says to an address that is no file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Otherwise {
    /// A page with 404.
    NotFound,
    /// Its start page with 200, as hosts of single-page apps do, whatever the method.
    StartPage,
}

#[derive(Clone)]
enum Kind {
    /// Takes the path away and asks the server behind.
    Proxy(SocketAddr),
    Files(PathBuf, Otherwise),
}

/// A host that serves the page below a path, and remembers what was asked of it elsewhere.
pub struct Host {
    /// Where the page is, with a slash at the end.
    pub page: String,
    outside: Arc<Mutex<Vec<String>>>,
    door: JoinHandle<()>,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.door.abort();
    }
}

impl Host {
    /// A reverse proxy before `server` that serves it below `path` (`/` or `/name/`) and takes the path away.
    pub async fn proxy(server: &str, path: &'static str) -> Self {
        let server = server.strip_prefix("http://").unwrap().parse().unwrap();
        Self::start(path, Kind::Proxy(server)).await
    }

    /// A plain host of files, with nothing that computes.
    pub async fn files(folder: &Path, path: &'static str, otherwise: Otherwise) -> Self {
        Self::start(path, Kind::Files(folder.to_owned(), otherwise)).await
    }

    async fn start(path: &'static str, kind: Kind) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let page = format!("http://{}{path}", listener.local_addr().unwrap());
        let outside: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = outside.clone();
        let door = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(answer(client, path, kind.clone(), noted.clone()));
            }
        });
        Self { page, outside, door }
    }

    /// What was asked for outside of the page's path.
    pub fn outside(&self) -> Vec<String> {
        self.outside.lock().unwrap().clone()
    }
}

async fn answer(
    mut client: TcpStream,
    path: &str,
    kind: Kind,
    outside: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let (head, body) = read_request(&mut client).await?;
    let (method, rest) = head.split_once(' ')?;
    let (target, _) = rest.split_once(' ')?;
    let Some(inner) = target.strip_prefix(path) else {
        // A browser asks every host for this, whatever the page says.
        if target != "/favicon.ico" {
            outside.lock().unwrap().push(format!("{method} {target}"));
        }
        client.write_all(&plain(404, "text/html", b"<h1>Not here</h1>")).await.ok()?;
        return client.shutdown().await.ok();
    };
    let bytes = match &kind {
        Kind::Proxy(server) => {
            let head = head.replacen(target, &format!("/{inner}"), 1);
            ask(*server, &head, &body).await?
        }
        Kind::Files(folder, otherwise) => file(folder, method, inner, *otherwise),
    };
    client.write_all(&bytes).await.ok()?;
    client.shutdown().await.ok()
}

fn file(folder: &Path, method: &str, target: &str, otherwise: Otherwise) -> Vec<u8> {
    let name = target.split(['?', '#']).next().unwrap_or_default();
    let name = if name.is_empty() { "index.html" } else { name };
    let found = std::fs::read(folder.join(name)).ok();
    match (method, found, otherwise) {
        ("GET", Some(bytes), _) => plain(200, kind_of(name), &bytes),
        (_, _, Otherwise::StartPage) => {
            let start = std::fs::read(folder.join("index.html")).unwrap();
            plain(200, "text/html", &start)
        }
        ("GET", None, _) => plain(404, "text/html", b"<h1>Not found</h1>"),
        _ => plain(405, "text/html", b"<h1>Not allowed</h1>"),
    }
}

fn kind_of(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn plain(status: u16, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bytes.len()
    );
    [head.as_bytes(), bytes].concat()
}

/// `trunk serve` on this checkout, as a person starts it.
pub struct Trunk {
    pub page: String,
    _folder: tempfile::TempDir,
    _trunk: super::Process,
}

impl Trunk {
    /// With `server` behind its proxy, or with nothing there.
    pub async fn serve(server: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("Trunk.toml");
        std::fs::write(&config, Self::config(folder.path(), server)).unwrap();
        let port = free_port();
        let trunk = Command::new("trunk")
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .args(["--port", &port.to_string(), "--no-autoreload", "true"])
            .env_remove("NO_COLOR")
            .env("TRUNK_SKIP_VERSION_CHECK", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("trunk: run `cargo xtask test`");
        let trunk = super::Process(trunk);
        // It listens once the page is built.
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(start.elapsed() < BUILD, "trunk does not serve the page");
            tokio::time::sleep(super::LOOK_AGAIN).await;
        }
        let page = format!("http://127.0.0.1:{port}/");
        Self { page, _folder: folder, _trunk: trunk }
    }

    /// The shipped Trunk.toml, built into a folder of its own, with another server behind it.
    fn config(folder: &Path, server: Option<&str>) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let shipped = std::fs::read_to_string(root.join("Trunk.toml")).unwrap();
        let mut config: toml::Table = shipped.parse().unwrap();
        let build = config["build"].as_table_mut().unwrap();
        build.insert("target".to_owned(), root.join("index.html").to_str().unwrap().into());
        build.insert("dist".to_owned(), folder.join("dist").to_str().unwrap().into());
        config.remove("watch");
        let nobody = format!("http://127.0.0.1:{}", free_port());
        for proxy in config["proxy"].as_array_mut().unwrap() {
            let backend = proxy["backend"].as_str().unwrap();
            let backend = backend.replace("http://127.0.0.1:8080", server.unwrap_or(&nobody));
            proxy.as_table_mut().unwrap().insert("backend".to_owned(), backend.into());
        }
        toml::to_string(&config).unwrap()
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
