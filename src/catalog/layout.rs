//! Where things lie in a store: the object keys of one protection of one component.
//!
//! ```text
//! <policy>/<component>/<protection>/<tier>/<backup id>/manifest.json            the commit, written last
//!                                                     /index/<number>.<sha256 begins>.jsonl.zst
//!                                                     /table/<number>.<sha256 begins>.jsonl.zst
//!                                                     /packs/<sha256>.zst
//! <policy>/<component>/<protection>/_attempts/<backup id>/<generation>.json     who is writing it; gone after the commit
//!                                                     /expired.json             a prune lets it go; gone with it
//! <policy>/<component>/<protection>/_verified/<time>-<random>.json              what a verification saw
//! <policy>/<component>/<protection>/_wal/cluster.json                           whose log is archived
//!                                       /<system id>/<timeline>/<file>           a segment, history or the like ([`crate::catalog::log`])
//!                                       /<system id>/_refused/<file>.<sha256 begins>.json    another of its name was handed over
//! <policy>/<component>/<protection>/_let_go/<system id>/<time>.<sha256 begins>.json    where what stays of it begins
//! <policy>/_slots/<component>/<protection>/<moment>.<attempt>.json              a claimed moment of its schedule
//!                                                           .succeeded.json    how it ended; or .failed.json
//! <policy>/.bdr/…                                                               the lease, and a record of each apply
//! ```
//!
//! Everything of a policy lies below its name, so two policies share a store without meeting, and one prefix is enough for a grant of
//! rights. The slots of all its jobs lie together, so that one listing tells which scheduled moments were claimed.
//! The tier stands above the backup, so that a bucket's lifecycle rules can be a net below bdr's own retention.

use crate::address::{BackupId, ComponentName, PolicyName, ProtectionName, TierName};
use crate::catalog::digest::Digest;

/// The backups of one protection of one component in one store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    pub policy: PolicyName,
    pub component: ComponentName,
    pub protection: ProtectionName,
}

/// What holds the backups that no tier asked for. No tier can have this name.
pub const UNTIERED: &str = "_untiered";
const ATTEMPTS: &str = "_attempts/";
const VERIFIED: &str = "_verified/";
const SLOTS: &str = "_slots/";
/// No tier can have this name either, though one may be called `wal`.
const LOG: &str = "_wal/";
const LET_GO: &str = "_let_go/";

impl Series {
    pub fn prefix(&self) -> String {
        format!("{}/{}/{}/", self.policy, self.component, self.protection)
    }

    pub fn attempts(&self) -> String {
        self.prefix() + ATTEMPTS
    }

    /// Says that a prune lets a backup go, from before its manifest goes until all of it is gone.
    pub fn expired(&self, id: BackupId) -> String {
        format!("{}{id}/expired.json", self.attempts())
    }

    pub fn verified(&self) -> String {
        self.prefix() + VERIFIED
    }

    /// The write-ahead log, where the protection archives it.
    pub fn log(&self) -> String {
        self.prefix() + LOG
    }

    /// Notes of where the log begins that stays.
    pub fn let_go(&self) -> String {
        self.prefix() + LET_GO
    }

    /// The claimed moments of the schedule.
    pub fn slots(&self) -> String {
        format!("{}/{SLOTS}{}/{}/", self.policy, self.component, self.protection)
    }

    /// Below it lie the backups whose longest tier is this one; also the prefix of that tier's lifecycle rule.
    pub fn tier(&self, tier: Option<&TierName>) -> String {
        format!("{}{}/", self.prefix(), tier.map_or(UNTIERED, TierName::as_str))
    }

    /// Whether a folder of the series (with its trailing `/`) holds backups.
    pub fn is_tier(folder: &str) -> bool {
        ![ATTEMPTS, VERIFIED, LOG, LET_GO].contains(&folder)
    }
}

/// The folder of one backup below its series: `<tier>/<backup id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Name of the tier, or [`UNTIERED`].
    pub tier: String,
    pub id: BackupId,
}

impl Place {
    pub fn new(tier: Option<&TierName>, id: BackupId) -> Self {
        Self { tier: tier.map_or_else(|| UNTIERED.to_owned(), |tier| tier.as_str().to_owned()), id }
    }

    /// `<tier>/<backup id>/`, relative to the series.
    pub fn folder(&self) -> String {
        format!("{}/{}/", self.tier, self.id)
    }

    /// Reads [`Place::folder`] back; the trailing `/` may be missing.
    pub fn parse(folder: &str) -> Option<Self> {
        let (tier, id) = folder.trim_end_matches('/').split_once('/')?;
        let known = tier == UNTIERED || TierName::new(tier).is_ok();
        Some(Self { tier: known.then(|| tier.to_owned())?, id: id.parse().ok()? })
    }

    pub fn manifest(&self) -> String {
        self.folder() + "manifest.json"
    }

    pub fn index(&self) -> String {
        self.folder() + "index/"
    }

    pub fn packs(&self) -> String {
        self.folder() + "packs/"
    }

    pub fn pack(&self, sha256: &Digest) -> String {
        format!("{}packs/{sha256}.zst", self.folder())
    }

    /// A part of the index; its name holds the content's digest, so that two writers never mean one key.
    pub fn index_part(&self, number: usize, sha256: &Digest) -> String {
        format!("{}index/{number:06}.{}.jsonl.zst", self.folder(), &sha256.to_string()[..16])
    }

    /// A part of the table of packs.
    pub fn table_part(&self, number: usize, sha256: &Digest) -> String {
        format!("{}table/{number:06}.{}.jsonl.zst", self.folder(), &sha256.to_string()[..16])
    }
}

/// What an object is for: each sort lies in places of its own, over all series of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    Manifest,
    Index,
    Table,
    Packs,
    Attempts,
    Verified,
    Slots,
    /// Archived files of the write-ahead log.
    Log,
    /// Of these, what an archive is known by: the cluster and its timelines.
    LogCluster,
    LogHistory,
    /// Notes of where a log begins, once some of it went.
    LogLetGo,
    /// The lease, the records of runs, and what settings were before bdr.
    Own,
}

impl Sort {
    /// What a backup consists of.
    pub const WHOLE: [Self; 4] = [Self::Manifest, Self::Index, Self::Table, Self::Packs];

    /// The keys of a sort; `*` stands for anything, `/` included.
    pub fn pattern(self, policy: &PolicyName) -> String {
        match self {
            Self::Manifest => format!("{policy}/*/manifest.json"),
            Self::Index => format!("{policy}/*/index/*"),
            Self::Table => format!("{policy}/*/table/*"),
            Self::Packs => format!("{policy}/*/packs/*"),
            Self::Attempts => format!("{policy}/*/{ATTEMPTS}*"),
            Self::Verified => format!("{policy}/*/{VERIFIED}*"),
            Self::Slots => format!("{policy}/{SLOTS}*"),
            Self::Log => format!("{policy}/*/{LOG}*"),
            Self::LogCluster => format!("{policy}/*/{LOG}cluster.json"),
            Self::LogHistory => format!("{policy}/*/{LOG}*.history"),
            Self::LogLetGo => format!("{policy}/*/{LET_GO}*"),
            Self::Own => format!("{policy}/.bdr/*"),
        }
    }

    /// The packs of one tier, whoever's it is.
    pub fn packs_of(policy: &PolicyName, tier: &TierName) -> String {
        format!("{policy}/*/{tier}/*/packs/*")
    }
}

/// Where it is recorded what settings of servers were before bdr.
pub fn settings_prefix(policy: &PolicyName) -> String {
    format!("{policy}/.bdr/settings/")
}

/// The digest that the name of a pack holds.
pub fn pack_digest(key: &str) -> Option<Digest> {
    key.rsplit('/').next()?.strip_suffix(".zst")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a key is among those of a pattern.
    fn fits(pattern: &str, key: &str) -> bool {
        let mut parts = pattern.split('*');
        let Some(mut rest) = key.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let parts: Vec<&str> = parts.collect();
        parts.iter().enumerate().all(|(at, part)| {
            let found = if at + 1 == parts.len() {
                rest.len().checked_sub(part.len()).filter(|_| rest.ends_with(part))
            } else {
                rest.find(part)
            };
            found.inspect(|begin| rest = &rest[begin + part.len()..]).is_some()
        })
    }

    #[test]
    fn each_key_is_of_one_sort() {
        use Sort as S;
        let name = |text| PolicyName::new(text).expect("name");
        let series = Series {
            policy: name("p"),
            component: ComponentName::new("docs").expect("name"),
            protection: ProtectionName::new("nightly").expect("name"),
        };
        let tier = TierName::new("daily").expect("name");
        let place = Place::new(Some(&tier), "20261124T020000Z-0a1b2c3d".parse().expect("id"));
        let below = |key: String| series.prefix() + &key;
        let digest = Digest::sha256(b"x");
        let keys = [
            (S::Manifest, below(place.manifest())),
            (S::Index, below(place.index_part(0, &digest))),
            (S::Table, below(place.table_part(0, &digest))),
            (S::Packs, below(place.pack(&digest))),
            (S::Attempts, format!("{}20261124T020000Z-0a1b2c3d/000000.json", series.attempts())),
            (S::Verified, format!("{}20261124T020000Z-0a1b2c3d.json", series.verified())),
            (S::Slots, format!("{}20261124T020000Z.1.json", series.slots())),
            (S::Log, format!("{}7123/00000001/000000010000000000000001", series.log())),
            (S::LogLetGo, format!("{}7123/20261124T020000Z.0a1b2c3d0a1b2c3d.json", series.let_go())),
            (S::Own, "p/.bdr/lease.json".to_owned()),
        ];
        for (sort, key) in &keys {
            let sorts: Vec<Sort> =
                keys.iter().map(|(sort, _)| *sort).filter(|sort| fits(&sort.pattern(&name("p")), key)).collect();
            assert_eq!(sorts, [*sort], "{key}");
            assert!(!fits(&sort.pattern(&name("q")), key), "{key}");
        }
        assert!(fits(&Sort::packs_of(&name("p"), &tier), &keys[3].1));
        let of_log = [(S::LogCluster, "cluster.json"), (S::LogHistory, "7123/00000002/00000002.history")];
        for (sort, key) in of_log.map(|(sort, below)| (sort, series.log() + below)) {
            assert!(fits(&sort.pattern(&name("p")), &key) && fits(&S::Log.pattern(&name("p")), &key), "{key}");
        }
    }

    #[test]
    fn places_read_back_and_hostile_ones_do_not() {
        let id: BackupId = "20261124T020000Z-0a1b2c3d".parse().expect("id");
        let tier = TierName::new("daily").expect("name");
        for place in [Place::new(Some(&tier), id), Place::new(None, id)] {
            assert_eq!(Place::parse(&place.folder()), Some(place.clone()));
            assert_eq!(pack_digest(&place.pack(&Digest::sha256(b"x"))), Some(Digest::sha256(b"x")));
        }
        for wrong in ["", "daily", "daily/x/", "../20261124T020000Z-0a1b2c3d", "_attempts/20261124T020000Z-0a1b2c3d", "a/b/c"] {
            assert_eq!(Place::parse(wrong), None, "{wrong}");
        }
    }
}
