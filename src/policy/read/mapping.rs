//! Lists and mappings as serde visits them; unknown keys are reported and passed over.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::{Fail, Reader};
use crate::diag::{Diagnostic, Severity};
use crate::policy::tree::{Entries, NodeId};
use crate::policy::{codes, echo, secrets};

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
    /// Key and value that are being read.
    value: Option<(NodeId, NodeId)>,
    /// Known keys that are not given; found out when the first unknown one is met.
    free: OnceCell<Vec<&'static str>>,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(reader: Reader<'a>, entries: Entries<'a>, fields: Option<&'static [&'static str]>) -> Self {
        Self { reader, entries, next: 0, fields, value: None, free: OnceCell::new() }
    }

    fn unknown(&self, key: NodeId, written: &str, fields: &'static [&'static str]) {
        let finding = || {
            let found = Diagnostic::error(codes::UNKNOWN_KEY, format!("unknown key {}", echo::quote(written)));
            let credential = secrets::is_aws_credential(written).then(|| secrets::AWS_CHAIN.to_owned());
            let free = self.free.get_or_init(|| free(self.reader, self.entries, fields));
            let known: BTreeSet<&str> = fields.iter().copied().collect();
            Diagnostic {
                help: credential.or_else(|| echo::suggest_free(written, free.iter().copied(), known)),
                ..found.at(self.reader.tree.span(key), "not known here")
            }
        };
        self.reader.notes.borrow_mut().push_with(Severity::Error, finding);
    }
}

/// The keys that could still be meant, in order.
fn free(reader: Reader<'_>, entries: Entries<'_>, fields: &'static [&'static str]) -> Vec<&'static str> {
    let given: BTreeSet<&str> = entries.iter().filter_map(|(key, _)| reader.tree.text(key)).collect();
    let mut free: Vec<&str> = fields.iter().copied().filter(|field| !given.contains(field)).collect();
    free.sort_unstable();
    free
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
            self.value = Some((key, value));
            return seed.deserialize(self.reader.at_key(key)).map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fail> {
        let Some((key, value)) = self.value.take() else { return seed.deserialize(self.reader) };
        seed.deserialize(Reader { under: Some(key), ..self.reader.at(value) })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() - self.next)
    }
}
