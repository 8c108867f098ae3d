//! What the retention of a log must never do, whatever the clocks, the timelines and what was lost.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::address::BackupId;
use crate::catalog::log_retention::{Base, Log, Why, decide, pins, reachable};
use crate::units::duration::Duration;
use crate::wal::{self, Fork, History, Lsn, Segment, SegmentSize, Timeline};

const SYSTEM: u64 = 7;

fn at(minutes: i64) -> Timestamp {
    let epoch: Timestamp = "2026-01-01T00:00:00Z".parse().expect("time");
    epoch + SignedDuration::from_mins(minutes)
}

fn timeline(number: u32) -> Timeline {
    Timeline::new(number).expect("not 0")
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

fn position(number: u64) -> Lsn {
    Lsn(number * SegmentSize::default().bytes() + 0x158)
}

/// What happens to a cluster, an hour or more at a time.
#[derive(Debug, Clone)]
enum Step {
    /// A segment an hour, each archived so many minutes after it was full.
    Writes { hours: u64, lag: i64 },
    /// Hours in which nothing is archived.
    Rests { hours: i64 },
    /// A base backup, by a clock that is off by so many minutes.
    Copies { shelf: usize, off: i64, good: bool, other: bool },
    /// A promotion, or a recovery to a moment so many segments before.
    Promotes { back: u64 },
    /// A segment so many before is lost.
    Loses { back: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..8u64, 0..50i64).prop_map(|(hours, lag)| Step::Writes { hours, lag }),
        1 => (1..30i64).prop_map(|hours| Step::Rests { hours }),
        4 => (0..2usize, -60..60i64, prop::bool::weighted(0.85), prop::bool::weighted(0.05))
            .prop_map(|(shelf, off, good, other)| Step::Copies { shelf, off, good, other }),
        1 => (0..6u64).prop_map(|back| Step::Promotes { back }),
        1 => (0..20u64).prop_map(|back| Step::Loses { back }),
    ]
}

/// A cluster as it was in truth, and what is known of it.
#[derive(Debug, Clone, Default)]
struct World {
    minute: i64,
    number: u64,
    histories: BTreeMap<u32, History>,
    newest: u32,
    /// When each segment was archived; when it was full.
    segments: BTreeMap<Segment, (i64, i64)>,
    /// With the minute at which each ended in truth.
    bases: Vec<(Base, i64)>,
}

impl World {
    fn of(steps: &[Step]) -> Self {
        let first = History::root(timeline(1));
        let mut world = Self { number: 1, newest: 1, histories: BTreeMap::from([(1, first)]), ..Self::default() };
        steps.iter().for_each(|step| world.goes_on(step));
        world
    }

    fn now(&self) -> Segment {
        Segment { timeline: timeline(self.newest), number: self.number }
    }

    fn goes_on(&mut self, step: &Step) {
        match *step {
            Step::Writes { hours, lag } => {
                for _ in 0..hours {
                    self.minute += 60;
                    self.segments.insert(self.now(), (self.minute + lag, self.minute));
                    self.number += 1;
                }
            }
            Step::Rests { hours } => self.minute += hours * 60,
            Step::Copies { shelf, off, good, other } => {
                let start = position(self.number);
                self.goes_on(&Step::Writes { hours: 1, lag: 0 });
                // Within the segment that is archived next.
                self.minute += 30;
                let number = u32::try_from(self.bases.len()).expect("few");
                let base = Base {
                    id: BackupId::new(at(self.minute), number),
                    shelf,
                    system: if other { SYSTEM + 1 } else { SYSTEM },
                    timeline: timeline(self.newest),
                    start,
                    stop: position(self.number),
                    at: at(self.minute + off),
                    good,
                };
                self.bases.push((base, self.minute));
                self.goes_on(&Step::Writes { hours: 1, lag: 0 });
            }
            Step::Promotes { back } => {
                let from = self.histories[&self.newest].clone();
                let begin = SegmentSize::default().segment_of(from.of, from.begin()).number;
                self.number = self.number.saturating_sub(back).max(begin + 1);
                self.newest += 1;
                let forks = from.forks.into_iter().chain([Fork { from: from.of, at: position(self.number) }]).collect();
                self.histories.insert(self.newest, History { of: timeline(self.newest), forks });
            }
            Step::Loses { back } => {
                let number = self.number.saturating_sub(1 + back);
                self.segments.remove(&Segment { number, ..self.now() });
            }
        }
    }

    fn log(&self, stays: impl Fn(&Segment) -> bool) -> Log {
        let segments = self.segments.iter().filter(|(segment, _)| stays(segment));
        let times: BTreeMap<Segment, Timestamp> = segments.map(|(segment, (archived, _))| (*segment, at(*archived))).collect();
        let histories = self.histories.values().filter(|history| !history.forks.is_empty()).cloned();
        Log { system: SYSTEM, archive: wal::Archive::new(SegmentSize::default(), times.keys().copied(), histories), times }
    }

    fn bases(&self) -> Vec<Base> {
        self.bases.iter().map(|(base, _)| base.clone()).collect()
    }

    /// Whether the end of a segment on the way to a timeline can be come back to.
    fn restorable(&self, (log, bases): (&Log, &[Base]), history: &History, number: u64) -> bool {
        let size = SegmentSize::default();
        let on = |number: u64| history.timeline_at(Lsn(size.end(Segment { timeline: history.of, number }).0 - 1));
        let full = self.segments.get(&Segment { timeline: on(number), number }).map(|(_, full)| *full);
        let leads = |base: &Base| {
            let last = Lsn(base.stop.0 - 1);
            let own = [base.start, last].map(|at| size.segment_of(base.timeline, at).number);
            let ended = self.bases.iter().find(|(one, _)| one.id == base.id).map(|(_, ended)| *ended);
            let there = |number: u64| {
                let carried = on(number) == base.timeline && (own[0]..=own[1]).contains(&number);
                carried || log.archive.holds(Segment { timeline: on(number), number })
            };
            base.good
                && base.system == SYSTEM
                && [base.start, last].iter().all(|at| history.timeline_at(*at) == base.timeline)
                && full.is_some_and(|full| ended.is_some_and(|ended| ended <= full))
                && (own[0]..=number).all(there)
        };
        bases.iter().any(leads)
    }

    /// The moments of the last so many minutes that can be come back to: each the end of a segment, on the way to a timeline.
    fn moments(&self, held: (&Log, &[Base]), since: i64) -> Vec<(u32, u64)> {
        let mut all = Vec::new();
        for history in self.histories.values() {
            let own = self.segments.iter().filter(|(segment, _)| segment.timeline == history.of);
            for (segment, (_, full)) in own {
                if *full >= since && self.restorable(held, history, segment.number) {
                    all.push((history.of.0.get(), segment.number));
                }
            }
        }
        all
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Tiers keep whichever they like of the backups, but for the newest good one of each place and those that are pinned.
    #[test]
    fn every_moment_of_the_window_that_could_be_restored_still_can(
        steps in proptest::collection::vec(step(), 1..60), keep in 1..200u64, off in -60..60i64, tiers: u64
    ) {
        let world = World::of(&steps);
        let (log, bases, now) = (world.log(|_| true), world.bases(), at(world.minute + off));
        let pinned = pins(&log, &bases, hours(keep), now);
        let newest = |base: &Base| {
            let same = bases.iter().filter(|other| other.shelf == base.shelf && other.good && other.system == SYSTEM);
            same.max_by_key(|other| (other.at, other.id)).is_some_and(|newest| newest.id == base.id)
        };
        let stays = |(number, base): &(usize, &Base)| pinned.contains(&base.id) || newest(base) || tiers >> (number % 64) & 1 == 1;
        let kept: Vec<Base> = bases.iter().enumerate().filter(stays).map(|(_, base)| base.clone()).collect();
        let decided = decide(&log, &kept, Some(hours(keep)), now);
        let after = world.log(|segment| decided.stays(*segment));
        let since = world.minute - i64::try_from(keep).expect("small") * 60;
        let before = world.moments((&log, &bases), since);
        prop_assert_eq!(before, world.moments((&after, &kept), since), "{:?}", decided);
        // Nothing that stays has a hole that was not there before.
        let mut holes = after.archive.holes();
        holes.retain(|hole| decided.floors.get(&hole.timeline).is_none_or(|floor| hole.last >= *floor));
        prop_assert!(holes.iter().all(|hole| log.archive.holes().contains(hole)), "{:?}", holes);
        // And there is nothing more to do.
        let again = decide(&after, &kept, Some(hours(keep)), now);
        prop_assert!(after.archive.segments().all(|segment| again.stays(segment)), "{:?}", again);
    }

    #[test]
    fn the_longer_the_window_the_more_stays(
        steps in proptest::collection::vec(step(), 1..60), keep in 1..200u64, more in 0..200u64, off in -3000..3000i64
    ) {
        let world = World::of(&steps);
        let (log, bases, now) = (world.log(|_| true), world.bases(), at(world.minute + off));
        let [short, long] = [keep, keep + more].map(|keep| decide(&log, &bases, Some(hours(keep)), now));
        prop_assert!(log.archive.segments().all(|segment| long.stays(segment) || !short.stays(segment)));
        let [short, long] = [keep, keep + more].map(|keep| pins(&log, &bases, hours(keep), now));
        prop_assert!(short.is_subset(&long) || log.archive.holes().is_empty() || !short.is_empty());
    }

    /// Without a window everything that some backup that stays could be rolled forward by stays.
    #[test]
    fn without_a_window_every_moment_stays(steps in proptest::collection::vec(step(), 1..60), off in -3000..3000i64) {
        let world = World::of(&steps);
        let (log, bases, now) = (world.log(|_| true), world.bases(), at(world.minute + off));
        let decided = decide(&log, &bases, None, now);
        let after = world.log(|segment| decided.stays(*segment));
        prop_assert_eq!(world.moments((&log, &bases), 0), world.moments((&after, &bases), 0), "{:?}", decided);
    }

    /// A clock that is ahead by years, here or there, takes nothing that a right one would not.
    #[test]
    fn a_clock_that_is_ahead_removes_nothing(steps in proptest::collection::vec(step(), 1..60), keep in 1..200u64, ahead in 0..9_000_000i64) {
        let world = World::of(&steps);
        let (log, bases) = (world.log(|_| true), world.bases());
        let [right, wrong] = [0, ahead].map(|off| decide(&log, &bases, Some(hours(keep)), at(world.minute + 60 + off)));
        prop_assert_eq!(right.floors, wrong.floors);
    }
}

/// A base backup every so many hours, a segment an hour.
fn steady(steps: &[Step]) -> (World, Log, Vec<Base>, Timestamp) {
    let world = World::of(steps);
    let (log, bases, now) = (world.log(|_| true), world.bases(), at(world.minute));
    (world, log, bases, now)
}

fn copy(shelf: usize) -> Step {
    Step::Copies { shelf, off: 0, good: true, other: false }
}

fn write(hours: u64) -> Step {
    Step::Writes { hours, lag: 0 }
}

#[test]
fn the_log_begins_with_the_newest_backup_from_before_the_window() {
    let (_, log, bases, now) = steady(&[write(3), copy(0), write(20), copy(0), write(20), copy(0), write(20)]);
    // It ends with the third, and the second had ended 22.5 hours before.
    let decided = decide(&log, &bases, Some(hours(20)), now);
    let Why::Window { first, .. } = decided.why else { panic!("{decided:?}") };
    assert_eq!(first, bases[1].id);
    assert_eq!(
        decided.floors,
        BTreeMap::from([(timeline(1), SegmentSize::default().segment_of(timeline(1), bases[1].start).number)])
    );
    assert_eq!(pins(&log, &bases, hours(20), now).into_iter().collect::<Vec<_>>(), [bases[1].id]);
    // None is as old as that: the oldest begins, and stays whatever the tiers say.
    let decided = decide(&log, &bases, Some(hours(300)), now);
    assert!(matches!(decided.why, Why::Young { first, .. } if first == bases[0].id), "{decided:?}");
    assert!(pins(&log, &bases, hours(300), now).contains(&bases[0].id));
    assert!(matches!(decide(&log, &bases, None, now).why, Why::Oldest { first } if first == bases[0].id));
}

#[test]
fn one_that_nothing_can_be_restored_from_does_not_count() {
    let (_, log, mut bases, now) = steady(&[copy(0), write(20), copy(0), write(20), copy(0), write(40)]);
    assert!(matches!(decide(&log, &bases, Some(hours(10)), now).why, Why::Window { first, .. } if first == bases[1].id));
    bases[2].good = false;
    assert!(matches!(decide(&log, &bases, Some(hours(10)), now).why, Why::Window { first, .. } if first == bases[0].id));
    bases.iter_mut().for_each(|base| base.good = false);
    let decided = decide(&log, &bases, Some(hours(1)), now);
    assert_eq!((decided.why, decided.floors), (Why::NoBase, BTreeMap::new()));
}

#[test]
fn each_place_of_backups_can_do_without_the_others() {
    let (_, log, bases, now) = steady(&[write(2), copy(1), write(30), copy(0), write(50)]);
    let decided = decide(&log, &bases, Some(hours(20)), now);
    assert!(matches!(decided.why, Why::Window { first, .. } if first == bases[0].id), "{decided:?}");
    assert_eq!(pins(&log, &bases, hours(20), now).len(), 2);
}

#[test]
fn a_timeline_that_was_left_long_ago_goes_and_its_history_is_asked_for() {
    let steps = [copy(0), write(5), Step::Promotes { back: 2 }, copy(0), write(50), copy(0), write(5)];
    let (world, mut log, bases, now) = steady(&steps);
    let decided = decide(&log, &bases, Some(hours(20)), now);
    assert!(log.archive.segments().all(|segment| decided.stays(segment) == (segment.timeline == timeline(2))), "{decided:?}");
    let left = decide(&log, &bases, Some(hours(60)), now);
    assert!(log.archive.segments().all(|segment| left.stays(segment)), "it was written on in the window: {left:?}");
    log.archive = wal::Archive::new(SegmentSize::default(), world.segments.keys().copied(), []);
    assert_eq!(decide(&log, &bases, Some(hours(20)), now).why, Why::NoHistory(timeline(2)));
}

#[test]
fn a_cluster_that_took_over_and_has_no_backup_yet_keeps_all_that_leads_to_it() {
    let (_, log, bases, now) = steady(&[write(5), copy(0), write(50), Step::Promotes { back: 53 }, write(40)]);
    let decided = decide(&log, &bases, Some(hours(1)), now);
    assert_eq!((decided.why.clone(), decided.floors), (Why::NoBase, BTreeMap::new()));
}

#[test]
fn what_can_be_come_back_to_ends_at_a_hole_and_begins_with_the_next_backup() {
    let (_, log, bases, _) = steady(&[copy(0), write(20), copy(0), write(20)]);
    let window = reachable(&log, &bases).expect("a window");
    assert_eq!((window.from, Some(window.to)), (bases[0].at, log.times.values().max().copied()));
    let (_, log, bases, _) = steady(&[copy(0), write(20), Step::Loses { back: 3 }, copy(0), write(20)]);
    assert_eq!(reachable(&log, &bases).map(|window| window.from), Some(bases[1].at));
    assert_eq!(reachable(&log, &[]), None);
    // What the window promises is there once the rest went.
    let decided = decide(&log, &bases, Some(hours(2)), at(9_000));
    assert!(reachable(&log.staying(&decided), &bases).is_some());
}
