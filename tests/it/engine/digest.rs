//! The digest of a plan: a function of what would be done and from what, and of nothing else.

use bdr::diag::Position;
use bdr::plan::{Known, Plan, Scope};
use bdr::resource::{Foreign, Work};

use crate::world::model::{Bucket, Setup, setting_id};
use crate::world::scene::{Scene, virtual_time};

fn scene(level: u8) -> Scene {
    let bucket = |level| Bucket { settings: [(0, level)].into(), rules: [(0, level)].into(), owned: true, ..Bucket::default() };
    let setup = |level| Setup { buckets: [(0, bucket(level)), (1, bucket(level))].into(), timers: [].into() };
    Scene::new(setup(9).live(), setup(level).wanted())
}

/// A plan after something was done to what was read.
fn plan_of(scene: &Scene, known: &Known, mend: impl Fn(&mut Known)) -> Plan {
    let mut known = known.clone();
    mend(&mut known);
    scene.plan_of(&known, &Scope::default())
}

#[test]
fn what_is_only_told_does_not_move_it_and_what_is_done_does() {
    virtual_time(async {
        let scene = scene(1);
        let known = scene.known().await;
        let plan = plan_of(&scene, &known, |_| {});
        assert!(!plan.is_empty() && plan.is_intact());
        let foreign = |name: &str| Foreign::new(name, "theirs");
        let seen = setting_id(0, 0);
        let noted =
            |free: &str| plan_of(&scene, &known, |known| known.live.get_mut(&seen).unwrap().notes = vec![format!("{free} free")]);
        assert_eq!(noted("3 GiB").digest, noted("2 GiB").digest, "free space");
        let mut elsewhere = plan.clone();
        elsewhere.made_at = "2026-11-24T02:00:00Z".parse().unwrap();
        elsewhere.policy.paths = vec!["../bdr.yaml".to_owned()];
        for action in &mut elsewhere.actions {
            if let Work::Change { changes } = &mut action.work {
                let place = Position { file: "../bdr.yaml".to_owned(), line: 1, column: 1 };
                changes.iter_mut().for_each(|change| change.place = Some(place.clone()));
            }
        }
        assert_eq!(elsewhere.clone().sealed().digest, plan.digest, "when and from where");
        assert!(elsewhere.is_intact());

        let told = |names: &'static [&str]| {
            plan_of(&scene, &known, |known| {
                known.live.get_mut(&seen).unwrap().foreign = names.iter().map(|name| foreign(name)).collect();
            })
        };
        assert_eq!(told(&["a", "b"]), told(&["b", "a"]), "the order in which an endpoint tells things");
        assert_eq!(told(&["a", "b"]).digest, told(&["a"]).digest, "what is foreign beside a change is kept, not reviewed");
        let moved = plan_of(&scene, &known, |known| {
            known.live.get_mut(&seen).unwrap().attrs.as_mut().unwrap().insert("level".into(), 8.into());
        });
        assert_ne!(moved.digest, plan.digest, "another live value");
        assert_ne!(scene_plan(2).await.digest, plan.digest, "another wish");
    });
}

async fn scene_plan(level: u8) -> Plan {
    scene(level).plan().await
}

#[test]
fn counts_that_do_not_fit_the_actions_are_noticed() {
    virtual_time(async {
        let mut plan = scene(1).plan().await;
        plan.summary.update -= 1;
        assert!(!plan.is_intact(), "consent is asked by the counts");
    });
}
