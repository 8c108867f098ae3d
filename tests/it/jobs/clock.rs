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

/// A backup is made some seconds after its minute has begun, and `list` shows the minute.
#[test]
fn the_moment_that_list_shows_restores_the_backup_that_it_shows() {
    let home = home();
    let at = |now: &str, arguments: &[&str]| Ran::of(&home.command(arguments).env("BDR_NOW", now).output().unwrap());
    for (day, text) in [("04", "older"), ("05", "newer")] {
        std::fs::write(home.path("docs/which"), text).unwrap();
        at(&format!("2026-10-{day}T03:30:05Z"), &["backup", "docs"]).ends(0);
    }
    let now = "2026-10-06T12:00:00Z";
    let listed = at(now, &["list"]).ends(0).stdout;
    assert!(listed.contains("2026-10-05 03:30"), "{listed}");
    for (number, (moment, text)) in [
        ("2026-10-05 03:30", "newer"),
        ("2026-10-05 03:29", "older"),
        ("2026-10-05 03:30:04", "older"),
        ("2026-10-05", "newer"),
        ("2026-10-04", "older"),
    ]
    .into_iter()
    .enumerate()
    {
        let to = format!("back{number}");
        at(now, &["restore", "docs", "--at", moment, "--to", &to]).ends(0);
        assert_eq!(home.text(&format!("{to}/which")), text, "{moment}");
    }
}
