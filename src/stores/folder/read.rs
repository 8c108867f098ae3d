//! Reading objects of a folder store, large ones into memory that is used again.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Objects and stretches of at least so many bytes are read into kept memory.
const LARGE: usize = 1 << 20;
/// The most that is kept while nobody uses it, bytes: two packs, which is what is checked at a time.
const KEPT: usize = 36 << 20;

/// Memory for large stretches of objects. Each time it came anew from the system, its pages would cost as much as a third of the
/// reading.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// Bytes in memory that goes back when the last of their users is done.
struct Lent {
    memory: Vec<u8>,
    length: usize,
    home: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut kept = self.home.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.iter().chain([&self.memory]).map(Vec::len).sum::<usize>() <= KEPT {
            kept.push(std::mem::take(&mut self.memory));
        }
    }
}

impl Buffers {
    /// Reads `length` bytes of a file from `at`.
    ///
    /// # Errors
    /// When the file cannot be read, or ends before.
    pub(super) fn read(&self, file: &File, at: u64, length: usize) -> io::Result<Bytes> {
        if length < LARGE {
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, at)?;
            return Ok(bytes.into());
        }
        let mut memory = self.take(length);
        file.read_exact_at(&mut memory[..length], at)?;
        Ok(Bytes::from_owner(Lent { memory, length, home: self.clone() }))
    }

    /// Memory of at least `length` bytes, whatever is in it.
    fn take(&self, length: usize) -> Vec<u8> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.filter(|memory| memory.len() >= length).unwrap_or_else(|| vec![0; length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_comes_back_is_used_again_and_never_seen_by_two() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("object");
        let bytes: Vec<u8> = (0..3 * LARGE).map(|at| u8::try_from(at % 251).expect("small")).collect();
        std::fs::write(&path, &bytes).expect("written");
        let file = File::open(&path).expect("opened");
        let buffers = Buffers::default();
        let kept = || buffers.0.lock().expect("a lock").len();
        let first = buffers.read(&file, 0, 2 * LARGE).expect("read");
        let second = buffers.read(&file, 7, LARGE).expect("read");
        let part = first.slice(5..9);
        drop(first);
        assert_eq!((kept(), &part[..], &second[..]), (0, &bytes[5..9], &bytes[7..LARGE + 7]));
        drop(part);
        assert_eq!(kept(), 1);
        // What was there before is not seen behind a shorter read.
        let third = buffers.read(&file, 11, LARGE + 1).expect("read");
        assert_eq!((kept(), &third[..], &second[..]), (0, &bytes[11..LARGE + 12], &bytes[7..LARGE + 7]));
        assert!(buffers.read(&file, 2 * LARGE as u64, 2 * LARGE).is_err(), "it ends before");
        assert_eq!(buffers.read(&file, 3, 4).expect("read"), bytes[3..7]);
    }

    #[test]
    fn what_is_kept_for_nothing_is_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("object");
        std::fs::write(&path, vec![1; KEPT + 1]).expect("written");
        let file = File::open(&path).expect("opened");
        let buffers = Buffers::default();
        let read = |length| buffers.read(&file, 0, length).expect("read");
        drop(read(KEPT + 1));
        assert_eq!(buffers.0.lock().expect("a lock").len(), 0);
        let many: Vec<Bytes> = (0..5).map(|_| read(KEPT / 3)).collect();
        drop(many);
        assert_eq!(buffers.0.lock().expect("a lock").len(), 3);
    }
}
