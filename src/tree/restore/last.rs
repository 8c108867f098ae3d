//! The last pass of a restore: hard links, and owners, permissions and times of folders once nothing in them changes any more.

use std::collections::HashMap;

use crate::catalog::entry::{Entry, Kind};
use crate::source::{Destination, Standing};
use crate::tree::restore::select::Paths;
use crate::tree::restore::tally::Tally;

pub struct Last<'a> {
    destination: &'a dyn Destination,
    paths: &'a Paths,
    tally: &'a Tally,
    stand_ins: &'a HashMap<Vec<u8>, Vec<u8>>,
    /// Whether something may already stand there.
    compare: bool,
    /// The folders above the present entry.
    above: Vec<Entry>,
}

impl<'a> Last<'a> {
    pub fn new(
        destination: &'a dyn Destination,
        paths: &'a Paths,
        tally: &'a Tally,
        stand_ins: &'a HashMap<Vec<u8>, Vec<u8>>,
        compare: bool,
    ) -> Self {
        Self { destination, paths, tally, stand_ins, compare, above: Vec::new() }
    }

    pub fn entry(&mut self, entry: Entry) {
        while self.above.last().is_some_and(|above| !is_below(&entry.path, &above.path)) {
            self.leave();
        }
        if !self.paths.wants(&entry.path) {
            return;
        }
        match (entry.kind, &entry.link) {
            (Kind::Directory, _) => self.above.push(entry),
            (Kind::File, Some(earlier)) => {
                let restored = self.stand_ins.get(earlier).unwrap_or(earlier);
                // The first of the links to something unwanted is the file itself.
                if *restored == entry.path {
                    return;
                }
                if self.tally.fails_with(&entry.path, restored) {
                    return;
                }
                let kept = self.compare && self.stands(&entry, restored);
                match self.destination.link(&entry, restored) {
                    Ok(()) => {
                        Tally::count(&self.tally.hard_links, 1);
                        Tally::count(&self.tally.kept, u64::from(kept));
                    }
                    Err(trouble) => self.tally.trouble(&entry.path, &trouble),
                }
            }
            _ => {}
        }
    }

    /// Whether it is another name of that file already.
    fn stands(&self, entry: &Entry, restored: &[u8]) -> bool {
        let (path, meta) = (entry.path.clone(), entry.meta.clone());
        let entry = Entry { path, meta, link: Some(restored.to_vec()), kind: Kind::File, ..Entry::default() };
        self.destination.standing(&entry) == Standing::Alike
    }

    pub fn finish(mut self) {
        while !self.above.is_empty() {
            self.leave();
        }
    }

    fn leave(&mut self) {
        let Some(folder) = self.above.pop() else { return };
        match self.destination.finish(&folder) {
            Ok(settled) => self.tally.settled(&folder.path, &settled),
            Err(trouble) => self.tally.trouble(&folder.path, &trouble),
        }
    }
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
}
