//! The dump of a database as a source: what `pg_dump` and `pg_dumpall` write goes straight into the tree.

use std::vec::IntoIter;

use jiff::Timestamp;
use rustix::process::{getegid, geteuid};

use crate::catalog::entry::{Entry, Identity, Kind, Meta, Time, cmp_paths};
use crate::postgres::{Program, Running, Server, Tool};
use crate::source::{Content, Item, Opened, Piece, Source, Stream, Trouble};
use crate::sources::postgres::description::{DESCRIPTION, Description};

const FAILED: &str = "a dump that did not come to its end";
const NO_PASSWORDS: &str = "roles without their passwords";
const GLOBALS: &str = "globals.sql";

/// What is dumped, by which programs.
pub struct Dumping {
    description: Description,
    /// By the file that each fills.
    programs: Vec<(String, Program)>,
}

impl Dumping {
    pub fn new(server: &Server, mut description: Description, (pg_dump, pg_dumpall): (&Tool, &Tool)) -> Self {
        description.dumped_by.clone_from(&pg_dump.version);
        description.dumped_by_major = pg_dump.major;
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let dump = description.databases.iter().map(|database| {
            // The name goes by the environment: as an argument one like `host=x` would be taken for a connection.
            let program = Program {
                path: pg_dump.path.clone(),
                arguments: words(&["--format=custom", "--compress=0", "--no-password"]),
                environment: server.environment(&database.name),
            };
            (database.file.clone(), program)
        });
        let mut programs: Vec<(String, Program)> = dump.collect();
        let mut arguments = words(&["--globals-only", "--no-password"]);
        if !description.role_passwords {
            arguments.push("--no-role-passwords".to_owned());
        }
        // Without it, it would look for a database `postgres`, which need not be there or be open to this user.
        let plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if let Some(name) = description.databases.iter().map(|database| database.name.as_str()).find(plain) {
            arguments.push(format!("--database={name}"));
        }
        let environment = server.environment("postgres");
        programs.push((GLOBALS.to_owned(), Program { path: pg_dumpall.path.clone(), arguments, environment }));
        Self { description, programs }
    }
}

/// The entries of one dump.
pub struct Dump(IntoIter<Item>);

impl Dump {
    pub fn new(dumping: &Dumping, now: Timestamp) -> Self {
        let written = dumping.programs.iter().map(|(file, program)| {
            let content = Written { file: file.clone(), program: program.clone() };
            let without = || Trouble::note(NO_PASSWORDS, "this user may not read them; a restored role has none until it is set");
            let trouble = (file == GLOBALS && !dumping.description.role_passwords).then(without);
            item(file, 0, Box::new(content), trouble, now)
        });
        // Serializing plain data into memory cannot fail.
        let text = serde_json::to_vec_pretty(&dumping.description).unwrap_or_default();
        let described = item(DESCRIPTION, text.len() as u64, Box::new(Text(text)), None, now);
        let mut items: Vec<Item> = written.chain([described]).collect();
        items.sort_by(|a, b| cmp_paths(&a.entry.path, &b.entry.path));
        Self(items.into_iter())
    }
}

impl Source for Dump {
    fn next(&mut self) -> Result<Option<Item>, Trouble> {
        Ok(self.0.next())
    }
}

/// A file that nobody but its owner may read: it holds all of a database.
fn item(file: &str, size: u64, content: Box<dyn Content>, trouble: Option<Trouble>, now: Timestamp) -> Item {
    let time = Time(now.as_second(), 0);
    let entry = Entry {
        path: file.as_bytes().to_vec(),
        kind: Kind::File,
        meta: Meta { mode: 0o600, uid: geteuid().as_raw(), gid: getegid().as_raw(), mtime: time, xattrs: Vec::new() },
        // Never that of the dump before: it is written anew each time.
        identity: Identity { ctime: time, dev: 0, ino: 0 },
        size,
        ..Entry::default()
    };
    Item { entry, content: Some(content), links: 1, trouble }
}

/// What a program will write.
struct Written {
    file: String,
    program: Program,
}

impl Content for Written {
    fn open(self: Box<Self>) -> Result<Opened, Trouble> {
        let failed = |error| Trouble::last(FAILED, format!("{}: {error}", self.program.path.display()));
        let running = self.program.start().map_err(failed)?;
        Ok(Opened { xattrs: Vec::new(), stream: Box::new(Writing { file: self.file, running, ended: false }) })
    }

    fn is_measured(&self) -> bool {
        false
    }
}

/// What a program writes. Its end is the end only if the program says so too.
struct Writing {
    file: String,
    running: Running,
    ended: bool,
}

impl Stream for Writing {
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble> {
        if self.ended {
            return Ok(Piece::End);
        }
        let failed = |why: String| Trouble::last(FAILED, format!("{}: {why}", self.file));
        let read = loop {
            match self.running.read(into) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| failed(error.to_string()))?,
            }
        };
        if read > 0 {
            return Ok(Piece::Data(read));
        }
        self.ended = true;
        self.running.finish().map_err(|said| Trouble::last(FAILED, format!("{}: {said}", self.file)))?;
        Ok(Piece::End)
    }

    fn settled(&mut self) -> bool {
        self.ended
    }
}

/// A few bytes that are known already.
struct Text(Vec<u8>);

impl Content for Text {
    fn open(self: Box<Self>) -> Result<Opened, Trouble> {
        Ok(Opened { xattrs: Vec::new(), stream: Box::new(Reading(std::io::Cursor::new(self.0))) })
    }
}

struct Reading(std::io::Cursor<Vec<u8>>);

impl Stream for Reading {
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble> {
        let read = std::io::Read::read(&mut self.0, into).map_err(|error| Trouble::last(FAILED, error))?;
        Ok(if read == 0 { Piece::End } else { Piece::Data(read) })
    }

    fn settled(&mut self) -> bool {
        true
    }
}
