//! Lines of the index that came in another order: sorted in memory of a fixed size, with what is more in temporary files.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, Write};

use crate::catalog::entry::cmp_paths;
use crate::tree::TreeError;

/// Bytes that are held before they go into a temporary file.
const HELD: usize = 16 << 20;
/// What a line takes beside its bytes, about.
const BESIDE: usize = 64;

/// A line of the index that has no place yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsorted {
    pub path: Vec<u8>,
    /// The first line of its entry; those that go on with a file have the same path and come in their order.
    pub begins: bool,
    pub text: Vec<u8>,
}

/// Takes lines in any order, and gives them back by path.
pub struct Sorter {
    held: Vec<Unsorted>,
    bytes: usize,
    most: usize,
    runs: Vec<File>,
}

impl Default for Sorter {
    fn default() -> Self {
        Self { held: Vec::new(), bytes: 0, most: HELD, runs: Vec::new() }
    }
}

fn failed(error: io::Error) -> TreeError {
    TreeError::machine("sort the index in a temporary file", error)
}

impl Sorter {
    /// # Errors
    /// When a temporary file cannot be written.
    pub fn push(&mut self, line: Unsorted) -> Result<(), TreeError> {
        self.bytes += line.path.len() + line.text.len() + BESIDE;
        self.held.push(line);
        if self.bytes >= self.most { self.spill().map_err(failed) } else { Ok(()) }
    }

    /// Equal paths keep the order in which they came.
    fn sorted(&mut self) -> Vec<Unsorted> {
        self.bytes = 0;
        let mut held = std::mem::take(&mut self.held);
        held.sort_by(|a, b| cmp_paths(&a.path, &b.path));
        held
    }

    fn spill(&mut self) -> io::Result<()> {
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for line in self.sorted() {
            let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
            out.write_all(&length(&line.path))?;
            out.write_all(&length(&line.text))?;
            out.write_all(&[u8::from(line.begins)])?;
            out.write_all(&line.path)?;
            out.write_all(&line.text)?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        Ok(())
    }

    /// Gives every line, by path.
    ///
    /// # Errors
    /// When a temporary file cannot be read, or `give` fails.
    pub fn finish(mut self, give: &mut dyn FnMut(Unsorted) -> Result<(), TreeError>) -> Result<(), TreeError> {
        let last = self.sorted();
        let mut runs: Vec<Run> = Vec::new();
        for file in self.runs {
            runs.push(Run { rest: Rest::Spilled(BufReader::new(file)), next: None });
        }
        runs.push(Run { rest: Rest::Held(last.into_iter()), next: None });
        for run in &mut runs {
            run.advance().map_err(failed)?;
        }
        // The first of equal ones is the oldest.
        while let Some(run) = runs.iter_mut().filter(|run| run.next.is_some()).min_by(|a, b| a.cmp(b)) {
            let line = run.next.take();
            run.advance().map_err(failed)?;
            line.map_or(Ok(()), &mut *give)?;
        }
        Ok(())
    }
}

/// Some sorted lines.
struct Run {
    rest: Rest,
    next: Option<Unsorted>,
}

enum Rest {
    Spilled(BufReader<File>),
    Held(std::vec::IntoIter<Unsorted>),
}

impl Run {
    fn cmp(&self, other: &Self) -> Ordering {
        fn path(run: &Run) -> &[u8] {
            run.next.as_ref().map_or(&[], |line| &line.path)
        }
        cmp_paths(path(self), path(other))
    }

    fn advance(&mut self) -> io::Result<()> {
        self.next = match &mut self.rest {
            Rest::Held(lines) => lines.next(),
            Rest::Spilled(file) => read(file)?,
        };
        Ok(())
    }
}

fn read(file: &mut BufReader<File>) -> io::Result<Option<Unsorted>> {
    let mut head = [0; 9];
    match file.read_exact(&mut head) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let (mut path, mut text) = (vec![0; length(0)], vec![0; length(4)]);
    file.read_exact(&mut path)?;
    file.read_exact(&mut text)?;
    Ok(Some(Unsorted { path, begins: head[8] == 1, text }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_come_by_path_and_those_of_one_path_as_they_came(
            paths in proptest::collection::vec("[ab./-]{0,6}", 0..60),
            most in 1usize..2_000,
        ) {
            let line = |(at, path): (usize, &String)| Unsorted {
                path: path.clone().into_bytes(),
                begins: at.is_multiple_of(3),
                text: at.to_string().into_bytes(),
            };
            let mut expected: Vec<Unsorted> = paths.iter().enumerate().map(line).collect();
            let mut sorter = Sorter { most, ..Sorter::default() };
            expected.iter().for_each(|line| sorter.push(line.clone()).expect("pushed"));
            expected.sort_by(|a, b| cmp_paths(&a.path, &b.path));
            let mut found = Vec::new();
            sorter.finish(&mut |line| { found.push(line); Ok(()) }).expect("sorted");
            prop_assert_eq!(found, expected);
        }
    }
}
