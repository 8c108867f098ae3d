//! Replication: each entry read, then held against both of its stores.

use std::collections::BTreeMap;

use super::Run;
use crate::address::{ComponentName, StoreName};
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::document::{ReplicationDocument, RoleText};
use crate::policy::read::{Field, Several};
use crate::policy::reference::Text;
use crate::policy::replication::{key_of_copies, role_arn};
use crate::policy::{Backend, Component, Encryption, Medium, Replication, S3Backend, StoreSpec, codes, echo};

/// The only time within which S3 promises copies (S3 user guide, "Using S3 Replication Time Control").
const WITHIN: u64 = 15 * 60;

impl Run<'_> {
    pub(super) fn replications(
        &mut self,
        field: Field<Several<ReplicationDocument>>,
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Vec<Replication> {
        let entries = field.given().map(|several| several.value.0).unwrap_or_default();
        let entries = entries.into_iter().filter_map(Field::given);
        entries.filter_map(|entry| self.replication(entry, known)).collect()
    }

    pub(super) fn replication(
        &mut self,
        entry: Spanned<ReplicationDocument>,
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<Replication> {
        let span = entry.span;
        let ReplicationDocument {
            to,
            within,
            storage_class,
            delete_markers,
            prefix,
            tags,
            existing_objects,
            kms,
            owner_override,
            role,
        } = entry.value;
        if to.is_absent() {
            self.missing_in("`to` is missing", span, "Write the store that copies go to: { to: NAME }.");
        }
        let within = self.duration(&within);
        if let Some(other) = within.as_ref().filter(|within| within.as_secs() != WITHIN) {
            let shown = Spanned::new(other.to_string(), other.span);
            let why = "is no time that S3 promises: its replication time control knows 15 minutes and nothing else";
            let help = "Write `within: 15m`, or remove it: then S3 copies as soon as it can, and promises no time.";
            self.bad(codes::UNFIT, shown.as_ref().map(String::as_str), why, help);
        }
        if let (Some(tags), Some(on)) = (tags.span(), delete_markers.as_ref().filter(|on| on.value)) {
            self.out.push(
                Diagnostic::error(codes::UNFIT, "S3 copies no delete markers by a rule that chooses by tags")
                    .at(on.span, "these would have to be copied")
                    .at(tags, "chosen by tags")
                    .help("Remove one of the two."),
            );
        }
        let (prefix, tags) = (self.prefix(&prefix).unwrap_or_else(|| Spanned::bare(String::new())), self.tags(tags));
        let kms = self.kms_key(&kms);
        let role = self.role(&role);
        Some(Replication {
            to: self.store_named(&to, known)?,
            within,
            storage_class: storage_class.given(),
            delete_markers: delete_markers.given().is_some_and(|on| on.value),
            prefix,
            tags,
            existing_objects: existing_objects.given(),
            kms,
            owner_override: owner_override.given(),
            role,
            span,
        })
    }

    fn role(&mut self, field: &Field<RoleText>) -> Option<Spanned<Text>> {
        let role = self.text(field)?;
        let fits = |arn: &str| {
            let parts: Vec<&str> = arn.splitn(6, ':').collect();
            matches!(parts.as_slice(), ["arn", partition, "iam", "", account, name]
                if partition.starts_with("aws") && account.len() == 12 && name.len() > "role/".len() && name.starts_with("role/"))
        };
        if role.value.is_known() && !fits(role.value.expose()) {
            let shown = Spanned::new(role.value.shown.as_str(), role.span);
            if role.value.is_referenced() {
                let help = "Write it as arn:aws:iam::111122223333:role/NAME.";
                self.bad(codes::UNFIT, shown, "is not the ARN of a role", help);
            } else {
                self.no_arn(codes::UNFIT, shown, "is not the ARN of a role", &["role/"]);
            }
            return None;
        }
        Some(role)
    }

    /// What can be said only when all stores are known. An entry with a finding stays: the policy is refused anyway.
    pub(super) fn replications_fit(
        &mut self,
        stores: &BTreeMap<StoreName, StoreSpec>,
        components: &BTreeMap<ComponentName, Component>,
    ) {
        let copied = by_bucket(stores.values().filter(|store| !store.replicate.is_empty()));
        for from in stores.values() {
            for (at, entry) in from.replicate.iter().enumerate() {
                self.is_no_repetition(&from.replicate[..at], entry);
                let Some(to) = stores.get(&entry.to.value) else { continue };
                if self.can_be_reached(from, to, entry, true) {
                    self.has_versions(from, to, entry);
                    self.is_encrypted(from, to, entry);
                    self.is_locked(from, to, entry);
                    self.belongs(to, entry);
                }
                self.is_of_a_component(entry, components);
                self.can_be_read(entry);
            }
            self.has_one_role(from, &copied);
        }
    }

    /// The same for components that are buckets.
    pub(super) fn buckets_fit(
        &mut self,
        stores: &BTreeMap<StoreName, StoreSpec>,
        components: &BTreeMap<ComponentName, Component>,
    ) {
        let buckets = components.values().filter_map(Component::as_store).map(|store| (store.name.value.clone(), store));
        let buckets: BTreeMap<StoreName, StoreSpec> = buckets.collect();
        let (holding, copied) = (by_bucket(stores.values()), by_bucket(buckets.values()));
        for from in buckets.values() {
            let store = holding.get(&Medium::of(&from.backend)).and_then(|stores| stores.first());
            if let (Some(store), Backend::S3(here)) = (store, &from.backend) {
                let message = format!("{} is the bucket of a store too", echo::quote(from.name.as_str()));
                self.out.push(
                    Diagnostic::error(codes::UNFIT, message)
                        .at(here.bucket.span, "the application's own data")
                        .at(store.name.span, "backups in the same bucket")
                        .help(
                            "Give the store a bucket of its own: bdr sets up and marks it, and never touches the application's.",
                        ),
                );
                continue;
            }
            for (at, entry) in from.replicate.iter().enumerate() {
                self.is_no_repetition(&from.replicate[..at], entry);
                let Some(to) = stores.get(&entry.to.value) else { continue };
                if self.can_be_reached(from, to, entry, false) {
                    self.has_versions(from, to, entry);
                    self.is_encrypted(from, to, entry);
                    self.belongs(to, entry);
                }
            }
            self.has_one_role(from, &copied);
        }
    }

    fn is_no_repetition(&mut self, earlier: &[Replication], entry: &Replication) {
        if let Some(again) = earlier.iter().find(|earlier| same_rule(earlier, entry)) {
            self.out.push(
                Diagnostic::error(codes::TWICE, "the same replication is listed twice")
                    .at(entry.span, "listed again")
                    .at(again.span, "listed here first")
                    .help("Remove one of the two, or give them different prefixes or tags."),
            );
        }
    }

    /// Whether S3 can copy between the two at all, and bdr read what arrives.
    fn can_be_reached(&mut self, from: &StoreSpec, to: &StoreSpec, entry: &Replication, holds_backups: bool) -> bool {
        let at = entry.to.span;
        let wrong = |what: &str, label: &str| Diagnostic::error(codes::UNFIT, what).at(at, label);
        let finding = match (&from.backend, &to.backend) {
            _ if from.name.value == to.name.value => {
                wrong("a store cannot be replicated to itself", "this very store").help("Name another store, in another bucket.")
            }
            (_, Backend::Folder(folder)) => wrong("S3 replicates to buckets only", "a folder")
                .at(folder.path.span, "it lies here")
                .help("Name a store in S3; or name the folder under the protection's `stores`, and bdr writes to both."),
            (Backend::S3(here), Backend::S3(there)) => match (Medium::of(&from.backend), Medium::of(&to.backend)) {
                (one, other) if one == other => wrong("both stores lie in one bucket", "the same bucket")
                    .at(there.bucket.span, "it is this one")
                    .help("Name a store in another bucket."),
                (Medium::Bucket { of: one, .. }, Medium::Bucket { of: other, .. })
                    if one != other && [&one, &other].iter().any(|of| of.starts_with("aws")) =>
                {
                    wrong("S3 replicates within one cloud only", "lies in another one")
                        .note(format!("the source lies in {one}, the destination in {other}"))
                        .help("Name both stores under the protection's `stores`, and bdr writes to both.")
                }
                _ if holds_backups && here.prefix.value != there.prefix.value => {
                    wrong("copies keep their keys, and bdr would look for them elsewhere", "has another `prefix`")
                        .at(there.prefix.span.or(there.bucket.span), shown_prefix(there))
                        .at(here.prefix.span.or(here.bucket.span), shown_prefix(here))
                        .help("Give both stores the same `prefix`.")
                }
                _ => return true,
            },
            // Of the folder itself it was said that it takes no `replicate`.
            (Backend::Folder(_), _) => return false,
        };
        self.out.push(finding);
        false
    }

    /// S3 refuses the rule otherwise (S3 user guide, "What does Amazon S3 replicate?").
    fn has_versions(&mut self, from: &StoreSpec, to: &StoreSpec, entry: &Replication) {
        for (store, which) in [(from, "source"), (to, "destination")] {
            if store.versioning.as_ref().is_some_and(|on| on.value) {
                continue;
            }
            let off = store.versioning.as_ref().and_then(|on| on.span);
            let message = format!("replication needs versions, and the {which} {} keeps none", echo::quote(store.name.as_str()));
            let finding = Diagnostic::error(codes::UNFIT, message).at(entry.span, "replicated here");
            let finding = match off {
                Some(off) => finding.at(off, "without versions"),
                None => finding.at(store.name.span, "says nothing of versions"),
            };
            self.out.push(finding.help(format!("Write `versioning: true` in `{}`.", store.name.value)));
        }
    }

    /// S3 passes over objects that KMS encrypts where the rule names no key, and tells nobody.
    fn is_encrypted(&mut self, from: &StoreSpec, to: &StoreSpec, entry: &Replication) {
        let is_kms = |store: &StoreSpec| matches!(store.encryption.as_deref(), Some(Encryption::Kms { .. }));
        if is_kms(from) && !is_kms(to) && entry.kms.is_none() {
            self.out.push(
                Diagnostic::error(
                    codes::UNFIT,
                    "no key for the copies of what KMS encrypts, so S3 would silently copy none of it",
                )
                .at(entry.span, "names no `kms`, and the destination has no key either")
                .at(from.encryption.as_ref().and_then(|stated| stated.span), "encrypted by KMS")
                .help("Write `kms:` and a key of the destination's region, or `encryption: { sse: aws:kms, key: … }` there."),
            );
        }
        if let Some(Err(key)) = key_of_copies(entry, to) {
            let stated = to.encryption.as_ref().and_then(|encryption| encryption.span);
            let message = format!("S3 takes the key of copies as its ARN, and that of {} is not known", echo::quote(&key));
            self.out.push(
                Diagnostic::error(codes::MISSING, message)
                    .at(entry.kms.as_ref().map_or(stated, |key| key.span), "this key")
                    .at(to.name.span, "in the account and region of this store")
                    .help(format!("Write the ARN, or `account:` and `region:` in `{}`.", to.name.value)),
            );
        }
    }

    /// S3 copies no locked version to a bucket without lock (S3 user guide, "Replicating locked objects").
    fn is_locked(&mut self, from: &StoreSpec, to: &StoreSpec, entry: &Replication) {
        if let (Some(lock), None) = (&from.immutability, &to.immutability) {
            let message = format!("S3 copies nothing that is locked to {}, which locks nothing", echo::quote(to.name.as_str()));
            self.out.push(
                Diagnostic::error(codes::UNFIT, message)
                    .at(entry.to.span, "without `immutability`")
                    .at(lock.span, "locked here")
                    .help(format!("Write `immutability:` in `{}` too.", to.name.value)),
            );
        }
    }

    /// Manifests and indexes are copied by the same rule as the rest, and whoever restores reads them first.
    fn can_be_read(&mut self, entry: &Replication) {
        if let Some(class) = entry.storage_class.as_ref().filter(|class| !class.value.is_immediate()) {
            let shown = Spanned::new(class.value.as_str(), class.span);
            let help = "Write GLACIER_IR or a class that is read as soon.";
            self.bad(codes::UNFIT, shown, "is no class for copies of backups: nothing in it can be listed or read at once", help);
        }
    }

    fn belongs(&mut self, to: &StoreSpec, entry: &Replication) {
        let Backend::S3(there) = &to.backend else { return };
        if entry.overrides_owner() && there.account.is_none() {
            let at = entry.owner_override.as_ref().and_then(|on| on.span);
            self.out.push(
                Diagnostic::error(codes::MISSING, "the account that the copies are to belong to is not stated")
                    .at(at, "asks for it")
                    .at(there.bucket.span, "this bucket has no `account`")
                    .help(format!("Write `account:` and its twelve digits in `{}`.", to.name.value)),
            );
        }
    }

    fn is_of_a_component(&mut self, entry: &Replication, components: &BTreeMap<ComponentName, Component>) {
        let first = entry.prefix.value.split('/').next().unwrap_or_default();
        if first.is_empty() || self.torn || components.values().any(|component| component.folder().as_str() == first) {
            return;
        }
        let message = format!("{} is not below any component, so nothing would be replicated", echo::quote(&entry.prefix.value));
        let mut finding = Diagnostic::error(codes::PREFIX, message).at(entry.prefix.span, "taken from the policy's folder on");
        finding.help = echo::suggest(first, components.values().map(|component| component.folder().as_str()))
            .or_else(|| Some("Write the name of a component, such as docs/, or remove it to replicate all.".to_owned()));
        self.out.push(finding);
    }

    /// A bucket has one role for all its rules, and without one AWS copies nothing.
    fn has_one_role(&mut self, from: &StoreSpec, copied: &BTreeMap<Medium, Vec<&StoreSpec>>) {
        let Backend::S3(backend) = &from.backend else { return };
        let sharing = copied.get(&Medium::of(&from.backend)).into_iter().flatten();
        let here = sharing.filter(|store| store.name.value <= from.name.value);
        let mut stated = here.flat_map(|store| &store.replicate).filter_map(|entry| entry.role.as_ref());
        let first = stated.next();
        if let (Some(first), Some(other)) = (first, stated.find(|role| first.is_some_and(|first| first.value != role.value))) {
            self.out.push(
                Diagnostic::error(codes::CONFLICT, "two roles for the replication of one bucket")
                    .at(other.span, "another role here")
                    .at(first.span, "first given here")
                    .help("S3 takes one for all rules of a bucket: keep one."),
            );
        }
        let unnamed = from.replicate.first().filter(|_| first.is_none() && !self.torn);
        if let Some(entry) = unnamed.filter(|_| names_no_role(backend)) {
            self.out.push(
                Diagnostic::error(codes::MISSING, "the role by which S3 copies cannot be named: its account is not stated")
                    .at(entry.span, "no `role` here")
                    .at(backend.bucket.span, "and no `account` here")
                    .help(format!("Write `account:` and its twelve digits in `{}`, or `role:` and an ARN.", from.name.value)),
            );
        }
    }
}

/// Stores by the place that they lie in, in order of name.
fn by_bucket<'a>(stores: impl Iterator<Item = &'a StoreSpec>) -> BTreeMap<Medium, Vec<&'a StoreSpec>> {
    let mut places: BTreeMap<Medium, Vec<&StoreSpec>> = BTreeMap::new();
    stores.for_each(|store| places.entry(Medium::of(&store.backend)).or_default().push(store));
    places
}

fn names_no_role(backend: &S3Backend) -> bool {
    crate::address::PolicyName::new("p").is_ok_and(|policy| role_arn(&policy, "s", backend).is_none())
}

fn same_rule(one: &Replication, other: &Replication) -> bool {
    let tags = |entry: &Replication| entry.tags.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect::<Vec<_>>();
    one.to.value == other.to.value && one.prefix.value == other.prefix.value && tags(one) == tags(other)
}

fn shown_prefix(backend: &S3Backend) -> String {
    match backend.prefix.value.as_str() {
        "" => "without a prefix".to_owned(),
        prefix => format!("below {}", echo::quote(prefix)),
    }
}
