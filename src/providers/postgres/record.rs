//! The value that a setting had before bdr: what makes it the policy's, and what it gets back.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::address::{ComponentName, PolicyName};
use crate::catalog::layout::settings_prefix;
use crate::provider::ProviderError;
use crate::store::{ErrorKind, Put, Store, StoreError};

/// Most records that are read: there are ten settings of each server.
const MOST: usize = 100_000;
const VERSION: u32 = 1;

/// Written before the setting is changed, and never rewritten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub version: u32,
    /// System identifier of the cluster.
    pub system: String,
    /// What `ALTER SYSTEM` had set; `None`: nothing.
    pub before: Option<String>,
}

/// The records of a policy, in its first store.
pub(super) struct Records {
    store: Arc<dyn Store>,
    prefix: String,
}

impl Records {
    pub fn new(store: Arc<dyn Store>, policy: &PolicyName) -> Self {
        Self { store, prefix: settings_prefix(policy) }
    }

    fn key(&self, component: &ComponentName, setting: &str) -> String {
        format!("{}{component}/{setting}.json", self.prefix)
    }

    /// What is recorded: component and setting.
    ///
    /// # Errors
    /// When the store cannot be listed; one that is not there yet holds none.
    pub async fn all(&self) -> Result<Vec<(ComponentName, String)>, ProviderError> {
        let listed = match self.store.list(&self.prefix, None, MOST).await {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(|error| fault(&error))?,
        };
        let parse = |key: &str| {
            let (component, setting) = key.strip_prefix(&self.prefix)?.strip_suffix(".json")?.split_once('/')?;
            Some((ComponentName::new(component).ok()?, setting.to_owned()))
        };
        Ok(listed.iter().filter_map(|object| parse(&object.key)).collect())
    }

    /// # Errors
    /// When the store fails, or what lies there is no record of this version.
    pub async fn get(&self, component: &ComponentName, setting: &str) -> Result<Option<Record>, ProviderError> {
        let key = self.key(component, setting);
        let body = match self.store.get(&key, None).await {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| fault(&error))?,
        };
        let record: Option<Record> = serde_json::from_slice(&body).ok().filter(|record: &Record| record.version == VERSION);
        let wrong =
            || crate::postgres::failed("read", format!("`{key}`"), "it is no record of a setting that this bdr understands");
        record.map(Some).ok_or_else(wrong)
    }

    /// Notes what stands, unless that was done before: a run that was cut off after it must not take bdr's own value for the one before.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn note(
        &self,
        component: &ComponentName,
        setting: &str,
        system: &str,
        before: Option<&str>,
    ) -> Result<(), ProviderError> {
        if self.get(component, setting).await?.is_some() {
            return Ok(());
        }
        let record = Record { version: VERSION, system: system.to_owned(), before: before.map(str::to_owned) };
        let text = serde_json::to_vec(&record).unwrap_or_default();
        // The policy's lease is held, so that nobody else writes it now.
        let put = self.store.put(&self.key(component, setting), Bytes::from(text), Put::default()).await;
        put.map(|_| ()).map_err(|error| fault(&error))
    }

    /// # Errors
    /// When the store fails.
    pub async fn forget(&self, component: &ComponentName, setting: &str) -> Result<(), ProviderError> {
        self.store.delete(&self.key(component, setting)).await.map_err(|error| fault(&error))
    }
}

fn fault(error: &StoreError) -> ProviderError {
    ProviderError::from(error)
}
