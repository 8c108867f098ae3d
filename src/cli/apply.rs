//! `bdr apply`: carries a plan out, a saved one exactly as it was reviewed, or one that is made and confirmed now.

use std::path::{Path, PathBuf};

use crate::cli::carry_out::{self, Carry};
use crate::cli::load::References;
use crate::cli::plan::{self, Format};
use crate::cli::{Context, Exit, Failure, adopting, hint, prepare, show};
use crate::plan::guard::Consent;
use crate::plan::{Intent, Plan};

/// Carry out a saved plan as it was reviewed, or plan, ask and carry out
///
/// Each resource is read again right before it is changed; one that is no longer what the plan was made from is stale: it is
/// shown and left alone, and what depends on it is skipped. A second run goes on from the live system. Ctrl-C once finishes
/// what runs and starts nothing; twice stops at once.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A plan saved by `bdr plan --out FILE` [default: plan now]
    plan: Option<PathBuf>,
    /// Do not ask
    #[arg(long)]
    auto_approve: bool,
    /// Only this component, store, kind or resource, and what it needs; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "plan")]
    target: Vec<String>,
    /// Make no first backups, which the schedules make, and copy no existing objects
    #[arg(long, conflicts_with = "plan")]
    without_backups: bool,
    /// Make a new folder for this store, though one was set up before; may be given several times
    #[arg(long, value_name = "STORE", conflicts_with = "plan")]
    new_folder: Vec<String>,
    /// Take over this rule or statement of somebody else, by its name or as ADDRESS=NAME; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "plan")]
    adopt: Vec<String>,
    #[command(flatten)]
    carry: Carry,
    /// Refuse any plan but the one with this digest
    #[arg(long, value_name = "DIGEST")]
    expect: Option<String>,
    /// Refuse the plan unless this key signed it; PEM, as `openssl pkey -pubout` writes it
    #[arg(long, value_name = "PUBLIC_KEY", requires = "plan")]
    require_signature: Option<PathBuf>,
    /// Agree to this many changes that destroy data
    #[arg(long, value_name = "N")]
    destroy_data: Option<u64>,
    /// Agree to removing this many resources, where that is two or more and more than half of what the policy owns
    #[arg(long, value_name = "N")]
    remove: Option<u64>,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.plan {
        Some(path) => saved(args, path, context).await,
        None => planned(args, context).await,
    }
}

impl Args {
    fn consent(&self, confirmed: bool) -> Consent {
        Consent { expect: self.expect.clone(), destroy_data: self.destroy_data, remove: self.remove, confirmed }
    }
}

/// Plans, asks, and carries out.
async fn planned(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let opened = prepare::open(context, References::Acting).await?.with_new_folders(&args.new_folder)?;
    let opened = adopting::adopting(opened, &args.adopt).await?;
    let (mut known, holdings) = opened.survey_all(context).await;
    if args.without_backups {
        known.leave_jobs();
    }
    let scope = plan::scope(&args.target, &opened.compiled, &known)?;
    let plan = opened.plan(context, &known, Some(&holdings), &scope, Intent::Reconcile);
    let unseen = args.carry.is_json() || (context.global.quiet && args.auto_approve);
    if !unseen {
        plan::show(&plan, Format::Human, false, false, context)?;
    }
    if !plan.can_begin() {
        return nothing_to_do(&plan, &args.carry, context);
    }
    carry_out::unfrozen(&opened.loaded.policy, &args.carry, context)?;
    let confirmed = !args.auto_approve && confirm(&plan, context)?;
    if !args.auto_approve && !confirmed {
        return Err(Failure::new("nothing was applied").exit(Exit::Failed));
    }
    let exit = carry_out::carry_out(&plan, &args.consent(confirmed), &opened, &args.carry, context).await?;
    plan::ended(&plan, exit)
}

fn nothing_to_do(plan: &Plan, carry: &Carry, context: &Context) -> Result<Exit, Failure> {
    if !plan.complete {
        return Err(plan::incomplete(plan));
    }
    if plan.is_empty() {
        context.say("Nothing to do.");
        carry_out::nothing(plan, carry, context);
        return Ok(Exit::Done);
    }
    plan::can_begin(plan).map(|()| Exit::Done)
}

/// Asks once. Without a terminal there is nobody to ask.
fn confirm(plan: &Plan, context: &Context) -> Result<bool, Failure> {
    let count = plan.summary.doable();
    let what = if count == 1 { "this change".to_owned() } else { format!("these {count} changes") };
    let answer = context
        .ask(&format!("Carry out {what}? Only `yes` does:"))
        .ok_or_else(|| hint::nobody_to_ask("Review a saved plan and pass its name, or say --auto-approve."))?;
    Ok(answer == "yes")
}

/// Carries out what was reviewed.
async fn saved(args: &Args, path: &Path, context: &Context) -> Result<Exit, Failure> {
    let plan = show::read(path, args.require_signature.as_deref())?;
    let mut context = context.clone();
    if context.global.policy.is_empty() {
        context.global.policy = plan.policy.paths.iter().map(PathBuf::from).collect();
    }
    let opened = prepare::open(&context, References::Acting).await?;
    let policy = &opened.loaded.policy;
    if policy.digest() != plan.policy.digest || policy.name.as_str() != plan.policy.name {
        return Err(Failure::new(format!("the policy is not the one that `{}` was made from", path.display()))
            .exit(Exit::Blocked)
            .cause(format!(
                "the plan is of `{}` with digest {}, the policy has {}",
                plan.policy.name,
                plan.policy.digest,
                policy.digest()
            ))
            .help("Plan anew and review again, or check out the policy as it was."));
    }
    if plan.is_empty() {
        context.say("Nothing to do.");
        carry_out::nothing(&plan, &args.carry, &context);
        return Ok(Exit::Done);
    }
    let opened = if plan.intent == Intent::Destroy { opened.wanting_nothing() } else { adopting::as_planned(opened, &plan) };
    carry_out::carry_out(&plan, &args.consent(false), &opened, &args.carry, &context).await
}
