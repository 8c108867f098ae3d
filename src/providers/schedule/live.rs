//! What the live schedulers carry out now, as schedules: the "before" of the objectives in a plan.

use std::collections::BTreeMap;

use super::job::jobs;
use super::{cron, systemd};
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
        let Ok(protection) = ProtectionName::new(&id.key) else { continue };
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
                let read = |lines: &[String]| {
                    due.map_or_else(|| Schedule::from_cron_lines(lines, &policy.timezone, machine), |due| stated(due, policy))
                };
                schedule_of(policy, component, &protection, wanted.and_then(times), times(attrs), read)
            }
            _ => continue,
        };
        found.insert((component.clone(), protection), schedule);
    }
    found
}

/// Drop-ins may change anything, but what a timer itself says is still the best guess; a stopped one runs nothing.
fn is_on(attrs: &Attrs) -> bool {
    ["active", "enabled"].iter().all(|state| attrs.get(*state).and_then(Attr::as_bool).unwrap_or(false))
}

/// What the remark above an entry says that is due; the minute to which an interval was spread moves no gap.
fn stated(due: &str, policy: &Policy) -> Option<Schedule> {
    let (text, zone) = due.split_once(" (")?;
    let zone = zone.split_once(')')?.0;
    let schedule = Schedule::parse(text.split(" from minute ").next()?).ok()?;
    (zone == policy.timezone.name() || zone == "UTC").then_some(schedule)
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
    let lines: Vec<String> = match &live {
        Attr::List(lines) => lines.iter().map(Attr::to_string).collect(),
        only => vec![only.to_string()],
    };
    read(&lines)
}
