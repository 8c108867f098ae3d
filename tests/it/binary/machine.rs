//! What a program reads from stdout with `--format json`: events and documents that fit their schemas, and never nothing.

use serde_json::Value;

use super::{Home, POLICY, Ran};

/// The lines of stdout, each an event that fits the schema.
#[track_caller]
fn events(ran: &Ran) -> Vec<Value> {
    let schema = std::fs::read_to_string(crate::tidy::root().join("schemas/event.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let events: Vec<Value> = ran.stdout.lines().map(read).collect();
    for event in &events {
        let wrong: Vec<String> = validator.iter_errors(event).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{event}: {wrong:?}");
    }
    events
}

fn names(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

fn applied() -> Home {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home
}

#[test]
fn an_apply_with_nothing_to_do_is_a_run_of_no_actions() {
    let home = applied();
    for arguments in [&["apply", "--auto-approve", "--format", "json"][..], &["apply", "p.json", "--format", "json"]] {
        home.run(&["plan", "--out", "p.json"]).ends(0);
        let told = events(&home.run(arguments).ends(0));
        assert_eq!(names(&told), ["run_started", "run_ended"]);
        assert_eq!(told[0]["actions"], 0);
    }
    let quiet = home.run(&["destroy", "--confirm", "notes", "-q"]).ends(0);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("", ""));
    let told = events(&home.run(&["destroy", "--confirm", "notes", "--format", "json"]).ends(0));
    assert_eq!(names(&told), ["run_started", "run_ended"]);
}

#[test]
fn every_command_tells_a_wrong_policy_on_stdout_too() {
    let home = Home::new();
    home.policy(&POLICY.replace("paths:", "pathz:"));
    let commands = [
        &["plan"][..],
        &["apply", "--auto-approve"],
        &["drift"],
        &["destroy", "--confirm", "notes"],
        &["assess"],
        &["list"],
        &["verify"],
        &["prune"],
        &["restore", "docs", "--to", "back"],
    ];
    for command in commands {
        let ran = home.run(&[command, &["--format", "json"]].concat()).ends(1);
        assert!(ran.stderr.contains("BDR-P010"), "people are told as well: {ran:#?}");
        let told = events(&ran);
        assert_eq!(names(&told), ["failed"], "{command:?}");
        let finding = &told[0]["findings"][0];
        assert_eq!((&finding["code"], &finding["help"]), (&"BDR-P010".into(), &"Did you mean `paths`?".into()), "{command:?}");
        assert_eq!(finding["places"][0]["line"], 7);
    }
    let told = events(&home.run(&["lint", "elsewhere.yaml", "--format", "json"]).ends(1));
    assert!(told[0]["help"].as_str().unwrap().contains("bdr init"), "{told:?}");
    assert_eq!(home.run(&["plan"]).ends(1).stdout, "", "who reads no JSON gets none");
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&Home::new().run(&["schema", name]).ends(0).stdout).unwrap()
}

/// One field tells a plan from the word that there is none, and each fits its own schema only.
#[test]
fn what_a_plan_prints_fits_the_schema_that_its_event_field_tells() {
    let (plan, event) = (schema("plan"), schema("event"));
    assert!(plan["description"].as_str().unwrap().contains("`bdr schema event`"), "{}", plan["description"]);
    let [fits_plan, fits_event] = [&plan, &event].map(|schema| jsonschema::validator_for(schema).unwrap());
    for (policy, is_event, code) in [(POLICY.to_owned(), false, 0), (POLICY.replace("paths:", "pathz:"), true, 1)] {
        let home = Home::new();
        home.policy(&policy);
        let ran = home.run(&["plan", "--format", "json"]).ends(code);
        let printed: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(printed.get("event").is_some(), is_event, "{printed:#}");
        assert_eq!((fits_event.is_valid(&printed), fits_plan.is_valid(&printed)), (is_event, !is_event), "{printed:#}");
    }
    for name in ["assessment", "status", "wal-status", "plan", "findings", "baseline"] {
        assert!(schema(name)["properties"].get("event").is_none(), "{name} is a document");
    }
    let help = Home::new().run(&["schema", "--help"]).ends(0).stdout;
    assert!(help.split_whitespace().collect::<Vec<_>>().join(" ").contains("field `event`"), "{help}");
}

#[test]
fn a_document_that_tells_the_failure_stands_alone() {
    let home = applied();
    std::fs::rename(home.path("backups"), home.path("moved")).unwrap();
    let ran = home.run(&["list", "--format", "json"]).ends(1);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["unread"].as_array().unwrap().len(), 1);
}

#[test]
fn a_prune_tells_what_stays_and_goes_and_what_was_removed() {
    let home = applied();
    home.run(&["backup", "docs"]).ends(0);
    let told = events(&home.run(&["prune", "--dry-run", "--format", "json"]).ends(0));
    assert_eq!(names(&told), ["prune_started", "backup_decided", "backup_decided", "prune_ended"]);
    assert_eq!((&told[0]["removes"], &told[1]["stays"]), (&false.into(), &true.into()));
    assert!(!told[1]["reasons"].as_array().unwrap().is_empty());
    let told = events(&home.run(&["prune", "--yes", "--format", "json"]).ends(0));
    assert!(names(&told).contains(&"series_pruned"), "{told:#?}");
    std::fs::rename(home.path("backups"), home.path("moved")).unwrap();
    let told = events(&home.run(&["prune", "--format", "json"]).ends(1));
    assert_eq!(names(&told), ["prune_started", "failed"]);
    assert!(told[1]["help"].as_str().unwrap().contains("bdr apply"), "{told:#?}");
}

#[test]
fn a_prune_forgets_the_claims_of_long_ago_and_says_so_first() {
    let home = applied();
    let run = |day: u32, arguments: &[&str]| {
        let mut command = home.command(arguments);
        Ran::of(&command.env("BDR_NOW", format!("2026-03-{day:02}T12:00:00Z")).output().unwrap()).ends(0)
    };
    let claims = || crate::binary::contents(&home.path("backups/notes/_slots")).len();
    for day in 1..=5 {
        run(day, &["backup", "docs", "--scheduled"]);
    }
    let before = claims();
    let dry = home.run(&["prune", "--dry-run"]).ends(0);
    assert!(dry.stdout.contains("3 old slots of the schedule to forget\n"), "{dry:#?}");
    let told = events(&home.run(&["prune", "--dry-run", "--format", "json"]).ends(0));
    let found = told.iter().find(|event| event["event"] == "old_slots_found").unwrap();
    assert_eq!((&found["slots"], &found["series"]["store"]), (&3.into(), &"disk".into()));
    assert_eq!(claims(), before, "a dry run removes nothing");
    let told = events(&home.run(&["prune", "--yes", "--format", "json"]).ends(0));
    let pruned = told.iter().find(|event| event["event"] == "series_pruned").unwrap();
    assert_eq!(pruned["slots"], 3);
    assert_eq!(claims(), 4, "two claims with their outcomes");
    // Of a moment that is known to have run nobody runs another.
    let again = run(5, &["backup", "docs", "--scheduled"]);
    assert!(again.stderr.contains("is done or under way elsewhere"), "{again:#?}");
    let told = events(&home.run(&["prune", "--yes", "--format", "json"]).ends(0));
    assert!(!names(&told).contains(&"old_slots_found"), "{told:#?}");
}

#[test]
fn a_restore_tells_what_came_back_and_what_did_not() {
    let home = applied();
    let told = events(&home.run(&["restore", "docs", "--to", "back", "--format", "json"]).ends(0));
    assert_eq!(names(&told), ["restore_started", "restore_ended"]);
    assert_eq!((&told[1]["files"], &told[1]["exit"]), (&2.into(), &0.into()));
    std::fs::remove_file(home.path("back/a.txt")).unwrap();
    std::fs::create_dir(home.path("back/a.txt")).unwrap();
    let told = events(&home.run(&["restore", "docs", "--to", "back", "--overwrite", "--format", "json"]).ends(3));
    assert_eq!(names(&told), ["restore_started", "entry_not_restored", "restore_ended"]);
    assert!(told[1]["path"].as_str().unwrap().ends_with("docs/a.txt"), "{told:#?}");
    assert_eq!(told[2]["exit"], 3);
    let told = events(&home.run(&["restore", "docs", "--to", "back", "--format", "json"]).ends(1));
    assert_eq!(names(&told), ["restore_started", "failed"]);
}

/// The timers of a folder are written together; a program that follows the plan finds each of its changes.
#[test]
fn every_change_of_the_plan_begins_and_ends_with_an_event_of_its_own() {
    let home = Home::new();
    let more = "      weekly: { file_backup: {}, schedule: '5 3 * * 0', store: disk }\n";
    home.policy(&POLICY.replace("    retain:", &format!("{more}    retain:")));
    home.run(&["plan", "--out", "p.json", "--without-backups"]).ends(0);
    let plan: Value = serde_json::from_str(&home.text("p.json")).unwrap();
    let changes =
        plan["actions"].as_array().unwrap().iter().flat_map(|action| action["work"]["change"]["changes"].as_array().unwrap());
    let mut planned: Vec<String> = changes.map(|change| change["id"].as_str().unwrap().to_owned()).collect();
    planned.sort();
    assert!(planned.len() > plan["actions"].as_array().unwrap().len(), "{planned:?}");
    let told = events(&home.run(&["apply", "p.json", "--format", "json"]).ends(0));
    for name in ["action_started", "action_ended"] {
        let of = told.iter().filter(|event| event["event"] == name);
        let mut named: Vec<String> = of.map(|event| event["action"].as_str().unwrap().to_owned()).collect();
        named.sort();
        assert_eq!(named, planned, "{name}");
    }
}
