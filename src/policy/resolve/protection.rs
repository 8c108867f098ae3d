//! Protections: method, schedule and stores.

use std::collections::BTreeMap;

use super::Run;
use crate::address::{ComponentName, ProtectionName, StoreName};
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::document::{
    BaseBackupDocument, DurationText, FileBackupDocument, Level, LogicalDumpDocument, NameText, Named, ProtectionDocument,
    ScheduleText, StoreText, WalArchiveDocument,
};
use crate::policy::read::Field;
use crate::policy::{AsTree, Method, Protection, Protections, WalArchive, codes, echo};
use crate::units::duration::Duration;

const LEVELS: std::ops::RangeInclusive<i64> = 1..=19;
const DEFAULT_LEVEL: i32 = 3;
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

/// What a component is, as far as the methods go that fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fits {
    Files,
    Bucket,
    Database,
}

impl Fits {
    /// The methods, in words of the policy language.
    fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Files => &["file_backup"],
            Self::Bucket => &["replication"],
            Self::Database => &["logical_dump", "base_backup", "wal_archive"],
        }
    }

    fn called(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Bucket => "a bucket",
            Self::Database => "a database",
        }
    }

    /// What to write.
    fn usual(self) -> &'static str {
        match self {
            Self::Files => "`file_backup: {}`",
            Self::Bucket => "`replication: { to: NAME }`",
            Self::Database => "`logical_dump: {}`",
        }
    }
}

impl Run<'_> {
    pub(super) fn protections(
        &mut self,
        protect: Field<Named<ProtectionDocument>>,
        (component, fits): (&ComponentName, Fits),
        stores: &BTreeMap<StoreName, Option<Span>>,
    ) -> Protections {
        let written = protect.given().map(|protect| protect.value.0).unwrap_or_default();
        let mut resolved = Protections::with_capacity(written.len());
        for (written, document) in written {
            let name = self.named::<ProtectionName>(&Field::Given(written.map(NameText)));
            let (Some(name), Field::Given(document)) = (name, document) else { continue };
            if let Some(protection) = self.protection(name, document, (component, fits), stores) {
                resolved.insert(protection.name.value.clone(), protection);
            }
        }
        self.one_archive(&resolved);
        resolved
    }

    /// PostgreSQL has one `archive_command`, and who fetches a segment must know from where.
    fn one_archive(&mut self, protections: &Protections) {
        let mut archives = protections.values().filter(|protection| protection.wal_archive().is_some());
        let Some(first) = archives.next() else { return };
        for other in archives {
            self.out.push(
                Diagnostic::error(codes::ONE_OF, format!("`{}` and `{}` both archive the WAL", *first.name, *other.name))
                    .at(other.name.span, "given here")
                    .at(first.name.span, "and here")
                    .help("Make one of them, and list all its stores under `stores`."),
            );
        }
    }

    fn protection(
        &mut self,
        name: Spanned<ProtectionName>,
        document: Spanned<ProtectionDocument>,
        (component, fits): (&ComponentName, Fits),
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<Protection> {
        let fitting = self.fitting(&document.value, &name, (component, fits));
        if fits == Fits::Bucket {
            return self.by_itself(name, document, known);
        }
        if fitting { self.by_bdr(name, document, component, known) } else { None }
    }

    /// Says which methods do not fit what the component is, and which is missing. `false`: there is only such as does not fit.
    fn fitting(
        &mut self,
        document: &ProtectionDocument,
        name: &Spanned<ProtectionName>,
        (component, fits): (&ComponentName, Fits),
    ) -> bool {
        let ProtectionDocument { file_backup, logical_dump, base_backup, wal_archive, replication, .. } = document;
        let methods = [
            ("file_backup", file_backup.is_absent(), file_backup.span()),
            ("logical_dump", logical_dump.is_absent(), logical_dump.span()),
            ("base_backup", base_backup.is_absent(), base_backup.span()),
            ("wal_archive", wal_archive.is_absent(), wal_archive.span()),
            ("replication", replication.is_absent(), replication.span()),
        ];
        let given = methods.into_iter().filter(|(_, absent, _)| !absent);
        let (fitting, unfit): (Vec<_>, Vec<_>) = given.partition(|(method, ..)| fits.methods().contains(method));
        for (method, _, at) in &unfit {
            let mut help = format!("Write {}", fits.usual());
            help += match (*method, fits) {
                ("replication", Fits::Files | Fits::Database) => {
                    "; what it writes to a bucket is replicated by the `replicate` of the store."
                }
                _ => ".",
            };
            self.unfit(method, fits.called(), *at, &help);
        }
        if let [(one, _, first), (other, _, second), ..] = fitting.as_slice() {
            let what = format!("`{one}` and `{other}` are two protections");
            let finding = Diagnostic::error(codes::ONE_OF, what).at(*second, "given here").at(*first, "and here");
            self.out.push(finding.help("Give each its own name below `protect`, and its own schedule."));
        }
        if fitting.is_empty() && unfit.is_empty() {
            self.missing(
                &format!("{} has no method", called(name, component)),
                name.span,
                &format!("Write {} below it.", fits.usual()),
            );
        }
        !fitting.is_empty() || unfit.is_empty()
    }

    fn unfit(&mut self, key: &str, what: &str, at: Option<Span>, help: &str) {
        self.out.push(Diagnostic::error(codes::UNFIT, format!("`{key}` does not fit {what}")).at(at, "here").help(help));
    }

    /// What bdr copies itself, into stores.
    fn by_bdr(
        &mut self,
        name: Spanned<ProtectionName>,
        document: Spanned<ProtectionDocument>,
        component: &ComponentName,
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<Protection> {
        let span = document.span;
        let ProtectionDocument { file_backup, logical_dump, base_backup, wal_archive, schedule, store, stores, .. } =
            document.value;
        if let (Some(one), Some(many)) = (store.span(), stores.span()) {
            self.out.push(
                Diagnostic::error(codes::ONE_OF, "`store` and `stores` exclude each other")
                    .at(many, "given here")
                    .at(one, "and here")
                    .help("List them all under `stores`."),
            );
        }
        if store.is_absent() && stores.is_absent() {
            let help = known.keys().next().map_or_else(
                || "Define a store under `stores:` and name it here, such as `store: primary`.".to_owned(),
                |first| format!("Write `store:` and the name of a store, such as `store: {first}`."),
            );
            self.missing(&format!("{} does not say where its copies go", called(&name, component)), name.span, &help);
        }
        let listed = stores.given().map(|list| list.value).unwrap_or_default();
        let given: Vec<_> = std::iter::once(store).chain(listed).filter_map(|store| self.store_named(&store, known)).collect();
        self.twice_listed(given.iter().map(|store| (store.value.as_str(), store.span)), "store");
        if !wal_archive.is_absent() && !schedule.is_absent() {
            let help = "Remove it: PostgreSQL hands each segment over as it is done, by its `archive_command`.";
            self.unfit("schedule", "a WAL archive", schedule.span(), help);
        }
        let schedule = self.schedule(&schedule).filter(|_| wal_archive.is_absent());
        let method = if let Some(WalArchiveDocument { max_interval }) = wal_archive.given().map(|document| *document.value) {
            Method::WalArchive(Box::new(WalArchive { max_interval: self.interval(&max_interval) }))
        } else if let Some(LogicalDumpDocument { full, compression }) = logical_dump.given().map(|document| *document.value) {
            Method::LogicalDump(Box::new(self.as_tree(&full, compression)))
        } else if let Some(BaseBackupDocument { full, compression }) = base_backup.given().map(|document| *document.value) {
            Method::BaseBackup(Box::new(self.as_tree(&full, compression)))
        } else {
            let FileBackupDocument { full, compression } = file_backup.given()?.value;
            Method::FileBackup(Box::new(self.as_tree(&full, compression)))
        };
        if given.is_empty() {
            return None;
        }
        Some(Protection { name, method, schedule, stores: given, span })
    }

    /// S3 copies by itself: there is nothing to run, and nothing that bdr would write.
    fn by_itself(
        &mut self,
        name: Spanned<ProtectionName>,
        document: Spanned<ProtectionDocument>,
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<Protection> {
        let span = document.span;
        let ProtectionDocument { replication, schedule, store, stores, .. } = document.value;
        for (key, at) in [("schedule", schedule.span()), ("store", store.span()), ("stores", stores.span())] {
            if at.is_some() {
                let help = "Remove it: S3 copies by itself, to the store that `to` names.";
                self.unfit(key, "a replication", at, help);
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

    fn interval(&mut self, field: &Field<DurationText>) -> Spanned<Duration> {
        let Some(interval) = self.duration(field) else { return Spanned::bare(DEFAULT_INTERVAL) };
        if interval.value == Duration::ZERO {
            let help = "Write how long a change may wait to be archived, such as 60s: the `archive_timeout` of the server.";
            self.bad(codes::DURATION, Spanned::new("0s", interval.span), "lets a change wait for no time at all", help);
        }
        interval
    }

    fn as_tree(&mut self, full: &Field<ScheduleText>, compression: Field<Level>) -> AsTree {
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
        AsTree { full: self.schedule(full), compression: level }
    }
}

fn called(name: &ProtectionName, component: &ComponentName) -> String {
    format!("the protection {} of {}", echo::quote(name.as_str()), echo::quote(component.as_str()))
}
