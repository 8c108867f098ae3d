//! What the live schedulers carry out now, as schedules: the "before" of the objectives in a plan.

use std::collections::{BTreeMap, BTreeSet};

use super::job::jobs;
use super::{cron, risk, systemd};
use crate::address::{ComponentName, ProtectionName, ResourceId, Subject};
use crate::attrs::{Attr, Attrs};
use crate::policy::Policy;
use crate::provider::Env;
use crate::resource::{Desired, Live};
use crate::units::cadence::{Running, Schedule, Zone};

/// Protections with what runs them; `None`: they run at times that no policy could say, or it is not known that they run at all (a timer
/// that is off, a service that starts something else).
pub type Schedules = BTreeMap<(ComponentName, ProtectionName), Option<Running>>;

/// What live schedulers carry out, drop-ins included. What is not in it stands nowhere.
pub fn live_schedules<'a>(
    policy: &Policy,
    env: &Env,
    desired: &Desired,
    live: impl IntoIterator<Item = (&'a ResourceId, &'a Live)>,
) -> Schedules {
    let holds = |seen: &'a Live| match &seen.in_effect {
        Some(in_effect) => in_effect.now.as_ref(),
        None => seen.attrs.as_ref(),
    };
    let views = live.into_iter().filter_map(|(id, seen)| Some((id, holds(seen)?)));
    carried_out(policy, env, desired, &views.collect())
}

/// What will be carried out of the policy's jobs once everything is as wanted, where that is not what the policy says: drop-ins of others
/// are kept.
pub fn overridden_schedules<'a>(
    policy: &Policy,
    env: &Env,
    desired: &Desired,
    live: impl IntoIterator<Item = (&'a ResourceId, &'a Live)>,
) -> Schedules {
    let then = |seen: &'a Live| seen.in_effect.as_ref()?.then.as_ref();
    let over: BTreeMap<&ResourceId, &Attrs> = live.into_iter().filter_map(|(id, seen)| Some((id, then(seen)?))).collect();
    let views = desired.iter().map(|resource| (&resource.id, over.get(&resource.id).copied().unwrap_or(&resource.attrs)));
    let mut found = carried_out(policy, env, desired, &views.collect());
    let touched: BTreeSet<(ComponentName, &str)> = over.keys().filter_map(|id| Some((component(id)?, id.key.as_str()))).collect();
    found.retain(|(component, protection), _| touched.contains(&(component.clone(), protection.as_str())));
    found
}

fn component(id: &ResourceId) -> Option<ComponentName> {
    match &id.subject {
        Subject::Component(name) => Some(name.clone()),
        _ => None,
    }
}

fn carried_out(policy: &Policy, env: &Env, desired: &Desired, views: &BTreeMap<&ResourceId, &Attrs>) -> Schedules {
    let utc = Zone::utc();
    let machine = env.local_zone.as_ref().unwrap_or(&utc);
    let mut found = BTreeMap::new();
    for (id, attrs) in views {
        let Some(own) = component(id) else { continue };
        // What still stands elsewhere than where the policy wants it, or under another name, is carried out all the same.
        let component = policy.component_once_called(&own).map_or(&own, |component| &component.name.value).clone();
        let (name, elsewhere) = id.key.split_once('@').map_or((id.key.as_str(), component != own), |(name, _)| (name, true));
        let Ok(protection) = ProtectionName::new(name) else { continue };
        let key = (component, protection);
        let wanted = desired.get(id).map(|resource| &resource.attrs);
        let running = match id.kind.as_ref() {
            systemd::TIMER => {
                let service = ResourceId::new(id.subject.clone(), systemd::SERVICE, id.key.clone());
                let command = desired.get(&service).map(|resource| &resource.attrs);
                let runs = views.get(&service).is_some_and(|attrs| systemd::runs_ours(attrs, &own, name, command));
                let started = systemd::starts(attrs).filter(|_| runs);
                started.and_then(|(times, late)| {
                    let own = wanted.and_then(systemd::starts).map(|(times, _)| times);
                    let read = |lines: &[String]| Schedule::from_on_calendar(lines, &policy.timezone);
                    let anybodys = || Running::from_on_calendar(&risk::texts(&times), machine);
                    let running = ours(policy, &key, own, &times, read).or_else(anybodys)?;
                    Some(Running { late, ..running })
                })
            }
            cron::ENTRY => {
                let times = |attrs: &Attrs| attrs.get("schedule").cloned();
                let due = attrs.get("due").and_then(Attr::as_str);
                let read = |lines: &[String]| match due {
                    Some(due) => cron::stated(due)
                        .filter(|(_, zone)| [policy.timezone.name(), "UTC"].contains(zone))
                        .map(|(schedule, _)| schedule),
                    None => Schedule::from_cron_lines(lines, &policy.timezone, machine),
                };
                times(attrs).and_then(|live| ours(policy, &key, wanted.and_then(times), &live, read))
            }
            _ => continue,
        };
        if !(elsewhere && found.contains_key(&key)) {
            found.insert(key, running);
        }
    }
    found
}

/// The policy's own schedule where the live times are those that it is written as; otherwise what they read as in the policy's zone.
fn ours(
    policy: &Policy,
    (component, protection): &(ComponentName, ProtectionName),
    wanted: Option<Attr>,
    live: &Attr,
    read: impl Fn(&[String]) -> Option<Schedule>,
) -> Option<Running> {
    let schedule = if wanted.as_ref() == Some(live) {
        jobs(policy).find(|job| job.component_name() == component && job.protection_name() == protection).map(|job| job.schedule)
    } else {
        read(&risk::texts(live))
    };
    Some(Running { schedule: schedule?, zone: policy.timezone.value.clone(), late: 0 })
}
