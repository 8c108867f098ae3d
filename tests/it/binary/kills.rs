//! Killed at any moment, the next run converges, nothing foreign is touched, and no lease stays.

use super::moments::{Moments, tries};
use super::{Home, contents};

/// A policy that differs by the dice: store modes, schedules, protections, schedulers.
fn policy(random: &mut fastrand::Rng) -> String {
    let mode = ["'0700'", "'0750'"][random.usize(0..2)];
    let hour = random.u8(0..24);
    let mut protections = String::new();
    for name in ["a", "b", "c"] {
        if name == "a" || random.bool() {
            let store = ["disk", "other"][random.usize(0..2)];
            protections.push_str(&format!("      {name}: {{ file_backup: {{}}, schedule: '5 {hour} * * *', store: {store} }}\n"));
        }
    }
    let scheduler = ["systemd: { directory: '@/units' }", "cron: { file: '@/cron/table' }"][random.usize(0..2)];
    format!(
        "version: 1\nname: notes\nstores:\n  disk: {{ folder: {{ path: '@/disk', mode: {mode} }} }}\n  other: {{ folder: {{ path: '@/other' }} }}\n\
         components:\n  docs:\n    files: {{ paths: ['@/docs'] }}\n    protect:\n{protections}    retain: {{ daily: {{ for: 7d }} }}\nscheduler: {{ {scheduler} }}\n"
    )
}

/// A new policy every few kills, a new home every few policies.
const POLICIES: usize = 3;

#[test]
fn whenever_it_is_killed_the_next_run_makes_it_good() {
    let mut moments = Moments::new();
    let (mut left, seed) = (tries(150), moments.seed);
    while left > 0 {
        let home = Home::new();
        for folder in ["units", "cron", "disk"] {
            std::fs::create_dir_all(home.path(folder)).unwrap();
        }
        std::fs::write(home.path("units/theirs.timer"), "[Timer]\nOnCalendar=daily\n").unwrap();
        std::fs::write(home.path("cron/table"), "# theirs\n1 2 3 4 5 root true\n").unwrap();
        std::fs::write(home.path("disk/theirs"), "x").unwrap();
        let apply = ["apply", "--auto-approve", "--lease-ttl", "3"];
        for _ in 0..POLICIES {
            home.policy(&policy(&mut moments.random));
            for _ in 0..moments.random.u8(2..6) {
                moments.kill(home.command(&apply));
                left = left.saturating_sub(1);
                if moments.random.u8(0..6) == 0 {
                    std::fs::remove_file(home.path("units/bdr-notes.docs.a.timer")).ok();
                }
            }
            let ran = moments.left_alone(|| agreed(&home, &apply));
            assert_eq!(ran.code, Some(0), "seed {seed}: {ran:#?}");
            let plan = home.run(&["plan", "--detailed-exitcode"]);
            assert_eq!(plan.code, Some(0), "seed {seed}: {plan:#?}");
            // Wherever an earlier policy or a killed run wrote, one scheduler's files are left.
            let units = std::fs::read_dir(home.path("units"))
                .unwrap()
                .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("bdr-"));
            assert!(units.count() == 0 || !home.text("cron/table").contains("bdr begin"), "seed {seed}: both schedule");
        }
        untouched(&home, seed);
        home.run(&["verify", "docs", "--read-data=all"]).ends(0);
    }
    moments.told();
}

/// An apply to its end; where a policy drops more than half of what the one before had, that is agreed to.
fn agreed(home: &Home, apply: &[&str]) -> super::Ran {
    let ran = home.run(apply);
    let asked = ran.stderr.split_once("say so with --remove=").map(|(_, rest)| rest.trim_end().trim_end_matches('.').to_owned());
    match asked {
        Some(number) => home.run(&[apply, &["--remove", &number]].concat()),
        None => ran,
    }
}

/// What is not bdr's is as it was, and nothing of bdr's stays half done.
fn untouched(home: &Home, seed: u64) {
    // Where the last kill hit the very end, the lease of the dead process stands until somebody wants it.
    home.run(&["unlock", "--break"]).ends(0);
    let unlock = home.run(&["unlock"]);
    assert!(unlock.stderr.contains("Nobody holds"), "seed {seed}: {unlock:#?}");
    assert_eq!(home.text("units/theirs.timer"), "[Timer]\nOnCalendar=daily\n", "seed {seed}");
    assert!(home.text("cron/table").starts_with("# theirs\n1 2 3 4 5 root true\n"), "seed {seed}: {}", home.text("cron/table"));
    assert_eq!(home.text("disk/theirs"), "x", "seed {seed}");
    // A draft under its own hidden name may stay until the same unit is written again; nothing reads it.
    let draft = |name: &str| name.starts_with(".bdr-bdr-notes.docs.") && name.ends_with(".tmp");
    let known = |name: &str| name == "theirs.timer" || name.starts_with("bdr-notes.docs.") || draft(name);
    let units = contents(&home.path("units")).into_keys().map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    assert_eq!(units.filter(|name| !known(name)).collect::<Vec<_>>(), Vec::<String>::new(), "seed {seed}: half-written");
}
