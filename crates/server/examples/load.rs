//! What the server takes: many connections push batches of ten events, each batch a session of its own,
//! as fast as they are acknowledged. `cargo xtask bench server` runs it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_precision_loss)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use clap::Parser;
use tracking::{
    Component, Event, EventId, Frozen, LabelMode, Record, SessionId, Timestamp, UserSecret,
    encode::body, event::COMPONENT_LOADED,
};

const BATCH: u64 = 10;
/// When a batch's first event was; the others follow each half second.
const LONG_AGO_MS: u64 = 5_000;
/// Seconds between two lines of progress.
const STEP: u64 = 10;
/// Numbers that stand in the template where each request has its own.
const EVENT_MARK: u128 = 0xfeed_0000_0000_0000_0000_0000_0000_0000;
const SESSION_MARK: u128 = 0xface_0000_beef_0000 << 64;

const QUESTIONS: [&str; 16] = [
    "summary?",
    "visits?",
    "journey?",
    "time?",
    "popularity?",
    "paths?",
    "funnel?components=welcome,user-list,user-detail&",
    "session-lengths?",
    "sessions?",
    "bounce?",
    "entry-points?",
    "exit-points?",
    "active-users?",
    "errors?",
    "loads?",
    "cost?",
];

#[derive(Parser)]
struct Args {
    /// The server's program
    #[arg(long)]
    server: PathBuf,
    /// How long, if the events are not all sent before
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// How many at most
    #[arg(long, default_value_t = u64::MAX)]
    events: u64,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds between two rounds of all questions about the last 30 days; 0 asks none
    #[arg(long, default_value_t = 0)]
    ask: u64,
    /// Where the store will be; a new folder that is removed when left out
    #[arg(long)]
    data: Option<PathBuf>,
}

/// A request whose ids and times are replaced in place.
#[derive(Clone)]
struct Template {
    bytes: Vec<u8>,
    /// Where the ids of each event, of the session and of the user stand.
    events: Vec<Vec<usize>>,
    session: Vec<usize>,
    user: Vec<usize>,
    /// Where each millisecond stands, in the order of the events, and how long ago it is.
    times: Vec<(u64, Vec<usize>)>,
}

impl Template {
    fn new(address: &str) -> Self {
        let now_ms = now_ms();
        let user_id = UserSecret::new(1).user_id();
        let session_id = SessionId::new(now_ms - LONG_AGO_MS, SESSION_MARK);
        let record = |at: u64, event: Event, component: &str| Record {
            event_id: EventId(EVENT_MARK + u128::from(at)),
            timestamp: Timestamp(now_ms - LONG_AGO_MS + at * 500),
            user_id: user_id.clone(),
            session_id: session_id.clone(),
            seq: at + 1,
            component: Component::new(component, component),
            demo: false,
            event,
        };
        let mut records =
            vec![record(0, Event::SessionStart { previous_session_id: None }, "welcome")];
        for (visit, component) in ["welcome", "user-list", "user-detail"].iter().enumerate() {
            let at = visit as u64 * 3 + 1;
            let visit = Event::ComponentVisit {
                url: "https://dashboard.example.org/".into(),
                referrer: String::new(),
                visit_index: visit as u64 + 1,
                is_entry: visit == 0,
                prev_component: "welcome".into(),
                prev_component_name: "Welcome".into(),
            };
            let loaded = Event::ComponentInteraction {
                interaction_type: COMPONENT_LOADED.into(),
                load_time_ms: Some(120),
                details: None,
            };
            let exit = Event::ComponentExit {
                duration_ms: 12_345,
                next_component: "user-list".into(),
                is_last: false,
                session_elapsed_ms: 23_456,
            };
            for (offset, event) in [visit, loaded, exit].into_iter().enumerate() {
                records.push(record(at + offset as u64, event, component));
            }
        }
        assert_eq!(records.len() as u64, BATCH);
        let frozen: Vec<_> = records.iter().cloned().filter_map(Frozen::new).collect();
        let body = body(&frozen, "clm-frontend", LabelMode::Metadata, Timestamp(now_ms));
        let text = format!(
            "POST /loki/api/v1/push HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let places = |mark: &str| text.match_indices(mark).map(|(at, _)| at).collect::<Vec<_>>();
        let events = records.iter().map(|record| places(&format!("{:032x}", record.event_id.0)));
        let events: Vec<_> = events.collect();
        let (session, user) = (places("face0000beef0000"), places(&user_id.as_str()[..16]));
        assert!(events.iter().all(|places| !places.is_empty()));
        assert!(!session.is_empty() && !user.is_empty());
        // The session's own beginning is the time of its first event.
        let times = (0..BATCH).map(|at| LONG_AGO_MS - at * 500);
        let times: Vec<_> = times.map(|ago| (ago, places(&(now_ms - ago).to_string()))).collect();
        Self { bytes: text.into_bytes(), events, session, user, times }
    }

    /// The request of this number.
    fn fill(&mut self, number: u64) -> &[u8] {
        for (at, places) in self.events.iter().enumerate() {
            let id = number * BATCH + at as u64;
            // As random as the ids that browsers draw, but never the same.
            let digits = format!("{:016x}{id:016x}", mixed(id));
            for &place in places {
                self.bytes[place..place + 32].copy_from_slice(digits.as_bytes());
            }
        }
        let now_ms = now_ms();
        for (ago, places) in &self.times {
            let digits = (now_ms - ago).to_string();
            for &place in places {
                self.bytes[place..place + digits.len()].copy_from_slice(digits.as_bytes());
            }
        }
        for (places, of) in [(&self.session, number), (&self.user, number / 5)] {
            let digits = format!("{:016x}", mixed(of));
            for &place in places {
                self.bytes[place..place + 16].copy_from_slice(digits.as_bytes());
            }
        }
        &self.bytes
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// splitmix64.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

struct Shared {
    next: AtomicU64,
    acknowledged: AtomicU64,
    is_over: AtomicBool,
    batches: u64,
}

/// Microseconds to each acknowledgement.
fn push(address: &str, mut template: Template, shared: &Shared) -> Vec<u32> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answer = [0; 4_096];
    let mut times = Vec::new();
    while !shared.is_over.load(Ordering::Relaxed) {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if number >= shared.batches {
            break;
        }
        let request = template.fill(number);
        let start = Instant::now();
        stream.write_all(request).unwrap();
        let mut length = 0;
        while !answer[..length].ends_with(b"\r\n\r\n") {
            let more = stream.read(&mut answer[length..]).unwrap();
            assert!(more > 0, "the server hung up");
            length += more;
        }
        let head = &answer[..length];
        assert!(head.starts_with(b"HTTP/1.1 204"), "{}", String::from_utf8_lossy(head));
        times.push(u32::try_from(start.elapsed().as_micros()).unwrap_or(u32::MAX));
        shared.acknowledged.fetch_add(BATCH, Ordering::Relaxed);
    }
    times
}

/// Asks every question each so many seconds; milliseconds that each answer took.
fn ask(address: &str, seconds: u64, shared: &Shared) -> Vec<f64> {
    let mut times = Vec::new();
    while !shared.is_over.load(Ordering::Relaxed) {
        let from_ms = now_ms() - 30 * 24 * 60 * 60 * 1_000;
        for subject in QUESTIONS {
            let start = Instant::now();
            let mut stream = TcpStream::connect(address).unwrap();
            write!(
                stream,
                "GET /api/insights/{subject}from={from_ms} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
            )
            .unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let next = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < next && !shared.is_over.load(Ordering::Relaxed) {
            thread::sleep(Duration::from_millis(50));
        }
    }
    times
}

struct Server(Child);

impl Server {
    fn start(program: &Path, data: &Path) -> (Self, String) {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--access-log", "off", "--total-rate", "0", "--data"])
            .arg(data)
            .env_remove("CLM_API_TOKEN")
            .env_remove("LOKI_URL")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        (Self(child), address)
    }

    /// Seconds of CPU so far, of all its threads; a hundred ticks are a second on Linux.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        (ticks(11) + ticks(12)) / 100.0
    }

    fn memory_mb(&self) -> f64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("");
        let kb = line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok());
        kb.unwrap_or(0.0) / 1e3
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn bytes(data: &Path) -> u64 {
    let file = |name: &str| fs::metadata(data.join(name)).map_or(0, |file| file.len());
    file("events.db") + file("events.db-wal")
}

fn main() {
    let args = Args::parse();
    let own = tempfile::tempdir().unwrap();
    let data = args.data.clone().unwrap_or_else(|| own.path().to_owned());
    let (server, address) = Server::start(&args.server, &data);
    let template = Template::new(&address);
    println!("{} bytes for {BATCH} events, {} connections", template.bytes.len(), args.connections);
    println!("{:>8} {:>12} {:>10} {:>11}", "s", "events", "events/s", "memory MB");
    let shared = Arc::new(Shared {
        next: AtomicU64::new(0),
        acknowledged: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        batches: args.events / BATCH,
    });
    let start = Instant::now();
    let clients: Vec<_> = (0..args.connections)
        .map(|_| {
            let (address, template, shared) = (address.clone(), template.clone(), shared.clone());
            thread::spawn(move || push(&address, template, &shared))
        })
        .collect();
    let asker = (args.ask > 0).then(|| {
        let (address, shared) = (address.clone(), shared.clone());
        thread::spawn(move || ask(&address, args.ask, &shared))
    });
    let mut before = 0;
    for step in 1.. {
        let until = Duration::from_secs((step * STEP).min(args.seconds));
        while start.elapsed() < until && clients.iter().any(|client| !client.is_finished()) {
            thread::sleep(Duration::from_millis(50));
        }
        let events = shared.acknowledged.load(Ordering::Relaxed);
        let seconds = start.elapsed().as_secs_f64();
        let rate = (events - before) as f64 / (seconds - ((step - 1) * STEP) as f64);
        println!("{seconds:>8.0} {events:>12} {rate:>10.0} {:>11.1}", server.memory_mb());
        before = events;
        if until.as_secs() >= args.seconds || clients.iter().all(thread::JoinHandle::is_finished) {
            break;
        }
    }
    shared.is_over.store(true, Ordering::Relaxed);
    let mut times: Vec<u32> =
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let seconds = start.elapsed().as_secs_f64();
    let (cpu, memory) = (server.cpu(), server.memory_mb());
    if let Some(asker) = asker {
        let mut times = asker.join().unwrap();
        times.sort_by(f64::total_cmp);
        let (count, longest) = (times.len(), times[times.len() - 1]);
        println!("\n{count} answers, {:.0} ms (p50), {longest:.0} ms (longest)", times[count / 2]);
    }
    times.sort_unstable();
    let events = times.len() as u64 * BATCH;
    let ms = |share: f64| f64::from(times[((times.len() - 1) as f64 * share) as usize]) / 1e3;
    println!(
        "\n{events} events in {seconds:.1} s: {:.0} events/s\nacknowledged after {:.1} ms (p50), {:.1} ms (p99), {:.1} ms (longest)\n\
         server: {:.1} us of CPU per event, {memory:.1} MB of memory, {:.0} bytes on disk per event",
        events as f64 / seconds,
        ms(0.5),
        ms(0.99),
        ms(1.0),
        cpu / events as f64 * 1e6,
        bytes(&data) as f64 / events as f64,
    );
}
