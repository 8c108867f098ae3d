//! Protections: method, schedule and stores.

use std::collections::BTreeMap;

use super::Run;
use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::document::{FileBackupDocument, NameText, Named, ProtectionDocument, StoreText};
use crate::policy::read::Field;
use crate::policy::{FileBackup, Method, Protection, codes, echo};

const LEVELS: std::ops::RangeInclusive<i64> = 1..=19;
const DEFAULT_LEVEL: i32 = 3;

impl Run<'_> {
    pub(super) fn protections(
        &mut self,
        protect: Field<Named<ProtectionDocument>>,
        component: &ComponentName,
        is_bucket: bool,
        stores: &BTreeMap<StoreName, Option<Span>>,
    ) -> BTreeMap<ProtectionName, Protection> {
        let mut resolved = BTreeMap::new();
        for (written, document) in protect.given().map(|protect| protect.value.0).unwrap_or_default() {
            let name = self.named::<ProtectionName>(&Field::Given(written.map(NameText)));
            let (Some(name), Field::Given(document)) = (name, document) else { continue };
            if let Some(protection) = self.protection(name, document, (component, is_bucket), stores) {
                resolved.insert(protection.name.value.clone(), protection);
            }
        }
        resolved
    }

    fn protection(
        &mut self,
        name: Spanned<ProtectionName>,
        document: Spanned<ProtectionDocument>,
        (component, is_bucket): (&ComponentName, bool),
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<Protection> {
        let span = document.span;
        if is_bucket || (!document.value.replication.is_absent() && document.value.file_backup.is_absent()) {
            return self.replicated(name, document, (component, is_bucket), known);
        }
        let ProtectionDocument { file_backup, schedule, store, stores, .. } = document.value;
        let called = format!("the protection {} of {}", echo::quote(name.as_str()), echo::quote(component.as_str()));
        if file_backup.is_absent() {
            self.missing(&format!("{called} has no method"), name.span, "Write `file_backup: {}` below it.");
        }
        if let (Some(one), Some(many)) = (store.span(), stores.span()) {
            self.out.push(
                Diagnostic::error(codes::ONE_OF, "`store` and `stores` exclude each other")
                    .at(many, "given here")
                    .at(one, "and here")
                    .help("List them all under `stores`."),
            );
        }
        let whole = store.is_absent() && stores.is_absent();
        if whole {
            let help = known.keys().next().map_or_else(
                || "Define a store under `stores:` and name it here, such as `store: primary`.".to_owned(),
                |first| format!("Write `store:` and the name of a store, such as `store: {first}`."),
            );
            self.missing(&format!("{called} does not say where its copies go"), name.span, &help);
        }
        let listed = stores.given().map(|list| list.value).unwrap_or_default();
        let given: Vec<_> = std::iter::once(store).chain(listed).filter_map(|store| self.store_named(&store, known)).collect();
        self.twice_listed(given.iter().map(|store| (store.value.as_str(), store.span)), "store");
        let schedule = self.schedule(&schedule);
        let method = Method::FileBackup(self.file_backup(file_backup)?);
        if given.is_empty() {
            return None;
        }
        Some(Protection { name, method, schedule, stores: given, span })
    }

    /// S3 copies by itself: there is nothing to run, and nothing that bdr would write.
    fn replicated(
        &mut self,
        name: Spanned<ProtectionName>,
        document: Spanned<ProtectionDocument>,
        (component, is_bucket): (&ComponentName, bool),
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<Protection> {
        let span = document.span;
        let ProtectionDocument { file_backup, replication, schedule, store, stores } = document.value;
        let called = format!("the protection {} of {}", echo::quote(name.as_str()), echo::quote(component.as_str()));
        let unfit = |key: &str, why: &str, at: Option<Span>, help: &str| {
            Diagnostic::error(codes::UNFIT, format!("`{key}` does not fit {why}")).at(at, "here").help(help)
        };
        if !is_bucket {
            let help = "Write `file_backup: {}`; what it writes to a bucket is replicated by the `replicate` of the store.";
            self.out.push(unfit("replication", "files", replication.span(), help));
            return None;
        }
        if !file_backup.is_absent() {
            let help = "Write `replication: { to: NAME }`.";
            self.out.push(unfit("file_backup", "a bucket", file_backup.span(), help));
        } else if replication.is_absent() {
            self.missing(&format!("{called} has no method"), name.span, "Write `replication: { to: NAME }` below it.");
        }
        for (key, at) in [("schedule", schedule.span()), ("store", store.span()), ("stores", stores.span())] {
            if at.is_some() {
                let help = "Remove it: S3 copies by itself, to the store that `to` names.";
                self.out.push(unfit(key, "a replication", at, help));
            }
        }
        let entry = self.replication(replication.given()?.map(|entry| *entry), known)?;
        Some(Protection { name, method: Method::Replication(Box::new(entry)), schedule: None, stores: Vec::new(), span })
    }

    pub(super) fn store_named(
        &mut self,
        field: &Field<StoreText>,
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<Spanned<StoreName>> {
        let name = self.named::<StoreName>(field)?;
        if known.contains_key(&name.value) {
            return Some(name);
        }
        if !self.torn {
            let mut finding = Diagnostic::error(codes::NO_STORE, format!("there is no store {}", echo::quote(name.as_str())))
                .at(name.span, "not defined under `stores`");
            let names = known.keys().map(StoreName::as_str);
            finding.help = echo::suggest(name.as_str(), names)
                .or_else(|| Some("Define it under `stores:` at the top of the policy.".to_owned()));
            self.out.push(finding);
        }
        None
    }

    fn file_backup(&mut self, field: Field<FileBackupDocument>) -> Option<FileBackup> {
        let FileBackupDocument { full, compression } = field.given()?.value;
        let level = match compression.given() {
            None => Spanned::bare(DEFAULT_LEVEL),
            Some(level) => match i32::try_from(level.value.0).ok().filter(|_| LEVELS.contains(&level.value.0)) {
                Some(value) => Spanned::new(value, level.span),
                None => {
                    let written = level.value.0.to_string();
                    let written = Spanned::new(written.as_str(), level.span);
                    self.bad(codes::RANGE, written, "is not a level of zstd", "Write a level from 1 (fast) to 19 (small).");
                    Spanned::bare(DEFAULT_LEVEL)
                }
            },
        };
        Some(FileBackup { full: self.schedule(&full), compression: level })
    }
}
