//! What a change of a statement puts at stake, and what promises rest on it.

use std::collections::BTreeSet;

use super::statement::{document, texts};
use super::wanted;
use crate::access::meaning;
use crate::attrs::{Attr, Attrs};
use crate::diag::Spanned;
use crate::policy::{Principals, StoreAccess};
use crate::resource::Risk;

/// A denial of less, or to fewer, weakens; so does anything that is allowed beyond what was. What is allowed anew is no change of
/// what was: it is read as a new statement.
pub(super) fn risk(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let (was, is) = (document(before), document(after));
    let weakens = match (before, after) {
        (Some(before), Some(after)) if denies(before) && denies(after) => spares_more(before, after) || !covers(before, after),
        (None, _) => false,
        _ => meaning::widens(&was, &is) || meaning::loosens(&was, &is),
    };
    if weakens { Risk::Weakens } else { Risk::None }
}

fn denies(attrs: &Attrs) -> bool {
    attrs.get("Effect").and_then(Attr::as_str) == Some("Deny")
}

fn set(attrs: &Attrs, name: &str) -> BTreeSet<String> {
    attrs.get(name).map(texts).unwrap_or_default().into_iter().collect()
}

/// Whether a denial holds of all that it held of.
fn covers(before: &Attrs, after: &Attrs) -> bool {
    let others: [&str; 4] = ["Principal", "NotAction", "NotPrincipal", "NotResource"];
    ["Action", "Resource"].iter().all(|name| set(before, name).is_subset(&set(after, name)))
        && others.iter().all(|name| before.get(*name) == after.get(*name))
}

/// Whether a denial holds in fewer cases: its one condition names those whom it spares.
fn spares_more(before: &Attrs, after: &Attrs) -> bool {
    match (before.get("Condition"), after.get("Condition")) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(one), Some(other)) if one == other => false,
        _ => match (spared(before), spared(after)) {
            (Some(before), Some(after)) => !after.is_subset(&before),
            _ => true,
        },
    }
}

/// Whom a denial spares; `None`: it has conditions of another kind.
fn spared(attrs: &Attrs) -> Option<BTreeSet<String>> {
    let Some(condition) = attrs.get("Condition") else { return Some(BTreeSet::new()) };
    let operators = condition.as_map().filter(|operators| operators.len() == 1)?;
    let keys = operators.get("ArnNotLike")?.as_map().filter(|keys| keys.len() == 1)?;
    Some(texts(keys.get("aws:PrincipalArn")?).into_iter().collect())
}

/// Whether a statement allows less than it is to.
pub(super) fn falls_short(needed: &Attrs, live: Option<&Attrs>) -> bool {
    meaning::widens(&document(live), &document(Some(needed)))
}

/// What is denied just now, instead of what the policy wants denied.
pub(super) fn stands(access: &mut StoreAccess, key: &str, live: Option<&Attrs>) {
    let list = match key {
        wanted::DELETERS => &mut access.delete,
        wanted::CONFIGURERS => &mut access.configure,
        _ => return,
    };
    let but = live.filter(|live| denies(live)).and_then(spared);
    *list = but.map(|but| Spanned::bare(but.into_iter().map(Spanned::bare).collect::<Principals>()));
}
