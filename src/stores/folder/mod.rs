//! A store in a directory of this machine: one file per object, each complete and durable or not there at all.

mod files;
mod read;
mod walk;

use std::ops::Range;
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;

use crate::store::{Capabilities, ErrorKind, ObjectMeta, Put, Retry, Store, StoreError};
use crate::stores::keys;
use files::Files;

/// Objects as files below a root that must exist already: writing into the mount point of a disk that is not mounted
/// would look like a backup.
#[derive(Debug, Clone)]
pub struct FolderStore {
    files: Files,
    /// What people are told instead of the root, where it may not be told.
    shown: Option<String>,
}

impl FolderStore {
    /// Cheap: nothing is read or written before it is needed.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { files: Files::new(root.into()), shown: None }
    }

    /// Names the root otherwise wherever people read of it: as the policy writes it, where a reference gave it.
    #[must_use]
    pub fn shown_as(self, shown: impl Into<String>) -> Self {
        Self { shown: Some(shown.into()), ..self }
    }

    fn hide(&self, mut error: StoreError) -> StoreError {
        if let (Some(shown), Some(root)) = (&self.shown, self.files.root().to_str()) {
            error.subject = error.subject.replace(root, shown);
            error.reason = error.reason.replace(root, shown);
        }
        error
    }

    /// File calls block, so they run on tokio's threads for blocking work.
    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Files) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let files = self.files.clone();
        let subject = self.describe();
        let done = tokio::task::spawn_blocking(move || work(&files)).await.unwrap_or_else(|lost| {
            Err(StoreError::new(operation, subject, ErrorKind::Other, Retry::Unknown, format!("the work was broken off: {lost}")))
        });
        done.map_err(|error| self.hide(error))
    }
}

#[async_trait]
impl Store for FolderStore {
    fn describe(&self) -> String {
        self.shown.clone().unwrap_or_else(|| self.files.root().display().to_string())
    }

    /// Linux keeps both promises on every local file system and on NFS (rename(2), flock(2)). A root that is not there yet keeps
    /// none.
    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        self.run("probe", |files| walk::check_root("probe", files)).await?;
        Ok(Capabilities { create_only: true, replace_if_match: true })
    }

    async fn room(&self) -> Option<u64> {
        self.run("look at", |files| Ok(files.room())).await.ok().flatten()
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        keys::check("write", key)?;
        let key = key.to_owned();
        self.run("write", move |files| files.put(&key, &body, how.if_absent)).await
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        keys::check("replace", key)?;
        let (key, etag) = (key.to_owned(), etag.to_owned());
        self.run("replace", move |files| files.replace(&key, &body, &etag)).await
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        keys::check("read", key)?;
        let key = key.to_owned();
        self.run("read", move |files| files.get(&key, range)).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        keys::check("look at", key)?;
        let key = key.to_owned();
        self.run("look at", move |files| files.head(&key)).await
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        keys::check_prefix(prefix)?;
        let (prefix, start_after) = (prefix.to_owned(), start_after.map(str::to_owned));
        self.run("list", move |files| walk::objects(files, &prefix, start_after.as_deref(), limit)).await
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        keys::check_folder(prefix)?;
        let prefix = prefix.to_owned();
        self.run("list", move |files| walk::folders(files, &prefix)).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        keys::check("delete", key)?;
        let key = key.to_owned();
        self.run("delete", move |files| files.delete(&key)).await
    }
}

#[cfg(test)]
mod tests;
