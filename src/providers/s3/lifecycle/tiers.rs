//! How long tiers keep their backups on the live system, as the nets below them say: of a tier that a policy shortens or lets go of, nothing
//! else that stands tells how long it was.

use std::collections::BTreeMap;

use super::{KIND, net};
use crate::address::{ComponentName, ProtectionName, ResourceId, StoreName, Subject, TierName};
use crate::attrs::Attr;
use crate::policy::Policy;
use crate::resource::Live;

/// Days by tier, of a component's protection in a store.
pub type Tiers = BTreeMap<(ComponentName, ProtectionName, StoreName), BTreeMap<TierName, u64>>;

/// Of every protection that the policy still has, in the stores that it still has, the tiers whose nets stand.
pub fn tiers(policy: &Policy, live: &BTreeMap<ResourceId, Live>) -> Tiers {
    let mut all = Tiers::new();
    for (held, tier, days) in live.iter().filter_map(|(id, live)| one(policy, id, live)) {
        all.entry(held).or_default().insert(tier, days);
    }
    all.retain(|held, tiers| !follows_the_fulls(policy, held, tiers));
    all
}

fn one(policy: &Policy, id: &ResourceId, live: &Live) -> Option<((ComponentName, ProtectionName, StoreName), TierName, u64)> {
    let Subject::Store(store) = policy.called_now(&id.subject) else { return None };
    let attrs = live.attrs.as_ref().filter(|_| id.kind == KIND.name)?;
    let backend = policy.stores.get(&store)?.backend.s3()?;
    let below = attrs.get("prefix")?.as_str()?.strip_prefix(backend.prefix.value.as_str())?;
    let series = below.strip_prefix(policy.name.as_str())?.strip_prefix('/')?;
    let [folder, protection, tier] = series.strip_suffix('/')?.split('/').collect::<Vec<_>>().try_into().ok()?;
    let component = policy.components.values().find(|component| component.folder().as_str() == folder)?;
    let protection = component.protections.get(&ProtectionName::new(protection).ok()?)?;
    let days = u64::try_from(attrs.get("expire_days").and_then(Attr::as_int)?).ok()?;
    let kept = days.checked_sub(net::MARGIN + net::full_cadence(policy, protection))?;
    Some(((component.name.value.clone(), protection.name.value.clone(), store), TierName::new(tier).ok()?, kept))
}

/// A net counts from one full backup to the next besides. Where all of several moved by the same, that moved, and no tier.
fn follows_the_fulls(
    policy: &Policy,
    (component, ..): &(ComponentName, ProtectionName, StoreName),
    tiers: &BTreeMap<TierName, u64>,
) -> bool {
    let Some(component) = policy.components.get(component) else { return false };
    let moved = tiers.iter().map(|(name, days)| component.retain.get(name).map(|tier| days.abs_diff(tier.keep.days_up())));
    let moved: Vec<Option<u64>> = moved.collect();
    matches!(moved.as_slice(), [Some(first), rest @ ..] if *first > 0 && !rest.is_empty() && rest.iter().all(|one| one == &moved[0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::Attrs;
    use crate::diag::Sources;
    use crate::policy::load_unresolved;

    const POLICY: &str = "version: 1\nname: p\nstores:\n  a: { s3: { bucket: p-backups, region: eu-north-1, prefix: x/ } }\ncomponents:\n  \
                          docs:\n    files: { paths: [/srv] }\n    protect: { nightly: { file_backup: {}, store: a } }\n    retain: { daily: \
                          { for: 14d }, weekly: { for: 8w } }\n";

    /// What nets of these days say, each by the folder that it is below.
    fn stood(nets: &[(&str, i64)]) -> Vec<(String, u64)> {
        let mut sources = Sources::new();
        sources.add("bdr.yaml", POLICY);
        let policy = load_unresolved(sources).policy.expect("a policy");
        let net = |(folder, days): &(&str, i64)| {
            let id = format!("store.a/s3_lifecycle_rule:docs/nightly/{}", folder.replace('/', "-"));
            let attrs = Attrs::from([("prefix".to_owned(), Attr::text(*folder)), ("expire_days".to_owned(), (*days).into())]);
            (id.parse().expect("an address"), Live::present(attrs))
        };
        let live = nets.iter().map(net).collect();
        let all = tiers(&policy, &live).into_values().flatten();
        all.map(|(tier, days)| (tier.to_string(), days)).collect()
    }

    #[test]
    fn a_net_says_how_long_its_tier_keeps_a_backup() {
        let month = || ("monthly".to_owned(), 365);
        assert_eq!(stood(&[("x/p/docs/nightly/monthly/", 402)]), [month()]);
        assert_eq!(
            stood(&[("x/p/docs/nightly/monthly/", 402), ("x/p/docs/nightly/daily/", 51)]),
            [("daily".to_owned(), 14), month()]
        );
        for other in ["x/p/gone/nightly/daily/", "x/p/docs/gone/daily/", "x/q/docs/nightly/daily/", "x/p/docs/", "theirs/"] {
            assert_eq!(stood(&[(other, 402)]), [], "{other}");
        }
    }

    #[test]
    fn a_full_backup_that_comes_more_often_shortens_no_tier() {
        let (daily, weekly) = ("x/p/docs/nightly/daily/", "x/p/docs/nightly/weekly/");
        assert_eq!(stood(&[(daily, 51 + 24), (weekly, 93 + 24)]), [], "fulls came monthly");
        assert_eq!(stood(&[(daily, 51), (weekly, 93 + 24)]), [("daily".to_owned(), 14), ("weekly".to_owned(), 80)]);
    }
}
