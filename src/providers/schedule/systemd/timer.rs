//! Kind `systemd_timer`: when one backup runs, and that it is enabled.

use super::service::mark;
use super::unit_file::{MARK, UnitFile};
use crate::attrs::{Attr, Attrs};
use crate::policy::Policy;
use crate::provider::Carried;
use crate::providers::schedule::job::Job;
use crate::resource::{Kind, Risk};
use crate::units::cadence::Schedule;

pub const KIND: Kind = Kind {
    name: "systemd_timer",
    title: "systemd timer",
    summary: "When one backup runs. Enabled and started where systemd runs. Owned by the section `[X-Bdr]` in its file; foreign \
              drop-ins are shown and kept.",
    // All timers of a folder are written together, so that systemd reads its units anew once.
    shared: true,
    risk: |_, after| if after.is_none() { Risk::Weakens } else { Risk::None },
    ..Kind::PLAIN
};

/// Attributes of the timer of a job.
pub fn attrs(job: &Job<'_>, file: Attr) -> Attrs {
    let mut unit = UnitFile::default();
    let (component, protection) = (job.component_name(), job.protection_name());
    unit.add("Unit", "Description", format!("bdr: when {component} ({protection}) is backed up"));
    for line in job.schedule.cadence.to_on_calendar(&job.policy.timezone) {
        unit.add("Timer", "OnCalendar", line);
    }
    unit.add("Timer", "Persistent", "true");
    unit.add("Timer", "AccuracySec", "1s");
    unit.add("Install", "WantedBy", "timers.target");
    mark(job, &mut unit);
    unit.add(MARK, "Schedule", job.schedule.text.as_str());
    let mut attrs = unit.to_attrs();
    attrs.insert("file".to_owned(), file);
    attrs.extend(["active", "enabled", "loaded"].map(|state| (state.to_owned(), Attr::Bool(true))));
    attrs
}

/// The schedule that a live timer carries out: the one its mark names, where the times in it are those of that schedule.
pub fn carries_out(policy: &Policy, identity: &str, live: &Attrs) -> Carried {
    let unit = UnitFile::from_attrs(live);
    let named = unit.get(MARK, "Schedule").and_then(|text| Schedule::parse(text).ok()).map(|schedule| schedule.spread(identity));
    let as_named = |schedule: &Schedule| {
        let mut wanted = UnitFile::default();
        schedule.cadence.to_on_calendar(&policy.timezone).into_iter().for_each(|line| wanted.add("Timer", "OnCalendar", line));
        let times = |unit: &UnitFile| {
            unit.to_attrs().get("Timer").and_then(Attr::as_map).and_then(|timer| timer.get("OnCalendar").cloned())
        };
        times(&wanted) == times(&unit)
    };
    named.filter(as_named).map_or(Carried::Untold, Carried::Schedule)
}
