//! The digest of a plan: what a review comment quotes and `apply --expect` demands.

use std::io;

use sha2::{Digest, Sha256};

use crate::plan::Plan;

/// Feeds a hash what is written.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Plan {
    /// Computes and sets the digest. The moment at which the plan was made is not part of it, nor are the notes (free space changes).
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.digest = String::new();
        let made_at = std::mem::replace(&mut self.made_at, jiff::Timestamp::UNIX_EPOCH);
        let mut hashing = Hashing(Sha256::new());
        let notes = std::mem::take(&mut self.notes);
        // The only errors of `to_writer` are the writer's, which has none, and keys that are not strings, of which a plan has none.
        if serde_json::to_writer(&mut hashing, &self).is_ok() {
            let hex: String = hashing.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            self.digest = format!("sha256:{hex}");
        }
        (self.made_at, self.notes) = (made_at, notes);
        self
    }

    /// Whether the plan is what its digest says.
    pub fn is_intact(&self) -> bool {
        !self.digest.is_empty() && self.clone().sealed().digest == self.digest
    }
}
