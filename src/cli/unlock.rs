//! `bdr unlock`: who holds the lease of a policy, and a way to break it.

use crate::apply::lease::{self, LeaseRecord};
use crate::cli::load::{self, References};
use crate::cli::{Context, Exit, Failure};
use crate::store::ErrorKind;
use crate::stores;

/// Show who holds the policy's lease, and break it
///
/// A lease that is not renewed is taken over by the next `apply` without this; that of a process of this machine which no longer
/// runs is broken without asking. Breaking one whose holder still runs stops that
/// run: it notices at its next renewal.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Break it without asking
    #[arg(long)]
    r#break: bool,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let loaded = load::policy(context, References::Acting)?;
    let env = context.env(References::Acting)?;
    let policy = loaded.policy.name.as_str();
    let mut broken = false;
    for spec in loaded.policy.stores.values() {
        let store = stores::open(spec, &env).await?;
        let found = match lease::read(store.as_ref(), policy).await {
            Ok(found) => found,
            Err(error) if error.kind == ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let Some((record, etag)) = found else { continue };
        let Some(holder) = record.holder.clone() else { continue };
        let place = format!("{}/{}", store.describe().trim_end_matches('/'), lease::key(policy));
        let gone = holder.owner.is_certainly_gone();
        let alive = if gone { "; that process no longer runs" } else { "" };
        context.print(&format!(
            "{} holds the lease of {policy} since {}{alive}\n  run {}, generation {}, renewed {} times, good for {} s without a renewal\n  {place}\n",
            holder.owner, holder.since, holder.run, record.generation, holder.renewals, holder.ttl_seconds
        ))?;
        if !(args.r#break || gone || confirmed(context, policy)?) {
            return Err(Failure::new("the lease was left as it is").exit(Exit::Blocked));
        }
        let free = LeaseRecord { holder: None, ..record };
        store.replace(&lease::key(policy), lease::body(&free), &etag).await.map_err(|error| match error.kind {
            ErrorKind::Exists => Failure::new("the lease was renewed or taken just now: its holder is alive")
                .exit(Exit::Blocked)
                .help("Stop that run, or run `bdr unlock` again to break it all the same."),
            _ => error.into(),
        })?;
        context.say("Broken. The next apply takes the lease.");
        broken = true;
    }
    if !broken {
        context.say(&format!("Nobody holds the lease of {policy}."));
    }
    Ok(Exit::Done)
}

fn confirmed(context: &Context, policy: &str) -> Result<bool, Failure> {
    let question = format!("Break it? Type the name of the policy ({policy}):");
    let answer = context.ask(&question).ok_or_else(|| {
        Failure::new("somebody holds the lease")
            .exit(Exit::Blocked)
            .help("Where it is to be broken without a terminal, say --break.")
    })?;
    Ok(answer == policy)
}
