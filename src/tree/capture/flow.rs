//! What flows between the stages of a capture. Steps keep the order of the tree; work is done out of order.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::catalog::digest::Digest;
use crate::catalog::entry::{Block, Entry};
use crate::catalog::manifest::Counts;
use crate::catalog::pack::Inside;
use crate::catalog::part;
use crate::source::{Closing, Content, Trouble};
use crate::tree::TreeError;

/// Files up to this size share frames with their neighbours.
pub const SMALL: u64 = 512 << 10;
/// Plain bytes of a shared frame: as many as zstd's ordinary levels look back over, and no more than a restore of one small file
/// can bear to decompress.
pub const GROUP_BYTES: u64 = 4 << 20;
/// Entries of one group.
pub const GROUP_ENTRIES: usize = 4_096;
/// Files to read of one group. Each may hold the folder that it lies in open until it was read, and groups wait for the workers
/// and are in their hands: all of them together may take half of the files that the process may have open, which is raised to what
/// the system lets it be (getrlimit(2)).
pub fn reads(threads: usize) -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).is_ok() {
        limit.current = limit.maximum;
    }
    let most = limit.current.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    // With the group being filled and the items that were walked ahead.
    let groups = 2 * threads + 2;
    (most / 2 / groups).clamp(1, GROUP_ENTRIES)
}

/// Content-defined cutting of larger files, bytes: least, average, most.
pub const CUT: (usize, usize, usize) = (256 << 10, 1 << 20, 4 << 20);
/// Fixed places at which paged files are cut: so many bytes apart, eight pages of PostgreSQL's usual size.
pub const PAGED_BLOCK: usize = 64 << 10;
/// Neighbouring blocks of a paged file that share a frame, bytes.
pub const PAGED_FRAME: usize = 1 << 20;

/// The pack number of blocks whose frame has no place yet.
pub const HERE: u32 = u32::MAX;

/// A finished piece of the index.
pub enum Out {
    /// Lines taken over from the parent as they are.
    Same { frame: Arc<part::Frame>, lines: Range<usize>, counts: Counts },
    /// Blocks whose pack is [`HERE`] lie in the frame that comes along.
    Entry(Box<Entry>, Option<Trouble>),
}

/// An entry of a group that a worker completes.
pub enum Todo {
    Done(Out),
    Read(Box<Entry>, Box<dyn Content>),
}

/// A compressed frame that is not in a pack yet.
pub struct Frame {
    pub stored: Vec<u8>,
    pub plain: u32,
    pub inside: Vec<Inside>,
}

/// What a worker made of a group.
pub struct Group {
    pub outs: Vec<Out>,
    pub frame: Option<Frame>,
    pub read_bytes: u64,
}

/// What a worker made of one block of a large file.
pub enum Cut {
    Known(Block),
    New { hash: Digest, frame: Frame },
}

/// What a worker made of neighbouring blocks of a paged file. Those whose pack is [`HERE`] lie in the frame.
pub struct Paged {
    pub blocks: Vec<Block>,
    pub frame: Option<Frame>,
}

pub type Answer<T> = SyncSender<Result<T, TreeError>>;

/// Work that may be done out of order.
pub enum Job {
    Group(Vec<Todo>, Answer<Group>),
    Block(Vec<u8>, Answer<Cut>),
    Paged(Vec<u8>, Answer<Paged>),
}

/// What the sequencer does next.
pub enum Step {
    Group(Receiver<Result<Group, TreeError>>),
    /// A group in which nothing is to be read.
    Done(Vec<Out>),
    /// A large file begins.
    Begin(Box<Entry>),
    Block(Receiver<Result<Cut, TreeError>>, u64),
    Paged(Receiver<Result<Paged, TreeError>>, u64),
    Hole {
        at: u64,
        length: u64,
    },
    /// A large file ends, so many bytes long.
    End {
        size: u64,
        trouble: Option<Trouble>,
    },
    /// Everything was walked.
    Finish {
        unchanged: u64,
        held: Vec<u64>,
        bytes: Vec<u64>,
        closing: Closing,
    },
}
