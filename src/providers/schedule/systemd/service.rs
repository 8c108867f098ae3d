//! Kind `systemd_service`: the unit that runs one backup, with no more rights than it needs.

use super::unit_file::{MARK, UnitFile, word};
use crate::attrs::{Attr, Attrs};
use crate::policy::SystemdScope;
use crate::provider::Env;
use crate::providers::schedule::job::Job;
use crate::resource::{Kind, Risk};
use crate::units::cadence::{Semantics, Zone};

pub const KIND: Kind = Kind {
    name: "systemd_service",
    title: "systemd service",
    summary: "The unit that runs one backup. Owned by the section `[X-Bdr]` in its file; foreign drop-ins are shown and kept.",
    headline: &["Service.ExecStart", "Service.User"],
    risk: |_, after| if after.is_none() { Risk::Weakens } else { Risk::None },
    ..Kind::PLAIN
};

/// Where secrets for scheduled jobs may lie: a file that only root reads, or the user, never a unit. `%E` is the user's own folder of
/// configuration (systemd.unit(5), "Specifiers").
fn environment_file(scope: SystemdScope) -> &'static str {
    match scope {
        SystemdScope::System => "-/etc/bdr/environment",
        SystemdScope::User => "-%E/bdr/environment",
    }
}

const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// Attributes of the service of a job.
pub fn attrs(job: &Job<'_>, env: &Env, scope: SystemdScope, file: Attr) -> Attrs {
    let mut unit = UnitFile::default();
    let (component, protection) = (job.component_name(), job.protection_name());
    unit.add("Unit", "Description", format!("bdr: backup of {component} ({protection}) for {}", *job.policy.name));
    if job.needs_network() && scope == SystemdScope::System {
        unit.add("Unit", "Wants", "network-online.target");
        unit.add("Unit", "After", "network-online.target");
    }
    unit.add("Service", "Type", "oneshot");
    unit.add("Service", "ExecStart", command(job, env));
    unit.add("Service", "TimeoutStartSec", longest_run(job));
    for (key, value) in EVERYWHERE {
        unit.add("Service", key, value);
    }
    unit.add("Service", "EnvironmentFile", environment_file(scope));
    if scope == SystemdScope::System {
        for (key, value) in SYSTEM {
            unit.add("Service", key, value);
        }
        let network = job.needs_network();
        unit.add("Service", "RestrictAddressFamilies", if network { "AF_UNIX AF_INET AF_INET6" } else { "AF_UNIX" });
        unit.add("Service", "PrivateNetwork", if network { "no" } else { "yes" });
        reach(job, env, &mut unit);
    }
    mark(job, &mut unit);
    let mut attrs = unit.to_attrs();
    attrs.insert("file".to_owned(), file);
    attrs.insert("loaded".to_owned(), Attr::Bool(true));
    attrs
}

/// Says whose it is. Found again by it alone.
pub fn mark(job: &Job<'_>, unit: &mut UnitFile) {
    unit.add(MARK, "Policy", job.policy.name.as_str());
    unit.add(MARK, "Component", job.component_name().as_str());
    unit.add(MARK, "Protection", job.protection_name().as_str());
    unit.add(MARK, "Version", "1");
}

fn command(job: &Job<'_>, env: &Env) -> String {
    let words = job.command(env);
    words.iter().enumerate().map(|(at, text)| word(text, at > 0)).collect::<Vec<_>>().join(" ")
}

/// A oneshot has no limit of its own, and a hung one would block its timer for ever: a day, or six hours for what runs more often.
fn longest_run(job: &Job<'_>) -> &'static str {
    let zone = Zone::utc();
    let some_day = jiff::Timestamp::UNIX_EPOCH;
    let gap = job.schedule.cadence.runs(&zone, Semantics::Systemd).longest_gap(some_day);
    if gap.is_some_and(|gap| gap.length.as_secs() < 86_400) { "6h" } else { "24h" }
}

/// What holds in a user's manager too.
const EVERYWHERE: [(&str, &str); 10] = [
    ("UMask", "0077"),
    ("Nice", "10"),
    ("IOSchedulingClass", "best-effort"),
    ("IOSchedulingPriority", "7"),
    ("NoNewPrivileges", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("SystemCallArchitectures", "native"),
];

/// The hardening of systemd.exec(5). The job runs as root with the one right to read what others own, since whose the files are
/// is not known here.
const SYSTEM: [(&str, &str); 21] = [
    ("User", "root"),
    ("CapabilityBoundingSet", "CAP_DAC_READ_SEARCH"),
    ("AmbientCapabilities", ""),
    ("CacheDirectory", "bdr"),
    ("CacheDirectoryMode", "0700"),
    ("ProtectSystem", "strict"),
    ("PrivateDevices", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectProc", "invisible"),
    ("RestrictNamespaces", "yes"),
    ("RemoveIPC", "yes"),
    ("KeyringMode", "private"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallFilter", "~@privileged @resources"),
    ("SystemCallErrorNumber", "EPERM"),
    ("DevicePolicy", "closed"),
];

/// Opens as much of the file system as this job reads and writes.
fn reach(job: &Job<'_>, env: &Env, unit: &mut UnitFile) {
    let own = std::iter::once(env.program.as_str()).chain(env.policy_paths.iter().map(String::as_str));
    let named: Vec<Option<&str>> = job.reads().chain(job.writes()).chain(own.map(Some)).collect();
    let below = |roots: &[&str]| {
        let inside = |path: &str| roots.iter().any(|root| holds(root, path) || holds(path, root));
        // A path that only a reference tells may lie anywhere, and must not be written into a unit.
        named.iter().any(|path| path.is_none_or(inside))
    };
    // The keys of an S3 store may lie in root's home (`~/.aws`).
    let homes = if below(&HOMES) || job.needs_network() { "read-only" } else { "yes" };
    unit.add("Service", "ProtectHome", homes);
    unit.add("Service", "PrivateTmp", if below(&TEMPORARY) { "no" } else { "yes" });
    for folder in job.writes().flatten() {
        // Without the dash a folder that is missing would keep the job from saying so itself.
        unit.add("Service", "ReadWritePaths", word(&format!("-{folder}"), false));
    }
    if job.writes().any(|path| path.is_none()) {
        unit.add("Service", "ReadWritePaths", "/");
    }
}

/// Whether a path is a folder or lies in it.
fn holds(folder: &str, path: &str) -> bool {
    std::path::Path::new(path).starts_with(folder)
}
