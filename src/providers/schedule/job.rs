//! The scheduled jobs of a policy, before any scheduler gives them its form.

use crate::address::{ComponentName, ProtectionName, ResourceId, Subject};
use crate::diag::Span;
use crate::policy::{Backend, Component, ComponentKind, Policy, Protection};
use crate::provider::Env;
use crate::resource::Desired;
use crate::units::cadence::Schedule;

/// One protection that runs by itself.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    pub policy: &'a Policy,
    pub component: &'a Component,
    pub protection: &'a Protection,
    /// With its literal minute.
    pub schedule: Schedule,
    pub span: Option<Span>,
}

/// All jobs, in order of component and protection.
pub fn jobs(policy: &Policy) -> impl Iterator<Item = Job<'_>> {
    policy.components.values().flat_map(move |component| {
        component.protections.values().filter_map(move |protection| {
            let written = protection.schedule.as_ref()?;
            let identity = format!("{}/{}/{}", *policy.name, *component.name, *protection.name);
            let schedule = written.value.clone().spread(&identity);
            Some(Job { policy, component, protection, schedule, span: written.span })
        })
    })
}

impl Job<'_> {
    pub fn component_name(&self) -> &ComponentName {
        &self.component.name
    }

    pub fn protection_name(&self) -> &ProtectionName {
        &self.protection.name
    }

    /// The program and its arguments.
    pub fn command(&self, env: &Env) -> Vec<String> {
        let fixed = ["backup", self.component_name().as_str(), "--protection", self.protection_name().as_str()];
        let policy = env.policy_paths.iter().flat_map(|path| ["-p".to_owned(), path.clone()]);
        [env.program.clone()]
            .into_iter()
            .chain(fixed.map(str::to_owned))
            .chain(["--scheduled".to_owned(), "--prune".to_owned()])
            .chain(policy)
            .collect()
    }

    /// What must stand before the job may run: everything of its stores that the policy sets up.
    pub fn waits_for(&self, desired: &Desired) -> Vec<ResourceId> {
        let stores = &self.protection.stores;
        let is_needed =
            |id: &ResourceId| matches!(&id.subject, Subject::Store(name) if stores.iter().any(|store| store.value == *name));
        desired.iter().map(|resource| &resource.id).filter(|id| is_needed(id)).cloned().collect()
    }

    /// The paths that it reads, and the folders that it writes: `None` for one that only a reference tells, which may be secret.
    pub fn reads(&self) -> impl Iterator<Item = Option<&str>> {
        let ComponentKind::Files(files) = &self.component.kind;
        files.paths.iter().map(|path| (!path.is_referenced()).then(|| path.value.expose()))
    }

    pub fn writes(&self) -> impl Iterator<Item = Option<&str>> {
        self.backends().filter_map(|backend| match backend {
            Backend::Folder(folder) => Some((!folder.path.is_referenced()).then(|| folder.path.value.expose())),
            Backend::S3(_) => None,
        })
    }

    pub fn needs_network(&self) -> bool {
        self.backends().any(|backend| matches!(backend, Backend::S3(_)))
    }

    fn backends(&self) -> impl Iterator<Item = &Backend> {
        self.protection.stores.iter().filter_map(|name| self.policy.stores.get(&name.value)).map(|store| &store.backend)
    }
}
