//! A file in `/etc/cron.d` whose name cron passes over.
//!
//! ## What it finds
//!
//! `scheduler: { cron: { file: … } }` with a file in `/etc/cron.d` whose name has other characters than letters, digits, `_` and `-`,
//! such as a dot.
//!
//! ## Why it matters
//!
//! Debian's cron reads no such file (cron(8), run-parts(8)), and says so nowhere: the entries stand there, and no backup is ever made.
//!
//! ## Example
//!
//! ```yaml
//! scheduler: { cron: { file: /etc/cron.d/bdr.example } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! scheduler: { cron: { file: /etc/cron.d/bdr-example } }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Spanned};
use crate::lint::{Context, Rule};
use crate::policy::{CronTable, Scheduler};

pub struct CronFileIgnored;

impl Rule for CronFileIgnored {
    fn about(&self) -> Code {
        Code {
            code: "BDR-L017",
            name: "cron-file-ignored",
            severity: Severity::Error,
            text: include_str!("cron_file_ignored.rs"),
        }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        let Some(Spanned { value: Scheduler::Cron(CronTable::File(Some(file))), .. }) = &context.policy.scheduler else { return };
        let mut parts: Vec<&str> = file.expose().split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let Some(name) = parts.pop().filter(|_| parts == ["etc", "cron.d"] && file.is_known()) else { return };
        let fits = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
        if name.chars().all(fits) {
            return;
        }
        let meant: String = name.chars().map(|sign| if fits(sign) { sign } else { '-' }).collect();
        found.push(
            Diagnostic::error(self.about().code, "cron passes over this file, so that nothing runs the schedules")
                .at(file.span, "a name with other characters than letters, digits, `_` and `-`")
                .help(format!("Write /etc/cron.d/{meant}, or leave `file` out: bdr has a file of its own there.")),
        );
    }
}
