//! Each attribute changed by hand is seen and mended; what is not the policy's stays.

use super::{ACCOUNT, World, trust_in};
use crate::harness::{Endpoint, endpoint};
use aws_sdk_iam::types as t;

const ROLES: &str = "access:\n  account: '@'\n  permissions_boundary: arn:aws:iam::@:policy/Boundary\n  roles:\n    \
                     writer: { may: [write, prune], trust: [{ account: '@' }, { service: ec2.amazonaws.com }] }\n    \
                     restorer: { may: restore, trust: { role: 'arn:aws:iam::@:role/bdr/#/bdr-#-writer' } }\n";

/// The document, spelled as somebody else would.
fn respelled(document: &str) -> String {
    let mut document: serde_json::Value = serde_json::from_str(document).unwrap();
    let statements = document["Statement"].as_array_mut().unwrap();
    statements.reverse();
    for statement in statements {
        for name in ["Action", "Resource"] {
            let list = statement[name].as_array_mut().unwrap();
            list.reverse();
            if list.len() == 1 {
                statement[name] = list[0].clone();
            }
        }
    }
    document.to_string()
}

async fn made_and_mended(endpoint: &Endpoint, account: &str) {
    let world = World::new(endpoint, account, ROLES);
    make_boundary(&world).await;
    let first = world.plan();
    assert!(first.contains("role writer") && first.contains("rights of role writer"), "{first}");
    world.apply();
    world.is_as_wanted();
    let (iam, name) = (&world.iam, world.role("writer"));
    let made = world.seen("writer").await.unwrap();
    assert_eq!(made.path, format!("/bdr/{}/", world.name));
    let boundary = made.permissions_boundary.as_ref().and_then(|boundary| boundary.permissions_boundary_arn.clone());
    assert_eq!(boundary, Some(format!("arn:aws:iam::{account}:policy/Boundary")));

    // What the role may do is what is printed, by its meaning, however it is spelled.
    let ours = iam.get_role_policy().role_name(&name).policy_name("bdr").send().await.unwrap().policy_document;
    let text = if ours.starts_with('{') { ours } else { decoded(&ours) };
    let printed = world.run(&["iam-policy", "write", "prune"]).ends(0).stdout;
    let meant = |text: &str| bdr::access::meaning::meaning(text, None, &Default::default()).unwrap();
    assert_eq!(meant(&text), meant(&printed));
    iam.put_role_policy().role_name(&name).policy_name("bdr").policy_document(respelled(&text)).send().await.unwrap();
    world.is_as_wanted();

    foreign(&world, &name).await;
    world.is_as_wanted();

    iam.update_assume_role_policy().role_name(&name).policy_document(trust_in("999999999999")).send().await.unwrap();
    seen_and_mended(&world, "role writer", "trust");
    iam.untag_role().role_name(&name).tag_keys("bdr:policy").send().await.unwrap();
    seen_and_mended(&world, "role writer", "tags");
    iam.update_role().role_name(&name).description("mine").max_session_duration(7200).send().await.unwrap();
    seen_and_mended(&world, "role writer", "description");
    assert_eq!(world.seen("writer").await.unwrap().max_session_duration, Some(7200), "left alone");
    let told = world.run(&["plan", "--all"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("{name}/MaxSessionDuration longest session of the role, 7200 s instead of 3600 s")), "{told}");
    let other = format!("arn:aws:iam::{account}:policy/Other");
    iam.put_role_permissions_boundary().role_name(&name).permissions_boundary(&other).send().await.unwrap();
    seen_and_mended(&world, "role writer", "permissions_boundary");
    let less = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]}";
    iam.put_role_policy().role_name(&name).policy_name("bdr").policy_document(less).send().await.unwrap();
    seen_and_mended(&world, "rights of role writer", "document");
    iam.delete_role_policy().role_name(&name).policy_name("bdr").send().await.unwrap();
    seen_and_mended(&world, "rights of role writer", "bdr.yaml");

    let kept = iam.list_attached_role_policies().role_name(&name).send().await.unwrap().attached_policies.unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let inline = iam.list_role_policies().role_name(&name).send().await.unwrap().policy_names;
    assert!(inline.contains(&"theirs".to_owned()), "{inline:?}");
    let tags = world.seen("writer").await.unwrap().tags.unwrap();
    assert!(tags.iter().any(|tag| tag.key == "team" && tag.value == "web"), "{tags:?}");
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = (byte == b'%').then(|| [rest.next().unwrap(), rest.next().unwrap()]);
        bytes.push(hex.map_or(byte, |hex| u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap()));
    }
    String::from_utf8(bytes).unwrap()
}

/// What others give the role.
async fn foreign(world: &World, name: &str) {
    let theirs =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"sns:Publish\",\"Resource\":\"*\"}]}";
    world.iam.put_role_policy().role_name(name).policy_name("theirs").policy_document(theirs).send().await.unwrap();
    let managed = world.iam.create_policy().policy_name(format!("theirs-{}", world.name)).policy_document(theirs).send().await;
    let arn = managed.unwrap().policy.unwrap().arn.unwrap();
    world.iam.attach_role_policy().role_name(name).policy_arn(arn).send().await.unwrap();
    let tag = t::Tag::builder().key("team").value("web").build().unwrap();
    world.iam.tag_role().role_name(name).tags(tag).send().await.unwrap();
    let told = world.run(&["plan", "--all"]).stdout;
    for foreign in ["theirs", &format!("policy/theirs-{}", world.name), "team"] {
        assert!(told.contains(foreign), "{foreign}: {told}");
    }
}

pub async fn make_boundary(world: &World) {
    let anything = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}";
    for name in ["Boundary", "Other"] {
        // Another test may have made it.
        let _ = world.iam.create_policy().policy_name(name).policy_document(anything).send().await;
    }
}

#[track_caller]
fn seen_and_mended(world: &World, what: &str, attribute: &str) {
    let plan = world.plan();
    assert!(plan.contains(what) && plan.contains(attribute), "{what} {attribute}: {plan}");
    world.apply();
    world.is_as_wanted();
}

#[tokio::test(flavor = "multi_thread")]
async fn ministack_is_made_and_mended() {
    let Some(endpoint) = endpoint("ministack") else { return };
    made_and_mended(endpoint, ACCOUNT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_is_made_and_mended() {
    let Some(endpoint) = endpoint("moto") else { return };
    made_and_mended(endpoint, "123456789012").await;
}

const PLAIN: &str = "access:\n  roles:\n    writer: { may: [write, prune], trust: { account: '@' } }\n";

/// Who may take a role on, and what else opens it, is told first.
#[tokio::test(flavor = "multi_thread")]
async fn a_wider_trust_is_told_first() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let world = World::new(endpoint, ACCOUNT, PLAIN);
    world.apply();
    let wider = PLAIN.replace("{ account: '@' }", "[{ account: '@' }, { account: '222222222222' }]");
    world.policy(ACCOUNT, &wider.replace("may: [write, prune]", "may: [write]"));
    let plan = world.plan();
    let at = |part: &str| plan.find(part).unwrap_or_else(|| panic!("{part}: {plan}"));
    assert!(at("role writer weakens") < at("rights of role writer"), "{plan}");
    assert!(plan.contains("222222222222"), "{plan}");
    world.apply();
    world.is_as_wanted();
}

/// What somebody opened, or swapped for something else, is told as what it is, and to put it back as no loss.
#[tokio::test(flavor = "multi_thread")]
async fn a_trust_that_was_opened_by_hand_is_grave_and_to_close_it_is_no_loss() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let world = World::new(endpoint, ACCOUNT, &PLAIN.replace("{ account: '@' }", "{ service: ec2.amazonaws.com }"));
    world.apply();
    let trust = |principal: &str| {
        let one = |principal: &str| format!("{{\"Effect\":\"Allow\",\"Principal\":{principal},\"Action\":\"sts:AssumeRole\"}}");
        format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", one(principal))
    };
    for (principal, is_open) in [("{\"AWS\":\"*\"}", true), ("{\"Service\":\"lambda.amazonaws.com\"}", false)] {
        let changed = world.iam.update_assume_role_policy().role_name(world.role("writer")).policy_document(trust(principal));
        changed.send().await.unwrap();
        let plan = world.plan();
        assert!(plan.contains("role writer") && !plan.contains("weakens") && !plan.contains("loses protection"), "{plan}");
        assert_eq!(plan.contains("trusts everybody: whoever has an account of AWS"), is_open, "{plan}");
        world.apply();
        world.is_as_wanted();
    }
    // Of the policy's own making it is one.
    world.policy(ACCOUNT, &PLAIN.replace("{ account: '@' }", "{ service: lambda.amazonaws.com }"));
    let plan = world.plan();
    assert!(plan.contains("role writer weakens"), "{plan}");
}
