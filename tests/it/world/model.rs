//! Random policies' wishes and random live states for the in-memory world.

use std::collections::BTreeMap;

use bdr::address::{ComponentName, ResourceId, StoreName, Subject};
use bdr::attrs::{Attr, Attrs};
use bdr::resource::Resource;
use proptest::collection::btree_map;
use proptest::prelude::*;

use super::{Lagging, Rule, Thing, World, provider};

pub const POLICY: &str = "safe-pm";

/// A bucket with what is in it.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    pub region: u8,
    pub settings: BTreeMap<u8, u8>,
    /// Ours.
    pub rules: BTreeMap<u8, u8>,
    /// Only live: somebody else's.
    pub foreign: BTreeMap<u8, u8>,
    /// Only live: carries the mark of the policy.
    pub owned: bool,
}

/// What a policy wants, or what exists.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub buckets: BTreeMap<u8, Bucket>,
    pub timers: BTreeMap<u8, u8>,
}

fn buckets(regions: u8) -> impl Strategy<Value = BTreeMap<u8, Bucket>> {
    let values = || btree_map(0_u8..4, 0_u8..3, 0..4);
    let bucket = (0..regions, values(), values(), values(), any::<bool>())
        .prop_map(|(region, settings, rules, foreign, owned)| Bucket { region, settings, rules, foreign, owned });
    btree_map(0_u8..3, bucket, 0..4)
}

/// Any setup. With one region, nothing that is wanted can be refused.
pub fn setup(regions: u8) -> impl Strategy<Value = Setup> {
    (buckets(regions), btree_map(0_u8..5, 0_u8..3, 0..5)).prop_map(|(buckets, timers)| Setup { buckets, timers })
}

fn store(bucket: u8) -> Subject {
    Subject::Store(StoreName::new(&format!("store-{bucket}")).unwrap())
}

fn component() -> Subject {
    Subject::Component(ComponentName::new("docs").unwrap())
}

pub fn bucket_id(bucket: u8) -> ResourceId {
    ResourceId::new(store(bucket), "w_bucket", "")
}

pub fn setting_id(bucket: u8, key: u8) -> ResourceId {
    ResourceId::new(store(bucket), "w_setting", format!("s{key}"))
}

pub fn rule_id(bucket: u8, key: u8) -> ResourceId {
    ResourceId::new(store(bucket), "w_rule", format!("bdr/{key}"))
}

pub fn timer_id(key: u8) -> ResourceId {
    ResourceId::new(component(), "w_timer", format!("t{key}"))
}

fn level(value: u8) -> Attrs {
    Attrs::from([("level".into(), Attr::Int(value.into()))])
}

fn bucket_attrs(region: u8, owner: Option<&str>) -> Attrs {
    Attrs::from([("region".into(), Attr::text(format!("r{region}"))), ("owner".into(), owner.map(str::to_owned).into())])
}

impl Setup {
    /// As the resources of a policy. Settings and rules wait for their bucket, timers for all buckets.
    pub fn wanted(&self) -> Vec<Resource> {
        let resource = |id: ResourceId, attrs: Attrs, after: Vec<ResourceId>| Resource {
            queue: Some(provider::place(&id)),
            earlier: None,
            id,
            attrs,
            span: None,
            after,
        };
        let mut all = Vec::new();
        for (name, bucket) in &self.buckets {
            let parent = vec![bucket_id(*name)];
            all.push(resource(bucket_id(*name), bucket_attrs(bucket.region, Some(POLICY)), Vec::new()));
            all.extend(
                bucket.settings.iter().map(|(key, value)| resource(setting_id(*name, *key), level(*value), parent.clone())),
            );
            all.extend(bucket.rules.iter().map(|(key, value)| resource(rule_id(*name, *key), level(*value), parent.clone())));
        }
        let parents: Vec<ResourceId> = self.buckets.keys().map(|name| bucket_id(*name)).collect();
        let mut timer = |key: u8, value: u8| {
            let mut attrs = level(value);
            attrs.insert("owner".into(), POLICY.into());
            all.push(resource(timer_id(key), attrs, parents.clone()));
        };
        self.timers.iter().for_each(|(key, value)| timer(*key, *value));
        all
    }

    /// As what exists.
    pub fn live(&self) -> World {
        let world = World::default();
        let mut state = world.state();
        for (name, bucket) in &self.buckets {
            let owner = bucket.owned.then(|| POLICY.to_owned());
            let mut attrs = bucket_attrs(bucket.region, None);
            attrs.remove("owner");
            state.things.insert(bucket_id(*name), Lagging::of(Some(Thing { owner, attrs })));
            for (key, value) in &bucket.settings {
                let thing = Thing { owner: None, attrs: level(*value) };
                state.things.insert(setting_id(*name, *key), Lagging::of(Some(thing)));
            }
            let rule = |id: String, value: &u8| Rule { id, attrs: level(*value) };
            let mut rules: Vec<Rule> = bucket.foreign.iter().map(|(key, v)| rule(format!("theirs-{key}"), v)).collect();
            // A bucket without our mark holds no rule of ours.
            rules.extend(bucket.rules.iter().filter(|_| bucket.owned).map(|(key, v)| rule(format!("bdr/{key}"), v)));
            state.documents.insert(format!("store-{name}"), Lagging::of(rules));
        }
        for (key, value) in &self.timers {
            let thing = Thing { owner: Some(POLICY.into()), attrs: level(*value) };
            state.things.insert(timer_id(*key), Lagging::of(Some(thing)));
        }
        drop(state);
        world
    }
}

/// Everything foreign, to be held against what there is afterwards.
pub fn foreign(world: &World) -> BTreeMap<String, Vec<Rule>> {
    let state = world.state();
    let theirs = |rules: &Vec<Rule>| rules.iter().filter(|rule| !rule.id.starts_with("bdr/")).cloned().collect::<Vec<_>>();
    let documents = state.documents.iter().map(|(name, document)| (name.clone(), theirs(document.truth())));
    documents.filter(|(_, rules)| !rules.is_empty()).collect()
}

/// One of very many timers; each has a place of its own and waits for both stores' buckets.
pub fn wide_timer(key: u16, value: u8) -> Resource {
    let id = ResourceId::new(component(), "w_timer", format!("wide{key}"));
    let mut attrs = level(value);
    attrs.insert("owner".into(), POLICY.into());
    Resource { queue: Some(provider::place(&id)), id, attrs, span: None, after: vec![bucket_id(0), bucket_id(1)], earlier: None }
}
