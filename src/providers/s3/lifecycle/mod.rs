//! Kind `s3_lifecycle_rule`: single rules of a bucket's lifecycle, owned by their ids; the others are kept as they are.

mod clear;
mod expiring;
mod net;
mod rule;
mod tiers;

pub(super) use clear::is_placeholder;
pub(super) use expiring::{Keeps, expiring};
pub use tiers::{Tiers, tiers};

use aws_sdk_s3::types as t;
use sha2::{Digest, Sha256};

use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};
use crate::providers::s3::adopt::nest;
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::providers::s3::versioning;
use crate::resource::{Foreign, Kind, Live, Risk};
use crate::store::PROBES;
use crate::units::hex;

/// Most rules of a bucket (S3 API reference, `PutBucketLifecycleConfiguration`).
pub(super) const MOST: usize = 1000;
/// Longest key of a rule within its id, which may have 255 characters: `bdr/`, two names of at most 63 and their `/` stand before.
const LONGEST_KEY: usize = 120;

pub(super) static KIND: Kind = Kind {
    name: "s3_lifecycle_rule",
    title: "lifecycle rule",
    summary: "One rule of the bucket's lifecycle, known by its id `bdr/<policy>/…`. A net below bdr's own retention; rules of \
              others are kept as they are.",
    shared: true,
    risk,
    visible_within: 180,
    ..Kind::PLAIN
};

/// A rule that lets things go sooner than before lets some go now.
fn risk(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let days = |attrs: Option<&Attrs>, name: &str| attrs.and_then(|attrs| attrs.get(name)).and_then(Attr::as_int);
    let sooner = |name: &str| match (days(before, name), days(after, name)) {
        (Some(before), Some(after)) => after < before,
        (None, Some(_)) => before.is_some(),
        _ => false,
    };
    // What bdr's own probes leave is no data.
    let prefix = after.and_then(|attrs| attrs.get("prefix")).and_then(Attr::as_str);
    let is_scratch = prefix.is_some_and(|prefix| prefix.ends_with(PROBES));
    if !is_scratch && ["expire_days", "noncurrent_days"].into_iter().any(sooner) { Risk::Destroys } else { Risk::None }
}

/// Every rule of a policy begins so.
pub(super) fn owner(policy: &PolicyName) -> String {
    format!("bdr/{policy}/")
}

/// What a foreign rule is: another policy's, by its id, or just a rule.
fn sort(rule: &Element) -> String {
    let whose = rule.text_at(&["ID"]).and_then(|id| id.strip_prefix("bdr/")?.split_once('/')).map(|(policy, _)| policy);
    whose.map_or_else(|| KIND.title.to_owned(), |policy| format!("{} of policy {policy}:", KIND.title))
}

/// Part of the id after the store's name; a long one is replaced by its digest.
fn key(parts: &[&str]) -> String {
    let key = parts.join("/");
    if key.len() <= LONGEST_KEY {
        return key;
    }
    let digest = Sha256::digest(key.as_bytes());
    format!("~{}", hex::encode(&digest[..20]))
}

fn rules(document: Option<&Element>) -> impl Iterator<Item = &Element> {
    document.into_iter().flat_map(|document| document.each("Rule")).filter(|rule| !is_placeholder(rule))
}

pub(super) static DOCUMENT: Document = Document {
    root: "LifecycleConfiguration",
    title: "lifecycle rules",
    without: "nothing is below bdr's own retention there: run `bdr prune`",
    read_action: "s3:GetLifecycleConfiguration",
    write_action: "s3:PutLifecycleConfiguration",
    get: get!(get_bucket_lifecycle_configuration),
    put: put!(
        put_bucket_lifecycle_configuration,
        lifecycle_configuration,
        t::BucketLifecycleConfiguration::builder().set_rules(Some(Vec::new())).build()
    ),
    is_empty: |tree| tree.child("Rule").is_none(),
    clear: Some(|place, _| Box::pin(clear::clear(place))),
    ..Document::PLAIN
};

pub(super) struct LifecycleRules;

/// How many rules a store wants.
pub(super) fn count(wish: Wish<'_>) -> usize {
    net::count(wish)
}

impl Setting for LifecycleRules {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    /// What it says of noncurrent versions means something only then.
    fn after(&self) -> Vec<&'static Kind> {
        vec![&versioning::KIND]
    }

    /// The nets are bdr's own idea; `noncurrent` and `abort_uploads_after` are the policy's words.
    fn is_implied(&self, wanted: &Attrs) -> bool {
        !wanted.contains_key("abort_uploads_days")
            && (!wanted.contains_key("noncurrent_days") || wanted.contains_key("expire_days"))
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        net::wanted(wish)
    }

    fn mark(&self, policy: &PolicyName, rest: &str) -> String {
        format!("{}{rest}", owner(policy))
    }

    fn live(&self, document: Option<&Element>, sight: Sight<'_>) -> Live {
        let owner = owner(sight.policy);
        let own = rules(document).find(|rule| rule.text_at(&["ID"]) == Some(sight.mark));
        let foreign = rules(document).filter(|rule| !rule.text_at(&["ID"]).unwrap_or("").starts_with(&owner));
        let foreign = foreign.map(|rule| Foreign::new(rule::name(rule), rule::describe(rule)).of_sort(sort(rule)));
        Live { attrs: own.map(rule::attrs), foreign: foreign.collect(), ..Live::default() }
    }

    /// Foreign rules first, as read and in their own order; bdr's after them, sorted. Order has no meaning to S3.
    fn merged(&self, document: Option<&Element>, policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let owner = owner(policy);
        let is_own = |rule: &&Element| rule.text_at(&["ID"]).unwrap_or("").starts_with(&owner);
        let edited = |rule: &&Element| edits.iter().any(|edit| rule.text_at(&["ID"]) == Some(&edit.mark));
        let mut own: Vec<Element> = rules(document).filter(is_own).filter(|rule| !edited(rule)).cloned().collect();
        own.extend(edits.iter().filter_map(|edit| Some(rule::element(&edit.mark, edit.attrs?))));
        own.sort_by(|a, b| a.text_at(&["ID"]).cmp(&b.text_at(&["ID"])));
        let mut children: Vec<Element> = rules(document).filter(|rule| !is_own(rule)).cloned().collect();
        children.extend(own);
        if children.len() > MOST {
            return Err(format!("the bucket would have {} lifecycle rules, and S3 takes {MOST}", children.len()));
        }
        // Whatever else the document holds beside its rules stays too.
        let beside = document.into_iter().flat_map(|document| &document.children).filter(|child| child.name != "Rule");
        children.extend(beside.cloned());
        Ok(Element { children, ..Element::new("LifecycleConfiguration") })
    }

    fn marked(&self, document: &Element, policy: &PolicyName) -> Vec<String> {
        let owner = owner(policy);
        rules(Some(document))
            .filter_map(|rule| rule.text_at(&["ID"]))
            .filter(|id| id.starts_with(&owner))
            .map(str::to_owned)
            .collect()
    }

    /// Both let go of the same sort of thing, or both are about the same objects.
    fn meets(&self, one: &Attrs, other: &Attrs) -> bool {
        // Two rules that do several things each, of which one is the same, are two: bdr's own for its probes is no other's.
        let does = |name: &&str| (one.contains_key(*name), other.contains_key(*name));
        let alike = ["expire_days", "noncurrent_days", "abort_uploads_days"].iter().map(does).all(|(one, other)| one == other);
        one.get("prefix") == other.get("prefix") || (alike && nest(one, other))
    }

    fn called(&self, part: &Element) -> Option<String> {
        (part.name == "Rule").then(|| part.text_at(&["ID"]).map(str::to_owned))?
    }

    /// As a set: some endpoints sort rules by id.
    fn foreign_part(&self, document: Option<&Element>, policy: &PolicyName) -> Vec<Element> {
        let owner = owner(policy);
        let foreign = rules(document).filter(|rule| !rule.text_at(&["ID"]).unwrap_or("").starts_with(&owner));
        let mut foreign: Vec<Element> = foreign.cloned().collect();
        foreign.sort();
        foreign
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod properties;
