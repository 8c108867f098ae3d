//! The workers of a capture: they read small files, hash, look blocks up, and compress.

use std::sync::mpsc::Receiver;
use std::sync::{Mutex, PoisonError};

use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use crate::catalog::digest::Digest;
use crate::catalog::entry::{Block, Entry, Kind};
use crate::catalog::pack::Inside;
use crate::source::{Content, Piece, Trouble};
use crate::tree::TreeError;
use crate::tree::capture::flow::{Cut, Frame, Group, HERE, Job, Out, PAGED_BLOCK, Paged, Todo};
use crate::tree::capture::known::Known;

pub const CHANGED: &str = "changed while being read";

/// Takes jobs until there are no more, or until nobody wants the answers.
pub fn work(jobs: &Mutex<Receiver<Job>>, known: &Known, level: i32) -> Result<(), TreeError> {
    let mut worker = Worker { compressor: compressor(level)?, known, plain: Vec::new() };
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let answered = match job {
            Err(_) => return Ok(()),
            Ok(Job::Group(todo, answer)) => answer.send(worker.group(todo)).is_ok(),
            Ok(Job::Block(bytes, answer)) => answer.send(worker.block(&bytes)).is_ok(),
            Ok(Job::Paged(bytes, answer)) => answer.send(worker.paged(&bytes)).is_ok(),
        };
        if !answered {
            return Ok(());
        }
    }
}

fn compressor(level: i32) -> Result<Compressor<'static>, TreeError> {
    let make = || {
        let mut compressor = Compressor::new(level)?;
        // So that `zstd -t` finds a flipped bit without bdr.
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(compressor)
    };
    make().map_err(|error: std::io::Error| TreeError::machine("compress", error))
}

struct Worker<'a> {
    compressor: Compressor<'static>,
    known: &'a Known,
    /// Plain bytes of the frame being filled; kept for its room.
    plain: Vec<u8>,
}

impl Worker<'_> {
    fn frame(&mut self, plain: &[u8], inside: Vec<Inside>) -> Result<Frame, TreeError> {
        let stored = self.compressor.compress(plain).map_err(|error| TreeError::machine("compress", error))?;
        Ok(Frame { stored, plain: u32::try_from(plain.len()).unwrap_or(u32::MAX), inside })
    }

    fn block(&mut self, bytes: &[u8]) -> Result<Cut, TreeError> {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let hash = Digest::blake3(bytes);
        match self.known.find(&hash, size)? {
            Some(block) => Ok(Cut::Known(block)),
            None => Ok(Cut::New { hash, frame: self.frame(bytes, vec![Inside(0, size, hash)])? }),
        }
    }

    /// Neighbouring blocks; those that are new share a frame.
    fn paged(&mut self, bytes: &[u8]) -> Result<Paged, TreeError> {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        let small = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (mut blocks, mut inside) = (Vec::new(), Vec::new());
        for bytes in bytes.chunks(PAGED_BLOCK) {
            let (hash, size) = (Digest::blake3(bytes), small(bytes.len()));
            let block = self.known.find(&hash, size)?.unwrap_or_else(|| {
                let at = small(plain.len());
                inside.push(Inside(at, size, hash));
                plain.extend_from_slice(bytes);
                Block { pack: HERE, offset: 0, stored: 0, at, size, hash }
            });
            blocks.push(block);
        }
        let frame = if plain.is_empty() { None } else { Some(self.frame(&plain, inside)?) };
        self.plain = plain;
        Ok(Paged { blocks, frame })
    }

    fn group(&mut self, todo: Vec<Todo>) -> Result<Group, TreeError> {
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        let mut group = Group { outs: Vec::with_capacity(todo.len()), frame: None, read_bytes: 0 };
        let mut inside = Vec::new();
        for todo in todo {
            let out = match todo {
                Todo::Done(out) => out,
                Todo::Read(entry, content) => {
                    let begin = plain.len();
                    let (entry, trouble) = read_small(*entry, content, &mut plain);
                    if let Some(last) = trouble.as_ref().filter(|trouble| trouble.last) {
                        return Err(last.clone().into());
                    }
                    group.read_bytes += (plain.len() - begin) as u64;
                    Out::Entry(Box::new(self.place(entry, begin, &mut plain, &mut inside)?), trouble)
                }
            };
            group.outs.push(out);
        }
        if !plain.is_empty() {
            group.frame = Some(self.frame(&plain, inside)?);
        }
        self.plain = plain;
        Ok(group)
    }

    /// Gives the bytes from `begin` to the entry: as a block that is known, and then they go, or as one of the frame.
    fn place(&self, mut entry: Entry, begin: usize, plain: &mut Vec<u8>, inside: &mut Vec<Inside>) -> Result<Entry, TreeError> {
        let bytes = &plain[begin..];
        if bytes.is_empty() {
            return Ok(entry);
        }
        let small = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (hash, size) = (Digest::blake3(bytes), small(bytes.len()));
        let block = match self.known.find(&hash, size)? {
            Some(block) => {
                plain.truncate(begin);
                block
            }
            None => {
                inside.push(Inside(small(begin), size, hash));
                Block { pack: HERE, offset: 0, stored: 0, at: small(begin), size, hash }
            }
        };
        entry.content.blocks.push(block);
        Ok(entry)
    }
}

/// Appends the bytes of a file. A file that cannot be read becomes a skipped entry, and what was read of it goes.
fn read_small(mut entry: Entry, content: Box<dyn Content>, plain: &mut Vec<u8>) -> (Entry, Option<Trouble>) {
    let begin = plain.len();
    let read = || {
        let opened = content.open()?;
        let mut stream = opened.stream;
        entry.meta.xattrs = opened.xattrs;
        let room = usize::try_from(entry.size).unwrap_or(usize::MAX);
        plain.resize(begin + room, 0);
        let mut end = begin;
        // Holes of a small file are stored as the zeros that they are.
        while end < begin + room {
            match stream.read(&mut plain[end..])? {
                Piece::Data(length) => end += length,
                Piece::Hole(length) => end += usize::try_from(length).unwrap_or(usize::MAX).min(begin + room - end),
                Piece::End => break,
            }
        }
        plain.truncate(end);
        entry.size = (end - begin) as u64;
        entry.changed = !stream.settled();
        Ok(())
    };
    match read() {
        Ok(()) => {
            let trouble = entry.changed.then(|| Trouble::suspect(CHANGED, "what is stored is of no single moment"));
            (entry, trouble)
        }
        Err(trouble) => {
            plain.truncate(begin);
            (skipped(entry, &trouble), Some(trouble))
        }
    }
}

/// The entry of a file whose content could not be had.
pub fn skipped(entry: Entry, trouble: &Trouble) -> Entry {
    Entry { path: entry.path, kind: Kind::Skipped, reason: Some(trouble.to_string()), ..Entry::default() }
}
