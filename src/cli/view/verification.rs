//! What a verification saw, for people and as JSON.

use std::collections::HashMap;

use serde::Serialize;

use crate::catalog::verification::Verification;
use crate::cli::Failure;
use crate::cli::view::backups::Silent;
use crate::cli::view::table;
use crate::tree::{Read, Verified};
use crate::units::bytes::Bytes;
use crate::units::count::{count, counted};

/// One series, and what was seen of it.
pub struct Told {
    pub label: String,
    /// Backups that were suspect when they were made.
    pub suspect: usize,
    /// `None`: there is no backup.
    pub verified: Option<Verified>,
}

impl Told {
    /// Whether there are backups, and nothing of them is damaged.
    pub fn is_good(&self) -> bool {
        self.verified.as_ref().is_some_and(Verified::is_good)
    }
}

/// Backups of one damage that are named, and packs that the store did not give.
const NAMED: usize = 5;

/// One paragraph for each series; every damage on a line of its own.
pub fn human(all: &[Told], read: Read, width: usize) -> String {
    let mut out = String::new();
    for Told { label, suspect, verified } in all {
        let Some(verified) = verified else {
            out.push_str(&format!("{label}: no backup yet, so there is nothing to verify\n"));
            continue;
        };
        let backups = &verified.verification.backups;
        let damaged = backups.values().filter(|seen| !seen.damages.is_empty()).count() + verified.damaged.len();
        let whole = backups.values().filter(|seen| seen.whole).count();
        let all_backups = counted(backups.len() + verified.damaged.len(), "backup");
        let verdict =
            if damaged == 0 { format!("{all_backups}, nothing damaged") } else { format!("{damaged} of {all_backups} damaged") };
        out.push_str(&format!("{label}: {verdict}{}\n", suspects(*suspect, backups.len())));
        for (place, why) in &verified.damaged {
            out.push_str(&format!("  {place}: {why}\n"));
        }
        out.push_str(&damages(&verified.verification, width));
        if read != Read::Nothing {
            let (bytes, total) = (Bytes(verified.bytes_read), Bytes(verified.bytes_total));
            out.push_str(&format!(
                "  read {}, {bytes} of {total}; every byte of {} has been read by now\n",
                count(verified.packs_read, "pack"),
                counted(whole, "backup")
            ));
        }
        let more = verified.withheld.len().saturating_sub(NAMED);
        for (key, why) in verified.withheld.iter().take(NAMED) {
            out.push_str(&format!("  pack {key} could not be read: {why}\n"));
        }
        if more > 0 {
            out.push_str(&format!("  and {more} more packs that could not be read\n"));
        }
        if verified.archived > 0 {
            out.push_str(&format!("  not read, because of an archive class: {}\n", count(verified.archived, "pack")));
        }
    }
    if all.iter().filter_map(|told| told.verified.as_ref()).any(|verified| !verified.is_good()) {
        out.push_str("A damaged backup is not repaired. Make a new one now (`bdr backup`), and keep what is whole.\n");
    }
    out
}

/// Each damage once, with the backups that it is in: all those that refer to a pack are damaged with it.
fn damages(verification: &Verification, width: usize) -> String {
    let mut all: Vec<(&str, Vec<String>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (id, seen) in &verification.backups {
        for damage in &seen.damages {
            let place = *places.entry(damage).or_insert(all.len());
            if place == all.len() {
                all.push((damage, Vec::new()));
            }
            all[place].1.push(id.to_string());
        }
    }
    let mut out = String::new();
    for (damage, backups) in all {
        // A key is long: it stays beside the word that says what it is of.
        let joined = damage.replacen("pack ", "pack\u{1}", 1);
        for line in table::wrap(&joined, width.saturating_sub(2)) {
            out.push_str(&format!("  {}\n", line.replace('\u{1}', " ")));
        }
        let more = backups.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = backups.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        let of = format!("in {named}{more}");
        table::wrap(&of, width.saturating_sub(4)).iter().for_each(|line| out.push_str(&format!("    {line}\n")));
    }
    out
}

fn suspects(suspect: usize, backups: usize) -> String {
    match suspect {
        0 => String::new(),
        _ if suspect == backups => "; every one is suspect, so none is a good backup (`bdr list` says why)".to_owned(),
        _ => format!("; {suspect} suspect"),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    series: Vec<Series<'a>>,
    unread: Vec<Silent>,
}

#[derive(Serialize)]
struct Series<'a> {
    name: &'a str,
    /// There are backups, and nothing of them is damaged.
    good: bool,
    suspect: usize,
    noted: bool,
    unreadable_manifests: &'a [(String, String)],
    packs_read: u64,
    bytes_read: u64,
    bytes_total: u64,
    packs_archived: u64,
    /// Keys of packs that the store did not give, with the reason.
    packs_withheld: &'a [(String, String)],
    verification: Option<&'a Verification>,
}

/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn json(all: &[Told], unread: Vec<Silent>) -> Result<String, Failure> {
    let series = all.iter().map(|told| {
        let verified = told.verified.as_ref();
        let number = |of: fn(&Verified) -> u64| verified.map_or(0, of);
        Series {
            name: &told.label,
            good: told.is_good(),
            suspect: told.suspect,
            noted: verified.is_some_and(|verified| verified.not_noted.is_none()),
            unreadable_manifests: verified.map_or(&[], |verified| &verified.damaged),
            packs_read: number(|verified| verified.packs_read),
            bytes_read: number(|verified| verified.bytes_read),
            bytes_total: number(|verified| verified.bytes_total),
            packs_archived: number(|verified| verified.archived),
            packs_withheld: verified.map_or(&[], |verified| &verified.withheld),
            verification: verified.map(|verified| &verified.verification),
        }
    });
    let document = Document { version: 1, series: series.collect(), unread };
    let text = serde_json::to_string_pretty(&document).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}
