//! Drop-ins: what others lay over a unit, and what systemd makes of both (reference: systemd.unit(5), "UNIT FILE LOAD PATH").

use super::unit_file::{MARK, Setting, UnitFile, lines};
use crate::resource::Foreign;

/// A file of settings that systemd reads after the unit itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropIn {
    /// Its path, as plans show it.
    pub shown: String,
    settings: Vec<Setting>,
}

impl DropIn {
    pub fn parse(shown: String, text: &str) -> Self {
        Self { shown, settings: lines(text) }
    }

    /// Which settings it makes, never their values, which may be secret.
    pub fn foreign(&self) -> Foreign {
        let mut names: Vec<String> = self.settings.iter().map(Setting::to_string).collect();
        names.sort();
        names.dedup();
        let summary = if names.is_empty() {
            "a drop-in that sets nothing".to_owned()
        } else {
            format!("drop-in: sets {}", names.join(", "))
        };
        Foreign::new(self.shown.clone(), summary)
    }
}

/// The folders beside a unit that hold its drop-ins, in the order of whose file counts where several have one of a name: its own, those of
/// its name cut off after each dash, and that of all units of its type.
pub fn folders(unit: &str) -> Vec<String> {
    let Some((stem, part)) = unit.rsplit_once('.') else { return Vec::new() };
    let dashes = stem.rmatch_indices('-').map(|(at, _)| at).filter(|at| at + 1 < stem.len());
    let shorter = dashes.map(|at| format!("{}.{part}.d", &stem[..=at]));
    [format!("{unit}.d")].into_iter().chain(shorter).chain([format!("{part}.d")]).collect()
}

/// What holds once the drop-ins were read in their order after the unit.
pub fn laid_over(unit: &UnitFile, over: &[DropIn]) -> UnitFile {
    let mut holds = UnitFile::default();
    let all = unit.settings().chain(over.iter().flat_map(|one| one.settings.iter().cloned()));
    for Setting { section, key, value } in all {
        if value.is_empty() {
            let reset: Vec<String> = holds.settings().filter(|other| other.section == section).map(|other| other.key).collect();
            reset.iter().filter(|other| is_reset(other, &key)).for_each(|other| holds.remove(&section, other));
        } else {
            if !adds_up(&section, &key) {
                holds.remove(&section, &key);
            }
            holds.add(&section, &key, value);
        }
    }
    holds
}

/// What of the unit does not hold under the drop-ins, and what they say besides of whether and when it runs.
pub fn overridden(unit: &UnitFile, over: &[DropIn]) -> Vec<String> {
    let (alone, holds) = (laid_over(unit, &[]), laid_over(unit, over));
    let is_there = |setting: &Setting| holds.all(&setting.section, &setting.key).iter().any(|value| same(value, &setting.value));
    let told = |setting: &Setting| setting.section != MARK && !["Description", "Documentation"].contains(&setting.key.as_str());
    let lost = alone.settings().filter(told).filter(|setting| !is_there(setting));
    let decides = |setting: &Setting| DECIDE.contains(&setting.key.as_str()) || is_condition(&setting.key);
    let besides = holds.settings().filter(decides).filter(|setting| alone.all(&setting.section, &setting.key).is_empty());
    let mut names: Vec<String> = lost.chain(besides).map(|setting| setting.to_string()).collect();
    names.sort();
    names.dedup();
    names
}

/// What decides whether and when a unit runs, where ours say nothing of it.
const DECIDE: [&str; 4] = ["ExecCondition", "RandomizedDelaySec", "RemainAfterExit", "Unit"];

pub fn is_condition(key: &str) -> bool {
    key.starts_with("Condition") || key.starts_with("Assert")
}

/// Whether an empty value of one key takes away what another has.
fn is_reset(other: &str, emptied: &str) -> bool {
    if DEPENDENCIES.contains(&other) {
        return false;
    }
    // systemd.timer(5): the empty string resets all timers, whichever option is used; systemd.unit(5): all conditions.
    other == emptied
        || (TIMERS.contains(&other) && TIMERS.contains(&emptied))
        || ["Condition", "Assert"].iter().any(|kind| other.starts_with(kind) && emptied.starts_with(kind))
}

/// Whether several values of a key hold beside each other; otherwise the last one counts.
fn adds_up(section: &str, key: &str) -> bool {
    let listed = [&TIMERS[..], &DEPENDENCIES[..], &LISTS[..]].iter().any(|names| names.contains(&key));
    listed || is_condition(key) || key.starts_with("Exec") || section == "Install" || section == MARK
}

/// Equal, also where one says `yes` and the other `true`.
pub fn same(one: &str, other: &str) -> bool {
    let truth = |text: &str| match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Some(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Some(false),
        _ => None,
    };
    one == other || (truth(one).is_some() && truth(one) == truth(other))
}

const TIMERS: [&str; 6] = ["OnCalendar", "OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec"];

/// What a drop-in can only add to.
const DEPENDENCIES: [&str; 12] = [
    "After",
    "Before",
    "BindsTo",
    "Conflicts",
    "OnFailure",
    "OnSuccess",
    "PartOf",
    "Requires",
    "RequiresMountsFor",
    "Requisite",
    "Upholds",
    "Wants",
];

/// Lists of systemd.exec(5) and systemd.resource-control(5).
const LISTS: [&str; 24] = [
    "AmbientCapabilities",
    "BindPaths",
    "BindReadOnlyPaths",
    "CacheDirectory",
    "CapabilityBoundingSet",
    "ConfigurationDirectory",
    "DeviceAllow",
    "Environment",
    "EnvironmentFile",
    "InaccessiblePaths",
    "LoadCredential",
    "LogsDirectory",
    "PassEnvironment",
    "ReadOnlyPaths",
    "ReadWritePaths",
    "RestrictAddressFamilies",
    "RuntimeDirectory",
    "SetCredential",
    "StateDirectory",
    "SupplementaryGroups",
    "SystemCallArchitectures",
    "SystemCallFilter",
    "TemporaryFileSystem",
    "UnsetEnvironment",
];

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "[Unit]\nAfter=network-online.target\n[Service]\nType=oneshot\nExecStart=/usr/bin/bdr backup\nNice=10\n\
                        AmbientCapabilities=\nReadWritePaths=-/srv/backups\n[Timer]\nOnCalendar=*-*-* 02:30:00 UTC\nPersistent=true\n\
                        [X-Bdr]\nPolicy=p\n";

    fn under(texts: &[&str]) -> (UnitFile, Vec<String>) {
        let unit = UnitFile::parse(UNIT);
        let over: Vec<DropIn> = texts.iter().map(|text| DropIn::parse(String::new(), text)).collect();
        (laid_over(&unit, &over), overridden(&unit, &over))
    }

    #[test]
    fn what_replaces_ours_is_told_and_what_only_adds_is_not() {
        for (text, told) in [
            ("[Service]\nExecStart=\nExecStart=/bin/true", vec!["Service.ExecStart"]),
            ("[Service]\nExecStart=/bin/true", vec![]),
            ("[Service]\nNice=5", vec!["Service.Nice"]),
            ("[Service]\nReadWritePaths=/more", vec![]),
            ("[Service]\nReadWritePaths=\nReadWritePaths=/more", vec!["Service.ReadWritePaths"]),
            ("[Service]\nExecCondition=/bin/false", vec!["Service.ExecCondition"]),
            ("[Service]\nMemoryMax=1G\nEnvironment=A=b", vec![]),
            ("[Unit]\nAfter=\nAfter=other.service\nDescription=mine", vec![]),
            ("[Unit]\nConditionPathExists=/mnt/disk", vec!["Unit.ConditionPathExists"]),
            ("[Timer]\nOnCalendar=\nOnCalendar=monthly", vec!["Timer.OnCalendar"]),
            ("[Timer]\nOnBootSec=", vec!["Timer.OnCalendar"]),
            ("[Timer]\nOnCalendar=hourly", vec![]),
            ("[Timer]\nPersistent=yes", vec![]),
            ("[Timer]\nPersistent=no\nRandomizedDelaySec=1d", vec!["Timer.Persistent", "Timer.RandomizedDelaySec"]),
            ("[X-Bdr]\nPolicy=q", vec![]),
        ] {
            assert_eq!(under(&[text]).1, told, "{text}");
        }
    }

    #[test]
    fn later_drop_ins_go_on_from_what_earlier_ones_left() {
        let (holds, told) =
            under(&["[Timer]\nOnCalendar=", "[Timer]\nOnCalendar=*-*-* 02:30:00 UTC\n[Service]\nNice=1", "[Service]\nNice=10"]);
        assert_eq!(holds.all("Timer", "OnCalendar"), ["*-*-* 02:30:00 UTC"]);
        assert_eq!((holds.all("Service", "Nice"), told), (&["10".to_owned()][..], vec![]));
        assert_eq!(holds.all("Service", "AmbientCapabilities"), [] as [&str; 0]);
    }

    #[test]
    fn drop_ins_of_a_unit_lie_in_folders_by_its_name_its_beginnings_and_its_type() {
        let expected = ["bdr-safe-pm.docs.a.timer.d", "bdr-safe-.timer.d", "bdr-.timer.d", "timer.d"];
        assert_eq!(folders("bdr-safe-pm.docs.a.timer"), expected);
    }
}
