//! Names that differ only by `-` and `_`.
//!
//! ## What it finds
//!
//! Two components, two stores, or two protections or tiers of one component, whose names are equal once `-` and `_` are taken
//! for the same: `app-data` and `app_data`.
//!
//! ## Why it matters
//!
//! At three in the morning nobody tells them apart, and a restore goes to the wrong one.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   off-site: { folder: { path: /mnt/a } }
//!   off_site: { folder: { path: /mnt/b } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, stores: [off-site, off_site] }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   usb-disk: { folder: { path: /mnt/a } }
//!   off-site: { folder: { path: /mnt/b } }
//! components:
//!   documents:
//!     files: { paths: [/srv/documents] }
//!     protect:
//!       nightly: { file_backup: {}, schedule: daily, stores: [usb-disk, off-site] }
//! ```

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span};
use crate::lint::{Context, Rule};

pub struct SimilarNames;

impl Rule for SimilarNames {
    fn about(&self) -> Code {
        Code { code: "BDR-L009", name: "similar-names", severity: Severity::Warning, text: include_str!("similar_names.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        let code = self.about().code;
        compare(code, "stores", policy.stores.values().map(|store| (store.name.as_str(), store.name.span)), found);
        compare(code, "components", policy.components.values().map(|one| (one.name.as_str(), one.name.span)), found);
        for component in policy.components.values() {
            let protections = component.protections.values().map(|protection| (protection.name.as_str(), protection.name.span));
            compare(code, "protections", protections, found);
            compare(code, "tiers", component.retain.values().map(|tier| (tier.name.as_str(), tier.name.span)), found);
        }
    }
}

fn compare<'a>(
    code: &'static str,
    kind: &str,
    names: impl Iterator<Item = (&'a str, Option<Span>)> + Clone,
    found: &mut Diagnostics,
) {
    // Of two names that differ so, one has a `_`, which most have not.
    if !names.clone().any(|(name, _)| name.contains('_')) {
        return;
    }
    let mut seen: BTreeMap<String, (&str, Option<Span>)> = BTreeMap::new();
    for (name, span) in names {
        let Some((other, first)) = seen.insert(name.replace('_', "-"), (name, span)) else { continue };
        found.push(
            Diagnostic::warning(code, format!("{kind} `{other}` and `{name}` differ only by `-` and `_`"))
                .at(span, "this one")
                .at(first, "and this one")
                .help("Give one of them a name that says what makes it different."),
        );
    }
}
