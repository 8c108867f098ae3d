//! A restore as events.

use crate::cli::Exit;
use crate::cli::restore::Args;
use crate::cli::restore::pick::Picked;
use crate::cli::telling::series;
use crate::journal::{Event, FORMAT_VERSION, RestoreEnded, RestoreStarted};
use crate::tree::Restored;

pub fn started(args: &Args, picked: &Picked<'_>) -> Event {
    let manifest = &picked.manifest;
    Event::RestoreStarted(RestoreStarted {
        format_version: FORMAT_VERSION,
        series: series(picked.chosen),
        backup: manifest.id,
        restores: manifest.snapshot,
        entries: manifest.counts.entries,
        bytes: manifest.counts.bytes,
        to: args.to.display().to_string(),
        dry_run: args.dry_run,
    })
}

/// What did not come back, by name, and how it ended.
pub fn ended(restored: &Restored, exit: Exit) -> Vec<Event> {
    let not = |(path, reason): &(String, String)| Event::EntryNotRestored { path: path.clone(), reason: reason.clone() };
    let mut events: Vec<Event> = restored.failures.iter().map(not).collect();
    events.push(Event::RestoreEnded(RestoreEnded {
        files: restored.files,
        directories: restored.directories,
        symlinks: restored.symlinks,
        hard_links: restored.hard_links,
        bytes: restored.bytes,
        kept: restored.kept,
        failed: restored.failed,
        refused: restored.refused,
        foreign: restored.foreign,
        bared: restored.bared,
        exit: exit as u8,
    }));
    events
}
