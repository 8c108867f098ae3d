//! Tests of first policies.

use super::*;
use crate::policy::layout;

fn answers() -> Answers {
    Answers {
        name: PolicyName::new("shop").unwrap(),
        zone: Zone::utc(),
        paths: vec!["/srv/documents".to_owned()],
        folder: Some("/var/backups/shop".to_owned()),
        s3: None,
        rpo: Duration::from_secs(26 * 3_600),
        rto: Duration::from_secs(4 * 3_600),
        scheduler: SchedulerWord::Systemd,
    }
}

fn now() -> jiff::Timestamp {
    "2026-11-24T09:00:00Z".parse().unwrap()
}

fn bucket(endpoint: Option<&str>) -> Option<Bucket> {
    Some(Bucket { name: "shop-backups".to_owned(), region: Some("eu-north-1".to_owned()), endpoint: endpoint.map(str::to_owned) })
}

#[test]
fn every_combination_lints_clean_and_is_laid_out() {
    let zones = ["UTC", "Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"];
    let stores: [(Option<&str>, Option<Bucket>); 4] = [
        (Some("/var/backups/shop"), None),
        (None, bucket(None)),
        (Some("/var/backups/shop"), bucket(None)),
        (None, bucket(Some("https://storage.example.com"))),
    ];
    let schedulers = [SchedulerWord::Systemd, SchedulerWord::SystemdUser, SchedulerWord::Cron, SchedulerWord::Crontab];
    let times = [("15m", "30m"), ("1h", "1h"), ("4h", "4h"), ("13h", "8h"), ("1d", "2d"), ("30d", "30d")];
    let mut scheduler = schedulers.into_iter().cycle();
    for zone in zones {
        for (folder, s3) in &stores {
            for (rpo, rto) in times {
                let answers = Answers {
                    zone: Zone::parse(zone).unwrap(),
                    folder: folder.map(str::to_owned),
                    s3: s3.clone(),
                    scheduler: scheduler.next().unwrap(),
                    rpo: rpo.parse().unwrap(),
                    rto: rto.parse().unwrap(),
                    ..answers()
                };
                let text = draft(&answers, "bdr.yaml", now()).unwrap_or_else(|(found, _)| panic!("{answers:?}: {found:#?}"));
                assert_eq!(layout::format(&text).as_deref(), Ok(text.as_str()), "laid out as `bdr fmt` would");
            }
        }
        // Five zones, twenty-four combinations each: moves on, so that each meets each scheduler.
        scheduler.next();
    }
}

#[test]
fn the_schedule_is_as_leisurely_as_the_objective_allows() {
    let schedule = |rpo: &str| {
        let text = draft(&Answers { rpo: rpo.parse().unwrap(), ..answers() }, "bdr.yaml", now()).unwrap();
        text.split("schedule: ").nth(1).unwrap().split(", store").next().unwrap().to_owned()
    };
    assert_eq!(schedule("26h"), "\"0 4 * * *\"");
    assert_eq!(schedule("23h"), "every 12h");
    assert_eq!(schedule("3h"), "every 2h");
    assert_eq!(schedule("15m"), "every 10m");
}

#[test]
fn odd_paths_are_written_so_that_they_read_back() {
    let paths = ["/srv/a b", "/srv/\"q\"", "/srv/å: #", "/srv/it's", "/srv/tab\there"].map(str::to_owned).to_vec();
    let text = draft(&Answers { paths, ..answers() }, "bdr.yaml", now()).unwrap();
    assert!(text.contains(r#"["/srv/a b", "/srv/\"q\"", "/srv/å: #", "/srv/it's", "/srv/tab\there"]"#), "{text}");
}

#[test]
fn what_cannot_be_kept_is_told() {
    let (found, _) = draft(&Answers { rpo: "1m".parse().unwrap(), ..answers() }, "bdr.yaml", now()).unwrap_err();
    assert!(found.iter().any(|finding| finding.code == "BDR-O001"), "{found:#?}");
    let (found, _) =
        draft(&Answers { folder: Some("/srv/documents/backup".to_owned()), ..answers() }, "bdr.yaml", now()).unwrap_err();
    assert!(found.iter().any(|finding| finding.code == "BDR-L006"), "{found:#?}");
}

#[test]
fn a_first_policy_reads_well() {
    let both = Answers { s3: bucket(None), zone: Zone::parse("Europe/Stockholm").unwrap(), ..answers() };
    insta::assert_snapshot!(draft(&both, "bdr.yaml", now()).unwrap());
    insta::assert_snapshot!("local", draft(&answers(), "bdr.yaml", now()).unwrap());
}
