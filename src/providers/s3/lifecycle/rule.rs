//! One lifecycle rule: its canonical form, whatever spelling an endpoint answers with, and its element.
//!
//! `Filter: {}`, `Filter: {Prefix: ""}`, `Prefix: ""` and `And` of one term mean the same as their shortest spelling; numbers
//! that are 0 or missing are "not set" (S3 API reference, `LifecycleRule`, and what endpoints were seen to answer).

use crate::attrs::{Attr, Attrs};
use crate::providers::s3::element::Element;

/// Attribute and where it stands. The prefix and the status stand beside them.
const DAYS: [(&str, [&str; 2]); 4] = [
    ("expire_days", ["Expiration", "Days"]),
    ("noncurrent_days", ["NoncurrentVersionExpiration", "NoncurrentDays"]),
    ("noncurrent_kept", ["NoncurrentVersionExpiration", "NewerNoncurrentVersions"]),
    ("abort_uploads_days", ["AbortIncompleteMultipartUpload", "DaysAfterInitiation"]),
];

/// What a rule applies to: a prefix alone, or something that bdr never writes, as it stands there.
fn scope(rule: &Element) -> (String, Option<String>) {
    let Some(filter) = rule.child("Filter") else {
        return (rule.text_at(&["Prefix"]).unwrap_or("").to_owned(), None);
    };
    let terms = filter.child("And").unwrap_or(filter);
    let prefix = terms.text_at(&["Prefix"]).unwrap_or("").to_owned();
    let others: Vec<String> = terms.children.iter().filter(|term| term.name != "Prefix").map(Element::to_fragment).collect();
    (prefix, (!others.is_empty()).then(|| others.concat()))
}

/// What bdr does not write into its rules and somebody else did: it must show, or the next plan would not mend it.
fn besides(rule: &Element) -> Vec<String> {
    let mut rest = rule.clone();
    for known in ["ID", "Status", "Filter", "Prefix"] {
        rest.remove(known);
    }
    for (_, [outer, inner]) in DAYS {
        for child in rest.children.iter_mut().filter(|child| child.name == outer) {
            child.remove(inner);
        }
    }
    let said =
        |child: &&Element| !child.children.is_empty() || !(child.text.is_empty() || child.text == "false" || child.text == "0");
    fn prune(element: &mut Element, said: impl Fn(&&Element) -> bool + Copy) {
        element.children.iter_mut().for_each(|child| prune(child, said));
        element.children.retain(|child| said(&child));
    }
    prune(&mut rest, said);
    rest.children.iter().map(Element::to_fragment).collect()
}

pub(super) fn attrs(rule: &Element) -> Attrs {
    let (prefix, filter) = scope(rule);
    let mut attrs = Attrs::from([
        ("prefix".to_owned(), prefix.into()),
        ("enabled".to_owned(), (rule.text_at(&["Status"]) == Some("Enabled")).into()),
    ]);
    attrs.extend(filter.map(|filter| ("filter".to_owned(), Attr::Text(filter))));
    attrs.extend(DAYS.iter().filter_map(|(name, path)| Some(((*name).to_owned(), rule.number_at(path)?.into()))));
    let besides = besides(rule);
    if !besides.is_empty() {
        attrs.insert("besides".to_owned(), Attr::list(besides));
    }
    attrs
}

/// A rule as bdr writes it.
pub(super) fn element(id: &str, attrs: &Attrs) -> Element {
    let prefix = attrs.get("prefix").and_then(Attr::as_str).unwrap_or("");
    let enabled = attrs.get("enabled").and_then(Attr::as_bool).unwrap_or(true);
    let mut rule = Element::new("Rule")
        .with(Element::leaf("ID", id))
        .with(Element::new("Filter").with(Element::leaf("Prefix", prefix)))
        .with(Element::leaf("Status", if enabled { "Enabled" } else { "Disabled" }));
    for (name, [outer, inner]) in DAYS {
        if let Some(days) = attrs.get(name).and_then(Attr::as_int) {
            let mut holder = rule.child(outer).cloned().unwrap_or_else(|| Element::new(outer));
            holder.set(Element::leaf(inner, days.to_string()));
            rule.set(holder);
        }
    }
    rule
}

/// How people know a foreign rule: its id, or what it applies to.
pub(super) fn name(rule: &Element) -> String {
    match rule.text_at(&["ID"]) {
        Some(id) => id.to_owned(),
        None => format!("rule without id for {}", below(rule)),
    }
}

fn below(rule: &Element) -> String {
    let (prefix, filter) = scope(rule);
    let place = if prefix.is_empty() { "all objects".to_owned() } else { format!("`{prefix}`") };
    match filter {
        Some(filter) => format!("{place} with {filter}"),
        None => place,
    }
}

/// One line on what a rule does.
pub(super) fn describe(rule: &Element) -> String {
    let attrs = attrs(rule);
    let mut does = Vec::new();
    let days = |name: &str| attrs.get(name).and_then(Attr::as_int);
    if let Some(days) = days("expire_days") {
        does.push(format!("expires after {days} d"));
    }
    if let Some(days) = days("noncurrent_days") {
        does.push(format!("removes old versions after {days} d"));
    }
    if let Some(days) = days("abort_uploads_days") {
        does.push(format!("aborts uploads after {days} d"));
    }
    if let Some(Attr::List(besides)) = attrs.get("besides") {
        does.extend(besides.iter().map(Attr::to_string));
    }
    let disabled = if attrs.get("enabled").and_then(Attr::as_bool) == Some(true) { "" } else { " (disabled)" };
    format!("{}: {}{disabled}", below(rule), if does.is_empty() { "nothing".to_owned() } else { does.join(", ") })
}
