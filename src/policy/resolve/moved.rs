//! Renamed stores and components: what each was called before.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::Run;
use crate::address::{ComponentName, NameError, StoreName};
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::document::MovedDocument;
use crate::policy::read::Field;
use crate::policy::{Component, StoreSpec, codes, echo};

impl Run<'_> {
    pub(super) fn moved<N: FromStr<Err = NameError>>(&mut self, field: Field<MovedDocument>) -> Option<Spanned<N>> {
        let Spanned { value: MovedDocument { from }, span } = field.given()?;
        if from.is_absent() {
            self.missing_in("`from` is missing", span, "Write what it was called before: moved: { from: OLD-NAME }.");
        }
        self.named(&from)
    }

    /// A name of before is nobody's now, and was one thing's.
    pub(super) fn moves_fit(&mut self, stores: &BTreeMap<StoreName, StoreSpec>, components: &BTreeMap<ComponentName, Component>) {
        let moved = stores.values().filter_map(|store| Some((store.name.value.as_str(), named(store.moved.as_ref()?))));
        let known = stores.values().map(|store| (store.name.value.as_str(), store.name.span)).collect();
        self.names_of_before("store", moved.collect(), &known);
        let moved = components.values().filter_map(|one| Some((one.name.value.as_str(), named(one.moved.as_ref()?))));
        let known = components.values().map(|one| (one.name.value.as_str(), one.name.span)).collect();
        self.names_of_before("component", moved.collect(), &known);
    }

    fn names_of_before(&mut self, what: &str, moved: Vec<(&str, Spanned<&str>)>, known: &BTreeMap<&str, Option<Span>>) {
        let mut taken: BTreeMap<&str, (&str, Option<Span>)> = BTreeMap::new();
        for (name, from) in moved {
            let shown = echo::quote(from.value);
            let finding = |message: String| Diagnostic::error(codes::MOVED, message);
            if from.value == name {
                let finding = finding(format!("the {what} {shown} is said to have moved from itself"));
                self.out.push(finding.at(from.span, "its own name").help("Write what it was called before, or remove `moved`."));
            } else if let Some(there) = known.get(from.value) {
                let finding = finding(format!("the {what} {shown} is still there, so nothing moved from it"));
                self.out.push(finding.at(from.span, "named as an earlier name").at(*there, "a name of now").help(format!(
                    "Remove `moved` where both are meant; otherwise take the {what} under its earlier name out of the policy."
                )));
            } else if let Some((other, at)) = taken.insert(from.value, (name, from.span)) {
                let finding = finding(format!("two {what}s are said to have moved from {shown}"));
                self.out.push(
                    finding
                        .at(from.span, "named again")
                        .at(at, format!("already what `{other}` was called"))
                        .help("What was one thing becomes one thing: keep `moved` in the one that goes on with what is there."),
                );
            }
        }
    }
}

fn named<N: AsRef<str>>(from: &Spanned<N>) -> Spanned<&str> {
    Spanned { value: from.value.as_ref(), span: from.span }
}
