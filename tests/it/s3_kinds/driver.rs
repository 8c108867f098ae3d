//! The smallest thing that plans and applies with the S3 provider alone: what the kinds do shows without the engine.

use std::sync::Arc;

use bdr::address::ResourceId;
use bdr::compile::{Compiled, compile};
use bdr::diag::Sources;
use bdr::diff::diff;
use bdr::policy::{Policy, load_unresolved};
use bdr::provider::{Connect, Env, Freshness, Provider, ProviderError, Session, Settled};
use bdr::providers::s3::S3;
use bdr::resource::{Change, Op, Resource};

use crate::harness::Endpoint;

/// A policy against an endpoint.
pub struct Driver {
    provider: &'static dyn Connect,
    pub policy: Arc<Policy>,
    pub compiled: Compiled,
    pub env: Arc<Env>,
}

/// What a plan saw.
pub struct Seen {
    pub session: Box<dyn Session>,
    pub changes: Vec<Change>,
}

impl Driver {
    /// `stores` and the rest of the policy as YAML below its name.
    pub fn new(name: &str, yaml: &str, env: Env) -> Self {
        Self::of(&S3, name, yaml, env)
    }

    /// The same with another provider.
    pub fn of(provider: &'static dyn Connect, name: &str, yaml: &str, env: Env) -> Self {
        let mut sources = Sources::new();
        sources.add("policy.yaml", format!("version: 1\nname: {name}\n{yaml}"));
        let loaded = load_unresolved(sources);
        assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
        let policy = loaded.policy.unwrap();
        let (compiled, diagnostics) = compile(&policy, &[provider as &dyn Provider], &env);
        assert!(!diagnostics.has_errors(), "{diagnostics:?}");
        Self { provider, policy: Arc::new(policy), compiled, env: Arc::new(env) }
    }

    /// The same once more, for a test that wants something else of it.
    pub fn again(&self) -> Self {
        let Self { provider, policy, compiled, env } = self;
        let (kinds, desired) = (compiled.kinds.clone(), compiled.desired.clone());
        Self { provider: *provider, policy: Arc::clone(policy), compiled: Compiled { kinds, desired }, env: Arc::clone(env) }
    }

    pub async fn session(&self) -> Box<dyn Session> {
        self.provider.connect(Arc::clone(&self.policy), Arc::clone(&self.env)).await.unwrap()
    }

    /// All changes, those that do nothing included, in the order in which they may be carried out.
    pub async fn plan(&self) -> Result<Seen, ProviderError> {
        let session = self.session().await;
        let owned = session.owned().await?.resources;
        let gone: Vec<&Resource> = owned.iter().filter(|resource| self.compiled.desired.get(&resource.id).is_none()).collect();
        let mut wanted: Vec<&Resource> = self.compiled.desired.iter().collect();
        wanted.sort_by_key(|resource| resource.after.len());
        let mut changes = Vec::new();
        for (id, desired) in wanted.iter().map(|r| (&r.id, Some(*r))).chain(gone.iter().map(|r| (&r.id, None))) {
            let live = session.read(id, desired, Freshness::Cached).await?;
            changes.extend(diff(self.compiled.kinds.get(&id.kind).unwrap(), desired, &live, id));
        }
        Ok(Seen { session, changes })
    }

    /// Carries out what a plan saw, with its session: shared kinds together, each until it has settled.
    pub async fn apply(&self, seen: &Seen) -> Result<(), ProviderError> {
        let mut todo: Vec<Change> = seen.changes.iter().filter(|change| change.op != Op::None).cloned().collect();
        while let Some(first) = todo.first().cloned() {
            let shared = self.compiled.kinds.get(&first.id.kind).unwrap().shared;
            let together = |change: &Change| {
                change.id == first.id || (shared && change.id.kind == first.id.kind && change.id.subject == first.id.subject)
            };
            let (group, rest): (Vec<_>, Vec<_>) = todo.into_iter().partition(together);
            todo = rest;
            let desired: Vec<Option<Resource>> =
                group.iter().map(|change| self.compiled.desired.get(&change.id).cloned()).collect();
            seen.session.apply(&group, &desired).await?;
            for _ in 0..50 {
                match seen.session.settled(&group, &desired).await? {
                    Settled::Yes => break,
                    Settled::NotYet { again_in_ms, .. } => {
                        tokio::time::sleep(std::time::Duration::from_millis(again_in_ms)).await
                    }
                }
            }
        }
        Ok(())
    }

    /// What a plan would do, as `op address`.
    pub async fn todo(&self) -> Vec<String> {
        words(&self.plan().await.unwrap().changes)
    }

    /// Plans and applies until nothing is left to do: once.
    #[track_caller]
    pub fn converge(&self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let seen = self.plan().await.unwrap_or_else(|error| panic!("{place}: {error}"));
            self.apply(&seen).await.unwrap_or_else(|error| panic!("{place}: {error}: {:?}", error.help));
            assert_eq!(self.todo().await, Vec::<String>::new(), "{place}: the next plan is not empty");
        }
    }

    pub async fn live(&self, address: &str) -> bdr::resource::Live {
        let id: ResourceId = address.parse().unwrap();
        self.session().await.read(&id, self.compiled.desired.get(&id), Freshness::Fresh).await.unwrap()
    }
}

pub fn words(changes: &[Change]) -> Vec<String> {
    let done = changes.iter().filter(|change| change.op != Op::None);
    done.map(|change| format!("{:?} {}", change.op, change.id).to_lowercase()).collect()
}

/// The store `primary` in one bucket of an endpoint, with more settings below it.
pub fn store(endpoint: &Endpoint, bucket: &str, settings: &str) -> String {
    format!(
        "stores:\n  primary:\n    s3: {{ bucket: {bucket}, endpoint: \"{}\", region: {}, prefix: \"some/where/\" }}\n{settings}",
        endpoint.url, endpoint.region
    )
}

/// A component with two tiers in `primary`.
pub const COMPONENT: &str = "components:\n  docs:\n    files: { paths: [/srv/docs] }\n    protect:\n      nightly: { file_backup: {}, \
                             schedule: \"0 2 * * *\", store: primary }\n    retain:\n      daily: { for: 30d }\n      weekly: { for: 12w }\n";
