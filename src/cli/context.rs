//! What a command is handed from the process: options, environment, terminal, clock, and the ways to print.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

use crate::apply::Stop;
use crate::cli::view::lines::broken;
use crate::cli::{ColorWhen, Failure, Global, LogLevel, hint, neutral};
use crate::diag::Look;
use crate::rights::Purpose;
use crate::units::shell::word;

/// The edges of one run of the program.
#[derive(Debug, Clone)]
pub struct Context {
    pub global: Global,
    /// The whole environment, read once. Which of it a policy may see is decided in `cli/load.rs`.
    pub vars: BTreeMap<String, String>,
    pub terminal: Terminal,
    /// What the command needs rights for.
    pub purpose: Option<Purpose>,
    /// Asked by signals, once a command listens for them.
    pub stop: Stop,
    /// Whether stdout was given anything.
    printed: Arc<AtomicBool>,
    /// What moves at the bottom of the terminal just now.
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

/// What is known of where output goes.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    /// Columns to fill: the terminal's, at most 100; 80 where there is none.
    pub width: usize,
    pub color_stdout: bool,
    pub color_stderr: bool,
}

const WIDEST: usize = 100;
const PIPED: usize = 80;

impl Context {
    pub fn of_process(global: Global) -> Self {
        let vars: BTreeMap<String, String> =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        let terminal = Terminal::of_process(global.color, &vars);
        Self { global, vars, terminal, purpose: None, stop: Stop::new(), printed: Arc::default(), bar: Arc::default() }
    }

    /// Writes text for people to stdout.
    ///
    /// # Errors
    /// When stdout cannot take it.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        self.print_exactly(&neutral::text(text, self.terminal.color_stdout))
    }

    /// Writes documents of JSON to stdout.
    ///
    /// # Errors
    /// When stdout cannot take it.
    pub fn print_json(&self, text: &str) -> Result<(), Failure> {
        self.print_exactly(&neutral::json(text))
    }

    /// Writes to stdout, whole, what must not be changed; a reader that went away ends the output without an error.
    ///
    /// # Errors
    /// When stdout cannot take it for another reason (a full disk).
    pub fn print_exactly(&self, text: &str) -> Result<(), Failure> {
        self.printed.store(true, Ordering::Relaxed);
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(hint::unwritten("to stdout", &error)),
            _ => Ok(()),
        }
    }

    /// The same for text whose lines break between words on a terminal.
    ///
    /// # Errors
    /// As [`Context::print`].
    pub fn print_words(&self, text: &str) -> Result<(), Failure> {
        if self.terminal.stdout { self.print(&broken(text, self.columns())) } else { self.print(text) }
    }

    /// Whether anything went to stdout.
    pub fn has_printed(&self) -> bool {
        self.printed.load(Ordering::Relaxed)
    }

    /// A line for people on stderr; silent under `--quiet`.
    pub fn say(&self, line: &str) {
        if !self.global.quiet {
            self.warn(line);
        }
    }

    /// A line on stderr that `--quiet` does not silence, above what moves there. A closed stderr is nobody's problem.
    pub fn warn(&self, line: &str) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line = neutral::text(line, self.terminal.color_stderr);
        let line = if self.terminal.stderr { broken(&line, self.columns()).into() } else { line };
        let write = || _ = writeln!(io::stderr().lock(), "{line}");
        bar.map_or_else(write, |bar| bar.suspend(write));
    }

    /// From now on lines go above this bar.
    pub fn shows(&self, bar: ProgressBar) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    /// Takes away what moves, and what stands of it on the terminal.
    pub fn clears(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    /// How wide the terminal behind stderr is now; people change it while something runs.
    pub fn columns(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok().map(|size| usize::from(size.ws_col));
        size.filter(|columns| *columns > 0).unwrap_or(self.terminal.width)
    }

    /// A line on stderr under `--log`.
    pub fn log(&self, level: LogLevel, line: &str) {
        if self.global.log >= level {
            self.warn(line);
        }
    }

    /// Who runs this, for others to read.
    pub fn user(&self) -> String {
        let named = ["USER", "LOGNAME"].iter().find_map(|name| self.vars.get(*name)).filter(|name| !name.is_empty());
        named.cloned().unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
    }

    /// The present moment; passes get it handed down. `BDR_NOW` (RFC 3339) replaces it in tests and examples of output.
    pub fn now(&self) -> jiff::Timestamp {
        self.vars.get("BDR_NOW").and_then(|text| text.parse().ok()).unwrap_or_else(jiff::Timestamp::now)
    }

    /// What a command that is suggested has to repeat so that it means the same policy.
    pub fn policy_arguments(&self) -> String {
        self.global.policy.iter().map(|path| format!(" -p {}", word(&path.display().to_string()))).collect()
    }

    /// How findings are drawn on stderr.
    pub fn look_stderr(&self) -> Look {
        Look { width: self.terminal.width, color: self.terminal.color_stderr, unicode: self.speaks_unicode() }
    }

    /// Unless the locale says that it does not (POSIX, "Internationalization Variables": the first of these that is set).
    pub fn speaks_unicode(&self) -> bool {
        let set = |name: &&str| self.vars.get(*name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set);
        locale.is_none_or(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"))
    }

    /// How findings are drawn on stdout.
    pub fn look_stdout(&self) -> Look {
        Look { color: self.terminal.color_stdout, ..self.look_stderr() }
    }

    /// Whether there is a terminal to ask on.
    pub fn can_ask(&self) -> bool {
        self.terminal.stdin && self.terminal.stderr
    }

    /// Asks a question on the terminal and returns the answer; `None` where there is no terminal to ask on.
    pub fn ask(&self, question: &str) -> Option<String> {
        if !self.can_ask() {
            return None;
        }
        let mut err = io::stderr().lock();
        let _ = write!(err, "{} ", neutral::text(question, self.terminal.color_stderr));
        let _ = err.flush();
        drop(err);
        let mut answer = String::new();
        // The end of the input is no answer.
        io::stdin().read_line(&mut answer).ok().filter(|read| *read > 0)?;
        Some(answer.trim().to_owned())
    }
}

/// Help that goes to no terminal is as wide as everything else there: of itself it would take the most that it may.
pub fn narrowed(command: clap::Command) -> clap::Command {
    let stated = std::env::var_os("COLUMNS").is_some();
    if stated || io::stdout().is_terminal() { command } else { command.term_width(PIPED) }
}

impl Terminal {
    fn of_process(when: ColorWhen, vars: &BTreeMap<String, String>) -> Self {
        let (stdin, stdout, stderr) = (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal());
        let columns = |fd: bool| {
            if fd { rustix::termios::tcgetwinsize(io::stderr()).ok().map(|size| usize::from(size.ws_col)) } else { None }
        };
        let stated = vars.get("COLUMNS").and_then(|text| text.parse().ok());
        let width = columns(stderr).filter(|n| *n > 0).or(stated).unwrap_or(PIPED).clamp(40, WIDEST);
        let plain =
            vars.get("NO_COLOR").is_some_and(|value| !value.is_empty()) || vars.get("TERM").is_some_and(|term| term == "dumb");
        let color = |tty: bool| match when {
            ColorWhen::Always => true,
            ColorWhen::Never => false,
            ColorWhen::Auto => tty && !plain,
        };
        Self { stdin, stdout, stderr, width, color_stdout: color(stdout), color_stderr: color(stderr) }
    }
}
