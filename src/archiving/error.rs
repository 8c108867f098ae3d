//! Why a file of the log was not archived, or not handed out.

use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::store::StoreError;
use crate::wal::Timeline;

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The file itself, or its name, is not what it should be.
    #[error("{0}")]
    Refused(String),
    /// A file of this machine.
    #[error("could not {operation} `{path}`: {source}")]
    File { operation: &'static str, path: String, source: std::io::Error },
    #[error("the archive in {place} holds the log of the cluster with system identifier {archived}, and this is of {found}")]
    Cluster { place: String, archived: u64, found: u64 },
    #[error("the archive in {place} holds segments of {archived} bytes, and this cluster has some of {found}")]
    SegmentSize { place: String, archived: u64, found: u64 },
    /// The worst of all: one of the two is not the log of this cluster.
    #[error("ANOTHER {name} IS ARCHIVED ALREADY in {place}: its SHA-256 is {there}, and that of this one {here}")]
    Conflict { name: String, place: String, there: Digest, here: Digest },
    #[error("timeline {timeline} of the archive in {place} is another one than that of this server: their histories differ")]
    OtherTimeline { place: String, timeline: Timeline },
    #[error("nothing tells where timeline {timeline} comes from: its history is neither in {place} nor beside the segment")]
    NoHistory { place: String, timeline: Timeline },
    #[error("it lies before timeline {timeline} begins, at {begin}")]
    BeforeTimeline { timeline: Timeline, begin: String },
    /// An archive without anything proves nothing: of a backup at least its own log was archived.
    #[error("nothing of this cluster was ever archived in {place}")]
    Nothing { place: String },
    #[error("{asked} is not in the archive, and {there}, after it, is")]
    Gap { asked: String, there: String },
    #[error("{asked} is not in the archive, and neither is the history of its timeline, so that nothing tells where that begins")]
    Unfounded { asked: String },
    #[error("the history of timeline {asked} is not in the archive, and {what} is")]
    LostHistory { asked: Timeline, what: String },
    /// It was written, and is gone.
    #[error("{name} was written to {place}, and is not there")]
    Lost { name: String, place: String },
}

impl ArchiveError {
    pub fn file(operation: &'static str, path: &std::path::Path, source: std::io::Error) -> Self {
        Self::File { operation, path: path.display().to_string(), source }
    }

    /// A full sentence with the next step.
    pub fn help(&self) -> Option<&str> {
        Some(match self {
            Self::Store(error) => return error.help.as_deref(),
            Self::Format(_) => {
                "The object is damaged. Another store of the protection may hold a good one, and a server that still has the file in pg_wal can be asked for it."
            }
            Self::Refused(_) | Self::File { .. } => return None,
            Self::Cluster { .. } => {
                "An archive is of one cluster. One that was made anew (`initdb`, `pg_upgrade`) gets its own: give the protection another name, and keep the old policy to restore what is archived."
            }
            Self::SegmentSize { .. } => {
                "`pg_resetwal --wal-segsize` changed it: give the protection another name, so that an archive of its own begins, and make a new base backup."
            }
            Self::Conflict { .. } => {
                "Two servers write to one archive (a copy or a standby that was promoted), or the log was reset. Find out which is the true one before anything else is done: the archive was left as it is. Whichever goes on needs an archive of its own (another name of the protection) and a new base backup."
            }
            Self::OtherTimeline { .. } => {
                "Two servers took the same timeline (two standbys were promoted). The one that goes on needs an archive of its own: give the protection another name there, and make a new base backup."
            }
            Self::NoHistory { .. } => "Copy the .history file of the timeline into pg_wal of this server from one that has it.",
            Self::BeforeTimeline { .. } => "It belongs to the timeline before. Nothing of it is lost that this one needs.",
            Self::Nothing { .. } => {
                "Check that the policy and the store are those that the cluster was archived by, and that the disk is mounted."
            }
            Self::Gap { .. } => {
                "Recovery cannot go past it. If a server still has it in pg_wal, hand it over by `bdr wal push`; otherwise recover to a point before it (`recovery_target_lsn`, `recovery_target_time`), or from a later base backup."
            }
            Self::Unfounded { .. } | Self::LostHistory { .. } => {
                "A server that was on that timeline has the .history file in pg_wal: hand it over by `bdr wal push`."
            }
            Self::Lost { .. } => "Find out what removes objects there.",
        })
    }
}
