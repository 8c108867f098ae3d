//! From documents to the policy: merged, inherited, references looked up, every value read into its type and checked.

mod access;
mod account;
mod arn;
mod aws;
mod component;
mod freeze;
mod immutability;
mod inherit;
mod merge;
mod moved;
mod protection;
mod replication;
mod retention;
mod scheduler;
mod store;
mod store_access;
mod text;
mod value;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::address::{AccountName, PolicyName, StoreName};
use crate::diag::{Diagnostic, Diagnostics, FileId, Sources, Span, Spanned};
use crate::policy::document::ContactDocument;
use crate::policy::read::Field;
use crate::policy::reference::{Reference, Refused, Resolve};
use crate::policy::{Account, Contact, Policy, codes, echo};
use crate::units::cadence::{Schedule, Zone};
pub(super) use inherit::Heritage;
pub(super) use merge::Merged;
use merge::Table;

/// Turns the merged documents into the policy. `torn`: some of its text could not be read, so what seems to be missing
/// may be there.
pub(super) fn resolve(
    mut merged: Merged,
    sources: &mut Sources,
    resolver: Option<&dyn Resolve>,
    torn: bool,
    out: &mut Diagnostics,
) -> Option<Policy> {
    inherit::inherit(&mut merged.components, sources, torn, out);
    let unknown = out.iter().filter(|finding| finding.code == codes::UNKNOWN_KEY);
    let unknown = unknown.filter_map(Diagnostic::span).map(|span| (span.file, span.start)).collect();
    // What is missing from texts that say nothing is missing from the first.
    merged.start = merged.start.or_else(|| sources.iter().next().map(|(file, _)| Span { file, start: 0, end: 0 }));
    let (refused, accounts, globs, schedules) = (BTreeMap::new(), BTreeMap::new(), HashSet::new(), HashMap::new());
    let mut run = Run { sources, resolver, torn, unknown, refused, accounts, globs, schedules, out };
    run.version(&merged);
    let name = run.name(&merged);
    run.accounts(merged.accounts, name.as_ref().map_or("", |name| name.as_str()));
    let timezone = run.zone(&merged.timezone).unwrap_or_else(|| Spanned::bare(Zone::utc()));
    let contacts = run.contacts(merged.contacts);
    let known: BTreeMap<StoreName, Option<Span>> =
        merged.stores.iter().map(|(name, (written, _))| (name.clone(), written.span)).collect();
    let stores = run.stores(merged.stores, &known);
    let components = run.components(merged.components, &known, name.as_ref().map_or("", |name| name.as_str()));
    run.moves_fit(&stores, &components);
    run.replications_fit(&stores, &components);
    run.buckets_fit(&stores, &components);
    run.buckets_have_one_account(&stores, &components);
    let scheduler = run.scheduler(merged.scheduler);
    let access = run.access(merged.access, &known, name.as_ref().map(|name| &name.value));
    let packs = run.packs(merged.packs);
    let change_freeze = run.freezes(merged.change_freeze, &timezone);
    text::refused(run.refused, run.out);
    let accounts = run.accounts.into_iter().filter_map(|(name, account)| Some((name, account?))).collect();
    Some(Policy {
        name: name?,
        timezone,
        contacts,
        accounts,
        stores,
        components,
        scheduler,
        access,
        change_freeze,
        packs,
        digest: Default::default(),
    })
}

/// What every step needs: texts to take relative paths from, the way to the outside, and where findings go.
struct Run<'a> {
    sources: &'a Sources,
    resolver: Option<&'a dyn Resolve>,
    torn: bool,
    /// Where each key stands that the language does not know: file and first byte.
    unknown: BTreeSet<(FileId, u32)>,
    /// References that have no value: why, and where they are used.
    refused: BTreeMap<Reference, (Refused, Vec<Span>)>,
    /// `None`: defined, and not as it must be, which was told.
    accounts: BTreeMap<AccountName, Option<Account>>,
    /// Globs that were built once and are sound: components leave out the same things.
    globs: HashSet<String>,
    /// Schedules that were read once: components run at the same times.
    schedules: HashMap<String, Schedule>,
    out: &'a mut Diagnostics,
}

impl Run<'_> {
    /// Says that a key is missing, unless its text may be in the part that could not be read.
    fn missing(&mut self, what: &str, at: Option<Span>, help: &str) {
        if !self.torn {
            self.out.push(Diagnostic::error(codes::MISSING, what).at(at, "here").help(help));
        }
    }

    /// The same for what a mapping should say, unless it has a key that is not known, which was told: that may be the one.
    fn missing_in(&mut self, what: &str, mapping: Option<Span>, help: &str) {
        if !self.has_unknown(mapping) {
            self.missing(what, mapping, help);
        }
    }

    /// Whether a mapping has a key that is not known.
    fn has_unknown(&self, mapping: Option<Span>) -> bool {
        mapping.is_some_and(|span| self.unknown.range((span.file, span.start)..(span.file, span.end)).next().is_some())
    }

    /// Where the first key of a document stands, of whose values one is given: what the whole document lacks is missed there.
    fn beginning(&self, value: Option<Span>) -> Option<Span> {
        let value = value?;
        let text = self.sources.text(Span { start: 0, ..value }).unwrap_or_default();
        let mut at = 0;
        let mut first = None;
        for line in text.split_inclusive('\n') {
            let written = line.trim();
            if written.starts_with("---") {
                first = None;
            } else if first.is_none() && !written.is_empty() && !written.starts_with(['#', '%', '\u{feff}']) {
                first = Some(at + line.len() - line.trim_start().len());
            }
            at += line.len();
        }
        let first = first.and_then(|first| u32::try_from(first).ok()).unwrap_or(value.start);
        Some(Span { start: first, end: first, ..value })
    }

    fn version(&mut self, merged: &Merged) {
        match &merged.version {
            Field::Absent => {
                self.missing("`version` is missing", self.beginning(merged.start), "Write `version: 1` at the top of the policy.")
            }
            Field::Given(version) if **version != 1 => self.out.push(
                Diagnostic::error(codes::VERSION, format!("version {} of the policy language is not known", **version))
                    .at(version.span, "this bdr knows version 1")
                    .help("Write `version: 1`, or use a newer bdr."),
            ),
            _ => {}
        }
    }

    fn name(&mut self, merged: &Merged) -> Option<Spanned<PolicyName>> {
        if merged.name.is_absent() {
            self.missing(
                "`name` is missing",
                self.beginning(merged.start),
                "Write `name:` and a name of your own, such as `name: web-shop`.",
            );
        }
        self.named(&merged.name)
    }

    fn contacts(&mut self, contacts: Table<String, ContactDocument>) -> BTreeMap<String, Contact> {
        let mut resolved = BTreeMap::new();
        for (name, (written, document)) in contacts {
            let Some(document) = document.given() else { continue };
            let ContactDocument { phone, email } = document.value;
            if phone.is_absent() && email.is_absent() {
                self.out.push(
                    Diagnostic::error(codes::CONTACT, format!("the contact {} cannot be reached", echo::quote(&name)))
                        .at(written.span, "neither a telephone number nor an e-mail address")
                        .help("Write `phone:` or `email:` below it."),
                );
            }
            let phone = self.plain(&phone).map(|text| text.value);
            let email = self.email(&email);
            resolved.insert(name, Contact { phone, email });
        }
        resolved
    }
}
