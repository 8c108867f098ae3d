//! A session: each server is asked once for all its settings, and again right before and after something is changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{Mutex, OnceCell};

use super::facts::Facts;
use super::record::{Record, Records};
use super::{KIND, PLACE, attrs, id, queue, setting};
use crate::address::{ComponentName, ResourceId, Subject};
use crate::attrs::Attr;
use crate::policy::{Policy, Postgresql};
use crate::postgres::{Server, Target, connect, failed, identifier, literal};
use crate::provider::{Env, Freshness, Owned, ProviderError, Session, Settled};
use crate::resource::{Change, Live, Op, Resource};
use crate::stores;

/// Until a server that was told to read its files again has done so.
const PAUSE: u64 = 100;

/// A server that is spoken to, and what it told last.
struct Spoken {
    server: Server,
    facts: Facts,
}

pub(super) struct SettingSession {
    policy: Arc<Policy>,
    env: Arc<Env>,
    records: OnceCell<Option<Records>>,
    /// The policy determines settings, or did.
    looks: bool,
    servers: BTreeMap<ComponentName, Mutex<Option<Spoken>>>,
}

impl SettingSession {
    pub fn new(policy: Arc<Policy>, env: Arc<Env>) -> Self {
        let all = policy.components.values().filter(|component| component.kind.postgresql().is_some());
        let servers = all.map(|component| (component.name.value.clone(), Mutex::new(None))).collect();
        let looks = super::servers(&policy).next().is_some() || env.left_places.iter().any(|place| place.starts_with(PLACE));
        Self { policy, env, records: OnceCell::new(), looks, servers }
    }

    async fn records(&self) -> Result<Option<&Records>, ProviderError> {
        let open = || async {
            let Some(first) = self.policy.stores.values().next() else { return Ok(None) };
            let store = stores::open(first, &self.env).await.map_err(|error| ProviderError::from(&error))?;
            Ok(Some(Records::new(store, &self.policy.name.value)))
        };
        self.records.get_or_try_init(open).await.map(Option::as_ref)
    }

    async fn record(&self, component: &ComponentName, setting: &str) -> Result<Option<Record>, ProviderError> {
        match self.records().await? {
            Some(records) => records.get(component, setting).await,
            None => Ok(None),
        }
    }

    fn database(&self, component: &ComponentName) -> Option<&Postgresql> {
        self.policy.components.get(component)?.kind.postgresql()
    }

    /// Does something with a server, which is connected to where that was not done.
    async fn spoken<T>(
        &self,
        component: &ComponentName,
        freshness: Freshness,
        work: impl AsyncFnOnce(&Server, &Facts) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let (Some(database), Some(server)) = (self.database(component), self.servers.get(component)) else {
            return Err(failed("find", format!("component {component}"), "the policy has no such database"));
        };
        let mut spoken = server.lock().await;
        let now = match spoken.take() {
            Some(old) if freshness == Freshness::Cached => old,
            Some(Spoken { server, .. }) => Spoken { facts: Facts::read(&server).await?, server },
            None => {
                let target = Target::find(database, &self.env)?;
                target.check_allowed(&self.env)?;
                let server = connect(&target, &target.dbname).await?;
                Spoken { facts: Facts::read(&server).await?, server }
            }
        };
        let outcome = work(&now.server, &now.facts).await;
        *spoken = Some(now);
        outcome
    }

    async fn look(&self, id: &ResourceId, wanted: Option<&str>, freshness: Freshness) -> Result<Live, ProviderError> {
        let component = component_of(id)?;
        let record = self.record(component, &id.key).await?;
        if self.database(component).is_none() {
            return Ok(left(component, &id.key, record.as_ref()));
        }
        self.spoken(component, freshness, async |_, facts| Ok(setting::live(facts, &id.key, wanted, record.as_ref()))).await
    }

    async fn write(&self, component: &ComponentName, setting: &str, value: &str) -> Result<(), ProviderError> {
        self.spoken(component, Freshness::Cached, async |server, facts| {
            let before = facts.settings.get(setting).and_then(|seen| seen.by_system.as_deref());
            if let Some(records) = self.records().await? {
                // Before the change: a crash between the two leaves a record of what still stands.
                records.note(component, setting, &facts.system, before).await?;
            }
            set(server, setting, Some(value)).await
        })
        .await
    }

    /// Gives the value back, and forgets it then: a crash between the two does it again.
    async fn give_back(&self, component: &ComponentName, setting: &str) -> Result<(), ProviderError> {
        let Some(record) = self.record(component, setting).await? else { return Ok(()) };
        if self.database(component).is_some() {
            let value = record.before.as_deref();
            self.spoken(component, Freshness::Cached, async |server, _| set(server, setting, value).await).await?;
        }
        match self.records().await? {
            Some(records) => records.forget(component, setting).await,
            None => Ok(()),
        }
    }
}

fn component_of(id: &ResourceId) -> Result<&ComponentName, ProviderError> {
    match &id.subject {
        Subject::Component(component) => Ok(component),
        _ => Err(failed("find", id.to_string(), "it is no setting of a server")),
    }
}

/// What is known of a setting whose component left the policy, and with it how its server is reached.
fn left(component: &ComponentName, setting: &str, record: Option<&Record>) -> Live {
    let Some(record) = record else { return Live::absent() };
    let back = statement(setting, record.before.as_deref());
    let note = format!(
        "component {component} left the policy, and with it how its server is reached: the setting stays as it is there; `{back}` gives it \
         back, and bdr forgets it"
    );
    Live { notes: vec![note], ..Live::present([("setting".to_owned(), Attr::text(setting))].into()) }
}

fn statement(setting: &str, value: Option<&str>) -> String {
    let setting = identifier(setting);
    match value {
        Some(value) => format!("ALTER SYSTEM SET {setting} = {}", literal(value)),
        None => format!("ALTER SYSTEM RESET {setting}"),
    }
}

/// Neither runs inside a transaction, so each is a request of its own.
async fn set(server: &Server, setting: &str, value: Option<&str>) -> Result<(), ProviderError> {
    let sql = statement(setting, value);
    server.rows("change a setting of", &sql).await?;
    server.rows("have read its settings again by", "SELECT pg_reload_conf()").await.map(|_| ())
}

fn value_in(attrs: Option<&crate::attrs::Attrs>) -> Option<&str> {
    attrs?.get("value")?.as_str()
}

#[async_trait]
impl Session for SettingSession {
    async fn read(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        self.look(id, value_in(desired.map(|desired| &desired.attrs)), freshness).await
    }

    async fn owned(&self) -> Result<Owned, ProviderError> {
        // Who never had any is not made to look.
        if !self.looks {
            return Ok(Owned::default());
        }
        let Some(records) = self.records().await? else { return Ok(Owned::default()) };
        let resource = |(component, setting): (ComponentName, String)| Resource {
            id: id(&component, &setting),
            attrs: [("setting".to_owned(), Attr::text(&setting))].into(),
            span: None,
            after: Vec::new(),
            queue: Some(queue(&component)),
            earlier: None,
        };
        Ok(records.all().await?.into_iter().map(resource).collect::<Vec<_>>().into())
    }

    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        for (at, change) in changes.iter().enumerate() {
            let component = component_of(&change.id)?;
            let wanted = desired.get(at).and_then(Option::as_ref).map(|resource| &resource.attrs).or(change.after.as_ref());
            match (change.op, value_in(wanted)) {
                (Op::Create | Op::Update, Some(value)) => self.write(component, &change.id.key, value).await?,
                (Op::Delete | Op::Release, _) => self.give_back(component, &change.id.key).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn settled(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        for (at, change) in changes.iter().enumerate() {
            let wanted = desired.get(at).and_then(Option::as_ref).map(|resource| &resource.attrs).or(change.after.as_ref());
            let Some(value) = value_in(wanted).filter(|_| matches!(change.op, Op::Create | Op::Update)) else { continue };
            let live = self.look(&change.id, Some(value), Freshness::Fresh).await?;
            if live.attrs.as_ref() != Some(&attrs(&change.id.key, value)) {
                let differs = format!("{} `{}` is not yet as written", KIND.title, change.id.key);
                return Ok(Settled::NotYet { differs, again_in_ms: PAUSE });
            }
        }
        Ok(Settled::Yes)
    }
}
