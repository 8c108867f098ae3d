//! The provider of the in-memory world, and its session.

use std::sync::Arc;

use async_trait::async_trait;
use bdr::address::{ResourceId, Subject};
use bdr::attrs::Attrs;
use bdr::policy::Policy;
use bdr::provider::{Connect, Env, Freshness, Owned, Provider, ProviderError, Session, Settled};
use bdr::resource::{Change, Desired, Foreign, Kind, Live, Op, Resource};
use bdr::store::{ErrorKind, Retry};

use super::{Lagging, Rule, Thing, World, failure, kinds};

/// Wants a fixed list of resources, whatever the policy says.
pub struct WorldProvider {
    pub world: World,
    pub wanted: Vec<Resource>,
}

impl Provider for WorldProvider {
    fn name(&self) -> &'static str {
        "world"
    }

    fn kinds(&self) -> &'static [Kind] {
        &kinds::ALL
    }

    fn declare(&self, _: &Policy, _: &Env, desired: &mut Desired) {
        self.wanted.iter().cloned().for_each(|resource| desired.add(resource));
    }
}

#[async_trait]
impl Connect for WorldProvider {
    async fn connect(&self, policy: Arc<Policy>, _: Arc<Env>) -> Result<Box<dyn Session>, ProviderError> {
        Ok(Box::new(WorldSession { world: self.world.clone(), owner: policy.name.to_string() }))
    }
}

struct WorldSession {
    world: World,
    owner: String,
}

/// Where a resource lies; also its queue.
pub fn place(id: &ResourceId) -> String {
    match &id.subject {
        Subject::Store(name) => format!("w://{name}"),
        _ => format!("w://timers/{}", id.key),
    }
}

fn store(id: &ResourceId) -> String {
    match &id.subject {
        Subject::Store(name) => name.to_string(),
        other => other.to_string(),
    }
}

fn is_ours(rule: &Rule) -> bool {
    rule.id.starts_with("bdr/")
}

fn bucket(id: &ResourceId) -> ResourceId {
    ResourceId::new(id.subject.clone(), "w_bucket", "")
}

fn with_owner(thing: &Thing) -> Attrs {
    let mut attrs = thing.attrs.clone();
    attrs.insert("owner".into(), thing.owner.clone().into());
    attrs
}

impl WorldSession {
    fn seen(&self, id: &ResourceId) -> Option<Thing> {
        self.world.state().things.get(id).and_then(|thing| thing.seen().clone())
    }

    fn rules(&self, id: &ResourceId) -> Vec<Rule> {
        self.world.state().documents.get(&store(id)).map(|document| document.seen().clone()).unwrap_or_default()
    }

    fn look(&self, id: &ResourceId, wanted: bool) -> Live {
        match &*id.kind {
            "w_rule" => self.rule(id),
            "w_setting" if self.seen(&bucket(id)).is_none() => Live::absent(),
            "w_setting" => {
                let default = || Thing { owner: None, attrs: Attrs::from([("level".into(), 0.into())]) };
                Live::present(self.seen(id).unwrap_or_else(default).attrs)
            }
            _ => match self.seen(id) {
                Some(thing) if wanted || thing.owner.as_deref() == Some(&self.owner) => Live::present(with_owner(&thing)),
                _ => Live::absent(),
            },
        }
    }

    fn rule(&self, id: &ResourceId) -> Live {
        if self.seen(&bucket(id)).is_none() {
            return Live::absent();
        }
        let rules = self.rules(id);
        let foreign = |rule: &Rule| Foreign::new(&rule.id, format!("{:?}", rule.attrs));
        Live {
            attrs: rules.iter().find(|rule| rule.id == id.key).map(|rule| rule.attrs.clone()),
            foreign: rules.iter().filter(|rule| !is_ours(rule)).map(foreign).collect(),
            ..Live::default()
        }
    }

    /// Rewrites the shared document: ours as the changes say, all else as it stands.
    async fn write_rules(&self, changes: &[Change]) -> Result<(), ProviderError> {
        let id = &changes[0].id;
        let mut rules = self.rules(id);
        for change in changes {
            rules.retain(|rule| rule.id != change.id.key);
            if let (Op::Create | Op::Update, Some(attrs)) = (change.op, &change.after) {
                rules.push(Rule { id: change.id.key.clone(), attrs: attrs.clone() });
            }
        }
        let name = store(id);
        self.world.writing(&place(id), move |state, lag| state.documents.entry(name).or_default().write(rules, lag)).await
    }

    async fn write_thing(&self, change: &Change) -> Result<(), ProviderError> {
        let id = change.id.clone();
        let split = |attrs: &Attrs| {
            let mut attrs = attrs.clone();
            let owner = attrs.remove("owner").and_then(|owner| owner.as_str().map(str::to_owned));
            Thing { owner, attrs }
        };
        let new = match change.op {
            Op::Create | Op::Update => change.after.as_ref().map(split),
            Op::Release => self.seen(&id).map(|thing| Thing { owner: None, ..thing }),
            _ => None,
        };
        self.world
            .writing(&place(&change.id), move |state, lag| {
                state.things.entry(id).or_insert_with(|| Lagging::of(None)).write(new, lag);
            })
            .await
    }
}

#[async_trait]
impl Session for WorldSession {
    async fn read(&self, id: &ResourceId, desired: Option<&Resource>, _: Freshness) -> Result<Live, ProviderError> {
        self.world.reading(&place(id)).await?;
        Ok(self.look(id, desired.is_some()))
    }

    async fn owned(&self) -> Result<Owned, ProviderError> {
        self.world.reading("w://").await?;
        let resource = |id: ResourceId, attrs: Attrs, after: Vec<ResourceId>| Resource {
            queue: Some(place(&id)),
            id,
            attrs,
            span: None,
            after,
            earlier: None,
        };
        let state = self.world.state();
        let mut found = Vec::new();
        for (id, thing) in &state.things {
            let Some(thing) = thing.seen().as_ref().filter(|thing| thing.owner.as_deref() == Some(&self.owner)) else { continue };
            let rules = state.documents.get(&store(id)).map(|document| document.seen().clone()).unwrap_or_default();
            let own: Vec<ResourceId> = rules
                .iter()
                .filter(|rule| is_ours(rule) && id.kind == "w_bucket")
                .map(|rule| ResourceId::new(id.subject.clone(), "w_rule", &rule.id))
                .collect();
            for (rule, id) in rules.iter().filter(|rule| is_ours(rule)).zip(&own) {
                found.push(resource(id.clone(), rule.attrs.clone(), Vec::new()));
            }
            found.push(resource(id.clone(), with_owner(thing), own));
        }
        Ok(found.into())
    }

    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        let id = &changes[0].id;
        if changes.len() != desired.len() || changes.iter().any(|change| place(&change.id) != place(id)) {
            return Err(failure(&place(id), ErrorKind::Other, Retry::Never, "the engine mixed changes of several documents"));
        }
        match &*id.kind {
            "w_rule" => self.write_rules(changes).await,
            _ if changes.len() > 1 => Err(failure(&place(id), ErrorKind::Other, Retry::Never, "not a shared kind")),
            _ => self.write_thing(&changes[0]).await,
        }
    }

    async fn settled(&self, changes: &[Change], _: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        self.world.reading(&place(&changes[0].id)).await?;
        for change in changes {
            let live = self.look(&change.id, change.after.is_some());
            if live.attrs.as_ref().map(bdr::diff::canonical) != change.after {
                return Ok(Settled::NotYet { differs: change.id.to_string(), again_in_ms: 100 });
            }
        }
        Ok(Settled::Yes)
    }
}
