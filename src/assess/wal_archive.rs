//! `wal_archive`: what an archive of the write-ahead log promises.

use crate::assess::bounds::{CopyBounds, Origin, Question, Term};
use crate::assess::facts::ASSUMED_CAPTURE_RATE;
use crate::assess::interval;
use crate::policy::WalArchive;
use crate::units::bytes::Bytes;

/// What a log needs to restore anything.
pub const BASE: &str = "base backup to roll forward";
/// What the server's settings decide.
pub const WAIT: &str = "until a segment is handed over";
/// Bytes of a segment, unless a cluster was made with others.
const SEGMENT: u64 = 16 << 20;

/// The bounds of one copy. The log says what changed, and nothing of what it changed: without a base backup to roll forward nothing comes
/// back of it, and neither a dump nor a copy of files is one (PostgreSQL's manual, "Continuous Archiving").
pub fn bounds(question: &Question<'_>, archive: &WalArchive) -> CopyBounds {
    let mut loss = loss(archive);
    loss.push(nothing(question, BASE));
    interval::copy(question, loss, vec![nothing(question, "base backup to start from")])
}

/// What of the log is lost with the server, where there is a base backup to roll forward.
pub fn loss(archive: &WalArchive) -> Vec<Term> {
    let interval = &archive.max_interval;
    let wait = Term {
        name: WAIT,
        seconds: Some(interval.as_secs()),
        origin: Origin::Policy,
        why: format!("`max_interval`, which the server keeps by an archive_timeout of {} or less", interval.value),
        span: interval.span,
    };
    let ship = Term {
        name: "to ship a segment",
        seconds: Some(SEGMENT.div_ceil(ASSUMED_CAPTURE_RATE)),
        origin: Origin::Assumed,
        why: format!("{} at {}/s", Bytes(SEGMENT), Bytes(ASSUMED_CAPTURE_RATE)),
        span: None,
    };
    vec![wait, ship]
}

fn nothing(question: &Question<'_>, name: &'static str) -> Term {
    let why = "there is none: WAL alone restores nothing, and a dump cannot be rolled forward by it".to_owned();
    Term { name, seconds: None, origin: Origin::Policy, why, span: question.protection.name.span }
}
