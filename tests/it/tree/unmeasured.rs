//! Contents of which nobody knows beforehand how long they are, and those that are worth nothing in part.

use std::sync::Arc;

use bdr::catalog::entry::{Entry, Kind};
use bdr::source::{Content, Item, Opened, Piece, Source, Stream, Trouble};
use bdr::tree::{Job, Progress, TreeError, backup};

use super::grow::Garden;

/// Islands in holes: more pieces than stand in one line of the index.
const PIECES: u64 = 2_500;
const HOLE: u64 = 8_192;

/// Written as it is read; `fails`: not to its end.
#[derive(Clone, Copy)]
struct Written {
    fails: bool,
}

impl Content for Written {
    fn open(self: Box<Self>) -> Result<Opened, Trouble> {
        Ok(Opened { xattrs: Vec::new(), stream: Box::new(Pieces { at: 0, fails: self.fails }) })
    }

    fn is_measured(&self) -> bool {
        false
    }
}

struct Pieces {
    at: u64,
    fails: bool,
}

impl Stream for Pieces {
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble> {
        self.at += 1;
        match self.at {
            at if at > PIECES && self.fails => Err(Trouble::last("a dump that did not come to its end", "it ended with 1")),
            at if at > PIECES => Ok(Piece::End),
            at if at % 2 == 0 => Ok(Piece::Hole(HOLE)),
            at => {
                into[..8].copy_from_slice(&at.to_le_bytes());
                Ok(Piece::Data(8))
            }
        }
    }

    fn settled(&mut self) -> bool {
        true
    }
}

struct One(Option<Item>);

impl Source for One {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        Ok(self.0.take())
    }
}

fn source(written: Written) -> Box<dyn Source> {
    let entry = Entry { path: b"dump".to_vec(), kind: Kind::File, ..Entry::default() };
    Box::new(One(Some(Item { entry, content: Some(Box::new(written)), links: 1, trouble: None })))
}

fn job(garden: &Garden) -> Job {
    Job { roots: vec!["/".to_owned()], kind: "postgresql", ..garden.job(None) }
}

#[test]
fn what_is_counted_is_what_was_read() {
    let garden = Garden::new();
    let make = || source(Written { fails: false });
    let manifest = garden.runtime.block_on(backup(&job(&garden), &make, Arc::new(Progress::default()))).expect("backup");
    let bytes = PIECES / 2 * (HOLE + 8);
    assert_eq!((manifest.counts.files, manifest.counts.bytes), (1, bytes));
    assert_eq!((manifest.origin.held, manifest.origin.bytes), (vec![1], vec![bytes]));
    assert_eq!(manifest.issues, []);
}

#[test]
fn what_is_worth_nothing_in_part_is_no_backup() {
    let garden = Garden::new();
    let make = || source(Written { fails: true });
    let error = garden.runtime.block_on(backup(&job(&garden), &make, Arc::new(Progress::default()))).expect_err("no backup");
    assert!(matches!(error, TreeError::Source(_)), "{error:?}");
    assert_eq!(error.to_string(), "could not read the source: a dump that did not come to its end: it ended with 1");
    let known = garden.runtime.block_on(garden.shelf().known()).expect("catalogue");
    assert!(known.backups.good.is_empty() && known.backups.damaged.is_empty());
}
