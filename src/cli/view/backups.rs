//! Backups as a table and as JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::catalog::manifest::{Kind, Manifest};
use crate::cli::Failure;
use crate::cli::view::table;
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;

/// One backup in one store.
#[derive(Debug, Clone)]
pub struct Row {
    pub component: String,
    pub store: String,
    pub verified: Option<Timestamp>,
    /// When a verification last found it damaged, and nobody found it good since.
    pub damaged: Option<Timestamp>,
    pub manifest: Manifest,
}

/// A moment by the policy's clock.
pub fn moment(at: Timestamp, zone: &Zone) -> String {
    at.to_zoned_datetime(zone.0.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A table, oldest first, grouped by component and store.
pub fn human(rows: &[Row], zone: &Zone, width: usize) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < rows.len() {
        let key = |row: &Row| (row.component.clone(), row.manifest.protection.to_string(), row.store.clone());
        let first = key(&rows[at]);
        let count = rows[at..].iter().take_while(|row| key(row) == first).count();
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{}/{} in {}\n", first.0, first.1, first.2));
        let lines: Vec<Vec<String>> = rows[at..at + count].iter().map(|row| line(row, zone)).collect();
        let header = ["backup", "restores", "kind", "tiers", "entries", "size", "stored", "state"];
        out.push_str(&table::columns(&header, &lines, width));
        at += count;
    }
    out
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
    let stored = Bytes(manifest.measured.stored_bytes).to_string();
    let class = if manifest.class.is_immediate() { stored } else { format!("{stored} {}", manifest.class.as_str()) };
    vec![
        manifest.id.to_string(),
        moment(manifest.snapshot, zone),
        if manifest.kind == Kind::Full { "full" } else { "incr" }.to_owned(),
        if tiers.is_empty() { "-".to_owned() } else { tiers.join(",") },
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
}

#[derive(Serialize)]
struct Told<'a> {
    store: &'a str,
    verified: Option<Timestamp>,
    damaged: Option<Timestamp>,
    suspect: bool,
    manifest: &'a Manifest,
}

/// Every manifest with the store that it lies in.
///
/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn json(rows: &[Row]) -> Result<String, Failure> {
    let told = |row| {
        let Row { store, verified, damaged, manifest, .. }: &Row = row;
        Told { store, verified: *verified, damaged: *damaged, suspect: manifest.is_suspect(), manifest }
    };
    let document = Document { version: 1, backups: rows.iter().map(told).collect() };
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}
