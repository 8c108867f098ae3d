//! Who may do what is seen in a plan of any length.

use super::*;

/// A plan of many other things, and of some that say who may do what.
fn long(rights: Vec<Action>) -> Plan {
    let attrs = |at: usize| format!(r#"{{"schedule": "{at} 2 * * *", "enabled": true}}"#);
    let timer = |op, at: usize| match op {
        Op::Create => ["".to_owned(), attrs(at)],
        Op::Delete => [attrs(at), String::new()],
        _ => [attrs(at), attrs(at + 1)],
    };
    let others = [Op::Create, Op::Delete, Op::Update].into_iter().flat_map(|op| (0..700).map(move |at| (op, at)));
    let mut all: Vec<Action> = others
        .map(|(op, at)| {
            let sides = timer(op, at);
            action(component("fleet"), "timer", &format!("{op:?}{at}"), op, sides.each_ref().map(String::as_str))
        })
        .collect();
    all.extend(rights);
    let mut plan = plan(all);
    let note = |title: &str, rights: &[&str]| KindNote {
        title: title.to_owned(),
        headline: Vec::new(),
        rights: rights.iter().map(|name| (*name).to_owned()).collect(),
        shared: title != "role",
        visible_within: 0,
    };
    plan.kinds.insert("statement".to_owned(), note("bucket policy statement", &["Principal", "Action"]));
    plan.kinds.insert("role".to_owned(), note("role", &["trust"]));
    plan.sealed()
}

fn statement(bucket: &str, op: Op, principal: &str) -> Action {
    let of = |principal: &str| format!(r#"{{"Action": "s3:GetObject", "Principal": "{principal}"}}"#);
    let sides = if op == Op::Create { [String::new(), of(principal)] } else { [of("reader"), of(principal)] };
    action(store(bucket), "statement", "readers", op, sides.each_ref().map(String::as_str))
}

#[test]
fn changed_rights_are_told_with_what_changes_before_all_that_is_only_counted() {
    let trust = [r#"{"trust": "ci", "description": "a"}"#, r#"{"trust": "anybody", "description": "a"}"#];
    let words = [r#"{"trust": "ci", "description": "a"}"#, r#"{"trust": "ci", "description": "b"}"#];
    let plan = long(vec![
        statement("primary", Op::Update, "partner"),
        statement("dr", Op::Create, "auditor"),
        Action { after: [ActionId("store.new/bucket".to_owned())].into(), ..statement("new", Op::Create, "newcomer") },
        action(Subject::Policy, "role", "pruner", Op::Create, ["", r#"{"trust": "janitor"}"#]),
        action(Subject::Policy, "role", "writer", Op::Update, trust),
        action(Subject::Policy, "role", "reader", Op::Update, words),
        action(Subject::Policy, "role", "restorer", Op::Update, words),
    ]);
    let text = human(&plan, LOOK);
    assert!(text.lines().count() <= human::BUDGET, "{}", text.lines().count());
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"));
    for part in
        ["~ bucket policy statement readers", "reader → partner", "+ bucket policy statement readers", "auditor", "ci → anybody"]
    {
        assert!(at(part) < at("700 × timer"), "{part}: {text}");
    }
    assert!(!text.contains("a → b"), "a description gives no right: {text}");
    assert!(!text.contains("newcomer") && at("+ role pruner") > at("700 × timer"), "what is new changes no right: {text}");
    let text = markdown(&plan);
    assert!(text.len() <= markdown::BUDGET && text.contains("more changes are in the saved plan"), "{}", text.len());
    for part in ["reader → partner", "auditor", "ci → anybody"] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn of_too_many_the_first_are_told_and_what_is_alike_is_told_once() {
    let alike = (0..40).map(|n| statement(&format!("b{n:02}"), Op::Update, "partner"));
    let text = human(&long(alike.collect()), LOOK);
    assert_eq!(text.matches("reader → partner").count(), 1, "{text}");
    assert!(text.contains("~ 40 × bucket policy statement"), "{text}");
    let unlike = (0..40).map(|n| statement(&format!("b{n:02}"), Op::Update, &format!("partner{n}")));
    let text = human(&long(unlike.collect()), LOOK);
    assert_eq!(text.matches("reader → partner").count(), 8, "{text}");
    assert!(text.contains("~ 32 × bucket policy statement") && text.lines().count() <= human::BUDGET, "{text}");
}
