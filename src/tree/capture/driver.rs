//! The driver of a capture: walks the source beside the parent's index and hands out the work, in order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use jiff::{SignedDuration, Timestamp};

use crate::catalog::entry::{Entry, Kind, Time};
use crate::catalog::manifest::Counts;
use crate::source::{Content, Item, Source, Trouble};
use crate::tree::TreeError;
use crate::tree::capture::cut::{Cutter, hold, stopped};
use crate::tree::capture::flow::{GROUP_BYTES, GROUP_ENTRIES, Job, Out, PAGED_BLOCK, SMALL, Step, Todo};
use crate::tree::capture::known::Known;
use crate::tree::capture::parent::{Cursor, Taken};
use crate::tree::capture::worker::{CHANGED, skipped};
use crate::tree::progress::Progress;

/// Files with several names whose other names are still to come. More are stored once for each name, and told.
const LINKED: usize = 200_000;
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
    cutter: Cutter<'a>,
    group: Vec<Todo>,
    /// Of files to read, and of lines taken over.
    group_bytes: u64,
    group_reads: usize,
    /// Files to read of one group.
    most_reads: usize,
    /// By device and inode: the first name, and how many are still to come.
    linked: HashMap<(u64, u64), (Vec<u8>, u64)>,
    unchanged: u64,
    /// The roots of the source, and how many files and links were met below each.
    roots: Vec<Vec<u8>>,
    held: Vec<u64>,
    /// And how many bytes the files have.
    bytes: Vec<u64>,
}

impl<'a> Driver<'a> {
    pub fn new(
        before: Option<Before>,
        known: &'a Known,
        progress: &'a Progress,
        queues: (SyncSender<Job>, SyncSender<Step>),
        (roots, most_reads): (Vec<Vec<u8>>, usize),
    ) -> Self {
        let (held, bytes) = (vec![0; roots.len()], vec![0; roots.len()]);
        let (group, linked) = (Vec::new(), HashMap::new());
        let cutter = Cutter::new(progress, queues);
        let (group_bytes, group_reads, unchanged) = (0, 0, 0);
        Self { before, known, cutter, group, group_bytes, group_reads, most_reads, linked, unchanged, roots, held, bytes }
    }

    /// # Errors
    /// When the source or the parent can no longer be read, or when another stage stopped.
    pub fn run(mut self, source: &mut dyn Source) -> Result<(), TreeError> {
        while let Some(item) = source.next()? {
            self.cutter.progress.go_on()?;
            let item = if source.is_stream() { hold(item)? } else { item };
            if matches!(item.entry.kind, Kind::File | Kind::Symlink) {
                self.hold(&item.entry.path, 1, item.entry.size);
            }
            self.item(item)?;
            let full = self.group_reads >= self.most_reads || self.group_reads > 0 && self.group_bytes >= GROUP_BYTES;
            if full || self.group.len() >= GROUP_ENTRIES {
                self.flush()?;
            }
        }
        self.flush()?;
        let (unchanged, held, bytes, closing) = (self.unchanged, self.held, self.bytes, source.close());
        self.cutter.steps.send(Step::Finish { unchanged, held, bytes, closing }).map_err(stopped)
    }

    fn hold(&mut self, path: &[u8], files: u64, bytes: u64) {
        let below = |root: &[u8]| path.strip_prefix(root).is_some_and(|rest| matches!(rest, [] | [b'/', ..]));
        for (at, _) in self.roots.iter().enumerate().filter(|(_, root)| root.is_empty() || below(root)) {
            self.held[at] += files;
            self.bytes[at] += bytes;
        }
    }

    fn item(&mut self, item: Item) -> Result<(), TreeError> {
        let Item { mut entry, content, links, mut trouble } = item;
        let Some(content) = content else {
            return self.plain(entry, trouble);
        };
        if links > 1 {
            match self.earlier_name(&entry, links) {
                Ok(None) => {}
                Ok(Some(earlier)) => {
                    entry.link = Some(earlier);
                    return self.plain(entry, trouble);
                }
                Err(full) => trouble = trouble.or(Some(full)),
            }
        }
        if trouble.is_none() && self.take_over(&entry)? {
            return Ok(());
        }
        let small = if content.is_paged() { PAGED_BLOCK as u64 } else { SMALL };
        if entry.size <= small && trouble.is_none() && content.is_measured() {
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

    /// Something that has no content of its own.
    fn plain(&mut self, entry: Entry, trouble: Option<Trouble>) -> Result<(), TreeError> {
        let same = match &mut self.before {
            Some(before) if trouble.is_none() => before.cursor.same(&entry)?,
            _ => None,
        };
        match same {
            Some(taken) => self.taken(taken, Counts::of(&entry)),
            None => {
                self.group.push(Todo::Done(Out::Entry(Box::new(entry), trouble)));
                Ok(())
            }
        }
    }

    /// Takes the parent's lines over where the file is the one that the parent read.
    fn take_over(&mut self, entry: &Entry) -> Result<bool, TreeError> {
        let Some(before) = self.before.as_mut().filter(|before| is_settled(entry, before.snapshot)) else { return Ok(false) };
        let Some(taken) = before.cursor.same_file(entry)? else { return Ok(false) };
        self.unchanged += 1;
        let mut more = taken.more;
        self.taken(taken, Counts::of(entry))?;
        while let Some(before) = self.before.as_mut().filter(|_| more) {
            let taken = before.cursor.rest()?;
            more = taken.more;
            self.taken(taken, Counts::default())?;
        }
        Ok(true)
    }

    fn taken(&mut self, taken: Taken, counts: Counts) -> Result<(), TreeError> {
        let Taken { frame, at, packs, .. } = taken;
        packs.iter().for_each(|pack| self.known.packs().mark(*pack));
        let lines = at..at + 1;
        self.group_bytes += frame.text(lines.clone()).len() as u64;
        let last = lines.end == frame.len();
        match self.group.last_mut() {
            // Neighbours share one piece, which is what makes an unchanged tree cheap.
            Some(Todo::Done(Out::Same { frame: other, lines, counts: sum })) if Arc::ptr_eq(&frame, other) && lines.end == at => {
                lines.end += 1;
                sum.add(&counts);
            }
            _ => self.group.push(Todo::Done(Out::Same { frame, lines, counts })),
        }
        // What is only taken over goes on by whole frames, which need not be compressed again.
        let full = if self.group_reads > 0 { self.group_bytes >= GROUP_BYTES } else { last };
        if full { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), TreeError> {
        if self.group.is_empty() {
            return Ok(());
        }
        self.group_bytes = 0;
        let group = std::mem::take(&mut self.group);
        if std::mem::take(&mut self.group_reads) == 0 {
            let done = |todo| match todo {
                Todo::Done(out) => Some(out),
                Todo::Read(..) => None,
            };
            return self.cutter.steps.send(Step::Done(group.into_iter().filter_map(done).collect())).map_err(stopped);
        }
        let (answer, result) = sync_channel(1);
        self.cutter.jobs.send(Job::Group(group, answer)).map_err(stopped)?;
        self.cutter.steps.send(Step::Group(result)).map_err(stopped)
    }

    fn large(&mut self, entry: Entry, content: Box<dyn Content>, trouble: Option<Trouble>) -> Result<(), TreeError> {
        let paged = content.is_paged();
        let unmeasured = (!content.is_measured()).then(|| entry.path.clone());
        let opened = match content.open() {
            Ok(opened) => opened,
            Err(trouble) if trouble.last => return Err(trouble.into()),
            Err(trouble) => {
                self.group.push(Todo::Done(Out::Entry(Box::new(skipped(entry, &trouble)), Some(trouble))));
                return Ok(());
            }
        };
        self.flush()?;
        let mut entry = entry;
        entry.meta.xattrs = opened.xattrs;
        let mut stream = opened.stream;
        self.cutter.steps.send(Step::Begin(Box::new(entry))).map_err(stopped)?;
        let (size, failed) = if paged { self.cutter.paged(&mut *stream)? } else { self.cutter.cut(&mut *stream)? };
        if let Some(last) = failed.as_ref().filter(|trouble| trouble.last) {
            return Err(last.clone().into());
        }
        if let Some(path) = unmeasured {
            self.hold(&path, 0, size);
        }
        let changed = || Trouble::suspect(CHANGED, "what is stored is of no single moment");
        let trouble = failed.or_else(|| (!stream.settled()).then(changed)).or(trouble);
        self.cutter.steps.send(Step::End { size, trouble }).map_err(stopped)
    }
}

/// Whether a file can be known without reading it. One whose status changed about when the parent's walk began or later may have
/// changed again within one tick of the file system's clock.
fn is_settled(entry: &Entry, snapshot: Timestamp) -> bool {
    let margin = snapshot - SignedDuration::from_secs(1);
    entry.identity.ctime < Time(margin.as_second(), 0)
}
