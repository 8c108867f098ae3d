//! The statements that a store's `access` comes to.

use std::collections::BTreeSet;

use super::statement::Statement;
use crate::access::{holds_log, merged, touches};
use crate::attrs::Attrs;
use crate::catalog::layout::Sort;
use crate::policy::Principals;
use crate::providers::iam;
use crate::providers::s3::setting::{Wanted, Wish};
use crate::rights::{Condition, Effect, Purpose};
use crate::stores::s3::{arn, has_endpoint_of_its_own, rights};

/// Keys of the denials that promises rest on.
pub(super) const DELETERS: &str = "only-deleters";
pub(super) const CONFIGURERS: &str = "only-configurers";

/// Whether a request came by TLS (IAM user guide, "AWS global condition context keys").
const BY_TLS: &str = "aws:SecureTransport";

/// By which a denial spares those whom it names.
pub(super) const UNLESS: &str = "ArnNotLike";

/// What backups are made of, but for their manifests, which plans read too.
const CONTENT: [Sort; 3] = [Sort::Index, Sort::Table, Sort::Packs];

pub(super) fn wanted(wish: Wish<'_>) -> Vec<Wanted> {
    let Some(access) = &wish.spec.access else { return Vec::new() };
    let mut all = Vec::new();
    if let Some(on) = access.value.tls_only.as_ref().filter(|on| on.value) {
        let bucket = arn::bucket(wish.backend);
        let resources = BTreeSet::from([format!("{bucket}/*"), bucket]);
        let condition = rights::when("Bool", BY_TLS, ["false".to_owned()]);
        let statement = Statement { condition, ..deny(["s3:*"], resources) };
        all.push(Wanted {
            key: "tls-only".to_owned(),
            attrs: statement.attrs(),
            span: on.span,
            after: Vec::new(),
            earlier: None,
        });
    }
    let allowed = [
        ("write", Purpose::Write, &access.value.write),
        ("read", Purpose::Restore, &access.value.read),
        ("delete", Purpose::Prune, &access.value.delete),
    ];
    for (key, purpose, list) in allowed {
        let Some(list) = list.as_ref().filter(|list| !list.value.is_empty()) else { continue };
        let each = allow(wish, purpose, &list.value).into_iter().zip(1..);
        all.extend(each.map(|(statement, n)| Wanted {
            key: format!("{key}-{n}"),
            attrs: statement.attrs(),
            span: list.span,
            // S3 takes no principal that is not there yet ("Invalid principal in policy").
            after: iam::before_naming(wish.policy, list.value.iter().map(|one| one.value.as_str())),
            earlier: None,
        }));
    }
    all.extend(denied(wish));
    all
}

/// Whether a statement is the one that refuses requests without TLS.
pub(super) fn is_tls_only(attrs: &Attrs) -> bool {
    let condition = attrs.get("Condition").map(ToString::to_string).unwrap_or_default();
    condition.to_ascii_lowercase().contains(&BY_TLS.to_ascii_lowercase())
}

/// Whether a statement denies to all but those whom it names.
pub(super) fn spares(attrs: &Attrs) -> bool {
    attrs.get("Condition").and_then(crate::attrs::Attr::as_map).is_some_and(|all| all.contains_key(UNLESS))
}

/// What nobody but those listed may.
fn denied(wish: Wish<'_>) -> Vec<Wanted> {
    let Some(access) = &wish.spec.access else { return Vec::new() };
    let access = &access.value;
    let policy = &wish.policy.name.value;
    // What holds of the contents of backups holds of a log that is archived.
    let log = holds_log(wish.policy, wish.name).then_some(Sort::Log);
    let below =
        |sorts: &[Sort]| sorts.iter().copied().chain(log).map(|sort| arn::objects(wish.backend, &sort.pattern(policy))).collect();
    let mut all = Vec::new();
    if let Some(list) = &access.write {
        all.push(("only-writers", list, vec![&list.value], deny(["s3:PutObject"], below(&Sort::WHOLE))));
    }
    if let Some(list) = &access.read {
        // Who writes goes on with what an interrupted backup left, and compares with the backup before; who prunes a log reads whose it is.
        let prunes = access.delete.as_ref().filter(|_| log.is_some());
        let who = [Some(list), access.write.as_ref(), prunes].into_iter().flatten().map(|list| &list.value).collect();
        all.push(("only-readers", list, who, deny(["s3:GetObject", "s3:GetObjectVersion"], below(&CONTENT))));
    }
    if let Some(list) = &access.delete {
        let mut kept: BTreeSet<String> = below(&rights::KEPT);
        if has_endpoint_of_its_own(wish.backend) {
            // Ceph 16 matches no `*` within a key (tried), so what is known by name is named too.
            let named = wish.written.iter().map(|component| arn::objects(wish.backend, &format!("{policy}/{component}/*")));
            kept.extend(named);
        }
        let statement = deny(rights::REMOVALS, kept);
        all.push((DELETERS, list, vec![&list.value], statement));
    }
    if let Some(list) = &access.configure {
        let bucket = BTreeSet::from([arn::bucket(wish.backend)]);
        all.push((CONFIGURERS, list, vec![&list.value], deny(rights::SETTINGS, bucket)));
    }
    let each = |(key, list, who, statement): (&str, &crate::diag::Spanned<Principals>, Vec<&Principals>, Statement)| {
        let but: BTreeSet<String> = who.into_iter().flatten().map(|one| one.value.clone()).collect();
        let condition = if but.is_empty() { Condition::new() } else { rights::when(UNLESS, "aws:PrincipalArn", but) };
        Wanted {
            key: key.to_owned(),
            attrs: Statement { condition, ..statement }.attrs(),
            span: list.span,
            after: Vec::new(),
            earlier: None,
        }
    };
    all.into_iter().map(each).collect()
}

/// What a purpose takes in the bucket itself: keys of KMS have policies of their own.
fn allow(wish: Wish<'_>, purpose: Purpose, who: &Principals) -> Vec<Statement> {
    let granted = rights::grants(wish.spec, wish.backend, &touches(wish.policy, wish.name, purpose));
    let of_bucket = granted
        .into_iter()
        .filter(|grant| grant.effect == Effect::Allow && grant.actions.iter().all(|action| action.starts_with("s3:")));
    let one = |grant: crate::rights::Grant| Statement {
        effect: "Allow",
        principals: who.iter().map(|one| one.value.clone()).collect(),
        actions: grant.actions,
        resources: grant.resources,
        condition: grant.condition,
    };
    merged(of_bucket.collect()).into_iter().map(one).collect()
}

fn deny<'a>(actions: impl IntoIterator<Item = &'a str>, resources: BTreeSet<String>) -> Statement {
    let actions = actions.into_iter().map(str::to_owned).collect();
    Statement { effect: "Deny", principals: BTreeSet::from(["*".to_owned()]), actions, resources, condition: Condition::new() }
}
