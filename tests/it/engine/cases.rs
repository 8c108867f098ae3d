//! Single cases: stale plans, places that are down, stopping, sizes.

use bdr::apply::Stop;
use bdr::attrs::Attr;
use bdr::journal::{Event, Outcome};
use bdr::plan::guard::{Consent, Refusal, guard};
use bdr::resource::ActionId;

use crate::world::model::{Bucket, Setup, bucket_id, rule_id, setting_id, timer_id};
use crate::world::scene::{Scene, here, virtual_time};
use crate::world::{Lagging, Rule, Weather};

fn two_stores() -> Setup {
    let bucket = Bucket { settings: [(0, 1)].into(), rules: [(0, 1), (1, 2)].into(), owned: true, ..Bucket::default() };
    Setup { buckets: [(0, bucket.clone()), (1, bucket)].into(), timers: [(0, 1)].into() }
}

fn outcome(record: &bdr::journal::RunRecord, id: &bdr::address::ResourceId) -> Outcome {
    record.actions[&ActionId(id.to_string())].outcome.clone()
}

#[test]
fn a_value_that_changed_since_review_is_stale_and_holds_up_only_what_needs_it() {
    virtual_time(async {
        let mut live = two_stores();
        live.timers.clear();
        live.buckets.values_mut().for_each(|bucket| bucket.settings = [(0, 2)].into());
        let scene = Scene::new(live.live(), two_stores().wanted());
        let plan = scene.plan().await;
        let moved = setting_id(0, 0);
        let thing = crate::world::Thing { owner: None, attrs: [("level".to_owned(), Attr::Int(9))].into() };
        scene.world.state().things.insert(moved.clone(), Lagging::of(Some(thing)));
        let record = scene.apply_plan(plan, "run", here(), Stop::new()).await.outcome.expect("lease");
        let Outcome::Stale { moved: values } = outcome(&record, &moved) else { panic!("{record:#?}") };
        let shown: Vec<_> = values.iter().map(|v| (v.path.as_str(), v.reviewed.as_str(), v.present.as_str())).collect();
        assert_eq!(shown, [("level", "2", "9")]);
        assert_eq!(outcome(&record, &setting_id(1, 0)), Outcome::Done { already: false });
        assert_eq!(outcome(&record, &timer_id(0)), Outcome::Done { already: false }, "timers need the buckets only");
        assert_eq!(scene.world.state().things[&moved].truth().as_ref().expect("there").attrs["level"], Attr::Int(9));
    });
}

/// What became of one resource, whichever action it belongs to.
fn ended(record: &bdr::journal::RunRecord, id: &bdr::address::ResourceId) -> Outcome {
    let of = |action: &ActionId, outcome: &Outcome| match outcome {
        Outcome::Apart { of } => of.get(id).cloned(),
        one => (action.0 == id.to_string()).then(|| one.clone()),
    };
    record.actions.iter().find_map(|(action, ended)| of(action, &ended.outcome)).unwrap_or_else(|| panic!("{id}: {record:#?}"))
}

/// Rules share a document and are written together, and yet what changed since the review is one of them.
#[test]
fn of_a_shared_document_only_what_changed_since_review_is_stale() {
    virtual_time(async {
        let of = |level: u8| {
            let bucket = Bucket { rules: [(0, level), (1, level)].into(), owned: true, ..Bucket::default() };
            Setup { buckets: [(0, bucket.clone()), (1, bucket)].into(), timers: [(0, level), (1, level)].into() }
        };
        let mut wanted = of(2).wanted();
        for (user, needs) in [
            (rule_id(1, 0), rule_id(0, 0)),
            (rule_id(1, 1), rule_id(0, 1)),
            (timer_id(0), rule_id(1, 0)),
            (timer_id(1), rule_id(1, 1)),
        ] {
            wanted.iter_mut().find(|resource| resource.id == user).expect("wanted").after.push(needs);
        }
        let scene = Scene::new(of(1).live(), wanted);
        let plan = scene.plan().await;
        let rule =
            |key: u8, level: i64| Rule { id: format!("bdr/{key}"), attrs: [("level".to_owned(), Attr::Int(level))].into() };
        scene.world.state().documents.insert("store-0".into(), Lagging::of(vec![rule(0, 9), rule(1, 1)]));
        let record = scene.apply_plan(plan, "run", here(), Stop::new()).await.outcome.expect("lease");

        let Outcome::Stale { moved } = ended(&record, &rule_id(0, 0)) else { panic!("{record:#?}") };
        assert_eq!((moved.len(), &moved[0].resource, moved[0].present.as_str()), (1, &rule_id(0, 0), "9"));
        let done = Outcome::Done { already: false };
        assert_eq!(ended(&record, &rule_id(0, 1)), done, "beside it, in the same document");
        assert_eq!(scene.world.state().documents["store-0"].truth(), &vec![rule(0, 9), rule(1, 2)]);
        assert!(matches!(ended(&record, &rule_id(1, 0)), Outcome::Skipped { .. }), "it needs what is stale: {record:#?}");
        assert_eq!(ended(&record, &rule_id(1, 1)), done);
        assert_eq!(scene.world.state().documents["store-1"].truth(), &vec![rule(0, 1), rule(1, 2)]);
        assert!(matches!(ended(&record, &timer_id(0)), Outcome::Skipped { .. }), "through what was skipped: {record:#?}");
        assert_eq!(ended(&record, &timer_id(1)), done);
        let set: Vec<_> = record.set().cloned().collect();
        assert!(!set.contains(&rule_id(0, 0)) && !set.contains(&rule_id(1, 0)) && set.contains(&rule_id(0, 1)), "{set:?}");
        assert_eq!(scene.apply("next").await.outcome.expect("lease").counts.stale, 0);
    });
}

#[test]
fn a_foreign_rule_that_came_after_the_review_makes_nothing_stale_and_stays() {
    virtual_time(async {
        let mut live = two_stores();
        live.buckets.values_mut().for_each(|bucket| bucket.rules.clear());
        let scene = Scene::new(live.live(), two_stores().wanted());
        let plan = scene.plan().await;
        let theirs = Rule { id: "theirs".into(), attrs: [("level".to_owned(), Attr::Int(7))].into() };
        scene.world.state().documents.insert("store-0".into(), Lagging::of(vec![theirs.clone()]));
        let record = scene.apply_plan(plan, "run", here(), Stop::new()).await.outcome.expect("lease");
        assert!(record.counts.all_done(), "{record:#?}");
        assert!(scene.world.state().documents["store-0"].truth().contains(&theirs));
    });
}

#[test]
fn a_saved_plan_applied_twice_finds_everything_as_wanted() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), two_stores().wanted());
        let plan = scene.plan().await;
        scene.apply_plan(plan.clone(), "one", here(), Stop::new()).await.outcome.expect("lease");
        let writes = scene.world.state().writes;
        let record = scene.apply_plan(plan, "two", here(), Stop::new()).await.outcome.expect("lease");
        assert!(record.counts.all_done() && record.counts.already == record.counts.done, "{record:#?}");
        assert_eq!(scene.world.state().writes, writes);
    });
}

#[test]
fn a_place_that_is_down_hides_nothing_else() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), two_stores().wanted());
        scene.world.set_weather(Weather { down: ["w://store-1".to_owned()].into(), ..Weather::default() });
        let plan = scene.plan().await;
        assert!(!plan.complete);
        assert_eq!(plan.unread.len(), 1, "{:?}", plan.unread);
        assert_eq!(plan.unread[0].subject, "w://store-1");
        assert_eq!(plan.unread[0].resources.len(), 4);
        assert!(plan.actions.iter().any(|action| action.id.0 == bucket_id(0).to_string()));
        assert!(plan.actions.iter().all(|action| !action.id.0.contains("store-1")));
    });
}

#[test]
fn asked_once_to_stop_what_runs_is_finished_and_nothing_begun() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), two_stores().wanted());
        let plan = scene.plan().await;
        let stop = Stop::new();
        let asking = stop.clone();
        let (applied, ()) = tokio::join!(scene.apply_plan(plan, "run", here(), stop), async {
            tokio::time::sleep(std::time::Duration::from_millis(8)).await;
            asking.ask();
        });
        let record = applied.outcome.expect("lease");
        assert!(record.counts.done > 0 && record.counts.stopped > 0, "{record:#?}");
        assert_eq!(record.stopped.as_deref(), Some("asked to stop"));
        assert!(applied.events.iter().any(|event| matches!(event, Event::RunEnded { .. })));
        assert!(scene.apply("next").await.outcome.expect("lease").counts.all_done());
    });
}

#[test]
fn removals_wait_for_the_rest_and_do_not_happen_where_it_failed() {
    virtual_time(async {
        let live = Setup { timers: [(1, 1)].into(), ..two_stores() };
        let scene = Scene::new(live.live(), two_stores().wanted());
        scene.world.set_weather(Weather { down: ["w://timers/t0".to_owned()].into(), ..Weather::default() });
        let known = {
            scene.world.set_weather(Weather::default());
            scene.known().await
        };
        let plan = scene.plan_of(&known, &bdr::plan::Scope::default());
        scene.world.set_weather(Weather { down: ["w://timers/t0".to_owned()].into(), ..Weather::default() });
        let record = scene.apply_plan(plan, "run", here(), Stop::new()).await.outcome.expect("lease");
        assert!(matches!(outcome(&record, &timer_id(0)), Outcome::Failed { .. }), "{record:#?}");
        let because = ActionId(timer_id(0).to_string());
        assert_eq!(outcome(&record, &timer_id(1)), Outcome::Skipped { because });
        assert!(scene.world.state().things[&timer_id(1)].truth().is_some(), "the old timer still runs");
    });
}

#[test]
fn the_guard_wants_the_reviewed_digest_and_consent_to_mass_removal() {
    virtual_time(async {
        let live = Setup { timers: (0..5).map(|key| (key, 1)).collect(), ..Setup::default() };
        let scene = Scene::new(live.live(), Vec::new());
        let plan = scene.plan().await;
        let refusals = guard(&plan, &Consent { expect: Some("sha256:00".into()), ..Consent::default() }).expect_err("refused");
        assert!(matches!(refusals.as_slice(), [Refusal::OtherPlan { .. }, Refusal::MassRemoval { removed: 5, owned: 5 }]));
        let consent = Consent { expect: Some(plan.digest.clone()), remove: Some(5), ..Consent::default() };
        assert!(guard(&plan, &consent).is_ok());
        let mut tampered = plan.clone();
        tampered.actions.pop();
        assert!(guard(&tampered, &consent).is_err());
    });
}

/// Timers that the policy has no more, beside its bucket, which stays.
#[test]
fn consent_to_removals_is_asked_for_from_two_on_that_are_more_than_half() {
    virtual_time(async {
        for (gone, stay, asks) in
            [(1, 0, false), (2, 1, true), (2, 2, false), (3, 2, true), (4, 3, true), (3, 3, false), (6, 7, false)]
        {
            let all = Setup { timers: (0..gone + stay).map(|key| (key, 1)).collect(), ..Setup::default() };
            let left = Setup { timers: (0..stay).map(|key| (key, 1)).collect(), ..Setup::default() };
            let scene = Scene::new(all.live(), left.wanted());
            let plan = scene.plan().await;
            assert_eq!((plan.summary.delete, plan.summary.unchanged), (u64::from(gone), u64::from(stay)));
            let guarded = guard(&plan, &Consent::default());
            assert_eq!(guarded.is_err(), asks, "{gone} of {}", gone + stay);
            assert!(guard(&plan, &Consent { remove: Some(u64::from(gone)), ..Consent::default() }).is_ok());
        }
    });
}

#[test]
fn thousands_of_actions_are_carried_out_in_time_that_grows_with_their_number() {
    virtual_time(async {
        let timers = |count: u16| (0..count).map(|key| (key, 1)).collect::<Vec<_>>();
        let mut took = Vec::new();
        for count in [1_000, 8_000] {
            let wanted = timers(count).into_iter().map(|(key, level)| crate::world::model::wide_timer(key, level));
            let bucket = Setup { timers: [].into(), ..two_stores() };
            let scene = Scene::new(Setup::default().live(), bucket.wanted().into_iter().chain(wanted).collect());
            let plan = scene.plan().await;
            let begun = std::time::Instant::now();
            let record = scene.apply_plan(plan, "wide", here(), Stop::new()).await.outcome.expect("lease");
            took.push(begun.elapsed().as_secs_f64() / f64::from(count));
            assert!(record.counts.all_done() && record.counts.done > u64::from(count));
        }
        assert!(took[1] < took[0] * 3.0, "eight times the actions take more than 24 times as long: {took:?} s each");
    });
}

#[test]
fn stopped_while_the_lease_is_waited_for_nothing_is_done() {
    virtual_time(async {
        let scene = Scene::new(Setup::default().live(), two_stores().wanted());
        let plan = scene.plan().await;
        let stop = Stop::new();
        scene.world.set_weather(Weather { lag_ms: 20_000, ..Weather::default() });
        let other = scene.plan().await;
        let asking = stop.clone();
        let first = scene.apply_plan(other, "holds", crate::world::scene::elsewhere(1), Stop::new());
        let second = async {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            tokio::join!(scene.apply_plan(plan, "waits", here(), stop), async {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                asking.ask();
            })
        };
        let (_, (waits, ())) = tokio::join!(first, second);
        assert!(matches!(waits.outcome, Err(bdr::apply::LeaseError::Stopped { .. })));
    });
}
