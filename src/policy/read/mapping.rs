//! Lists and mappings as serde visits them; unknown keys are reported and passed over.

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::{Fail, Reader};
use crate::diag::Diagnostic;
use crate::policy::tree::{Entries, NodeId};
use crate::policy::{codes, echo};

/// The items of a list.
pub(super) struct Items<'a> {
    reader: Reader<'a>,
    items: std::slice::Iter<'a, NodeId>,
}

impl<'a> Items<'a> {
    pub(super) fn new(reader: Reader<'a>, items: &'a [NodeId]) -> Self {
        Self { reader, items: items.iter() }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fail;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fail> {
        self.items.next().map(|item| seed.deserialize(self.reader.at(*item))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The entries of a mapping; of those with `fields`, only the known ones.
pub(super) struct Pairs<'a> {
    reader: Reader<'a>,
    entries: Entries<'a>,
    next: usize,
    fields: Option<&'static [&'static str]>,
    value: Option<NodeId>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(reader: Reader<'a>, entries: Entries<'a>, fields: Option<&'static [&'static str]>) -> Self {
        Self { reader, entries, next: 0, fields, value: None }
    }

    fn unknown(&self, key: NodeId, written: &str, fields: &[&'static str]) {
        let tree = self.reader.tree;
        let given: Vec<&str> = self.entries.iter().filter_map(|(key, _)| tree.text(key)).collect();
        let mut free: Vec<&str> = fields.iter().copied().filter(|field| !given.contains(field)).collect();
        free.sort_unstable();
        let mut finding = Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown key {}", echo::quote(written)))
            .at(tree.span(key), "not known here");
        finding.help = echo::suggest(written, free.iter().copied());
        self.reader.push(finding);
    }
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Fail;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fail> {
        while let Some((key, value)) = self.entries.get(self.next) {
            self.next += 1;
            if let Some(fields) = self.fields {
                let written = self.reader.tree.text(key).unwrap_or_default();
                if !fields.contains(&written) {
                    self.unknown(key, written, fields);
                    continue;
                }
            }
            self.value = Some(value);
            return seed.deserialize(self.reader.at_key(key)).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fail> {
        let value = self.value.take().unwrap_or(self.reader.node);
        seed.deserialize(self.reader.at(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() - self.next)
    }
}
