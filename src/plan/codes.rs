//! What planning itself finds, by code: rings, damaged backups, too little room.

use crate::diag::{Code, Position, Severity};
use crate::plan::Finding;
use crate::units::count::count;

/// Every code that planning can find.
pub const CODES: [Code; 3] = [RING, DAMAGED, LITTLE_ROOM];

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

const LITTLE_ROOM: Code = Code {
    code: "BDR-C007",
    name: "little-room",
    severity: Severity::Warning,
    text: "A first backup may not fit where it goes.\n\nLess is free in the store than the files have that a first backup reads. It is stored compressed and \
           without what occurs twice, so that it may fit all the same; nothing half-done is ever listed where it does not, and the next run \
           goes on with what is there. Make room, name another store, or leave out what need not be saved (`exclude`).\n",
};

/// Says that the files of a protection are more than what is free in a store.
pub fn little_room(whose: &str, store: &str, [bytes, free]: [&str; 2], place: Option<Position>) -> Finding {
    Finding {
        code: LITTLE_ROOM.code.to_owned(),
        severity: LITTLE_ROOM.severity,
        message: format!(
            "the first backup of {whose} reads about {bytes}, before it is compressed, and about {free} are free in {store}"
        ),
        place,
        help: Some("Make room there, name another store, or leave out what need not be saved.".to_owned()),
        forbids: false,
    }
}

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
