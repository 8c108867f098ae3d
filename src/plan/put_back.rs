//! What an apply made and something else changed since: whether to put it back is a loss.

use crate::attrs::Attr;
use crate::compile::Compiled;
use crate::diff;
use crate::plan::{Alarm, Known, LastSet};
use crate::resource::{Change, Kind, Op, Risk};

/// The change with the risk that it has beside what the last apply made. Where each of two states weakens the other, since neither
/// covers the other, to go back to the one that was reviewed and applied is no loss; where the other is stronger in everything, it is.
#[must_use]
pub(super) fn weighed(change: Change, kind: &Kind, last: Option<&LastSet>) -> Change {
    let is_put_back = last.is_some_and(|last| change.wanted == last.wanted && change.live != last.wanted);
    if is_put_back && is_either_way(&change, kind) { Change { risk: Risk::None, ..change } } else { change }
}

/// Whether the records of past applies tell what of a plan is a loss.
pub fn needs_records(compiled: &Compiled, known: &Known) -> bool {
    known.live.iter().any(|(id, live)| {
        let (Some(resource), Some(kind)) = (compiled.desired.get(id), compiled.kinds.get(&id.kind)) else { return false };
        let change = || diff::diff(kind, Some(resource), live, id);
        let tells = |change: Change| is_either_way(&change, kind) || is_weaker(&change, kind);
        !diff::is_as_wanted(Some(resource), live) && change().is_some_and(tells)
    })
}

/// What others made weaker than the last apply left it, and the policy still wants as that did: told first, whatever the change that
/// puts it back says.
pub(super) fn weakened(change: &Change, kind: &Kind, last: Option<&LastSet>) -> Option<Alarm> {
    last.filter(|last| last.wanted == change.wanted && is_weaker(change, kind))?;
    let since = change.since.as_ref().filter(|since| !since.as_left)?;
    let differences = diff::differences(change.after.as_ref(), change.before.as_ref());
    let shown = |value: &Option<Attr>| value.as_ref().map_or_else(|| "none".to_owned(), Attr::to_string);
    let told = |one: &diff::Difference| format!("{} {} → {}", one.path, shown(&one.before), shown(&one.after));
    let short = |text: &String| text.len() <= SHORT && !text.contains('\n');
    let what = match change.before {
        None => Some("it is gone".to_owned()),
        Some(_) => differences.first().map(told).filter(short),
    };
    Some(Alarm::of_weakened(&change.id, kind.title, since, what))
}

/// Longest difference that is told in the same line.
const SHORT: usize = 60;

/// Whether what stands is weaker than what is wanted.
fn is_weaker(change: &Change, kind: &Kind) -> bool {
    let back = || (kind.risk)(change.after.as_ref(), change.before.as_ref());
    matches!(change.op, Op::Update | Op::Create) && change.risk == Risk::None && back() >= Risk::Weakens
}

/// Whether each side weakens the other.
fn is_either_way(change: &Change, kind: &Kind) -> bool {
    let back = || (kind.risk)(change.after.as_ref(), change.before.as_ref());
    change.op == Op::Update && change.risk == Risk::Weakens && back() >= Risk::Weakens
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{ResourceId, Subject};
    use crate::attrs::{Attrs, Fingerprint};
    use crate::resource::Since;
    use crate::resource::{Live, Resource};

    /// Who is let in, a sign each: to let in somebody more is weaker.
    static KIND: Kind = Kind {
        name: "door",
        title: "door",
        risk: |before, after| {
            let who = |attrs: Option<&Attrs>| attrs.map(|attrs| attrs["who"].to_string()).unwrap_or_default();
            if who(after).chars().all(|one| who(before).contains(one)) { Risk::None } else { Risk::Weakens }
        },
        ..Kind::PLAIN
    };

    fn attrs(who: &str) -> Attrs {
        Attrs::from([("who".to_owned(), who.into())])
    }

    /// The risk of the change from what stands to what is wanted, where an apply made it `made`.
    fn risk(live: &str, wanted: &str, made: Option<&str>) -> Risk {
        let id = ResourceId::new(Subject::Policy, KIND.name, "");
        let attrs_wanted = attrs(wanted);
        let resource =
            Resource { id: id.clone(), attrs: attrs_wanted, span: None, after: Vec::new(), queue: None, earlier: None };
        let change = diff::diff(&KIND, Some(&resource), &Live::present(attrs(live)), &id).expect("a change");
        let made = made.map(|who| LastSet {
            at: jiff::Timestamp::UNIX_EPOCH,
            by: "ada".into(),
            wanted: Fingerprint::of(Some(&attrs(who))),
        });
        weighed(change, &KIND, made.as_ref()).risk
    }

    #[test]
    fn what_is_put_back_is_a_loss_only_where_it_was_nowhere_weakened() {
        assert_eq!(risk("b", "a", None), Risk::Weakens, "nobody knows whether an apply made it");
        assert_eq!(risk("b", "a", Some("a")), Risk::None, "one for the other, and back");
        assert_eq!(risk("b", "a", Some("b")), Risk::Weakens, "it is the policy that lets in another");
        assert_eq!(risk("b", "a", Some("c")), Risk::Weakens, "the policy changed too");
        assert_eq!(risk("a", "ab", Some("ab")), Risk::Weakens, "somebody closed it, and to put that back opens it");
        assert_eq!(risk("ab", "a", Some("a")), Risk::None);
    }

    #[test]
    fn what_others_weakened_since_the_last_apply_is_told_first() {
        let alarm = |live: Option<&str>, wanted: &str, made: &str| {
            let id = ResourceId::new(Subject::Policy, KIND.name, "front");
            let attrs_wanted = attrs(wanted);
            let resource =
                Resource { id: id.clone(), attrs: attrs_wanted, span: None, after: Vec::new(), queue: None, earlier: None };
            let live = live.map_or_else(Live::absent, |who| Live::present(attrs(who)));
            let change = diff::diff(&KIND, Some(&resource), &live, &id).expect("a change");
            let last = LastSet { at: jiff::Timestamp::UNIX_EPOCH, by: "ada".into(), wanted: Fingerprint::of(Some(&attrs(made))) };
            let since = Since { at: last.at, by: last.by.clone(), as_left: live.attrs.as_ref() == Some(&attrs(made)) };
            weakened(&Change { since: Some(since), ..change }, &KIND, Some(&last)).map(|alarm| alarm.text)
        };
        assert_eq!(
            alarm(Some("ab"), "a", "a").as_deref(),
            Some("door front was weakened outside bdr after 1970-01-01 00:00 UTC (apply by ada): who a → ab")
        );
        assert_eq!(alarm(Some("ab"), "a", "ab"), None, "it is the policy that closes it");
        assert_eq!(alarm(Some("a"), "ab", "ab"), None, "somebody closed it");
        assert_eq!(alarm(None, "a", "a"), None, "nobody is let in by nothing");
    }
}
