//! A policy text as a tree of nodes that know their bytes: an arena, so that a thousand files cost little and none can overflow.

mod build;
mod keys;
mod syntax;
mod word;

pub use build::parse;
pub(crate) use build::parse_without;
pub use word::{Word, word};

use crate::diag::{FileId, Span};
use crate::policy::echo::HIDDEN;

/// Deepest nesting of lists and mappings; the language itself needs less than ten levels.
pub const DEPTH: usize = 64;

/// Index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(u32);

/// All documents of one text.
#[derive(Debug)]
pub struct Tree<'t> {
    text: &'t str,
    file: FileId,
    nodes: Vec<Node>,
    /// Items of sequences, and keys and values in turn of mappings; a node's own lie side by side.
    children: Vec<NodeId>,
    /// Scalars that differ from their bytes in the text (escapes, folded lines).
    owned: Vec<Box<str>>,
    documents: Vec<NodeId>,
    /// A syntax error cut a document short, so what is not here may still be in the text.
    pub torn: bool,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    end: u32,
    form: Form,
    /// `Plain`, `Quoted`: first byte and length in the text; `…Owned`: index in `owned`; else the range of `children`.
    first: u32,
    count: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Quoted,
    PlainOwned,
    QuotedOwned,
    /// A plain scalar of no characters.
    Empty,
    /// A secret written in plain: what it says is not kept.
    Hidden,
    Sequence,
    Mapping,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape<'a> {
    /// `plain`: written without quotes, so that it may be a number, a truth value or nothing.
    Scalar {
        text: &'a str,
        plain: bool,
    },
    Sequence(&'a [NodeId]),
    Mapping(Entries<'a>),
}

/// Keys and values of a mapping, in the order of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entries<'a>(&'a [NodeId]);

impl<'a> Entries<'a> {
    pub fn len(self) -> usize {
        self.0.len() / 2
    }

    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub fn get(self, at: usize) -> Option<(NodeId, NodeId)> {
        Some((*self.0.get(at * 2)?, *self.0.get(at * 2 + 1)?))
    }

    pub fn iter(self) -> impl Iterator<Item = (NodeId, NodeId)> + 'a {
        self.0.chunks_exact(2).map(|pair| (pair[0], pair[1]))
    }
}

impl Tree<'_> {
    /// The roots, in the order of the text; documents without content have none.
    pub fn documents(&self) -> &[NodeId] {
        &self.documents
    }

    pub fn file(&self) -> FileId {
        self.file
    }

    /// The text that the tree was read from.
    pub fn source(&self) -> &str {
        self.text
    }

    pub fn span(&self, node: NodeId) -> Span {
        let Node { start, end, .. } = self.node(node);
        Span { file: self.file, start, end }
    }

    pub fn shape(&self, node: NodeId) -> Shape<'_> {
        let Node { form, first, count, .. } = self.node(node);
        let (from, to) = (first as usize, first as usize + count as usize);
        match form {
            Form::Plain | Form::Quoted => {
                Shape::Scalar { text: self.text.get(from..to).unwrap_or_default(), plain: form == Form::Plain }
            }
            Form::PlainOwned | Form::QuotedOwned => {
                let text = self.owned.get(from).map(Box::as_ref).unwrap_or_default();
                Shape::Scalar { text, plain: form == Form::PlainOwned }
            }
            Form::Empty => Shape::Scalar { text: "", plain: true },
            Form::Hidden => Shape::Scalar { text: HIDDEN, plain: false },
            Form::Sequence => Shape::Sequence(self.children.get(from..to).unwrap_or_default()),
            Form::Mapping => Shape::Mapping(Entries(self.children.get(from..to).unwrap_or_default())),
        }
    }

    /// The scalar's text, whatever it may mean.
    pub fn text(&self, node: NodeId) -> Option<&str> {
        match self.shape(node) {
            Shape::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// Whether it is a secret written in plain, of which no more is known.
    pub fn is_hidden(&self, node: NodeId) -> bool {
        self.node(node).form == Form::Hidden
    }

    fn node(&self, node: NodeId) -> Node {
        const NOTHING: Node = Node { start: 0, end: 0, form: Form::Empty, first: 0, count: 0 };
        self.nodes.get(node.0 as usize).copied().unwrap_or(NOTHING)
    }
}
