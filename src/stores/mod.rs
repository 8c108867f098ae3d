//! Stores: the drivers behind the contract of [`crate::store`], and the wrappers that stack on them.

mod backoff;
mod folder;
pub mod keys;
mod pace;
mod retrying;
pub mod s3;
mod throttled;
mod waiting;

use std::sync::Arc;

pub use backoff::{Backoff, Patience};
pub use folder::FolderStore;
pub use pace::Pace;
pub use retrying::{Retrying, operations};
pub use s3::S3Store;
pub use throttled::Throttled;
pub use waiting::waited_for;

use crate::policy::{Backend, StoreSpec};
use crate::provider::Env;
use crate::store::{Store, StoreError};

/// Opens the store that the policy describes. No request is made before it is needed.
///
/// # Errors
/// When the caller does not allow the endpoint that the policy names.
pub async fn open(spec: &StoreSpec, env: &Env) -> Result<Arc<dyn Store>, StoreError> {
    open_with(spec, env, Patience::default()).await
}

/// As [`open`], with another patience: for what is not worth waiting for.
///
/// # Errors
/// As [`open`].
pub async fn open_with(spec: &StoreSpec, env: &Env, patience: Patience) -> Result<Arc<dyn Store>, StoreError> {
    match &spec.backend {
        Backend::Folder(folder) => {
            let store = FolderStore::new(folder.path.expose()).shown_as(&folder.path.shown);
            Ok(Arc::new(Retrying::new(store, patience)))
        }
        Backend::S3(backend) => {
            let connection = s3::connect(backend, env).await?;
            let pace = Arc::clone(&connection.pace);
            let store = S3Store::new(Arc::clone(&connection), backend).used_for(env.purpose);
            Ok(Arc::new(Retrying::new(Throttled::new(store, pace), patience).over(connection)))
        }
    }
}
