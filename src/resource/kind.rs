//! What is known of a kind of resource before anything is read.

use crate::attrs::Attrs;
use crate::resource::Risk;

/// What becomes of a resource that left the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is removed from the live system.
    Delete,
    /// It holds data or cannot be removed without harm: bdr takes its mark off and leaves it.
    Release,
}

/// The static description of a kind; `bdr explain KIND`, docs and completions come from it.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// As in addresses: `s3_bucket`.
    pub name: &'static str,
    /// For people, in plans: `bucket`, `lifecycle rule`.
    pub title: &'static str,
    /// One sentence on what it is and how bdr owns it.
    pub summary: &'static str,
    pub removal: Removal,
    /// Several resources of this kind and subject live in one document and are written together, once.
    pub shared: bool,
    /// Attributes that cannot change once it exists; a change is refused with the reason.
    pub immutable: &'static [&'static str],
    /// What a change from the first to the second puts at stake (`None`: absent). Pure; plans show the gravest first.
    pub risk: fn(Option<&Attrs>, Option<&Attrs>) -> Risk,
    /// Paths of the attributes that say most of a new one, such as `Service.ExecStart`, the weightiest first: plans show these, and tell
    /// their differences first; empty: the first few.
    pub headline: &'static [&'static str],
    /// Attributes that say who may do what: a change of them is shown however long a plan is. Empty: it is about something else.
    pub rights: &'static [&'static str],
    /// It does nothing as long as what must be in place before it falls short, whatever it says itself.
    pub needs_earlier: bool,
    /// Seconds until a change is visible everywhere, at the longest: told in plans where not 0, and how long `apply` looks again.
    pub visible_within: u32,
}

impl Kind {
    /// What most kinds are, to be completed: `Kind { name: "cron_entry", title: "cron entry", summary: "…", ..Kind::PLAIN }`.
    pub const PLAIN: Self = Self {
        name: "",
        title: "",
        summary: "",
        removal: Removal::Delete,
        shared: false,
        immutable: &[],
        risk: |_, _| Risk::None,
        headline: &[],
        rights: &[],
        needs_earlier: false,
        visible_within: 0,
    };
}
