//! A source that is a stream: entries in its own order, each content only until the next one, cut at fixed places.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bdr::catalog::entry::{Entry, Kind, Meta};
use bdr::catalog::manifest::Manifest;
use bdr::source::{Closing, Content, Item, Opened, Piece, Source, Stream, Trouble};
use bdr::tree::{Job, Progress, TreeError, backup};

use super::grow::Garden;

type Files = BTreeMap<String, Vec<u8>>;

/// Yields files by an order of their own, and notices a content that is read too late.
struct Tape {
    left: Vec<(String, Vec<u8>)>,
    /// How many items were asked for.
    asked: Arc<AtomicU64>,
}

struct Lent {
    bytes: Vec<u8>,
    at: usize,
    mine: u64,
    asked: Arc<AtomicU64>,
}

impl Source for Tape {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let Some((path, bytes)) = self.left.pop() else { return Ok(None) };
        let is_folder = path.ends_with('/');
        let meta = Meta { mode: if is_folder { 0o700 } else { 0o600 }, ..Meta::default() };
        let kind = if is_folder { Kind::Directory } else { Kind::File };
        let path = path.trim_end_matches('/').as_bytes().to_vec();
        let entry = Entry { path, kind, meta, size: bytes.len() as u64, ..Entry::default() };
        let lent = || -> Box<dyn Content> { Box::new(Lent { bytes, at: 0, mine, asked: Arc::clone(&self.asked) }) };
        Ok(Some(Item { entry, content: (!is_folder).then(lent), links: 1, trouble: None }))
    }

    fn is_stream(&self) -> bool {
        true
    }

    fn close(&mut self) -> Closing {
        Closing { cluster: None, troubles: vec![Trouble::note("the tape is old", "it squeaks")] }
    }
}

impl Content for Lent {
    fn open(self: Box<Self>) -> Result<Opened, Trouble> {
        Ok(Opened { xattrs: Vec::new(), stream: self })
    }

    fn is_paged(&self) -> bool {
        true
    }
}

impl Stream for Lent {
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble> {
        assert_eq!(self.asked.load(Ordering::SeqCst), self.mine, "the stream went on already");
        // Pieces that fit nothing.
        let length = into.len().min(7_001).min(self.bytes.len() - self.at);
        into[..length].copy_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        Ok(if length == 0 { Piece::End } else { Piece::Data(length) })
    }

    fn settled(&mut self) -> bool {
        true
    }
}

fn files(random: &mut fastrand::Rng) -> Files {
    let mut files: Files = [("t/", 0), ("t/b/", 0), ("t-/", 0)].into_iter().map(|(path, _)| (path.to_owned(), vec![])).collect();
    let sizes = [0, 1, 65_535, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 3_000_000, 70_000_000];
    for (at, size) in sizes.into_iter().enumerate() {
        let folder = ["t", "t/b", "t-"][at % 3];
        let mut bytes = vec![0; size];
        random.fill(&mut bytes);
        files.insert(format!("{folder}/{at}"), bytes);
    }
    files
}

fn write(garden: &Garden, files: &Files, parent: Option<&Manifest>, random: &mut fastrand::Rng) -> Result<Manifest, TreeError> {
    let mut order: Vec<(String, Vec<u8>)> = files.iter().map(|(path, bytes)| (path.clone(), bytes.clone())).collect();
    random.shuffle(&mut order);
    let make = || -> Box<dyn Source> { Box::new(Tape { left: order.clone(), asked: Arc::default() }) };
    let job = Job { roots: vec!["/".to_owned()], kind: "postgresql", ..garden.job(parent) };
    garden.runtime.block_on(backup(&job, &make, Arc::new(Progress::default())))
}

#[track_caller]
fn assert_back(garden: &Garden, manifest: &Manifest, files: &Files) {
    let restored = garden.restore(manifest, &[], true).expect("restored");
    assert_eq!((restored.failed, restored.entries()), (0, files.len() as u64));
    for (path, bytes) in files.iter().filter(|(path, _)| !path.ends_with('/')) {
        assert!(std::fs::read(garden.target().join(path)).expect("file") == *bytes, "{path}");
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "what failed must be repeatable")]
fn files_come_back_whatever_their_order_and_a_changed_page_is_one_block() {
    let (garden, seed) = (Garden::new(), fastrand::u64(..));
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut files = files(&mut random);
    let full = write(&garden, &files, None, &mut random).expect("backup");
    assert_eq!((full.counts.files, full.counts.directories), (9, 3));
    assert_eq!(
        full.issues.iter().map(|issue| (issue.what.as_str(), issue.suspect)).collect::<Vec<_>>(),
        [("the tape is old", false)]
    );
    assert_back(&garden, &full, &files);
    // 70 MB in blocks of 64 KiB are more than stand in one line of the index. One byte of one page changes, and a file grows.
    let large = files.get_mut("t-/8").expect("the largest");
    large[40_000_000] ^= 1;
    files.get_mut("t/b/7").expect("another").extend_from_slice(&[1; 100]);
    let next = write(&garden, &files, Some(&full), &mut random).expect("backup");
    let (block, last) = (64 << 10, 3_000_000 % (64 << 10) + 100);
    let stored = next.measured.stored_bytes;
    assert!(stored > block && stored < block + last + 10_000, "{stored} bytes for one block of {block} and one of {last}");
    assert_back(&garden, &next, &files);
}

#[test]
fn a_path_that_comes_twice_is_no_backup() {
    let garden = Garden::new();
    let twice = || -> Box<dyn Source> {
        let left = vec![("a".to_owned(), vec![2; 5]), ("b".to_owned(), vec![3; 200_000]), ("a".to_owned(), vec![1; 5])];
        Box::new(Tape { left, asked: Arc::default() })
    };
    let job = Job { roots: vec!["/".to_owned()], kind: "postgresql", ..garden.job(None) };
    let error = garden.runtime.block_on(backup(&job, &twice, Arc::new(Progress::default()))).expect_err("no backup");
    assert_eq!(error.to_string(), "could not read the source: came twice: a");
}
