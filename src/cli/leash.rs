//! The far end of a leash: this process, started as a child of bdr under a name of its own, becomes another program that ends with it.

use std::os::unix::process::{CommandExt, parent_id};
use std::process::{Command, ExitCode};

use rustix::process::{Signal, set_parent_process_death_signal};

use crate::postgres::LEASH;

/// As shells answer when they cannot start something.
const NOT_STARTED: u8 = 127;

/// `None`: this is bdr itself. Otherwise it does not return, unless the program cannot be started.
pub fn leashed() -> Option<ExitCode> {
    let mut words = std::env::args_os();
    if words.next()? != LEASH {
        return None;
    }
    let parent = words.next()?.to_str()?.parse::<u32>().ok()?;
    let program = words.next()?;
    let told = set_parent_process_death_signal(Some(Signal::TERM));
    // Whoever ended in between would never send the signal.
    if let Err(error) = told.map_err(std::io::Error::from).and_then(|()| alive(parent)) {
        return Some(said(&error));
    }
    Some(said(&Command::new(program).args(words).exec()))
}

fn alive(parent: u32) -> std::io::Result<()> {
    if parent_id() == parent { Ok(()) } else { Err(std::io::Error::other("bdr has ended")) }
}

fn said(error: &std::io::Error) -> ExitCode {
    use std::io::Write as _;
    _ = writeln!(std::io::stderr(), "it could not be started: {error}");
    ExitCode::from(NOT_STARTED)
}
