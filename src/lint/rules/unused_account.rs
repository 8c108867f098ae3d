//! An account in which nothing lies.
//!
//! ## What it finds
//!
//! An entry of `accounts` that no store, no component and not `access` names.
//!
//! ## Why it matters
//!
//! Usually a store was meant to lie there: its bucket is then reached with the caller's own credentials, and looked for in the caller's own
//! account.
//!
//! ## Example
//!
//! ```yaml
//! accounts:
//!   backups: { id: "111122223333", role: bdr }
//! ```
//!
//! ## Instead
//!
//! Name it where the bucket is named, or remove it:
//!
//! ```yaml
//! accounts:
//!   backups: { id: "111122223333", role: bdr }
//! stores:
//!   primary: { s3: { bucket: example-backups, region: eu-north-1, account: backups } }
//! ```

use std::collections::BTreeSet;

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};

pub struct UnusedAccount;

impl Rule for UnusedAccount {
    fn about(&self) -> Code {
        Code { code: "BDR-L019", name: "unused-account", severity: Severity::Warning, text: include_str!("unused_account.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        let mut used: BTreeSet<_> = policy.buckets().filter_map(|bucket| bucket.by()).collect();
        used.extend(policy.access.iter().filter_map(|access| access.through.as_ref()).map(|account| &account.name.value));
        for account in policy.accounts.values().filter(|account| !used.contains(&account.name.value)) {
            found.push(
                Diagnostic::warning(self.about().code, format!("nothing lies in account `{}`", account.name))
                    .at(account.name.span.or(account.span), "no bucket names it")
                    .help(format!("Write `account: {}` below the `s3` of a store, or remove it.", account.name)),
            );
        }
    }
}
