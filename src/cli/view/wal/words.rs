//! How the archive of a log stands, in words.

use super::{Document, Range, Server, Stored};
use crate::cli::view::backups::moment_in;
use crate::cli::view::table;
use crate::journal::LogWindow;
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::count;
use crate::units::duration::Duration;

/// A table of ranges for each store, with what is wrong below, and a few lines on the server.
pub fn human(document: &Document, zone: &Zone, width: usize) -> String {
    let mut parts: Vec<String> = document.stores.iter().map(|stored| of_store(document, stored, zone, width)).collect();
    parts.extend(document.window.as_ref().map(|window| of_window(window, document.keep_seconds, zone, width)));
    match (&document.server, &document.server_unread) {
        (Some(server), _) => parts.push(of_server(server, !document.stores.is_empty(), zone, width)),
        (None, Some(why)) => parts.push(wrapped(&format!("server: not looked at: {why}"), width)),
        (None, None) => {}
    }
    parts.join("\n")
}

fn of_store(document: &Document, stored: &Stored, zone: &Zone, width: usize) -> String {
    let mut out = format!("{}/{} in {}", document.component, document.protection, stored.store);
    if let Some(system) = &stored.system_identifier {
        out += &format!("   (cluster {system})");
    }
    out.push('\n');
    if !stored.ranges.is_empty() {
        let row =
            |range: &Range| vec![range.timeline.to_string(), range.first.clone(), range.last.clone(), range.segments.to_string()];
        let rows: Vec<Vec<String>> = stored.ranges.iter().map(row).collect();
        out += &table::columns(&["timeline", "first", "last", "segments"], &rows, width);
    }
    if let Some(at) = stored.let_go {
        out += &wrapped(&format!("what came before was let go: {}", moment_in(at, zone)), width);
    }
    if let Some(newest) = &stored.newest {
        let age = Duration::from_secs(newest.age_seconds);
        out += &wrapped(
            &format!("newest: {}, up to {}, {age} ago ({})", newest.segment, newest.end, moment_in(newest.at, zone)),
            width,
        );
    }
    if let Some(rate) = &stored.rate {
        let (each, bytes) = (rate.segments_per_hour, Bytes(rate.stored_bytes_per_hour));
        let time = Duration::from_secs(rate.seconds);
        out += &wrapped(&format!("rate: {each} segments and {bytes} an hour, over {time}"), width);
    }
    out + &problems(&stored.problems, width)
}

fn of_window(window: &LogWindow, keep: Option<u64>, zone: &Zone, width: usize) -> String {
    let kept = match keep {
        Some(seconds) => format!("the policy keeps {} (`wal`)", Duration::from_secs(seconds)),
        None => "the policy states no window, so as far as the oldest base backup".to_owned(),
    };
    let (from, to) = (moment_in(window.from, zone), moment_in(window.to, zone));
    wrapped(&format!("window: any moment from {from} to {to} can be restored; {kept}"), width)
}

fn of_server(server: &Server, any_read: bool, zone: &Zone, width: usize) -> String {
    let role = if server.in_recovery { "a standby, replayed to" } else { "it writes at" };
    let behind = match server.behind_bytes {
        Some(bytes) => format!("the archive is {} behind", Bytes(bytes)),
        None if any_read => "the archive has nothing of its timeline".to_owned(),
        None => "how far the archive is behind is not known: no store could be read".to_owned(),
    };
    let mut out = wrapped(&format!("server: {role} {} on timeline {}; {behind}", server.position, server.timeline), width);
    if let (Some(name), Some(at)) = (&server.last_archived, server.last_archived_at) {
        out += &wrapped(&format!("last archived: {name}, {}", moment_in(at, zone)), width);
    }
    if let (Some(name), Some(at)) = (&server.last_failed, server.last_failed_at) {
        let failed = count(server.failed_count, "failure");
        out += &wrapped(&format!("last failed: {name}, {} ({failed} in all)", moment_in(at, zone)), width);
    }
    let is_known = server.behind_bytes.is_some() || any_read;
    out + &if is_known || !server.problems.is_empty() {
        problems(&server.problems, width)
    } else {
        "state: not known\n".to_owned()
    }
}

fn problems(all: &[String], width: usize) -> String {
    if all.is_empty() {
        "state: ok\n".to_owned()
    } else {
        all.iter().map(|one| wrapped(&format!("state: {one}"), width)).collect()
    }
}

fn wrapped(text: &str, width: usize) -> String {
    table::wrap(text, width).iter().map(|line| format!("{line}\n")).collect()
}
