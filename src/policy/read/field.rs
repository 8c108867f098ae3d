//! Values that keep their place, and places where reading goes on after an error.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::U32Deserializer;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{Fail, Instead, Reader};
use crate::diag::{FileId, Span, Spanned};

pub(super) const FIELD: &str = "$bdr::Field";
pub(super) const SPANNED: &str = "$bdr::Spanned";

/// A value of a document: not there, there but wrong (it has been said), or there with its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Field<T> {
    #[default]
    Absent,
    Broken(Span),
    Given(Spanned<T>),
}

impl<T> Field<T> {
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken(_))
    }

    /// The value where it can be used.
    pub fn given(self) -> Option<Spanned<T>> {
        match self {
            Self::Given(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_ref(&self) -> Option<&Spanned<T>> {
        match self {
            Self::Given(value) => Some(value),
            _ => None,
        }
    }

    /// The place, also of a broken value.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Absent => None,
            Self::Broken(span) => Some(*span),
            Self::Given(value) => value.span,
        }
    }

    /// This one, or `default` where nothing is written.
    #[must_use]
    pub fn or(self, default: Self) -> Self {
        if self.is_absent() { default } else { self }
    }
}

/// A spanned value as a sequence: file, start, end, value.
pub(super) struct Parts<'a> {
    reader: Reader<'a>,
    at: u8,
}

impl<'a> Parts<'a> {
    pub(super) fn new(reader: Reader<'a>) -> Self {
        Self { reader, at: 0 }
    }
}

impl<'de> SeqAccess<'de> for Parts<'_> {
    type Error = Fail;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fail> {
        let span = self.reader.span();
        let part = |number: u32| U32Deserializer::<Fail>::new(number);
        self.at += 1;
        match self.at {
            1 => seed.deserialize(part(span.file.0)),
            2 => seed.deserialize(part(span.start)),
            3 => seed.deserialize(part(span.end)),
            // The visitor of a field goes on without the value, so the reason is kept here.
            4 => seed.deserialize(self.reader).map_err(|fail| {
                self.reader.note(fail);
                Fail::told()
            }),
            _ => return Ok(None),
        }
        .map(Some)
    }
}

fn place<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<Span, A::Error> {
    let mut number = || seq.next_element::<u32>().map(Option::unwrap_or_default);
    Ok(Span { file: FileId(number()?), start: number()?, end: number()? })
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Field<T>, A::Error> {
        let span = place(&mut seq)?;
        Ok(match seq.next_element::<T>() {
            Ok(Some(value)) => Field::Given(Spanned::new(value, span)),
            Ok(None) | Err(_) => Field::Broken(span),
        })
    }
}

/// The reader takes the place of the names of fields for what the type says where something else stands there.
impl<'de, T: Deserialize<'de> + Instead> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(FIELD, T::WRITE, FieldVisitor(PhantomData))
    }
}

struct SpannedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Spanned<T>, A::Error> {
        let span = place(&mut seq)?;
        let value = seq.next_element::<T>()?.ok_or_else(|| serde::de::Error::custom("no value"))?;
        Ok(Spanned::new(value, span))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Spanned<T>, D::Error> {
        T::deserialize(inner).map(Spanned::bare)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SPANNED, SpannedVisitor(PhantomData))
    }
}

impl<T: Serialize> Serialize for Spanned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// Where a value stands is no part of its schema.
macro_rules! schema_of_value {
    ($($type:ident),*) => {$(
        impl<T: JsonSchema> JsonSchema for $type<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }

            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }

            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )*};
}

schema_of_value!(Field, Spanned);
