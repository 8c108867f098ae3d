//! What assess derives from small policies, held as figures.

use super::{Assessment, Facts, Measured, Verdict, assess};
use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::diag::Sources;
use crate::policy::{Disruption, Policy, load_unresolved};

fn policy(stores: &str, component: &str) -> Policy {
    let text = format!(
        "version: 1\nname: t\ntimezone: Europe/Stockholm\nstores:\n{stores}\ncomponents:\n  docs:\n    files: {{ paths: [/srv/docs] }}\n    retain: {{ daily: {{ for: 7d }} }}\n{component}\nscheduler: {{ systemd: {{}} }}\n"
    );
    let mut sources = Sources::new();
    sources.add("t.yaml", text.as_str());
    let loaded = load_unresolved(sources);
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    loaded.policy.expect("a policy")
}

fn facts() -> Facts {
    Facts::at("2026-11-24T00:00:00Z".parse().expect("a time"))
}

fn worst(assessment: &Assessment, disruption: Disruption) -> (Option<u64>, Verdict, Option<String>) {
    let cell = assessment.cells.iter().find(|cell| cell.disruption == disruption).expect("a cell");
    (cell.rpo.seconds(), cell.rpo.verdict(), cell.by.as_ref().map(|(_, store)| store.to_string()))
}

const FOLDER: &str = "  here: { folder: { path: /var/backups/t } }";
const NORTH: &str = "  north: { s3: { bucket: t-north, region: eu-north-1 }, versioning: true }";
const WEST: &str = "  west: { s3: { bucket: t-west, region: eu-west-1 } }";
/// 10 GiB at 50 MiB/s, and the second of the timer's accuracy.
const OVERHEAD: u64 = 205 + 1;

#[test]
fn a_folder_on_the_same_host_survives_a_crash_only() {
    let policy = policy(
        FOLDER,
        "    objectives: { rpo: 2h, rto: 1h }\n    protect: { often: { file_backup: {}, schedule: every 30m, store: here } }",
    );
    let assessment = assess(&policy, &facts());
    let half_hour = Some(1_800 + OVERHEAD);
    assert_eq!(worst(&assessment, Disruption::Process), (half_hour, Verdict::Met, Some("here".into())));
    assert_eq!(worst(&assessment, Disruption::Host), (None, Verdict::Broken, None));
    assert_eq!(worst(&assessment, Disruption::Corruption), (None, Verdict::Broken, None));
    assert_eq!(worst(&assessment, Disruption::Region), (None, Verdict::Unstated, None));
    assert_eq!(assessment.count(Verdict::Broken), 4, "RPO and RTO of both");
}

#[test]
fn a_lost_region_leaves_the_worse_of_two_and_nothing_of_one() {
    let objectives = "    objectives: { region: { rpo: 1d } }\n";
    let one =
        policy(NORTH, &format!("{objectives}    protect: {{ p: {{ file_backup: {{}}, schedule: every 1h, store: north }} }}"));
    assert_eq!(worst(&assess(&one, &facts()), Disruption::Region), (None, Verdict::Broken, None));
    let protect = "    protect:\n      fast: { file_backup: {}, schedule: every 1h, store: north }\n      slow: { file_backup: {}, schedule: every 6h, store: west }";
    let two = policy(&format!("{NORTH}\n{WEST}"), &format!("{objectives}{protect}"));
    let assessment = assess(&two, &facts());
    assert_eq!(worst(&assessment, Disruption::Region), (Some(21_600 + OVERHEAD), Verdict::Met, Some("west".into())));
    assert_eq!(worst(&assessment, Disruption::Host).0, Some(3_600 + OVERHEAD));
}

#[test]
fn versions_are_what_corruption_leaves() {
    let protect = "    objectives: { corruption: { rpo: 2h } }\n    protect: { p: { file_backup: {}, schedule: every 1h, stores: [west, north] } }";
    let both = policy(&format!("{NORTH}\n{WEST}"), protect);
    assert_eq!(worst(&assess(&both, &facts()), Disruption::Corruption).2, Some("north".into()));
    let cell = assess(&both, &facts()).cells.into_iter().find(|cell| cell.disruption == Disruption::Corruption).expect("a cell");
    assert!(cell.lost.iter().any(|why| why.contains("`west` keeps no versions")), "{:?}", cell.lost);
}

#[test]
fn only_a_lock_that_nobody_ends_outlives_a_compromised_account() {
    let protect =
        "    objectives: { account: { rpo: 2h } }\n    protect: { p: { file_backup: {}, schedule: every 1h, store: north } }";
    let account = |mode: &str| {
        let lock = format!("versioning: true, immutability: {{ mode: {mode}, for: 7d }} }}");
        let assessment = assess(&policy(&NORTH.replace("versioning: true }", &lock), protect), &facts());
        worst(&assessment, Disruption::Account)
    };
    assert_eq!(account("compliance"), (Some(3_600 + OVERHEAD), Verdict::Met, Some("north".into())));
    assert_eq!(account("governance"), (None, Verdict::Broken, None));
}

/// Whoever has taken over the account waits for the end of the lock.
#[test]
fn what_a_lock_keeps_it_keeps_as_long_as_it_lasts() {
    let protect = "    objectives: { account: { rpo: 2h } }\n    protect: { p: { file_backup: {}, schedule: every 1h, stores: [north, west] } }";
    let kept = |north: &str, west: &str| {
        let with = |store: &str, more: &str| format!("{}, {more} }}", store.strip_suffix(" }").expect("a store"));
        let stores = format!("{}\n{}", with(NORTH, north), with(WEST, west));
        let cells = assess(&policy(&stores, protect), &facts()).cells;
        let cell = cells.into_iter().find(|cell| cell.disruption == Disruption::Account).expect("a cell");
        (cell.kept_for.map(|time| time.to_string()), cell.by.map(|(_, store)| store.to_string()))
    };
    let lock = |time: &str| format!("immutability: {{ mode: compliance, for: {time} }}");
    assert_eq!(kept(&lock("1d"), "versioning: true"), (Some("1d".into()), Some("north".into())));
    // The tier keeps it for 7 days, and it is locked no longer.
    assert_eq!(kept(&lock("30d"), "versioning: true"), (Some("7d".into()), Some("north".into())));
    // Of two that are worth the same, the one that is kept longer.
    assert_eq!(kept(&lock("1d"), &format!("versioning: true, {}", lock("5d"))), (Some("5d".into()), Some("west".into())));
    // Who may not remove it has nothing to wait for.
    let parted = "access: { write: [arn:aws:iam::111122223333:role/w], delete: [arn:aws:iam::111122223333:role/d], configure: [arn:aws:iam::111122223333:role/c] }";
    assert_eq!(kept(&format!("{}, {parted}", lock("1d")), "versioning: true"), (None, Some("north".into())));
}

#[test]
fn the_hour_that_a_clock_change_takes_is_in_the_bound() {
    let policy = policy(
        NORTH,
        "    protect: { nightly: { file_backup: {}, schedule: \"30 2 * * *\", store: north } }\n    objectives: { rpo: 2d }",
    );
    // systemd does not run 02:30 on the spring day at all: 47 hours from the day before to the day after.
    assert_eq!(worst(&assess(&policy, &facts()), Disruption::Host).0, Some(47 * 3_600 + OVERHEAD));
}

#[test]
fn measured_runs_replace_what_is_assumed() {
    let policy =
        policy(NORTH, "    protect: { p: { file_backup: {}, schedule: every 1h, store: north } }\n    objectives: { rpo: 2h }");
    let mut facts = facts();
    let key = (ComponentName::new("docs").expect("name"), ProtectionName::new("p").expect("name"));
    facts.measured.insert(key, Measured { samples: 3, bytes: 1 << 30, longest_seconds: 40 });
    assert_eq!(worst(&assess(&policy, &facts), Disruption::Host).0, Some(3_600 + 40 + 1));
}

#[test]
fn what_does_not_run_has_no_bound() {
    let policy = policy(NORTH, "    protect: { p: { file_backup: {}, store: north } }\n    objectives: { rpo: 1y }");
    assert_eq!(worst(&assess(&policy, &facts()), Disruption::Host), (None, Verdict::Broken, Some("north".into())));
    let mut nothing_live = facts();
    nothing_live.live = Some(std::collections::BTreeMap::new());
    assert_eq!(worst(&assess(&policy, &nothing_live), Disruption::Host), (None, Verdict::Broken, None));
}

#[test]
fn two_names_of_one_place_are_one_copy() {
    let again = "  west: { s3: { bucket: t-north, region: eu-west-1 }, versioning: true }";
    let other = "  west: { s3: { bucket: t-north, region: eu-west-1, prefix: b/ }, versioning: true }";
    let protect = "    protect: { p: { file_backup: {}, schedule: every 1h, stores: [north, west] } }\n    objectives: { region: { rpo: 2h } }";
    for stores in [format!("{NORTH}\n{again}"), format!("{NORTH}\n{other}")] {
        let assessment = assess(&policy(&stores, protect), &facts());
        assert_eq!(worst(&assessment, Disruption::Region), (None, Verdict::Broken, None), "{stores}");
    }
    let here = "  again: { folder: { path: /var/backups/./t/ } }";
    let protect =
        "    protect: { p: { file_backup: {}, schedule: every 1h, stores: [again, here] } }\n    objectives: { rpo: 2h }";
    let both = policy(&format!("{FOLDER}\n{here}"), protect);
    let host = assess(&both, &facts()).cells.into_iter().find(|cell| cell.disruption == Disruption::Host).expect("a cell");
    assert_eq!(host.lost.len(), 1, "counted once: {:?}", host.lost);
}

#[test]
fn a_copy_that_was_looked_for_and_not_found_promises_nothing() {
    let policy = policy(
        &format!("{FOLDER}\n{NORTH}"),
        "    objectives: { rpo: 2h }\n    protect: { often: { file_backup: {}, schedule: every 30m, stores: [here, north] } }",
    );
    let missing = |stores: &[&str]| {
        let names = |store: &&str| {
            let (component, protection) =
                (ComponentName::new("docs").expect("name"), ProtectionName::new("often").expect("name"));
            (component, protection, StoreName::new(store).expect("name"))
        };
        let facts = Facts { without_backup: stores.iter().map(names).collect(), ..facts() };
        worst(&assess(&policy, &facts), Disruption::Process)
    };
    let half_hour = Some(1_800 + OVERHEAD);
    assert_eq!(missing(&[]).0, half_hour);
    assert_eq!(missing(&["here"]), (half_hour, Verdict::Met, Some("north".into())));
    assert_eq!(missing(&["here", "north"]), (None, Verdict::Broken, None));
}

#[test]
fn a_class_delays_nothing_in_a_folder_and_the_copy_that_is_back_first_counts() {
    let text = |stores: &str| {
        format!(
            "    objectives: {{ rpo: 2h, rto: 1h }}\n    protect: {{ p: {{ file_backup: {{}}, schedule: every 1h, stores: {stores} }} }}"
        )
    };
    let archived = |stores: &str| {
        let mut declared = policy(&format!("{FOLDER}\n{NORTH}"), &text(stores));
        let tiers = declared.components.values_mut().flat_map(|component| component.retain.iter_mut());
        tiers.for_each(|(_, tier)| tier.class.value = crate::units::storage_class::StorageClass::DeepArchive);
        let assessment = assess(&declared, &facts());
        [Disruption::Process, Disruption::Host].map(|disruption| {
            let cell = assessment.cells.iter().find(|cell| cell.disruption == disruption).expect("a cell");
            (cell.rto.verdict(), cell.rto.seconds())
        })
    };
    assert_eq!(archived("[here]"), [(Verdict::Met, Some(205)), (Verdict::Broken, None)]);
    assert_eq!(archived("[north, here]"), [(Verdict::Met, Some(205)), (Verdict::Broken, Some(12 * 3_600 + 205))]);
}

fn replicated(more: &str, far: &str) -> String {
    format!(
        "  north: {{ s3: {{ bucket: t-north, region: eu-north-1, account: 111122223333 }}, versioning: true, replicate: {{ to: far{more} }} }}\n  \
         far: {{ s3: {{ bucket: t-far, region: eu-west-1{far} }}, versioning: true }}"
    )
}

#[test]
fn a_replica_is_behind_by_what_s3_promises_and_survives_where_it_lies() {
    let protect = "    objectives: { region: { rpo: 2h }, account: { rpo: 2h } }\n    protect: { p: { file_backup: {}, schedule: every 1h, store: north } }";
    let found = |more: &str, far: &str| {
        let assessment = assess(&policy(&replicated(more, far), protect), &facts());
        [Disruption::Region, Disruption::Account].map(|disruption| worst(&assessment, disruption))
    };
    let (by, lost) = (|seconds| (seconds, Verdict::Met, Some("far".to_owned())), (None, Verdict::Broken, None));
    let timed = by(Some(3_600 + 900 + OVERHEAD));
    assert_eq!(found(", within: 15m", ""), [timed.clone(), lost.clone()]);
    assert_eq!(found(", within: 15m", ", account: 444455556666"), [timed.clone(), timed]);
    let unbounded = (None, Verdict::Broken, Some("far".to_owned()));
    assert_eq!(found("", ""), [unbounded, lost.clone()]);
    // Of another component, or of objects that bdr never writes.
    assert_eq!(found(", within: 15m, tags: { a: b }", ""), [lost.clone(), lost]);
}

#[test]
fn whoever_writes_to_the_destination_has_its_credentials() {
    let protect = "    objectives: { account: { rpo: 2h } }\n    protect:\n      p: { file_backup: {}, schedule: every 1h, store: north }\n      \
                   q: { file_backup: {}, schedule: every 1h, store: far }";
    let both = policy(&replicated(", within: 15m", ", account: 444455556666"), protect);
    assert_eq!(worst(&assess(&both, &facts()), Disruption::Account), (None, Verdict::Broken, None));
}

#[test]
fn a_bucket_of_the_application_outlives_its_host_and_its_replica_the_region() {
    let found = |entry: &str, there: &str| {
        let text = format!(
            "version: 1\nname: t\nstores:\n  far: {{ s3: {{ bucket: t-far, region: eu-west-1{there} }}, versioning: true }}\ncomponents:\n  files:\n    \
             object_storage: {{ bucket: t-files, region: eu-north-1, account: 111122223333 }}\n    objectives: {{ rpo: 30m, region: {{ rpo: 30m }}, \
             account: {{ rpo: 30m }} }}\n    protect: {{ copy: {{ replication: {{ to: far{entry} }} }} }}\n"
        );
        let mut sources = Sources::new();
        sources.add("t.yaml", text.as_str());
        let loaded = load_unresolved(sources);
        assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
        // Also as the live system stands, of which no schedule tells anything.
        let mut facts = facts();
        facts.live = Some(std::collections::BTreeMap::new());
        let assessment = assess(&loaded.policy.expect("a policy"), &facts);
        Disruption::ALL.map(|disruption| (worst(&assessment, disruption).0, worst(&assessment, disruption).1))
    };
    let (itself, lost, unbounded) = ((Some(0), Verdict::Met), (None, Verdict::Broken), (None, Verdict::Broken));
    let quarter = (Some(900), Verdict::Met);
    // Process, host, corruption, region, account.
    assert_eq!(found(", within: 15m", ""), [itself, itself, itself, quarter, lost]);
    assert_eq!(found(", within: 15m", ", account: 444455556666"), [itself, itself, itself, quarter, quarter]);
    assert_eq!(found("", ""), [itself, itself, itself, unbounded, lost]);
    assert_eq!(found(", within: 15m, prefix: a/", ""), [itself, itself, itself, lost, lost]);
}
