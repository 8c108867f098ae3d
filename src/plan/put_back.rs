//! What an apply made and something else changed since: whether to put it back is a loss.

use crate::compile::Compiled;
use crate::diff;
use crate::plan::{Known, LastSet};
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
        !diff::is_as_wanted(Some(resource), live) && change().is_some_and(|change| is_either_way(&change, kind))
    })
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
}
