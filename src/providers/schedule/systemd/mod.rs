//! Provider `systemd`: a service and a timer for each scheduled protection, in the system's or the user's folder or a given one.
//!
//! Where systemd does not run, or does not read the folder, files are written and that is said. A unit that carries another mark or
//! none is never touched, and drop-ins beside ours are shown and kept.

mod drop_in;
mod hindered;
mod place;
mod service;
mod session;
mod systemctl;
mod timer;
mod timespan;
mod unit_file;
mod write;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::address::{ResourceId, Subject};
use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::policy::{Policy, Scheduler, SystemdScope, Text};
use crate::provider::{Connect, Env, Provider, ProviderError, Session};
use crate::providers::schedule::job::{Job, Ready, jobs};
use crate::providers::schedule::written::left;
use crate::resource::{Desired, Earlier, Kind, Resource};
use place::{Part, Place, UnitName};

pub(super) use hindered::{runs_ours, starts};

/// Name of the kind that says when a job runs.
pub(super) const TIMER: &str = timer::KIND.name;
/// Name of the kind that says what it runs.
pub const SERVICE: &str = service::KIND.name;

static KINDS: [Kind; 2] = [service::KIND, timer::KIND];

/// What the provider takes for given of the machine.
#[derive(Debug, Clone)]
pub struct Systemd {
    /// The program `systemctl`.
    pub systemctl: Cow<'static, str>,
    /// The program `systemd-analyze`; empty: units are not verified before they are written.
    pub analyze: Cow<'static, str>,
    /// There while systemd runs (sd_booted(3)).
    pub running: Cow<'static, str>,
    /// The administrator's units (systemd.unit(5)).
    pub system_folder: Cow<'static, str>,
}

impl Systemd {
    /// This machine's.
    pub const HERE: Self = Self {
        systemctl: Cow::Borrowed("systemctl"),
        analyze: Cow::Borrowed("systemd-analyze"),
        running: Cow::Borrowed("/run/systemd/system"),
        system_folder: Cow::Borrowed("/etc/systemd/system"),
    };

    /// The folder that a scope's manager reads; `None`: the user's home is not known.
    fn folder_of(&self, scope: SystemdScope, env: &Env) -> Option<PathBuf> {
        match scope {
            SystemdScope::System => Some(PathBuf::from(self.system_folder.as_ref())),
            SystemdScope::User => {
                let config = env.vars.get("XDG_CONFIG_HOME").filter(|path| path.starts_with('/')).map(PathBuf::from);
                config.or_else(|| env.home.as_ref().map(|home| Path::new(home).join(".config"))).map(|c| c.join("systemd/user"))
            }
        }
    }

    /// Where a policy's units belong; `None`: it schedules by something else.
    fn place(&self, policy: &Policy, env: &Env) -> Option<Place> {
        let Scheduler::Systemd { scope, directory } = &policy.scheduler.as_ref()?.value else { return None };
        let own = self.folder_of(*scope, env);
        let given = directory.as_ref().map(|text| text.value.clone());
        let shown = given.or_else(|| own.as_ref().map(|own| Text::plain(own.display().to_string())))?;
        let folder = PathBuf::from(shown.expose());
        let managed = Some(&folder) == own.as_ref() && Path::new(self.running.as_ref()).exists();
        Some(Place { folder, shown, scope: *scope, managed })
    }
}

/// Findings of this provider.
pub static CODES: [Code; 1] = [Code {
    code: "BDR-S001",
    name: "no-folder-for-units",
    severity: Severity::Error,
    text: "The folder for the user's units is not known\n\nUnits of a user lie in `~/.config/systemd/user`, and no home is known \
           here. Set `HOME`, or give `scheduler.systemd.directory`.\n",
}];

impl Provider for Systemd {
    fn name(&self) -> &'static str {
        "systemd"
    }

    fn kinds(&self) -> &'static [Kind] {
        &KINDS
    }

    fn codes(&self) -> &'static [Code] {
        &CODES
    }

    fn check(&self, policy: &Policy, env: &Env, diagnostics: &mut Diagnostics) {
        let Some(scheduler) = policy.scheduler.as_ref().filter(|s| matches!(s.value, Scheduler::Systemd { .. })) else { return };
        if self.place(policy, env).is_none() {
            let finding = Diagnostic::error(CODES[0].code, "the folder for the user's units is not known");
            diagnostics.push(finding.at(scheduler.span, "units of a user").help("Set HOME, or give `directory`."));
        }
    }

    fn declare(&self, policy: &Policy, env: &Env, desired: &mut Desired) {
        let Some(place) = self.place(policy, env) else { return };
        let ready = Ready::of(desired);
        for job in jobs(policy) {
            let service = resource(&job, Part::Service, &place, env, ready.waits_of(&job));
            let timer = resource(&job, Part::Timer, &place, env, vec![service.id.clone()]);
            desired.add(service);
            desired.add(timer);
        }
    }
}

fn resource(job: &Job<'_>, part: Part, place: &Place, env: &Env, after: Vec<ResourceId>) -> Resource {
    let name = UnitName {
        policy: job.policy.name.value.clone(),
        component: job.component_name().clone(),
        protection: job.protection_name().clone(),
        part,
    };
    let file = place.file(&name);
    let attrs = match part {
        Part::Service => service::attrs(job, env, place.scope, file),
        Part::Timer => timer::attrs(job, file),
    };
    let before = job.component.moved.as_ref().map(|before| UnitName { component: before.value.clone(), ..name.clone() });
    let earlier = before.map(|before| Earlier::Moved(id(&before, None)));
    Resource { id: id(&name, None), attrs, span: job.span, after, queue: Some(queue(place)), earlier }
}

/// Units elsewhere than where the policy wants them have their folder in the address: both may be there at once.
fn id(name: &UnitName, elsewhere: Option<&Place>) -> ResourceId {
    let kind = match name.part {
        Part::Service => service::KIND.name,
        Part::Timer => timer::KIND.name,
    };
    let key = elsewhere.map_or_else(String::new, |place| format!("@{}", place.shown));
    ResourceId::new(Subject::Component(name.component.clone()), kind, format!("{}{key}", name.protection))
}

fn queue(place: &Place) -> String {
    format!("systemd {}", place.shown)
}

#[async_trait]
impl Connect for Systemd {
    async fn connect(&self, policy: Arc<Policy>, env: Arc<Env>) -> Result<Box<dyn Session>, ProviderError> {
        let wanted = self.place(&policy, &env);
        // Where units may lie that an earlier form of the policy put there.
        let own = [SystemdScope::System, SystemdScope::User].into_iter().filter_map(|scope| {
            let folder = self.folder_of(scope, &env)?;
            let shown = Text::plain(folder.display().to_string());
            Some(Place { folder, shown, scope, managed: Path::new(self.running.as_ref()).exists() })
        });
        let mut elsewhere: Vec<Place> = own.collect();
        for folder in left(&env, "systemd") {
            if elsewhere.iter().all(|place| place.folder != folder) {
                let (shown, scope) = (Text::plain(folder.display().to_string()), SystemdScope::System);
                elsewhere.push(Place { folder, shown, scope, managed: false });
            }
        }
        elsewhere.retain(|place| wanted.as_ref().is_none_or(|wanted| wanted.folder != place.folder));
        Ok(Box::new(session::Units::new(self.clone(), policy.name.value.clone(), wanted, elsewhere, env)))
    }
}
