//! The scheduler.

use super::Run;
use crate::diag::{Diagnostic, Spanned};
use crate::policy::document::{CronDocument, SchedulerDocument, SystemdDocument};
use crate::policy::read::Field;
use crate::policy::{CronTable, Scheduler, SystemdScope, codes};

impl Run<'_> {
    pub(super) fn scheduler(&mut self, scheduler: Field<SchedulerDocument>) -> Option<Spanned<Scheduler>> {
        let Spanned { value: SchedulerDocument { systemd, cron }, span } = scheduler.given()?;
        match (systemd.span(), cron.span()) {
            (Some(first), Some(second)) => {
                self.out.push(
                    Diagnostic::error(codes::ONE_OF, "`systemd` and `cron` exclude each other")
                        .at(second, "given here")
                        .at(first, "and here")
                        .note("every schedule would fire twice")
                        .help("Keep one of the two."),
                );
            }
            (None, None) => self.missing_in("the scheduler is not named", span, "Write `systemd: {}` or `cron: {}` below it."),
            _ => {}
        }
        let resolved = match (systemd.given(), cron.given()) {
            (Some(systemd), _) => self.systemd(systemd.value),
            (None, Some(cron)) => self.cron(cron.value)?,
            (None, None) => return None,
        };
        Some(Spanned::new(resolved, span))
    }

    fn systemd(&mut self, document: SystemdDocument) -> Scheduler {
        let user = document.user.given().is_some_and(|user| user.value);
        let scope = if user { SystemdScope::User } else { SystemdScope::System };
        Scheduler::Systemd { scope, directory: self.path(&document.directory) }
    }

    fn cron(&mut self, document: CronDocument) -> Option<Scheduler> {
        let CronDocument { user, file } = document;
        let of_user = user.as_ref().is_some_and(|user| user.value);
        if of_user && !file.is_absent() {
            self.out.push(
                Diagnostic::error(codes::ONE_OF, "`user: true` and `file` exclude each other")
                    .at(file.span(), "given here")
                    .at(user.span(), "and here")
                    .help("Keep one of the two."),
            );
            return None;
        }
        if of_user {
            return Some(Scheduler::Cron(CronTable::User));
        }
        if file.is_absent() {
            return Some(Scheduler::Cron(CronTable::File(None)));
        }
        self.path(&file).map(|file| Scheduler::Cron(CronTable::File(Some(file))))
    }
}
