//! A restore as events.

use crate::cli::Exit;
use crate::cli::restore::Args;
use crate::cli::restore::pick::Picked;
use crate::cli::telling::series;
use crate::journal::{Event, FORMAT_VERSION, RestoreEnded, RestoreStarted};
use crate::tree::Restored;
use crate::units::hex;

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

/// An entry that is not as it was asked for.
pub fn not_restored(path: &[u8], reason: &str) -> Event {
    let text = std::str::from_utf8(path).ok();
    Event::EntryNotRestored {
        path: text.map_or_else(|| String::from_utf8_lossy(path).into_owned(), str::to_owned),
        path_raw: text.is_none().then(|| hex::encode(path)),
        reason: reason.to_owned(),
    }
}

pub fn ended(restored: &Restored, exit: Exit) -> Event {
    Event::RestoreEnded(RestoreEnded {
        files: restored.files,
        directories: restored.directories,
        symlinks: restored.symlinks,
        hard_links: restored.hard_links,
        bytes: restored.bytes,
        kept: restored.kept,
        failed: restored.failed,
        refused: restored.refused,
        not_given: restored.not_given,
        foreign: restored.foreign,
        bared: restored.bared,
        exit: exit as u8,
    })
}
