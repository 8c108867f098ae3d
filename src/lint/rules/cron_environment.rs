//! A policy that needs environment variables, run by cron, which has none.
//!
//! ## What it finds
//!
//! `${env:NAME}` anywhere in a policy whose schedules are carried out by cron. `HOME`, `LOGNAME`, `PATH` and `SHELL` are there: cron
//! itself sets them (crontab(5)).
//!
//! ## Why it matters
//!
//! cron starts jobs without the variables of whoever set them up. The whole policy is read for every job, so each one would end
//! before it begins, and nobody is at the terminal to see it.
//!
//! Where the variable is set by a line `NAME=value` of the crontab itself, suppress the finding and say so.
//!
//! ## Example
//!
//! ```yaml
//! scheduler: { cron: {} }
//! stores:
//!   primary: { s3: { bucket: "${env:BACKUP_BUCKET}", region: eu-north-1 } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! scheduler: { cron: {} }
//! stores:
//!   primary: { s3: { bucket: "${file:/etc/bdr/bucket}", region: eu-north-1 } }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Spanned};
use crate::lint::{Context, Rule};
use crate::policy::{Backend, ComponentKind, CronTable, Policy, Scheduler, Text};
use crate::units::count::count;

/// What cron itself gives to jobs.
const OF_CRON: [&str; 4] = ["HOME", "LOGNAME", "PATH", "SHELL"];

/// References that are pointed at; the rest is counted.
const SHOWN: usize = 3;

pub struct CronEnvironment;

impl Rule for CronEnvironment {
    fn about(&self) -> Code {
        Code { code: "BDR-L015", name: "cron-environment", severity: Severity::Error, text: include_str!("cron_environment.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let policy = context.policy;
        let Some(scheduler @ Spanned { value: Scheduler::Cron(table), .. }) = &policy.scheduler else { return };
        let scheduled = policy.components.values().flat_map(|component| component.protections.values());
        if !scheduled.into_iter().any(|protection| protection.schedule.is_some()) {
            return;
        }
        let needing: Vec<(&Spanned<Text>, &str)> =
            texts(policy, table).into_iter().filter_map(|text| Some((text, variable(text)?))).collect();
        let Some((_, first)) = needing.first() else { return };
        let message = format!("cron gives jobs no environment, and this policy needs `{first}` from it");
        let mut finding = Diagnostic::error(self.about().code, message);
        for (text, name) in needing.iter().take(SHOWN) {
            finding = finding.at(text.span, format!("`{name}` is not set in a job of cron"));
        }
        finding = finding.at(scheduler.span, "runs the jobs");
        if needing.len() > SHOWN {
            finding = finding
                .note(format!("also needed from the environment: {}", count((needing.len() - SHOWN) as u64, "more value")));
        }
        found.push(finding.help(
            "Write the value, refer to a file by \"${file:PATH}\", or let systemd run the schedules: its system units \
             read /etc/bdr/environment.",
        ));
    }
}

/// Every text that may hold references: all of them are looked up before a job begins.
fn texts<'a>(policy: &'a Policy, table: &'a CronTable) -> Vec<&'a Spanned<Text>> {
    let mut texts: Vec<_> = policy.accounts.values().filter_map(|account| account.external_id.as_ref()).collect();
    for store in policy.stores.values() {
        match &store.backend {
            Backend::Folder(folder) => texts.push(&folder.path),
            Backend::S3(s3) => texts.extend([&s3.bucket].into_iter().chain(&s3.endpoint)),
        }
    }
    for component in policy.components.values() {
        match &component.kind {
            ComponentKind::Files(files) => texts.extend(&files.paths),
            ComponentKind::ObjectStorage(bucket) => {
                texts.extend([&bucket.backend.bucket].into_iter().chain(&bucket.backend.endpoint));
            }
            ComponentKind::Postgresql(database) => texts.extend(&database.url),
        }
    }
    if let CronTable::File(Some(file)) = table {
        texts.push(file);
    }
    texts
}

/// The first variable that a text needs and cron does not set.
fn variable(text: &Text) -> Option<&str> {
    text.variables().find(|name| !OF_CRON.contains(name))
}
