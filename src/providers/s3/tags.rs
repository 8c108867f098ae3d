//! Kind `s3_tags`: bdr's mark on a bucket, and the tags that the policy states.
//!
//! The mark is `bdr:policy=<name>`; several policies in one bucket stand in it with a space between. Which other tags are
//! bdr's is noted in `bdr:tags:<policy>`, so that one that leaves the policy is taken off and nobody else's ever is.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::types as t;

use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::owner_object;
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::resource::{Foreign, Kind, Live};

pub(super) const MARK: &str = "bdr:policy";
/// Begins the key of a note.
const NOTE: &str = "bdr:tags:";
/// Longest value of a tag and most tags of a bucket (S3 user guide, "Using cost allocation S3 bucket tags").
const LONGEST: usize = 256;
const MOST: usize = 50;

/// Said of a bucket without any mark, as long as nothing else in it is found to be the policy's.
pub(super) const TAKEN_OVER: &str =
    "the bucket is there and carries no mark of bdr: it is taken over and closed to the public, and what lies in it stays";

pub(super) static KIND: Kind = Kind {
    name: "s3_tags",
    title: "tags",
    summary: "bdr's mark on the bucket (`bdr:policy`) and the tags that the policy states. Other tags are kept.",
    visible_within: 60,
    ..Kind::PLAIN
};

pub(super) static DOCUMENT: Document = Document {
    root: "Tagging",
    title: "tags",
    without: "bdr marks nothing there",
    read_action: "s3:GetBucketTagging",
    write_action: "s3:PutBucketTagging",
    get: get!(get_bucket_tagging),
    put: put!(put_bucket_tagging, tagging, t::Tagging::builder().set_tag_set(Some(Vec::new())).build()),
    is_empty: |tree| tree.child("TagSet").is_none_or(|set| set.children.is_empty()),
    elsewhere: Some(|place| Box::pin(owner_object::read(place))),
    ..Document::PLAIN
};

pub(super) struct Tags;

/// Tags as a map, in order of key: S3 does not keep their order.
pub(super) fn read(document: Option<&Element>) -> BTreeMap<String, String> {
    let set = document.and_then(|document| document.child("TagSet"));
    let tags = set.into_iter().flat_map(|set| set.each("Tag"));
    tags.filter_map(|tag| Some((tag.text_at(&["Key"])?.to_owned(), tag.text_at(&["Value"]).unwrap_or("").to_owned()))).collect()
}

fn policies(value: &str) -> BTreeSet<&str> {
    value.split(' ').filter(|name| !name.is_empty()).collect()
}

fn note_key(policy: &PolicyName) -> String {
    format!("{NOTE}{policy}")
}

/// Keys are noted with a space between; what would be mistaken for one is written as in quoted-printable, of signs that a tag
/// value may hold.
fn escape(key: &str) -> String {
    key.replace('=', "=3D").replace(' ', "=20")
}

fn unescape(word: &str) -> String {
    word.replace("=20", " ").replace("=3D", "=")
}

/// The notes for some keys: as many tags as are needed, `bdr:tags:<policy>`, then `bdr:tags:<policy>:2` and so on.
fn notes<'a>(policy: &PolicyName, keys: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let mut values: Vec<String> = Vec::new();
    for word in keys.map(|key| escape(key)).filter(|word| word.len() <= LONGEST) {
        match values.last_mut().filter(|value| value.len() + 1 + word.len() <= LONGEST) {
            Some(value) => {
                value.push(' ');
                value.push_str(&word);
            }
            None => values.push(word),
        }
    }
    let name = |at: usize| if at == 0 { note_key(policy) } else { format!("{}:{}", note_key(policy), at + 1) };
    values.into_iter().enumerate().map(|(at, value)| (name(at), value)).collect()
}

fn is_note(key: &str, policy: &PolicyName) -> bool {
    let note = note_key(policy);
    key == note || key.strip_prefix(&note).is_some_and(|rest| rest.starts_with(':'))
}

/// The keys that are bdr's: the notes, and what they name.
fn ours(tags: &BTreeMap<String, String>, policy: &PolicyName) -> BTreeSet<String> {
    let notes = tags.iter().filter(|(key, _)| is_note(key, policy));
    notes.flat_map(|(key, value)| value.split(' ').map(unescape).chain([key.clone()])).filter(|key| key != MARK).collect()
}

/// Keys that are other policies', each with whose it is.
fn theirs<'a>(tags: &'a BTreeMap<String, String>, policy: &PolicyName) -> BTreeMap<String, &'a str> {
    let notes = tags.iter().filter(|(key, _)| !is_note(key, policy));
    let notes = notes.filter_map(|(key, value)| Some((key.strip_prefix(NOTE)?.split(':').next()?, value)));
    notes.flat_map(|(whose, value)| value.split(' ').map(move |word| (unescape(word), whose))).collect()
}

/// A tag of somebody else's; what notes the tags of another policy says that.
fn foreign(key: String, value: String) -> Foreign {
    match key.strip_prefix(NOTE).and_then(|rest| rest.split(':').next()).map(str::to_owned) {
        Some(policy) => Foreign::new(key, value).of_sort(format!("note of policy {policy} on its tags,")),
        None => Foreign::new(key, value).of_sort("tag"),
    }
}

/// That other policies are at home in the bucket too: nobody should learn that afterwards.
fn shared(others: &[&str]) -> String {
    let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
    format!("the bucket carries the mark of {} too: each keeps to rules and objects of its own", names.join(", "))
}

/// Whether the mark names the policy.
pub(super) fn is_marked(document: &Element, policy: &PolicyName) -> bool {
    read(Some(document)).get(MARK).is_some_and(|value| policies(value).contains(policy.as_str()))
}

/// The policies whose mark a bucket carries, where it does not carry this one's.
pub(super) fn others(document: &Element, policy: &PolicyName) -> Vec<String> {
    let tags = read(Some(document));
    let marked = policies(tags.get(MARK).map(String::as_str).unwrap_or_default());
    if marked.contains(policy.as_str()) { Vec::new() } else { marked.into_iter().map(str::to_owned).collect() }
}

impl Setting for Tags {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    /// The mark is, the policy's tags are not.
    fn is_implied(&self, wanted: &Attrs) -> bool {
        wanted.keys().all(|key| key == MARK)
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        let policy = &wish.policy.name.value;
        let mut attrs = Attrs::from([(MARK.to_owned(), policy.as_str().into())]);
        attrs.extend(wish.spec.tags.iter().map(|(key, value)| (key.clone(), value.value.as_str().into())));
        attrs.extend(notes(policy, wish.spec.tags.keys()).into_iter().map(|(key, value)| (key, value.into())));
        vec![Wanted { key: String::new(), attrs, span: wish.backend.bucket.span, after: Vec::new(), earlier: None }]
    }

    fn live(&self, document: Option<&Element>, sight: Sight<'_>) -> Live {
        let tags = read(document);
        let mark = tags.get(MARK).cloned().unwrap_or_default();
        let (own, others): (Vec<_>, Vec<_>) = policies(&mark).into_iter().partition(|name| *name == sight.policy.as_str());
        let marked = !own.is_empty();
        let taken_over = (!marked && others.is_empty() && sight.desired.is_some()).then(|| TAKEN_OVER.to_owned());
        let notes = (marked && !others.is_empty()).then(|| shared(&others)).or(taken_over).into_iter().collect();
        let others = if marked { Vec::new() } else { others.into_iter().map(str::to_owned).collect() };
        let ours = ours(&tags, sight.policy);
        let stated = |key: &String| sight.desired.is_some_and(|desired| desired.contains_key(key));
        let (own, foreign): (Vec<_>, Vec<_>) =
            tags.into_iter().filter(|(key, _)| key != MARK).partition(|(key, _)| ours.contains(key) || stated(key));
        let mut attrs: Attrs = own.into_iter().map(|(key, value)| (key, value.into())).collect();
        if marked {
            attrs.insert(MARK.to_owned(), sight.policy.as_str().into());
        }
        let foreign = foreign.into_iter().map(|(key, value)| self::foreign(key, value)).collect();
        Live { attrs: (!attrs.is_empty()).then_some(attrs), foreign, notes, others, ..Live::default() }
    }

    /// The whole set is replaced by a write, so all of it is written back, AWS's own tags included.
    fn merged(&self, document: Option<&Element>, policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let mut tags = read(document);
        let wanted = edits.first().and_then(|edit| edit.attrs);
        let before = tags.clone();
        let theirs = theirs(&before, policy);
        let contested = |(key, value): (&String, &Attr)| {
            let (whose, stands) = (theirs.get(key)?, before.get(key)?);
            (value.as_str() != Some(stands)).then(|| format!("tag `{key}` is policy `{whose}`'s, which has it at `{stands}`"))
        };
        if let Some(why) = wanted.into_iter().flatten().find_map(contested) {
            return Err(format!("{why}: state the same, leave it out, or use a bucket of its own"));
        }
        for key in ours(&tags, policy).iter().filter(|key| !theirs.contains_key(*key)) {
            tags.remove(key);
        }
        let mut mark: BTreeSet<&str> = BTreeSet::new();
        let known = tags.remove(MARK).unwrap_or_default();
        mark.extend(policies(&known));
        mark.remove(policy.as_str());
        for (key, value) in wanted.into_iter().flatten() {
            match value.as_str() {
                Some(name) if key == MARK => drop(mark.insert(name)),
                Some(value) => drop(tags.insert(key.clone(), value.to_owned())),
                None => {}
            }
        }
        if !mark.is_empty() {
            tags.insert(MARK.to_owned(), mark.into_iter().collect::<Vec<_>>().join(" "));
        }
        if tags.len() > MOST {
            return Err(format!("the bucket would have {} tags, and S3 takes {MOST}: take some off", tags.len()));
        }
        let one = |(key, value): (String, String)| {
            Element::new("Tag").with(Element::leaf("Key", key)).with(Element::leaf("Value", value))
        };
        let set = Element { children: tags.into_iter().map(one).collect(), ..Element::new("TagSet") };
        Ok(Element::new("Tagging").with(set))
    }

    fn marked(&self, document: &Element, policy: &PolicyName) -> Vec<String> {
        if is_marked(document, policy) { vec![String::new()] } else { Vec::new() }
    }

    /// Others tag the bucket too.
    fn has_other_writers(&self) -> bool {
        true
    }

    fn foreign_part(&self, document: Option<&Element>, policy: &PolicyName) -> Vec<Element> {
        let tags = read(document);
        let ours = ours(&tags, policy);
        let foreign = tags.into_iter().filter(|(key, _)| key != MARK && !ours.contains(key));
        foreign.map(|(key, value)| Element::leaf(&key, value)).collect()
    }
}

#[cfg(test)]
mod tests;
