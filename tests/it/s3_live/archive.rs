//! A backup in an archive class: the restore asks for it, says when to come back, and does it then.

use std::time::{Duration, Instant};

use super::Trial;
use crate::harness::endpoint;
use crate::harness::proxy::{Fault, Proxy};

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_from_an_archive_class_asks_waits_and_is_done() {
    for name in ["ministack", "moto"] {
        let Some(endpoint) = endpoint(name) else { continue };
        let proxy = Proxy::before(&endpoint.url, |_| Fault::None).await;
        let trial = Trial::through(endpoint, &proxy.url).await;
        let policy = trial.home.text("bdr.yaml").replace("weekly: { for: 8w }", "monthly: { for: 12mo, class: GLACIER }");
        trial.home.policy(&policy);
        trial.run(&["apply", "--auto-approve"]).ends(0);
        let objects = trial.objects().await;
        let backup = objects.iter().find_map(|key| key.split_once("/monthly/")?.1.split('/').next()).unwrap();
        let restore = ["restore", "docs", "--backup", backup, "--to", "back", "--retrieve-days", "3"];
        let asked = trial.run(&restore).ends(1);
        assert!(asked.stderr.contains("retrieval started of 1 pack") && asked.stderr.contains("from GLACIER"), "{asked:#?}");
        assert!(asked.stderr.contains("3 to 5 hours") && asked.stderr.contains("for 3 days"), "{asked:#?}");
        assert!(!trial.home.path("back/a.txt").exists(), "nothing half restored");
        let begun = Instant::now();
        while trial.run(&restore).code != Some(0) {
            assert!(begun.elapsed() < Duration::from_secs(30), "{name}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert_eq!(trial.home.text("back/a.txt"), "a");
        let asked = proxy.seen().iter().filter(|line| line.starts_with("POST") && line.contains("restore")).count();
        assert_eq!(asked, 1, "{name}: it is asked for once");
    }
}
