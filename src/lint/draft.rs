//! A first policy: from a few answers to a commented text that lints clean, or to what stands in the way.

use std::fmt::Write as _;

use crate::address::PolicyName;
use crate::diag::{Diagnostics, Sources};
use crate::lint::{self, Linted};
use crate::units::cadence::Zone;
use crate::units::duration::Duration;

/// What somebody wants to have protected, and how.
#[derive(Debug, Clone)]
pub struct Answers {
    pub name: PolicyName,
    pub zone: Zone,
    /// Absolute; at least one.
    pub paths: Vec<String>,
    /// Absolute path of a folder for copies.
    pub folder: Option<String>,
    pub s3: Option<Bucket>,
    pub rpo: Duration,
    pub rto: Duration,
    pub scheduler: SchedulerWord,
}

/// A bucket for copies.
#[derive(Debug, Clone)]
pub struct Bucket {
    pub name: String,
    pub region: Option<String>,
    pub endpoint: Option<String>,
}

/// Which scheduler the policy names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchedulerWord {
    Systemd,
    SystemdUser,
    Cron,
    Crontab,
}

/// Schedules from the most leisurely to the most eager, each with what is said of it.
const SCHEDULES: [(&str, &str); 9] = [
    ("0 4 * * *", "every night at four, when no clock is put forward or back"),
    ("every 12h", "twice a day"),
    ("every 6h", "four times a day"),
    ("every 2h", "every second hour"),
    ("every 1h", "every hour"),
    ("every 30m", "twice an hour"),
    ("every 15m", "four times an hour"),
    ("every 10m", "six times an hour"),
    ("every 5m", "twelve times an hour"),
];

/// The first policy with the most leisurely schedule that keeps the objectives.
///
/// # Errors
/// What lint finds with the most eager one, and its text, where no schedule keeps them.
pub fn draft(answers: &Answers, file: &str, now: jiff::Timestamp) -> Result<String, (Diagnostics, Sources)> {
    let mut last = None;
    for (schedule, said) in SCHEDULES {
        let text = write(answers, schedule, said);
        let mut sources = Sources::new();
        sources.add(file, text.as_str());
        let Linted { found, sources, .. } = lint::lint(sources, now);
        if found.is_empty() {
            return Ok(text);
        }
        last = Some((found, sources));
    }
    Err(last.unwrap_or_default())
}

fn write(answers: &Answers, schedule: &str, said: &str) -> String {
    let Answers { name, zone, paths, rpo, rto, .. } = answers;
    let paths: Vec<String> = paths.iter().map(|path| quoted(path)).collect();
    let stores: Vec<&str> = store_names(answers);
    let to = if let [one] = stores.as_slice() { format!("store: {one}") } else { format!("stores: [{}]", stores.join(", ")) };
    // A folder of this machine is lost with it, and whatever writes to the data can write there too.
    let objectives = if answers.s3.is_some() {
        format!("    objectives: {{ rpo: {rpo}, rto: {rto} }}\n")
    } else {
        format!(
            "    # A folder of this machine helps when a program fails, not when the machine is lost. With a store elsewhere,\n    \
             # promise more: objectives: {{ rpo: {rpo}, rto: {rto} }}\n    objectives:\n      process: {{ rpo: {rpo}, rto: {rto} }}\n"
        )
    };
    format!(
        "# What must be recoverable, how much loss and downtime is bearable, where copies live and how long.\n\
         # Check it with `bdr lint`, see what it would do with `bdr plan`, and do it with `bdr apply`.\n\
         version: 1\nname: {name}\ntimezone: {zone}\n\n\
         # Where copies live.\nstores:\n{}\n\
         # What must be recoverable.\ncomponents:\n  data:\n    files:\n      paths: [{}]\n      \
         # What can be made again need not be kept, as in: exclude: [\"cache/**\", \"**/*.tmp\"]\n    \
         # At most this much is lost (rpo), and it is back after at most this long (rto).\n{objectives}    \
         protect:\n      # Runs {said}.\n      files: {{ file_backup: {{}}, schedule: {}, {to} }}\n    \
         # How long copies stay: one of each day, week and month.\n    retain:\n      daily: {{ for: 30d }}\n      \
         weekly: {{ for: 12w }}\n      monthly: {{ for: 12mo }}\n\n\
         # What runs the schedules.\nscheduler: {}\n",
        stores_text(answers),
        paths.join(", "),
        if schedule.contains('*') { format!("\"{schedule}\"") } else { schedule.to_owned() },
        match answers.scheduler {
            SchedulerWord::Systemd => "{ systemd: {} }",
            SchedulerWord::SystemdUser => "{ systemd: { user: true } }",
            SchedulerWord::Cron => "{ cron: {} }",
            SchedulerWord::Crontab => "{ cron: { user: true } }",
        }
    )
}

fn store_names(answers: &Answers) -> Vec<&'static str> {
    let folder = answers.folder.as_ref().map(|_| "local");
    folder.into_iter().chain(answers.s3.as_ref().map(|_| "remote")).collect()
}

fn stores_text(answers: &Answers) -> String {
    let mut out = String::new();
    if let Some(path) = &answers.folder {
        let _ = writeln!(out, "  local:\n    folder: {{ path: {} }}", quoted(path));
    }
    if let Some(bucket) = &answers.s3 {
        let mut s3 = format!("bucket: {}", quoted(&bucket.name));
        for (key, value) in [("region", &bucket.region), ("endpoint", &bucket.endpoint)] {
            if let Some(value) = value {
                let _ = write!(s3, ", {key}: {}", quoted(value));
            }
        }
        let _ = writeln!(
            out,
            "  remote:\n    s3: {{ {s3} }}\n    # What is deleted or overwritten by mistake can be had back for this long.\n    \
             versioning: true\n    noncurrent: {{ for: 30d }}\n    abort_uploads_after: 7d"
        );
    }
    out
}

/// In double quotes, as YAML 1.2 takes it over from JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
