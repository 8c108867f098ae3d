//! What the live schedulers carry out now, as schedules: the "before" of the objectives in a plan.

use std::collections::BTreeMap;

use super::job::jobs;
use super::{cron, risk, systemd};
use crate::address::{ComponentName, ProtectionName, ResourceId, Subject};
use crate::attrs::{Attr, Attrs};
use crate::policy::Policy;
use crate::provider::Env;
use crate::resource::{Desired, Live};
use crate::units::cadence::{Schedule, Zone};

/// The protections that a live scheduler runs, each with its schedule; `None`: with times that no policy could say, or not at all
/// (a timer that is stopped or not enabled). What is not in it stands nowhere.
pub fn live_schedules<'a>(
    policy: &Policy,
    env: &Env,
    desired: &Desired,
    live: impl IntoIterator<Item = (&'a ResourceId, &'a Live)>,
) -> BTreeMap<(ComponentName, ProtectionName), Option<Schedule>> {
    let mut found = BTreeMap::new();
    for (id, seen) in live {
        let (Subject::Component(component), Some(attrs)) = (&id.subject, &seen.attrs) else { continue };
        // What still stands elsewhere than where the policy wants it is carried out all the same.
        let (name, elsewhere) = id.key.split_once('@').map_or((id.key.as_str(), false), |(name, _)| (name, true));
        let Ok(protection) = ProtectionName::new(name) else { continue };
        let wanted = desired.get(id).map(|resource| &resource.attrs);
        let schedule = match id.kind.as_ref() {
            systemd::TIMER if !is_on(attrs) => None,
            systemd::TIMER => {
                let times =
                    |attrs: &Attrs| attrs.get("Timer").and_then(Attr::as_map).and_then(|timer| timer.get("OnCalendar")).cloned();
                let read = |lines: &[String]| Schedule::from_on_calendar(lines, &policy.timezone);
                schedule_of(policy, component, &protection, wanted.and_then(times), times(attrs), read)
            }
            cron::ENTRY => {
                let times = |attrs: &Attrs| attrs.get("schedule").cloned();
                let utc = Zone::utc();
                let machine = env.local_zone.as_ref().unwrap_or(&utc);
                let due = attrs.get("due").and_then(Attr::as_str);
                let read = |lines: &[String]| match due {
                    Some(due) => cron::stated(due)
                        .filter(|(_, zone)| [policy.timezone.name(), "UTC"].contains(zone))
                        .map(|(schedule, _)| schedule),
                    None => Schedule::from_cron_lines(lines, &policy.timezone, machine),
                };
                schedule_of(policy, component, &protection, wanted.and_then(times), times(attrs), read)
            }
            _ => continue,
        };
        let key = (component.clone(), protection);
        if !(elsewhere && found.contains_key(&key)) {
            found.insert(key, schedule);
        }
    }
    found
}

/// Drop-ins may change anything, but what a timer itself says is still the best guess; a stopped one runs nothing.
fn is_on(attrs: &Attrs) -> bool {
    ["active", "enabled"].iter().all(|state| attrs.get(*state).and_then(Attr::as_bool).unwrap_or(false))
}

/// The policy's own schedule where the live times are those that it is written as; otherwise what they read as.
fn schedule_of(
    policy: &Policy,
    component: &ComponentName,
    protection: &ProtectionName,
    wanted: Option<Attr>,
    live: Option<Attr>,
    read: impl Fn(&[String]) -> Option<Schedule>,
) -> Option<Schedule> {
    let live = live?;
    if wanted.as_ref() == Some(&live) {
        return jobs(policy)
            .find(|job| job.component_name() == component && job.protection_name() == protection)
            .map(|job| job.schedule);
    }
    read(&risk::texts(&live))
}
