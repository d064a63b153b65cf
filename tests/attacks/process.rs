//! Starts the binary and says how it ended: within a limit, or the test fails.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longer than any attack may hold the program up on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);
pub const BINARY: &str = env!("CARGO_BIN_EXE_probity");

/// How a process ended.
#[derive(Debug)]
pub struct Ended {
    /// `None`: by a signal.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Ended {
    /// Both streams as text.
    pub fn text(&self) -> String {
        let all = [self.stdout.as_slice(), self.stderr.as_slice()].concat();
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Why it is no orderly end: an exit code that is in the table, no panic.
    pub fn disorder(&self) -> Option<String> {
        let text = self.text();
        let orderly = self.code.is_some_and(|code| (0..=6).contains(&code));
        let panicked = text.contains("internal error") || text.contains("panicked");
        (!orderly || panicked).then(|| format!("code {:?}: {}", self.code, start(&text)))
    }
}

/// The beginning of a text, for messages.
pub fn start(text: &str) -> String {
    text.chars()
        .take(400)
        .collect::<String>()
        .escape_debug()
        .to_string()
}

/// The binary with arguments, split at blanks, in a folder.
pub fn probity(arguments: &str, folder: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments.split_whitespace());
    settled(&mut command, folder);
    command
}

/// No state of the user's, no waiting for input.
pub fn settled(command: &mut Command, folder: &Path) {
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env("XDG_STATE_HOME", folder.join("state"))
        .env_remove("NO_COLOR")
        .stdin(Stdio::null());
}

/// Runs it to its end.
pub fn ended(command: &mut Command) -> Ended {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    wait(child)
}

/// Waits for a child; one that outlives the limit fails the test.
pub fn wait(mut child: Child) -> Ended {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let [out, err] = [out.map(reader), err.map(reader)];
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("child") {
            break status;
        }
        if started.elapsed() > LIMIT {
            let _ = child.kill();
            panic!("still running after {LIMIT:?}: process {}", child.id());
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let all = |reader: Option<std::thread::JoinHandle<Vec<u8>>>| {
        reader.map_or_else(Vec::new, |r| r.join().expect("reader"))
    };
    Ended {
        code: status.code(),
        stdout: all(out),
        stderr: all(err),
    }
}

fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}

/// Runs it on a pseudo-terminal; what the terminal was sent is in `stdout`. `None`: this machine has
/// no way to make one.
pub fn on_terminal(arguments: &[String], folder: &Path) -> Option<Ended> {
    let quoted = |text: &String| format!("'{}'", text.replace('\'', r"'\''"));
    let words: Vec<String> = arguments.iter().map(quoted).collect();
    let line = format!("{BINARY} {}", words.join(" "));
    let mut command = match maker()? {
        Maker::Script => {
            let mut command = Command::new("script");
            command.args(["-qec", &line, "/dev/null"]);
            command
        }
        Maker::Python => {
            let mut command = Command::new("python3");
            let spawn = "import os,pty,sys; \
                         sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh','-c',sys.argv[1]])))";
            command.args(["-c", spawn, &line]);
            command
        }
    };
    settled(&mut command, folder);
    command
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh");
    Some(ended(&mut command))
}

enum Maker {
    Script,
    Python,
}

fn maker() -> Option<Maker> {
    let there = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    };
    if there("script", &["-qec", "true", "/dev/null"]) {
        return Some(Maker::Script);
    }
    there("python3", &["-c", "import pty"]).then_some(Maker::Python)
}

/// Calls `row` with every row from two threads; gives what failed, in order. Each row is an attack of
/// the group that the calling file is.
#[track_caller]
pub fn failures<R: Sync>(rows: &[R], row: impl Fn(&R) -> Result<(), String> + Sync) -> Vec<String> {
    let group = Path::new(std::panic::Location::caller().file());
    let group = group.file_stem().unwrap_or_default().to_string_lossy();
    println!("{} attacks of {group}", rows.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = rows.get(at) else {
                return failed;
            };
            failed.extend(row(one).err());
        }
    };
    std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        let failed = threads.map(|t| t.join().expect("rows"));
        failed.concat()
    })
}

/// [`failures`] of a table that has to hold as a whole.
#[track_caller]
pub fn all_hold<R: Sync>(rows: &[R], row: impl Fn(&R) -> Result<(), String> + Sync) {
    let failed = failures(rows, row);
    assert!(
        failed.is_empty(),
        "{} failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
