//! What a restore into a folder that is not empty must not take along: log that is archived nowhere, and data directories that are not
//! the one that is restored.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::restore::Args;
use crate::diag::shown;
use crate::wal::{Archive, Stamp};

/// In every data directory, and in nothing else that is near one.
const VERSION: &str = "PG_VERSION";
/// How deep below a folder data directories are looked for: Debian's lie at VERSION/CLUSTER.
const DEEP: usize = 3;
/// Bytes of a segment's beginning that tell what it is.
const STAMP: usize = 40;

/// Whether the log at the destination is archived, or may be lost. What a crashed server wrote last is often nowhere else.
///
/// # Errors
/// When a segment there is in no store and not in the backup.
pub fn nothing_is_lost(args: &Args, archive: &Archive, system: u64) -> Result<(), Failure> {
    // Where a server runs, that is what is told.
    if !args.overwrite || args.discard_wal || args.to.join("postmaster.pid").exists() {
        return Ok(());
    }
    let folder = args.to.join("pg_wal");
    let mut lost: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let segment = archive.size().parse(&name)?;
            let mut begins = [0; STAMP];
            File::open(entry.path()).and_then(|mut file| file.read_exact(&mut begins)).ok()?;
            // One that was made ahead, out of an old one, is still what it was, and nothing is in it.
            let stamp = Stamp::read(&begins).ok()?;
            stamp.check(segment, archive.size().bytes(), Some(system)).ok()?;
            (!archive.holds(segment)).then_some(name)
        })
        .collect();
    lost.sort();
    let (Some(newest), count) = (lost.last(), lost.len()) else { return Ok(()) };
    let to = shown(folder.as_os_str().as_encoded_bytes());
    let what = format!("`{to}` holds log that is archived nowhere, and nothing in it was touched");
    let cause = if count == 1 { newest.clone() } else { format!("{newest}, and {} before it", count - 1) };
    Err(Failure::new(what).cause(cause).help(format!(
        "Archive it first, the oldest first: `bdr wal push {} {to}/{}`. Or move the folder away. `--discard-wal` lets it go.",
        args.component, lost[0]
    )))
}

/// Whether the destination is a data directory, or has nothing to do with any.
///
/// # Errors
/// When it lies in one, or holds one.
pub fn apart_from_others(args: &Args) -> Result<(), Failure> {
    let to = std::path::absolute(&args.to).unwrap_or_else(|_| args.to.clone());
    if let Some(above) = to.ancestors().skip(1).find(|folder| folder.join(VERSION).exists()) {
        return Err(refused(&to, &format!("it lies in the data directory `{}`", shown(above.as_os_str().as_encoded_bytes()))));
    }
    if to.join(VERSION).exists() {
        return Ok(());
    }
    match below(&to, DEEP) {
        Some(found) => {
            Err(refused(&to, &format!("it holds the data directory `{}`", shown(found.as_os_str().as_encoded_bytes()))))
        }
        None => Ok(()),
    }
}

fn below(folder: &Path, deep: usize) -> Option<PathBuf> {
    let folders = fs::read_dir(folder).ok()?.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    let own = folders.iter().find(|folder| folder.join(VERSION).exists()).cloned();
    own.or_else(|| folders.iter().filter(|_| deep > 1).find_map(|folder| below(folder, deep - 1)))
}

fn refused(to: &Path, why: &str) -> Failure {
    let to = shown(to.as_os_str().as_encoded_bytes());
    Failure::new(format!("`{to}` is no place for a data directory, and nothing in it was touched"))
        .cause(why.to_owned())
        .help("Name the data directory itself, or an empty folder beside it.")
}
