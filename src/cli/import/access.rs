//! The `access` of a store, from the statements of its bucket's policy that bdr made.

use std::fmt::Write as _;

use super::bucket::{Bucket, own, quoted};
use crate::attrs::Attr;

const STATEMENT: &str = "s3_bucket_policy_statement";

/// The lines of a store, and the keys of the statements that they say.
pub fn access<'a>(of: &Bucket<'a>, policy: &str) -> (String, Vec<&'a str>) {
    let parts = of.standing.parts.iter().filter(|part| part.kind == STATEMENT);
    let statements: Vec<(&str, &crate::attrs::Attrs)> =
        parts.filter_map(|part| Some((own(part, policy, &of.store)?, &part.attrs))).collect();
    let (mut lines, mut said) = (Vec::new(), Vec::new());
    for (key, attrs) in &statements {
        let list = match *key {
            "tls-only" => {
                lines.push("tls_only: true".to_owned());
                said.push(*key);
                continue;
            }
            "only-writers" => Some("write"),
            "only-readers" => Some("read"),
            "only-deleters" => Some("delete"),
            "only-configurers" => Some("configure"),
            _ => None,
        };
        let Some(list) = list else { continue };
        // Who writes may read too; whom a list itself names, its grants say.
        let grants = statements.iter().filter(|(key, _)| key.starts_with(&format!("{list}-")));
        let granted: Vec<&Attr> = grants.filter_map(|(_, attrs)| attrs.get("Principal")).collect();
        let mut who: Vec<String> = match granted.first() {
            Some(principal) => texts(principal),
            None => attrs.get("Condition").map(texts).unwrap_or_default(),
        };
        who.sort();
        who.dedup();
        let who: Vec<String> = who.iter().map(|one| quoted(one)).collect();
        lines.push(format!("{list}: [{}]", who.join(", ")));
        said.push(*key);
        said.extend(statements.iter().map(|(key, _)| *key).filter(|key| key.starts_with(&format!("{list}-"))));
    }
    let mut text = String::new();
    if !lines.is_empty() {
        text.push_str("    access:\n");
        lines.iter().for_each(|line| _ = writeln!(text, "      {line}"));
    }
    (text, said)
}

/// Every text in a value.
fn texts(value: &Attr) -> Vec<String> {
    match value {
        Attr::Map(map) => map.values().flat_map(texts).collect(),
        Attr::List(values) => values.iter().flat_map(texts).collect(),
        other => vec![other.to_string()],
    }
}
