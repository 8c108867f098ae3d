//! The engine on real endpoints: plan, lease, apply and the next plan, with the stores and providers that `bdr` uses.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bdr::apply::{self, Guardian, Options, Owner, Request, Sessions, Stop};
use bdr::compile::{Compiled, compile};
use bdr::diag::Sources;
use bdr::journal::RunRecord;
use bdr::plan::guard::{Consent, guard};
use bdr::plan::{Input, Intent, Plan, Scope, reconcile};
use bdr::policy::{Policy, load_unresolved};
use bdr::provider::{Connect, Env, Provider};
use bdr::providers::{folder::Folders, s3::S3};
use bdr::resource::{Op, Work};

use crate::harness::{Endpoint, endpoint, fresh_name};
use crate::world::scene::NoJobs;

struct Scene {
    policy: Arc<Policy>,
    compiled: Compiled,
    env: Arc<Env>,
}

impl Scene {
    fn new(endpoint: &Endpoint, name: &str, folder: &std::path::Path, days: u32) -> Self {
        let Endpoint { url, region, .. } = endpoint;
        let mut sources = Sources::new();
        sources.add(
            "bdr.yaml",
            format!(
                "version: 1\nname: {name}\nstores:\n  bucket:\n    s3: {{ bucket: {name}, endpoint: \"{url}\", region: {region} }}\n    \
                 versioning: true\n    noncurrent: {{ for: 30d }}\n    tags: {{ team: ops }}\n  disk:\n    folder: {{ path: {} }}\n\
                 components:\n  docs:\n    files: {{ paths: [/srv/docs] }}\n    protect:\n      nightly: {{ file_backup: {{}}, stores: \
                 [bucket, disk] }}\n    retain:\n      daily: {{ for: {days}d }}\n      monthly: {{ for: 12mo, class: GLACIER }}\n",
                folder.display()
            ),
        );
        let loaded = load_unresolved(sources);
        let policy = loaded.policy.unwrap();
        let env = endpoint.env();
        let (compiled, diagnostics) = compile(&policy, &[&Folders as &dyn Provider, &S3], &env);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        Self { policy: Arc::new(policy), compiled, env: Arc::new(env) }
    }

    async fn sessions(&self) -> Sessions {
        let providers: [&dyn Connect; 2] = [&Folders, &S3];
        let (sessions, unread) = Sessions::open(&providers, &self.policy, &self.env).await;
        assert!(unread.is_empty(), "{unread:?}");
        sessions
    }

    async fn plan(&self) -> Plan {
        let known = apply::survey(&self.sessions().await, &self.compiled, 16).await;
        assert!(known.unread.is_empty(), "{:?}", known.unread);
        reconcile(Input {
            policy: &self.policy,
            sources: &Sources::new(),
            paths: vec!["bdr.yaml".into()],
            compiled: &self.compiled,
            known: &known,
            scope: &Scope::default(),
            intent: Intent::Reconcile,
            findings: Vec::new(),
            objectives: Vec::new(),
            dead: Vec::new(),
            retention: Vec::new(),
            made_at: jiff::Timestamp::UNIX_EPOCH,
        })
    }

    async fn apply(&self, plan: &Plan) -> RunRecord {
        let sessions = self.sessions().await;
        let guarded =
            guard(plan, &Consent { confirmed: true, ..Consent::default() }).unwrap_or_else(|refusals| panic!("{refusals:?}"));
        let mut stores = BTreeMap::new();
        for (name, spec) in &self.policy.stores {
            stores.insert(name.clone(), bdr::stores::open(spec, &self.env).await.unwrap());
        }
        let request = Request {
            guarded: &guarded,
            compiled: &self.compiled,
            sessions: &sessions,
            runner: Some(&NoJobs),
            guardian: Guardian::Stores(stores),
            options: Options {
                parallelism: 8,
                run: fresh_name(),
                owner: Owner::of_process("test"),
                lease_ttl: Duration::from_secs(30),
                overridden: None,
                timeout: Duration::from_secs(60),
                seed: 7,
                places: [].into(),
                made: [].into(),
            },
            now: &jiff::Timestamp::now,
        };
        let mut events = Vec::new();
        let record = apply::apply(request, Stop::new(), &mut |event| events.push(event.clone())).await;
        record.unwrap_or_else(|error| panic!("{error}: {events:?}"))
    }
}

/// What a plan would change, jobs aside: nothing here makes backups.
fn changes(plan: &Plan) -> Vec<String> {
    let actions = plan.actions.iter().flat_map(|action| match &action.work {
        Work::Change { changes } => changes.clone(),
        Work::Run { .. } => Vec::new(),
    });
    actions.filter(|change| change.op != Op::None).map(|change| format!("{:?} {}", change.op, change.id)).collect()
}

/// From nothing, through a saved plan, to an empty next plan; then a change that lets nothing go, and an empty plan again.
async fn converges(name: &str) {
    let Some(endpoint) = endpoint(name) else { return };
    let (policy, dir) = (fresh_name(), tempfile::tempdir().unwrap());
    let folder = dir.path().join("disk");
    for days in [30, 60] {
        let scene = Scene::new(endpoint, &policy, &folder, days);
        let plan = scene.plan().await;
        assert!(!changes(&plan).is_empty());
        let saved: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        let record = scene.apply(&saved).await;
        let again = scene.plan().await;
        assert_eq!(changes(&again), Vec::<String>::new(), "{name}, {days} days: {record:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_ministack_the_next_plan_is_empty() {
    converges("ministack").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_seaweedfs_the_next_plan_is_empty() {
    converges("seaweedfs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_moto_the_next_plan_is_empty() {
    converges("moto").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_radosgw_the_next_plan_is_empty() {
    converges("radosgw").await;
}
