//! Merges the documents of a policy: each thing is given once, and who gives it twice is shown both places.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::address::{AccountName, ComponentName, NameError, StoreName};
use crate::diag::{Diagnostic, Diagnostics, Span, Spanned};
use crate::policy::document::{
    AccessDocument, AccountDocument, ComponentDocument, ContactDocument, Document, FreezeDocument, NameText, Named, PackWord,
    SchedulerDocument, StoreDocument, ZoneText,
};
use crate::policy::read::Field;
use crate::policy::{codes, echo};

/// Things by name, with the place of the name.
pub(in crate::policy) type Table<K, T> = BTreeMap<K, (Spanned<K>, Field<T>)>;

/// All documents as one, as far as they were read.
#[derive(Default)]
pub(in crate::policy) struct Merged {
    pub version: Field<i64>,
    pub name: Field<NameText>,
    pub timezone: Field<ZoneText>,
    pub contacts: Table<String, ContactDocument>,
    pub accounts: Table<AccountName, AccountDocument>,
    pub stores: Table<StoreName, StoreDocument>,
    pub components: Table<ComponentName, Box<ComponentDocument>>,
    pub scheduler: Field<SchedulerDocument>,
    pub access: Field<AccessDocument>,
    pub packs: Vec<Field<PackWord>>,
    pub change_freeze: Vec<Field<FreezeDocument>>,
    /// Where the first document begins, to say there what the policy lacks.
    pub start: Option<Span>,
}

impl Merged {
    /// Takes one more document: none has to wait for the last.
    pub(in crate::policy) fn add(&mut self, document: Document, out: &mut Diagnostics) {
        self.start = self.start.or_else(|| start(&document));
        settle(&mut self.version, document.version, "version", out);
        settle(&mut self.name, document.name, "name", out);
        settle(&mut self.timezone, document.timezone, "timezone", out);
        names(&mut self.contacts, document.contacts, "contact", contact, out);
        names(&mut self.accounts, document.accounts, "account", AccountName::from_str, out);
        names(&mut self.stores, document.stores, "store", StoreName::from_str, out);
        names(&mut self.components, document.components, "component", ComponentName::from_str, out);
        only(&mut self.scheduler, document.scheduler, "`scheduler`", out);
        only(&mut self.access, document.access, "`access`", out);
        self.packs.extend(document.packs.given().into_iter().flat_map(|list| list.value));
        self.change_freeze.extend(document.change_freeze.given().into_iter().flat_map(|list| list.value));
    }
}

/// Contacts follow the rule of names; they have no type of their own, since nothing refers to them by address.
fn contact(text: &str) -> Result<String, NameError> {
    StoreName::new(text).map(|name| name.as_str().to_owned())
}

fn start(document: &Document) -> Option<Span> {
    let spans = [
        document.version.span(),
        document.name.span(),
        document.timezone.span(),
        document.contacts.span(),
        document.accounts.span(),
        document.stores.span(),
        document.components.span(),
        document.scheduler.span(),
        document.access.span(),
        document.packs.span(),
        document.change_freeze.span(),
    ];
    let first = spans.into_iter().flatten().min()?;
    Some(Span { end: first.start, ..first })
}

/// A setting of the whole policy: every document may state it, all must state the same.
fn settle<T: PartialEq>(kept: &mut Field<T>, stated: Field<T>, key: &str, out: &mut Diagnostics) {
    if let (Field::Given(kept), Field::Given(stated)) = (&*kept, &stated)
        && kept != stated
    {
        out.push(
            Diagnostic::error(codes::CONFLICT, format!("two values of `{key}` in one policy"))
                .at(stated.span, "another value here")
                .at(kept.span, "first given here")
                .note("all files and documents that bdr is given are one policy")
                .help("Keep one, or give bdr the files of one policy only."),
        );
    }
    if !matches!(kept, Field::Given(_)) && !stated.is_absent() {
        *kept = stated;
    }
}

/// A setting of the whole policy that one document states.
fn only<T>(kept: &mut Field<T>, stated: Field<T>, what: &str, out: &mut Diagnostics) {
    match (kept.span(), stated.span()) {
        (Some(first), Some(again)) => out.push(twice(what, again, first)),
        _ if kept.is_absent() => *kept = stated,
        _ => {}
    }
}

fn twice(what: &str, again: Span, first: impl Into<Option<Span>>) -> Diagnostic {
    Diagnostic::error(codes::TWICE, format!("{what} is given twice"))
        .at(again, "given again")
        .at(first, "given here first")
        .help("Rename or remove one of the two.")
}

fn names<K: Ord + Clone, T>(
    kept: &mut Table<K, T>,
    stated: Field<Named<T>>,
    what: &str,
    parse: impl Fn(&str) -> Result<K, NameError>,
    out: &mut Diagnostics,
) {
    let Some(stated) = stated.given() else { return };
    for (written, value) in stated.value.0 {
        let name = match parse(&written.value) {
            Ok(name) => name,
            Err(_) => {
                out.push(bad_name(&written.value, written.span));
                continue;
            }
        };
        match kept.entry(name.clone()) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert((Spanned::new(name, written.span), value));
            }
            std::collections::btree_map::Entry::Occupied(first) => {
                if let Some(again) = written.span {
                    out.push(twice(&format!("the {what} {}", echo::quote(&written.value)), again, first.get().0.span));
                }
            }
        }
    }
}

/// A name that does not fit the rule, with one near it that does.
pub(super) fn bad_name(written: &str, at: Option<Span>) -> Diagnostic {
    let mut finding = Diagnostic::error(codes::NAME, format!("{} is not a name", echo::quote(written)))
        .at(at, "1 to 63 of a-z, 0-9, `-` and `_`, beginning with a letter or digit")
        .note("names go into object keys, unit files, tags and rule ids, which take nothing else unescaped");
    let fitting: String = written
        .chars()
        .take(63)
        .map(|c| c.to_ascii_lowercase())
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .collect();
    let fitting = fitting.trim_matches(['-', '_']);
    if StoreName::new(fitting).is_ok() {
        finding = finding.help(format!("Write `{fitting}`."));
    }
    finding
}
