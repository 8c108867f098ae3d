//! Mappings whose keys the person chooses.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{NAME_PATTERN, PlainText};
use crate::diag::Spanned;
use crate::policy::read::{Field, Hints, Instead};

/// Things by name, in the order of the text.
#[derive(Debug, Clone)]
pub struct Named<T>(pub Vec<(Spanned<String>, Field<T>)>);

impl<T: Instead> Instead for Named<T> {
    const WRITE: Hints = T::NAMED;
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Instead> Visitor<'de> for Entries<T> {
    type Value = Named<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
        let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(0).min(1024));
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Named(entries))
    }
}

impl<'de, T: Deserialize<'de> + Instead> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "propertyNames": { "pattern": NAME_PATTERN }, "additionalProperties": value })
    }
}

/// Tags: any text to any text.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Tags(pub Named<PlainText>);

impl Instead for Tags {
    const WRITE: Hints = &["Write `{key}: { team: web }`.", "Write `{key}: { team: web }`."];
}

impl JsonSchema for Tags {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Tags".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<PlainText>();
        json_schema!({
            "type": "object",
            "propertyNames": { "minLength": 1, "maxLength": 128 },
            "maxProperties": 49,
            "additionalProperties": value
        })
    }
}
