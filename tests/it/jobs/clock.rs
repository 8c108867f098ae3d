//! Moments are told by one clock, the policy's, and it is said which.

use super::{home, manifests};
use crate::binary::Ran;

#[test]
fn what_is_listed_planned_and_scheduled_is_told_by_the_policys_clock() {
    let home = home();
    home.policy(&super::POLICY.replace("UTC", "Pacific/Kiritimati"));
    let zone = bdr::units::cadence::Zone::parse("Pacific/Kiritimati").unwrap();
    // By that clock it is 2 o'clock fourteen hours before it is in UTC.
    let scheduled = |day: u32| {
        let mut command = home.command(&["backup", "docs", "--scheduled"]);
        Ran::of(&command.env("BDR_NOW", format!("2026-03-{day:02}T13:00:00Z")).output().unwrap()).ends(0)
    };
    scheduled(1);
    scheduled(2);
    scheduled(3);
    let again = scheduled(3);
    assert!(again.stderr.contains("the run of 2026-03-04 02:00 Pacific/Kiritimati is done"), "{again:#?}");

    let at = manifests(&home).into_iter().map(|(_, manifest)| manifest.snapshot).min().unwrap();
    let clock = zone.0.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string();
    let kept = zone.0.to_datetime(at + jiff::SignedDuration::from_hours(7 * 24)).date().to_string();
    let listed = home.run(&["list"]).ends(0).stdout;
    assert!(listed.contains(&clock) && listed.contains("(times: Pacific/Kiritimati)"), "{listed}");
    let planned = home.run(&["plan"]).ends(0).stdout;
    assert!(planned.contains(&format!("oldest to restore stays {clock}; 2 stay (times: Pacific/Kiritimati)")), "{planned}");
    let pruned = home.run(&["prune", "--dry-run"]).ends(0).stdout;
    assert!(pruned.contains(&format!("until {kept}")), "{kept}: {pruned}");
}
