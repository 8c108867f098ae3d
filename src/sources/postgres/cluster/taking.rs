//! A base backup as a source: connects when it is asked for its first item, and closes with what the server said at the end.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use crate::catalog::entry::{Entry, Identity, Kind, Meta, Time, is_safe};
use crate::catalog::manifest::{Cluster, Tablespace};
use crate::diag::shown;
use crate::postgres::{About, Ended, Part, Target, Walsender};
use crate::source::{Closing, Item, Source, Trouble};
use crate::sources::postgres::cluster::incoming::{Shared, failed};
use crate::sources::postgres::cluster::log::{Log, STAMP};
use crate::sources::postgres::cluster::tar::Header;
use crate::sources::postgres::cluster::{CONTROL, DATA, TABLESPACES};
use crate::wal::{Lsn, Timeline};

const UNHELD: &str = "the server holds no log for the backup, so one that takes long may fail";
const CORRUPTED: &str = "pages that fail their checksums";
const OUTSIDE: &str = "configuration outside of the data directory, which no base backup holds";
const WARNED: &str = "the server warned";
const LABEL: &str = "backup_label";
const MANIFEST: &str = "backup_manifest";

/// A base backup that is taken.
pub struct Taking {
    target: Target,
    /// The system identifier that the server must have: that of the one that was looked at.
    system: u64,
    now: Timestamp,
    state: State,
    /// What comes before the next entry of the stream.
    before: VecDeque<Item>,
    closing: Closing,
}

enum State {
    Unbegun,
    Running(Box<Running>),
    Over,
}

struct Running {
    stream: Shared,
    about: About,
    start: Lsn,
    timeline: Timeline,
    tablespaces: Vec<Tablespace>,
    log: Log,
    /// Where the entries of the archive that comes now go; `None`: none comes.
    archive: Option<String>,
    /// The folders above them that were not told yet.
    folders: Vec<String>,
    /// And those that were.
    told: BTreeSet<String>,
    /// To whom the server's files belong.
    owner: (u32, u32),
    /// What must have come of the data directory: its label and its control file.
    label: bool,
    control: bool,
}

impl Taking {
    pub fn new(target: Target, system: u64, now: Timestamp) -> Self {
        Self { target, system, now, state: State::Unbegun, before: VecDeque::new(), closing: Closing::default() }
    }

    fn begin(&mut self) -> Result<Running, Trouble> {
        let mut walsender = Walsender::connect(&self.target).map_err(failed)?;
        let about = walsender.about.clone();
        if about.system != self.system {
            return Err(failed(format!("it is of another cluster now: {} where {} was", about.system, self.system)));
        }
        self.closing.troubles.extend(about.outside.iter().map(|path| Trouble::note(OUTSIDE, path)));
        // Without it the server may remove what the backup needs of its log before it was sent.
        if let Err(error) = walsender.hold_log() {
            self.closing.troubles.push(Trouble::note(UNHELD, error));
        }
        let backup = walsender.base_backup().map_err(failed)?;
        let (start, timeline) = (backup.start, backup.timeline);
        let of = |one: &crate::postgres::Tablespace| Tablespace { oid: one.oid, location: one.location.clone() };
        let tablespaces = backup.tablespaces.iter().map(of).collect();
        Ok(Running {
            stream: Shared::new(backup),
            about,
            start,
            timeline,
            tablespaces,
            log: Log::default(),
            archive: None,
            folders: Vec::new(),
            told: BTreeSet::new(),
            owner: (0, 0),
            label: false,
            control: false,
        })
    }

    /// The next item; `None`: the backup is over, and whole.
    fn step(&mut self, mut running: Box<Running>) -> Result<Option<Item>, Trouble> {
        running.stream.lock().go_on()?;
        loop {
            if running.archive.is_some() {
                let header = running.stream.lock().header()?;
                if let Some(header) = header {
                    self.before.extend(running.items(header, self.now)?);
                    if let Some(first) = self.before.pop_front() {
                        self.state = State::Running(running);
                        return Ok(Some(first));
                    }
                    continue;
                }
                running.archive = None;
            }
            let part = running.stream.lock().part()?;
            match part {
                Part::Archive(oid) => running.open(oid),
                Part::Manifest => {
                    let content = running.stream.content(None);
                    let item = running.item(format!("{DATA}/{MANIFEST}").into_bytes(), (Kind::File, 0o600), self.now);
                    self.state = State::Running(running);
                    return Ok(Some(Item { content: Some(content), ..item }));
                }
                Part::Data(_) => return Err(failed("the server sends bytes of nothing")),
                Part::End(ended) => {
                    self.closing.troubles.extend(troubles(&ended));
                    self.closing.cluster = Some(running.end(&ended)?);
                    return Ok(None);
                }
            }
        }
    }
}

impl Running {
    /// An archive begins: of the data directory, or of a tablespace.
    fn open(&mut self, oid: Option<u32>) {
        let folder = oid.map_or_else(|| DATA.to_owned(), |oid| format!("{TABLESPACES}/{oid}"));
        let above = oid.map(|_| TABLESPACES.to_owned()).into_iter().chain([folder.clone()]);
        let new: Vec<String> = above.filter(|folder| self.told.insert(folder.clone())).collect();
        self.folders.extend(new);
        self.archive = Some(folder);
    }

    /// An entry of the archive that comes now, behind the folders above it that were not told yet. Where tablespaces lie in the data
    /// directory itself, as a restore puts them, the server sends their folders once more, empty.
    fn items(&mut self, header: Header, now: Timestamp) -> Result<Vec<Item>, Trouble> {
        self.owner = (header.uid, header.gid);
        let folders = std::mem::take(&mut self.folders);
        let mode = |folder: &str| if folder == DATA { self.about.mode } else { 0o700 };
        let folders = folders.into_iter().map(|folder| {
            let mode = mode(&folder);
            self.item(folder.into_bytes(), (Kind::Directory, mode), now)
        });
        let mut items: Vec<Item> = folders.collect();
        let folder = self.archive.clone().unwrap_or_default();
        if folder == DATA {
            self.met(&header)?;
        }
        let Header { path, kind, mode, mtime, size, target, .. } = header;
        let path = [folder.as_bytes(), &path].join(&b'/');
        if !is_safe(&path) {
            return Err(failed(format!("the server sends `{}`, which leaves its data directory", shown(&path))));
        }
        if kind == Kind::Directory && self.told.contains(&*String::from_utf8_lossy(&path)) {
            return Ok(items);
        }
        let mut item = self.item(path, (kind, mode), now);
        item.entry.meta.mtime = Time(mtime, 0);
        (item.entry.size, item.entry.target) = (size, target);
        item.content = Some(self.stream.content(Some(size))).filter(|_| kind == Kind::File);
        items.push(item);
        Ok(items)
    }

    /// Notes what a backup cannot be without.
    fn met(&mut self, header: &Header) -> Result<(), Trouble> {
        let path = String::from_utf8_lossy(&header.path);
        self.label |= path == LABEL;
        self.control |= path == CONTROL;
        match path.strip_prefix("pg_wal/") {
            Some(name) if header.kind == Kind::File => {
                let mut incoming = self.stream.lock();
                self.log.take(&self.about, name, header.size, incoming.peek(STAMP)?).map_err(failed)
            }
            _ => Ok(()),
        }
    }

    fn item(&self, path: Vec<u8>, (kind, mode): (Kind, u32), now: Timestamp) -> Item {
        let time = Time(now.as_second(), 0);
        let (uid, gid) = self.owner;
        let entry = Entry {
            path,
            kind,
            meta: Meta { mode, uid, gid, mtime: time, xattrs: Vec::new() },
            // Never that of the backup before: what did not change is known by its blocks.
            identity: Identity { ctime: time, dev: 0, ino: 0 },
            ..Entry::default()
        };
        Item { entry, content: None, links: 1, trouble: None }
    }

    /// What the backup is of, once all of it is there.
    ///
    /// # Errors
    /// When something is missing that it cannot be without.
    fn end(self: Box<Self>, ended: &Ended) -> Result<Cluster, Trouble> {
        let Self { about, start, timeline, tablespaces, log, label, control, .. } = *self;
        for (there, name) in [(label, LABEL), (control, CONTROL)] {
            if !there {
                return Err(failed(format!("the server sent no {name}")));
            }
        }
        log.complete(&about, (start, timeline), ended).map_err(failed)?;
        Ok(Cluster {
            system_identifier: about.system.to_string(),
            timeline: timeline.0.get(),
            start,
            stop: ended.stop,
            server_version: about.version,
            segment_bytes: about.segment.bytes(),
            checksums: about.checksums,
            tablespaces,
        })
    }
}

/// What the server had to say of a backup that came whole.
fn troubles(ended: &Ended) -> Vec<Trouble> {
    let Ended { warnings, warned, corrupted, .. } = ended;
    let trouble = |detail: String| match corrupted {
        Some(_) => Trouble::suspect(CORRUPTED, detail),
        None => Trouble::note(WARNED, detail),
    };
    let mut troubles: Vec<Trouble> = warnings.iter().map(|said| trouble(said.to_string())).collect();
    let more = warned.saturating_sub(warnings.len() as u64);
    if more > 0 {
        troubles.push(trouble(format!("and {more} more")));
    }
    troubles.extend(corrupted.iter().filter(|_| *warned == 0).map(|said| trouble(said.to_string())));
    troubles
}

impl Source for Taking {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        if let Some(item) = self.before.pop_front() {
            return Ok(Some(item));
        }
        let running = match std::mem::replace(&mut self.state, State::Over) {
            State::Unbegun => Box::new(self.begin()?),
            State::Running(running) => running,
            State::Over => return Ok(None),
        };
        self.step(running)
    }

    fn is_stream(&self) -> bool {
        true
    }

    fn close(&mut self) -> Closing {
        std::mem::take(&mut self.closing)
    }
}
