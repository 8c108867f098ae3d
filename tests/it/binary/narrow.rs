//! What is printed for 80 columns stays within them, and what fails for want of credentials is told once.

use super::{Home, POLICY, Ran};

fn within(width: usize, home: &Home, arguments: &[&str]) -> String {
    let ran = Ran::of(&home.command(arguments).env("COLUMNS", width.to_string()).output().unwrap()).ends(0);
    let long: Vec<&str> = ran.stdout.lines().filter(|line| line.chars().count() > width).collect();
    assert!(long.is_empty(), "{arguments:?} at {width}: {long:#?}");
    ran.stdout
}

#[test]
fn help_that_goes_to_no_terminal_stays_within_80_columns() {
    let home = Home::new();
    for command in ["plan", "lint", "restore", "status"] {
        let ran = home.run(&[command, "--help"]).ends(0);
        let long: Vec<&str> = ran.stdout.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{command}: {long:#?}");
    }
}

#[test]
fn findings_of_two_places_stay_within_80_columns() {
    let home = Home::new();
    let role = |name: &str| format!("{{ to: dr, role: 'arn:aws:iam::111122223333:role/{name}' }}");
    let store = format!(
        "  away: {{ s3: {{ bucket: notes-a, region: eu-north-1 }}, versioning: true, replicate: [{}, {}] }}\n  dr: {{ s3: {{ bucket: notes-b, region: eu-west-1 }}, versioning: true }}\n",
        role("one"),
        role("two")
    );
    home.policy(&POLICY.replace("components:", &format!("{store}components:")));
    home.policy(&home.text("bdr.yaml").replace("schedule: '5 2 * * *'", "schedule: weekly"));
    let ran = home.run(&["lint"]).ends(2);
    assert!(ran.stdout.contains("role/one") && ran.stdout.contains("role/two"), "{ran:#?}");
    let long: Vec<&str> = ran.stdout.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn an_assessment_stays_within_the_terminal() {
    let home = Home::new();
    let goals = "files: { paths: ['@/docs'] }\n    objectives: { rpo: 26h, rto: 8h, region: { rpo: 2d } }";
    let policy = POLICY.replace("files: { paths: ['@/docs'] }", goals);
    for name in ["docs", "documents-of-the-whole-company"] {
        home.policy(&policy.replace("docs:", &format!("{name}:")));
        for width in [80, 100] {
            let told = within(width, &home, &["assess", "--all"]);
            assert!(told.contains("26h") && told.contains("1d 0h 3m 26s assumed") && told.contains("BROKEN"), "{told}");
        }
    }
}

#[test]
fn the_reasons_of_a_prune_have_room() {
    let home = Home::new();
    home.policy(POLICY);
    home.run(&["apply", "--auto-approve"]).ends(0);
    home.run(&["backup", "docs"]).ends(0);
    let told = within(80, &home, &["prune", "--dry-run"]);
    assert!(told.contains("\n    the newest good backup; the newest good backup that can be read at once;\n"), "{told}");
}

#[test]
fn missing_credentials_are_told_once_and_without_the_layers_of_a_library() {
    let home = Home::new();
    let bucket = "{ s3: { bucket: some-bucket, region: eu-north-1, endpoint: 'http://127.0.0.1:9', path_style: true } }";
    home.policy(&POLICY.replace("{ folder: { path: '@/backups' } }", bucket));
    for arguments in [&["plan", "--allow-endpoint", "http://127.0.0.1:9"][..], &["list"], &["backup", "docs"]] {
        let mut command = home.command(arguments);
        let ran = Ran::of(&command.env("AWS_EC2_METADATA_DISABLED", "true").output().unwrap()).ends(1);
        let told = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(told.matches("no credentials were found").count(), 1, "{ran:#?}");
        assert!(told.contains("set AWS_ACCESS_KEY_ID"), "{ran:#?}");
        for word in ["chain. Attempted", "credential provider", "IMDS"] {
            assert!(!ran.stderr.contains(word) && !ran.stdout.contains(word), "{word}: {ran:#?}");
        }
    }
}
