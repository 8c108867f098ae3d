//! Schedules on a machine: units of systemd and entries of cron, written to folders and held against the schedulers' own tools.

mod before;
mod cron;
mod cron_user;
mod systemctl;
mod random;
mod units;

use std::path::Path;
use std::sync::Arc;

use bdr::compile::compile;
use bdr::diag::Sources;
use bdr::diff::diff;
use bdr::policy::{Policy, load_unresolved};
use bdr::provider::{Connect, Env, Freshness, Settled};
use bdr::resource::{Change, Op, Resource};

/// A policy from its text, which must be faultless.
fn policy(text: &str) -> Policy {
    let mut sources = Sources::new();
    sources.add("policy.yaml", text);
    let loaded = load_unresolved(sources);
    let findings: Vec<String> =
        loaded.diagnostics.iter().map(|finding| format!("{}: {}", finding.code, finding.message)).collect();
    assert_eq!(findings, Vec::<String>::new(), "{text}");
    loaded.policy.expect("a policy")
}

/// The safe-pm policy of these tests with another scheduler and set of protections (`name: { … }` lines).
fn safe_pm(scheduler: &str, protections: &[(&str, &str)]) -> Policy {
    let protect: String = protections
        .iter()
        .map(|(name, schedule)| format!("      {name}: {{ file_backup: {{}}, schedule: \"{schedule}\", stores: [local] }}\n"))
        .collect();
    policy(&format!(
        "version: 1\nname: safe-pm\ntimezone: Europe/Stockholm\nstores:\n  local:\n    folder: {{ path: /srv/backups }}\n\
         components:\n  docs:\n    files: {{ paths: [/srv/documents] }}\n    objectives: {{ rpo: 3d, rto: 4h }}\n    protect:\n{protect}\
         scheduler: {scheduler}\n"
    ))
}

fn env() -> Env {
    Env { program: "/usr/bin/true".to_owned(), policy_paths: vec!["/etc/bdr/safe-pm.yaml".to_owned()], ..Env::default() }
}

/// What a provider would change, each change with what is wanted.
async fn planned(provider: &dyn Connect, policy: &Policy, env: &Env) -> Result<Vec<(Change, Option<Resource>)>, String> {
    let (compiled, findings) = compile(policy, &[provider], env);
    assert!(findings.is_empty(), "{findings:?}");
    let session = provider.connect(Arc::new(policy.clone()), Arc::new(env.clone())).await.expect("a session");
    let owned = session.owned().await.map_err(|error| error.to_string())?;
    let gone = owned.resources.into_iter().filter(|resource| compiled.desired.get(&resource.id).is_none());
    let all = compiled.desired.iter().cloned().map(|r| (r.id.clone(), Some(r))).chain(gone.map(|r| (r.id, None)));
    let mut changes = Vec::new();
    for (id, wanted) in all {
        let live = session.read(&id, wanted.as_ref(), Freshness::Cached).await.map_err(|error| error.to_string())?;
        let kind = compiled.kinds.get(&id.kind).expect("a known kind");
        let change = diff(kind, wanted.as_ref(), &live, &id);
        changes.extend(change.filter(|change| change.op != Op::None).map(|change| (change, wanted)));
    }
    Ok(changes)
}

/// Plans and applies, as the engine does: services before timers, what goes last; then looks whether it took effect.
async fn applied(provider: &dyn Connect, policy: &Policy, env: &Env) -> Result<Vec<Change>, String> {
    let mut changes = planned(provider, policy, env).await?;
    let rank = |change: &Change| match (change.id.kind.as_ref(), change.op) {
        ("systemd_service", Op::Delete) => 2,
        ("systemd_service", _) => 0,
        _ => 1,
    };
    changes.sort_by_key(|(change, _)| rank(change));
    let session = provider.connect(Arc::new(policy.clone()), Arc::new(env.clone())).await.expect("a session");
    for group in changes.chunk_by(|(a, _), (b, _)| rank(a) == rank(b)) {
        let (changes, wanted): (Vec<Change>, Vec<Option<Resource>>) = group.iter().cloned().unzip();
        session.apply(&changes, &wanted).await.map_err(|error| error.to_string())?;
        let settled = session.settled(&changes, &wanted).await.map_err(|error| error.to_string())?;
        assert_eq!(settled, Settled::Yes);
    }
    Ok(changes.into_iter().map(|(change, _)| change).collect())
}

/// What changed, as `create component.docs/systemd_timer:nightly`.
fn told(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| format!("{} {}", serde_json::to_value(change.op).expect("json").as_str().expect("a word"), change.id))
        .collect()
}

/// Every file below a folder with its bytes; links with what they lead to.
fn tree(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).expect("a folder").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            let name = path.strip_prefix(folder).expect("below").display().to_string();
            match std::fs::read_link(&path) {
                Ok(target) => _ = found.insert(name, target.display().to_string().into_bytes()),
                Err(_) if path.is_dir() => open.push(path),
                Err(_) => _ = found.insert(name, std::fs::read(&path).expect("a file")),
            }
        }
    }
    found
}
