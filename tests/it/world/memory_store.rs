//! A store in memory, honest about conditional writes unless told to lie.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

use async_trait::async_trait;
use bdr::store::{Capabilities, ErrorKind, ObjectMeta, Put, Retry, Store, StoreError};
use bdr::stores::keys;
use bytes::Bytes;

use super::World;

/// Objects by key. What happens to it counts as operations of its world.
pub struct MemoryStore {
    world: World,
    objects: Mutex<BTreeMap<String, (Bytes, u64)>>,
    versions: Mutex<u64>,
    pub able: Capabilities,
    /// `false`: the store itself is not there yet.
    exists: Box<dyn Fn(&World) -> bool + Send + Sync>,
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryStore")
    }
}

impl MemoryStore {
    pub fn new(world: World, exists: impl Fn(&World) -> bool + Send + Sync + 'static) -> Self {
        let able = Capabilities { create_only: true, replace_if_match: true };
        Self { world, objects: Mutex::default(), versions: Mutex::default(), able, exists: Box::new(exists) }
    }

    pub fn keys(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn text(&self, key: &str) -> Option<String> {
        Some(String::from_utf8(self.objects.lock().unwrap().get(key)?.0.to_vec()).unwrap())
    }

    async fn begin(&self, operation: &'static str, key: &str) -> Result<(), StoreError> {
        self.world.operation().await;
        if (self.exists)(&self.world) { Ok(()) } else { Err(error(operation, key, ErrorKind::NotFound)) }
    }

    fn write(&self, key: &str, body: Bytes) -> String {
        let mut version = self.versions.lock().unwrap();
        *version += 1;
        self.objects.lock().unwrap().insert(key.to_owned(), (body, *version));
        version.to_string()
    }

    fn meta(&self, key: &str) -> Option<ObjectMeta> {
        let objects = self.objects.lock().unwrap();
        let (body, version) = objects.get(key)?;
        let modified = jiff::Timestamp::UNIX_EPOCH;
        Some(ObjectMeta { key: key.to_owned(), size: body.len() as u64, modified, etag: version.to_string(), class: None })
    }
}

fn error(operation: &'static str, key: &str, kind: ErrorKind) -> StoreError {
    StoreError {
        operation,
        subject: key.to_owned(),
        kind,
        retry: Retry::Never,
        reason: format!("{kind:?}"),
        help: None,
        source: None,
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn describe(&self) -> String {
        "memory://first".to_owned()
    }

    async fn capabilities(&self) -> Result<Capabilities, StoreError> {
        self.begin("probe", "").await?;
        Ok(self.able.clone())
    }

    async fn put(&self, key: &str, body: Bytes, how: Put) -> Result<String, StoreError> {
        keys::check("write", key)?;
        self.begin("write", key).await?;
        if how.if_absent && self.objects.lock().unwrap().contains_key(key) {
            return Err(error("write", key, ErrorKind::Exists));
        }
        Ok(self.write(key, body))
    }

    async fn replace(&self, key: &str, body: Bytes, etag: &str) -> Result<String, StoreError> {
        self.begin("replace", key).await?;
        match self.meta(key) {
            Some(meta) if meta.etag == etag => Ok(self.write(key, body)),
            _ => Err(error("replace", key, ErrorKind::Exists)),
        }
    }

    async fn get(&self, key: &str, range: Option<Range<u64>>) -> Result<Bytes, StoreError> {
        self.begin("read", key).await?;
        let body = self.objects.lock().unwrap().get(key).map(|(body, _)| body.clone());
        let body = body.ok_or_else(|| error("read", key, ErrorKind::NotFound))?;
        let Some(range) = range else { return Ok(body) };
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let outside = range.start > range.end || range.end > body.len();
        if outside { Err(error("read", key, ErrorKind::Other)) } else { Ok(body.slice(range)) }
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.begin("look at", key).await?;
        self.meta(key).ok_or_else(|| error("look at", key, ErrorKind::NotFound))
    }

    async fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Vec<ObjectMeta>, StoreError> {
        self.begin("list", prefix).await?;
        let keys =
            self.keys().into_iter().filter(|key| key.starts_with(prefix) && start_after.is_none_or(|after| key.as_str() > after));
        Ok(keys.filter_map(|key| self.meta(&key)).take(limit).collect())
    }

    async fn list_folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.begin("list", prefix).await?;
        let mut found: Vec<String> = self
            .keys()
            .iter()
            .filter_map(|key| key.strip_prefix(prefix)?.split_once('/').map(|(part, _)| format!("{part}/")))
            .collect();
        found.dedup();
        Ok(found)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.begin("delete", key).await?;
        self.objects.lock().unwrap().remove(key);
        Ok(())
    }
}
