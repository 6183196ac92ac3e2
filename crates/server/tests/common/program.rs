//! The program as an operator starts it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// The program, until it is dropped.
pub struct Running {
    pub child: Child,
    pub address: String,
    /// What it says after its first line.
    pub output: BufReader<ChildStdout>,
}

pub fn command(dir: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clm-server"));
    command.args(["--listen", listen, "--data"]).arg(dir).env_remove("CLM_API_TOKEN");
    command
}

impl Running {
    pub fn start(dir: &Path) -> Self {
        Self::start_with(dir, |_| {})
    }

    pub fn start_with(dir: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(dir, "127.0.0.1:0");
        change(&mut command);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address, output }
    }

    /// As [`Running::ask_with`], with nothing but what `head` says.
    pub fn ask_raw(&self, head: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn ask(&self, request: &str, body: &str) -> String {
        self.ask_with(request, "", body)
    }

    pub fn ask_with(&self, request: &str, more: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
        write!(
            stream,
            "{request} HTTP/1.1\r\n{head}\r\n{more}content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
