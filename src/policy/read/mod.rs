//! Reads a document of the tree into plain derived types: every problem in one run, each with its place.
//!
//! A derived visitor stops at its first error, so the places where reading may go on are in the types: a [`Field`] notes what
//! is wrong with its value and stays, broken, while all others are read.

mod fail;
mod field;
mod instead;
mod mapping;
mod several;

pub use field::Field;
pub use instead::{Hints, Instead};
pub use several::Several;

use std::cell::RefCell;

use serde::de::{DeserializeOwned, IntoDeserializer, Visitor};

use crate::diag::{Diagnostic, Diagnostics, Span};
use crate::policy::tree::{NodeId, Shape, Tree, Word, word};
use crate::policy::{codes, echo};
pub(crate) use fail::Fail;

/// Longest text of a value, in bytes: the longest path of Linux (`PATH_MAX` in `limits.h`).
const LONGEST: usize = 4_096;

/// Reads one document. What is wrong is pushed to `out`; `None` when nothing of it can be used.
pub fn read<T: DeserializeOwned>(tree: &Tree<'_>, node: NodeId, out: &mut Diagnostics) -> Option<T> {
    let notes = RefCell::new(std::mem::take(out));
    let reader = Reader { tree, node, key: false, under: None, instead: &[], notes: &notes };
    let result = T::deserialize(reader).map_err(|fail| reader.note(fail)).ok();
    *out = notes.into_inner();
    result
}

/// One node, and where findings go.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    tree: &'a Tree<'a>,
    node: NodeId,
    /// A key is text, whatever it could mean as a value (`on:` is the key `on`).
    key: bool,
    /// The key that it stands under.
    under: Option<NodeId>,
    /// What its type says where something else stands there.
    instead: Hints,
    notes: &'a RefCell<Diagnostics>,
}

impl<'a> Reader<'a> {
    fn at(self, node: NodeId) -> Self {
        Self { node, key: false, under: None, instead: &[], ..self }
    }

    fn at_key(self, node: NodeId) -> Self {
        Self { node, key: true, under: None, instead: &[], ..self }
    }

    fn span(self) -> Span {
        self.tree.span(self.node)
    }

    fn shape(self) -> Shape<'a> {
        self.tree.shape(self.node)
    }

    /// A secret written in plain has its finding; there is nothing else to say of it.
    fn is_hidden(self) -> bool {
        !self.key && self.tree.is_hidden(self.node)
    }

    fn push(self, finding: Diagnostic) {
        self.notes.borrow_mut().push(finding);
    }

    /// Reports why this node could not be read, unless a node inside it already was.
    fn note(self, fail: Fail) {
        if let Some(finding) = fail.finding(self) {
            self.push(finding);
        }
    }

    /// The text of a scalar that is meant as text: anything but a list, a mapping, nothing or a bare truth value.
    fn text(self, expected: &str) -> Result<&'a str, Fail> {
        if self.is_hidden() {
            return Err(Fail::told());
        }
        match self.shape() {
            Shape::Scalar { text, plain } if self.key || !plain || !matches!(word(text), Word::Null | Word::Bool(_)) => Ok(text),
            _ => Err(Fail::mismatch(self, expected)),
        }
    }
}

impl<'de> serde::Deserializer<'de> for Reader<'_> {
    type Error = Fail;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match self.shape() {
            Shape::Scalar { text, plain: true } => match word(text) {
                Word::Null => visitor.visit_unit(),
                Word::Bool(value) => visitor.visit_bool(value),
                Word::Int(value) => visitor.visit_i64(value),
                Word::Unsigned(value) => visitor.visit_u64(value),
                Word::Float(value) => visitor.visit_f64(value),
                Word::Text => visitor.visit_str(text),
            },
            Shape::Scalar { text, .. } => visitor.visit_str(text),
            Shape::Sequence(_) => self.deserialize_seq(visitor),
            Shape::Mapping(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match self.shape() {
            Shape::Scalar { text, plain: true } => match word(text) {
                Word::Bool(value) => visitor.visit_bool(value),
                _ => Err(Fail::mismatch(self, "true or false")),
            },
            _ => Err(Fail::mismatch(self, "true or false")),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match self.shape() {
            Shape::Scalar { text, plain: true } if !text.contains(['x', 'o']) => match word(text) {
                Word::Int(value) => visitor.visit_i64(value),
                Word::Unsigned(value) => visitor.visit_u64(value),
                _ => Err(Fail::mismatch(self, "a whole number")),
            },
            _ => Err(Fail::mismatch(self, "a whole number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        let text = self.text("text")?;
        if text.len() > LONGEST {
            let finding = Diagnostic::error(codes::TOO_LARGE, format!("a text of {} bytes", text.len()))
                .at(self.span(), format!("at most {LONGEST} bytes"))
                .help("No value of a policy is longer than a path can be.");
            self.push(finding);
            return Err(Fail::told());
        }
        visitor.visit_str(text).map_err(|fail: Fail| fail.placed(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match self.shape() {
            Shape::Sequence(items) => visitor.visit_seq(mapping::Items::new(self, items)).map_err(|fail: Fail| fail.placed(self)),
            _ => Err(Fail::mismatch(self, "a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        match self.shape() {
            Shape::Mapping(entries) => {
                visitor.visit_map(mapping::Pairs::new(self, entries, None)).map_err(|fail: Fail| fail.placed(self))
            }
            _ => Err(Fail::mismatch(self, "a mapping")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        if name == field::FIELD {
            return visitor.visit_seq(field::Parts::new(Self { instead: fields, ..self }));
        }
        match self.shape() {
            Shape::Mapping(entries) => {
                visitor.visit_map(mapping::Pairs::new(self, entries, Some(fields))).map_err(|fail: Fail| fail.placed(self))
            }
            _ => Err(Fail::mismatch(self, "a mapping")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fail> {
        let text = self.text("a word")?;
        if variants.contains(&text) {
            return visitor.visit_enum(text.into_deserializer()).map_err(|fail: Fail| fail.placed(self));
        }
        let mut finding = Diagnostic::error(codes::WORD, format!("unknown word {}", echo::quote(text)))
            .at(self.span(), "not one of the known words");
        finding.help = echo::suggest(text, variants.iter().copied());
        self.push(finding);
        Err(Fail::told())
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Fail> {
        match name {
            field::SPANNED => visitor.visit_seq(field::Parts::new(self)),
            several::SEVERAL => match self.shape() {
                Shape::Sequence(items) => visitor.visit_seq(mapping::Items::new(self, items)),
                _ => visitor.visit_newtype_struct(self),
            },
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        visitor.visit_some(self)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_str(visitor)
    }

    serde::forward_to_deserialize_any! { unit unit_struct ignored_any bytes byte_buf char f32 f64 tuple tuple_struct }

    fn deserialize_i8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fail> {
        self.deserialize_i64(visitor)
    }
}
