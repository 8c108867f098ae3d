//! `logical_dump`: what a dump of a database promises.

use crate::assess::bounds::{CopyBounds, Origin, Question, Term};
use crate::assess::facts::{ASSUMED_BYTES, ASSUMED_LOAD_RATE};
use crate::assess::interval;
use crate::units::bytes::Bytes;

/// The bounds of one copy. A dump cannot be rolled forward by WAL (PostgreSQL's manual, "Continuous Archiving": it "does not contain
/// enough information to be used by WAL replay"), so that whatever came after its snapshot is lost with the server.
pub fn bounds(question: &Question<'_>) -> CopyBounds {
    let mut loss = interval::loss(question);
    if let Some(gap) = loss.first_mut() {
        gap.why += "; a dump cannot be rolled forward by WAL";
    }
    let mut recovery = interval::recovery(question);
    recovery.push(load(question));
    interval::copy(question, loss, recovery)
}

/// What `pg_restore` takes: every row goes through SQL, and every index is built anew.
fn load(question: &Question<'_>) -> Term {
    let measured = question.facts.measured(&question.component.name, &question.protection.name);
    let (bytes, origin) = measured.map_or((ASSUMED_BYTES, Origin::Assumed), |measured| (measured.bytes, Origin::Measured));
    let why = format!("{} ({}) at an assumed {}/s", Bytes(bytes), interval::word(origin), Bytes(ASSUMED_LOAD_RATE));
    let seconds = Some(bytes.div_ceil(ASSUMED_LOAD_RATE));
    Term { name: "to load and index", seconds, origin: Origin::Assumed, why, span: None }
}
