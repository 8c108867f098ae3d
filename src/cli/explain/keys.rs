//! Keys of the policy language, explained from its schema: where each stands, what it says, and what stands below it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::policy;

/// Deeper than any key of the language lies.
const DEEPEST: usize = 10;
/// What stands in a path for a name of the user's own.
const NAME: &str = "NAME";

/// Every key of the language, once.
pub fn all() -> BTreeSet<String> {
    let schema = policy::schema().to_value();
    let named = places(&schema).into_iter().filter_map(|place| place.path.last().cloned());
    named.filter(|key| key != NAME).collect()
}

/// What a key means, as Markdown: its name alone, or its path as far as that is needed (`stores.replicate`). `None`: there is no such key.
pub fn page(word: &str) -> Option<String> {
    let schema = policy::schema().to_value();
    let asked: Vec<&str> = word.split('.').filter(|part| *part != NAME).collect();
    if asked.is_empty() {
        return None;
    }
    let all = places(&schema);
    let is_asked = |place: &Place<'_>| {
        let path: Vec<&str> = place.path.iter().map(String::as_str).filter(|part| *part != NAME).collect();
        place.path.last().is_some_and(|last| last != NAME) && path.ends_with(&asked)
    };
    // What is said alike of several places is said once.
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for place in all.iter().filter(|place| is_asked(place)) {
        let (text, path) = (meaning(&schema, place.node), format!("`{}`", place.path.join(".")));
        match told.iter_mut().find(|(known, _)| *known == text) {
            Some((_, paths)) => paths.push(path),
            None => told.push((text, vec![path])),
        }
    }
    let mut out = format!("# {word}\n");
    for (text, paths) in &told {
        let _ = write!(out, "\n{}\n\n{text}", paths.join(", "));
    }
    (!told.is_empty()).then_some(out)
}

/// A place of the language that something can stand at.
struct Place<'a> {
    path: Vec<String>,
    node: &'a Value,
}

fn places(schema: &Value) -> Vec<Place<'_>> {
    let mut found: Vec<Place<'_>> = Vec::new();
    let mut left: Vec<Place<'_>> = vec![Place { path: Vec::new(), node: schema }];
    while let Some(Place { path, node }) = left.pop() {
        let below = forms(schema, node).into_iter().flat_map(|form| {
            let keys = form["properties"].as_object().into_iter().flatten().map(|(key, node)| (key.as_str(), node));
            keys.chain(form.get("additionalProperties").filter(|node| node.is_object()).map(|node| (NAME, node)))
        });
        for (key, node) in below.filter(|_| path.len() < DEEPEST) {
            let path: Vec<String> = path.iter().cloned().chain([key.to_owned()]).collect();
            if !found.iter().any(|known| known.path == path) {
                found.push(Place { path: path.clone(), node });
                left.push(Place { path, node });
            }
        }
    }
    found.sort_by(|a, b| (a.path.len(), &a.path).cmp(&(b.path.len(), &b.path)));
    found
}

/// A schema with all that it may be instead: what it refers to, its alternatives, and what a list of it holds.
fn forms<'a>(schema: &'a Value, node: &'a Value) -> Vec<&'a Value> {
    let mut all = vec![node];
    let mut at = 0;
    while let Some(node) = all.get(at).copied() {
        at += 1;
        let referred = node["$ref"].as_str().and_then(|name| schema["$defs"].get(name.strip_prefix("#/$defs/")?));
        let lists = ["anyOf", "oneOf"].iter().filter_map(|name| node[*name].as_array()).flatten();
        let more: Vec<&Value> = referred.into_iter().chain(node.get("items")).chain(lists).collect();
        all.extend(more.into_iter().filter(|one| one.is_object()));
    }
    all
}

/// What is said of a key: its own words, those of what it is, its values, and the keys below it.
fn meaning(schema: &Value, node: &Value) -> String {
    let forms = forms(schema, node);
    let mut said: Vec<&str> = Vec::new();
    for text in forms.iter().filter(|form| form["const"].is_null()).filter_map(|form| form["description"].as_str()) {
        if !said.contains(&text) {
            said.push(text);
        }
    }
    let mut out: String = said.iter().map(|text| format!("{text}\n\n")).collect();
    let values: Vec<String> = forms.iter().flat_map(|form| form["enum"].as_array().into_iter().flatten()).map(plain).collect();
    if !values.is_empty() {
        let _ = write!(out, "One of: {}.\n\n", values.join(", "));
    }
    for form in forms.iter().filter(|form| !form["const"].is_null()) {
        let _ = writeln!(out, "- `{}`: {}", plain(&form["const"]), first_line(form));
    }
    let examples: Vec<String> = node["examples"].as_array().into_iter().flatten().map(plain).collect();
    if !examples.is_empty() {
        let _ = write!(out, "Such as: {}.\n\n", examples.join(", "));
    }
    let mut known = BTreeSet::new();
    for form in &forms {
        let required = |key: &str| form["required"].as_array().into_iter().flatten().any(|one| one == key);
        for (key, node) in form["properties"].as_object().into_iter().flatten().filter(|(key, _)| known.insert(key.as_str())) {
            let _ = writeln!(out, "- `{key}`{}: {}", if required(key) { " (needed)" } else { "" }, first_line(node));
        }
    }
    out
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn first_line(node: &Value) -> String {
    node["description"].as_str().and_then(|text| text.split("\n\n").next()).unwrap_or_default().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_explained() {
        let all = all();
        for key in ["version", "stores", "replicate", "immutability", "within", "retain", "trust", "class", "moved"] {
            assert!(all.contains(key), "{key}: {all:?}");
        }
        for key in &all {
            let page = page(key).unwrap_or_else(|| panic!("{key}"));
            let bare = page.lines().filter(|line| !line.starts_with(['#', '`']) && !line.is_empty()).count();
            assert!(bare > 0, "{key} says nothing: {page}");
        }
        assert_eq!(page("nothing"), None);
        assert_eq!(page(NAME), None);
    }

    #[test]
    fn a_key_says_where_it_stands_and_what_stands_below_it() {
        let text = page("immutability").expect("a page");
        for part in ["`stores.NAME.immutability`", "- `mode` (needed): ", "- `for` (needed): How long a copy stays locked"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let text = page("mode").expect("a page");
        assert!(text.contains("- `compliance`: Nobody"), "{text}");
        let text = page("replicate").expect("a page");
        assert!(text.contains("- `within`: ") && text.contains("What a bucket hands on"), "{text}");
        let (one, all) = (page("stores.replicate").expect("a page"), page("for").expect("a page"));
        assert!(one.contains("`stores.NAME.replicate`"), "{one}");
        assert!(all.contains("`components.NAME.retain.NAME.for`") && all.contains("`stores.NAME.noncurrent.for`"), "{all}");
        assert_eq!(page("components.replicate"), None);
    }
}
