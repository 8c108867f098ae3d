//! The calendar against `systemd-analyze calendar`, which knows nothing of ours: random schedules, zones with odd clock changes.

use std::collections::BTreeSet;
use std::process::Command;

use bdr::units::cadence::{Cadence, Schedule, Semantics, Zone};
use jiff::Timestamp;

/// Zones, each with moments shortly before something odd.
const CASES: [(&str, &[&str]); 8] = [
    ("Europe/Stockholm", &["2026-03-27T12:00:00Z", "2026-10-23T12:00:00Z", "2027-12-30T00:00:00Z"]),
    ("Australia/Lord_Howe", &["2026-04-03T00:00:00Z", "2026-10-02T00:00:00Z"]),
    ("Pacific/Apia", &["2011-12-28T00:00:00Z", "2026-01-01T00:00:00Z"]),
    ("Africa/Cairo", &["2026-04-22T00:00:00Z", "2026-10-28T00:00:00Z"]),
    ("America/Sao_Paulo", &["2018-11-02T00:00:00Z", "2018-02-16T00:00:00Z", "2026-02-27T00:00:00Z"]),
    ("America/New_York", &["2026-03-06T00:00:00Z", "2026-10-30T00:00:00Z"]),
    ("Asia/Kolkata", &["2026-06-01T00:00:00Z"]),
    ("UTC", &["2028-02-27T00:00:00Z", "2026-10-24T00:00:00Z"]),
];
const ITERATIONS: usize = 40;

/// A random field: often any, sometimes a number, a list, a range or a step.
fn field(random: &mut fastrand::Rng, low: u8, high: u8, any: f64) -> String {
    if random.f64() < any {
        return "*".into();
    }
    let number = |random: &mut fastrand::Rng| random.u8(low..=high);
    match random.u8(0..4) {
        0 => number(random).to_string(),
        1 => format!("{},{}", number(random), number(random)),
        2 => {
            let (a, b) = (number(random), number(random));
            format!("{}-{}", a.min(b), a.max(b))
        }
        _ => format!("*/{}", random.u8(1..=high.min(20))),
    }
}

fn schedule(random: &mut fastrand::Rng) -> Schedule {
    loop {
        let text = match random.u8(0..10) {
            0 => format!("every {}m", random.choice([1, 5, 10, 15, 45, 90, 240, 360, 1440]).expect("not empty")),
            1 => {
                (*random.choice(["hourly", "daily", "weekly", "monthly", "quarterly", "annually"]).expect("not empty")).to_owned()
            }
            // The hours about a clock change.
            2 | 3 => format!("{} {} * * *", random.u8(0..60), random.u8(0..4)),
            _ => format!(
                "{} {} {} {} {}",
                field(random, 0, 59, 0.1),
                field(random, 0, 23, 0.3),
                field(random, 1, 31, 0.6),
                field(random, 1, 12, 0.7),
                field(random, 0, 7, 0.6)
            ),
        };
        if let Ok(schedule) = Schedule::parse(&text) {
            return schedule.spread(&text);
        }
    }
}

/// What systemd says of each expression, in one process.
fn oracle(base: Timestamp, expressions: &[String]) -> Vec<Vec<Timestamp>> {
    let output = Command::new("systemd-analyze")
        .env_clear()
        .env("TZ", "UTC")
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .args(["calendar", &format!("--iterations={ITERATIONS}")])
        .arg(format!("--base-time={}", base.strftime("%Y-%m-%d %H:%M:%S UTC")))
        .args(expressions)
        .output()
        .expect("systemd-analyze runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut found: Vec<Vec<Timestamp>> = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("Normalized form:") {
            found.push(Vec::new());
        } else if let Some((_, time)) = line
            .split_once(": ")
            .filter(|(key, _)| key.starts_with("Next elapse") || key.starts_with("Iter."))
            .filter(|(_, time)| *time != "never")
        {
            let (_, time) = time.trim().split_once(' ').expect("a weekday first");
            let time = format!("{}Z", time.trim_end_matches(" UTC").replace(' ', "T"));
            found.last_mut().expect("an expression first").push(time.parse().expect("a time"));
        }
    }
    assert_eq!(found.len(), expressions.len(), "{text}");
    found
}

/// The moments that both sides know of, and those that only one knows.
fn compare(cadence: &Cadence, zone: &Zone, base: Timestamp, theirs: &[Vec<Timestamp>]) -> Result<usize, String> {
    // Up to where each of the lines was followed; a line that ended (never) ends nothing.
    let until = theirs.iter().filter(|line| line.len() == ITERATIONS).filter_map(|line| line.last()).min().copied();
    let until = until.unwrap_or_else(|| base + jiff::SignedDuration::from_hours(24 * 366 * 5));
    let theirs: BTreeSet<Timestamp> = theirs.iter().flatten().copied().filter(|time| *time < until).collect();
    let runs = cadence.runs(zone, Semantics::Systemd);
    let ours: BTreeSet<Timestamp> = runs.between(base + jiff::SignedDuration::from_secs(1), until).collect();
    if ours == theirs {
        return Ok(ours.len());
    }
    let show = |set: Vec<&Timestamp>| set.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let ours_only = show(ours.difference(&theirs).take(5).collect());
    let theirs_only = show(theirs.difference(&ours).take(5).collect());
    Err(format!(
        "`{cadence}` in {zone} as {:?}: ours only [{ours_only}], systemd only [{theirs_only}]",
        cadence.to_on_calendar(zone)
    ))
}

#[test]
fn our_moments_are_those_of_systemd() {
    if !super::tools::have("systemd-analyze") {
        return;
    }
    let seed = fastrand::u64(..);
    let mut random = fastrand::Rng::with_seed(seed);
    let mut compared = 0;
    for (zone, bases) in CASES {
        let zone = Zone::parse(zone).expect("zone");
        for base in bases {
            let base: Timestamp = base.parse().expect("time");
            let schedules: Vec<Schedule> = (0..14).map(|_| schedule(&mut random)).collect();
            let lines: Vec<Vec<String>> = schedules.iter().map(|s| s.cadence.to_on_calendar(&zone)).collect();
            let mut answers = oracle(base, &lines.concat()).into_iter();
            for (schedule, lines) in schedules.iter().zip(&lines) {
                let theirs: Vec<_> = answers.by_ref().take(lines.len()).collect();
                match compare(&schedule.cadence, &zone, base, &theirs) {
                    Ok(count) => compared += count,
                    Err(difference) => panic!("seed {seed}, from {base}, `{}`: {difference}", schedule.text),
                }
            }
        }
    }
    assert!(compared > 1_000, "hardly anything was compared: {compared}");
}
