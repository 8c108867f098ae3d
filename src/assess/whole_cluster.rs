//! `base_backup`: what a copy of a whole cluster promises, alone and with the log that is archived beside it.

use crate::assess::bounds::{CopyBounds, Origin, Question, Term, sum};
use crate::assess::facts::ASSUMED_REPLAY;
use crate::assess::{interval, wal_archive};
use crate::policy::WalArchive;
use crate::units::duration::Duration;

/// The bounds of one copy. By itself it holds the log up to its own end, so that whatever was committed after that is lost with the
/// server; files come back as they are, and no row goes through SQL. Where the log is archived in the same store, it is rolled forward.
pub fn bounds(question: &Question<'_>) -> CopyBounds {
    let mut loss = interval::loss(question);
    let Some(archive) = archived(question) else {
        if let Some(gap) = loss.first_mut() {
            gap.why += "; by itself a base backup holds the log up to its own end";
        }
        return interval::copy(question, loss, interval::recovery(question));
    };
    let mut recovery = interval::recovery(question);
    recovery.push(replay(question, sum(&loss)));
    interval::copy(question, wal_archive::loss(archive), recovery)
}

/// The log of the same cluster, where it lies beside the copy: what destroys one destroys both, and what spares one spares both.
fn archived<'a>(question: &Question<'a>) -> Option<&'a WalArchive> {
    let archive = question.component.wal_archive()?;
    let here = |store: &crate::diag::Spanned<crate::address::StoreName>| store.value == *question.store;
    let there = !question.facts.is_missing(&question.component.name, &archive.name, question.store);
    archive.wal_archive().filter(|_| there && archive.stores.iter().any(here))
}

/// What has to be replayed is what was written since the newest base backup, which is as old as these get.
fn replay(question: &Question<'_>, oldest: Option<u64>) -> Term {
    let mut why = match oldest {
        Some(seconds) => {
            let since = Duration::from_secs(seconds);
            format!(
                "the log of up to {since} since the base backup, assumed to be replayed {ASSUMED_REPLAY} times as fast as it was written"
            )
        }
        None => "nothing says how old the newest base backup gets".to_owned(),
    };
    if let Some(window) = &question.component.log_window {
        why += &format!("; any moment of the last {} can be restored", *window.keep);
    }
    let seconds = oldest.map(|seconds| seconds.div_ceil(ASSUMED_REPLAY));
    Term { name: "to replay the log", seconds, origin: Origin::Assumed, why, span: question.protection.name.span }
}
