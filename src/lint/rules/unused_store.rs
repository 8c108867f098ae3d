//! A store that nothing uses.
//!
//! ## What it finds
//!
//! A store that no protection names, and that nothing is replicated to: it is set up and kept up, and no copy ever goes there.
//!
//! ## Why it matters
//!
//! Usually a protection was meant to use it and does not, because of a wrong name or a forgotten line. An empty store looks
//! like a second copy to everybody who reads the policy quickly.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /var/backups/primary } }
//!   second:  { folder: { path: /mnt/usb/second } }
//! ```
//!
//! ## Instead
//!
//! Name it in a protection (`stores: [primary, second]`), or remove it:
//!
//! ```yaml
//! stores:
//!   primary: { folder: { path: /var/backups/primary } }
//! ```

use std::collections::BTreeSet;

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};

pub struct UnusedStore;

impl Rule for UnusedStore {
    fn about(&self) -> Code {
        Code { code: "BDR-L005", name: "unused-store", severity: Severity::Warning, text: include_str!("unused_store.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let protections = context.policy.components.values().flat_map(|component| component.protections.values());
        let named = |protection: &'_ crate::policy::Protection| protection.replication().map(|entry| entry.to.value.clone());
        let of_buckets: BTreeSet<_> = protections.clone().filter_map(named).collect();
        let mut used: BTreeSet<_> = protections.flat_map(|protection| &protection.stores).map(|store| &store.value).collect();
        used.extend(&of_buckets);
        let written = used.iter().filter_map(|name| context.policy.stores.get(*name));
        let replicated: Vec<_> = written.flat_map(|store| &store.replicate).map(|entry| &entry.to.value).collect();
        used.extend(replicated);
        for store in context.policy.stores.values().filter(|store| !used.contains(&store.name.value)) {
            found.push(
                Diagnostic::warning(self.about().code, format!("no protection uses store `{}`", store.name))
                    .at(store.name.span.or(store.span), "no copy goes there")
                    .help("Name it in a protection (`store: …`, or `stores: […]` for several), or remove it."),
            );
        }
    }
}
