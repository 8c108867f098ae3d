//! The sequencer of a capture: takes finished work in the order of the tree, fills packs and writes the index.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::catalog::entry::{Block, Content, Entry, Hole, Kind, More, cmp_paths};
use crate::catalog::index::{write_entry, write_more};
use crate::catalog::layout::Place;
use crate::catalog::manifest::{Cluster, Counts, Issue, Measured};
use crate::catalog::part::{self, Part, Sealed};
use crate::diag::text_of;
use crate::source::Trouble;
use crate::tree::TreeError;
use crate::tree::capture::flow::{Cut, Frame, Group, HERE, Out, Paged, Step};
use crate::tree::capture::known::Known;
use crate::tree::capture::packing::Packing;
use crate::tree::capture::sort::{Sorter, Unsorted};
use crate::tree::progress::Progress;

/// Blocks of a file in one line of the index.
const LINE_BLOCKS: usize = 1_000;
/// Paths told for each kind of trouble; all of them stand in the index.
const EXAMPLES: usize = 10;
const ORDER: &str = "came out of order";
const TWICE: &str = "came twice";

/// What a capture came to.
pub struct Sequenced {
    pub counts: Counts,
    /// Files and links below each root of the source.
    pub held: Vec<u64>,
    /// Bytes of these files.
    pub bytes: Vec<u64>,
    pub issues: Vec<Issue>,
    pub index: Vec<Part>,
    pub table: Vec<Part>,
    /// Backups before this one whose packs it refers to.
    pub needs: BTreeSet<Place>,
    pub measured: Measured,
    pub cluster: Option<Cluster>,
}

pub struct Sequencer {
    packing: Packing,
    known: Arc<Known>,
    progress: Arc<Progress>,
    own: Place,
    index: part::Writer,
    parts: Vec<Part>,
    /// The line being written.
    text: Vec<u8>,
    counts: Counts,
    issues: BTreeMap<&'static str, Issue>,
    measured: Measured,
    last: Vec<u8>,
    large: Option<Large>,
    /// Where the lines of a stream wait until they can be written in order.
    unsorted: Option<Sorter>,
    cluster: Option<Cluster>,
}

/// A large file on its way.
struct Large {
    /// `None` once its first line is written.
    entry: Option<Box<Entry>>,
    path: Vec<u8>,
    content: Content,
    /// What the counts took for its length when its first line was written.
    counted: u64,
}

impl Sequencer {
    /// `is_stream`: entries come in another order than that of the index.
    ///
    /// # Errors
    /// When zstd refuses to start.
    pub fn new(
        packing: Packing,
        known: Arc<Known>,
        progress: Arc<Progress>,
        own: Place,
        is_stream: bool,
    ) -> Result<Self, TreeError> {
        Ok(Self {
            packing,
            known,
            progress,
            own,
            index: part::Writer::new()?,
            parts: Vec::new(),
            text: Vec::new(),
            counts: Counts::default(),
            issues: BTreeMap::new(),
            measured: Measured::default(),
            last: Vec::new(),
            large: None,
            unsorted: is_stream.then(Sorter::default),
            cluster: None,
        })
    }

    /// # Errors
    /// When another stage or the store failed.
    pub fn run(mut self, steps: &Receiver<Step>) -> Result<Sequenced, TreeError> {
        let wait = |_| TreeError::Stopped;
        loop {
            match steps.recv().map_err(wait)? {
                Step::Group(result) => self.group(result.recv().map_err(wait)??)?,
                Step::Done(outs) => self.outs(outs, None)?,
                Step::Begin(entry) => {
                    let path = entry.path.clone();
                    let counted = entry.size;
                    self.large = Some(Large { entry: Some(entry), path, content: Content::default(), counted });
                }
                Step::Block(result, length) => {
                    let cut = result.recv().map_err(wait)??;
                    self.read(length);
                    let block = self.cut(cut)?;
                    self.stretch(|content| content.blocks.push(block))?;
                }
                Step::Paged(result, length) => {
                    let paged = result.recv().map_err(wait)??;
                    self.read(length);
                    self.paged(paged)?;
                }
                Step::Hole { at, length } => {
                    self.progress.add_bytes(length);
                    self.stretch(|content| content.holes.push(Hole(at, length)))?;
                }
                Step::End { size, trouble } => self.end(size, trouble)?,
                Step::Finish { unchanged, held, bytes, closing } => {
                    self.measured.unchanged_files = unchanged;
                    closing.troubles.into_iter().for_each(|trouble| self.told(&trouble, trouble.detail.clone()));
                    self.cluster = closing.cluster;
                    return self.finish(held, bytes);
                }
            }
        }
    }

    fn read(&mut self, bytes: u64) {
        self.measured.read_bytes += bytes;
        self.progress.add_bytes(bytes);
    }

    fn group(&mut self, group: Group) -> Result<(), TreeError> {
        self.read(group.read_bytes);
        let here = group.frame.as_ref().map(|frame| self.place(frame)).transpose()?;
        self.outs(group.outs, here)
    }

    /// Pieces of the index, with the pack, place and length of the frame that their new blocks lie in.
    fn outs(&mut self, outs: Vec<Out>, here: Option<(u32, u32, u32)>) -> Result<(), TreeError> {
        for out in outs {
            match out {
                Out::Same { frame, lines, counts } => {
                    self.counts.add(&counts);
                    self.progress.add_entries(counts.entries);
                    self.progress.add_bytes(counts.bytes);
                    self.last.clear();
                    let sealed = self.index.copy(&frame, lines)?;
                    self.part(sealed)?;
                }
                Out::Entry(mut entry, trouble) => {
                    settle(&mut entry.content.blocks, here)?;
                    self.entry(&entry, trouble)?;
                    self.progress.add_entries(1);
                }
            }
        }
        Ok(())
    }

    fn place(&mut self, frame: &Frame) -> Result<(u32, u32, u32), TreeError> {
        let (pack, offset) = self.packing.push(frame, &self.known)?;
        Ok((pack, offset, u32::try_from(frame.stored.len()).unwrap_or(u32::MAX)))
    }

    fn cut(&mut self, cut: Cut) -> Result<Block, TreeError> {
        match cut {
            Cut::Known(block) => Ok(block),
            Cut::New { hash, frame } => {
                let (pack, offset, stored) = self.place(&frame)?;
                Ok(Block { pack, offset, stored, at: 0, size: frame.plain, hash })
            }
        }
    }

    fn paged(&mut self, Paged { mut blocks, frame }: Paged) -> Result<(), TreeError> {
        let here = frame.as_ref().map(|frame| self.place(frame)).transpose()?;
        settle(&mut blocks, here)?;
        blocks.into_iter().try_for_each(|block| self.stretch(|content| content.blocks.push(block)))
    }

    /// Adds to the large file on its way, and writes a line when there is enough for one.
    fn stretch(&mut self, add: impl FnOnce(&mut Content)) -> Result<(), TreeError> {
        let large = self.large.as_mut().ok_or(TreeError::Stopped)?;
        add(&mut large.content);
        if large.content.blocks.len() + large.content.holes.len() < LINE_BLOCKS {
            return Ok(());
        }
        let content = Content { more: true, ..std::mem::take(&mut large.content) };
        match large.entry.take() {
            Some(entry) => self.entry(&Entry { content, ..*entry }, None)?,
            None => self.more(&More { content, size: None, changed: false })?,
        }
        Ok(())
    }

    fn end(&mut self, size: u64, trouble: Option<Trouble>) -> Result<(), TreeError> {
        let Large { entry, path, content, counted } = self.large.take().ok_or(TreeError::Stopped)?;
        let changed = trouble.as_ref().is_some_and(|trouble| trouble.suspect);
        match entry {
            Some(entry) => self.entry(&Entry { content, size, changed, ..*entry }, trouble)?,
            None => {
                self.more(&More { content, size: Some(size), changed })?;
                self.counts.bytes = self.counts.bytes - counted + size;
                if let Some(trouble) = trouble {
                    self.trouble(&path, &trouble);
                }
            }
        }
        self.progress.add_entries(1);
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, trouble: Option<Trouble>) -> Result<(), TreeError> {
        if let Some(trouble) = trouble {
            self.trouble(&entry.path, &trouble);
        }
        if self.unsorted.is_none() && !self.last.is_empty() && cmp_paths(&self.last, &entry.path).is_ge() {
            // Something that was asked for and never met is told, and stands nowhere in the order.
            if entry.kind != Kind::Skipped {
                self.trouble(&entry.path, &Trouble::suspect(ORDER, "the source named it after a later path"));
            }
            self.counts.skipped += 1;
            return Ok(());
        }
        self.last.clone_from(&entry.path);
        self.counts.add(&Counts::of(entry));
        self.text.clear();
        write_entry(entry, &mut self.text)?;
        self.line(true)
    }

    fn more(&mut self, more: &More) -> Result<(), TreeError> {
        self.text.clear();
        write_more(more, &mut self.text)?;
        self.line(false)
    }

    /// Adds the line in `text` to the index, or to what is sorted first. `begins`: it is the first of the entry that came last.
    fn line(&mut self, begins: bool) -> Result<(), TreeError> {
        if let Some(unsorted) = &mut self.unsorted {
            return unsorted.push(Unsorted { path: self.last.clone(), begins, text: self.text.clone() });
        }
        let sealed = self.index.write(&self.text, 1)?;
        self.part(sealed)
    }

    fn part(&mut self, sealed: Option<Sealed>) -> Result<(), TreeError> {
        self.parts.extend(sealed.map(|sealed| self.packing.index_part(sealed)).transpose()?);
        Ok(())
    }

    /// Writes the lines of a stream, each path once.
    fn sort(&mut self, unsorted: Sorter) -> Result<(), TreeError> {
        let mut last = Vec::new();
        unsorted.finish(&mut |line| {
            if line.begins && line.path == last {
                return Err(Trouble::last(TWICE, text_of(&line.path)).into());
            }
            let sealed = self.index.write(&line.text, 1)?;
            self.part(sealed)?;
            last = line.path;
            Ok(())
        })
    }

    fn trouble(&mut self, path: &[u8], trouble: &Trouble) {
        self.told(trouble, format!("/{}: {}", text_of(path), trouble.detail));
    }

    fn told(&mut self, trouble: &Trouble, example: String) {
        let issue = self.issues.entry(trouble.what).or_insert_with(|| Issue {
            what: trouble.what.to_owned(),
            count: 0,
            examples: Vec::new(),
            suspect: trouble.suspect,
        });
        issue.count += 1;
        issue.suspect |= trouble.suspect;
        if issue.examples.len() < EXAMPLES {
            issue.examples.push(example);
        }
    }

    fn finish(mut self, held: Vec<u64>, bytes: Vec<u64>) -> Result<Sequenced, TreeError> {
        if let Some(unsorted) = self.unsorted.take() {
            self.sort(unsorted)?;
        }
        if let Some(sealed) = self.index.finish()? {
            self.parts.push(self.packing.index_part(sealed)?);
        }
        let mut needs = BTreeSet::new();
        let packs = self.known.packs();
        for (number, pack) in packs.table.iter().filter(|(number, _)| packs.is_used(*number)) {
            self.packing.list(number, &pack)?;
            if pack.place == self.own {
                // Written before this backup was interrupted: it is part of what the backup takes.
                self.measured.stored_bytes += pack.size;
                self.measured.new_packs += 1;
            } else {
                needs.insert(pack.place);
            }
        }
        let finished = self.packing.finish()?;
        self.measured.stored_bytes += finished.stored_bytes;
        self.measured.new_packs += finished.new_packs;
        let issues = self.issues.into_values().collect();
        let (counts, index, table, measured) = (self.counts, self.parts, finished.table, self.measured);
        Ok(Sequenced { counts, held, bytes, issues, index, table, needs, measured, cluster: self.cluster })
    }
}

/// Tells blocks that lie in a new frame where that is: its pack, place and length.
fn settle(blocks: &mut [Block], here: Option<(u32, u32, u32)>) -> Result<(), TreeError> {
    for block in blocks.iter_mut().filter(|block| block.pack == HERE) {
        (block.pack, block.offset, block.stored) = here.ok_or(TreeError::Stopped)?;
    }
    Ok(())
}
