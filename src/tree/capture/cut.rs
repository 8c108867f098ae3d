//! Cutting contents into blocks, and holding on to those that can be read only now.

use std::sync::mpsc::{SyncSender, sync_channel};

use fastcdc::v2020::FastCDC;

use crate::source::{Content, Item, Opened, Piece, Stream, Trouble};
use crate::tree::TreeError;
use crate::tree::capture::flow::{CUT, Job, PAGED_BLOCK, PAGED_FRAME, Step};
use crate::tree::progress::Progress;

pub fn stopped<T>(_: T) -> TreeError {
    TreeError::Stopped
}

/// Cuts contents, and hands their blocks to the workers and to the sequencer.
pub struct Cutter<'a> {
    pub progress: &'a Progress,
    pub jobs: SyncSender<Job>,
    pub steps: SyncSender<Step>,
    buffer: Vec<u8>,
}

impl<'a> Cutter<'a> {
    pub fn new(progress: &'a Progress, (jobs, steps): (SyncSender<Job>, SyncSender<Step>)) -> Self {
        Self { progress, jobs, steps, buffer: Vec::new() }
    }

    /// Cuts a stream into blocks; returns how long it was, and what ended it before its end.
    pub fn cut(&mut self, stream: &mut dyn Stream) -> Result<(u64, Option<Trouble>), TreeError> {
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

    /// The same at fixed places. Neighbours go to one worker, so that they share a frame.
    pub fn paged(&mut self, stream: &mut dyn Stream) -> Result<(u64, Option<Trouble>), TreeError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(PAGED_FRAME, 0);
        let (mut end, mut size) = (0, 0);
        let failed = loop {
            match stream.read(&mut buffer[end..]) {
                Ok(Piece::Data(length)) => end += length,
                Ok(Piece::Hole(length)) => {
                    size += self.neighbours(&buffer[..end])?;
                    end = 0;
                    self.steps.send(Step::Hole { at: size, length }).map_err(stopped)?;
                    size += length;
                }
                Ok(Piece::End) => break None,
                Err(trouble) => break Some(trouble),
            }
            if end == buffer.len() {
                size += self.neighbours(&buffer)?;
                end = 0;
            }
        };
        size += self.neighbours(&buffer[..end])?;
        self.buffer = buffer;
        Ok((size, failed))
    }

    fn neighbours(&mut self, bytes: &[u8]) -> Result<u64, TreeError> {
        self.progress.go_on()?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let (answer, result) = sync_channel(1);
        self.jobs.send(Job::Paged(bytes.to_vec(), answer)).map_err(stopped)?;
        self.steps.send(Step::Paged(result, bytes.len() as u64)).map_err(stopped)?;
        Ok(bytes.len() as u64)
    }
}

/// Reads a small file of a stream, which goes on behind it. A larger one is cut before the stream is asked for more.
///
/// # Errors
/// When it cannot be read: the stream is of no use then.
pub fn hold(item: Item) -> Result<Item, Trouble> {
    match item.content {
        Some(content) if item.entry.size <= PAGED_BLOCK as u64 && content.is_measured() => {
            let paged = content.is_paged();
            let mut opened = content.open()?;
            let mut bytes = vec![0; usize::try_from(item.entry.size).unwrap_or_default()];
            let mut end = 0;
            while end < bytes.len() {
                match opened.stream.read(&mut bytes[end..])? {
                    Piece::Data(length) => end += length,
                    Piece::Hole(length) => end += usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len() - end),
                    Piece::End => break,
                }
            }
            bytes.truncate(end);
            let content: Box<dyn Content> = Box::new(Held { bytes, at: 0, paged });
            Ok(Item { content: Some(content), ..item })
        }
        content => Ok(Item { content, ..item }),
    }
}

/// A file that was read.
struct Held {
    bytes: Vec<u8>,
    at: usize,
    paged: bool,
}

impl Content for Held {
    fn open(self: Box<Self>) -> Result<Opened, Trouble> {
        Ok(Opened { xattrs: Vec::new(), stream: self })
    }

    fn is_paged(&self) -> bool {
        self.paged
    }
}

impl Stream for Held {
    fn read(&mut self, into: &mut [u8]) -> Result<Piece, Trouble> {
        let length = into.len().min(self.bytes.len() - self.at);
        into[..length].copy_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
        Ok(if length == 0 { Piece::End } else { Piece::Data(length) })
    }

    fn settled(&mut self) -> bool {
        true
    }
}
