//! What planning itself finds, by code: rings, damaged backups.

use crate::diag::{Code, Position, Severity};
use crate::plan::Finding;
use crate::units::count::count;

/// Every code that planning can find.
pub const CODES: [Code; 2] = [RING, DAMAGED];

pub(super) const RING: Code = Code {
    code: "BDR-C004",
    name: "actions-in-a-ring",
    severity: Severity::Error,
    text: "Actions of a plan wait for each other.\n\nResources that share a document are written together, once. Where two such documents each \
           hold a resource that waits for one of the other, neither can be written first, and the plan cannot be carried out. Narrow \
           it with `--target` to one of them after the other, and report the policy: no provider should want this.\n",
};

const DAMAGED: Code = Code {
    code: "BDR-C005",
    name: "damaged-backup",
    severity: Severity::Warning,
    text: "A store holds backups that are damaged.\n\n`bdr verify` found damage when it last looked, or a manifest cannot be read. No \
           later backup builds on them, retention counts none of them as good, and `bdr restore` refuses to take an older one for \
           them unawares. Run `bdr verify` to see what is damaged, make a new backup with `bdr backup COMPONENT`, and look for the \
           cause: a disk, a network, or somebody who deletes.\n",
};

/// Says that a store holds damaged backups.
pub fn damaged_backups(subject: &str, damaged: u64, newest: &str, place: Option<Position>) -> Finding {
    Finding {
        code: DAMAGED.code.to_owned(),
        severity: DAMAGED.severity,
        message: match damaged {
            1 => format!("{subject}: backup {newest} is damaged"),
            more => format!("{subject}: {} damaged, the last of them {newest}", count(more, "backup")),
        },
        place,
        help: Some("`bdr verify` says what is damaged, and `bdr backup` makes a new one.".to_owned()),
        forbids: false,
    }
}
