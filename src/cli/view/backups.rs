//! Backups as a table and as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::catalog::FormatError;
use crate::catalog::layout::Place;
use crate::catalog::manifest::{Kind, Manifest};
use crate::catalog::overdue::Overdue;
use crate::cli::Failure;
use crate::cli::chosen::Chosen;
use crate::cli::view::table;
use crate::store::StoreError;
use crate::tree::Known;
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::storage_class::StorageClass;

/// One backup in one store.
#[derive(Debug, Clone)]
pub struct Row {
    pub store: String,
    /// In which it lies there: a copy may lie in another one than it was made as.
    pub class: StorageClass,
    pub verified: Option<Timestamp>,
    /// Made while some clock was wrong: how old it is nobody knows.
    pub future: bool,
    /// When a verification last found it damaged, and nobody found it good since.
    pub damaged: Option<Timestamp>,
    pub manifest: Manifest,
}

/// A series that could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct Silent {
    series: String,
    reason: String,
}

impl Silent {
    pub fn of(chosen: &Chosen<'_>, error: &StoreError) -> Self {
        Self { series: chosen.label(), reason: error.to_string() }
    }
}

/// A backup whose manifest cannot be read, or is lost.
#[derive(Debug, Clone, Serialize)]
pub struct Unreadable {
    series: String,
    backup: String,
    reason: String,
}

impl Unreadable {
    /// All of one series.
    pub fn of(chosen: &Chosen<'_>, known: &Known) -> Vec<Self> {
        let one = |(place, error): &(Place, FormatError)| {
            let backup = place.folder().trim_end_matches('/').to_owned();
            Self { series: chosen.label(), backup, reason: error.to_string() }
        };
        known.backups.damaged.iter().map(one).collect()
    }

    /// In a line, for people.
    pub fn told(&self) -> String {
        format!("{}: {}: {}", self.series, self.backup, self.reason)
    }
}

/// A series whose newest good backup is older than its schedule allows.
#[derive(Debug, Clone, Serialize)]
pub struct Late {
    series: String,
    no_good_backup_since: Timestamp,
    runs: u64,
}

impl Late {
    pub fn of(chosen: &Chosen<'_>, overdue: Overdue) -> Self {
        Self { series: chosen.label(), no_good_backup_since: overdue.since, runs: overdue.runs }
    }
}

/// A moment by the policy's clock; the zone is told by [`heading`] or [`moment_in`].
pub fn moment(at: Timestamp, zone: &Zone) -> String {
    at.to_zoned_datetime(zone.0.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A moment with the zone of its clock, such as `2026-11-24 02:00 UTC`.
pub fn moment_in(at: Timestamp, zone: &Zone) -> String {
    format!("{} {zone}", moment(at, zone))
}

/// The line above a table of backups: whose they are, and by which clock its moments are told.
pub fn heading(label: &str, zone: &Zone) -> String {
    format!("{label}   (times: {zone})\n")
}

/// The backups of one series, oldest first; `others` are there and cannot be read. That they have stopped stands before them.
pub fn human(label: &str, (rows, others): (&[Row], usize), late: Option<String>, (zone, width): (&Zone, usize)) -> String {
    match (rows.is_empty(), others) {
        (true, 0) => return format!("{label}\nno backup yet\n"),
        (true, _) => return format!("{label}\nno backup that can be read\n"),
        (false, _) => {}
    }
    let lines: Vec<Vec<String>> = rows.iter().map(|row| line(row, zone)).collect();
    let header = ["backup", "restores", "kind", "tiers", "entries", "size", "stored", "state"];
    let late: String =
        late.map(|late| table::wrap(&format!("! {late}"), width.saturating_sub(2)).join("\n  ") + "\n").unwrap_or_default();
    heading(label, zone) + &late + &table::fitting(&header, &lines, width, 4)
}

fn line(row: &Row, zone: &Zone) -> Vec<String> {
    let manifest = &row.manifest;
    let tiers: Vec<&str> = manifest.tiers.iter().map(|tier| tier.as_str()).collect();
    let state = match (row.damaged, manifest.is_suspect(), row.verified) {
        (Some(at), ..) => format!("DAMAGED, seen {}", moment(at, zone)),
        (None, true, _) => {
            let what: Vec<String> = manifest
                .issues
                .iter()
                .filter(|issue| issue.suspect)
                .map(|issue| format!("{} ({})", issue.what, issue.count))
                .collect();
            format!("suspect: {}", what.join(", "))
        }
        (None, false, Some(at)) => format!("verified {}", moment(at, zone)),
        (None, false, None) => "not verified".to_owned(),
    };
    let state = if row.future { format!("FROM THE FUTURE; {state}") } else { state };
    let stored = Bytes(manifest.measured.stored_bytes).to_string();
    let class = if row.class.is_immediate() { stored } else { format!("{stored} {}", row.class.as_str()) };
    vec![
        manifest.id.to_string(),
        moment(manifest.snapshot, zone),
        if manifest.kind == Kind::Full { "full" } else { "incr" }.to_owned(),
        match tiers.is_empty() {
            true if manifest.by_hand => "by hand".to_owned(),
            true => "-".to_owned(),
            false => tiers.join(","),
        },
        manifest.counts.entries.to_string(),
        Bytes(manifest.counts.bytes).to_string(),
        class,
        state,
    ]
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    backups: Vec<Told<'a>>,
    unreadable_manifests: &'a [Unreadable],
    overdue: Vec<Late>,
    unread: Vec<Silent>,
}

#[derive(Serialize)]
struct Told<'a> {
    store: &'a str,
    class: &'a str,
    verified: Option<Timestamp>,
    damaged: Option<Timestamp>,
    suspect: bool,
    from_the_future: bool,
    manifest: &'a Manifest,
}

/// Every manifest with the store that it lies in, those that cannot be read, the series whose backups have stopped, and those of which
/// nothing was read.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn json(
    rows: &[Row],
    unreadable_manifests: &[Unreadable],
    overdue: Vec<Late>,
    unread: Vec<Silent>,
) -> Result<String, Failure> {
    let told = |row| {
        let Row { store, class, verified, future, damaged, manifest }: &Row = row;
        let (suspect, from_the_future) = (manifest.is_suspect(), *future);
        Told { store, class: class.as_str(), verified: *verified, damaged: *damaged, suspect, from_the_future, manifest }
    };
    let document = Document { version: 1, backups: rows.iter().map(told).collect(), unreadable_manifests, overdue, unread };
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}
