//! Retention of an archived log: from which segment on it stays, and why. Pure; `bdr prune` carries it out, a plan shows it beforehand.
//!
//! To come back to any moment of a window one needs a base backup that ended before the window begins, and all log from its start on. That
//! backup is found for each place in which base backups lie, since any other may be lost, and for each timeline that was written on in the
//! window; it stays whatever the tiers say. Where none is that old, everything from the oldest one on stays; where there is none, or where
//! something is in doubt, all of it.
//!
//! The window ends with the newest good base backup or the newest archived segment, whichever is older, and never later than now. So while
//! nothing new comes nothing grows old, and a clock that is wrong by years removes nothing. Of clocks that differ by an hour the promise
//! is kept: what ended within an hour before the window does not count as older than it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::address::BackupId;
use crate::catalog::facts::BackupFacts;
use crate::catalog::manifest::Manifest;
use crate::units::duration::Duration;
use crate::wal::{self, History, Lsn, Segment, SegmentSize, Timeline};

/// How far two clocks may be apart without any harm.
const DOUBT: SignedDuration = SignedDuration::from_hours(1);

/// A base backup, as far as a log is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    pub id: BackupId,
    /// In which place it lies, of those that hold base backups of the component.
    pub shelf: usize,
    pub system: u64,
    pub timeline: Timeline,
    pub start: Lsn,
    pub stop: Lsn,
    /// When it ended, by the clock of the machine on which bdr ran.
    pub at: Timestamp,
    /// Nothing speaks against trusting it, and it is not from the future.
    pub good: bool,
}

impl Base {
    /// `None`: it is no base backup.
    pub fn of(manifest: &Manifest, facts: &BackupFacts, shelf: usize, now: Timestamp) -> Option<Self> {
        let cluster = manifest.origin.cluster.as_ref()?;
        Some(Self {
            id: manifest.id,
            shelf,
            system: cluster.system_identifier.parse().ok()?,
            timeline: Timeline::new(cluster.timeline)?,
            start: cluster.start,
            stop: cluster.stop,
            at: manifest.snapshot,
            good: facts.is_good_at(now),
        })
    }

    /// Of the moment in which it ended.
    fn last(&self) -> Lsn {
        Lsn(self.stop.0.saturating_sub(1).max(self.start.0))
    }

    /// Whether it lies on the way to a timeline.
    fn leads_to(&self, history: &History) -> bool {
        [self.start, self.last()].iter().all(|at| history.timeline_at(*at) == self.timeline)
    }
}

/// The archived log of a cluster, as all stores hold it together.
#[derive(Debug, Clone)]
pub struct Log {
    pub system: u64,
    pub archive: wal::Archive,
    /// When each segment was archived, by the clock of the store that says the latest.
    pub times: BTreeMap<Segment, Timestamp>,
}

impl Log {
    /// The segment of a number on the way to a timeline: the one in which a timeline forks is of the new one.
    fn on(&self, history: &History, number: u64) -> Segment {
        let end = self.archive.size().end(Segment { timeline: history.of, number });
        Segment { timeline: history.timeline_at(Lsn(end.0.saturating_sub(1))), number }
    }

    /// The last segment in which another timeline forks from this one.
    fn left(&self, timeline: Timeline) -> Option<u64> {
        let forks = self.archive.histories().flat_map(|history| &history.forks).filter(|fork| fork.from == timeline);
        forks.map(|fork| self.archive.size().segment_of(timeline, fork.at).number).max()
    }

    /// The first segment that a base backup on the way does not carry itself.
    fn after(&self, history: &History, base: &Base) -> u64 {
        let last = self.archive.size().segment_of(base.timeline, base.last()).number;
        last + u64::from(self.on(history, last).timeline == base.timeline)
    }

    fn holds_on(&self, history: &History, number: u64) -> bool {
        self.archive.holds(self.on(history, number))
    }

    /// What stays of it.
    #[must_use]
    pub fn staying(&self, decision: &Decision) -> Self {
        let times: BTreeMap<Segment, Timestamp> =
            self.times.iter().filter(|(segment, _)| decision.stays(**segment)).map(|(segment, at)| (*segment, *at)).collect();
        let histories = self.archive.histories().cloned();
        Self { system: self.system, archive: wal::Archive::new(self.archive.size(), times.keys().copied(), histories), times }
    }
}

/// Why a log stays from there on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The policy says nothing of how long anything stays.
    Unlimited,
    /// Nothing of it can be replayed onto anything yet.
    NoBase,
    /// Of a timeline nobody knows where it comes from.
    NoHistory(Timeline),
    /// Not everything that may need it could be read.
    Unread(String),
    /// The window begins then, and the backup that ended last before it is the first that is needed.
    Window { since: Timestamp, first: BackupId },
    /// The window begins then, and no backup is that old: the first one is the oldest there is.
    Young { since: Timestamp, first: BackupId },
    /// The policy states no window: as far as the oldest backup that stays.
    Oldest { first: BackupId },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("the policy sets no limit"),
            Self::NoBase => f.write_str("there is no good base backup yet that it rolls forward"),
            Self::NoHistory(timeline) => write!(f, "the history of timeline {timeline} is not archived"),
            Self::Unread(what) => write!(f, "{what}"),
            Self::Window { first, .. } => write!(f, "{first} is the newest base backup from before the window"),
            Self::Young { first, .. } => write!(f, "{first} is the oldest base backup, and in the window"),
            Self::Oldest { first } => write!(f, "{first} is the oldest base backup that stays"),
        }
    }
}

/// What becomes of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Of each timeline, the number of the first segment that stays; of one that is not here all do.
    pub floors: BTreeMap<Timeline, u64>,
    pub why: Why,
}

impl Decision {
    /// Nothing goes.
    pub fn all_stays(why: Why) -> Self {
        Self { floors: BTreeMap::new(), why }
    }

    pub fn stays(&self, segment: Segment) -> bool {
        self.floors.get(&segment.timeline).is_none_or(|floor| segment.number >= *floor)
    }
}

/// Decides about a log. `bases` are those that stay; `keep` is the window, `None`: as far as the oldest of these.
pub fn decide(log: &Log, bases: &[Base], keep: Option<Duration>, now: Timestamp) -> Decision {
    let ways = match Ways::find(log, bases, keep, now) {
        Ok(ways) => ways,
        Err(why) => return Decision::all_stays(why),
    };
    let mut floors = BTreeMap::new();
    for span in log.archive.spans() {
        // What comes later, on whatever timeline, is not judged by what is known now.
        let after_all = span.last + 1;
        let needed = ways.all.iter().filter_map(|way| way.floor(span.timeline)).min();
        floors.insert(span.timeline, needed.map_or(after_all, |needed| needed.min(after_all)));
    }
    floors.retain(|_, floor| *floor > 0);
    Decision { floors, why: ways.why(keep) }
}

/// The base backups without which some moment of the window could not be come back to: that with which it begins, and those that
/// come after what is missing of the log. Tiers do not let them go.
pub fn pins(log: &Log, bases: &[Base], keep: Duration, now: Timestamp) -> BTreeSet<BackupId> {
    let ways = Ways::find(log, bases, Some(keep), now).map(|ways| ways.all).unwrap_or_default();
    ways.iter().flat_map(|way| &way.needs).flat_map(|need| need.pinned.iter().copied()).collect()
}

/// A timeline that was written on in the window, and how it is come back to.
struct Way {
    history: History,
    size: SegmentSize,
    is_newest: bool,
    /// One for each place of base backups that has any on the way.
    needs: Vec<Need>,
    /// The first of its own segments that were archived in the window, after the last fork from it: before that it is another one's.
    young: Option<u64>,
}

/// What the base backups of one place need on a way.
struct Need {
    /// The one that the window begins with.
    first: BackupId,
    at: Timestamp,
    /// It ended before the window begins.
    is_anchor: bool,
    /// Where the log begins that is needed.
    start: Lsn,
    /// What no other one of the place stands for.
    pinned: Vec<BackupId>,
}

impl Way {
    /// The first segment of a timeline that is needed on this way; `None`: none is.
    fn floor(&self, timeline: Timeline) -> Option<u64> {
        let on_way = timeline == self.history.of || self.history.forks.iter().any(|fork| fork.from == timeline);
        let start = self.needs.iter().map(|need| need.start).min();
        match start.filter(|_| on_way) {
            Some(start) => match timeline.cmp(&self.history.timeline_at(start)) {
                std::cmp::Ordering::Less => None,
                std::cmp::Ordering::Equal => Some(self.size.segment_of(timeline, start).number),
                std::cmp::Ordering::Greater => Some(0),
            },
            // The next base backup may be what it is waiting for.
            None if on_way && self.is_newest => Some(0),
            None => self.young.filter(|_| timeline == self.history.of),
        }
    }
}

struct Ways {
    /// The window begins then.
    since: Timestamp,
    all: Vec<Way>,
}

impl Ways {
    fn find(log: &Log, bases: &[Base], keep: Option<Duration>, now: Timestamp) -> Result<Self, Why> {
        let bases: Vec<&Base> = bases.iter().filter(|base| base.system == log.system).collect();
        let since = match keep {
            Some(keep) => since(log, &bases, keep, now),
            None => bases.iter().any(|base| base.good).then(|| bases.iter().map(|base| base.at).min()).flatten(),
        };
        let since = since.ok_or(Why::NoBase)?;
        let edge = since.checked_sub(DOUBT).unwrap_or(Timestamp::MIN);
        let known = log.archive.spans().iter().map(|span| span.timeline).chain(log.archive.histories().map(|history| history.of));
        let timelines: BTreeSet<Timeline> = known.chain(bases.iter().map(|base| base.timeline)).collect();
        let newest = timelines.last().copied();
        let mut all = Vec::new();
        for timeline in timelines {
            let history = match log.archive.history(timeline) {
                Some(history) => history.clone(),
                None if timeline.0.get() == 1 => History::root(timeline),
                None => return Err(Why::NoHistory(timeline)),
            };
            let own = log.times.range(Segment { timeline, number: 0 }..).take_while(|(segment, _)| segment.timeline == timeline);
            let young: Vec<u64> = own.filter(|(_, at)| **at > edge).map(|(segment, _)| segment.number).collect();
            let is_newest = newest == Some(timeline);
            let copied = bases.iter().any(|base| base.timeline == timeline && base.at > edge);
            // What was not written on in the window is needed only by what forked from it.
            if is_newest || !young.is_empty() || copied {
                let needs = needs(log, &bases, &history, keep.map(|_| edge));
                let left = log.left(timeline);
                let young = young.into_iter().find(|number| left.is_none_or(|left| *number > left));
                all.push(Way { history, size: log.archive.size(), is_newest, needs, young });
            }
        }
        Ok(Self { since, all })
    }

    fn why(&self, keep: Option<Duration>) -> Why {
        if self.all.iter().any(|way| way.is_newest && way.needs.is_empty()) {
            return Why::NoBase;
        }
        let needs = self.all.iter().flat_map(|way| &way.needs);
        let Some(Need { first, is_anchor, .. }) = needs.min_by_key(|need| (need.at, need.first)) else { return Why::NoBase };
        let (since, first) = (self.since, *first);
        match (keep, is_anchor) {
            (None, _) => Why::Oldest { first },
            (Some(_), true) => Why::Window { since, first },
            (Some(_), false) => Why::Young { since, first },
        }
    }
}

/// When a window of this length begins; `None`: there is no good base backup, or nothing is archived.
fn since(log: &Log, bases: &[&Base], keep: Duration, now: Timestamp) -> Option<Timestamp> {
    let newest = bases.iter().filter(|base| base.good).map(|base| base.at).max()?;
    let end = newest.min(*log.times.values().max()?).min(now);
    let length = SignedDuration::from_secs(i64::try_from(keep.as_secs()).unwrap_or(i64::MAX));
    Some(end.checked_sub(length).unwrap_or(Timestamp::MIN))
}

/// What is needed on the way to a timeline of a window that begins at `edge`, or however far back it goes.
fn needs(log: &Log, bases: &[&Base], history: &History, edge: Option<Timestamp>) -> Vec<Need> {
    let on_way: Vec<&Base> = bases.iter().copied().filter(|base| base.leads_to(history)).collect();
    let shelves: BTreeSet<usize> = on_way.iter().filter(|base| base.good).map(|base| base.shelf).collect();
    let need = |shelf: usize| {
        let here = || on_way.iter().copied().filter(move |base| base.shelf == shelf);
        let before = |base: &&Base| base.good && edge.is_some_and(|edge| ended(log, base) <= edge);
        let anchor = here().filter(before).max_by_key(|base| (base.at, std::cmp::Reverse(base.start)));
        let from = anchor.map(|anchor| anchor.at);
        // By clocks that were wrong, one that ended later may begin earlier.
        let counts = || here().filter(move |base| from.is_none_or(|from| base.at >= from));
        let first = anchor.or_else(|| counts().min_by_key(|base| (base.at, base.id)))?;
        let start = counts().map(|base| base.start).min()?;
        let pinned = anchor.map(|anchor| anchor.id).into_iter().chain(irreplaceable(log, history, counts())).collect();
        Some(Need { first: first.id, at: first.at, is_anchor: anchor.is_some(), start, pinned })
    };
    shelves.into_iter().filter_map(need).collect()
}

/// The first good one, and each to which the log does not lead from the one before.
fn irreplaceable<'a>(log: &Log, history: &History, bases: impl Iterator<Item = &'a Base>) -> Vec<BackupId> {
    let mut good: Vec<&Base> = bases.filter(|base| base.good).collect();
    good.sort_by_key(|base| (base.last(), base.id));
    let (mut pinned, mut reached) = (Vec::new(), 0);
    for base in good {
        let after = log.after(history, base);
        if reached < after {
            pinned.push(base.id);
            reached = (after..).find(|number| !log.holds_on(history, *number)).unwrap_or(after);
        }
    }
    pinned
}

/// When a base backup had ended for certain, by both clocks: the segment in which it did was archived after that.
fn ended(log: &Log, base: &Base) -> Timestamp {
    let last = log.archive.size().segment_of(base.timeline, base.last());
    let after = log.times.range(last..).next().filter(|(segment, _)| segment.timeline == base.timeline);
    after.map_or(base.at, |(_, at)| base.at.max(*at))
}

/// What can be come back to, any moment of it, on the way to what the cluster is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reachable {
    /// When the backup ended with which it begins.
    pub from: Timestamp,
    /// When the last segment was archived that can be replayed; when that backup ended, where there is none.
    pub to: Timestamp,
}

/// The moments up to the end of the newest timeline that can be come back to without a hole among them.
pub fn reachable(log: &Log, bases: &[Base]) -> Option<Reachable> {
    let root = Timeline::new(1).map(History::root)?;
    let history = log.archive.histories().max_by_key(|history| history.of).unwrap_or(&root);
    let mut on_way: Vec<&Base> = bases.iter().filter(|base| base.system == log.system && base.good).collect();
    on_way.retain(|base| base.leads_to(history));
    on_way.sort_by_key(|base| std::cmp::Reverse((base.last(), base.id)));
    let newest = on_way.first()?;
    let after = |base: &Base| log.after(history, base);
    let mut low = after(newest);
    let end = (low..).find(|number| !log.holds_on(history, *number)).unwrap_or(low);
    let mut from = newest.at;
    for base in &on_way {
        while low > after(base) && log.holds_on(history, low - 1) {
            low -= 1;
        }
        if low > after(base) {
            break;
        }
        from = from.min(base.at);
    }
    let last = log.on(history, end - 1);
    let to = log.times.get(&last).filter(|_| end > after(newest)).map_or(newest.at, |at| newest.at.max(*at));
    Some(Reachable { from, to })
}
