//! Child processes that cannot outlive the tests, their folders and their ports.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

/// A folder for one server; those of test runs that are over are removed first.
pub fn folder(name: &str) -> PathBuf {
    static SWEPT: OnceLock<()> = OnceLock::new();
    let all = std::env::temp_dir().join("bdr-it");
    SWEPT.get_or_init(|| {
        for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
            let alive = Path::new("/proc").join(entry.file_name()).exists();
            if !alive {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    });
    let mine = all.join(std::process::id().to_string()).join(name);
    fs::create_dir_all(&mine).unwrap();
    mine
}

/// Starts a server that the kernel kills when this process ends, however it ends. `PR_SET_PDEATHSIG` speaks of the *thread*
/// that starts the child, so one that lives as long as the process starts them all.
pub fn spawn(command: Command, log: &Path) {
    type Order = (Command, PathBuf, mpsc::Sender<()>);
    static STARTER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let starter = STARTER.get_or_init(|| {
        let (orders, received) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            let mut children = Vec::new();
            for (command, log, done) in received {
                children.push(bound(&command, &log).spawn().unwrap());
                let _ = done.send(());
            }
        });
        Mutex::new(orders)
    });
    let (done, started) = mpsc::channel();
    starter.lock().unwrap().send((command, log.to_owned(), done)).unwrap();
    started.recv().unwrap();
}

fn bound(command: &Command, log: &Path) -> Command {
    let log = fs::File::create(log).unwrap();
    let mut bound = through(&["setpriv", "--pdeathsig", "KILL", "--"], command);
    bound.process_group(0).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    bound
}

/// The command as another program starts it.
fn through(program: &[&str], command: &Command) -> Command {
    let mut through = Command::new(program[0]);
    through.args(&program[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => through.env(name, value),
            None => through.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        through.current_dir(folder);
    }
    through
}

/// A port of the loopback that nobody listens on, and the one 10,000 above it neither (SeaweedFS takes both). Below the range
/// from which the kernel gives ports to connections, so that none of those sits on it when the server starts.
pub fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(11_000..22_000);
        let free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
        if free(port) && free(port + 10_000) {
            return port;
        }
    }
}

/// Waits until `GET` of a path is answered with 200.
pub fn await_ready(name: &str, port: u16, path: &str, log: &Path, patience: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if status(port, path) == Some(200) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = fs::read_to_string(log).unwrap_or_default();
    panic!("{name} did not answer on port {port} within {patience:?}; it said:\n{said}");
}

fn status(port: u16, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n").ok()?;
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).ok()?;
    std::str::from_utf8(&begin).ok()?.strip_prefix("HTTP/1.1 ")?.trim().parse().ok()
}

/// Runs a program to its end.
pub fn run(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        done.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Runs a program again and again until it succeeds, for some minutes: what it speaks to may still be starting.
pub fn until_done(command: impl Fn() -> Command) {
    let once = || through(&["timeout", "--signal=KILL", "60"], &command());
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(180) {
        if once().stdin(Stdio::null()).output().unwrap().status.success() {
            return;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    run(&mut once());
}
