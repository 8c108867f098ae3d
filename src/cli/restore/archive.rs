//! A restore of what lies in an archive class: asks for it, and tells when to come back.

use clap::ValueEnum;

use crate::catalog::manifest::Manifest;
use crate::cli::Failure;
use crate::cli::chosen::Chosen;
use crate::store::{Retrieve, Speed};
use crate::tree::{Paths, retrieve};
use crate::units::bytes::Bytes;
use crate::units::count::count;
use crate::units::storage_class::StorageClass;

/// How fast, as the command line says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Fast {
    /// GLACIER 1 to 5 minutes; not for DEEP_ARCHIVE
    Expedited,
    /// GLACIER 3 to 5 hours, DEEP_ARCHIVE up to 12
    Standard,
    /// GLACIER 5 to 12 hours, DEEP_ARCHIVE up to 48
    Bulk,
}

/// Passes where everything can be read.
///
/// # Errors
/// Where something is waited for: when to run again.
pub async fn ready(chosen: &Chosen<'_>, manifest: &Manifest, paths: &Paths, (days, fast): (u16, Fast)) -> Result<(), Failure> {
    let speed = match fast {
        Fast::Expedited => Speed::Expedited,
        Fast::Standard => Speed::Standard,
        Fast::Bulk => Speed::Bulk,
    };
    let waiting = retrieve(&chosen.shelf, manifest, paths, Retrieve { days, speed }).await?;
    if waiting.packs == 0 {
        return Ok(());
    }
    let what = if waiting.asked > 0 { "retrieval started" } else { "the retrieval is still under way" };
    let (packs, class) = (count(waiting.packs, "pack"), waiting.class.as_str());
    Err(Failure::new(format!("nothing was restored yet: {what} of {packs} ({}) from {class}", Bytes(waiting.bytes))).help(
        format!(
            "It takes {}. Run the same command again then; what is there stays readable for {days} days.",
            time(waiting.class, fast)
        ),
    ))
}

/// S3 user guide, "Archive retrieval options".
fn time(class: StorageClass, fast: Fast) -> &'static str {
    match (class, fast) {
        (StorageClass::DeepArchive, Fast::Bulk) => "up to 48 hours",
        (StorageClass::DeepArchive, _) => "up to 12 hours",
        (_, Fast::Expedited) => "1 to 5 minutes",
        (_, Fast::Standard) => "3 to 5 hours",
        (_, Fast::Bulk) => "5 to 12 hours",
    }
}
