//! Whether what replication rules are about has arrived: the rule as it stands, and a bounded sample of the newest objects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;

use crate::address::{StoreName, Subject};
use crate::catalog::copied::{Copied, Sampled, State, Told};
use crate::policy::{Backend, Policy, StoreSpec};
use crate::provider::{Env, Freshness, Session};
use crate::providers::s3::REPLICATION_RULE;
use crate::resource::{Desired, Resource};
use crate::store::{ErrorKind, ObjectMeta, Retry, Store, StoreError};
use crate::stores::{self, Patience, S3Store, s3};

/// Objects that are looked at one by one.
const SAMPLES: usize = 20;
/// Keys of one folder that the newest are picked from.
const KEYS: usize = 5_000;
/// Newest backups that are looked at.
const BACKUPS: usize = 3;
const AT_ONCE: usize = 8;
/// For all of one rule.
const PATIENCE: Duration = Duration::from_secs(60);

/// By store, the folders of its backups with their moments.
pub type Folders = BTreeMap<StoreName, Vec<(Timestamp, String)>>;

/// A replication rule that the policy wants.
pub struct Rule<'a> {
    pub resource: &'a Resource,
    /// The bucket that is copied, as a store.
    pub from: StoreSpec,
    pub to: StoreName,
    /// Where the copies lie: they keep their keys.
    there: StoreSpec,
    /// Seconds.
    pub within: Option<u64>,
    /// What it is about, below the prefix of `from`.
    below: String,
    is_tagged: bool,
    /// The policy has the same bucket copied to other destinations too.
    is_one_of_several: bool,
}

/// What was seen of one.
pub struct Looked {
    pub copied: Copied,
    /// Whether the newest were picked from all that lie there.
    pub whole: bool,
}

/// Those that a policy comes to.
pub fn rules<'a>(policy: &Policy, desired: &'a Desired) -> Vec<Rule<'a>> {
    let all = || desired.iter().filter(|resource| resource.id.kind == REPLICATION_RULE);
    // Rules of one bucket are written one after the other, by its queue.
    let several = |one: &Resource| all().any(|other| other.queue == one.queue && other.attrs.get("to") != one.attrs.get("to"));
    all().filter_map(|one| Some(Rule { is_one_of_several: several(one), ..rule(policy, one)? })).collect()
}

fn rule<'a>(policy: &Policy, resource: &'a Resource) -> Option<Rule<'a>> {
    let key = &resource.id.key;
    let (from, to) = match &resource.id.subject {
        Subject::Store(name) => (policy.stores.get(name)?.clone(), StoreName::new(key.split('/').next()?).ok()?),
        Subject::Component(name) => {
            let component = policy.components.get(name)?;
            let protection = component.protections.values().find(|protection| protection.name.as_str() == key)?;
            (component.as_store()?, protection.replication()?.to.value.clone())
        }
        Subject::Policy => return None,
    };
    let Backend::S3(here) = &from.backend else { return None };
    let mut there = policy.stores.get(&to)?.clone();
    if let Backend::S3(backend) = &mut there.backend {
        backend.prefix = here.prefix.clone();
    }
    let attr = |name: &str| resource.attrs.get(name);
    let below = attr("prefix")?.as_str()?.strip_prefix(&here.prefix.value)?.to_owned();
    let minutes = attr("within_minutes").and_then(crate::attrs::Attr::as_int);
    let within = minutes.and_then(|minutes| u64::try_from(minutes).ok()).map(|minutes| minutes * 60);
    Some(Rule { resource, to, there, within, below, is_tagged: attr("tags").is_some(), is_one_of_several: false, from })
}

impl Rule<'_> {
    /// Whether it stands and copies; `None`: nothing is copied by it, so nothing is looked at.
    ///
    /// # Errors
    /// When something could not be read.
    pub async fn look(
        &self,
        session: &dyn Session,
        folders: &Folders,
        env: &Env,
        now: Timestamp,
    ) -> Result<Option<Looked>, Reason> {
        let live = session.read(&self.resource.id, Some(self.resource), Freshness::Cached).await;
        let live = live.map_err(|error| Reason { told: error.to_string(), help: error.help })?;
        // Others may have it copied elsewhere too.
        let is_alone = !self.is_one_of_several && live.foreign.is_empty();
        let stands = live.attrs.is_some_and(|attrs| attrs.get("enabled").and_then(crate::attrs::Attr::as_bool) == Some(true));
        if !stands {
            return Ok(None);
        }
        let looked = match tokio::time::timeout(PATIENCE, self.sample((folders, is_alone), env, now)).await {
            Ok(looked) => looked,
            Err(_) => {
                let reason = format!("nothing came within {} s", PATIENCE.as_secs());
                Err(StoreError::new("sample", self.resource.id.to_string(), ErrorKind::Unavailable, Retry::Later, reason))
            }
        };
        looked.map(Some).map_err(|error| Reason { told: error.to_string(), help: error.help })
    }

    async fn sample(&self, (folders, is_alone): (&Folders, bool), env: &Env, now: Timestamp) -> Result<Looked, StoreError> {
        let Backend::S3(backend) = &self.from.backend else { return Ok(Looked { copied: Copied::default(), whole: true }) };
        let here = stores::open_with(&self.from, env, Patience::PERSON).await?;
        let there = stores::open_with(&self.there, env, Patience::PERSON).await?;
        let asked = S3Store::new(s3::connect(backend, env).await?, backend).used_for(env.purpose);
        let (newest, whole) = self.newest(&here, folders).await?;
        let sampled = stream::iter(newest).map(|object| self.one(object, is_alone, &asked, &there)).buffer_unordered(AT_ONCE);
        let sampled: Vec<Option<Sampled>> = sampled.try_collect().await?;
        Ok(Looked { copied: Copied::of(sampled.into_iter().flatten().collect(), self.within, now), whole })
    }

    /// The newest objects, and whether they were picked from all: what lies in a store is many times a page, so there the newest
    /// backups are looked at.
    async fn newest(&self, here: &Arc<dyn Store>, folders: &Folders) -> Result<(Vec<ObjectMeta>, bool), StoreError> {
        let mut backups: Vec<_> = folders.get(&self.from.name.value).into_iter().flatten().collect();
        backups.retain(|(_, folder)| folder.starts_with(&self.below));
        backups.sort_by(|a, b| b.cmp(a));
        let mut places: Vec<&str> = backups.iter().take(BACKUPS).map(|(_, folder)| folder.as_str()).collect();
        if places.is_empty() {
            places.push(&self.below);
        }
        let (mut found, mut whole) = (Vec::new(), true);
        for place in places {
            let page = here.list(place, None, KEYS).await?;
            whole &= page.len() < KEYS;
            found.extend(page);
        }
        found.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.key.cmp(&b.key)));
        found.truncate(SAMPLES);
        Ok((found, whole))
    }

    /// `None`: it is gone since the listing.
    async fn one(
        &self,
        object: ObjectMeta,
        is_alone: bool,
        asked: &S3Store,
        there: &Arc<dyn Store>,
    ) -> Result<Option<Sampled>, StoreError> {
        let (written, size, told) = match asked.replicated(&object.key).await {
            Err(error) if error.kind == ErrorKind::NotFound => return Ok(None),
            seen => seen?,
        };
        let copy = match told {
            Told::Failed | Told::Pending if is_alone => None,
            // What lies there may be a copy of what was replaced: a copy keeps the time of what it is a copy of, or has a later one.
            Told::Failed | Told::Pending => match there.head(&object.key).await {
                Err(error) if error.kind == ErrorKind::NotFound => Some(false),
                copy => Some(copy.map(|copy| copy.size == size && copy.modified >= written)?),
            },
            Told::Completed | Told::Replica | Told::Nothing => match there.head(&object.key).await {
                Err(error) if error.kind == ErrorKind::NotFound => Some(false),
                copy => Some(copy?.size == size),
            },
        };
        // A rule of some tags does not take up each object, and which it does only the right to read tags would tell.
        let copy = copy.filter(|there| *there || !self.is_tagged);
        Ok(Some(Sampled { key: object.key, written, state: State::of(told.of_one(copy), copy) }))
    }
}

/// Why nothing is known, and what to do.
pub struct Reason {
    pub told: String,
    pub help: Option<String>,
}
