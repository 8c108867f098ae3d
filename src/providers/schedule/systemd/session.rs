//! The live side of systemd: units are read from their files, and their states from the manager where one runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::drop_in::DropIn;
use super::place::{Found, Part, Place, UnitName};
use super::systemctl::{State, Systemctl};
use super::unit_file::UnitFile;
use super::{Systemd, hindered, id, queue, timer};
use crate::address::{PolicyName, ProtectionName, ResourceId, Subject};
use crate::attrs::{Attr, Attrs};
use crate::provider::{Env, Freshness, Owned, ProviderError, Session, Settled};
use crate::providers::schedule::disk::blocking;
use crate::providers::writable;
use crate::resource::{Change, Live, Resource};
use crate::store::{ErrorKind, Retry};

/// The attributes that only a manager knows.
const STATES: [&str; 2] = ["active", "loaded"];

/// The units of one policy.
pub(super) struct Units {
    pub(super) systemd: Systemd,
    pub(super) policy: PolicyName,
    wanted: Option<Place>,
    elsewhere: Vec<Place>,
    env: Arc<Env>,
    /// By folder: what the manager said last.
    states: Mutex<BTreeMap<String, BTreeMap<String, State>>>,
}

impl Units {
    pub(super) fn new(systemd: Systemd, policy: PolicyName, wanted: Option<Place>, elsewhere: Vec<Place>, env: Arc<Env>) -> Self {
        Self { systemd, policy, wanted, elsewhere, env, states: Mutex::default() }
    }

    /// The unit that an address means, and where it lies.
    pub(super) fn find(&self, id: &ResourceId) -> Result<(UnitName, &Place), ProviderError> {
        let part = if id.kind == timer::KIND.name { Part::Timer } else { Part::Service };
        let (protection, folder) = id.key.split_once('@').map_or((id.key.as_str(), None), |(name, folder)| (name, Some(folder)));
        let place = match folder {
            Some(folder) => self.elsewhere.iter().find(|place| place.shown.shown == folder),
            None => self.wanted.as_ref(),
        };
        match (&id.subject, ProtectionName::new(protection), place) {
            (Subject::Component(component), Ok(protection), Some(place)) => {
                let name = UnitName { policy: self.policy.clone(), component: component.clone(), protection, part };
                Ok((name, place))
            }
            _ => Err(refusal("find", &id.to_string(), "the policy has no such unit", "Plan again: the policy changed.")),
        }
    }

    pub(super) fn systemctl(&self, place: &Place) -> Systemctl {
        Systemctl { program: self.systemd.systemctl.to_string(), scope: place.scope }
    }

    /// What the manager knows of a unit; what is not loaded is inactive.
    async fn state(&self, name: &UnitName, place: &Place, freshness: Freshness) -> Result<State, ProviderError> {
        let mut states = self.states.lock().await;
        let folder = place.shown.shown.clone();
        if freshness == Freshness::Fresh || !states.contains_key(&folder) {
            states.insert(folder.clone(), self.systemctl(place).states(&self.policy).await?);
        }
        Ok(states.get(&folder).and_then(|all| all.get(&name.to_string())).cloned().unwrap_or_default())
    }

    /// Attributes and foreign parts of a unit. Without a manager its states are taken as wanted, and that is said.
    async fn live(
        &self,
        name: &UnitName,
        place: &Place,
        wanted: Option<&Resource>,
        how: Freshness,
    ) -> Result<Live, ProviderError> {
        let state = if place.managed { Some(self.state(name, place, how).await?) } else { None };
        let (seen, at) = (name.clone(), place.clone());
        let known = state.as_ref().map(|state| state.drop_ins.clone()).unwrap_or_default();
        let (found, enabled, over) = blocking("read", &place.shown(name), move || {
            Ok((at.look(&seen)?, at.is_enabled(&seen), at.drop_ins(&seen, &known)?))
        })
        .await?;
        let mut live = Live { notes: self.all_notes(place, name), ..Live::absent() };
        live.foreign = over.iter().map(DropIn::foreign).collect();
        let wanted_attrs = wanted.map(|wanted| &wanted.attrs);
        let (unit, mut attrs) = match found {
            Found::Absent => (None, None),
            Found::Foreign => {
                let help = "Rename the protection, or move that unit away; bdr does not touch what it did not write.";
                let reason = "a unit with this name is there and is not this policy's";
                return Err(refusal("take", &place.shown(name), reason, help));
            }
            Found::Masked => (None, Some(Attrs::from([("masked".to_owned(), Attr::Bool(true))]))),
            Found::Ours(unit) => (Some(unit.clone()), Some(unit.to_attrs())),
        };
        if let Some(attrs) = &mut attrs {
            attrs.insert("file".to_owned(), place.file(name));
            let told = |key: &str| wanted_attrs.and_then(|wanted| wanted.get(key)).cloned().unwrap_or(Attr::Bool(true));
            let mut set = |key: &str, value: Attr| _ = attrs.insert(key.to_owned(), value);
            set("loaded", state.as_ref().map_or_else(|| told("loaded"), |state| Attr::Bool(!state.stale)));
            if name.part == Part::Timer {
                set("enabled", Attr::Bool(enabled));
                set("active", state.as_ref().map_or_else(|| told("active"), |state| Attr::Bool(state.active)));
            }
            live.hindered.extend(hindered::by_state(name, attrs));
        }
        let as_wanted = wanted_attrs.map(UnitFile::from_attrs);
        live.hindered.extend(as_wanted.as_ref().or(unit.as_ref()).and_then(|unit| hindered::by_drop_ins(name, unit, &over)));
        live.in_effect = hindered::in_effect(unit.as_ref().zip(attrs.as_ref()), wanted_attrs, &over);
        live.attrs = attrs;
        Ok(live)
    }

    fn all_notes(&self, place: &Place, name: &UnitName) -> Vec<String> {
        let mut notes = notes(place, name);
        let lingers = |user: &String| std::path::Path::new("/var/lib/systemd/linger").join(user).exists();
        if place.managed && place.scope == crate::policy::SystemdScope::User && name.part == Part::Timer {
            match self.env.vars.get("USER") {
                Some(user) if lingers(user) => {}
                _ => notes.push("runs only while the user is logged in, unless `loginctl enable-linger` was called".to_owned()),
            }
        }
        notes
    }
}

fn notes(place: &Place, name: &UnitName) -> Vec<String> {
    if name.part == Part::Service {
        return Vec::new();
    }
    let files = "systemd does not run here or does not read that folder: files only, nothing is started".to_owned();
    // Where the folder comes from a reference it may be secret, and so is not named.
    let refused = if place.shown.is_referenced() { None } else { writable::refusal(&place.folder) };
    (!place.managed).then_some(files).into_iter().chain(refused).collect()
}

pub(super) fn refusal(operation: &str, subject: &str, reason: &str, help: &str) -> ProviderError {
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
impl Session for Units {
    async fn read(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        let (name, place) = self.find(id)?;
        self.live(&name, place, desired, freshness).await
    }

    async fn owned(&self) -> Result<Owned, ProviderError> {
        let mut owned = Vec::new();
        let wanted = self.wanted.iter().map(|place| (place, None));
        for (place, elsewhere) in wanted.chain(self.elsewhere.iter().map(|place| (place, Some(place)))) {
            let (at, policy) = (place.clone(), self.policy.clone());
            let units = blocking("look for units in", &place.shown.shown, move || at.owned(&policy)).await?;
            for (name, unit) in units {
                // The timer goes before the service that it would start.
                let timer = UnitName { part: Part::Timer, ..name.clone() };
                let after = if name.part == Part::Service { vec![id(&timer, elsewhere)] } else { Vec::new() };
                let mut attrs = unit.to_attrs();
                attrs.insert("file".to_owned(), place.file(&name));
                owned.push(Resource {
                    id: id(&name, elsewhere),
                    attrs,
                    span: None,
                    after,
                    queue: Some(queue(place)),
                    earlier: None,
                });
            }
        }
        Ok(owned.into())
    }

    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        self.write(changes, desired).await
    }

    async fn settled(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        let mut freshness = Freshness::Fresh;
        for (change, wanted) in changes.iter().zip(desired) {
            let live = self.read(&change.id, wanted.as_ref(), freshness).await?;
            freshness = Freshness::Cached;
            let differs = |key: &String, attrs: &Attrs| live.attrs.as_ref().and_then(|live| live.get(key)) != attrs.get(key);
            let other = match (wanted, &live.attrs) {
                (None, None) => None,
                (None, Some(_)) => Some("it is still there".to_owned()),
                (Some(_), None) => Some("it is not there".to_owned()),
                (Some(wanted), Some(_)) => wanted.attrs.keys().find(|key| differs(key, &wanted.attrs)).map(|key| {
                    let states = if STATES.contains(&key.as_str()) { "the state" } else { "the setting" };
                    format!("{states} `{key}` of {}", change.id)
                }),
            };
            if let Some(differs) = other {
                return Ok(Settled::NotYet { differs, again_in_ms: 200 });
            }
        }
        Ok(Settled::Yes)
    }
}
