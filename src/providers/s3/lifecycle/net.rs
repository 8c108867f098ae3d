//! The rules that a store wants: a net below bdr's own retention, never a knife above it.
//!
//! bdr decides what stays and removes the rest itself. What it could not remove (a host that is gone, a policy that nobody
//! applies any more) must not cost money for ever, so each tier's folder expires too, but only when nothing there can be
//! needed: a backup may be the parent of younger ones until the next full, the youngest of those stays as long as the tier
//! says, and a month is left for runs that failed and for people who look into why.

use crate::address::ComponentName;
use crate::attrs::{Attr, Attrs};
use crate::catalog::layout::Series;
use crate::policy::{Component, Policy, Protection, Tier};
use crate::providers::s3::setting::{Wanted, Wish};
use crate::units::cadence::Semantics;
use crate::units::duration::Duration;

/// Days between the last moment at which something may be needed and its expiry.
pub(super) const MARGIN: u64 = 30;
/// How often a full backup is made where the policy does not say it (`AsTree::full`).
const WEEK: u64 = 7;
/// What counts for a schedule that never comes.
const NEVER: u64 = 366;
/// The most that S3 counts.
const LONGEST: u64 = i32::MAX as u64;

pub(super) fn wanted(wish: Wish<'_>) -> Vec<Wanted> {
    let net = tiers(wish).map(|(component, protection, tier)| net(wish, component, protection, tier));
    net.chain(whole(wish)).collect()
}

/// How many rules [`wanted`] gives.
pub(super) fn count(wish: Wish<'_>) -> usize {
    tiers(wish).count() + whole(wish).len()
}

/// The rules for all that lies in the store.
fn whole(wish: Wish<'_>) -> Vec<Wanted> {
    let mut rules = Vec::new();
    if wish.spec.versioning.as_ref().is_some_and(|versioning| versioning.value) {
        rules.push(scratch(wish));
    }
    let policy = &wish.policy.name.value;
    let below = format!("{}{policy}/", wish.backend.prefix.value);
    let one = |name: &str, attribute: &str, stated: &crate::diag::Spanned<Duration>| Wanted {
        key: super::key(&[name]),
        attrs: rule(&below, attribute, stated.days_up()),
        span: stated.span,
        after: Vec::new(),
        earlier: None,
    };
    rules.extend(wish.spec.noncurrent.iter().map(|stated| one("noncurrent", "noncurrent_days", stated)));
    rules.extend(wish.spec.abort_uploads_after.iter().map(|stated| one("abort-uploads", "abort_uploads_days", stated)));
    rules
}

/// Every probe of what the store can do writes a few objects and removes them; in a bucket that keeps versions they would stay
/// for ever. `Days` also takes off the delete markers that are left (S3 API reference, `LifecycleExpiration`).
fn scratch(wish: Wish<'_>) -> Wanted {
    let mut attrs = rule(&format!("{}.bdr/probe/", wish.backend.prefix.value), "expire_days", 1);
    attrs.insert("noncurrent_days".to_owned(), 1_i64.into());
    Wanted { key: super::key(&["scratch"]), attrs, span: wish.backend.bucket.span, after: Vec::new(), earlier: None }
}

/// Every tier that has backups in this store.
fn tiers(wish: Wish<'_>) -> impl Iterator<Item = (&ComponentName, &Protection, &Tier)> {
    let of = |(component, protection)| tiers_of(component).map(move |tier| (component.folder(), protection, tier));
    wish.copies.iter().copied().filter(|(_, protection)| protection.as_tree().is_some()).flat_map(of)
}

fn tiers_of(component: &Component) -> impl Iterator<Item = &Tier> {
    component.retain.values()
}

fn net(wish: Wish<'_>, component: &ComponentName, protection: &Protection, tier: &Tier) -> Wanted {
    let series = Series {
        policy: wish.policy.name.value.clone(),
        component: component.clone(),
        protection: protection.name.value.clone(),
    };
    let prefix = format!("{}{}", wish.backend.prefix.value, series.tier(Some(&tier.name)));
    let days = tier.keep.days_up() + full_cadence(wish.policy, protection) + MARGIN;
    Wanted {
        key: super::key(&[component.as_str(), protection.name.as_str(), tier.name.as_str()]),
        attrs: rule(&prefix, "expire_days", days),
        span: tier.keep.span,
        after: Vec::new(),
        earlier: None,
    }
}

/// What must stay below one prefix.
#[derive(Debug)]
pub(super) struct Kept {
    pub prefix: String,
    /// `docs/nightly`.
    pub whose: String,
    /// Days; `None`: for ever.
    pub days: Option<u64>,
}

/// For how long everything in the store is needed that the policy keeps there.
pub(super) fn kept(wish: Wish<'_>) -> Vec<Kept> {
    let mut all = Vec::new();
    for (component, protection) in wish.copies.iter().copied() {
        let series = Series {
            policy: wish.policy.name.value.clone(),
            component: component.folder().clone(),
            protection: protection.name.value.clone(),
        };
        let whose = format!("{}/{}", *component.name, *protection.name);
        let below = |folder: String| format!("{}{folder}", wish.backend.prefix.value);
        // How long each part of a log is needed hangs on base backups, and its histories are for ever.
        if protection.wal_archive().is_some() {
            all.push(Kept { prefix: below(series.log()), whose, days: None });
            continue;
        }
        let needed = |tier: &Tier| tier.keep.days_up() + full_cadence(wish.policy, protection);
        let tier =
            |tier: &Tier| Kept { prefix: below(series.tier(Some(&tier.name))), whose: whose.clone(), days: Some(needed(tier)) };
        all.extend(tiers_of(component).map(tier));
        // What was made by hand stays as long as the shortest tier keeps one.
        let shortest = tiers_of(component).map(needed).min();
        all.push(Kept { prefix: below(series.tier(None)), whose: whose.clone(), days: shortest });
    }
    all
}

/// For how long versions that were replaced or deleted are kept below the policy's folder, where the store says so.
pub(super) fn kept_noncurrent(wish: Wish<'_>) -> Option<Kept> {
    let stated = wish.spec.noncurrent.as_ref()?;
    let prefix = format!("{}{}/", wish.backend.prefix.value, wish.policy.name.value);
    Some(Kept { prefix, whose: wish.name.to_string(), days: Some(stated.days_up()) })
}

/// Days from one full backup to the next: as long as a backup can be another one's parent.
pub(super) fn full_cadence(policy: &Policy, protection: &Protection) -> u64 {
    let Some(full) = protection.as_tree().and_then(|tree| tree.full.as_ref()) else { return WEEK };
    // Some fixed moment: the gaps of two years are as long wherever they begin, and a plan must not change by the day.
    let runs = full.cadence.runs(&policy.timezone, Semantics::Agent);
    runs.longest_gap(jiff::Timestamp::UNIX_EPOCH).map_or(NEVER, |gap| gap.length.days_up())
}

fn rule(prefix: &str, attribute: &str, days: u64) -> Attrs {
    let days = i64::try_from(days.clamp(1, LONGEST)).unwrap_or(i64::from(i32::MAX));
    Attrs::from([
        ("prefix".to_owned(), Attr::text(prefix)),
        ("enabled".to_owned(), true.into()),
        (attribute.to_owned(), days.into()),
    ])
}
