//! The disk of a store that is not mounted: said first, never planned as new, and never written to unless a person says so.

use std::path::Path;
use std::process::Command;

use crate::binary::{Home, POLICY, Ran, contents};

/// A policy that was applied, with a backup.
fn applied(policy: &str) -> Home {
    let home = Home::new();
    home.policy(&policy.replace("    protect:", "    objectives: { process: { rpo: 2d } }\n    protect:"));
    home.run(&["apply", "--auto-approve"]).ends(0);
    let plan = home.run(&["plan", "--detailed-exitcode"]).ends(0).stdout;
    assert!(!plan.contains("BROKEN"), "{plan}");
    home
}

/// Words without the breaks of lines.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The disk goes away: a folder is gone with it, or its empty mount point is left.
fn unmount(home: &Home, store: &str, leaves_a_mount_point: bool) {
    std::fs::rename(home.path(store), home.path("disk-in-a-drawer")).unwrap();
    if leaves_a_mount_point {
        std::fs::create_dir(home.path(store)).unwrap();
    }
}

/// `store` is a store whose folder has its name.
fn is_refused(home: &Home, store: &str, why: &str) {
    let plan = home.run(&["plan", "--detailed-exitcode"]).ends(2);
    let told = flat(&plan.stdout);
    assert!(told.contains(&format!("! store {store}: its folder")) && told.contains("is the disk mounted?"), "{plan:#?}");
    assert!(told.contains(why) && told.contains(&format!("--new-folder {store}")), "{why}: {plan:#?}");
    assert!(plan.stdout.find("is the disk mounted?") < plan.stdout.find("needs a person"), "in words first: {plan:#?}");
    assert!(!told.contains("first backup"), "{plan:#?}");
    let drift = home.run(&["drift"]).ends(2);
    assert!(drift.stdout.contains("is the disk mounted?"), "{drift:#?}");
    let last =
        plan.stdout.lines().skip_while(|line| !line.starts_with("Nothing of this can be carried out: ")).collect::<Vec<_>>();
    assert!(
        !last.is_empty() && flat(&last.join(" ")).contains("of ") && flat(&last.join(" ")).contains("needs a person: "),
        "{plan:#?}"
    );
    let failed = home.run(&["plan", "--out", "refused.json"]).ends(1);
    assert!(failed.stderr.contains("nothing of this plan can be carried out") && failed.stdout == plan.stdout, "{failed:#?}");
    assert!(home.text("refused.json").contains("\"applyable\": false"), "{}", home.text("refused.json"));
    let line = home.run(&["plan", "--summary"]).ends(1).stdout;
    assert!(line.contains("; nothing can be carried out"), "{line}");
    let markdown = home.run(&["plan", "--format", "markdown"]).ends(1).stdout;
    assert!(markdown.contains("**Nothing of this can be carried out**: "), "{markdown}");
    assert!(markdown.contains("> [!CAUTION]\n> **store") && markdown.contains("is the disk mounted?"), "{markdown}");
    let (there, before) = (home.path(store).exists(), contents(&home.path(store)));
    let ran = home.run(&["apply", "--auto-approve"]).ends(1);
    assert!(ran.stderr.contains("nothing of this plan can be carried out"), "{ran:#?}");
    home.run(&["backup", "docs", "--store", store]).ends(1);
    home.run(&["backup", "docs", "--store", store, "--scheduled"]).ends(1);
    assert_eq!((home.path(store).exists(), contents(&home.path(store))), (there, before), "something was written");
}

fn is_made_where_it_is_meant(home: &Home, store: &str) {
    let wrong = home.run(&["plan", "--new-folder", "dsk"]).ends(64);
    assert!(wrong.stderr.contains("no folder store `dsk`"), "{wrong:#?}");
    let plan = home.run(&["plan", "--new-folder", store]).ends(0);
    assert!(!plan.stdout.contains("is the disk mounted?") && plan.stdout.contains("first backup"), "{plan:#?}");
    assert!(plan.stderr.contains(&format!("bdr apply --new-folder {store}")), "{plan:#?}");
    home.run(&["apply", "--auto-approve", "--new-folder", store]).ends(0);
    home.run(&["plan", "--detailed-exitcode"]).ends(0);
}

#[test]
fn the_only_store_is_gone_and_its_timer_says_that_it_stood() {
    for mount_point in [false, true] {
        let home = applied(&POLICY.replace("/backups", "/disk"));
        unmount(&home, "disk", mount_point);
        is_refused(&home, "disk", "component.docs/systemd_service");
        let plan = home.run(&["plan"]).ends(1).stdout;
        assert!(plan.contains("no bound") && plan.contains("BROKEN"), "an objective is counted as met: {plan}");
        std::fs::remove_dir(home.path("disk")).ok();
        std::fs::rename(home.path("disk-in-a-drawer"), home.path("disk")).unwrap();
        home.run(&["plan", "--detailed-exitcode"]).ends(0);
    }
}

/// What `destroy` let go of still holds its backups: they are read, and that the place carries no mark is said.
#[test]
fn a_released_folder_is_read_and_said_to_carry_no_mark() {
    let home = applied(POLICY);
    home.run(&["destroy", "--confirm", "notes"]).ends(0);
    let marks = home.path("backups/.bdr/policies");
    assert!(std::fs::read_dir(&marks).is_ok_and(|mut files| files.next().is_none()), "it is not released");
    for arguments in [&["list"][..], &["verify"], &["restore", "docs", "--to", "back"]] {
        let ran = home.run(arguments).ends(0);
        assert_eq!(ran.stderr.matches("does not carry its mark").count(), 1, "{arguments:?} {ran:#?}");
    }
    assert_eq!(home.text("back/a.txt"), "a");
    let plan = flat(&home.run(&["plan"]).stdout);
    assert!(!plan.contains("first backup"), "there is one: {plan}");
    assert!(!plan.contains("~ folder bdr.yaml:4 changed outside bdr"), "it was bdr that let go of it: {plan}");
    for arguments in [&["prune", "--yes"][..], &["backup", "docs"]] {
        home.run(arguments).ends(1);
    }
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert!(!home.run(&["list"]).ends(0).stderr.contains("mark"));
}

/// A folder that another policy set up: whose it is is told first, and its mode is not changed.
#[test]
fn a_folder_of_another_policy_is_told_as_that() {
    let home = applied(POLICY);
    let name = POLICY.lines().find(|line| line.starts_with("name: ")).unwrap();
    let whose = name.trim_start_matches("name: ");
    let another = POLICY.replace(name, "name: another");
    home.policy(&another);
    for command in ["plan", "drift"] {
        let told = flat(&home.run(&[command]).stdout);
        assert!(told.contains(&format!("it carries the mark of policy `{whose}` and not this one's")), "{told}");
    }
    let place = POLICY.lines().find(|line| line.contains("folder: { path:")).unwrap();
    home.policy(&another.replace(place, &place.replace("folder: { path: ", "folder: { mode: '0750', path: ")));
    let refused = flat(&home.run(&["plan"]).stdout);
    assert!(refused.contains(&format!("the folder is policy `{whose}`'s and has mode 0700")), "{refused}");
    assert!(refused.contains("needs a person"), "{refused}");
    home.policy(&another);
    home.run(&["apply", "--auto-approve"]).ends(0);
    let plan = flat(&home.run(&["plan", "--detailed-exitcode"]).ends(0).stdout);
    assert!(
        plan.contains(&format!("the folder carries the mark of `{whose}` too")) && !plan.contains("not this one's"),
        "{plan}"
    );
}

/// A mount point that is left behind looks like a store that holds nothing: whatever reads says that it read nothing there.
#[test]
fn an_empty_mount_point_is_a_store_that_was_not_read() {
    let home = applied(&POLICY.replace("/backups", "/disk"));
    for mount_point in [false, true] {
        unmount(&home, "disk", mount_point);
        for arguments in [&["list"][..], &["verify"], &["prune", "--yes"], &["restore", "docs", "--to", "back"]] {
            let ran = home.run(arguments).ends(1);
            let told = [" `disk`", "mounted", "bdr apply"].iter().all(|words| ran.stderr.contains(words));
            assert!(told && !ran.stdout.contains("no backup"), "{arguments:?} {ran:#?}");
            assert!(!mount_point || ran.stderr.contains("its mark is missing"), "{arguments:?} {ran:#?}");
        }
        let listed = home.run(&["list", "--format", "json"]).ends(1).stdout;
        let json: serde_json::Value = serde_json::from_str(&listed).unwrap();
        assert_eq!(json["unread"].as_array().map(Vec::len), Some(1), "{listed}");
        let assessed = home.run(&["assess", "--measured", "--allow-env", "X"]).ends(0);
        assert!(assessed.stderr.contains("nothing measured is known of the backups"), "{assessed:#?}");
        assert!(contents(&home.path("disk")).is_empty(), "something was written");
        std::fs::remove_dir(home.path("disk")).ok();
        std::fs::rename(home.path("disk-in-a-drawer"), home.path("disk")).unwrap();
    }
    home.run(&["list"]).ends(0);
}

#[test]
fn a_restore_from_another_store_says_that_the_one_without_its_disk_was_not_seen() {
    let text = POLICY
        .replace("/backups", "/disk")
        .replace("  disk:", "  vault: { folder: { path: '@/vault' } }\n  disk:")
        .replace("store: disk", "stores: [disk, vault]");
    let home = applied(&text);
    unmount(&home, "disk", true);
    let restored = home.run(&["restore", "docs", "--to", "back"]).ends(0);
    let told = "warning: not everything could be read: store `disk`; a newer backup there is not seen\n  because ";
    assert!(restored.stderr.contains(told) && restored.stderr.contains("its mark is missing"), "{restored:#?}");
    assert_eq!(home.text("back/a.txt"), "a");
}

/// Nothing names the folder but a crontab's entry, which names the component alone.
#[test]
fn a_crontab_says_that_it_stood() {
    let home =
        applied(&POLICY.replace("systemd: { directory: '@/units' }", "cron: { file: '@/cron' }").replace("/backups", "/disk"));
    unmount(&home, "disk", false);
    is_refused(&home, "disk", "`docs/nightly` is scheduled already");
    is_made_where_it_is_meant(&home, "disk");
}

/// The lease in the other store remembers.
#[test]
fn another_store_says_that_it_stood() {
    let text = POLICY
        .replace("  disk:", "  vault: { folder: { path: '@/vault' } }\n  disk:")
        .replace("store: disk", "stores: [disk, vault]");
    let text = text.replace("systemd: { directory: '@/units' }", "cron: { file: '@/cron' }");
    let home = applied(&text.replace("/backups", "/disk"));
    unmount(&home, "disk", true);
    is_refused(&home, "disk", "an earlier apply set it up at");
    let plan = home.run(&["plan"]).ends(1).stdout;
    assert!(!plan.contains("BROKEN"), "the other store keeps the objective: {plan}");
    // What else is to be done is done, under the lease of the store that is there.
    home.policy(&text.replace("/backups", "/disk").replace("path: '@/vault'", "path: '@/vault', mode: '0750'"));
    let ran = home.run(&["apply", "--auto-approve"]).ends(3);
    assert!(contents(&home.path("disk")).is_empty() && ran.stdout.contains("its folder"), "{ran:#?}");
    is_made_where_it_is_meant(&home, "disk");
}

/// A store that a policy takes in is new, whatever runs already: the lease of the other knows nothing of it.
#[test]
fn a_new_store_of_a_protection_that_runs_already_is_new() {
    for scheduler in ["systemd: { directory: '@/units' }", "cron: { file: '@/cron' }"] {
        let text = POLICY.replace("systemd: { directory: '@/units' }", scheduler);
        let home = applied(&text);
        let text = text
            .replace("  disk:", "  attic: { folder: { path: '@/attic' } }\n  disk:")
            .replace("store: disk", "stores: [attic, disk]");
        home.policy(&text);
        let plan = home.run(&["plan"]).ends(0).stdout;
        assert!(!plan.contains("mounted"), "{plan}");
        home.run(&["apply", "--auto-approve"]).ends(0);
        home.run(&["plan", "--detailed-exitcode"]).ends(0);
        assert!(home.path("attic/notes/docs").is_dir());
    }
}

/// Below a mount point of fstab(5) on which nothing is mounted, also where nothing tells that it was ever set up.
#[test]
#[expect(clippy::print_stdout, reason = "why a test did not run is part of its result")]
fn a_mount_point_without_its_disk_takes_no_folder() {
    let home = Home::new();
    home.policy(&POLICY.replace("/backups", "/mnt/backups"));
    std::fs::create_dir(home.path("mnt")).unwrap();
    std::fs::write(home.path("fstab"), format!("UUID=1 {} ext4 noauto 0 2\n", home.path("mnt").display())).unwrap();
    let within = |arguments: &str| {
        let script = format!("mount --bind fstab /etc/fstab && exec {} {arguments}", env!("CARGO_BIN_EXE_bdr"));
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", &script]).current_dir(home.path(""));
        Ran::of(&command.output().unwrap())
    };
    let plan = within("plan");
    if !Path::new("/etc/fstab").exists() || plan.stderr.contains("mount:") || plan.stderr.contains("unshare") {
        println!("skipped: this process may not mount a file over /etc/fstab");
        return;
    }
    let told = flat(&plan.ends(1).stdout);
    assert!(told.contains("a disk that is not mounted: is the disk mounted? /etc/fstab names"), "{told}");
    // Before the lease: all of it waits for a person.
    let ran = within("apply --auto-approve").ends(1);
    assert!(flat(&ran.stderr).contains("all else that is to do waits for that"), "{ran:#?}");
    assert!(!home.path("mnt/backups").exists());
    within("apply --auto-approve --new-folder disk").ends(0);
    let plan = within("plan --detailed-exitcode").ends(0);
    assert!(flat(&plan.stdout).contains("/etc/fstab names"), "it is said as long as it is so: {plan:#?}");
}

/// What was let go of is not missed: the place is remembered no more, whoever was kept away meanwhile.
#[test]
fn a_store_that_was_released_is_set_up_again() {
    let two = POLICY
        .replace("  disk:", "  vault: { folder: { path: '@/vault' } }\n  disk:")
        .replace("store: disk", "stores: [disk, vault]");
    for (text, lease) in [(POLICY, true), (POLICY, false), (&two, true)] {
        let home = applied(text);
        let mut arguments = vec!["destroy", "--confirm", "notes"];
        arguments.extend((!lease).then_some("--no-lease"));
        home.run(&arguments).ends(0);
        if text == two {
            // Nothing says any more that the store stood, so that one that is gone is new.
            std::fs::remove_dir_all(home.path("vault")).unwrap();
        }
        let plan = home.run(&["plan", "--detailed-exitcode"]).ends(2);
        assert!(!plan.stdout.contains("mounted"), "{plan:#?}");
        home.run(&["apply", "--auto-approve"]).ends(0);
        home.run(&["plan", "--detailed-exitcode"]).ends(0);
    }
    // And so it is for one that left the policy, was released, and comes back.
    let home = applied(&two);
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.policy(&two);
    let plan = home.run(&["plan", "--detailed-exitcode"]).ends(2);
    assert!(!plan.stdout.contains("mounted"), "{plan:#?}");
    home.run(&["apply", "--auto-approve"]).ends(0);
}

/// The units tell where a store was, so that one that moves is no disk that is away; what lies there stays and is told.
#[test]
fn a_store_that_moves_to_another_folder_says_from_where() {
    for renamed in [false, true] {
        let home = applied(POLICY);
        let text = POLICY.replace("/backups", "/elsewhere");
        home.policy(&if renamed { text.replace("disk", "vault") } else { text });
        let plan = home.run(&["plan", "--detailed-exitcode"]).ends(2);
        let told = flat(&plan.stdout);
        assert!(!told.contains("is gone") && !told.contains("mounted"), "{plan:#?}");
        let from =
            format!("the store moves here from {}, where its backups go until this is applied", home.path("backups").display());
        assert!(told.contains(&from) && told.contains("nothing reads, lists or removes them"), "{plan:#?}");
        let before = contents(&home.path("backups"));
        home.run(&["apply", "--auto-approve"]).ends(0);
        home.run(&["plan", "--detailed-exitcode"]).ends(0);
        assert_eq!(contents(&home.path("backups")), before, "what lies there stays");
    }
}
