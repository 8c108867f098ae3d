//! One policy against one world: plan, apply, and what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bdr::address::{PolicyName, StoreName};
use bdr::apply::{self, Guardian, JobError, LeaseError, Options, Owner, Ran, Request, Runner, Sessions, Stop};
use bdr::compile::{Compiled, compile};
use bdr::diag::{Sources, Spanned};
use bdr::journal::{Event, RunRecord};
use bdr::plan::guard::{Consent, guard};
use bdr::plan::{Input, Intent, Known, Plan, Scope, reconcile};
use bdr::policy::Policy;
use bdr::provider::{Connect, Env, Provider};
use bdr::resource::{Job, Resource};
use bdr::store::Store;
use bdr::units::cadence::Zone;

use super::memory_store::MemoryStore;
use super::model::POLICY;
use super::{World, WorldProvider};

/// Runs nothing.
pub struct NoJobs;

#[async_trait]
impl Runner for NoJobs {
    async fn run(&self, _: &Job, _: &(dyn for<'a> Fn(&'a str) + Send + Sync)) -> Result<Ran, JobError> {
        Ok(Ran { told: "made nothing".into(), already: false })
    }
}

/// A policy with its world.
pub struct Scene {
    pub world: World,
    pub store: Arc<MemoryStore>,
    pub policy: Arc<Policy>,
    /// The stores that are to hold the lease.
    pub guards: BTreeMap<StoreName, Arc<MemoryStore>>,
    providers: Vec<Box<dyn Connect>>,
    pub compiled: Compiled,
}

fn policy() -> Policy {
    Policy {
        name: Spanned::bare(PolicyName::new(POLICY).unwrap()),
        timezone: Spanned::bare(Zone::utc()),
        contacts: BTreeMap::new(),
        accounts: BTreeMap::new(),
        stores: BTreeMap::new(),
        components: BTreeMap::new(),
        scheduler: None,
        access: None,
        change_freeze: Vec::new(),
        packs: Vec::new(),
        digest: Default::default(),
    }
}

/// What a test wants to know of an apply that was not cut off.
pub struct Applied {
    pub outcome: Result<RunRecord, LeaseError>,
    pub events: Vec<Event>,
}

impl Scene {
    pub fn new(world: World, wanted: Vec<Resource>) -> Self {
        let store = Arc::new(MemoryStore::new(world.clone(), |_| true));
        Self::with_store(world, wanted, store)
    }

    pub fn with_store(world: World, wanted: Vec<Resource>, store: Arc<MemoryStore>) -> Self {
        let policy = policy();
        let provider = WorldProvider { world: world.clone(), wanted };
        let (compiled, diagnostics) = compile(&policy, &[&provider as &dyn Provider], &Env::default());
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let guards = BTreeMap::from([(StoreName::new("store-0").unwrap(), Arc::clone(&store))]);
        Self { world, store, policy: Arc::new(policy), guards, providers: vec![Box::new(provider)], compiled }
    }

    pub async fn sessions(&self) -> Sessions {
        let (sessions, unread) = Sessions::open(
            &self.providers.iter().map(AsRef::as_ref).collect::<Vec<&dyn Connect>>(),
            &self.policy,
            &Arc::new(Env::default()),
        )
        .await;
        assert!(unread.is_empty(), "{unread:?}");
        sessions
    }

    pub async fn known(&self) -> Known {
        apply::survey(&self.sessions().await, &self.compiled, 8).await
    }

    pub fn plan_of(&self, known: &Known, scope: &Scope) -> Plan {
        reconcile(Input {
            policy: &self.policy,
            sources: &Sources::new(),
            paths: vec!["bdr.yaml".into()],
            compiled: &self.compiled,
            known,
            scope,
            intent: Intent::Reconcile,
            findings: Vec::new(),
            objectives: Vec::new(),
            dead: Vec::new(),
            retention: Vec::new(),
            made_at: jiff::Timestamp::UNIX_EPOCH,
        })
    }

    pub async fn plan(&self) -> Plan {
        self.plan_of(&self.known().await, &Scope::default())
    }

    pub async fn apply_plan(&self, plan: Plan, run: &str, owner: Owner, stop: Stop) -> Applied {
        let sessions = self.sessions().await;
        let consent = Consent { confirmed: true, ..Consent::default() };
        let guarded = guard(&plan, &consent).unwrap_or_else(|refusals| panic!("{refusals:?}"));
        let request = Request {
            guarded: &guarded,
            compiled: &self.compiled,
            sessions: &sessions,
            runner: Some(&NoJobs),
            guardian: Guardian::Stores(
                self.guards.iter().map(|(n, store)| (n.clone(), Arc::clone(store) as Arc<dyn Store>)).collect(),
            ),
            options: Options {
                parallelism: 4,
                run: run.to_owned(),
                owner,
                lease_ttl: Duration::from_secs(30),
                overridden: None,
                timeout: Duration::from_secs(10),
                seed: 7,
                places: [].into(),
                made: [].into(),
            },
            now: &|| jiff::Timestamp::UNIX_EPOCH,
        };
        let mut events = Vec::new();
        let outcome = apply::apply(request, stop, &mut |event| events.push(event.clone())).await;
        Applied { outcome, events }
    }

    pub async fn apply(&self, run: &str) -> Applied {
        let plan = self.plan().await;
        self.apply_plan(plan, run, here(), Stop::new()).await
    }
}

/// A process of another machine: whether it lives cannot be told from here.
pub fn elsewhere(pid: u32) -> Owner {
    Owner {
        user: "ada".into(),
        host: "elsewhere".into(),
        pid,
        started: Some(1),
        boot: Some("b".into()),
        namespace: Some("n".into()),
    }
}

pub fn here() -> Owner {
    Owner::of_process("test")
}

/// Runs a test under virtual time.
pub fn virtual_time<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(test)
}
