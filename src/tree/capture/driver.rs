//! The driver of a capture: walks the source beside the parent's index and hands out the work, in order.

use std::collections::HashMap;
use std::sync::mpsc::{SyncSender, sync_channel};

use fastcdc::v2020::FastCDC;
use jiff::{SignedDuration, Timestamp};

use crate::catalog::FormatError;
use crate::catalog::entry::{Entry, Kind, Line, Time};
use crate::catalog::manifest::Counts;
use crate::source::{Content, Item, Piece, Source, Stream, Trouble};
use crate::tree::TreeError;
use crate::tree::capture::flow::{CUT, GROUP_BYTES, GROUP_ENTRIES, GROUP_READS, Job, Out, SMALL, Step, Todo};
use crate::tree::capture::known::Known;
use crate::tree::capture::parent::Cursor;
use crate::tree::capture::worker::{CHANGED, skipped};
use crate::tree::progress::Progress;

/// Files with several names whose other names are still to come. More are stored once for each name, and told.
const LINKED: usize = 200_000;
/// Text of the parent's lines that is passed on as one piece, bytes.
const LINES_BYTES: usize = 256 << 10;
const UNLINKED: &str = "has more hard links than bdr remembers, stored once for each name";

/// The parent as the driver needs it.
pub struct Before {
    pub cursor: Cursor,
    /// When the parent's walk began.
    pub snapshot: Timestamp,
}

pub struct Driver<'a> {
    pub before: Option<Before>,
    pub known: &'a Known,
    progress: &'a Progress,
    pub jobs: SyncSender<Job>,
    pub steps: SyncSender<Step>,
    group: Vec<Todo>,
    group_bytes: u64,
    group_reads: usize,
    /// By device and inode: the first name, and how many are still to come.
    linked: HashMap<(u64, u64), (Vec<u8>, u64)>,
    buffer: Vec<u8>,
    unchanged: u64,
    /// The roots of the source, and how many files and links were met below each.
    roots: Vec<Vec<u8>>,
    held: Vec<u64>,
}

fn stopped<T>(_: T) -> TreeError {
    TreeError::Stopped
}

impl<'a> Driver<'a> {
    pub fn new(
        before: Option<Before>,
        known: &'a Known,
        progress: &'a Progress,
        (jobs, steps): (SyncSender<Job>, SyncSender<Step>),
        roots: Vec<Vec<u8>>,
    ) -> Self {
        let held = vec![0; roots.len()];
        let (group, linked, buffer) = (Vec::new(), HashMap::new(), Vec::new());
        let (group_bytes, group_reads, unchanged) = (0, 0, 0);
        Self { before, known, progress, jobs, steps, group, group_bytes, group_reads, linked, buffer, unchanged, roots, held }
    }

    /// # Errors
    /// When the source or the parent can no longer be read, or when another stage stopped.
    pub fn run(mut self, source: &mut dyn Source) -> Result<(), TreeError> {
        while let Some(item) = source.next()? {
            self.progress.go_on()?;
            self.hold(&item.entry);
            self.item(item)?;
            if self.group.len() >= GROUP_ENTRIES || self.group_reads >= GROUP_READS || self.group_bytes >= GROUP_BYTES {
                self.flush()?;
            }
        }
        self.flush()?;
        self.steps.send(Step::Finish { unchanged: self.unchanged, held: self.held }).map_err(stopped)
    }

    fn hold(&mut self, entry: &Entry) {
        if matches!(entry.kind, Kind::File | Kind::Symlink) {
            let below = |root: &[u8]| entry.path.strip_prefix(root).is_some_and(|rest| matches!(rest, [] | [b'/', ..]));
            for (_, held) in self.roots.iter().zip(&mut self.held).filter(|(root, _)| root.is_empty() || below(root)) {
                *held += 1;
            }
        }
    }

    fn item(&mut self, item: Item) -> Result<(), TreeError> {
        let Item { mut entry, content, links, mut trouble } = item;
        let Some(content) = content else {
            self.group.push(Todo::Done(Out::Entry(Box::new(entry), trouble)));
            return Ok(());
        };
        if links > 1 {
            match self.earlier_name(&entry, links) {
                Ok(None) => {}
                Ok(Some(earlier)) => {
                    entry.link = Some(earlier);
                    self.group.push(Todo::Done(Out::Entry(Box::new(entry), trouble)));
                    return Ok(());
                }
                Err(full) => trouble = trouble.or(Some(full)),
            }
        }
        if trouble.is_none() && self.take_over(&entry)? {
            return Ok(());
        }
        if entry.size <= SMALL && trouble.is_none() {
            self.group_bytes += entry.size;
            self.group_reads += 1;
            self.group.push(Todo::Read(Box::new(entry), content));
            return Ok(());
        }
        self.large(entry, content, trouble)
    }

    /// The first name of a file with several, if this is a later one.
    fn earlier_name(&mut self, entry: &Entry, links: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let key = (entry.identity.dev, entry.identity.ino);
        let Some((name, left)) = self.linked.get_mut(&key) else {
            if self.linked.len() >= LINKED {
                return Err(Trouble::note(UNLINKED, format!("{links} names")));
            }
            self.linked.insert(key, (entry.path.clone(), links - 1));
            return Ok(None);
        };
        let name = name.clone();
        *left -= 1;
        if *left == 0 {
            self.linked.remove(&key);
        }
        Ok(Some(name))
    }

    /// Takes the parent's lines over where the file is the one that the parent read.
    fn take_over(&mut self, entry: &Entry) -> Result<bool, TreeError> {
        let Some(before) = &mut self.before else { return Ok(false) };
        let snapshot = before.snapshot;
        let Some((old, text)) = before.cursor.find(&entry.path)? else { return Ok(false) };
        if !unchanged(old, entry, snapshot) {
            return Ok(false);
        }
        let counts = Counts { entries: 1, files: 1, bytes: old.size, ..Counts::default() };
        let (text, more) = (text.to_vec(), old.content.more);
        old.content.blocks.iter().for_each(|block| self.known.packs().mark(block.pack));
        before.cursor.advance();
        self.unchanged += 1;
        match self.group.last_mut() {
            // Neighbours share one piece, which is what makes an unchanged tree cheap.
            Some(Todo::Done(Out::Lines { text: all, lines, counts: sum })) if all.len() < LINES_BYTES => {
                all.extend_from_slice(&text);
                *lines += 1;
                sum.entries += 1;
                sum.files += 1;
                sum.bytes += counts.bytes;
            }
            _ => self.group.push(Todo::Done(Out::Lines { text, lines: 1, counts })),
        }
        if more {
            self.take_over_rest()?;
        }
        Ok(true)
    }

    /// Takes over the further stretches of a large file, a piece at a time.
    fn take_over_rest(&mut self) -> Result<(), TreeError> {
        let (mut text, mut lines, mut more) = (Vec::new(), 0, true);
        while more {
            let Some(before) = &mut self.before else { break };
            let Some((Line::More(next), line)) = before.cursor.peek()? else {
                return Err(FormatError::damaged("the parent's index", "a file without its end").into());
            };
            next.content.blocks.iter().for_each(|block| self.known.packs().mark(block.pack));
            more = next.content.more;
            text.extend_from_slice(line);
            lines += 1;
            before.cursor.advance();
            if text.len() >= LINES_BYTES || !more {
                let counts = Counts::default();
                self.group.push(Todo::Done(Out::Lines { text: std::mem::take(&mut text), lines, counts }));
                self.flush()?;
                lines = 0;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), TreeError> {
        if self.group.is_empty() {
            return Ok(());
        }
        (self.group_bytes, self.group_reads) = (0, 0);
        let (answer, result) = sync_channel(1);
        self.jobs.send(Job::Group(std::mem::take(&mut self.group), answer)).map_err(stopped)?;
        self.steps.send(Step::Group(result)).map_err(stopped)
    }

    fn large(&mut self, entry: Entry, content: Box<dyn Content>, trouble: Option<Trouble>) -> Result<(), TreeError> {
        let opened = match content.open() {
            Ok(opened) => opened,
            Err(trouble) => {
                self.group.push(Todo::Done(Out::Entry(Box::new(skipped(entry, &trouble)), Some(trouble))));
                return Ok(());
            }
        };
        self.flush()?;
        let mut entry = entry;
        entry.meta.xattrs = opened.xattrs;
        let mut stream = opened.stream;
        self.steps.send(Step::Begin(Box::new(entry))).map_err(stopped)?;
        let (size, failed) = self.cut(&mut *stream)?;
        let changed = || Trouble::suspect(CHANGED, "what is stored is of no single moment");
        let trouble = failed.or_else(|| (!stream.settled()).then(changed)).or(trouble);
        self.steps.send(Step::End { size, trouble }).map_err(stopped)
    }

    /// Cuts a stream into blocks; returns how long it was, and what ended it before its end.
    fn cut(&mut self, stream: &mut dyn Stream) -> Result<(u64, Option<Trouble>), TreeError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(CUT.2 * 2, 0);
        let (mut begin, mut end, mut size) = (0, 0, 0);
        let failed = loop {
            // Room for a whole block behind `begin`, so that where to cut never depends on how reads came.
            if buffer.len() - begin < CUT.2 {
                buffer.copy_within(begin..end, 0);
                (begin, end) = (0, end - begin);
            }
            let piece = if end - begin < CUT.2 { stream.read(&mut buffer[end..]) } else { Ok(Piece::Data(0)) };
            match piece {
                Ok(Piece::Data(length)) => {
                    end += length;
                    if end - begin >= CUT.2 {
                        let (_, at) = FastCDC::new(&buffer[begin..end], CUT.0, CUT.1, CUT.2).cut(0, end - begin);
                        self.block(&buffer[begin..begin + at])?;
                        size += at as u64;
                        begin += at;
                    }
                    continue;
                }
                Ok(Piece::Hole(length)) => {
                    size += self.rest(&buffer[begin..end])?;
                    (begin, end) = (0, 0);
                    self.steps.send(Step::Hole { at: size, length }).map_err(stopped)?;
                    size += length;
                    continue;
                }
                Ok(Piece::End) => break None,
                Err(trouble) => break Some(trouble),
            }
        };
        size += self.rest(&buffer[begin..end])?;
        self.buffer = buffer;
        Ok((size, failed))
    }

    /// Cuts all of the bytes: nothing follows them directly.
    fn rest(&mut self, mut bytes: &[u8]) -> Result<u64, TreeError> {
        let size = bytes.len() as u64;
        while !bytes.is_empty() {
            let (_, at) = FastCDC::new(bytes, CUT.0, CUT.1, CUT.2).cut(0, bytes.len());
            self.block(&bytes[..at])?;
            bytes = &bytes[at..];
        }
        Ok(size)
    }

    fn block(&mut self, bytes: &[u8]) -> Result<(), TreeError> {
        self.progress.go_on()?;
        let (answer, result) = sync_channel(1);
        self.jobs.send(Job::Block(bytes.to_vec(), answer)).map_err(stopped)?;
        self.steps.send(Step::Block(result, bytes.len() as u64)).map_err(stopped)
    }
}

/// Whether a file is, as far as can be told without reading, the one that the parent read. A file whose status changed about
/// when the parent's walk began or later may have changed again within one tick of the file system's clock, so it is read.
fn unchanged(old: &Entry, new: &Entry, snapshot: Timestamp) -> bool {
    let margin = snapshot - SignedDuration::from_secs(1);
    let settled = new.identity.ctime < Time(margin.as_second(), 0);
    let same = old.identity == new.identity && old.size == new.size && old.meta.mtime == new.meta.mtime;
    old.kind == Kind::File && old.link.is_none() && !old.changed && same && settled
}
