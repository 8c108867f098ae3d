//! The JSON Schema of a policy against the reader of policies and an independent validator.

use std::path::Path;
use std::sync::LazyLock;

use bdr::diag::Sources;
use bdr::policy::{self, codes};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::tidy::root;

/// What a schema can see. Beyond it are: keys given twice (YAML itself, before any schema), what several documents say together,
/// what an heir inherits, names that lead nowhere or in a circle, tiers and schedules against each other, and what a zone, a
/// bucket or a secret is.
const OF_SHAPE: [&str; 7] =
    [codes::UNKNOWN_KEY, codes::TYPE, codes::MISSING, codes::ONE_OF, codes::WORD, codes::NAME, codes::DUPLICATE_KEY];

fn validator() -> &'static Validator {
    static VALIDATOR: LazyLock<Validator> =
        LazyLock::new(|| jsonschema::validator_for(policy::schema().as_value()).expect("the schema is one"));
    &VALIDATOR
}

fn found(text: &str) -> Vec<&'static str> {
    let mut sources = Sources::new();
    sources.add("policy.yaml", text);
    policy::load_unresolved(sources).diagnostics.iter().map(|finding| finding.code).collect()
}

/// Every YAML document below a folder: whole files, and the fenced policies of cases.
fn policies(folder: &Path, texts: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            policies(&path, texts);
            continue;
        }
        let name = path.display().to_string();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        match path.extension().and_then(|end| end.to_str()) {
            Some("yaml" | "yml") => texts.push((name, text)),
            Some("md") => {
                let blocks = text.split("```yaml").skip(1).filter_map(|block| block.split_once('\n')?.1.split("\n```").next());
                texts.extend(blocks.map(|block| (name.clone(), block.to_owned())));
            }
            _ => {}
        }
    }
}

fn documents(text: &str) -> Option<Vec<Value>> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| serde::Deserialize::deserialize(document).ok())
        .collect::<Option<Vec<Value>>>()
        .map(|all| all.into_iter().filter(|value| !value.is_null()).collect())
}

#[test]
fn every_example_and_case_is_what_the_schema_says() {
    let validator = validator();
    let mut texts = Vec::new();
    policies(&root().join("examples"), &mut texts);
    policies(&root().join("tests/cases"), &mut texts);
    assert!(texts.len() > 10, "where did the examples go?");
    for (name, text) in texts {
        let Some(documents) = documents(&text) else { continue };
        let invalid: Vec<String> = documents
            .iter()
            .flat_map(|value| validator.iter_errors(value).map(|error| error.to_string()).collect::<Vec<_>>())
            .collect();
        let found = found(&text);
        assert!(invalid.is_empty() || !found.is_empty(), "{name}: the schema refuses what is read: {invalid:?}\n{text}");
        // A file of several lacks what another one has.
        let whole = ["version:", "name:"].iter().all(|key| text.starts_with(key) || text.contains(&format!("\n{key}")));
        let of_shape = found.iter().any(|code| OF_SHAPE.contains(code) && (whole || *code != codes::MISSING));
        assert!(!of_shape || !invalid.is_empty(), "{name}: the schema takes what is refused: {found:?}\n{text}");
    }
}

#[test]
fn the_examples_of_all_codes_agree_with_the_schema() {
    let validator = validator();
    for code in codes::CODES {
        for part in code.text.split("```yaml\n").skip(1).filter_map(|part| part.split("```").next()) {
            let Some(documents) = documents(part) else { continue };
            let valid = documents.iter().all(|value| validator.is_valid(value));
            let head = if part.contains("version:") { "" } else { "version: 1\nname: example\n" };
            let found = found(&format!("{head}{part}"));
            assert!(valid || !found.is_empty(), "{}: the schema refuses what is read\n{part}", code.code);
            // What several documents say together, no schema of one can see; nor what YAML itself forbids.
            let alone = documents.len() == 1 && !["BDR-P008", "BDR-P012"].contains(&code.code);
            let of_shape = found.iter().any(|code| OF_SHAPE.contains(code));
            assert!(!alone || !of_shape || !valid, "{}: the schema takes what is refused: {found:?}\n{part}", code.code);
        }
    }
}

#[test]
fn the_schema_has_no_noise() {
    let text = policy::schema().as_value().to_string();
    for noise in ["\"default\":", "null", "anyOf\":[{\"$ref"] {
        assert!(!text.contains(noise), "{noise}");
    }
    assert!(!text.contains("[`"), "a link of rustdoc in a description");
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,8}"
}

fn duration() -> impl Strategy<Value = Value> {
    (1_u32..500, prop::sample::select(vec!["s", "m", "h", "d", "w", "mo"])).prop_map(|(n, unit)| json!(format!("{n}{unit}")))
}

fn object(parts: Vec<(&'static str, Option<Value>)>) -> Value {
    Value::Object(parts.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

fn maybe<S: Strategy + 'static>(inner: S) -> impl Strategy<Value = Option<S::Value>>
where
    S::Value: Clone + 'static,
{
    prop::option::of(inner)
}

fn store() -> impl Strategy<Value = Value> {
    let folder = maybe(prop::sample::select(vec!["0700", "0750"])).prop_map(|mode| {
        let place = object(vec![("path", Some(json!("/srv/backups"))), ("mode", mode.map(Value::from))]);
        json!({ "folder": place })
    });
    let encryption = prop_oneof![
        Just(json!({ "sse": "AES256" })),
        any::<bool>().prop_map(|keys| json!({ "sse": "aws:kms", "key": "alias/x", "bucket_key": keys }))
    ];
    let s3 = ("[a-z]{3,10}", maybe(any::<bool>()), maybe(encryption), maybe(duration()), maybe(duration())).prop_map(
        |(bucket, switch, encryption, keep, abort)| {
            let place = object(vec![
                ("bucket", Some(json!(bucket))),
                ("region", Some(json!("eu-north-1"))),
                ("path_style", switch.map(Value::from)),
                ("account", switch.map(|_| json!("111122223333"))),
            ]);
            object(vec![
                ("s3", Some(place)),
                ("versioning", switch.map(Value::from)),
                ("encryption", encryption),
                ("tags", switch.map(|on| json!({ "team": "web", "live": on.to_string() }))),
                ("noncurrent", keep.map(|keep| json!({ "for": keep }))),
                ("abort_uploads_after", abort),
            ])
        },
    );
    prop_oneof![folder, s3]
}

fn component() -> impl Strategy<Value = Value> {
    let objective = || maybe(duration().prop_map(|rpo| json!({ "rpo": rpo })));
    let protection =
        (maybe(1..20), maybe(prop::sample::select(vec!["daily", "every 10m", "0 2 * * *"]))).prop_map(|(level, at)| {
            object(vec![
                ("file_backup", Some(object(vec![("compression", level.map(Value::from))]))),
                ("schedule", at.map(Value::from)),
                ("store", Some(json!("primary"))),
            ])
        });
    let class = maybe(prop::sample::select(vec!["STANDARD", "GLACIER_IR"]));
    let tier = (duration(), class).prop_map(|(keep, class)| object(vec![("for", Some(keep)), ("class", class.map(Value::from))]));
    (objective(), objective(), maybe(protection), maybe(tier), maybe(any::<bool>())).prop_map(
        |(general, region, protection, tier, one)| {
            let files = object(vec![("paths", Some(json!(["/srv/a", "/srv/b"]))), ("one_file_system", one.map(Value::from))]);
            let mut objectives = general.unwrap_or(json!({}));
            region.into_iter().for_each(|region| objectives["region"] = region);
            let stated = objectives.as_object().is_some_and(|keys| !keys.is_empty());
            object(vec![
                ("inherits", one.filter(|_| protection.is_some()).map(|_| json!("standard"))),
                ("files", Some(files)),
                ("objectives", stated.then_some(objectives)),
                ("protect", protection.map(|protection| json!({ "backup": protection }))),
                ("retain", tier.map(|tier| json!({ "daily": tier }))),
            ])
        },
    )
}

fn policy() -> impl Strategy<Value = Value> {
    let stores = prop::collection::btree_map(name(), store(), 0..3);
    let components = prop::collection::btree_map(name(), component(), 0..3);
    (stores, components, maybe(any::<bool>())).prop_map(|(mut stores, components, systemd)| {
        stores.insert("primary".to_owned(), json!({ "folder": { "path": "/srv/primary" } }));
        let scheduler =
            systemd.map(|systemd| if systemd { json!({ "systemd": {} }) } else { json!({ "cron": { "user": true } }) });
        object(vec![
            ("version", Some(json!(1))),
            ("name", Some(json!("example"))),
            ("timezone", systemd.map(|_| json!("Europe/Stockholm"))),
            ("contacts", systemd.map(|_| json!({ "ops": { "phone": "+1" } }))),
            ("stores", Some(json!(stores))),
            ("components", Some(json!(components))),
            ("scheduler", scheduler),
        ])
    })
}

/// One mistake somewhere in the document.
fn spoil(value: &mut Value, place: &mut usize, mistake: u8) -> bool {
    let Value::Object(keys) = value else { return false };
    for key in keys.keys().cloned().collect::<Vec<_>>() {
        // What is missing of these two, other documents may have.
        let whole = matches!(key.as_str(), "version" | "name");
        if *place == 0 && !whole {
            let old = keys.remove(&key);
            match mistake {
                0 => {}
                1 => drop(keys.insert(format!("{key}x!"), old.unwrap_or_default())),
                2 => drop(keys.insert(key, json!(null))),
                3 => drop(keys.insert(key, json!([[]]))),
                4 => drop(keys.insert(key, json!({ "wrong": 1 }))),
                5 => drop(keys.insert(key, json!(true))),
                _ => drop(keys.insert(key, json!("no such word"))),
            }
            return true;
        }
        *place = place.saturating_sub(1);
        if keys.get_mut(&key).is_some_and(|inner| spoil(inner, place, mistake)) {
            return true;
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_is_generated_is_valid_to_both(value in policy()) {
        let text = serde_yaml::to_string(&value).unwrap();
        let errors: Vec<String> = validator().iter_errors(&value).map(|error| error.to_string()).collect();
        prop_assert!(errors.is_empty(), "{errors:?}\n{text}");
        let shape: Vec<_> = found(&text).into_iter().filter(|code| OF_SHAPE.contains(code)).collect();
        prop_assert!(shape.is_empty(), "{shape:?}\n{text}");
    }

    #[test]
    fn what_is_spoilt_is_judged_alike(mut value in policy(), mut place in 0_usize..60, mistake in 0_u8..7) {
        spoil(&mut value, &mut place, mistake);
        let text = serde_yaml::to_string(&value).unwrap();
        let valid = validator().is_valid(&value);
        let found = found(&text);
        prop_assert!(valid || !found.is_empty(), "the schema refuses what is read\n{text}");
        // What an heir lacks it may have inherited, for all that a schema sees.
        let heir = text.contains("inherits:");
        let of_shape = |code: &&str| OF_SHAPE.contains(code) && !(heir && *code == codes::MISSING);
        let shape: Vec<_> = found.into_iter().filter(of_shape).collect();
        prop_assert!(!valid || shape.is_empty(), "the schema takes what is refused: {shape:?}\n{text}");
    }
}
