//! Kind `s3_bucket_policy_statement`: single statements of a bucket's policy, owned by their `Sid`; the others are kept as they are.

mod json;
mod replicas;
mod risk;
mod statement;
mod wanted;

pub(super) use replicas::{Origin, origins};

use crate::access::meaning;
use crate::address::{PolicyName, ResourceId, StoreName};
use crate::attrs::Attrs;
use crate::policy::{Component, Policy, StoreSpec};
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{ANSWER, get, put};
use crate::providers::s3::place::Place;
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::providers::s3::{lifecycle, public_access_block};
use crate::resource::{Foreign, Kind, Live};
use crate::stores::s3::Refusal;

/// Largest policy of a bucket, in bytes (S3 user guide, "Bucket policies").
const LARGEST: usize = 20 * 1024;

pub(super) static KIND: Kind = Kind {
    name: "s3_bucket_policy_statement",
    title: "bucket policy statement",
    summary: "One statement of the bucket's policy, known by its `Sid`, that a store's `access` comes to. Statements of others are kept as \
              they are.",
    shared: true,
    risk: risk::risk,
    rights: &["Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"],
    visible_within: 60,
    ..Kind::PLAIN
};

pub(super) static DOCUMENT: Document = Document {
    root: json::ROOT,
    title: "bucket policy",
    without: "nobody is kept from anything there but by what is allowed to them",
    read_action: "s3:GetBucketPolicy",
    write_action: "s3:PutBucketPolicy",
    clear_action: Some("s3:DeleteBucketPolicy"),
    get: get!(get_bucket_policy),
    put: put!(put_bucket_policy, policy, Ok::<_, aws_smithy_types::error::operation::BuildError>("{}")),
    format: json::FORMAT,
    is_empty: |tree| tree.child(json::STATEMENT).is_none(),
    clear: Some(|place, _| Box::pin(clear(place))),
    // A role that was just made is not known everywhere yet (IAM user guide, "Changes that I make are not always immediately visible").
    is_early: |refusal| refusal.code == "MalformedPolicy" && refusal.reason.to_ascii_lowercase().contains("principal"),
    ..Document::PLAIN
};

/// The caller has just read a policy there, so the endpoint knows what is taken away, and it held nothing but bdr's own.
async fn clear(place: &Place) -> Result<(), Refusal> {
    let request = place.connection.client.delete_bucket_policy().bucket(&place.bucket);
    let request = request.set_expected_bucket_owner(place.owner.clone());
    place.connection.ask(ANSWER, request.send()).await.map(drop)
}

/// A `Sid` takes letters and digits alone (IAM user guide, "Sid"), and names have no capitals: these stand for what it does not take.
const LETTERS: [(char, char); 4] = [('/', 'X'), ('-', 'D'), ('_', 'U'), ('.', 'P')];

fn sid_of(mark: &str) -> String {
    let letter = |c: char| LETTERS.iter().find(|(sign, _)| *sign == c).map_or(c, |(_, letter)| *letter);
    mark.chars().map(letter).collect()
}

/// Each with its `Sid`.
fn statements(document: Option<&Element>) -> impl Iterator<Item = (&Element, String)> {
    document.into_iter().flat_map(|document| document.each(json::STATEMENT)).map(|one| (one, statement::sid(one)))
}

fn owner(policy: &PolicyName) -> String {
    sid_of(&lifecycle::owner(policy))
}

/// What a store must be allowed in the bucket of another before it hands any copies on.
pub(super) fn before_replicas(policy: &Policy, from: &StoreSpec, to: replicas::To<'_>) -> Vec<ResourceId> {
    ids(to, replicas::of_store(policy, from, to))
}

/// The same of the bucket of a component.
pub(super) fn before_copies(policy: &Policy, from: &Component, to: replicas::To<'_>) -> Vec<ResourceId> {
    ids(to, replicas::of_component(policy, from, to))
}

fn ids(to: replicas::To<'_>, wanted: Vec<Wanted>) -> Vec<ResourceId> {
    wanted.iter().map(|one| super::id(to.0, KIND.name, &one.key)).collect()
}

/// Whether a server refuses the denying operators of ARNs, as SeaweedFS 4.48 does (tried); a later one is asked.
fn knows_no_arns(server: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    let version = server.rsplit_once(' ').and_then(|(_, version)| version.split_once('.'));
    let version = version.and_then(|(major, minor)| Some((number(major)?, number(minor)?)));
    server.starts_with("SeaweedFS") && version.is_none_or(|version| version <= (4, 48))
}

pub(super) struct BucketPolicy;

impl Setting for BucketPolicy {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    /// Nothing is ever allowed before the bucket is closed to the public.
    fn after(&self) -> Vec<&'static Kind> {
        vec![&public_access_block::KIND]
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        let mut all = wanted::wanted(wish);
        all.extend(replicas::wanted(wish));
        all
    }

    fn mark(&self, policy: &PolicyName, rest: &str) -> String {
        sid_of(&format!("{}{rest}", lifecycle::owner(policy)))
    }

    fn spelled_out<'a>(&self, mark: &'a str) -> std::borrow::Cow<'a, str> {
        let sign = |c: char| LETTERS.iter().find(|(_, letter)| *letter == c).map_or(c, |(sign, _)| *sign);
        mark.chars().map(sign).collect::<String>().into()
    }

    fn live(&self, document: Option<&Element>, sight: Sight<'_>) -> Live {
        let owner = owner(sight.policy);
        let own = statements(document).find(|(_, sid)| *sid == sight.mark && !sid.is_empty());
        let attrs = own.and_then(|(own, _)| statement::attrs(&own.text, sight.desired));
        let foreign = statements(document).filter(|(_, sid)| !sid.starts_with(&owner)).map(|(one, sid)| {
            let name = if sid.is_empty() { "without Sid".to_owned() } else { sid };
            Foreign::new(name, statement::describe(one)).of_sort("statement")
        });
        let gone = meaning::nameless(&statement::document(attrs.as_ref()));
        let notes = gone.iter().map(|id| format!("`{id}` was removed: whoever has the name now is somebody else")).collect();
        Live { attrs, foreign: foreign.collect(), notes, ..Live::default() }
    }

    fn stands(&self, policy: &mut Policy, store: &StoreName, key: &str, live: Option<&Attrs>) {
        let access = policy.stores.get_mut(store).and_then(|spec| spec.access.as_mut());
        access.into_iter().for_each(|access| risk::stands(&mut access.value, key, live));
    }

    fn falls_short(&self, needed: &Attrs, live: Option<&Attrs>) -> bool {
        risk::falls_short(needed, live)
    }

    /// Foreign statements first, as read and in their own order; bdr's after them, sorted. Order has no meaning.
    fn merged(&self, document: Option<&Element>, policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let owner = owner(policy);
        let (mut foreign, mut own) = (Vec::new(), std::collections::BTreeMap::new());
        for (element, sid) in statements(document) {
            match sid {
                sid if sid.starts_with(&owner) => drop(own.insert(sid, element.clone())),
                _ => foreign.push(element.clone()),
            }
        }
        for edit in edits {
            match edit.attrs {
                Some(attrs) => drop(own.insert(edit.mark.clone(), statement::element(&edit.mark, attrs))),
                None => drop(own.remove(&edit.mark)),
            }
        }
        let beside = document.into_iter().flat_map(|document| &document.children).filter(|child| child.name != json::STATEMENT);
        let children: Vec<Element> = beside.cloned().chain(foreign).chain(own.into_values()).collect();
        let tree = Element { children, ..Element::new(json::ROOT) };
        let size = (json::FORMAT.write)(&tree).len();
        if size > LARGEST {
            return Err(format!("the bucket's policy would have {size} bytes, and S3 takes {LARGEST}"));
        }
        Ok(tree)
    }

    fn refuses_at(&self, place: &Place, wanted: &Attrs) -> Option<String> {
        (place.connection.is_plain() && wanted::is_tls_only(wanted)).then(|| {
            "`tls_only` would shut out everybody, bdr included: the endpoint is asked without TLS. Ask it by https, or leave \
             `tls_only` out"
                .to_owned()
        })
    }

    fn lacking_at(&self, place: &Place, wanted: &Attrs) -> Option<String> {
        let spares = wanted::spares(wanted) && place.connection.server().is_some_and(knows_no_arns);
        spares.then(|| {
            format!(
                "it takes no condition `{}`, by which the list of `access` spares those in it; an empty list it takes",
                wanted::UNLESS
            )
        })
    }

    fn marked(&self, document: &Element, policy: &PolicyName) -> Vec<String> {
        let owner = owner(policy);
        statements(Some(document)).map(|(_, sid)| sid).filter(|sid| sid.starts_with(&owner)).collect()
    }

    /// Both say the same sort of thing of some of the same actions on some of the same resources.
    fn meets(&self, one: &Attrs, other: &Attrs) -> bool {
        let shares = |name: &str| {
            let texts = |attrs: &Attrs| attrs.get(name).map(statement::texts).unwrap_or_default();
            let others = texts(other);
            texts(one).iter().any(|text| others.contains(text))
        };
        one.get("Effect") == other.get("Effect") && shares("Action") && shares("Resource")
    }

    fn called(&self, part: &Element) -> Option<String> {
        (part.name == json::STATEMENT).then(|| statement::sid(part))
    }

    /// By meaning, and as a set: servers respell and reorder statements.
    fn foreign_part(&self, document: Option<&Element>, policy: &PolicyName) -> Vec<Element> {
        let owner = owner(policy);
        let foreign = statements(document).filter(|(_, sid)| !sid.starts_with(&owner));
        let mut foreign: Vec<Element> = foreign.map(|(one, _)| statement::normal(one)).collect();
        foreign.sort();
        foreign
    }
}

#[cfg(test)]
mod tests;
