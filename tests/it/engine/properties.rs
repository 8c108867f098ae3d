//! Properties over random wishes, random live states, faults, lag and crashes, all by printed seeds.

use bdr::apply::Stop;
use bdr::plan::{Plan, Scope};
use bdr::resource::{Op, Work};
use proptest::prelude::*;

use crate::world::model::{Setup, foreign, setup};
use crate::world::scene::{Scene, elsewhere, here, virtual_time};
use crate::world::{Weather, World};

fn ops(plan: &Plan) -> Vec<Op> {
    let changes = plan.actions.iter().filter_map(|action| match &action.work {
        Work::Change { changes } => Some(changes.iter().map(|change| change.op)),
        Work::Run { .. } => None,
    });
    changes.flatten().collect()
}

/// Applies until nothing is left to do; at most `tries` times.
async fn converge(scene: &Scene, tries: u32) -> Plan {
    for run in 0..tries {
        let plan = scene.plan().await;
        if plan.complete && plan.is_empty() {
            return plan;
        }
        if let Err(error) = scene.apply_plan(plan, &format!("converge-{run}"), here(), Stop::new()).await.outcome {
            panic!("{error}");
        }
    }
    let plan = scene.plan().await;
    assert!(plan.is_empty(), "not converged: {:#?}", plan.actions);
    plan
}

fn weather() -> impl Strategy<Value = Weather> {
    (any::<u64>(), 0_u8..15, 0_u64..20_000).prop_map(|(seed, faults, lag_ms)| Weather {
        seed,
        faults,
        lag_ms,
        ..Weather::default()
    })
}

fn world_of(live: &Setup, weather: Weather) -> World {
    let world = live.live();
    world.set_weather(weather);
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn after_an_apply_nothing_is_left_to_do(wanted in setup(1), live in setup(1), lag_ms in 0_u64..20_000, seed in any::<u64>()) {
        virtual_time(async {
            let scene = Scene::new(world_of(&live, Weather { seed, lag_ms, ..Weather::default() }), wanted.wanted());
            let before = foreign(&scene.world);
            let applied = scene.apply("first").await;
            let record = applied.outcome.expect("lease");
            prop_assert!(record.counts.all_done(), "{record:#?}");
            let again = scene.plan().await;
            prop_assert!(again.is_empty(), "{:#?}", again.actions);
            prop_assert_eq!(foreign(&scene.world), before);
            let writes = scene.world.state().writes;
            let second = scene.apply("second").await.outcome.expect("lease");
            prop_assert!(second.counts.all_done());
            prop_assert_eq!(scene.world.state().writes, writes, "a second apply writes nothing");
            prop_assert_eq!(&scene.world.state().violations, &Vec::<String>::new());
            Ok(())
        })?;
    }

    #[test]
    fn faults_never_lose_foreign_parts_and_the_next_runs_converge(wanted in setup(1), live in setup(1), weather in weather()) {
        virtual_time(async {
            let scene = Scene::new(world_of(&live, weather), wanted.wanted());
            let before = foreign(&scene.world);
            for run in 0..3 {
                let plan = scene.plan().await;
                let applied = scene.apply_plan(plan, &format!("stormy-{run}"), here(), Stop::new()).await;
                prop_assert!(applied.outcome.is_ok());
            }
            scene.world.set_weather(Weather::default());
            converge(&scene, 2).await;
            prop_assert_eq!(foreign(&scene.world), before);
            prop_assert_eq!(&scene.world.state().violations, &Vec::<String>::new());
            Ok(())
        })?;
    }

    #[test]
    fn a_crash_at_any_operation_is_made_good_by_the_next_run(
        wanted in setup(1), live in setup(1), crash_at in 1_u64..120, lag_ms in 0_u64..5_000, remote in any::<bool>(),
    ) {
        virtual_time(async {
            let scene = Scene::new(live.live(), wanted.wanted());
            let before = foreign(&scene.world);
            let plan = scene.plan().await;
            scene.world.set_weather(Weather { seed: crash_at, crash_at: Some(crash_at), lag_ms, ..Weather::default() });
            let owner = if remote { elsewhere(1) } else { bdr::apply::Owner { started: Some(1), ..here() } };
            tokio::select! {
                applied = scene.apply_plan(plan, "dies", owner, Stop::new()) => prop_assert!(applied.outcome.is_ok()),
                () = scene.world.crashed() => {}
            }
            scene.world.forget_writers();
            scene.world.set_weather(Weather::default());
            converge(&scene, 2).await;
            prop_assert_eq!(foreign(&scene.world), before);
            prop_assert!(scene.apply("last").await.outcome.is_ok());
            let lease = scene.store.text("safe-pm/.bdr/lease.json");
            prop_assert!(lease.is_none_or(|lease| lease.contains("\"holder\": null")), "a lease stayed");
            Ok(())
        })?;
    }

    #[test]
    fn only_what_cannot_change_stays_and_holds_up_what_needs_it(wanted in setup(2), live in setup(2)) {
        virtual_time(async {
            let scene = Scene::new(live.live(), wanted.wanted());
            let before = foreign(&scene.world);
            scene.apply("first").await.outcome.expect("lease");
            let again = scene.plan().await;
            let refused = ops(&again).contains(&Op::Refuse);
            prop_assert!(refused || again.is_empty(), "{:#?}", again.actions);
            prop_assert_eq!(foreign(&scene.world), before);
            for (name, bucket) in &live.buckets {
                let region = scene.world.state().things[&crate::world::model::bucket_id(*name)].truth().clone().expect("stays");
                prop_assert_eq!(region.attrs["region"].to_string(), format!("r{}", bucket.region));
            }
            Ok(())
        })?;
    }

    #[test]
    fn plans_are_equal_byte_for_byte(wanted in setup(2), live in setup(2)) {
        virtual_time(async {
            let scene = Scene::new(live.live(), wanted.wanted());
            let one = bdr::plan::file::write(&scene.plan().await).expect("json");
            let mut reversed = wanted.wanted();
            reversed.reverse();
            let other = Scene::new(live.live(), reversed);
            prop_assert_eq!(&one, &bdr::plan::file::write(&other.plan().await).expect("json"));
            let read = bdr::plan::file::read(&one).expect("reads back");
            prop_assert_eq!(bdr::plan::file::write(&read).expect("json"), one);
            Ok(())
        })?;
    }

    #[test]
    fn a_target_changes_nothing_outside_what_it_needs(wanted in setup(1), live in setup(1)) {
        virtual_time(async {
            let scene = Scene::new(live.live(), wanted.wanted());
            let all = scene.plan().await;
            let known = scene.known().await;
            let narrowed = scene.plan_of(&known, &Scope::new(["store-0".to_owned()]));
            prop_assert_eq!(narrowed.left_out + ops(&narrowed).len() as u64, ops(&all).len() as u64);
            prop_assert!(narrowed.actions.iter().all(|action| action.id.0.starts_with("store.store-0/")));
            Ok(())
        })?;
    }
}
