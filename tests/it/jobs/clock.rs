//! Moments are told by one clock, the policy's, and it is said which.

use super::{home, manifests};
use crate::binary::Ran;

#[test]
fn what_is_listed_planned_and_scheduled_is_told_by_the_policys_clock() {
    let home = home();
    home.policy(&super::POLICY.replace("UTC", "Pacific/Kiritimati").replace("{}", "{ full: daily }"));
    let zone = bdr::units::cadence::Zone::parse("Pacific/Kiritimati").unwrap();
    // By that clock it is 2 o'clock fourteen hours before it is in UTC.
    let at = |day: u32, arguments: &[&str]| {
        Ran::of(&home.command(arguments).env("BDR_NOW", format!("2026-03-{day:02}T13:00:00Z")).output().unwrap()).ends(0)
    };
    let scheduled = |day| at(day, &["backup", "docs", "--scheduled"]);
    scheduled(1);
    scheduled(2);
    scheduled(3);
    let again = scheduled(3);
    assert!(again.stderr.contains("the run of 2026-03-04 02:00 Pacific/Kiritimati is done"), "{again:#?}");

    let mut made: Vec<_> = manifests(&home).into_iter().map(|(_, manifest)| manifest.snapshot).collect();
    made.sort_unstable();
    let clock = |at: usize| zone.0.to_datetime(made[at]).strftime("%Y-%m-%d %H:%M").to_string();
    let kept = zone.0.to_datetime(made[2] + jiff::SignedDuration::from_hours(7 * 24)).date().to_string();
    let listed = at(3, &["list"]).stdout;
    assert!(listed.contains(&clock(0)) && listed.contains("(times: Pacific/Kiritimati)"), "{listed}");
    // On the tenth by that clock the first and the second are older than their tier keeps them.
    scheduled(9);
    let planned = at(9, &["plan"]).stdout;
    let moves = format!("oldest to restore: {} → {}; 2 stay", clock(0), clock(2));
    assert!(planned.contains(&moves) && planned.contains("(times: Pacific/Kiritimati)"), "{planned}");
    let pruned = at(9, &["prune", "--dry-run"]).stdout;
    assert!(pruned.contains(&format!("until {kept}")), "{kept}: {pruned}");
}
