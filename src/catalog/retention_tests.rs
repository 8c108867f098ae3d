//! What retention must never do, whatever the clock, the zone and the missed runs.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::address::{BackupId, TierName};
use crate::catalog::facts::BackupFacts;
use crate::catalog::retention::{Reason, decide};
use crate::diag::Spanned;
use crate::policy::{Tier, Tiers};
use crate::units::cadence::{Period, Zone};
use crate::units::duration::Duration;
use crate::units::storage_class::StorageClass;

fn tier(name: &str, every: Period, days: u64, class: StorageClass) -> (TierName, Tier) {
    let name = TierName::new(name).expect("name");
    let keep = Duration::from_secs(days * 86_400);
    let tier = Tier {
        name: Spanned::bare(name.clone()),
        every: Spanned::bare(every),
        keep: Spanned::bare(keep),
        class: Spanned::bare(class),
        span: None,
    };
    (name, tier)
}

fn tiers() -> Tiers {
    Tiers::from_iter([
        tier("daily", Period::Day, 7, StorageClass::Standard),
        tier("weekly", Period::Week, 30, StorageClass::StandardIa),
        tier("monthly", Period::Month, 365, StorageClass::Glacier),
    ])
}

fn at(hours: i64) -> Timestamp {
    let epoch: Timestamp = "2026-01-01T00:00:00Z".parse().expect("time");
    epoch + SignedDuration::from_hours(hours)
}

/// One backup as a few numbers: hours since the last one, what it is, and which one before it it refers to.
type Made = (i64, u8, bool, bool, usize);

fn facts(made: &[Made]) -> Vec<BackupFacts> {
    let mut hours = 0;
    let mut all: Vec<BackupFacts> = Vec::new();
    for (number, (gap, kind, suspect, verified, back)) in made.iter().enumerate() {
        hours += gap;
        let parent = all.len().checked_sub(1 + back % 5).and_then(|at| all.get(at));
        let needs = match parent {
            Some(parent) if kind % 2 == 1 => parent.needs.iter().copied().chain([parent.id]).collect(),
            _ => Vec::new(),
        };
        let names = ["daily", "weekly", "monthly"].iter().take(usize::from(kind % 4));
        all.push(BackupFacts {
            id: BackupId::new(at(hours), u32::try_from(number).expect("small")),
            at: at(hours),
            tiers: names.map(|name| TierName::new(name).expect("name")).collect(),
            by_hand: *kind == 4,
            class: if *kind > 6 { StorageClass::Glacier } else { StorageClass::Standard },
            full: needs.is_empty(),
            suspect: *suspect,
            damaged: kind % 2 == 0 && back % 4 == 3,
            needs,
            verified: verified.then(|| at(hours)),
            stored: 1,
            took: 1,
            pinned: false,
        });
    }
    all
}

fn kept(backups: &[BackupFacts], zone: &Zone, now: Timestamp) -> BTreeSet<BackupId> {
    decide(backups, &tiers(), zone, now).into_iter().filter(|one| one.keep).map(|one| one.id).collect()
}

fn made() -> impl Strategy<Value = Vec<Made>> {
    prop::collection::vec((0_i64..400, 0_u8..8, prop::bool::weighted(0.2), prop::bool::weighted(0.2), 0_usize..5), 0..60)
}

fn zones() -> impl Strategy<Value = Zone> {
    prop::sample::select(vec!["UTC", "Europe/Stockholm", "Australia/Lord_Howe", "Pacific/Apia"])
        .prop_map(|name| Zone::parse(name).expect("zone"))
}

proptest! {
    #[test]
    fn the_last_good_one_the_last_verified_one_and_needed_ones_stay(made in made(), zone in zones(), now in -200_i64..20_000) {
        let (backups, now) = (facts(&made), at(now));
        let kept = kept(&backups, &zone, now);
        let present = || backups.iter().filter(|backup| backup.at <= now).rev();
        let last = |wanted: &dyn Fn(&&BackupFacts) -> bool| present().find(wanted).map(|backup| backup.at);
        let stays = |at: Option<Timestamp>| at.is_none_or(|at| backups.iter().any(|b| b.at == at && kept.contains(&b.id)));
        prop_assert!(stays(last(&|b| b.is_good())));
        prop_assert!(stays(last(&|b| b.is_good() && b.verified.is_some())));
        prop_assert!(stays(last(&|b| b.is_good() && b.class.is_immediate())));
        for backup in backups.iter().filter(|backup| kept.contains(&backup.id)) {
            prop_assert!(backup.needs.iter().all(|needed| kept.contains(needed)), "{}", backup.id);
        }
    }

    #[test]
    fn one_made_by_hand_that_is_not_good_stays_until_a_newer_one_is(made in made(), zone in zones(), now in -200_i64..20_000) {
        let (backups, now) = (facts(&made), at(now));
        let kept = kept(&backups, &zone, now);
        let good_since = |than: &BackupFacts| backups.iter().any(|b| b.is_good() && (b.at, b.id) > (than.at, than.id) && b.at <= now);
        for backup in backups.iter().filter(|b| b.by_hand && b.at <= now && !b.is_good() && !good_since(b)) {
            prop_assert!(kept.contains(&backup.id), "{}", backup.id);
        }
        let newest = backups.iter().filter(|b| b.at <= now).max_by_key(|b| (b.at, b.id));
        prop_assert!(newest.is_none_or(|newest| kept.contains(&newest.id)), "the newest one stays, good or not");
    }

    #[test]
    fn what_is_said_to_be_newer_is_newer(made in made(), zone in zones(), now in -200_i64..20_000) {
        let (backups, now) = (facts(&made), at(now));
        let of = |id: BackupId| backups.iter().find(|backup| backup.id == id).expect("decided about");
        for decision in decide(&backups, &tiers(), &zone, now).iter().filter(|one| !one.keep) {
            for reason in &decision.reasons {
                let Reason::Superseded { by } = reason else { continue };
                let (one, newer) = (of(decision.id), of(*by));
                prop_assert!((newer.at, newer.id) > (one.at, one.id), "{} is not newer than {}", newer.id, one.id);
                prop_assert!(kept(&backups, &zone, now).contains(by), "{} goes too", newer.id);
            }
        }
    }

    #[test]
    fn every_decision_has_a_reason_and_a_second_prune_finds_nothing(made in made(), zone in zones(), now in -200_i64..20_000) {
        let (backups, now) = (facts(&made), at(now));
        prop_assert!(decide(&backups, &tiers(), &zone, now).iter().all(|one| !one.reasons.is_empty()));
        let kept_once = kept(&backups, &zone, now);
        let left: Vec<BackupFacts> = backups.into_iter().filter(|backup| kept_once.contains(&backup.id)).collect();
        prop_assert_eq!(kept(&left, &zone, now), kept_once);
    }

    #[test]
    fn a_clock_that_is_wrong_deletes_nothing_more(made in made(), zone in zones(), back in 0_i64..5_000, years in 0_i64..900) {
        let backups = facts(&made);
        let newest = backups.iter().map(|backup| backup.at).max().unwrap_or(at(0));
        let honest = kept(&backups, &zone, newest);
        let ahead = newest + SignedDuration::from_hours(years * 8_766);
        prop_assert_eq!(&kept(&backups, &zone, ahead), &honest, "no backup grows old while no new one succeeds");
        let behind = kept(&backups, &zone, newest - SignedDuration::from_hours(back));
        let recent: BTreeSet<BackupId> =
            backups.iter().filter(|b| b.at > newest - SignedDuration::from_hours(back)).map(|b| b.id).collect();
        prop_assert!(recent.is_subset(&behind), "what is from after now stays");
    }
}

#[test]
fn each_tier_keeps_the_first_of_its_periods_and_says_so() {
    let zone = Zone::parse("Europe/Stockholm").expect("zone");
    let daily: Vec<Made> = (0..60).map(|_| (24, 2, false, false, 0)).collect();
    let decisions = decide(&facts(&daily), &tiers(), &zone, at(60 * 24));
    let by = |name: &str| {
        let named = |reason: &Reason| matches!(reason, Reason::Tier { tier, .. } if tier.as_str() == name);
        decisions.iter().filter(|one| one.keep && one.reasons.iter().any(named)).count()
    };
    // Sixty days end on 2 March: seven days, the weeks that began in the last thirty days, and the months since January.
    assert_eq!((by("daily"), by("weekly"), by("monthly")), (7, 5, 3));
    assert_eq!(decisions.last().map(|one| one.keep), Some(true));
}

#[test]
fn without_tiers_everything_stays() {
    let backups = facts(&[(1, 0, false, false, 0), (1, 0, true, false, 0)]);
    let decisions = decide(&backups, &Tiers::new_vec(), &Zone::utc(), at(100_000));
    assert!(decisions.iter().all(|one| one.keep && one.reasons == [Reason::Unlimited]));
}

#[test]
fn what_was_made_by_hand_stays_as_long_as_the_shortest_tier_keeps_one() {
    // A daily one, two made by hand on the same day, and a daily one on each of nine days after.
    let mut days: Vec<Made> = vec![(2, 1, false, false, 0), (6, 4, false, false, 0), (1, 4, true, false, 0)];
    days.extend((0..9).map(|_| (24, 1, false, false, 0)));
    let backups: Vec<BackupFacts> =
        facts(&days).into_iter().map(|backup| BackupFacts { needs: Vec::new(), full: true, ..backup }).collect();
    for (id, what) in [(backups[1].id, "good"), (backups[2].id, "suspect")] {
        let decided = |newest: usize| {
            let decisions = decide(&backups[..=newest], &tiers(), &Zone::utc(), at(10_000));
            decisions.into_iter().find(|one| one.id == id).expect("decided")
        };
        let young = decided(8);
        assert!(
            young.keep && matches!(&young.reasons[..], [Reason::ByHand { tier, .. }] if tier.as_str() == "daily"),
            "{what}: {young:?}"
        );
        let old = decided(11);
        assert!(!old.keep && old.reasons.iter().any(|one| matches!(one, Reason::ByHandEnded { .. })), "{what}: {old:?}");
    }
}

#[test]
fn the_newest_one_made_by_hand_stays_though_it_is_suspect_or_damaged() {
    // A good daily one, and nine hours later one made by hand that is not good; then daily ones that are not good either.
    let mut days: Vec<Made> = vec![(2, 1, false, false, 0), (9, 4, false, false, 0)];
    days.extend((0..20).map(|_| (24, 1, true, false, 0)));
    for is_damaged in [false, true] {
        let mut backups = facts(&days);
        let by_hand = &mut backups[1];
        (by_hand.damaged, by_hand.suspect) = (is_damaged, !is_damaged);
        let id = by_hand.id;
        for newest in [1, 21] {
            let decisions = decide(&backups[..=newest], &tiers(), &Zone::utc(), at(10_000));
            let decided = decisions.iter().find(|one| one.id == id).expect("decided");
            assert!(decided.keep && decided.reasons == [Reason::NoneGoodSince], "{decided:?}");
        }
    }
}

#[test]
fn of_those_that_no_tier_asked_for_the_newest_stays_though_it_is_not_good() {
    let hours: Vec<Made> = vec![(2, 1, false, false, 0), (1, 0, true, false, 0), (1, 0, true, false, 0)];
    let backups = facts(&hours);
    let decisions = decide(&backups, &tiers(), &Zone::utc(), at(10));
    assert_eq!(decisions[1].reasons, [Reason::Superseded { by: backups[2].id }], "the good one is older");
    assert!(!decisions[1].keep && decisions[2].keep && decisions[2].reasons == [Reason::Last], "{decisions:?}");
}
