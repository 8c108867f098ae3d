//! `bdr destroy`: takes bdr's hands off everything that a policy owns. Never data.

use crate::cli::carry_out::{self, Carry};
use crate::cli::load::References;
use crate::cli::plan::{self, Format};
use crate::cli::{Context, Exit, Failure, hint, prepare};
use crate::plan::guard::Consent;

/// Remove the schedules and settings that the policy owns, and release its stores
///
/// Stores, buckets and every backup in them stay: bdr only takes its mark off. What is shown is asked for by the policy's name.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The policy's name, where there is no terminal to ask on
    #[arg(long, value_name = "POLICY")]
    confirm: Option<String>,
    #[command(flatten)]
    carry: Carry,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let opened = prepare::open(context, References::Acting).await?.wanting_nothing();
    let known = opened.survey(context).await;
    let plan = opened.plan_to_let_go(context, &known);
    let unseen = args.carry.is_json() || (context.global.quiet && args.confirm.is_some());
    if !unseen {
        plan::show(&plan, Format::Human, false, false, context)?;
    }
    if plan.is_empty() {
        if !plan.complete {
            return Err(plan::incomplete(&plan));
        }
        context.say("Nothing is owned.");
        carry_out::nothing(&plan, &args.carry, context);
        return Ok(Exit::Done);
    }
    let name = plan.policy.name.as_str();
    let answer = match &args.confirm {
        Some(answer) => answer.clone(),
        None => context
            .ask(&format!("Let go of all this? Type the name of the policy ({name}):"))
            .ok_or_else(|| hint::nobody_to_ask(format!("If it is meant, say --confirm {name}.")))?,
    };
    if answer != name {
        return Err(Failure::new("nothing was changed: that is not the policy's name").exit(Exit::Blocked));
    }
    let consent = Consent { confirmed: true, ..Consent::default() };
    let exit = carry_out::carry_out(&plan, &consent, &opened, &args.carry, context).await?;
    plan::ended(&plan, exit)
}
