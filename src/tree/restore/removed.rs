//! Whether a backup was removed while something was read of it: then that is the reason, and not damage.

use crate::catalog::manifest::Manifest;
use crate::store::ErrorKind;
use crate::tree::TreeError;
use crate::tree::shelf::Shelf;

/// Whether the manifest is gone, which a prune removes before all else. Asked in two ways, since a listing may be late, and since a
/// folder that is not mounted holds no file either.
pub async fn is_removed(shelf: &Shelf, manifest: &Manifest) -> bool {
    let key = shelf.key(&manifest.place().manifest());
    let gone = matches!(shelf.store.head(&key).await, Err(error) if error.kind == ErrorKind::NotFound);
    gone && shelf.store.list(&key, None, 1).await.is_ok_and(|found| found.is_empty())
}

/// The same error, or [`TreeError::Removed`] where that is what it comes from.
pub async fn or_removed<T>(shelf: &Shelf, manifest: &Manifest, ended: Result<T, TreeError>) -> Result<T, TreeError> {
    match ended {
        Err(TreeError::Store(error)) if error.kind == ErrorKind::NotFound && is_removed(shelf, manifest).await => {
            Err(TreeError::Removed { id: manifest.id.to_string() })
        }
        other => other,
    }
}
