//! Planning with recorded live state: a policy's text becomes a plan document, with no more from outside than the recording.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on ends, and says where")]
#![expect(clippy::print_stdout, reason = "what was counted is the result")]

use std::collections::BTreeMap;
use std::fmt::Write;

use bdr::compile::{Compiled, compile};
use bdr::diag::Sources;

use bdr::plan::{Input, Intent, Known, Scope, file, reconcile};
use bdr::policy::{Policy, load_unresolved};
use bdr::provider::{Env, Provider};
use bdr::providers::ALL;
use bdr::resource::Live;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let (Some("plan"), Some(count)) = (arguments.next().as_deref(), arguments.next()) else {
        println!("usage: planning plan RESOURCES");
        return;
    };
    let count: usize = count.parse().unwrap();
    let loaded = load_unresolved(policy_texts(count / per_part()));
    let policy = loaded.policy.unwrap();
    let compiled = compiled(&policy);
    let known = recording(&compiled);
    let plan = reconcile(Input {
        policy: &policy,
        sources: &loaded.sources,
        paths: vec!["bdr.yaml".to_owned()],
        compiled: &compiled,
        known: &known,
        scope: &Scope::default(),
        intent: Intent::Reconcile,
        findings: Vec::new(),
        objectives: Vec::new(),
        dead: Vec::new(),
        retention: Vec::new(),
        made_at: jiff::Timestamp::UNIX_EPOCH,
    });
    assert!(plan.is_empty(), "the recording is what the policy wants: {}", plan.summary.line());
    println!("{} resources, {} bytes of plan", compiled.desired.len(), file::write(&plan).unwrap().len());
}

fn compiled(policy: &Policy) -> Compiled {
    let providers: Vec<&dyn Provider> = ALL.iter().map(|provider| *provider as &dyn Provider).collect();
    let (compiled, diagnostics) = compile(policy, &providers, &Env::default());
    assert!(!diagnostics.has_errors());
    compiled
}

/// How many resources one part of [`policy_texts`] wants.
fn per_part() -> usize {
    compiled(&load_unresolved(policy_texts(1)).policy.unwrap()).desired.len()
}

/// Components of each store.
const COMPONENTS: usize = 10;

/// A policy of so many parts: a store, and components with their timers and lifecycle rules. A file for each.
fn policy_texts(parts: usize) -> Sources {
    let mut sources = Sources::new();
    sources.add("bdr.yaml", "version: 1\nname: bench\nscheduler: { systemd: { directory: /srv/units } }\n");
    for n in 0..parts {
        let mut text = "stores:\n".to_owned();
        writeln!(
            text,
            "  s{n}:\n    s3: {{ bucket: bench-{n:06}, region: eu-north-1 }}\n    versioning: true\n    noncurrent: {{ for: 30d }}\n    \
                 abort_uploads_after: 7d\n    encryption: {{ sse: AES256 }}\n    tags: {{ team: platform, cost: \"{n}\" }}"
        )
        .unwrap();
        text.push_str("components:\n");
        for of in 0..COMPONENTS {
            writeln!(
                text,
                "  c{n}-{of}:\n    files: {{ paths: [/srv/data/{n}/{of}] }}\n    protect:\n      nightly: {{ file_backup: {{}}, schedule: \"{of} 4 \
                 * * *\", store: s{n} }}\n    retain: {{ daily: {{ for: 14d }}, weekly: {{ for: 8w }} }}"
            )
            .unwrap();
        }
        sources.add(format!("{n:06}.yaml"), text);
    }
    sources
}

/// The live system as it reads when everything is in place.
fn recording(compiled: &Compiled) -> Known {
    let wanted = compiled.desired.iter();
    let live: BTreeMap<_, _> = wanted.map(|resource| (resource.id.clone(), Live::present(resource.attrs.clone()))).collect();
    let owned = compiled.desired.iter().map(|resource| (resource.id.clone(), resource.clone())).collect();
    Known { live, owned, ..Known::default() }
}
