//! The manifest of a backup: small, written last by a create-only put, never rewritten. It is the commit.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::{BackupId, ComponentName, PolicyName, ProtectionName, TierName};
use crate::catalog::FormatError;
use crate::catalog::digest::Digest;
use crate::catalog::entry::{self, Entry};
use crate::catalog::layout::{Place, Series};
use crate::catalog::part::Part;
use crate::units::storage_class::StorageClass;
use crate::wal::Lsn;

/// The newest format that this bdr writes; it reads this one and every one before it.
pub const VERSION: u32 = 2;

/// Whether a backup stands on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Refers to no other backup.
    Full,
    /// Refers to packs of backups before it.
    Incremental,
}

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Origin {
    /// `files`, `postgresql`.
    pub kind: String,
    /// Name of the machine.
    pub host: String,
    /// The paths as the policy names them, absolute.
    pub roots: Vec<String>,
    /// How many files and links each of them held, in their order.
    #[serde(default)]
    pub held: Vec<u64>,
    /// How many bytes these files have.
    #[serde(default)]
    pub bytes: Vec<u64>,
    /// Of a base backup: of which cluster, and between which positions of its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<Cluster>,
}

impl Origin {
    /// The oldest format that says it all. A bdr that knows no base backups would restore one as any files, which can start before
    /// it is whole; so it must not read its manifest.
    pub fn version(&self) -> u32 {
        if self.cluster.is_some() { 2 } else { 1 }
    }
}

/// A cluster of PostgreSQL as a base backup took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cluster {
    /// What no other cluster has.
    pub system_identifier: String,
    pub timeline: u32,
    /// Where in the log the copying began: from here on the log must be replayed.
    #[schemars(with = "String")]
    pub start: Lsn,
    /// Where it ended: before it the copy is of no single moment.
    #[schemars(with = "String")]
    pub stop: Lsn,
    /// As the server tells it: `15.8 (Debian 15.8-0+deb12u1)`.
    pub server_version: String,
    /// Bytes of a segment of the log.
    pub segment_bytes: u64,
    /// Whether the pages have checksums, which were looked at.
    pub checksums: bool,
    /// Beside those that every cluster has.
    pub tablespaces: Vec<Tablespace>,
}

/// A tablespace; its files are below `data/tablespaces/<oid>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Tablespace {
    pub oid: u32,
    /// Where it lay on the server.
    pub location: String,
}

/// What a restore must bring back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Counts {
    /// Entries of the index, skipped ones not counted.
    pub entries: u64,
    pub files: u64,
    pub directories: u64,
    pub symlinks: u64,
    /// Files that are hard links to an entry before them.
    pub hard_links: u64,
    /// Named, but not saved: sockets, devices, what could not be read.
    pub skipped: u64,
    /// Bytes of files, holes included, hard links counted once.
    pub bytes: u64,
}

impl Counts {
    /// One entry. The size of a file that goes on in further lines is not known from it.
    pub fn of(entry: &Entry) -> Self {
        let mut counts = Self { entries: u64::from(entry.kind != entry::Kind::Skipped), ..Self::default() };
        match entry.kind {
            entry::Kind::Skipped => counts.skipped = 1,
            entry::Kind::Directory => counts.directories = 1,
            entry::Kind::Symlink => counts.symlinks = 1,
            entry::Kind::File if entry.link.is_some() => counts.hard_links = 1,
            entry::Kind::File => (counts.files, counts.bytes) = (1, entry.size),
        }
        counts
    }

    pub fn add(&mut self, more: &Self) {
        let Self { entries, files, directories, symlinks, hard_links, skipped, bytes } = self;
        for (sum, one) in [
            (entries, more.entries),
            (files, more.files),
            (directories, more.directories),
            (symlinks, more.symlinks),
            (hard_links, more.hard_links),
            (skipped, more.skipped),
            (bytes, more.bytes),
        ] {
            *sum += one;
        }
    }
}

/// Something that makes a backup less than what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Issue {
    /// What happened, as a fragment: `changed while being read`.
    pub what: String,
    pub count: u64,
    /// The first few paths.
    pub examples: Vec<String>,
    /// Whether it makes the backup suspect.
    pub suspect: bool,
}

/// What was measured while the backup was made: later estimates are derived from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Measured {
    /// From the first read of the source to the commit, milliseconds.
    pub elapsed_ms: u64,
    /// Bytes read from the source.
    pub read_bytes: u64,
    /// Bytes of the backup's own packs, those included that were written before it was interrupted.
    pub stored_bytes: u64,
    pub new_packs: u64,
    /// Files taken over from the parent without reading them.
    pub unchanged_files: u64,
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Manifest {
    pub version: u32,
    #[schemars(with = "String")]
    pub id: BackupId,
    #[schemars(with = "String")]
    pub policy: PolicyName,
    #[schemars(with = "String")]
    pub component: ComponentName,
    #[schemars(with = "String")]
    pub protection: ProtectionName,
    /// Folder below the series: the longest of `tiers`, or `_untiered`.
    pub shelf: String,
    /// The tiers that it was the first good backup of, at the time.
    #[schemars(with = "Vec<String>")]
    pub tiers: Vec<TierName>,
    /// Whether somebody asked for it, and no schedule.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_hand: bool,
    /// Class of the packs; manifest, index and table always lie in an immediate one.
    pub class: StorageClass,
    pub kind: Kind,
    /// `<tier>/<backup id>` of the backup that this one was compared with.
    pub parent: Option<String>,
    /// `<tier>/<backup id>` of every backup whose packs this one refers to.
    pub needs: Vec<String>,
    pub origin: Origin,
    /// When the attempt began, which an interrupted backup and its continuation share.
    #[schemars(with = "String")]
    pub started: Timestamp,
    /// The moment that a restore brings back: when the walk over the source began, or when a base backup ended.
    #[schemars(with = "String")]
    pub snapshot: Timestamp,
    #[schemars(with = "String")]
    pub committed: Timestamp,
    pub counts: Counts,
    /// Empty: everything that was asked for is there.
    pub issues: Vec<Issue>,
    pub index: Vec<Part>,
    pub table: Vec<Part>,
    pub measured: Measured,
    /// `bdr <version>`.
    pub tool: String,
    /// SHA-256 of the policy's meaning.
    pub policy_digest: String,
}

impl Manifest {
    pub fn series(&self) -> Series {
        let (policy, component, protection) = (self.policy.clone(), self.component.clone(), self.protection.clone());
        Series { policy, component, protection }
    }

    pub fn place(&self) -> Place {
        Place { tier: self.shelf.clone(), id: self.id }
    }

    /// Whether it was compared with the backup in that place, or refers to its packs.
    pub fn refers_to(&self, place: &Place) -> bool {
        let folder = place.folder();
        self.parent.iter().chain(&self.needs).any(|named| named == folder.trim_end_matches('/'))
    }

    /// Whether something keeps it from being trusted as complete.
    pub fn is_suspect(&self) -> bool {
        self.issues.iter().any(|issue| issue.suspect)
    }

    /// The object: `{"manifest":…,"sha256":"…"}`, the digest over the bytes of the value of `manifest`.
    ///
    /// # Errors
    /// Never for values that bdr makes; the JSON writer's type asks for it.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let body = serde_json::to_vec(self).map_err(|error| FormatError::damaged("a manifest", error.to_string()))?;
        let tail = format!("{MIDDLE}{}{END}", Digest::sha256(&body));
        Ok([START.as_bytes(), &body, tail.as_bytes()].concat())
    }

    /// Reads an object back; any change of any byte is damage.
    ///
    /// # Errors
    /// When it is damaged, or of a version that this bdr does not know.
    pub fn decode(object: &[u8], what: &str) -> Result<Self, FormatError> {
        let damaged = |why: String| FormatError::damaged(what, why);
        let cut = || damaged("it is not a whole manifest".to_owned());
        let rest = object.strip_prefix(START.as_bytes()).and_then(|rest| rest.strip_suffix(END.as_bytes())).ok_or_else(cut)?;
        let (rest, digest) = rest.split_at_checked(rest.len().saturating_sub(64)).ok_or_else(cut)?;
        let body = rest.strip_suffix(MIDDLE.as_bytes()).ok_or_else(cut)?;
        let expected = std::str::from_utf8(digest).ok().and_then(|text| text.parse().ok()).ok_or_else(cut)?;
        let found = Digest::sha256(body);
        if found != expected {
            return Err(FormatError::Digest { what: what.to_owned(), found, expected });
        }
        let version = serde_json::from_slice::<VersionOnly>(body).map_err(|error| damaged(error.to_string()))?.version;
        if version > VERSION {
            return Err(FormatError::Version { what: what.to_owned(), found: version, known: VERSION });
        }
        serde_json::from_slice(body).map_err(|error| damaged(error.to_string()))
    }
}

const START: &str = "{\"manifest\":";
const MIDDLE: &str = ",\"sha256\":\"";
const END: &str = "\"}\n";

#[derive(Deserialize)]
struct VersionOnly {
    version: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As bdr wrote it before it knew base backups.
    const FIRST: &str = r#"{"kind":"postgresql","host":"db1","roots":["/"],"held":[3],"bytes":[90]}"#;

    #[test]
    fn only_a_base_backup_is_kept_from_those_who_know_none() {
        let files: Origin = serde_json::from_str(FIRST).expect("an origin");
        assert_eq!((files.version(), serde_json::to_string(&files).expect("text").as_str()), (1, FIRST));
        let cluster = r#"{"system_identifier":"7","timeline":1,"start":"0/2000028","stop":"0/2000100","server_version":"15.8","segment_bytes":16777216,"checksums":true,"tablespaces":[{"oid":16400,"location":"/srv/fast"}]}"#;
        let text = FIRST.replace("}", &format!(r#","cluster":{cluster}}}"#));
        let copied: Origin = serde_json::from_str(&text).expect("an origin");
        assert_eq!((copied.version(), serde_json::to_string(&copied).expect("text")), (2, text));
        assert_eq!(copied.cluster.map(|cluster| (cluster.start, cluster.stop)), Some((Lsn(0x200_0028), Lsn(0x200_0100))));
    }
}
