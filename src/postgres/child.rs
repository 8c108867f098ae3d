//! Programs of PostgreSQL as children that never outlive bdr.
//!
//! Why a kill at any moment leaves none: the child is started by way of bdr's own program under the name [`LEASH`], which asks the
//! kernel to end it with the thread that started it (prctl(2), `PR_SET_PDEATHSIG`) and then becomes the program. So whoever starts
//! one has to stay on its thread until it ended.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The name under which bdr's program puts itself on a leash and becomes another one: `bdr-leash PARENT PROGRAM ARGUMENT…`.
pub const LEASH: &str = "bdr-leash";

/// Bdr's own program, whatever has been installed over it since it started (proc(5)).
const OWN: &str = "/proc/self/exe";

/// What is kept of what a program says, bytes; of more its end.
const SAID: usize = 16 << 10;

/// After it was asked to end, how long a program has for it: it cancels what the server does for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A program to run. Its environment is this and nothing else.
#[derive(Clone)]
pub struct Program {
    pub path: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
}

impl Program {
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self) -> std::io::Result<Running> {
        let mut command = Command::new(OWN);
        command.arg0(LEASH).arg(std::process::id().to_string()).arg(&self.path).args(&self.arguments);
        command.env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let said = std::thread::spawn(move || stderr.map(listen).unwrap_or_default());
        Ok(Running { child, stdout, said: Some(said) })
    }
}

/// A program that runs. Dropped, it is ended.
pub struct Running {
    child: Child,
    stdout: Option<ChildStdout>,
    said: Option<JoinHandle<String>>,
}

impl Running {
    /// The next bytes that it writes; none at its end.
    ///
    /// # Errors
    /// When the pipe fails.
    pub fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.stdout.as_mut().map_or(Ok(0), |stdout| stdout.read(into))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// What it said, when it did not end well.
    pub fn finish(&mut self) -> Result<(), String> {
        self.stdout = None;
        let status = self.child.wait().map_err(|error| error.to_string())?;
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        if status.success() {
            return Ok(());
        }
        let said = said.trim();
        Err(if said.is_empty() { format!("it ended with {status}") } else { said.replace('\n', "; ") })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (Ok(None), Some(pid)) = (self.child.try_wait(), i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)) {
            _ = kill_process(pid, Signal::TERM);
            let asked = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && asked.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(10));
            }
            _ = self.child.kill();
        }
        _ = self.child.wait();
    }
}

/// What a program says, to its end.
fn listen(mut stderr: impl Read) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer) {
        said.extend_from_slice(&buffer[..read]);
        let over = said.len().saturating_sub(SAID);
        said.drain(..over);
    }
    String::from_utf8_lossy(&said).into_owned()
}
