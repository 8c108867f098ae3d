//! Handing a file out: whole and checked, or a proof that there is none, or a failure.

use std::path::{Path, PathBuf};

use crate::archiving::{Archive, ArchiveError, Failed, absent, local};
use crate::catalog::log;
use crate::wal::{FileName, SegmentSize, Stamp};

/// How a call ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    Delivered,
    /// Proven: nothing that was archived comes after it.
    End,
}

/// Segments that a base backup carries itself, the first and the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    pub first: String,
    pub last: String,
}

impl Carried {
    /// Names of one timeline are in order of their places.
    fn has(&self, name: &str) -> bool {
        name.len() == self.first.len() && name.get(..8) == self.first.get(..8) && *self.first <= *name && *name <= *self.last
    }
}

impl std::str::FromStr for Carried {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let least = SegmentSize::new(1 << 20).unwrap_or_default();
        let segment = |name: &&str| least.parse(name).is_some();
        let both = text.split_once(':').filter(|(first, last)| segment(first) && segment(last));
        let (first, last) = both.ok_or("two names of segments with `:` between them are wanted")?;
        Ok(Self { first: first.to_owned(), last: last.to_owned() })
    }
}

/// Hands out a file by its name, from the first store that has it whole. `system`: of the cluster that asks, where it is known.
/// `carried`: came with the base backup that is rolled forward.
///
/// # Errors
/// Everything that leaves a doubt, of each store that was asked.
pub async fn fetch(
    archives: &[Archive],
    name: &str,
    (system, carried): (Option<u64>, Option<&Carried>),
    destination: &Path,
) -> Result<Fetched, Vec<Failed>> {
    let asked = asked(name).map_err(|error| vec![Failed { store: None, error }])?;
    let mut failed = Vec::new();
    for archive in archives {
        match archive.hand_out(asked, name, system, destination.to_owned()).await {
            Ok(true) => return Ok(Fetched::Delivered),
            Ok(false) => {}
            Err(error) => failed.push(archive.failed(error)),
        }
    }
    if !failed.is_empty() {
        return Err(failed);
    }
    let system = match system {
        Some(system) => system,
        None => archived(archives).await?,
    };
    match asked {
        FileName::History(timeline) => absent::history(archives, system, timeline).await?,
        // A backup carries the log that it needs itself, which may never have been archived: the server reads that where it lies.
        _ if carried.is_some_and(|carried| carried.has(name)) && local::lies_beside(destination, name, system) => {}
        _ => absent::segment(archives, system, name).await?,
    }
    Ok(Fetched::End)
}

/// What PostgreSQL asks for; nothing else has one place, or is of use to it.
fn asked(name: &str) -> Result<FileName, ArchiveError> {
    // As everywhere: in segments of the least size the names of all others are some, too.
    let least = SegmentSize::new(1 << 20).unwrap_or_default();
    match FileName::parse(name, least) {
        Some(name @ (FileName::Segment(_) | FileName::History(_) | FileName::Backup(..))) => Ok(name),
        _ => Err(ArchiveError::Refused(format!("`{}` is nothing that an archive hands out", name.escape_debug()))),
    }
}

/// Whose log the first store holds.
async fn archived(archives: &[Archive]) -> Result<u64, Vec<Failed>> {
    let Some(first) = archives.first() else { return Ok(0) };
    let cluster = first.cluster().await.map_err(|error| vec![first.failed(error)])?;
    let nothing = || vec![first.failed(ArchiveError::Nothing { place: first.describe() })];
    cluster.map(|cluster| cluster.system_identifier).ok_or_else(nothing)
}

impl Archive {
    /// `false`: it is not here.
    async fn hand_out(
        &self,
        asked: FileName,
        name: &str,
        system: Option<u64>,
        destination: PathBuf,
    ) -> Result<bool, ArchiveError> {
        let system = match system {
            Some(system) => system,
            None => {
                let nothing = || ArchiveError::Nothing { place: self.describe() };
                self.cluster().await?.ok_or_else(nothing)?.system_identifier
            }
        };
        let least = SegmentSize::new(1 << 20).unwrap_or_default();
        let key = self.key_of(system, &log::place(asked, least, &Default::default()));
        let Some(object) = self.get(&key).await? else { return Ok(false) };
        let name = name.to_owned();
        let work = move || {
            let (header, plain) = log::unpack(&key, &name, &object)?;
            if header.system_identifier != system {
                return Err(crate::catalog::FormatError::damaged(&key, "it is of another cluster").into());
            }
            if let FileName::Segment(_) = asked {
                check(&name, system, &plain).map_err(|why| crate::catalog::FormatError::damaged(&key, why))?;
            }
            local::deliver(&destination, &plain)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|lost| Err(ArchiveError::Refused(format!("the work was broken off: {lost}"))))?;
        Ok(true)
    }
}

/// The segment itself says whose it is.
fn check(name: &str, system: u64, plain: &[u8]) -> Result<(), String> {
    let stamp = Stamp::read(plain).map_err(|error| error.to_string())?;
    let segment = stamp.size.parse(name).ok_or_else(|| format!("no segment of its size is called {name}"))?;
    stamp.check(segment, plain.len() as u64, Some(system)).map_err(|error| error.to_string())
}
