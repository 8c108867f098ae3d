//! What plans look like, and that their budgets hold however large they are.

mod hindered;
mod rights;
mod shortened;

use super::*;
use crate::address::{ComponentName, ResourceId, StoreName, Subject};
use crate::attrs::{Attrs, Fingerprint};
use crate::diag::{Position, Severity};
use crate::plan::{
    Alarm, Basis, Bound, FORMAT_VERSION, Finding, ForeignKept, Intent, KindNote, Note, ObjectiveRow, Plan, PolicyRef, Promise,
    RetentionEffect, Summary, Unread,
};
use crate::policy::Disruption;
use crate::resource::{Action, ActionId, Change, Foreign, Job, Op, Risk, Work};
use shortened::letting_go;

const LOOK: Look = Look { width: 80, color: false, ascii: false, all: false };

fn component(name: &str) -> Subject {
    Subject::Component(ComponentName::new(name).expect("name"))
}

fn store(name: &str) -> Subject {
    Subject::Store(StoreName::new(name).expect("name"))
}

fn action(subject: Subject, kind: &'static str, key: &str, op: Op, sides: [&str; 2]) -> Action {
    let attrs = |json: &str| -> Option<Attrs> { (!json.is_empty()).then(|| serde_json::from_str(json).expect("json")) };
    let id = ResourceId::new(subject, kind, key);
    let change = Change {
        id: id.clone(),
        op,
        risk: Risk::None,
        reason: String::new(),
        place: Some(Position { file: "safe-pm.yaml".into(), line: 14, column: 5 }),
        before: attrs(sides[0]),
        after: attrs(sides[1]),
        live: Fingerprint::of(None),
        wanted: Fingerprint::of(None),
        foreign: Vec::new(),
        notes: Vec::new(),
        stands_as: None,
        adopts: false,
        moves: false,
        since: None,
    };
    Action { id: ActionId(id.to_string()), work: Work::Change { changes: vec![change] }, after: [].into(), queue: None }
}

fn changed(mut action: Action, mend: impl Fn(&mut Change)) -> Action {
    if let Work::Change { changes } = &mut action.work {
        changes.iter_mut().for_each(mend);
    }
    action
}

fn plan(actions: Vec<Action>) -> Plan {
    let kind = |name: &str, title: &str, visible_within| {
        (
            name.to_owned(),
            KindNote { title: title.to_owned(), headline: Vec::new(), rights: Vec::new(), shared: false, visible_within },
        )
    };
    Plan {
        format_version: FORMAT_VERSION,
        digest: String::new(),
        made_at: jiff::Timestamp::UNIX_EPOCH,
        tool: "bdr 0.1.0".into(),
        policy: PolicyRef { name: "safe-pm".into(), digest: "d".into(), paths: vec!["policies/".into()] },
        intent: Intent::Reconcile,
        applyable: true,
        freeze: None,
        complete: true,
        summary: Summary::of(&actions, 41, 1),
        kinds: [kind("rule", "lifecycle rule", 120), kind("timer", "timer", 0), kind("bucket", "bucket", 0)].into(),
        acting: Vec::new(),
        alarms: Vec::new(),
        actions,
        foreign: Vec::new(),
        unread: Vec::new(),
        notes: Vec::new(),
        findings: Vec::new(),
        objectives: Vec::new(),
        retention: Vec::new(),
        targets: Vec::new(),
        left_out: 0,
        left_out_of: Vec::new(),
    }
}

fn row(disruption: Disruption, before: Option<u64>, after: Option<u64>, basis: Basis) -> ObjectiveRow {
    let bound = |seconds| Bound { seconds, basis };
    ObjectiveRow {
        component: ComponentName::new("cache").expect("name"),
        disruption,
        rpo: Promise { goal: Some(900), before: Some(bound(before)), after: bound(after) },
        rto: Promise { goal: Some(3600), before: Some(bound(Some(720))), after: bound(Some(720)) },
        unknown: None,
        left: false,
    }
}

#[test]
fn what_was_not_read_keeps_no_goal() {
    let known = row(Disruption::Host, Some(600), Some(600), Basis::Derived);
    let unknown = ObjectiveRow { unknown: Some("backups in primary were not read".to_owned()), ..known.clone() };
    assert!(known.kept() && !unknown.kept());
    let plan = Plan { objectives: vec![unknown], ..everything() };
    let text = human(&plan, LOOK);
    assert!(text.contains("10m → not known") && text.contains("? cache: backups in primary were not read"), "{text}");
    assert!(!text.contains("ok") && !text.contains("meets its goal"), "{text}");
    assert!(markdown(&plan).contains("10m → not known"), "{}", markdown(&plan));
}

fn changes_of_every_kind() -> Vec<Action> {
    let timer = |name: &str| {
        action(
            component("fleet"),
            "timer",
            name,
            Op::Update,
            [r#"{"schedule": "0 */6 * * *"}"#, r#"{"schedule": "*/10 * * * *"}"#],
        )
    };
    let weakened = changed(
        action(store("primary"), "bucket", "", Op::Update, [r#"{"versioning": "enabled"}"#, r#"{"versioning": "off"}"#]),
        |c| {
            c.risk = Risk::Weakens;
        },
    );
    let refused = changed(
        action(store("dr"), "bucket", "", Op::Refuse, [r#"{"region": "eu-west-1"}"#, r#"{"region": "eu-north-1"}"#]),
        |c| {
            c.reason = "`region` cannot change once it exists (eu-west-1 → eu-north-1)".into();
        },
    );
    let document = [
        r#"{"document": {"statement": [{"sid": "Put", "action": ["s3:PutObject"]}, {"sid": "Old", "action": "s3:*"}]}}"#,
        r#"{"document": {"statement": [{"sid": "Put", "action": ["s3:PutObject", "s3:AbortMultipartUpload"]}]}}"#,
    ];
    let mut all = vec![
        weakened,
        refused,
        action(store("primary"), "rule", "bdr/daily", Op::Update, document),
        action(
            store("primary"),
            "rule",
            "bdr/script",
            Op::Update,
            [r#"{"text": "a\nb\nc\nd\n"}"#, r#"{"text": "a\nb\nx\nd\n"}"#],
        ),
        changed(action(component("old"), "timer", "nightly", Op::Delete, [r#"{"schedule": "x"}"#, ""]), |c| {
            c.reason = "left the policy".into()
        }),
        action(component("docs"), "timer", "nightly", Op::Create, ["", r#"{"schedule": "0 2 * * *", "enabled": true}"#]),
        Action {
            id: ActionId("component.docs/run:nightly".into()),
            work: Work::Run {
                job: Job::Backup {
                    component: ComponentName::new("docs").expect("name"),
                    protection: "nightly".parse().expect("name"),
                },
                place: None,
                reason: "no backup in primary yet".into(),
            },
            after: [].into(),
            queue: None,
        },
    ];
    all.extend(["a", "b", "c", "d", "e", "f", "g"].map(timer));
    all
}

fn everything() -> Plan {
    Plan {
        complete: false,
        unread: vec![Unread {
            subject: "s3://elsewhere".into(),
            reason: "could not list the buckets of s3://elsewhere: access denied".into(),
            help: Some("Allow s3:ListAllMyBuckets.".into()),
            resources: vec![ResourceId::new(store("elsewhere"), "bucket", "")],
        }],
        foreign: vec![ForeignKept {
            beside: ResourceId::new(store("primary"), "rule", "bdr/daily"),
            what: Foreign::new("analytics-export", "expires exports/ after 7 days"),
        }],
        findings: vec![Finding {
            code: "BDR-L031".into(),
            severity: Severity::Warning,
            message: "foreign rule `tmp-cleanup` expires logical/ after 7d, before daily (14d)".into(),
            place: Some(Position { file: "safe-pm.yaml".into(), line: 31, column: 7 }),
            help: None,
            forbids: false,
        }],
        objectives: vec![
            row(Disruption::Host, Some(25_200), Some(640), Basis::Derived),
            row(Disruption::Region, None, None, Basis::Assumed),
            row(Disruption::Process, Some(60), Some(60), Basis::Derived),
        ],
        retention: vec![letting_go()],
        ..plan(changes_of_every_kind())
    }
    .sealed()
}

#[test]
fn a_plan_of_everything() {
    insta::assert_snapshot!("narrow", human(&everything(), LOOK));
    insta::assert_snapshot!("wide", human(&everything(), Look { width: 100, ..LOOK }));
    insta::assert_snapshot!("markdown", markdown(&everything()));
}

#[test]
fn a_plan_in_one_line() {
    insta::assert_snapshot!(one_line(&everything()), @"safe-pm: 1 needs a person, 1 to remove, 10 to change, 1 new, 1 first backup, of which 1 weakens a protection, 41 unchanged, 16 backups go at the next prune; weakens: bucket of primary; refused: bucket of dr; shortens: database in primary; broken objectives: cache (region); 1 warning; incomplete");
    assert_eq!(one_line(&plan(Vec::new())), "safe-pm: nothing to do, 41 unchanged\n");
    let unread = |unchanged| Plan { complete: false, summary: Summary { unchanged, ..Summary::default() }, ..plan(Vec::new()) };
    assert_eq!(one_line(&unread(0)), "safe-pm: nothing could be read; incomplete\n");
    assert_eq!(one_line(&unread(3)), "safe-pm: nothing to do of what could be read, 3 unchanged; incomplete\n");
    let hostile = plan(vec![action(component("docs"), "timer", "x\n::stop\u{1b}", Op::Update, ["{}", "{}"])]);
    let weak = Plan {
        actions: hostile.actions.into_iter().map(|one| changed(one, |c| c.risk = Risk::Weakens)).collect(),
        ..plan(Vec::new())
    };
    assert_eq!(one_line(&weak).lines().count(), 1, "{}", one_line(&weak));
}

#[test]
fn what_loses_protection_is_said_in_words_first() {
    let worse = |disruption, before, after| row(disruption, before, after, Basis::Derived);
    let slower = {
        let row = row(Disruption::Process, Some(60), Some(60), Basis::Derived);
        let after = Bound { seconds: Some(7200), basis: Basis::Derived };
        ObjectiveRow { rto: Promise { after, ..row.rto.clone() }, ..row }
    };
    let objectives = vec![
        slower,
        worse(Disruption::Host, Some(900), Some(3600)),
        worse(Disruption::Corruption, Some(900), Some(3600)),
        worse(Disruption::Region, Some(900), None),
    ];
    let nothing_left = RetentionEffect { after: None, ..letting_go() };
    let said = Plan { objectives, retention: vec![letting_go(), nothing_left], ..plan(changes_of_every_kind()) };
    insta::assert_snapshot!(losses::losses(&said, LOOK).join("\n"), @r"
    cache: after a crash it is back within 2h, until now within 12m; its goal of 1h is broken
    cache: the loss of the host or a corruption may cost 1h of data, until now 15m; its goal of 15m is broken
    cache: the loss of the region is no longer survived, until now it cost at most 15m of data
    database in primary: the next prune lets go of what is older than 2026-11-10 (16 backups, 432.0 GiB), until now back to 2026-10-25
    database in primary: the next prune leaves nothing to restore (16 backups, 432.0 GiB)
    store primary: bucket weakens (versioning enabled → off)
    ");
    for text in [human(&said, LOOK), markdown(&said)] {
        let at = |part: &str| text.rfind(part).unwrap_or_else(|| panic!("{part}: {text}"));
        assert!(
            at(losses::HEADING) < at("is no longer survived") && at("is no longer survived") < at("needs a person"),
            "{text}"
        );
    }
    let better = vec![worse(Disruption::Region, None, Some(900)), worse(Disruption::Host, Some(900), Some(60))];
    assert_eq!(losses::losses(&Plan { objectives: better, ..plan(Vec::new()) }, LOOK), Vec::<String>::new());
    let drift = Plan { intent: Intent::Drift, ..said };
    assert_eq!(losses::losses(&drift, LOOK), Vec::<String>::new(), "drift is told by what differs");
}

#[test]
fn markdown_says_of_what_was_renamed_what_the_terminal_says() {
    let renamed = |c: &mut Change| {
        c.stands_as = Some("bdr/p/documents/copy".into());
        c.reason = "moved from component.documents".into();
    };
    let gone = |c: &mut Change| {
        c.moves = true;
        c.reason = "moved to policy/role:replication-component-papers".into();
    };
    let actions = vec![
        changed(action(component("papers"), "rule", "copy", Op::Update, [r#"{"to": "dr"}"#, r#"{"to": "dr"}"#]), renamed),
        changed(action(Subject::Policy, "role", "replication-component-documents", Op::Delete, ["{}", ""]), gone),
        action(store("dr"), "tags", "", Op::Update, [r#"{"a": "1"}"#, r#"{"a": "2"}"#]),
    ];
    let note =
        Note { of: ResourceId::new(component("papers"), "rule", "copy"), text: "backups go on in the folder `documents`".into() };
    let plan = Plan { notes: vec![note], ..plan(actions) };
    for text in [human(&plan, LOOK), markdown(&plan)] {
        for part in [
            "moved from component.documents",
            "moved to policy/role:replication-component-papers",
            "note: component.papers/rule:copy: backups go on in the folder `documents`",
        ] {
            assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part}: {text}");
        }
    }
    let text = markdown(&plan);
    assert!(text.contains("~ component papers / lifecycle rule copy\n      moved from"), "{text}");
    assert!(text.contains("~ store dr / tags") && !text.contains("\n! "), "nothing of it is grave: {text}");
}

#[test]
fn one_cause_of_several_things_is_told_once() {
    let alarm = |of: &str, text: &str| Alarm {
        of: of.parse().expect("an address"),
        text: text.to_owned(),
        help: "Run: aws iam x".to_owned(),
        away: false,
        overrides: true,
    };
    let lacking = "the account has no provider of tokens i";
    let alarms = vec![
        alarm("policy/iam_role:ci-apply", lacking),
        alarm("store.primary/rule", "it is closed"),
        alarm("policy/iam_role:ci-plan", lacking),
        alarm("store.dr/rule", "it is closed"),
    ];
    let plan = Plan { alarms, ..plan(Vec::new()) };
    let first =
        "told first: policy (ci-apply, ci-plan): the account has no provider of tokens i, store primary, store dr: it is closed";
    assert!(one_line(&plan).contains(first), "{}", one_line(&plan));
    assert!(markdown(&plan).contains("it is closed. Run: aws"), "{}", markdown(&plan));
    for text in [human(&plan, LOOK), markdown(&plan)] {
        assert_eq!((text.matches(lacking).count(), text.matches("aws iam x").count()), (1, 2), "{text}");
        assert!(text.contains("policy (ci-apply, ci-plan)") && text.contains("store primary, store dr"), "{text}");
    }
}

#[test]
fn lines_fit_the_width_but_for_values() {
    let mut plan = everything();
    let long =
        "the first good backup of its week is kept by weekly, but this is another one of it; daily keeps none of that day by now";
    plan.retention[0].goes[0].reason = long.into();
    plan.retention[0].component = ComponentName::new(&"documents-of-the-company-".repeat(2)).expect("name");
    for width in [80, 100] {
        let text = human(&plan, Look { width, ..LOOK });
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(long), "broken at blanks alone: {text}");
    }
}

#[test]
fn colour_only_repeats_what_is_written_and_ascii_is_ascii() {
    let colored = human(&everything(), Look { color: true, ..LOOK });
    let mut plain = colored.clone();
    for code in ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"] {
        plain = plain.replace(code, "");
    }
    assert_eq!(plain, human(&everything(), LOOK));
    assert!(human(&everything(), Look { ascii: true, ..LOOK }).is_ascii());
}

#[test]
fn however_large_the_budgets_hold() {
    for count in [300, 20_000] {
        let attrs = |at: usize| format!(r#"{{"schedule": "{at} 2 * * *", "enabled": true}}"#);
        let mut all: Vec<Action> =
            (0..count).map(|at| action(component("fleet"), "timer", &format!("t{at}"), Op::Create, ["", &attrs(at)])).collect();
        all.extend(
            (0..count).map(|at| action(component("fleet"), "timer", &format!("u{at}"), Op::Update, [&attrs(at), &attrs(at + 1)])),
        );
        all.push(changed(action(store("primary"), "bucket", "", Op::Delete, ["{}", ""]), |c| c.risk = Risk::Destroys));
        let sides = [r#"{"locks": "on"}"#, r#"{"locks": "off"}"#];
        all.push(changed(action(store("dr"), "bucket", "", Op::Update, sides), |c| c.risk = Risk::Weakens));
        let plan = plan(all).sealed();
        let text = human(&plan, LOOK);
        assert!(text.lines().count() <= human::BUDGET, "{}", text.lines().count());
        assert!(text.contains("  locks  on → off\n") && text.contains("told by kind") && text.contains("× timer"), "{text}");
        assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("! store primary")), "what destroys comes first: {text}");
        let text = markdown(&plan);
        assert!(text.len() <= markdown::BUDGET, "{}", text.len());
        assert_eq!(text.matches("````").count() % 2, 0, "every block is closed");
        assert_eq!(text.contains("more changes are in the saved plan"), count == 20_000);
    }
}

#[test]
fn names_from_strangers_steer_no_terminal() {
    let hostile = "x\u{1b}]0;title\u{7}\u{202e}\ny````";
    let mut plan = plan(vec![action(component("docs"), "timer", hostile, Op::Create, ["", r#"{"a": "b\u001b[2Jc"}"#])]);
    plan.foreign
        .push(ForeignKept { beside: ResourceId::new(store("primary"), "rule", ""), what: Foreign::new(hostile, hostile) });
    for text in [human(&plan, LOOK), markdown(&plan)] {
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }
}
