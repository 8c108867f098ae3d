//! One value, or a list of such values.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use super::{Field, Hints, Instead};

pub(super) const SEVERAL: &str = "$bdr::Several";

/// What is written as one value where there is one, and as a list where there are more.
#[derive(Debug, Clone)]
pub struct Several<T>(pub Vec<Field<T>>);

impl<T: Instead> Instead for Several<T> {
    const WRITE: Hints = T::WRITE;
}

struct Values<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Instead> Visitor<'de> for Values<T> {
    type Value = Several<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Several<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Several(values))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, one: D) -> Result<Several<T>, D::Error> {
        Field::deserialize(one).map(|one| Several(vec![one]))
    }
}

/// The reader gives a list item by item, and anything else as the one value.
impl<'de, T: Deserialize<'de> + Instead> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SEVERAL, Values(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Several<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Several_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [{ "type": "array", "minItems": 1, "items": one }, one] })
    }
}
