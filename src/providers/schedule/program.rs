//! Running the schedulers' own programs: bounded in time and output, and never through a shell.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use crate::provider::ProviderError;
use crate::store::{ErrorKind, Retry};

const TIMEOUT: Duration = Duration::from_secs(60);
const LARGEST: u64 = 8 << 20;

/// What a program said.
#[derive(Debug)]
pub struct Said {
    pub success: bool,
    /// As it came: a crontab need not be UTF-8.
    pub stdout: Vec<u8>,
    pub stderr: String,
}

/// Runs a program with arguments and, where given, its standard input.
pub async fn run(program: &str, arguments: &[&str], input: Option<&[u8]>) -> Result<Said, ProviderError> {
    let failed = |kind, reason: String| ProviderError {
        operation: "run".to_owned(),
        subject: format!("{program} {}", arguments.first().copied().unwrap_or_default()).trim_end().to_owned(),
        kind,
        retry: Retry::Never,
        reason,
        help: None,
        source: None,
    };
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::null() };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Ctrl-C at a terminal reaches a whole process group: what runs is to be finished, and this is part of it.
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => failed(ErrorKind::Unsupported, "it is not installed".to_owned()),
        _ => failed(ErrorKind::Other, error.to_string()),
    })?;
    let (pipe_in, pipe_out, pipe_err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let talk = async {
        let feed = async {
            match (pipe_in, input) {
                // A program that does not read to the end says by its exit code why.
                (Some(mut pipe), Some(bytes)) => _ = pipe.write_all(bytes).await,
                (pipe, _) => drop(pipe),
            }
        };
        let listen = async {
            if let Some(pipe) = pipe_out {
                _ = pipe.take(LARGEST).read_to_end(&mut stdout).await;
            }
        };
        let mind = async {
            if let Some(pipe) = pipe_err {
                _ = pipe.take(LARGEST).read_to_end(&mut stderr).await;
            }
        };
        tokio::join!(feed, listen, mind);
        child.wait().await
    };
    let status = match tokio::time::timeout(TIMEOUT, talk).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(failed(ErrorKind::Other, error.to_string())),
        Err(_) => return Err(failed(ErrorKind::Unavailable, format!("it did not end within {} s", TIMEOUT.as_secs()))),
    };
    Ok(Said { success: status.success(), stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
}

impl Said {
    /// Its standard output, where it succeeded.
    pub fn or_failed(self, operation: &str, subject: &str) -> Result<Vec<u8>, ProviderError> {
        if self.success {
            return Ok(self.stdout);
        }
        let said = self.stderr.trim();
        let reason = if said.is_empty() {
            "it failed without a word".to_owned()
        } else {
            said.lines().take(5).collect::<Vec<_>>().join("; ")
        };
        let denied =
            ["Access denied", "Permission denied", "not allowed", "authentication"].iter().any(|word| reason.contains(word));
        Err(ProviderError {
            operation: operation.to_owned(),
            subject: subject.to_owned(),
            kind: if denied { ErrorKind::Denied } else { ErrorKind::Other },
            retry: Retry::Never,
            reason,
            help: denied.then(|| "Run bdr as root, or choose the user's own scheduler in the policy.".to_owned()),
            source: None,
        })
    }
}
