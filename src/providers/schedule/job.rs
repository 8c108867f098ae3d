//! The scheduled jobs of a policy, before any scheduler gives them its form.

use std::collections::BTreeMap;

use crate::address::{ComponentName, ProtectionName, ResourceId, StoreName, Subject};
use crate::diag::Span;
use crate::policy::{Backend, Component, Policy, Protection};
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
            let identity = format!("{}/{}/{}", *policy.name, component.folder(), *protection.name);
            let schedule = written.value.clone().spread(&identity);
            Some(Job { policy, component, protection, schedule, span: written.span })
        })
    })
}

/// What must stand in each store before a job may write there: what a store has one of (the bucket, its encryption). The rules of
/// single tiers hold no job up: there may be thousands of them, and every job would wait for each.
#[derive(Debug)]
pub struct Ready(BTreeMap<StoreName, Vec<ResourceId>>);

impl Ready {
    pub fn of(desired: &Desired) -> Self {
        let mut stores: BTreeMap<StoreName, Vec<ResourceId>> = BTreeMap::new();
        for id in desired.iter().map(|resource| &resource.id).filter(|id| id.key.is_empty()) {
            if let Subject::Store(name) = &id.subject {
                stores.entry(name.clone()).or_default().push(id.clone());
            }
        }
        Self(stores)
    }

    /// Everything of the job's stores that it waits for.
    pub fn waits_of(&self, job: &Job<'_>) -> Vec<ResourceId> {
        job.protection.stores.iter().filter_map(|store| self.0.get(&store.value)).flatten().cloned().collect()
    }
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

    /// The paths that it reads, and the folders that it writes: `None` for one that only a reference tells, which may be secret.
    pub fn reads(&self) -> impl Iterator<Item = Option<&str>> {
        let files = self.component.kind.files().into_iter();
        let paths = files.flat_map(|files| &files.paths).map(|path| (!path.is_referenced()).then(|| path.value.expose()));
        // The socket of a server, certificates and password files may lie anywhere.
        paths.chain(self.component.kind.postgresql().map(|_| None))
    }

    pub fn writes(&self) -> impl Iterator<Item = Option<&str>> {
        self.backends().filter_map(|backend| match backend {
            Backend::Folder(folder) => Some((!folder.path.is_referenced()).then(|| folder.path.value.expose())),
            Backend::S3(_) => None,
        })
    }

    pub fn needs_network(&self) -> bool {
        let to_s3 = self.backends().any(|backend| matches!(backend, Backend::S3(_)));
        to_s3 || self.component.kind.postgresql().is_some()
    }

    fn backends(&self) -> impl Iterator<Item = &Backend> {
        self.protection.stores.iter().filter_map(|name| self.policy.stores.get(&name.value)).map(|store| &store.backend)
    }
}

#[cfg(test)]
mod tests {
    use crate::diag::Sources;
    use crate::policy::load_unresolved;
    use crate::provider::Env;
    use crate::providers::ALL;
    use crate::resource::Desired;

    /// All waits between the resources of a policy with so many components in one bucket.
    fn waits(components: usize) -> usize {
        let mut text =
            "version: 1\nname: p\nscheduler: { systemd: { directory: /srv/units } }\nstores:\n  vault:\n    s3: { bucket: \
                        p-backups, region: eu-north-1 }\n    versioning: true\ncomponents:\n"
                .to_owned();
        for n in 0..components {
            text += &format!(
                "  c{n}:\n    files: {{ paths: [/srv/{n}] }}\n    protect:\n      copy: {{ file_backup: {{}}, schedule: daily, store: \
                 vault }}\n    retain: {{ daily: {{ for: 7d }}, weekly: {{ for: 4w }} }}\n"
            );
        }
        let mut sources = Sources::new();
        sources.add("bdr.yaml", text);
        let policy = load_unresolved(sources).policy.expect("a policy");
        let mut desired = Desired::new();
        ALL.iter().for_each(|provider| provider.declare(&policy, &Env::default(), &mut desired));
        desired.iter().map(|resource| resource.after.len()).sum()
    }

    #[test]
    fn each_component_adds_as_many_waits_as_the_one_before() {
        let (one, two, many) = (waits(1), waits(2), waits(101));
        assert!(two > one);
        assert_eq!(many - two, 99 * (two - one));
    }
}
