//! One replication rule: its canonical form, whatever spelling an endpoint answers with, and its element.
//!
//! `Filter: {}`, `Filter: {Prefix: ""}` and `And` of one term mean the same as their shortest spelling; a part whose status is
//! `Disabled` is as good as none (S3 API reference, `ReplicationRule`).

use std::collections::BTreeMap;

use secrecy::ExposeSecret;

use crate::attrs::{Attr, Attrs};
use crate::providers::s3::element::Element;

/// What stands for a priority that is the one that bdr gives; see [`super::priority`].
pub(super) const GIVEN: &str = "given by bdr";
const KMS: [&str; 3] = ["SourceSelectionCriteria", "SseKmsEncryptedObjects", "Status"];
const CHANGES: [&str; 3] = ["SourceSelectionCriteria", "ReplicaModifications", "Status"];
const KEY: [&str; 3] = ["Destination", "EncryptionConfiguration", "ReplicaKmsKeyID"];
const TIME: [&str; 2] = ["Destination", "ReplicationTime"];
const METRICS: [&str; 2] = ["Destination", "Metrics"];

/// The prefix that a rule applies to.
pub(super) fn prefix(rule: &Element) -> &str {
    let Some(filter) = rule.child("Filter") else { return rule.text_at(&["Prefix"]).unwrap_or_default() };
    filter.child("And").unwrap_or(filter).text_at(&["Prefix"]).unwrap_or_default()
}

pub(super) fn tags(rule: &Element) -> BTreeMap<String, String> {
    let filter = rule.child("Filter");
    let terms = filter.map(|filter| filter.child("And").unwrap_or(filter));
    let tags = terms.into_iter().flat_map(|terms| terms.each("Tag"));
    tags.filter_map(|tag| Some((tag.text_at(&["Key"])?.to_owned(), tag.text_at(&["Value"]).unwrap_or("").to_owned()))).collect()
}

/// Rules of the first form have no filter (S3 user guide, "Backward compatibility considerations").
pub(super) fn is_of_first_form(rule: &Element) -> bool {
    rule.child("Filter").is_none()
}

fn at<'a>(rule: &'a Element, path: &[&str]) -> Option<&'a Element> {
    path.iter().try_fold(rule, |element, name| element.child(name))
}

fn is_on(rule: &Element, path: &[&str]) -> bool {
    rule.text_at(path) == Some("Enabled")
}

/// Minutes of a part of the destination, where it is enabled.
fn minutes(rule: &Element, part: [&str; 2], under: &str) -> Option<i64> {
    let part = at(rule, &part)?;
    is_on(part, &["Status"]).then(|| part.number_at(&[under, "Minutes"]).unwrap_or(0))
}

pub(super) fn attrs(rule: &Element) -> Attrs {
    let mut attrs = Attrs::from([
        ("to".to_owned(), rule.text_at(&["Destination", "Bucket"]).unwrap_or("").into()),
        ("prefix".to_owned(), prefix(rule).into()),
        ("enabled".to_owned(), is_on(rule, &["Status"]).into()),
        // Those of the first form always copy them.
        ("delete_markers".to_owned(), (is_of_first_form(rule) || is_on(rule, &["DeleteMarkerReplication", "Status"])).into()),
    ]);
    let tags = tags(rule);
    if !tags.is_empty() {
        attrs.insert("tags".to_owned(), Attr::map(tags));
    }
    let class = rule.text_at(&["Destination", "StorageClass"]);
    attrs.extend(class.map(|class| ("storage_class".to_owned(), class.into())));
    let (within, measured) = (minutes(rule, TIME, "Time"), minutes(rule, METRICS, "EventThreshold"));
    attrs.extend(within.map(|minutes| ("within_minutes".to_owned(), minutes.into())));
    // S3 measures what it promises; only what is otherwise needs a word.
    if measured != within {
        attrs.insert("metrics".to_owned(), measured.map_or("off".into(), Attr::Int));
    }
    attrs.extend(owner(rule).map(|owner| ("owner".to_owned(), owner.into())));
    attrs.extend(key(rule).map(|key| ("kms".to_owned(), key.into())));
    if is_on(rule, &CHANGES) {
        attrs.insert("replica_changes".to_owned(), true.into());
    }
    let besides = besides(rule);
    if !besides.is_empty() {
        attrs.insert("besides".to_owned(), Attr::list(besides));
    }
    attrs
}

/// The account that copies are given to.
fn owner(rule: &Element) -> Option<&str> {
    let given = rule.text_at(&["Destination", "AccessControlTranslation", "Owner"]) == Some("Destination");
    rule.text_at(&["Destination", "Account"]).filter(|_| given)
}

/// The key of copies; without the other half S3 copies nothing that is encrypted with KMS.
fn key(rule: &Element) -> Option<&str> {
    rule.text_at(&KEY).filter(|_| is_on(rule, &KMS))
}

/// What bdr does not write into its rules and somebody else did: it must show, or the next plan would not mend it.
fn besides(rule: &Element) -> Vec<String> {
    let mut rest = rule.clone();
    let known = ["ID", "Status", "Filter", "Prefix", "Priority", "DeleteMarkerReplication"];
    known.iter().for_each(|name| rest.remove(name));
    for part in &mut rest.children {
        let of_destination = part.name == "Destination";
        if of_destination {
            ["Bucket", "StorageClass", "ReplicationTime", "Metrics"].iter().for_each(|name| part.remove(name));
            if owner(rule).is_some() {
                ["Account", "AccessControlTranslation"].iter().for_each(|name| part.remove(name));
            }
        }
        if key(rule).is_some() {
            part.remove(if of_destination { "EncryptionConfiguration" } else { "SseKmsEncryptedObjects" });
        }
        part.children.retain(|child| !(child.name == "ReplicaModifications" || child.text_at(&["Status"]) == Some("Disabled")));
    }
    rest.children.extend(terms(rule));
    let said = |child: &&Element| {
        let off = child.text_at(&["Status"]) == Some("Disabled");
        !(off || child.children.is_empty() && child.text.is_empty())
    };
    rest.children.iter().filter(said).map(Element::to_fragment).collect()
}

/// Terms of the filter that bdr does not know.
fn terms(rule: &Element) -> Vec<Element> {
    let filter = rule.child("Filter");
    let terms = filter.map(|filter| filter.child("And").unwrap_or(filter));
    let unknown = |term: &&Element| !matches!(term.name.as_str(), "Prefix" | "Tag");
    terms.into_iter().flat_map(|terms| &terms.children).filter(unknown).cloned().collect()
}

/// The text of an attribute, whether or not it may be shown.
pub(super) fn text<'a>(attrs: &'a Attrs, name: &str) -> Option<&'a str> {
    match attrs.get(name)? {
        Attr::Sensitive { value, .. } => Some(value.expose_secret()),
        other => other.as_str(),
    }
}

fn flag(attrs: &Attrs, name: &str) -> bool {
    attrs.get(name).and_then(Attr::as_bool).unwrap_or(false)
}

fn status(on: bool) -> Element {
    Element::leaf("Status", if on { "Enabled" } else { "Disabled" })
}

/// A rule as bdr writes it; its priority is set when all of the document are known.
pub(super) fn element(id: &str, attrs: &Attrs) -> Element {
    let markers = flag(attrs, "delete_markers");
    let mut rule = Element::new("Rule").with(Element::leaf("ID", id)).with(Element::leaf("Priority", "1"));
    rule = rule.with(filter(attrs)).with(status(attrs.get("enabled").and_then(Attr::as_bool).unwrap_or(true)));
    let mut selection = Element::new("SourceSelectionCriteria");
    if flag(attrs, "replica_changes") {
        selection = selection.with(Element::new("ReplicaModifications").with(status(true)));
    }
    if attrs.contains_key("kms") {
        selection = selection.with(Element::new("SseKmsEncryptedObjects").with(status(true)));
    }
    if !selection.children.is_empty() {
        rule = rule.with(selection);
    }
    rule.with(destination(attrs)).with(Element::new("DeleteMarkerReplication").with(status(markers)))
}

fn filter(attrs: &Attrs) -> Element {
    let prefix = Element::leaf("Prefix", text(attrs, "prefix").unwrap_or_default());
    let tag = |(key, value): (&String, &Attr)| {
        Element::new("Tag").with(Element::leaf("Key", key)).with(Element::leaf("Value", value.to_string()))
    };
    let mut tags: Vec<Element> = attrs.get("tags").and_then(Attr::as_map).into_iter().flatten().map(tag).collect();
    let terms = match (tags.len(), prefix.text.is_empty()) {
        (0, _) => vec![prefix],
        (1, true) => tags,
        (_, empty) => {
            if !empty {
                tags.insert(0, prefix);
            }
            vec![Element { children: tags, ..Element::new("And") }]
        }
    };
    Element { children: terms, ..Element::new("Filter") }
}

fn destination(attrs: &Attrs) -> Element {
    let mut to = Element::new("Destination").with(Element::leaf("Bucket", text(attrs, "to").unwrap_or_default()));
    let owner = text(attrs, "owner");
    to.children.extend(owner.map(|owner| Element::leaf("Account", owner)));
    to.children.extend(text(attrs, "storage_class").map(|class| Element::leaf("StorageClass", class)));
    to.children.extend(owner.map(|_| Element::new("AccessControlTranslation").with(Element::leaf("Owner", "Destination"))));
    to.children.extend(
        text(attrs, "kms").map(|key| Element::new("EncryptionConfiguration").with(Element::leaf("ReplicaKmsKeyID", key))),
    );
    let within = attrs.get("within_minutes").and_then(Attr::as_int);
    let minutes = |name: &str, minutes: i64| Element::new(name).with(Element::leaf("Minutes", minutes.to_string()));
    to.children.extend(within.map(|time| Element::new("ReplicationTime").with(status(true)).with(minutes("Time", time))));
    to.children.extend(within.map(|time| Element::new("Metrics").with(status(true)).with(minutes("EventThreshold", time))));
    to
}

/// How people know a foreign rule: its id, or what it applies to.
pub(super) fn name(rule: &Element) -> String {
    rule.text_at(&["ID"]).map_or_else(|| format!("rule without id for {}", below(rule)), str::to_owned)
}

fn below(rule: &Element) -> String {
    let place = match prefix(rule) {
        "" => "all objects".to_owned(),
        prefix => format!("`{prefix}`"),
    };
    let tags: Vec<String> = tags(rule).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    if tags.is_empty() { place } else { format!("{place} tagged {}", tags.join(" and ")) }
}

/// One line on what a rule does.
pub(super) fn describe(rule: &Element) -> String {
    let attrs = attrs(rule);
    let to = text(&attrs, "to").unwrap_or_default();
    let mut does = vec![format!("copies to {}", to.rsplit(':').next().unwrap_or(to))];
    does.extend(text(&attrs, "storage_class").map(|class| format!("as {class}")));
    does.extend(attrs.get("within_minutes").map(|minutes| format!("within {minutes} min")));
    does.extend(flag(&attrs, "delete_markers").then(|| "delete markers too".to_owned()));
    let disabled = if flag(&attrs, "enabled") { "" } else { " (disabled)" };
    format!("{}: {}{disabled}", below(rule), does.join(", "))
}
