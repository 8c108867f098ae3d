//! A policy document as AWS IAM evaluates it: what it does not allow is denied (IAM user guide, "Policy evaluation logic"). An element
//! or an operator that stands in none of bdr's documents is a failure of the test, not a guess.

use std::collections::BTreeMap;

use serde_json::Value;

/// What one request asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    pub action: &'static str,
    pub resource: String,
    /// What the request tells of itself: `s3:prefix` and the like. A key that does not apply is not there.
    pub context: BTreeMap<&'static str, String>,
}

impl Asked {
    pub fn with(mut self, key: &'static str, value: &str) -> Self {
        self.context.insert(key, value.to_owned());
        self
    }
}

/// One thing that a document allows or denies: a statement with one of its actions, resources and (of a listing) prefixes.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// Denied, whatever else allows it.
    pub denies: bool,
    pub action: String,
    pub resource: String,
    /// Operator, key, values.
    conditions: Vec<(String, String, Vec<String>)>,
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// A document, taken apart.
pub fn leaves(document: &str) -> Vec<Leaf> {
    let document: Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["Version"], "2012-10-17");
    let mut found = Vec::new();
    for statement in document["Statement"].as_array().unwrap() {
        let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
        assert!(statement.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{statement}");
        let denies = match statement["Effect"].as_str() {
            Some("Allow") => false,
            Some("Deny") => true,
            other => panic!("no effect of IAM: {other:?}"),
        };
        assert!(statement["Sid"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let mut alternatives = vec![Vec::new()];
        for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
            for (key, values) in keys.as_object().unwrap() {
                let values = texts(values);
                // Values of one key are alternatives: one leaf for each prefix.
                let each: Vec<Vec<String>> =
                    if key == "s3:prefix" { values.into_iter().map(|value| vec![value]).collect() } else { vec![values] };
                let with = |before: &Vec<(String, String, Vec<String>)>, values: &Vec<String>| {
                    let mut all = before.clone();
                    all.push((operator.clone(), key.clone(), values.clone()));
                    all
                };
                alternatives = alternatives.iter().flat_map(|before| each.iter().map(|values| with(before, values))).collect();
            }
        }
        for action in texts(&statement["Action"]) {
            for resource in texts(&statement["Resource"]) {
                let leaf = |conditions: &Vec<_>| Leaf {
                    denies,
                    action: action.clone(),
                    resource: resource.clone(),
                    conditions: conditions.clone(),
                };
                found.extend(alternatives.iter().map(leaf));
            }
        }
    }
    found
}

impl Leaf {
    /// The action with where it is allowed, for people and for lists of exceptions.
    pub fn name(&self) -> String {
        let below = self.conditions.iter().find(|(_, key, _)| key == "s3:prefix").map(|(_, _, values)| format!(" {}", values[0]));
        format!("{} {}{}", self.action, self.resource, below.unwrap_or_default())
    }

    /// The same for another bucket and policy.
    pub fn renamed(&self, from: &str, to: &str) -> Self {
        let renamed = |text: &String| text.replace(from, to);
        let conditions = self
            .conditions
            .iter()
            .map(|(operator, key, values)| (operator.clone(), key.clone(), values.iter().map(renamed).collect()));
        Self {
            denies: self.denies,
            action: self.action.clone(),
            resource: renamed(&self.resource),
            conditions: conditions.collect(),
        }
    }

    /// Whether it speaks of what is asked for.
    pub fn fits(&self, asked: &Asked) -> bool {
        self.action == asked.action
            && like(&self.resource, &asked.resource)
            && self.conditions.iter().all(|(operator, key, values)| holds(operator, asked.context.get(key.as_str()), values))
    }
}

/// What is denied is denied; what nothing allows is too (IAM user guide, "Policy evaluation logic").
pub fn allows(leaves: &[Leaf], asked: &Asked) -> bool {
    let any = |denies: bool| leaves.iter().any(|leaf| leaf.denies == denies && leaf.fits(asked));
    any(false) && !any(true)
}

fn holds(operator: &str, told: Option<&String>, values: &[String]) -> bool {
    let any = |told: &String, fits: fn(&str, &str) -> bool| values.iter().any(|value| fits(value, told));
    match (operator, told) {
        ("StringLikeIfExists", None) => true,
        // Each request that is asked for here creates what it writes, but for the parts of an upload.
        ("Bool", told) => told.is_none_or(|told| values.contains(told)),
        ("Null", told) => values.iter().any(|value| (value == "true") == told.is_none()),
        ("StringEquals" | "StringLike" | "ForAnyValue:StringEquals", None) => false,
        ("StringLike" | "StringLikeIfExists", Some(told)) => any(told, like),
        ("StringEquals" | "ForAnyValue:StringEquals", Some(told)) => any(told, |value, told| value == told),
        _ => panic!("no operator of bdr's documents: {operator}"),
    }
}

/// `*` and `?` stand for anything and for one character; `${*}`, `${?}` and `${$}` for themselves; any other variable has no value here.
pub fn like(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    if let Some(rest) = pattern.strip_prefix("${") {
        let (literal, rest) = rest.split_once('}').unwrap();
        assert!(["*", "?", "$"].contains(&literal), "a variable of IAM: {pattern}");
        return text.strip_prefix(literal).is_some_and(|text| like(rest, text));
    }
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| like(rest, &text[at..])),
        '?' => text.chars().next().is_some_and(|c| like(rest, &text[c.len_utf8()..])),
        c => text.strip_prefix(c).is_some_and(|text| like(rest, text)),
    }
}
