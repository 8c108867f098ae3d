//! `file_backup`: what a copy of files in the tree format promises.

use crate::assess::bounds::{CopyBounds, Question};
use crate::assess::interval;

/// The bounds of one copy.
pub fn bounds(question: &Question<'_>) -> CopyBounds {
    interval::copy(question, interval::loss(question), interval::recovery(question))
}
