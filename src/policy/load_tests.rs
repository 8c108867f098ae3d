//! What a policy text comes to, from its bytes to the findings.

use secrecy::SecretString;

use super::*;
use crate::diag::Sources;

const SMALL: &str = r#"
version: 1
name: web-shop
timezone: Europe/Stockholm
contacts:
  ops: { email: ops@example.com }
stores:
  primary:
    folder: { path: /srv/backups }
  away:
    s3: { bucket: web-shop-backups, region: eu-north-1, account: 111122223333 }
    versioning: true
    encryption: { sse: aws:kms, key: alias/backups }
    tags: { cost-centre: 42 }
    noncurrent: { for: 30d }
components:
  documents:
    files: { paths: [/srv/documents], exclude: ["*.tmp"] }
    objectives: { rpo: 26h, rto: 4h, region: { rpo: 2d } }
    protect:
      nightly: { file_backup: { compression: 9 }, schedule: "0 2 * * *", stores: [primary, away] }
    retain:
      daily: { for: 30d }
      weekly: { for: 12w, class: STANDARD_IA }
scheduler: { systemd: {} }
"#;

fn loaded(texts: &[&str]) -> Loaded {
    let mut sources = Sources::new();
    for (at, text) in texts.iter().enumerate() {
        sources.add(format!("{at}.yaml"), *text);
    }
    load_unresolved(sources)
}

/// Each finding as `code line:column message`.
fn findings(texts: &[&str]) -> Vec<String> {
    let loaded = loaded(texts);
    let line = |finding: &crate::diag::Diagnostic| {
        let place = finding.span().and_then(|span| loaded.sources.position(span));
        let place = place.map_or("-".to_owned(), |place| format!("{}:{}", place.line, place.column));
        format!("{} {place} {}", finding.code, finding.message)
    };
    loaded.diagnostics.iter().map(line).collect()
}

#[test]
fn a_whole_policy_is_read_without_a_finding() {
    let loaded = loaded(&[SMALL]);
    assert_eq!(loaded.diagnostics.len(), 0, "{:#?}", loaded.diagnostics);
    let policy = loaded.policy.expect("a policy");
    assert_eq!(policy.name.as_str(), "web-shop");
    assert_eq!(policy.stores.len(), 2);
    let component = policy.components.values().next().expect("a component");
    assert_eq!(component.retain.len(), 2);
    assert_eq!(component.protections.values().next().map(|protection| protection.stores.len()), Some(2));
}

#[test]
fn the_digest_is_of_the_meaning() {
    let digest = |texts: &[&str]| loaded(texts).policy.expect("a policy").digest();
    let whole = digest(&[SMALL]);
    let (stores, rest) = SMALL.split_at(SMALL.find("components:").expect("there"));
    assert_eq!(digest(&[rest, stores]), whole);
    assert_eq!(digest(&[&SMALL.replace("{ for: 30d }", "\n        for:   \"30d\" # long enough")]), whole);
    assert_ne!(digest(&[&SMALL.replace("12w", "13w")]), whole);
}

#[test]
fn every_problem_comes_out_in_one_run() {
    let text = "version: 2\nname: Web Shop\nstores:\n  a: { s3: { bucket: B, regoin: eu-north-1 } }\n  a: {}\n  b: { folder: { path: x } }\n\
        components:\n  c:\n    files: { paths: [/srv/c] }\n    objectives: { rpo: 15 }\n    protect: { p: { file_backup: {}, store: d } }\n";
    assert_eq!(
        findings(&[text]),
        [
            "BDR-P015 1:10 version 2 of the policy language is not known",
            "BDR-P020 2:7 `Web Shop` is not a name",
            "BDR-P034 4:22 `B` is not the name of a bucket: it must have 3 to 63 characters",
            "BDR-P010 4:25 unknown key `regoin`",
            "BDR-P008 5:3 the key `a` is given twice",
            "BDR-P037 6:24 `x` is not an absolute path",
            "BDR-P030 10:24 `15` is not a duration",
            "BDR-P023 11:45 there is no store `d`",
        ]
    );
}

#[test]
fn a_name_given_twice_shows_both_places() {
    let again = "stores: { primary: { folder: { path: /other } } }\nname: another\n";
    let loaded = loaded(&[SMALL, again]);
    let twice = loaded.diagnostics.iter().find(|finding| finding.code == codes::TWICE).expect("found");
    assert_eq!(twice.labels.len(), 2);
    assert_ne!(twice.labels[0].span.file, twice.labels[1].span.file);
    assert!(loaded.diagnostics.iter().any(|finding| finding.code == codes::CONFLICT));
}

#[test]
fn classes_and_components_are_inherited_key_by_key() {
    let text = "version: 1\nname: x\nstores: { a: { folder: { path: /a } } }\ncomponents:\n  one:\n    inherits: critical\n    \
        files: { paths: [/one] }\n    objectives: { rto: 2h }\n    protect: { backup: { store: a } }\n  two:\n    inherits: one\n    \
        files: { paths: [/two] }\n    retain: { daily: { for: 31d } }\n";
    let loaded = loaded(&[text]);
    assert_eq!(loaded.diagnostics.len(), 0, "{:#?}", loaded.diagnostics);
    let policy = loaded.policy.expect("a policy");
    let two = policy.components.values().nth(1).expect("two");
    let rpo = two.objectives.general.rpo.as_ref().expect("inherited");
    let place = loaded.sources.position(rpo.span.expect("a place")).expect("a position");
    assert_eq!(place.file, "policies/critical.yaml");
    assert_eq!(two.objectives.general.rto.as_ref().map(|rto| rto.as_secs()), Some(7_200));
    assert_eq!(two.retain.len(), 4);
    assert_eq!(two.protections.len(), 1);
}

#[test]
fn circles_and_dangling_names_are_reported() {
    let text = "version: 1\nname: x\ncomponents:\n  a: { inherits: b, files: { paths: [/a] } }\n  b: { inherits: a, files: { paths: [/b] } }\n  \
        c: { inherits: critcal, files: { paths: [/c] } }\n";
    assert_eq!(
        findings(&[text]),
        [
            "BDR-P025 4:18 components inherit from each other in a circle: `a` → `b` → `a`",
            "BDR-P024 6:18 nothing is called `critcal` to inherit from",
        ]
    );
}

#[test]
fn secrets_are_reported_and_nowhere_repeated() {
    let text = "version: 1\nname: x\nstores:\n  a: { s3: { bucket: abc, endpoint: \"https://u:hunter2@host\" } }\n  \
        b: { folder: { path: AKIAIOSFODNN7EXAMPLE } }\npassword: hunter2\n# once more: hunter2hunter2\n\
        components: { c: { inherits: hunter2, files: { paths: [/c] } } }\n";
    let loaded = loaded(&[text]);
    let shown = format!("{:?} {:?}", loaded.diagnostics, loaded.sources);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(!shown.contains("AKIA"), "{shown}");
    assert_eq!(loaded.diagnostics.iter().filter(|finding| finding.code == codes::SECRET).count(), 3);
}

struct Outside;

impl Resolve for Outside {
    fn resolve(&self, reference: &Reference) -> Result<SecretString, Refused> {
        match reference {
            Reference::Env(name) if name == "BUCKET" => Ok(SecretString::from("my-bucket")),
            Reference::Env(name) if name == "BAD" => Ok(SecretString::from("Se cret")),
            Reference::Env(_) => Err(Refused::NotAllowed),
            Reference::File(path) => Ok(SecretString::from(format!("/{path}"))),
        }
    }
}

#[test]
fn references_are_looked_up_only_where_asked() {
    let text =
        "version: 1\nname: x\nstores:\n  a: { s3: { bucket: \"${env:BUCKET}\" } }\n  b: { folder: { path: \"${file:p}\" } }\n";
    let sources = || {
        let mut sources = Sources::new();
        sources.add("dir/x.yaml", text);
        sources
    };
    let policy = load(sources(), &Outside).policy.expect("a policy");
    let shown = format!("{policy:?}");
    assert!(!shown.contains("my-bucket") && shown.contains("${env:BUCKET}"));
    let values: Vec<String> = policy
        .stores
        .values()
        .map(|store| match &store.backend {
            Backend::S3(s3) => s3.bucket.expose().to_owned(),
            Backend::Folder(folder) => folder.path.expose().to_owned(),
        })
        .collect();
    assert_eq!(values, ["my-bucket", "/dir/p"]);
    let unresolved = load_unresolved(sources());
    assert_eq!(unresolved.diagnostics.len(), 0);
    assert_eq!(unresolved.policy.expect("a policy").digest(), policy.digest());
}

#[test]
fn a_wrong_value_from_outside_is_not_shown() {
    let text =
        "version: 1\nname: x\nstores:\n  a: { s3: { bucket: \"${env:BAD}\" } }\n  b: { s3: { bucket: \"${env:OTHER}\" } }\n";
    let mut sources = Sources::new();
    sources.add("x.yaml", text);
    let loaded = load(sources, &Outside);
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [codes::BUCKET, codes::REFUSED]);
    assert!(!format!("{:?}", loaded.diagnostics).contains("Se cret"));
}

#[test]
fn a_reference_without_a_value_is_told_once_with_its_places() {
    let store = |at: usize| format!("  s{at}: {{ folder: {{ path: \"${{env:GONE}}/{at}\" }} }}\n");
    let text = format!("version: 1\nname: x\nstores:\n{}", (0..8).map(store).collect::<String>());
    let mut sources = Sources::new();
    sources.add("x.yaml", text.as_str());
    let found = load(sources, &Outside).diagnostics;
    let told: Vec<_> = found.iter().filter(|finding| finding.code == codes::REFUSED).collect();
    assert_eq!(told.len(), 1, "{found:#?}");
    assert_eq!((told[0].labels.len(), told[0].notes.as_slice()), (5, ["3 more values refer to it".to_owned()].as_slice()));
}
