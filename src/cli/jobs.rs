//! Runs the jobs of a plan: first backups, and copies of what lies in a bucket before its rule.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::address::ResourceId;
use crate::apply::{JobError, Ran, Runner};
use crate::catalog::manifest::{Issue, Manifest};
use crate::cli::backup::{self, Prepared};
use crate::cli::chosen::{self, Chosen, Which};
use crate::cli::prepare::Opened;
use crate::cli::{Context, Failure, copy, copying, gone};
use crate::providers::s3::existing;
use crate::resource::Job;
use crate::tree::Progress;
use crate::units::bytes::Bytes;
use crate::units::count::count;
use crate::units::storage_class::StorageClass;

/// Makes backups with the policy that was opened.
pub struct Backups<'a> {
    pub opened: &'a Opened,
    pub context: &'a Context,
}

/// Between two lines about a backup that is being made.
const LINE: Duration = Duration::from_secs(5);

type Tell<'a> = &'a (dyn for<'b> Fn(&'b str) + Send + Sync);

#[async_trait]
impl Runner for Backups<'_> {
    async fn run(&self, job: &Job, progress: Tell<'_>) -> Result<Ran, JobError> {
        let ran = match job {
            Job::Backup { component, protection } => self.first(component.as_str(), protection.as_str(), progress).await,
            Job::Copy { rule } => self.copied(rule, progress).await,
        };
        ran.map_err(|failure| JobError { reason: told(&failure), help: failure.help })
    }
}

fn told(failure: &Failure) -> String {
    let causes = failure.causes.iter().map(|cause| format!(": {cause}"));
    format!("{}{}", failure.message, causes.collect::<String>())
}

impl Backups<'_> {
    /// What lies in the source of a rule and not at its destination. Asked to stop, it ends what is on its way.
    async fn copied(&self, rule: &ResourceId, tell: Tell<'_>) -> Result<Ran, Failure> {
        let (policy, env) = (&self.opened.loaded.policy, &self.opened.env);
        let at_once = usize::from(self.context.global.parallelism);
        let wanted = existing(policy).into_iter().find(|one| one.id == *rule);
        let errand = match wanted {
            Some(wanted) => copying::errand(policy, wanted, env, at_once).await?,
            None => None,
        };
        let Some(errand) = errand else { return Err(Failure::new(format!("the policy has no rule `{rule}`"))) };
        let (progress, mut stop) = (Progress::default(), self.context.stop.clone());
        let work = errand.carry(&progress, &|_, _| {});
        tokio::pin!(work);
        let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + LINE, LINE);
        let came = loop {
            tokio::select! {
                came = &mut work => break came?,
                () = stop.asked_times(1), if !progress.is_stopped() => progress.stop(),
                _ = tick.tick() => {
                    let (objects, bytes, _) = progress.seen();
                    tell(&format!("{}: {}, {} copied", errand.rule.label(), count(objects, "object"), Bytes(bytes)));
                }
            }
        };
        let told = format!("{}: {}", errand.rule.label(), copy::told(&came));
        if progress.is_stopped() {
            return Err(Failure::new(format!("{told}; asked to stop")).help("The next apply goes on with the rest."));
        }
        match came.named.first() {
            None => Ok(Ran { told, already: came.copied == 0 }),
            Some((_, error)) => {
                let help = Failure::from_store(error).help;
                Err(Failure { help, ..Failure::new(told).cause(error.to_string()) })
            }
        }
    }

    /// A backup in each store of the protection that holds no good one.
    async fn first(&self, component: &str, protection: &str, tell: Tell<'_>) -> Result<Ran, Failure> {
        let policy = &self.opened.loaded.policy;
        let which = Which { protection: Some(protection.to_owned()), ..Which::default() };
        let component = chosen::component(policy, component)?;
        let (mut made, mut failed) = (Vec::new(), None);
        for chosen in chosen::choose(policy, component, &which, &self.opened.env).await? {
            match self.first_in(&chosen, tell).await {
                Ok(some) => made.extend(some),
                // One store that is down keeps no copy from the others.
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        if let Some(failure) = failed {
            return Err(failure);
        }
        let already = made.is_empty();
        Ok(Ran { told: if already { "a good backup is there already".to_owned() } else { made.join("; ") }, already })
    }

    async fn first_in(&self, chosen: &Chosen<'_>, tell: Tell<'_>) -> Result<Vec<String>, Failure> {
        let policy = &self.opened.loaded.policy;
        gone::check_set_up(policy, chosen).await?;
        let mut made = Vec::new();
        'again: for tried in 0.. {
            backup::again(tried, &chosen.label())?;
            let known = chosen.shelf.known().await?;
            if known.facts.iter().any(|facts| facts.is_good_at(self.context.now())) {
                break;
            }
            let mut all = Vec::new();
            for mut prepared in backup::prepare(self.context, policy, chosen, &known).await? {
                prepared.beside(&all);
                let Some(manifest) = watched(&prepared, &chosen.label(), tell).await? else { continue 'again };
                made.push(result(&manifest, &chosen.label())?);
                all.push(manifest);
            }
            break;
        }
        Ok(made)
    }
}

/// Makes one backup, with a line now and then.
async fn watched(prepared: &Prepared, label: &str, tell: Tell<'_>) -> Result<Option<Manifest>, Failure> {
    let progress = Arc::new(Progress::default());
    let work = prepared.run(Arc::clone(&progress));
    tokio::pin!(work);
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + LINE, LINE);
    loop {
        tokio::select! {
            result = &mut work => return result,
            _ = tick.tick() => {
                let (entries, bytes, _) = progress.seen();
                tell(&format!("{label}: {}, {} read", count(entries, "entry"), Bytes(bytes)));
            }
        }
    }
}

/// A suspect backup is kept, but it is not the good one that was wanted. Every reason is told: who mends one must not meet the next.
fn result(manifest: &Manifest, label: &str) -> Result<String, Failure> {
    let why: Vec<String> = manifest.issues.iter().filter(|issue| issue.suspect).map(reason).collect();
    if !why.is_empty() {
        return Err(Failure::new(format!("the backup {label} was made but is suspect"))
            .cause(why.join("; "))
            .help("Mend what it names, then run `bdr apply` again; `bdr list` shows the suspect one."));
    }
    Ok(made(label, manifest.class, manifest.counts.entries, [manifest.counts.bytes, manifest.measured.stored_bytes]))
}

fn reason(issue: &Issue) -> String {
    let examples: Vec<&str> = issue.examples.iter().take(2).map(String::as_str).collect();
    format!("{} ({}): {}", issue.what, issue.count, examples.join(", "))
}

/// Tiers of two classes have a backup each: without the class one would seem told twice.
fn made(label: &str, class: StorageClass, entries: u64, [bytes, stored]: [u64; 2]) -> String {
    let class = if class == StorageClass::Standard { String::new() } else { format!(" as {}", class.as_str()) };
    format!("{label}: {}, {}, {} stored{class}", count(entries, "entry"), Bytes(bytes), Bytes(stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_backups_of_one_protection_are_told_apart() {
        let told = |class| made("configuration/nightly in primary", class, 2, [6, 161]);
        assert_eq!(told(StorageClass::Standard), "configuration/nightly in primary: 2 entries, 6 B, 161 B stored");
        assert_eq!(told(StorageClass::Glacier), "configuration/nightly in primary: 2 entries, 6 B, 161 B stored as GLACIER");
    }
}
