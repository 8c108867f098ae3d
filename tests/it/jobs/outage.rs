//! Stores that do not answer, or may only be read, and stores that hold nothing: what is there is shown all the same.

use std::time::Instant;

use super::home;
use crate::binary::{Home, Ran};
use crate::harness::process::free_port;

/// Three stores: one in a bucket of an endpoint where nobody listens, and two folders.
fn three_stores() -> (Home, u16) {
    let (home, port) = (Home::new(), free_port());
    home.policy(&super::POLICY.replace(
        "  vault: { folder: { path: '@/vault' } }\n",
        &format!(
            "  alpha:\n    s3: {{ bucket: '${{env:BUCKET}}', endpoint: 'http://127.0.0.1:{port}', region: eu-north-1 }}\n  \
             beta: {{ folder: {{ path: '@/beta' }} }}\n  gamma: {{ folder: {{ path: '@/gamma' }} }}\n"
        ),
    ));
    let text = home.text("bdr.yaml").replace("store: vault", "stores: [alpha, beta, gamma]");
    let text = text.replace("    protect:", "    objectives: { host: { rpo: 2d } }\n    protect:");
    std::fs::write(home.path("bdr.yaml"), text).unwrap();
    for store in ["beta", "gamma"] {
        crate::binary::set_up(&home.path(store), "notes");
        run(&home, &["backup", "docs", "--store", store]).ends(0);
    }
    (home, port)
}

fn run(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    command.env("AWS_ACCESS_KEY_ID", "AK").env("AWS_SECRET_ACCESS_KEY", "SK").env("BUCKET", "bucket-of-ada");
    Ran::of(&command.output().unwrap())
}

#[test]
fn a_store_that_is_down_hides_no_other() {
    let (home, port) = three_stores();
    let listed = run(&home, &["list"]).ends(1);
    assert_eq!(listed.stdout.matches("  full").count(), 2, "{listed:#?}");
    let endpoint = format!("127.0.0.1:{port}");
    assert!(listed.stderr.contains("store `alpha`") && listed.stderr.contains(&endpoint), "{listed:#?}");
    assert!(listed.stderr.contains("s3://${env:BUCKET}/"), "{listed:#?}");
    assert!(!listed.stderr.contains("half-written"), "nothing was to be written: {listed:#?}");
    let verified = run(&home, &["verify"]).ends(1);
    assert_eq!(verified.stdout.matches("1 backup, nothing damaged").count(), 2, "{verified:#?}");
    assert!(verified.stderr.contains("store `alpha`"), "{verified:#?}");
    let json: serde_json::Value = serde_json::from_str(&run(&home, &["list", "--format", "json"]).ends(1).stdout).unwrap();
    assert_eq!((json["backups"].as_array().unwrap().len(), json["unread"].as_array().unwrap().len()), (2, 1));
}

#[test]
fn prune_goes_on_past_a_store_that_is_down_and_restore_takes_one_that_answers() {
    let (home, port) = three_stores();
    let (pruned, endpoint) = (run(&home, &["prune", "--yes"]).ends(3), format!("127.0.0.1:{port}"));
    assert_eq!(pruned.stderr.matches("0 backups and 0 leftovers removed").count(), 2, "{pruned:#?}");
    assert!(pruned.stderr.contains("not everything was pruned: store `alpha` failed"), "{pruned:#?}");
    assert!(pruned.stderr.contains(&endpoint) && pruned.stderr.contains("help: "), "{pruned:#?}");
    let begun = Instant::now();
    let restored = run(&home, &["restore", "docs", "--to", "back"]).ends(0);
    assert!(begun.elapsed().as_secs() < 20, "{:?} {restored:#?}", begun.elapsed());
    assert!(restored.stderr.contains("docs/nightly in gamma: full backup"), "the newest that can be seen: {restored:#?}");
    let told = "warning: not everything could be read: store `alpha`; a newer backup there is not seen\n  because ";
    assert!(restored.stderr.contains(told) && restored.stderr.contains(&endpoint), "{restored:#?}");
    assert_eq!(home.text("back/a.txt"), "a");
    let told = run(&home, &["restore", "docs", "--to", "told", "--format", "json"]).ends(0).stdout;
    let first: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!((first["event"].as_str(), first["series"]["store"].as_str()), (Some("store_not_read"), Some("alpha")));
    assert!(first["reason"].as_str().unwrap().contains(&endpoint), "{first}");
    let restored = run(&home, &["restore", "docs", "--store", "alpha", "--to", "other"]).ends(1);
    assert!(restored.stderr.contains("store `alpha`") && !home.path("other").exists(), "{restored:#?}");
}

/// An endpoint that takes connections and never says a word is given up once, and no other request of the command waits for it.
#[test]
fn nobody_waits_long_for_an_endpoint_that_never_answers() {
    let (home, port) = three_stores();
    let silent = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let told = format!("no answer within 6 s (127.0.0.1:{port})");
    std::thread::spawn(move || silent.incoming().collect::<Vec<_>>());
    let url = format!("http://127.0.0.1:{port}");
    let plan = ["plan", "--allow-env", "BUCKET", "--allow-endpoint", &url];
    for arguments in [
        &plan[..],
        &["list"],
        &["verify"],
        &["backup", "docs", "--store", "alpha"],
        &["restore", "docs", "--store", "alpha", "--to", "back"],
        &["prune", "--yes"],
        &["unlock"],
    ] {
        let begun = Instant::now();
        let ran = run(&home, arguments);
        // Some seconds; twice as long as was seen where other tests kept all processors busy.
        assert!(begun.elapsed().as_secs() < 35, "{arguments:?} {:?} {ran:#?}", begun.elapsed());
        assert_eq!(ran.stderr.matches(&told).count(), 1, "{arguments:?} {ran:#?}");
        if arguments[0] == "plan" {
            assert!(ran.stderr.contains(&format!("Still reading; waiting for 127.0.0.1:{port}.")), "{ran:#?}");
            assert_eq!(ran.stdout.matches("! not read").count(), 1, "{ran:#?}");
        }
    }
    // Nobody sits before a scheduled one, which waits for a store that is being restarted.
    let begun = Instant::now();
    let ran = run(&home, &["backup", "docs", "--store", "alpha", "--scheduled"]).ends(1);
    assert!(ran.stderr.contains(&format!("Still reading; waiting for 127.0.0.1:{port}.")), "{ran:#?}");
    assert!((15..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

/// Every command gives an endpoint that nobody listens at up as soon as `plan` does, however often it needs it.
#[test]
fn nobody_waits_long_for_an_endpoint_that_is_down() {
    let (home, port) = three_stores();
    let text = home.text("bdr.yaml").replace("alpha", "zeta");
    std::fs::write(home.path("bdr.yaml"), &text).unwrap();
    run(&home, &["apply", "--auto-approve"]).ends(3);
    for arguments in [
        &["verify"][..],
        &["backup", "docs"],
        &["unlock"],
        &["prune", "--yes"],
        &["apply", "--auto-approve"],
        &["destroy", "--confirm", "notes"],
    ] {
        let begun = Instant::now();
        let ran = run(&home, arguments);
        assert!(ran.stderr.contains(&format!("127.0.0.1:{port}")), "{arguments:?} {ran:#?}");
        // Some seconds; twice as long as was seen where other tests kept all processors busy.
        assert!(begun.elapsed().as_secs() < 35, "{arguments:?} {:?} {ran:#?}", begun.elapsed());
        assert!(arguments[0] != "unlock" || !ran.stderr.contains("listed as a backup"), "{ran:#?}");
    }
}

#[test]
fn what_came_about_in_part_ends_with_3_and_what_did_not_with_1() {
    let (home, port) = three_stores();
    let text = home.text("bdr.yaml").replace("alpha", "zeta") + "scheduler: { systemd: { directory: './units' } }\n";
    let text = text.replace("./units", &home.path("units").display().to_string());
    std::fs::write(home.path("bdr.yaml"), &text).unwrap();
    let endpoint = format!("127.0.0.1:{port}");
    let made = run(&home, &["backup", "docs"]).ends(3);
    assert_eq!(made.stderr.matches(" backup 2").count(), 2, "{made:#?}");
    assert_eq!(made.stderr.matches("error:").count(), 1, "{made:#?}");
    let failed = run(&home, &["backup", "docs", "--store", "zeta"]).ends(1);
    assert!(failed.stderr.contains(&endpoint), "{failed:#?}");
    run(&home, &["apply", "--auto-approve"]).ends(3);
    let destroyed = run(&home, &["destroy", "--confirm", "notes"]).ends(3);
    assert!(destroyed.stdout.contains("released") && destroyed.stderr.contains(&endpoint), "{destroyed:#?}");
    assert!(!home.path("beta/.bdr/policies/notes.json").exists(), "{destroyed:#?}");
}

/// The first of three stores takes no backup: the others have theirs, and the next apply makes only what is missing.
#[test]
fn first_backups_of_an_apply_go_on_past_a_store_that_fails() {
    let home = Home::new();
    let stores: String =
        ["alpha", "beta", "gamma"].map(|name| format!("  {name}: {{ folder: {{ path: '@/{name}' }} }}\n")).concat();
    let text = super::POLICY.replace("  vault: { folder: { path: '@/vault' } }\n", &stores);
    home.policy(&text.replace("store: vault", "stores: [alpha, beta, gamma]"));
    let series = home.path("alpha/notes/docs/nightly");
    std::fs::create_dir_all(&series).unwrap();
    std::fs::write(series.join("_attempts"), "in the way of who wants to write").unwrap();
    let manifests = |store: &str| {
        let all = crate::binary::contents(&home.path(store)).into_keys();
        all.filter(|path| path.ends_with("manifest.json")).count()
    };
    let ran = home.run(&["apply", "--auto-approve"]).ends(3);
    assert!(ran.stdout.contains("1 first backup failed") && ran.stdout.contains("alpha/notes/docs/nightly"), "{ran:#?}");
    assert_eq!(["alpha", "beta", "gamma"].map(manifests), [0, 1, 1], "{ran:#?}");
    std::fs::remove_file(series.join("_attempts")).unwrap();
    let ran = home.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(["alpha", "beta", "gamma"].map(manifests), [1, 1, 1], "{ran:#?}");
}

#[test]
fn prune_goes_on_past_a_store_that_cannot_be_written() {
    let home = home();
    let Some(mount) = super::Mount::new(&home.path("beta"), 16) else { return };
    crate::binary::set_up(&home.path("beta"), "notes");
    let policy = super::POLICY.replace("components:", "  beta: { folder: { path: '@/beta' } }\ncomponents:");
    home.policy(&policy.replace("store: vault", "stores: [beta, vault]"));
    home.run(&["backup", "docs"]).ends(0);
    for store in ["beta", "vault"] {
        super::leftover(&home, store);
    }
    mount.again("ro");
    let made = home.run(&["backup", "docs"]).ends(3);
    assert!(made.stderr.contains("Read-only file system") && made.stderr.contains("Mount it to be written"), "{made:#?}");
    assert!(!made.stderr.contains("credentials"), "{made:#?}");
    let planned = home.run(&["plan"]).ends(0);
    let told = planned.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("mount it to be written") && !told.contains("one who may"), "{planned:#?}");
    let pruned = home.run(&["prune", "--yes"]).ends(3);
    assert!(pruned.stderr.contains("docs/nightly in vault: 0 backups and 1 leftover removed"), "{pruned:#?}");
    assert!(pruned.stderr.contains("not everything was pruned: store `beta` failed"), "{pruned:#?}");
    assert!(pruned.stderr.contains("because docs/nightly in beta: could not delete"), "{pruned:#?}");
}

#[test]
fn a_plan_names_what_does_not_answer_once_and_soon() {
    let (home, port) = three_stores();
    let begun = Instant::now();
    let allowed = ["--allow-env", "BUCKET", "--allow-endpoint", &format!("http://127.0.0.1:{port}")];
    let plan = run(&home, &[&["plan"], allowed.as_slice()].concat()).ends(1);
    assert!(begun.elapsed().as_secs() < 20, "{:?} {plan:#?}", begun.elapsed());
    let told = format!("no connection to 127.0.0.1:{port}");
    assert_eq!(plan.stdout.matches("! not read").count(), 1, "{plan:#?}");
    assert_eq!(plan.stderr.matches("because").count(), 1, "{plan:#?}");
    assert!(plan.stdout.replace("\n  ", " ").contains(&told) && plan.stderr.contains(&told), "{plan:#?}");
    assert!(!plan.stdout.contains("bucket-of-ada") && !plan.stderr.contains("bucket-of-ada"), "{plan:#?}");
    assert!(plan.stdout.contains("→ not known") && plan.stdout.contains("? docs: its backups could not be read"), "{plan:#?}");
}

/// The first store is down, and another one, which came first before, tells where earlier applies wrote.
#[test]
fn what_an_earlier_policy_left_is_found_past_a_store_that_is_down() {
    let (home, port) = three_stores();
    let scheduled = |folder: &str| format!("scheduler: {{ systemd: {{ directory: '{}' }} }}\n", home.path(folder).display());
    let text = home.text("bdr.yaml");
    let write = |text: &str, folder: &str| std::fs::write(home.path("bdr.yaml"), format!("{text}{}", scheduled(folder))).unwrap();
    write(&text.replace("alpha", "zeta"), "units");
    run(&home, &["apply", "--auto-approve"]).ends(3);
    assert!(home.path("units/bdr-notes.docs.nightly.timer").exists());
    write(&text, "elsewhere");
    let allowed = ["--allow-env", "BUCKET", "--allow-endpoint", &format!("http://127.0.0.1:{port}")];
    let plan = run(&home, &[&["plan"], allowed.as_slice()].concat()).ends(1);
    let told = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("2 to remove"), "{plan:#?}");
    let passed_over = "store.alpha/s3_bucket: where past applies wrote could not be looked up in this store";
    assert_eq!(told.matches(passed_over).count(), 1, "{plan:#?}");
}

#[test]
fn who_may_only_read_can_verify() {
    let home = home();
    let Some(mount) = super::Mount::new(&home.path("vault"), 16) else { return };
    crate::binary::set_up(&home.path("vault"), "notes");
    home.run(&["backup", "docs"]).ends(0);
    mount.again("ro");
    let ran = home.run(&["verify", "--read-data"]).ends(0);
    assert!(ran.stdout.contains("1 backup, nothing damaged"), "{ran:#?}");
    assert!(ran.stderr.contains("warning: docs/nightly in vault: what was seen could not be noted"), "{ran:#?}");
}

#[test]
fn no_backup_is_nothing_to_verify_and_is_listed() {
    let home = home();
    let verified = home.run(&["verify"]).ends(1);
    assert!(verified.stdout.contains("docs/nightly in vault: no backup yet, so there is nothing to verify"), "{verified:#?}");
    let listed = home.run(&["list"]).ends(0);
    assert!(listed.stdout.contains("docs/nightly in vault\nno backup yet\n"), "{listed:#?}");
    std::fs::remove_file(home.path("docs/a.txt")).unwrap();
    std::fs::remove_dir_all(home.path("docs/deep")).unwrap();
    home.run(&["backup", "docs"]).ends(3);
    let verified = home.run(&["verify"]).ends(0);
    assert!(verified.stdout.contains("every one is suspect"), "{verified:#?}");
}

#[test]
fn eighty_columns_are_enough() {
    let home = home();
    let long = "a-component-with-a-very-long-name";
    home.policy(&super::POLICY.replace("  docs:", &format!("  {long}:")).replace("UTC", "Europe/Stockholm"));
    home.run(&["backup", long]).ends(0);
    for (arguments, shown) in [(["list", long], "not verified"), (["prune", "--dry-run"], "1 backup to keep")] {
        let ran = home.run(&arguments).ends(0);
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
        assert!(ran.stdout.contains("(times: Europe/Stockholm)") && ran.stdout.contains(shown), "{}", ran.stdout);
        let id = super::manifests_of(&home, long).remove(0);
        assert!(ran.stdout.lines().any(|line| line.split_whitespace().any(|word| word == id)), "{id}: {}", ran.stdout);
    }
}
