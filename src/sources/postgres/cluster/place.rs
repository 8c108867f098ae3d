//! A data directory as a destination.
//!
//! Why a crash at each point is safe: no server starts on a folder without `global/pg_control`, and that stands under another name
//! from the first moment to the last.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::catalog::entry::Entry;
use crate::catalog::manifest::Cluster;
use crate::source::{Destination, ReadAt, Settled, Sink, Standing, Trouble};
use crate::sources::folder::{Into, Target};
use crate::sources::postgres::cluster::recovery::{Recovery, settings};
use crate::sources::postgres::cluster::{CONTROL, DATA, TABLESPACES};

/// What [`CONTROL`] is called until everything else is there.
const WAITING: &str = "global/pg_control.restoring";
const LINKS: &str = "pg_tblspc";
const MAP: &str = "tablespace_map";
const SETTINGS: &str = "postgresql.auto.conf";
const SIGNAL: &str = "recovery.signal";
const STANDBY: &str = "standby.signal";

/// Where a cluster goes.
#[derive(Debug, Clone)]
pub struct Place {
    /// Becomes the data directory.
    pub folder: PathBuf,
    /// Where tablespaces go, by OID: absolute. Those that are not named go below the data directory.
    pub elsewhere: BTreeMap<u32, PathBuf>,
    pub overwrite: bool,
    pub owners: bool,
}

impl Place {
    /// Where a tablespace goes.
    pub fn of(&self, oid: u32) -> PathBuf {
        let below = || {
            let path = self.folder.join("tablespaces").join(oid.to_string());
            std::path::absolute(&path).unwrap_or(path)
        };
        self.elsewhere.get(&oid).cloned().unwrap_or_else(below)
    }
}

/// A data directory that is being restored, with its tablespaces.
pub struct Placed {
    place: Place,
    data: Target,
    /// Those that lie elsewhere.
    spaces: BTreeMap<u32, Target>,
    /// Where all of them go, by OID.
    locations: BTreeMap<u32, PathBuf>,
}

impl Placed {
    /// # Errors
    /// When a folder cannot be made or opened.
    pub fn open(place: Place, cluster: &Cluster) -> Result<Self, Trouble> {
        let into = |folder: &Path, strip: String| Into {
            folder: folder.to_owned(),
            strip: strip.into_bytes(),
            overwrite: place.overwrite,
            owners: place.owners,
        };
        let data = Target::open(into(&place.folder, DATA.to_owned()))?;
        let mut spaces = BTreeMap::new();
        for (oid, folder) in &place.elsewhere {
            spaces.insert(*oid, Target::open(into(folder, format!("{TABLESPACES}/{oid}")))?);
        }
        let locations = cluster.tablespaces.iter().map(|space| (space.oid, place.of(space.oid))).collect();
        Ok(Self { place, data, spaces, locations })
    }

    /// Takes what would let a server start on the folder out of its way, before anything in it changes.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn begin(&self) -> io::Result<()> {
        match fs::rename(self.place.folder.join(CONTROL), self.place.folder.join(WAITING)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Makes the folder a data directory, once everything is there. `recovery`: how a server on it goes on beyond the backup; `None`: it
    /// ends where the backup did.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn complete(&self, recovery: Option<&Recovery>) -> io::Result<()> {
        let map = self.place.folder.join(MAP);
        match fs::read(&map) {
            // The server makes its links anew from it when it first starts.
            Ok(text) => fs::write(&map, moved(&text, &self.locations))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        for (oid, location) in &self.locations {
            let link = self.place.folder.join(LINKS).join(oid.to_string());
            match fs::remove_file(&link) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => std::os::unix::fs::symlink(location, &link)?,
            }
        }
        self.settle(recovery)?;
        let control = self.place.folder.join(CONTROL);
        fs::rename(self.place.folder.join(WAITING), &control)?;
        fs::File::open(control.parent().unwrap_or(&control))?.sync_all()
    }

    /// Says how a server recovers that is started on it.
    fn settle(&self, recovery: Option<&Recovery>) -> io::Result<()> {
        let folder = &self.place.folder;
        let owner = fs::metadata(folder.join("PG_VERSION"))?;
        let ours = |path: &Path| std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid()));
        let path = folder.join(SETTINGS);
        let mut file = fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        file.write_all(settings(recovery).as_bytes())?;
        ours(&path)?;
        match fs::remove_file(folder.join(STANDBY)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if recovery.is_some() {
            let signal = folder.join(SIGNAL);
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&signal)?;
            ours(&signal)?;
        }
        Ok(())
    }

    fn at(&self, entry: &Entry) -> &Target {
        self.space(&entry.path).unwrap_or(&self.data)
    }

    /// The tablespace that lies elsewhere and holds a path.
    fn space(&self, path: &[u8]) -> Option<&Target> {
        let below = path.strip_prefix(TABLESPACES.as_bytes())?.strip_prefix(b"/")?;
        let oid = below.split(|byte| *byte == b'/').next()?;
        self.spaces.get(&std::str::from_utf8(oid).ok()?.parse().ok()?)
    }

    /// The entry as it is put there: the control file goes under its other name.
    fn put(&self, entry: &Entry) -> Entry {
        let mut entry = entry.clone();
        let own = entry.path.strip_prefix(DATA.as_bytes()).and_then(|path| path.strip_prefix(b"/"));
        if own == Some(CONTROL.as_bytes()) {
            entry.path = format!("{DATA}/{WAITING}").into_bytes();
        }
        entry
    }
}

impl Destination for Placed {
    fn directory(&self, entry: &Entry) -> Result<(), Trouble> {
        self.at(entry).directory(entry)
    }

    fn existing(&self, entry: &Entry) -> Option<Box<dyn ReadAt>> {
        self.at(entry).existing(&self.put(entry))
    }

    fn standing(&self, entry: &Entry) -> Standing {
        self.at(entry).standing(&self.put(entry))
    }

    fn file(&self, entry: &Entry) -> Result<Box<dyn Sink>, Trouble> {
        self.at(entry).file(&self.put(entry))
    }

    fn symlink(&self, entry: &Entry) -> Result<Settled, Trouble> {
        self.at(entry).symlink(entry)
    }

    fn link(&self, entry: &Entry, earlier: &[u8]) -> Result<(), Trouble> {
        self.at(entry).link(entry, earlier)
    }

    fn below(&self, entry: &Entry) -> Result<Vec<u8>, Trouble> {
        // What lies elsewhere is held against nothing in the folder.
        self.data.below(&self.put(entry))
    }

    fn leftovers(&self, folder: &[u8], remove: bool) -> Vec<Vec<u8>> {
        self.data.leftovers(folder, remove)
    }

    fn remove(&self, below: &[u8]) -> Result<(), Trouble> {
        self.data.remove(below)
    }

    fn finish(&self, entry: &Entry) -> Result<Settled, Trouble> {
        self.at(entry).finish(&self.put(entry))
    }
}

/// A map of tablespaces with other places: `<oid> <path>` in each line, in which a backslash stands before what would end one.
fn moved(text: &[u8], locations: &BTreeMap<u32, PathBuf>) -> Vec<u8> {
    let mut out = Vec::new();
    for line in lines(text) {
        let oid = line.split(|byte| *byte == b' ').next().and_then(|oid| std::str::from_utf8(oid).ok()?.parse().ok());
        match oid.and_then(|oid: u32| Some((oid, locations.get(&oid)?))) {
            Some((oid, location)) => {
                out.extend_from_slice(format!("{oid} ").as_bytes());
                for byte in location.as_os_str().as_encoded_bytes() {
                    if matches!(byte, b'\n' | b'\r' | b'\\') {
                        out.push(b'\\');
                    }
                    out.push(*byte);
                }
            }
            None => out.extend_from_slice(line),
        }
        out.push(b'\n');
    }
    out
}

/// Lines of a map, whose ends are those without a backslash before them.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    let (mut lines, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\n' && !escaped {
            lines.push(&text[from..at]);
            from = at + 1;
        }
        escaped = *byte == b'\\' && !escaped;
    }
    if from < text.len() {
        lines.push(&text[from..]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_tablespaces_keeps_its_lines_and_changes_their_places() {
        let locations = [(16_400, PathBuf::from("/new/a b\\c")), (16_401, PathBuf::from("/n"))].into();
        let text = b"16400 /old\\\nname\n16401 /x\\\\\n16402 /kept\n";
        let moved = String::from_utf8(moved(text, &locations)).expect("text");
        assert_eq!(moved, "16400 /new/a b\\\\c\n16401 /n\n16402 /kept\n");
        assert_eq!(super::moved(b"", &locations), b"");
    }
}
