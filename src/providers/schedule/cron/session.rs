//! The live side of cron: a crontab is read whole, and rewritten whole with only bdr's lines changed.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::entry::{self, Key};
use super::place::Place;
use super::table::{Table, Torn};
use super::{Cron, id, queue};
use crate::address::{PolicyName, ProtectionName, ResourceId, Subject};
use crate::attrs::Attrs;
use crate::provider::{Freshness, Owned, ProviderError, Session, Settled};
use crate::resource::{Change, Hindrance, InEffect, Live, Resource};
use crate::store::{ErrorKind, Retry};

/// The entries of one policy.
pub(super) struct Entries {
    cron: Cron,
    policy: PolicyName,
    wanted: Option<Place>,
    elsewhere: Vec<Place>,
    /// The texts that were read, by place.
    texts: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl Entries {
    pub(super) fn new(cron: Cron, policy: PolicyName, wanted: Option<Place>, elsewhere: Vec<Place>) -> Self {
        Self { cron, policy, wanted, elsewhere, texts: Mutex::default() }
    }

    fn find(&self, id: &ResourceId) -> Result<(Key, &Place), ProviderError> {
        let (protection, other) = id.key.split_once('@').map_or((id.key.as_str(), None), |(name, other)| (name, Some(other)));
        let place = match other {
            Some(other) => self.elsewhere.iter().find(|place| place.name() == other),
            None => self.wanted.as_ref(),
        };
        match (&id.subject, ProtectionName::new(protection), place) {
            (Subject::Component(component), Ok(protection), Some(place)) => Ok(((component.clone(), protection), place)),
            _ => Err(refusal("find", &id.to_string(), "the policy has no such entry", "Plan again: the policy changed.")),
        }
    }

    async fn table(&self, place: &Place, freshness: Freshness) -> Result<Table, ProviderError> {
        let mut texts = self.texts.lock().await;
        if freshness == Freshness::Fresh || !texts.contains_key(&place.name()) {
            let text = place.read(&self.cron.crontab).await?;
            texts.insert(place.name(), text);
        }
        let text = texts.get(&place.name()).map(Vec::as_slice).unwrap_or_default();
        Table::parse(text, &self.policy).map_err(|torn| torn_table(place, &torn))
    }

    fn entries(&self, place: &Place, table: &Table) -> BTreeMap<Key, Attrs> {
        entry::parse(table.lines(), &place.table(), place.has_user())
    }
}

fn torn_table(place: &Place, torn: &Torn) -> ProviderError {
    let help =
        "Put the missing line back (`# bdr begin NAME` or `# bdr end NAME`), or remove both and what bdr wrote between them.";
    ProviderError { kind: ErrorKind::Other, ..refusal("tell bdr's lines in", &place.name(), &torn.to_string(), help) }
}

fn refusal(operation: &str, subject: &str, reason: &str, help: &str) -> ProviderError {
    ProviderError {
        operation: operation.to_owned(),
        subject: subject.to_owned(),
        kind: ErrorKind::Denied,
        retry: Retry::Never,
        reason: reason.to_owned(),
        help: Some(help.to_owned()),
        source: None,
    }
}

#[async_trait]
impl Session for Entries {
    async fn read(&self, id: &ResourceId, _desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        let (key, place) = self.find(id)?;
        let table = self.table(place, freshness).await?;
        let mut live = Live { attrs: self.entries(place, &table).remove(&key), ..Live::default() };
        match table.foreign_lines() {
            0 => {}
            1 => live.notes.push("another line of that crontab is not bdr's and is kept".to_owned()),
            more => live.notes.push(format!("{more} other lines of that crontab are not bdr's and are kept")),
        }
        live.notes.extend(place.refusal());
        if let Some((why, help)) = place.passed_over(Path::new(self.cron.system_folder.as_ref())) {
            let what = format!("cron passes over {}, since {why}", place.name());
            live.hindered.push(Hindrance { what, so: "its backup is not made by itself".to_owned(), help, foreign: true });
            live.in_effect = Some(InEffect { now: live.attrs.as_ref().map(|_| Attrs::new()), then: Some(Attrs::new()) });
        }
        Ok(live)
    }

    async fn owned(&self) -> Result<Owned, ProviderError> {
        let mut owned = Vec::new();
        let wanted = self.wanted.iter().map(|place| (place, None));
        for (place, elsewhere) in wanted.chain(self.elsewhere.iter().map(|place| (place, Some(place)))) {
            let table = match self.table(place, Freshness::Cached).await {
                Ok(table) => table,
                // Without cron, or without the right to use it, nothing can have been left in its tables.
                Err(error) if elsewhere.is_some() && matches!(error.kind, ErrorKind::Unsupported | ErrorKind::Denied) => continue,
                Err(error) => return Err(error),
            };
            for (key, attrs) in self.entries(place, &table) {
                let id = id(&key, elsewhere);
                owned.push(Resource { id, attrs, span: None, after: Vec::new(), queue: Some(queue(place)), earlier: None });
            }
        }
        Ok(owned.into())
    }

    /// One reading and one writing of the crontab. A crash before the rename leaves the old one, after it the new.
    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        let mut by_place: BTreeMap<String, (&Place, Vec<(Key, Option<&Attrs>)>)> = BTreeMap::new();
        for (change, wanted) in changes.iter().zip(desired) {
            let (key, place) = self.find(&change.id)?;
            by_place
                .entry(place.name())
                .or_insert_with(|| (place, Vec::new()))
                .1
                .push((key, wanted.as_ref().map(|wanted| &wanted.attrs)));
        }
        for (place, changed) in by_place.into_values() {
            let table = self.table(place, Freshness::Fresh).await?;
            let mut entries = self.entries(place, &table);
            for (key, attrs) in changed {
                match attrs {
                    Some(attrs) => _ = entries.insert(key, attrs.clone()),
                    None => _ = entries.remove(&key),
                }
            }
            let lines: Vec<String> = entries.iter().flat_map(|(key, attrs)| entry::lines(key, attrs)).collect();
            place.write(&self.cron.crontab, &table.with(&self.policy, &lines)).await?;
        }
        Ok(())
    }

    async fn settled(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        let mut freshness = Freshness::Fresh;
        for (change, wanted) in changes.iter().zip(desired) {
            let live = self.read(&change.id, wanted.as_ref(), freshness).await?;
            freshness = Freshness::Cached;
            if live.attrs.as_ref() != wanted.as_ref().map(|wanted| &wanted.attrs) {
                return Ok(Settled::NotYet { differs: format!("the crontab does not show {}", change.id), again_in_ms: 200 });
            }
        }
        Ok(Settled::Yes)
    }
}
