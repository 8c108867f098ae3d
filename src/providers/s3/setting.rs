//! What a kind of resource must say that lives in a document of a bucket: how it is wanted, seen, and written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::address::{ComponentName, PolicyName, ResourceId, StoreName, Subject};
use crate::attrs::Attrs;
use crate::diag::Span;
use crate::policy::{Component, Policy, Protection, S3Backend, StoreSpec};
use crate::providers::s3::bucket_policy::Origin;
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;
use crate::resource::{Earlier, Kind, Live};

/// A store that the policy wants.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub policy: &'a Policy,
    pub name: &'a StoreName,
    pub spec: &'a StoreSpec,
    pub backend: &'a S3Backend,
    /// Whose copies lie in it, replicated ones too.
    pub copies: &'a [(&'a Component, &'a Protection)],
    /// The folders of the components of which bdr writes copies to it.
    pub written: &'a BTreeSet<&'a ComponentName>,
    /// Whose objects S3 copies to it.
    pub origins: &'a [Origin<'a>],
}

/// One resource of a kind, as wanted.
pub(super) struct Wanted {
    /// Tells resources of one kind and store apart; empty where there is only one.
    pub key: String,
    /// The key by what other stores were called before, where that is another one.
    pub earlier: Option<String>,
    pub attrs: Attrs,
    pub span: Option<Span>,
    /// What must be in place in other buckets before it.
    pub after: Vec<ResourceId>,
}

/// Which resource of a document is looked at.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub policy: &'a PolicyName,
    /// What the resource is called in the document, for kinds of which a document holds several.
    pub mark: &'a str,
    pub desired: Option<&'a Attrs>,
}

impl Wanted {
    /// What it was called before its subject, or a store in its key, was renamed.
    pub fn moved_from(&self, id: &ResourceId, before: Option<Subject>) -> Option<Earlier> {
        let key = self.earlier.as_ref().unwrap_or(&self.key);
        let was = ResourceId { subject: before.unwrap_or_else(|| id.subject.clone()), kind: id.kind.clone(), key: key.clone() };
        (was != *id).then_some(Earlier::Moved(was))
    }
}

/// A change to a document.
#[derive(Clone)]
pub(super) struct Edit<'a> {
    pub mark: String,
    /// `None`: take it away.
    pub attrs: Option<&'a Attrs>,
}

/// A kind of resource that lives in a document of a bucket. One file each.
pub(super) trait Setting: Send + Sync {
    fn kind(&self) -> &'static Kind;

    fn document(&self) -> &'static Document;

    /// What a resource is called in the document, for kinds of which a document holds several: what tells the policy's own from
    /// others', then the rest, `<store>/<key>`.
    fn mark(&self, _policy: &PolicyName, _rest: &str) -> String {
        String::new()
    }

    /// A mark as `mark` was given it: `bdr/<policy>/<store>/<key>`.
    fn spelled_out<'a>(&self, mark: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(mark)
    }

    /// Whether others write the document at the same time: it is then read again right before it is written.
    fn has_other_writers(&self) -> bool {
        self.kind().shared
    }

    /// Whether bdr wants it by itself, without a word in the policy: an endpoint that does not know it is then no failure.
    fn is_implied(&self, _wanted: &Attrs) -> bool {
        false
    }

    /// Kinds that must be as wanted before it, where the policy wants them too; the bucket always is.
    fn after(&self) -> Vec<&'static Kind> {
        Vec::new()
    }

    /// What the policy wants of a store. Pure.
    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted>;

    /// What the document says of a resource; `None`: the bucket has no such document.
    fn live(&self, document: Option<&Element>, sight: Sight<'_>) -> Live;

    /// Makes the policy say of a store what stands instead of what is wanted, as far as promises rest on it. Pure.
    fn stands(&self, _policy: &mut Policy, _store: &StoreName, _key: &str, _live: Option<&Attrs>) {}

    /// Whether what stands is less than what others need of it, such as rules of replication. Pure.
    fn falls_short(&self, _needed: &Attrs, _live: Option<&Attrs>) -> bool {
        false
    }

    /// The document after some edits: everything that is not bdr's as it was.
    ///
    /// # Errors
    /// When the result cannot be written, in words for a person.
    fn merged(&self, document: Option<&Element>, policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String>;

    /// Why nothing of bdr's can be written to a document beside what others have there, in words for a person.
    fn refuses(&self, _document: &Element, _policy: &PolicyName) -> Option<String> {
        None
    }

    /// Why what is wanted must not be written to a bucket that is reached like this, in words for a person.
    fn refuses_at(&self, _place: &Place, _wanted: &Attrs) -> Option<String> {
        None
    }

    /// What of what is wanted the endpoint is known not to take, though it takes such documents; in words for a person.
    fn lacking_at(&self, _place: &Place, _wanted: &Attrs) -> Option<String> {
        None
    }

    /// Adds to what was read what follows from it at this endpoint.
    fn tells_at(&self, _place: &Place, _live: &mut Live) {}

    /// What in the document carries the policy's mark.
    fn marked(&self, _document: &Element, _policy: &PolicyName) -> Vec<String> {
        Vec::new()
    }

    /// After a write: what else is known of the bucket may no longer be so.
    fn wrote(&self, _place: &Place) {}

    /// Whether two parts of the document do something to the same things, so that one can take the other's place.
    fn meets(&self, _one: &Attrs, _other: &Attrs) -> bool {
        false
    }

    /// What a part of the document is called there, where the document has several.
    fn called(&self, _part: &Element) -> Option<String> {
        None
    }

    /// The part that is not bdr's, for comparison before and after a write.
    fn foreign_part(&self, _document: Option<&Element>, _policy: &PolicyName) -> Vec<Element> {
        Vec::new()
    }
}

/// A document without some of its parts.
pub(super) fn without(tree: &Element, setting: &dyn Setting, names: &[String]) -> Element {
    let goes = |part: &&Element| setting.called(part).is_some_and(|name| names.contains(&name));
    Element { children: tree.children.iter().filter(|part| !goes(part)).cloned().collect(), ..tree.clone() }
}
