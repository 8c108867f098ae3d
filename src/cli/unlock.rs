//! `bdr unlock`: who holds the lease of a policy, and a way to break it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::apply::lease::{self, Holder, LeaseRecord};
use crate::cli::load::{self, References};
use crate::cli::{Context, Exit, Failure};
use crate::policy::StoreSpec;
use crate::provider::Env;
use crate::store::{ErrorKind, Store, StoreError};
use crate::stores;

/// Show who holds the policy's lease, and break it
///
/// It is broken only by --break, or after a question. That is seldom needed: a lease that is not renewed is taken over by the next
/// `apply` by itself. Breaking one whose holder still runs stops that run: it notices at its next renewal.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Break it without asking
    #[arg(long)]
    r#break: bool,
}

/// A lease that somebody holds in one store.
struct Found {
    store: Arc<dyn Store>,
    record: LeaseRecord,
    holder: Holder,
    etag: String,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let policy = loaded.policy.name.as_str();
    let mut found = Vec::new();
    let mut unread = None;
    for spec in loaded.policy.stores.values() {
        match look(spec, &env, policy).await {
            Ok(held) => found.extend(held),
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => {
                // The last one ends the command, and is told there.
                unread.replace(error).iter().for_each(|before| context.warn(&format!("warning: {before}")));
            }
        }
    }
    if found.is_empty() {
        return match unread {
            Some(error) => Err(unread_lease(&error)),
            None => {
                context.say(&format!("Nobody holds the lease of {policy}."));
                Ok(Exit::Done)
            }
        };
    }
    context.print(&shown(&found, policy, context.now()))?;
    let gone = found.iter().all(|found| found.holder.owner.is_certainly_gone());
    if !args.r#break && !confirmed(context, policy, gone)? {
        context.say("The lease was left as it is.");
        return Ok(if gone { Exit::Done } else { Exit::Blocked });
    }
    for one in found {
        free(one, policy).await?;
    }
    context.say("Broken. The next apply takes the lease.");
    unread.map_or(Ok(Exit::Done), |error| Err(unread_lease(&error).exit(Exit::Partly)))
}

/// Who holds a lease in a store that does not answer is not known.
fn unread_lease(error: &StoreError) -> Failure {
    let failure = Failure::from_store(error);
    match error.kind {
        ErrorKind::Unavailable => {
            failure.help("Whether somebody holds the lease there is not known: run `bdr unlock` again when it answers.")
        }
        _ => failure,
    }
}

async fn look(spec: &StoreSpec, env: &Env, policy: &str) -> Result<Option<Found>, StoreError> {
    let store = stores::open(spec, env).await?;
    let held = lease::read(store.as_ref(), policy).await?;
    Ok(held.and_then(|(record, etag)| Some(Found { holder: record.holder.clone()?, store, record, etag })))
}

/// Each run that holds it, with all stores in which it does.
fn shown(found: &[Found], policy: &str, now: jiff::Timestamp) -> String {
    let mut runs: BTreeMap<&str, Vec<&Found>> = BTreeMap::new();
    found.iter().for_each(|one| runs.entry(&one.holder.run).or_default().push(one));
    let mut lines = Vec::new();
    for (run, held) in &runs {
        let [first, ..] = held.as_slice() else { continue };
        let Holder { owner, since, renewals, ttl_seconds, .. } = &first.holder;
        lines.push(format!("{owner} holds the lease of {policy}"));
        lines.push(format!("  since    {}{}", since.strftime("%Y-%m-%d %H:%M:%S UTC"), ago(*since, now)));
        lines.push(format!("  run      {run}, fencing token {}", first.record.generation));
        lines.push(format!("  renewed  {renewals} times; without a renewal it is nobody's after {ttl_seconds} s"));
        for (at, one) in held.iter().enumerate() {
            let label = if at == 0 { "in" } else { "" };
            lines.push(format!("  {label:8} {}/{}", one.store.describe().trim_end_matches('/'), lease::key(policy)));
        }
        if first.holder.owner.is_certainly_gone() {
            lines.push("  That process no longer runs: the next apply takes the lease over by itself.".to_owned());
        }
    }
    lines.iter().map(|line| format!("{}\n", crate::diag::printable(line))).collect()
}

/// By this machine's clock; nothing where the holder's is ahead.
fn ago(since: jiff::Timestamp, now: jiff::Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs();
    u64::try_from(seconds)
        .map(|seconds| format!(", {} ago", crate::units::duration::Duration::from_secs(seconds)))
        .unwrap_or_default()
}

async fn free(one: Found, policy: &str) -> Result<(), Failure> {
    let record = LeaseRecord { holder: None, ..one.record };
    let freed = one.store.replace(&lease::key(policy), lease::body(&record), &one.etag).await;
    freed.map(|_| ()).map_err(|error| match error.kind {
        ErrorKind::Exists => Failure::new("the lease was renewed or taken just now: its holder is alive")
            .exit(Exit::Blocked)
            .help("Stop that run, or run `bdr unlock` again to break it all the same."),
        _ => error.into(),
    })
}

/// Without a terminal nobody can be asked: what is left alone then is told by the exit code, unless its holder is gone anyway.
fn confirmed(context: &Context, policy: &str, gone: bool) -> Result<bool, Failure> {
    match context.ask(&format!("Break it? Type the name of the policy ({policy}):")) {
        Some(answer) => Ok(answer == policy),
        None if gone => Ok(false),
        None => Err(Failure::new("somebody holds the lease")
            .exit(Exit::Blocked)
            .help("Where it is to be broken without a terminal, say --break.")),
    }
}
