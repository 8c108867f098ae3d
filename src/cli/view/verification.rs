//! What a verification saw, for people and as JSON.

use serde::Serialize;

use crate::cli::Failure;
use crate::tree::{Read, Verified};
use crate::units::bytes::Bytes;
use crate::units::count::{count, counted};

/// One paragraph for each series; every damage on a line of its own.
pub fn human(all: &[(String, Verified)], read: Read) -> String {
    let mut out = String::new();
    for (label, verified) in all {
        let backups = &verified.verification.backups;
        let damaged = backups.values().filter(|seen| !seen.damages.is_empty()).count() + verified.damaged.len();
        let whole = backups.values().filter(|seen| seen.whole).count();
        let all_backups = counted(backups.len() + verified.damaged.len(), "backup");
        let verdict = match (backups.len() + verified.damaged.len(), damaged) {
            (0, _) => "no backup".to_owned(),
            (_, 0) => format!("{all_backups}, nothing damaged"),
            _ => format!("{damaged} of {all_backups} damaged"),
        };
        out.push_str(&format!("{label}: {verdict}\n"));
        for (place, why) in &verified.damaged {
            out.push_str(&format!("  {place}: {why}\n"));
        }
        for (id, seen) in backups {
            seen.damages.iter().for_each(|damage| out.push_str(&format!("  {id}: {damage}\n")));
        }
        if read != Read::Nothing {
            let (bytes, total) = (Bytes(verified.bytes_read), Bytes(verified.bytes_total));
            out.push_str(&format!(
                "  read {}, {bytes} of {total}; every byte of {} has been read by now\n",
                count(verified.packs_read, "pack"),
                counted(whole, "backup")
            ));
        }
        if verified.archived > 0 {
            out.push_str(&format!("  not read, because of an archive class: {}\n", count(verified.archived, "pack")));
        }
    }
    if all.iter().any(|(_, verified)| !verified.is_good()) {
        out.push_str("A damaged backup is not repaired. Make a new one now (`bdr backup`), and keep what is whole.\n");
    }
    out
}

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    series: Vec<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    good: bool,
    unreadable_manifests: &'a [(String, String)],
    packs_read: u64,
    bytes_read: u64,
    bytes_total: u64,
    packs_archived: u64,
    verification: &'a crate::catalog::verification::Verification,
}

/// # Errors
/// Never for values that bdr makes; the JSON writer's type asks for it.
pub fn json(all: &[(String, Verified)]) -> Result<String, Failure> {
    let told = |(name, verified)| {
        let verified: &Verified = verified;
        Told {
            name,
            good: verified.is_good(),
            unreadable_manifests: &verified.damaged,
            packs_read: verified.packs_read,
            bytes_read: verified.bytes_read,
            bytes_total: verified.bytes_total,
            packs_archived: verified.archived,
            verification: &verified.verification,
        }
    };
    let series = all.iter().map(|(name, verified)| told((name.as_str(), verified))).collect();
    let text = serde_json::to_string_pretty(&Document { version: 1, series }).map_err(|error| Failure::new(error.to_string()))?;
    Ok(text + "\n")
}
