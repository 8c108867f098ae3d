//! What the stores hold of a component's log, and what its retention keeps of it beside the base backups that it rolls forward.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use jiff::Timestamp;

use crate::address::BackupId;
use crate::archiving::{Archive, ArchiveError, Survey, survey};
use crate::catalog::log_retention::{self, Base, Decision, Log, Reachable, Why};
use crate::catalog::retention;
use crate::policy::{Component, Method, Protection};
use crate::tree::Known;
use crate::units::cadence::Zone;
use crate::units::duration::Duration;
use crate::wal::{self, Segment};

/// The log of a component in each of its stores.
pub struct Logs {
    pub stores: Vec<(Archive, Result<Option<Survey>, ArchiveError>)>,
    /// As those that could be read hold it together; `None`: nothing is archived.
    pub log: Option<Log>,
}

impl Logs {
    pub async fn look(archives: Vec<Archive>) -> Self {
        let looks = join_all(archives.iter().map(survey)).await;
        let stores: Vec<_> = archives.into_iter().zip(looks).collect();
        let log =
            together(stores.iter().filter_map(|(_, looked)| looked.as_ref().ok()?.as_ref()), |survey| survey.archive.clone());
        Self { stores, log }
    }

    /// The same without what a prune that was cut off left of what it let go.
    pub fn standing(&self) -> Option<Log> {
        together(self.surveys(), Survey::standing)
    }

    fn surveys(&self) -> impl Iterator<Item = &Survey> {
        self.stores.iter().filter_map(|(_, looked)| looked.as_ref().ok()?.as_ref())
    }

    /// The first store that could not be read, and why.
    pub fn unread(&self) -> Option<(&Archive, &ArchiveError)> {
        self.stores.iter().find_map(|(archive, looked)| Some((archive, looked.as_ref().err()?)))
    }

    /// How far back the log was to reach when some of it was let go last; `None`: that is not known.
    pub fn kept_before(&self) -> Option<Option<Duration>> {
        let newest = self.surveys().filter_map(|survey| survey.let_go.as_ref()).max_by_key(|note| note.at)?;
        Some(newest.keep_seconds.map(Duration::from_secs))
    }
}

/// One log of those of the same cluster as the first.
fn together<'a>(surveys: impl Iterator<Item = &'a Survey>, archive: impl Fn(&Survey) -> wal::Archive) -> Option<Log> {
    let mut all: Vec<&Survey> = surveys.collect();
    let (system, size) = all.first().map(|first| (first.cluster.system_identifier, first.archive.size()))?;
    all.retain(|survey| survey.cluster.system_identifier == system && survey.archive.size() == size);
    let mut times: BTreeMap<Segment, Timestamp> = BTreeMap::new();
    let mut histories = Vec::new();
    for survey in all {
        let held = archive(survey);
        histories.extend(held.histories().cloned());
        for stored in survey.segments.iter().filter(|stored| held.holds(stored.segment)) {
            let at = times.entry(stored.segment).or_insert(stored.at);
            *at = stored.at.max(*at);
        }
    }
    Some(Log { system, archive: wal::Archive::new(size, times.keys().copied(), histories), times })
}

/// Whether what a store holds is of that log.
pub fn is_of(log: &Log, survey: &Survey) -> bool {
    survey.cluster.system_identifier == log.system && survey.archive.size() == log.archive.size()
}

/// Whether a log can be replayed onto what a protection copies.
pub fn is_base(protection: &Protection) -> bool {
    matches!(protection.method, Method::BaseBackup(_))
}

/// The base backups of a component, by the places in which they lie, each with what is called by.
pub struct Bases<'a> {
    pub places: Vec<(String, &'a Known)>,
    /// A place that could not be read.
    pub unread: Option<String>,
}

impl Bases<'_> {
    fn all(&self, now: Timestamp) -> Vec<Base> {
        let of = |(shelf, (_, known)): (usize, &(String, &Known))| {
            let facts = known.backups.good.iter().zip(&known.facts);
            facts.filter_map(|(manifest, facts)| Base::of(manifest, facts, shelf, now)).collect::<Vec<_>>()
        };
        self.places.iter().enumerate().flat_map(of).collect()
    }

    /// Something that may need the log and of which nobody knows what it needs.
    fn doubt(&self) -> Option<String> {
        let damaged = self.places.iter().find(|(_, known)| !known.backups.damaged.is_empty());
        let damaged = damaged.map(|(label, _)| format!("{label} holds a manifest that cannot be read"));
        self.unread.clone().or(damaged)
    }
}

/// What becomes of a component's log.
pub struct Kept {
    pub decision: Decision,
    /// Segments in which base backups began that stay.
    pub begun: BTreeSet<Segment>,
    pub before: Option<Reachable>,
    pub after: Option<Reachable>,
}

/// The base backups that stay because the window of the log needs them.
pub fn pins(component: &Component, log: Option<&Log>, bases: &Bases<'_>, now: Timestamp) -> BTreeSet<BackupId> {
    let window = component.log_window.as_ref().zip(log);
    window.map(|(window, log)| log_retention::pins(log, &bases.all(now), window.keep.value, now)).unwrap_or_default()
}

/// Decides about a log as it is once the backups went that the tiers let go.
pub fn kept(component: &Component, log: &Log, bases: &Bases<'_>, zone: &Zone, now: Timestamp) -> Kept {
    let pinned = pins(component, Some(log), bases, now);
    let mut stays = BTreeSet::new();
    for (shelf, (_, known)) in bases.places.iter().enumerate() {
        let facts: Vec<_> = known.facts.iter().cloned().map(|facts| pin(facts, &pinned)).collect();
        let decided = retention::decide(&facts, &component.retain, zone, now);
        stays.extend(decided.into_iter().filter(|one| one.keep).map(|one| (shelf, one.id)));
    }
    let all = bases.all(now);
    let kept: Vec<Base> = all.iter().filter(|base| stays.contains(&(base.shelf, base.id))).cloned().collect();
    let keep = component.log_window.as_ref().map(|window| window.keep.value);
    let decision = match bases.doubt() {
        Some(doubt) => Decision::all_stays(Why::Unread(doubt)),
        None if component.retain.is_empty() && keep.is_none() => Decision::all_stays(Why::Unlimited),
        None => log_retention::decide(log, &kept, keep, now),
    };
    let size = log.archive.size();
    let begun = kept.iter().filter(|base| base.system == log.system).map(|base| size.segment_of(base.timeline, base.start));
    Kept {
        begun: begun.collect(),
        before: log_retention::reachable(log, &all),
        after: log_retention::reachable(&log.staying(&decision), &kept),
        decision,
    }
}

/// From which moment on any can be restored.
pub fn reachable(log: &Log, bases: &Bases<'_>, now: Timestamp) -> Option<Reachable> {
    log_retention::reachable(log, &bases.all(now))
}

/// Facts of a backup, with whether the window of a log needs it.
pub fn pin(facts: crate::catalog::facts::BackupFacts, pinned: &BTreeSet<BackupId>) -> crate::catalog::facts::BackupFacts {
    crate::catalog::facts::BackupFacts { pinned: pinned.contains(&facts.id), ..facts }
}
