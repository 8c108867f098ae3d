//! The world's kinds: a bucket that is never deleted, a setting with a server default, rules of a shared document, a timer.

use bdr::attrs::{Attr, Attrs};
use bdr::resource::{Kind, Removal, Risk};

/// Holds data: released, never deleted; its region is fixed.
pub const BUCKET: Kind = Kind {
    name: "w_bucket",
    title: "bucket",
    summary: "A bucket of the in-memory world.",
    removal: Removal::Release,
    immutable: &["region"],
    visible_within: 60,
    ..Kind::PLAIN
};

/// Reads as its default in every new bucket.
pub const SETTING: Kind = Kind {
    name: "w_setting",
    title: "setting",
    summary: "A setting of a bucket of the in-memory world.",
    visible_within: 60,
    risk: lower_is_weaker,
    ..Kind::PLAIN
};

/// Shares a document with rules that are not ours.
pub const RULE: Kind = Kind {
    name: "w_rule",
    title: "rule",
    summary: "A rule of the shared document of a bucket of the in-memory world.",
    shared: true,
    visible_within: 120,
    ..Kind::PLAIN
};

pub const TIMER: Kind = Kind { name: "w_timer", title: "timer", summary: "A timer of the in-memory world.", ..Kind::PLAIN };

pub const ALL: [Kind; 4] = [BUCKET, RULE, SETTING, TIMER];

fn lower_is_weaker(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let level = |attrs: Option<&Attrs>| attrs.and_then(|attrs| attrs.get("level")).and_then(Attr::as_int).unwrap_or(0);
    if level(after) < level(before) { Risk::Weakens } else { Risk::None }
}
