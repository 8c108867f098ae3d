//! Two buckets are copied to the same keys.
//!
//! ## What it finds
//!
//! Components of kind `object_storage` in different buckets whose objects S3 copies to one bucket, neither of them, or both, below a
//! prefix that the other has not.
//!
//! ## Why it matters
//!
//! A copy has the key of its original: S3 knows no prefix of the destination. `logo.png` of the one bucket and `logo.png` of the other are
//! one object there, and the later one is what is seen; the earlier one is an old version, which the lifecycle lets go.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   dr: { s3: { bucket: shop-dr, region: eu-west-1 }, versioning: true }
//! components:
//!   images:
//!     object_storage: { bucket: shop-images, region: eu-north-1, account: 111122223333 }
//!     protect: { copy: { replication: { to: dr, within: 15m } } }
//!   letters:
//!     object_storage: { bucket: shop-letters, region: eu-north-1, account: 111122223333 }
//!     protect: { copy: { replication: { to: dr, within: 15m } } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   dr: { s3: { bucket: shop-dr, region: eu-west-1 }, versioning: true }
//!   letters-dr: { s3: { bucket: shop-letters-dr, region: eu-west-1 }, versioning: true }
//! components:
//!   images:
//!     object_storage: { bucket: shop-images, region: eu-north-1, account: 111122223333 }
//!     protect: { copy: { replication: { to: dr, within: 15m } } }
//!   letters:
//!     object_storage: { bucket: shop-letters, region: eu-north-1, account: 111122223333 }
//!     protect: { copy: { replication: { to: letters-dr, within: 15m } } }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, Component, Medium, Policy, Replication, S3Backend};

pub struct ReplicasCollide;

impl Rule for ReplicasCollide {
    fn about(&self) -> Code {
        Code { code: "BDR-L044", name: "replicas-collide", severity: Severity::Error, text: include_str!("replicas_collide.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let all: Vec<Copied<'_>> = copied(context.policy).collect();
        for (at, second) in all.iter().enumerate() {
            let meets =
                |first: &&Copied<'_>| Medium::of_bucket(first.from) != Medium::of_bucket(second.from) && first.meets(second);
            let Some(first) = all[..at].iter().find(meets) else { continue };
            let (a, b, to) = (&first.component.name, &second.component.name, &second.entry.to.value);
            found.push(
                Diagnostic::error(self.about().code, format!("objects of `{a}` and `{b}` get the same keys in `{to}`"))
                    .at(second.entry.to.span, format!("`{b}` is copied here"))
                    .at(first.entry.to.span, format!("and `{a}`"))
                    .help("Copy them to buckets of their own, or each below a `prefix` that the other has not."),
            );
        }
    }
}

/// What S3 copies of a component's bucket, and where to.
pub(super) struct Copied<'a> {
    pub component: &'a Component,
    pub from: &'a S3Backend,
    pub entry: &'a Replication,
    pub to: &'a S3Backend,
}

pub(super) fn copied(policy: &Policy) -> impl Iterator<Item = Copied<'_>> {
    policy.components.values().flat_map(move |component| {
        let from = component.kind.bucket().map(|bucket| &bucket.backend);
        component.protections.values().filter_map(move |protection| {
            let (from, entry) = (from?, protection.replication()?);
            let Backend::S3(to) = &policy.stores.get(&entry.to.value)?.backend else { return None };
            Some(Copied { component, from, entry, to })
        })
    })
}

impl Copied<'_> {
    /// What every key begins with, here and there alike.
    pub fn keys(&self) -> String {
        format!("{}{}", self.from.prefix.value, self.entry.prefix.value)
    }

    fn meets(&self, other: &Self) -> bool {
        Medium::of_bucket(self.to) == Medium::of_bucket(other.to) && overlap(&self.keys(), &other.keys())
    }
}

/// Whether some key begins with both.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
