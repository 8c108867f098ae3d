//! The configuration documents of a bucket: what a kind declares of its own, and what a read can give.

use std::fmt;
use std::hash::{Hash, Hasher};

use futures_util::future::BoxFuture;

use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{Receive, Send};
use crate::providers::s3::place::Place;
use crate::stores::s3::Refusal;

/// A request about a document, and its answer.
pub(super) type Asked<'a, T> = BoxFuture<'a, Result<T, Refusal>>;

/// How a document is written.
pub(super) struct Format {
    /// Makes a tree of a text.
    pub parse: fn(&str) -> Result<Element, String>,
    /// Makes a text of a tree.
    pub write: fn(&Element) -> String,
    /// Ends the names of copies.
    pub suffix: &'static str,
    pub content_type: &'static str,
}

impl Format {
    pub const XML: Self = Self { parse: Element::parse, write: Element::to_xml, suffix: "xml", content_type: "application/xml" };
}

/// One document of a bucket, declared in the file of the kind that lives in it.
pub(super) struct Document {
    /// Name of its root element (S3 API reference).
    pub root: &'static str,
    /// For people.
    pub title: &'static str,
    /// What it means that an endpoint does not know the document, and what is done instead.
    pub without: &'static str,
    /// The IAM action that reads it; the names differ from the API's (service authorization reference for S3).
    pub read_action: &'static str,
    /// The IAM action that writes it.
    pub write_action: &'static str,
    /// The IAM action that takes it away, where that is another one.
    pub clear_action: Option<&'static str>,
    /// The SDK's operation that reads it, see [`super::operation::get`].
    pub get: fn(&Place, Receive) -> Asked<'_, ()>,
    /// The SDK's operation that replaces it, see [`super::operation::put`].
    pub put: fn(&Place, Send) -> Asked<'_, ()>,
    pub format: Format,
    /// Whether nothing stands in it, which is as good as no document.
    pub is_empty: fn(&Element) -> bool,
    /// What endpoints call themselves that do not know it, and answer as though the bucket had none.
    pub unknown_to: &'static [&'static str],
    /// Whether an answer, though of the right name, says only that the endpoint does not know the document.
    pub is_hollow: fn(&Element) -> bool,
    /// How the bucket is left without it, where an empty one cannot be written; the tree is what stood there.
    pub clear: Option<for<'a> fn(&'a Place, &'a Element) -> Asked<'a, ()>>,
    /// Whether a write is refused only because what it rests on is not seen everywhere yet.
    pub is_early: fn(&Refusal) -> bool,
    /// Where it is kept on an endpoint that does not know it.
    pub elsewhere: Option<fn(&Place) -> Asked<'_, Found>>,
}

impl Document {
    /// What most documents have in common; the requests are never those of this one.
    pub const PLAIN: Self = Self {
        root: "",
        title: "",
        without: "",
        read_action: "",
        write_action: "",
        clear_action: None,
        get: |_, _| Box::pin(std::future::ready(Ok(()))),
        put: |_, _| Box::pin(std::future::ready(Ok(()))),
        format: Format::XML,
        is_empty: |_| false,
        unknown_to: &[],
        is_hollow: |_| false,
        clear: None,
        is_early: |_| false,
        elsewhere: None,
    };
}

/// A bucket has one document of a name.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl Eq for Document {}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root)
    }
}

impl Hash for Document {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.root.hash(state);
    }
}

/// What a read of a document gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Found(Found),
    /// The bucket is there and holds no such document.
    Absent,
    /// There is no such bucket.
    NoBucket,
    /// The endpoint does not know the document, and why that is thought.
    Unsupported(String),
}

/// A document with what came beside its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub tree: Element,
    /// Lifecycle: which small objects transitions leave out, where the endpoint says it.
    pub minimum_size: Option<String>,
    /// Tags: where the endpoint keeps none, and an object holds them instead.
    pub kept: Option<Kept>,
}

/// A document that is kept in an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// Of the object that was read; `None`: there is none.
    pub etag: Option<String>,
}
