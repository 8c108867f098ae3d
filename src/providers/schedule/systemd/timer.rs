//! Kind `systemd_timer`: when one backup runs, and that it is enabled.

use super::service::mark;
use super::unit_file::UnitFile;
use crate::attrs::{Attr, Attrs};
use crate::providers::schedule::job::Job;
use crate::providers::schedule::risk;
use crate::resource::Kind;
use crate::units::cadence::{Schedule, Semantics, Zone};

pub const KIND: Kind = Kind {
    name: "systemd_timer",
    title: "systemd timer",
    summary: "When one backup runs. Enabled and started where systemd runs. Owned by the section `[X-Bdr]` in its file; foreign \
              drop-ins are shown and kept.",
    // All timers of a folder are written together, so that systemd reads its units anew once.
    shared: true,
    headline: &["Timer.OnCalendar"],
    risk: |before, after| risk::of_change(before, after, gap),
    ..Kind::PLAIN
};

/// The longest gap that the lines of a timer leave, in seconds.
fn gap(attrs: &Attrs) -> Option<u64> {
    let lines = risk::texts(attrs.get("Timer")?.as_map()?.get("OnCalendar")?);
    // Each line ends in its zone, and those of one timer have the same.
    let zone = Zone::parse(lines.first()?.rsplit_once(' ')?.1).ok()?;
    risk::longest_gap(&Schedule::from_on_calendar(&lines, &zone)?, &zone, Semantics::Systemd)
}

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
    let mut attrs = unit.to_attrs();
    attrs.insert("file".to_owned(), file);
    attrs.extend(["active", "enabled", "loaded"].map(|state| (state.to_owned(), Attr::Bool(true))));
    attrs
}
