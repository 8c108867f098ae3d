//! Folders without a manifest: being written, left by who died, let go by a prune; or the manifest was there and is lost.
//!
//! An object below `_attempts/<backup id>/` says of such a folder why it has none: whoever writes puts one there first and takes it
//! away after the commit, whoever prunes puts one there before the manifest goes and takes it away after the rest. So a folder with an
//! index of which nobody says such a thing was committed, and so was one that something else in the store knows as a backup.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::FormatError;
use crate::catalog::verification::Verification;
use crate::store::StoreError;
use crate::tree::shelf::{Backups, Shelf};

/// What says of a folder why it has no manifest.
#[derive(Default)]
pub(super) struct Said {
    /// Somebody writes or wrote it.
    pub attempted: BTreeSet<BackupId>,
    /// A prune let it go, and since when.
    pub expired: Vec<(BackupId, Timestamp)>,
}

impl Said {
    fn is_expired(&self, id: BackupId) -> bool {
        self.expired.iter().any(|(expired, _)| *expired == id)
    }
}

impl Shelf {
    /// Tells folders whose manifest is lost from those that never had one. Called with those where none was found.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn look_for_lost(&self, backups: &mut Backups) -> Result<(), StoreError> {
        let said = self.said().await?;
        // Once more, after what is said was read: who committed meanwhile took the attempt away only then.
        let open = std::mem::take(&mut backups.unfinished);
        self.read(open, backups).await?;
        if backups.unfinished.is_empty() {
            return Ok(());
        }
        let verified: BTreeSet<BackupId> =
            self.verifications().await?.into_iter().flat_map(|verification| verification.backups.into_keys()).collect();
        for place in std::mem::take(&mut backups.unfinished) {
            let objects = self.list(&self.key(&place.folder())).await?;
            let has_index = objects.iter().any(|object| object.key.starts_with(&self.key(&place.index())));
            let referrer = backups.good.iter().find(|other| other.refers_to(&place)).map(|other| other.id);
            let why = match referrer {
                // A prune that is through by now.
                _ if objects.is_empty() => continue,
                _ if said.is_expired(place.id) => None,
                _ if verified.contains(&place.id) => Some("a verification saw it".to_owned()),
                Some(by) => Some(format!("{by} refers to this backup")),
                None if has_index && !said.attempted.contains(&place.id) => {
                    Some("its index is there, and nobody says that it was interrupted".to_owned())
                }
                None => None,
            };
            match why {
                Some(why) => backups.damaged.push((place, FormatError::Lost { what: "the manifest".to_owned(), why })),
                None => backups.unfinished.push(place),
            }
        }
        Ok(())
    }

    /// What is said of folders without a manifest.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn said(&self) -> Result<Said, StoreError> {
        let mut said = Said::default();
        let at = self.series.attempts();
        for object in self.list(&at).await? {
            let id = object.key.strip_prefix(&at).and_then(|below| below.split('/').next()?.parse().ok());
            let Some(id) = id else { continue };
            if object.key == self.series.expired(id) {
                said.expired.push((id, object.modified));
            } else {
                said.attempted.insert(id);
            }
        }
        Ok(said)
    }

    /// Says that a prune lets a backup go: from here on its folder may be found without a manifest.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn expire(&self, id: BackupId, now: Timestamp) -> Result<(), StoreError> {
        let note = format!("{{\"version\":1,\"expired\":\"{now}\"}}");
        self.put_small(&self.series.expired(id), note.into_bytes(), false).await
    }

    /// What verifications noted.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn verifications(&self) -> Result<Vec<Verification>, StoreError> {
        let mut verifications = Vec::new();
        for object in self.list(&self.series.verified()).await? {
            let body = self.store.get(&object.key, None).await?;
            // One that cannot be read proves nothing, so it is as if nobody had looked.
            verifications.extend(Verification::decode(&body, &object.key));
        }
        Ok(verifications)
    }
}
