//! `bdr status`: what no configuration shows: whether copies arrive, and what the stores hold.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use crate::catalog::overdue::Overdue;
use crate::cli::chosen::{self, Chosen, Format, Replicas, Which};
use crate::cli::load::References;
use crate::cli::sampling::{self, Folders, Reason};
use crate::cli::view::status::{self, Document, Held, Rule};
use crate::cli::view::unread::{self, Unread};
use crate::cli::{Context, Exit, Failure, catalogues, hint, prepare, working};
use crate::compile::Compiled;
use crate::policy::Policy;
use crate::provider::{Connect, Env};
use crate::providers::s3::S3;
use crate::tree::Known;

/// Tell whether copies arrive, and what the stores hold
///
/// For each replication rule that stands, the newest objects that it is about are looked at on both sides, 20 at most: how many are at the
/// destination, how many wait, are not there though S3 is done with them, or failed. For each store, the newest good backup of each
/// protection with its age, how many backups and bytes lie in which storage class, and how many are known to be damaged, as `bdr verify` or a
/// restore last found them. Nothing is written and no data is read; it needs the rights of `bdr iam-policy status`. Exit code 2: a copy
/// failed, is not there or is later than `within`, a rule is not in place, a good backup is missing or overdue, or one is known to be
/// damaged; 1: something could not be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (loaded, env, compiled) = prepare::compiled(context, References::Acting)?;
    let policy = &loaded.policy;
    let mut document = Document::new(policy.name.as_str());
    let folders = stores(context, policy, &env, &mut document).await?;
    rules(context, policy, (&env, &compiled), &folders, &mut document).await?;
    match args.format {
        Format::Human => context.print(&status::human(&document, &policy.timezone, context.terminal.width))?,
        Format::Json => context.print_json(&status::json(&document)?)?,
    }
    unread::tell(context, &document.unread);
    Ok(match (document.is_well(), document.unread.is_empty()) {
        (false, _) => Exit::Present,
        (true, false) => Exit::Failed,
        (true, true) => Exit::Done,
    })
}

/// What each store holds; returns where its backups lie.
async fn stores(context: &Context, policy: &Policy, env: &Env, document: &mut Document) -> Result<Folders, Failure> {
    let mut folders = Folders::new();
    let mut protections = policy.components.values().flat_map(|component| component.protections.values());
    if protections.all(|protection| protection.as_tree().is_none()) {
        return Ok(folders);
    }
    let chosen = chosen::all(policy, None, &Which::default().with(Replicas::Always), env).await?;
    let failed = catalogues::each(context, &chosen, |chosen, known| {
        document.held.push(held(context, policy, chosen, &known));
        let folder = |manifest: &crate::catalog::manifest::Manifest| {
            (manifest.snapshot, format!("{}{}", manifest.series().prefix(), manifest.place().folder()))
        };
        folders.entry(chosen.store.clone()).or_default().extend(known.backups.good.iter().map(folder));
        Ok(())
    })
    .await?;
    document.held.sort_by(|a, b| a.place().cmp(&b.place()));
    document.unread.extend(failed.iter().map(|(chosen, error)| Unread {
        subject: chosen.label(),
        reason: error.to_string(),
        help: error.help.clone(),
    }));
    Ok(folders)
}

fn held(context: &Context, policy: &Policy, chosen: &Chosen<'_>, known: &Known) -> Held {
    let now = context.now();
    let overdue = Overdue::of(policy, chosen.protection, &known.facts, now);
    Held::of(chosen, known, overdue.map(|overdue| overdue.runs), now)
}

async fn rules(
    context: &Context,
    policy: &Policy,
    (env, compiled): (&Env, &Compiled),
    folders: &Folders,
    document: &mut Document,
) -> Result<(), Failure> {
    let rules = sampling::rules(policy, &compiled.desired);
    if rules.is_empty() {
        return Ok(());
    }
    let session = S3.connect(Arc::new(policy.clone()), Arc::new(env.clone())).await?;
    let (now, at_once) = (context.now(), usize::from(context.global.parallelism));
    let looks = stream::iter(&rules).map(|rule| rule.look(session.as_ref(), folders, env, now)).buffered(at_once);
    let mut stop = context.stop.clone();
    let looked: Vec<Result<Option<sampling::Looked>, Reason>> = tokio::select! {
        looked = working::patiently(context, looks.collect()) => looked,
        () = stop.asked_times(1) => return Err(hint::reading_stopped("the buckets")),
    };
    for (rule, looked) in rules.iter().zip(looked) {
        match looked {
            Ok(looked) => document.rules.push(Rule::of(rule, looked)),
            Err(Reason { told, help }) => {
                document.unread.push(Unread { subject: rule.resource.id.to_string(), reason: told, help });
            }
        }
    }
    Ok(())
}
