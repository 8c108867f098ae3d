//! Provider `cron`: an entry for each scheduled protection, in a file of `/etc/cron.d`, a given file, or the user's crontab.
//!
//! Lines are written for the machine's own zone, since Debian's cron knows no other (cron(8)) and cronie's `CRON_TZ` would also
//! move the lines of others. Where the policy's zone or an interval by UTC asks for times that this cannot say exactly, a job is
//! started more often, and runs where a slot is due (`--scheduled`).

mod entry;
mod place;
mod session;
mod table;

pub(super) use entry::stated;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;

use crate::address::{PolicyName, ResourceId, Subject};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::policy::{CronTable, Policy, Scheduler, Text};
use crate::provider::{Connect, Env, Provider, ProviderError, Session};
use crate::providers::schedule::job::{Ready, jobs};
use crate::providers::schedule::written::left;
use crate::resource::{Desired, Earlier, Kind, Resource};
use place::Place;

/// Name of the kind that says when a job runs.
pub(super) const ENTRY: &str = entry::KIND.name;

static KINDS: [Kind; 1] = [entry::KIND];

/// What the provider takes for given of the machine.
#[derive(Debug, Clone)]
pub struct Cron {
    /// The program `crontab`.
    pub crontab: Cow<'static, str>,
    /// Where the files of single programs lie (cron(8), "DEBIAN SPECIFIC").
    pub system_folder: Cow<'static, str>,
}

impl Cron {
    /// This machine's.
    pub const HERE: Self = Self { crontab: Cow::Borrowed("crontab"), system_folder: Cow::Borrowed("/etc/cron.d") };

    /// cron.d ignores names with a dot, and names of policies have none.
    fn own_file(&self, policy: &PolicyName) -> Place {
        let path = PathBuf::from(self.system_folder.as_ref()).join(format!("bdr-{policy}"));
        Place::File { shown: Text::plain(path.display().to_string()), path, ours: true }
    }

    /// Where a policy's entries belong; `None`: it schedules by something else.
    fn place(&self, policy: &Policy) -> Option<Place> {
        match &policy.scheduler.as_ref()?.value {
            Scheduler::Cron(CronTable::File(None)) => Some(self.own_file(&policy.name)),
            Scheduler::Cron(CronTable::File(Some(path))) => {
                Some(Place::File { path: PathBuf::from(path.value.expose()), shown: path.value.clone(), ours: false })
            }
            Scheduler::Cron(CronTable::User) => Some(Place::User),
            Scheduler::Systemd { .. } => None,
        }
    }
}

/// Findings of this provider.
pub static CODES: [Code; 1] = [Code {
    code: "BDR-S002",
    name: "cron-command-too-long",
    severity: Severity::Error,
    text: "A command is longer than cron takes\n\nThe command of a crontab line may have 998 bytes; a longer one makes cron refuse \
           the whole crontab. Give the policy as one folder instead of many files, or shorten paths.\n",
}];

impl Provider for Cron {
    fn name(&self) -> &'static str {
        "cron"
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn codes(&self) -> &'static [Code] {
        &CODES
    }

    fn check(&self, policy: &Policy, env: &Env, diagnostics: &mut Diagnostics) {
        if self.place(policy).is_none() {
            return;
        }
        for job in jobs(policy) {
            let length = entry::command(&job, env).len();
            if length > entry::LONGEST_COMMAND {
                let message =
                    format!("the command for cron has {length} bytes, more than the {} that cron takes", entry::LONGEST_COMMAND);
                let help = "Give the policy as one folder (`-p FOLDER`) instead of many files, or use systemd.";
                diagnostics.push(Diagnostic::error(CODES[0].code, message).at(job.span, "runs by this schedule").help(help));
            }
        }
    }

    fn declare(&self, policy: &Policy, env: &Env, desired: &mut Desired) {
        let Some(place) = self.place(policy) else { return };
        let ready = Ready::of(desired);
        for job in jobs(policy) {
            let attrs = entry::attrs(&job, env, place.table(), place.has_user().then_some("root"));
            let id = id(&(job.component_name().clone(), job.protection_name().clone()), None);
            let after = ready.waits_of(&job);
            let before = job.component.moved.as_ref().map(|before| (before.value.clone(), job.protection_name().clone()));
            let earlier = before.map(|before| Earlier::Moved(self::id(&before, None)));
            desired.add(Resource { id, attrs, span: job.span, after, queue: Some(queue(&place)), earlier });
        }
    }
}

/// Entries elsewhere than where the policy wants them have their crontab in the address: both may be there at once.
fn id(key: &entry::Key, elsewhere: Option<&Place>) -> ResourceId {
    let place = elsewhere.map_or_else(String::new, |place| format!("@{}", place.name()));
    ResourceId::new(Subject::Component(key.0.clone()), entry::KIND.name, format!("{}{place}", key.1))
}

fn queue(place: &Place) -> String {
    format!("cron {}", place.name())
}

#[async_trait]
impl Connect for Cron {
    async fn connect(&self, policy: Arc<Policy>, env: Arc<Env>) -> Result<Box<dyn Session>, ProviderError> {
        let wanted = self.place(&policy);
        // Where entries may stand that an earlier form of the policy put there.
        let mut elsewhere = vec![self.own_file(&policy.name), Place::User];
        let file = |path: PathBuf| Place::File { shown: Text::plain(path.display().to_string()), path, ours: false };
        for place in left(&env, "cron").map(file) {
            if elsewhere.iter().all(|known| known.name() != place.name()) {
                elsewhere.push(place);
            }
        }
        elsewhere.retain(|place| wanted.as_ref().is_none_or(|wanted| wanted.name() != place.name()));
        Ok(Box::new(session::Entries::new(self.clone(), policy.name.value.clone(), wanted, elsewhere)))
    }
}
