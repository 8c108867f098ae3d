//! Provider `postgres`: settings of servers on which backups depend, written by `ALTER SYSTEM`.
//!
//! A setting can carry no mark, so the value before bdr is recorded in the policy's first store before it is changed: what is recorded
//! is the policy's, and gets that value back when it leaves the policy.

mod facts;
mod record;
mod session;
mod setting;

use std::sync::Arc;

use async_trait::async_trait;

use crate::address::{ComponentName, ResourceId, Subject};
use crate::attrs::{Attr, Attrs};
use crate::diag::Spanned;
use crate::policy::server_setting;
use crate::policy::{Backend, Policy, Postgresql};
use crate::provider::{Connect, Env, Provider, ProviderError, Session};
use crate::providers::{folder, s3};
use crate::resource::{Desired, Kind, Resource, Risk};

pub(super) static KIND: Kind = Kind {
    name: "postgresql_setting",
    title: "server setting",
    summary: "A setting of a PostgreSQL server, by `ALTER SYSTEM`. Owned by a record of the value before, in `.bdr/settings/` of the first store; \
              that value is given back when the setting leaves the policy.",
    risk,
    headline: &["value"],
    ..Kind::PLAIN
};

/// Less of the log, or nothing that archives it, is less that can be restored.
fn risk(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let of =
        |attrs: Option<&Attrs>, name: &str| attrs.and_then(|attrs| attrs.get(name)).and_then(Attr::as_str).map(str::to_owned);
    let setting = of(before, "setting").or(of(after, "setting")).and_then(|name| server_setting::find(&name));
    let (Some(setting), Some(before)) = (setting, of(before, "value")) else { return Risk::None };
    let less = match setting.name {
        // Less for a receiver that is gone is more room for the server itself.
        "max_slot_wal_keep_size" => false,
        "archive_command" => of(after, "value").is_none_or(|after| after.is_empty() && !before.is_empty()),
        // Off, or later.
        "archive_timeout" => of(after, "value").is_none_or(|after| {
            let later = setting.compare(&after, &before).is_some_and(std::cmp::Ordering::is_gt);
            before != "0" && (after == "0" || later)
        }),
        _ => of(after, "value").is_none_or(|after| setting.compare(&after, &before).is_some_and(std::cmp::Ordering::is_lt)),
    };
    if less { Risk::Weakens } else { Risk::None }
}

/// Settings of servers.
pub struct Postgres;

/// The servers of which the policy determines settings.
fn servers(policy: &Policy) -> impl Iterator<Item = (&Spanned<ComponentName>, &Postgresql)> {
    let server = policy.components.values().filter_map(|component| Some((&component.name, component.kind.postgresql()?)));
    server.filter(|(_, server)| !server.settings.is_empty())
}

fn id(component: &ComponentName, setting: &str) -> ResourceId {
    ResourceId::new(Subject::Component(component.clone()), KIND.name, setting)
}

fn attrs(setting: &str, value: &str) -> Attrs {
    Attrs::from([("setting".to_owned(), Attr::text(setting)), ("value".to_owned(), Attr::text(value))])
}

/// How the record of an apply names the servers of which it set something, so that it is found when the policy speaks of none any more.
const PLACE: &str = "settings of the server of ";

/// Where one server's settings are changed one after the other.
fn queue(component: &ComponentName) -> String {
    format!("{PLACE}{component}")
}

/// Where settings are kept, to be noted by an apply.
pub fn places(desired: &Desired) -> impl Iterator<Item = String> {
    let own = desired.iter().filter(|resource| resource.id.kind == KIND.name);
    own.filter_map(|resource| resource.queue.clone())
}

/// What the records are written to: it must be there first.
fn store_of_records(policy: &Policy) -> Option<ResourceId> {
    let (name, spec) = policy.stores.iter().next()?;
    Some(match &spec.backend {
        Backend::Folder(_) => folder::id(name),
        Backend::S3(_) => s3::bucket_id(name),
    })
}

impl Provider for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn kinds(&self) -> &'static [Kind] {
        std::slice::from_ref(&KIND)
    }

    fn declare(&self, policy: &Policy, _env: &Env, desired: &mut Desired) {
        for (component, server) in servers(policy) {
            for (setting, value) in &server.settings {
                desired.add(Resource {
                    id: id(&component.value, setting),
                    attrs: attrs(setting, &value.value),
                    span: value.span,
                    after: store_of_records(policy).into_iter().collect(),
                    queue: Some(queue(&component.value)),
                    earlier: None,
                });
            }
        }
    }
}

#[async_trait]
impl Connect for Postgres {
    async fn connect(&self, policy: Arc<Policy>, env: Arc<Env>) -> Result<Box<dyn Session>, ProviderError> {
        Ok(Box::new(session::SettingSession::new(policy, env)))
    }
}
