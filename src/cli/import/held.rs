//! The whole text, with the components whose backups lie in the buckets: only these tell which files they are of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bucket::Bucket;
use super::draft::{self, Nets, Protected, Told};
use super::{joined, loaded};
use crate::address::{ComponentName, PolicyName, ProtectionName};
use crate::catalog::layout::Series;
use crate::cli::chosen;
use crate::provider::Env;
use crate::stores::Patience;
use crate::units::storage_class::StorageClass;

/// The policy, and what it does not say, bucket by bucket.
pub async fn text(buckets: &[Bucket<'_>], policy: &str, env: &Arc<Env>) -> (String, Vec<String>) {
    let drafts = buckets.iter().map(|bucket| {
        let mut draft = draft::store(bucket, policy, buckets);
        draft.left.iter_mut().for_each(|line| *line = format!("s3://{}: {line}", bucket.bucket));
        draft
    });
    let (stores, mut left) = joined(drafts.collect());
    // A policy without one means UTC, and says so nowhere.
    let head = format!(
        "version: 1\nname: {policy}\n# By which clock schedules run and times are told: no bucket tells it.\ntimezone: UTC\n\nstores:\n{stores}"
    );
    let found = protected(buckets, policy);
    let told = told(&head, buckets, &found, env).await;
    let components = draft::components(&found, &told);
    left.extend(components.left);
    let components = if components.text.is_empty() { String::new() } else { format!("\ncomponents:\n{}", components.text) };
    (head + &components, left)
}

/// Each protection with the stores that bdr writes to, which are those to which no other hands it on, and the nets of its tiers.
fn protected(buckets: &[Bucket<'_>], policy: &str) -> BTreeMap<Protected, (Vec<String>, BTreeMap<String, i64>)> {
    let mut found: BTreeMap<Protected, (Vec<String>, BTreeMap<String, i64>)> = BTreeMap::new();
    let all: Vec<(&Bucket<'_>, Nets)> = buckets.iter().map(|bucket| (bucket, draft::nets(bucket, policy))).collect();
    for (bucket, nets) in &all {
        for (key, tiers) in nets {
            let arrives = all.iter().any(|(other, others)| others.contains_key(key) && hands_on(other, bucket, &key.0));
            let one = found.entry(key.clone()).or_default();
            if !arrives {
                one.0.push(bucket.store.clone());
            }
            one.1.extend(tiers.clone());
        }
    }
    found
}

fn hands_on(from: &Bucket<'_>, to: &Bucket<'_>, component: &str) -> bool {
    let rules = from.standing.parts.iter().filter(|part| part.kind == crate::providers::s3::REPLICATION_RULE);
    let text = |part: &crate::providers::s3::Part, name: &str| part.attrs.get(name).map(ToString::to_string).unwrap_or_default();
    rules.into_iter().any(|part| {
        text(part, "to").rsplit(':').next() == Some(to.bucket) && text(part, "prefix").ends_with(&format!("/{component}/"))
    })
}

/// What the newest backups tell. One that cannot be read tells nothing, and that is said of its component.
async fn told(
    head: &str,
    buckets: &[Bucket<'_>],
    found: &BTreeMap<Protected, (Vec<String>, BTreeMap<String, i64>)>,
    env: &Arc<Env>,
) -> BTreeMap<Protected, Told> {
    let mut all = BTreeMap::new();
    let Ok(policy) = loaded(head.to_owned(), "the stores") else { return all };
    for (key, (stores, _)) in found {
        let names = (PolicyName::new(policy.name.as_str()), ComponentName::new(&key.0), ProtectionName::new(&key.1));
        let (Ok(name), Ok(component), Ok(protection)) = names else { continue };
        let series = Series { policy: name, component, protection };
        let spec = policy.stores.values().find(|spec| stores.iter().any(|store| store == spec.name.as_str()));
        let Some(spec) = spec.filter(|_| !buckets.is_empty()) else { continue };
        let Ok(shelf) = chosen::shelf(spec, env, Patience::PERSON, series).await else { continue };
        let Ok(backups) = shelf.backups().await else { continue };
        let mut one = Told::default();
        for manifest in &backups.good {
            one.paths.clone_from(&manifest.origin.roots);
            if manifest.class != StorageClass::Standard {
                one.classes.insert(manifest.shelf.clone(), manifest.class.as_str().to_owned());
            }
        }
        all.insert(key.clone(), one);
    }
    all
}
