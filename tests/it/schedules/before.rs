//! What runs now is read back as a schedule, so that a plan can say how a change moves the objectives.

use std::fs;
use std::sync::Arc;

use bdr::address::{ComponentName, ProtectionName};
use bdr::compile::compile;
use bdr::policy::Policy;
use bdr::provider::{Connect, Freshness};
use bdr::providers::schedule::cron::Cron;
use bdr::providers::schedule::live_schedules;
use bdr::providers::schedule::systemd::Systemd;
use bdr::resource::{Live, Risk};

use super::{applied, env, safe_pm};

/// The canonical texts of what runs; `-` for what runs by no schedule that a policy could say.
async fn live(provider: &dyn Connect, policy: &Policy, names: &[&str]) -> Vec<String> {
    let (compiled, _) = compile(policy, &[provider], &env());
    let session = provider.connect(Arc::new(policy.clone()), Arc::new(env())).await.expect("a session");
    let mut seen: Vec<(bdr::address::ResourceId, Live)> = Vec::new();
    for resource in compiled.desired.iter() {
        seen.push((resource.id.clone(), session.read(&resource.id, Some(resource), Freshness::Fresh).await.expect("read")));
    }
    let found = live_schedules(policy, &env(), &compiled.desired, seen.iter().map(|(id, live)| (id, live)));
    let docs = ComponentName::new("docs").expect("name");
    let of = |name: &&str| found.get(&(docs.clone(), ProtectionName::new(name).expect("name")));
    let text = |name: &&str| match of(name) {
        Some(Some(running)) => running.schedule.cadence.to_string(),
        Some(None) => "-".to_owned(),
        None => "nothing".to_owned(),
    };
    names.iter().map(text).collect()
}

#[tokio::test]
async fn timers_and_entries_read_back_as_the_schedules_that_they_carry_out() {
    let folder = tempfile::tempdir().expect("folder");
    let systemd = format!("{{ systemd: {{ directory: {} }} }}", folder.path().display());
    let cron = format!("{{ cron: {{ file: {} }} }}", folder.path().join("crontab").display());
    let old = [("a", "30 2 * * *"), ("b", "every 10m"), ("c", "0 3 1,15 * 1"), ("d", "0 1 * * 0")];
    let new = [("a", "30 5 * * *"), ("b", "every 6h"), ("c", "0 3 1,15 * 1"), ("d", "0 1 * * 0"), ("e", "daily")];
    let names = ["a", "b", "c", "d", "e"];
    applied(&Systemd::HERE, &safe_pm(&systemd, &old), &env()).await.expect("apply");
    fs::remove_file(folder.path().join("timers.target.wants/bdr-safe-pm.docs.d.timer")).expect("disable");
    let before = live(&Systemd::HERE, &safe_pm(&systemd, &new), &names).await;
    assert_eq!(before[0], "30 2 * * *");
    assert!(before[1].starts_with("every 10m"), "{before:?}");
    assert_eq!(before[2..], ["0 3 1,15 * 1", "-", "nothing"]);

    applied(&Cron::HERE, &safe_pm(&cron, &old), &env()).await.expect("apply");
    let before = live(&Cron::HERE, &safe_pm(&cron, &new), &names).await;
    assert!(before[1].starts_with("every 10m"), "{before:?}");
    assert_eq!([&before[0], &before[2], &before[4]], ["30 2 * * *", "0 3 1,15 * 1", "nothing"]);
}

#[tokio::test]
async fn running_less_often_weakens_and_running_more_often_does_not() {
    let folder = tempfile::tempdir().expect("folder");
    let systemd = format!("{{ systemd: {{ directory: {} }} }}", folder.path().display());
    let cron = format!("{{ cron: {{ file: {} }} }}", folder.path().join("crontab").display());
    let providers: [(&dyn Connect, String); 2] = [(&Systemd::HERE, systemd), (&Cron::HERE, cron)];
    for (provider, scheduler) in &providers {
        let then = |time: &str| safe_pm(scheduler, &[("a", time)]);
        applied(*provider, &then("every 1h"), &env()).await.expect("apply");
        for (time, risk) in [("every 6h", Risk::Weakens), ("30 2 * * *", Risk::Weakens), ("every 10m", Risk::None)] {
            let changes = super::planned(*provider, &then(time), &env()).await.expect("plan");
            let worst = changes.iter().map(|(change, _)| change.risk).max();
            assert_eq!(worst, Some(risk), "{} with {time}", provider.name());
        }
    }
}
