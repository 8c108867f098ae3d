//! `base_backup`: what a copy of a whole cluster promises.

use crate::assess::bounds::{CopyBounds, Question};
use crate::assess::interval;

/// The bounds of one copy. By itself it holds the log up to its own end, so that whatever was committed after that is lost with the
/// server; files come back as they are, and no row goes through SQL.
pub fn bounds(question: &Question<'_>) -> CopyBounds {
    let mut loss = interval::loss(question);
    if let Some(gap) = loss.first_mut() {
        gap.why += "; by itself a base backup holds the log up to its own end";
    }
    interval::copy(question, loss, interval::recovery(question))
}
