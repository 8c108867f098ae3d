//! `bdr plan`: what would be done, and what it does to what can be recovered.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::load::References;
use crate::cli::{Context, Exit, Failure, adopting, baselines, hint, packs, prepare, signing, whole};
use crate::diag::Severity;
use crate::plan::{Finding, Intent, Plan, Scope, file, guard, render};
use crate::policy::{Pack, nearest};
use crate::units::count::counted;

/// Show what `apply` would change, and what that does to what can be recovered
///
/// The live system is read, and nothing is written. Nothing that the policy names is executed. A saved plan holds no secret:
/// sensitive values stand as their references.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// One line only, for a chat or a status: the counts, what goes, what weakens, which objectives are broken
    #[arg(long, conflicts_with_all = ["format", "all"])]
    pub summary: bool,
    /// Also save the plan, to be reviewed and applied as it is
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Also sign the saved plan, in FILE.sig, with an Ed25519 key in PEM (openssl genpkey -algorithm ed25519)
    #[arg(long, value_name = "PRIVATE_KEY", requires = "out")]
    pub sign: Option<PathBuf>,
    /// Exit with 2 where there is something to do, also where nothing of it can be applied (without this: 1)
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Fail where something is unwise: end with 1 where a finding is a warning or an error
    #[arg(long)]
    pub deny_warnings: bool,
    /// Hold the policy against this pack of rules too, besides those that it names; `bdr explain pack` lists them
    #[arg(long, value_name = "NAME", value_parser = packs::parser())]
    pub pack: Vec<Pack>,
    /// Neither show nor count the findings that this file knows (`bdr lint --write-baseline FILE`)
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Only this component, store, kind or resource, and what it needs; may be given several times
    #[arg(long, value_name = "NAME")]
    pub target: Vec<String>,
    /// Plan no first backups, which the schedules make, and no copies of existing objects
    #[arg(long)]
    pub without_backups: bool,
    /// Make a new folder for this store, though one was set up before; may be given several times
    #[arg(long, value_name = "STORE")]
    pub new_folder: Vec<String>,
    /// Take over this rule or statement of somebody else, by its name or as ADDRESS=NAME; may be given several times
    #[arg(long, value_name = "NAME")]
    pub adopt: Vec<String>,
    /// Show everything, however long
    #[arg(long)]
    pub all: bool,
    /// Only characters of ASCII
    #[arg(long)]
    pub ascii: bool,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal
    Human,
    /// The saved plan, a document (`bdr schema plan`); where there is none, one event `failed` (`bdr schema event`)
    Json,
    /// For the comment of a pull request
    Markdown,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let key = args.sign.as_deref().map(signing::private_key).transpose()?;
    let baseline = args.baseline.as_deref().map(baselines::read).transpose()?;
    let opened =
        prepare::open(context, References::Looking).await?.with_new_folders(&args.new_folder)?.holding(baseline, &args.pack);
    let opened = adopting::adopting(opened, &args.adopt).await?;
    let (mut known, holdings) = opened.survey_all(context).await;
    if args.without_backups {
        known.leave_jobs();
    }
    let scope = scope(&args.target, &opened.compiled, &known)?;
    let plan = opened.plan(context, &known, Some(&holdings), &scope, Intent::Reconcile);
    if let Some(path) = &args.out {
        save(&plan, path)?;
        // What was signed before is another plan.
        let signature = signing::beside(path);
        match &key {
            Some(key) => context.say(&format!("Signed in {}.", signing::sign(&plan, path, key)?.display())),
            None if signature.exists() => {
                context.warn(&format!("{} is of an earlier plan: --sign was not said.", signature.display()))
            }
            None => {}
        }
    }
    if args.summary {
        context.print(&render::one_line(&plan))?;
    } else {
        show(&plan, args.format, args.all, args.ascii, context)?;
    }
    if args.format == Format::Human && !args.summary {
        let also: String = args.new_folder.iter().map(|store| format!(" --new-folder {store}")).collect();
        let also = args.adopt.iter().fold(also, |also, name| format!("{also} --adopt '{name}'"));
        next_step(&plan, args.out.as_deref(), &format!("{}{also}", context.policy_arguments()))
            .iter()
            .for_each(|line| context.say(line));
    }
    if !plan.complete {
        return Err(incomplete(&plan));
    }
    if args.deny_warnings {
        denied(&plan)?;
    }
    match args.detailed_exitcode {
        true if !plan.is_empty() => Ok(Exit::Present),
        _ => can_begin(&plan).map(|()| Exit::Done),
    }
}

/// # Errors
/// When something differs and nothing of it can be applied: whoever goes on to `apply` would find out there.
pub fn can_begin(plan: &Plan) -> Result<(), Failure> {
    render::hindrance(plan).map_or(Ok(()), |why| {
        Err(Failure::new("nothing of this plan can be carried out")
            .cause(why)
            .help("What needs a person is marked with `!` in the plan, with the reason: decide on that, then plan again."))
    })
}

/// # Errors
/// When a finding is more than a note.
fn denied(plan: &Plan) -> Result<(), Failure> {
    let unwise: Vec<&Finding> = plan.findings.iter().filter(|finding| finding.severity > Severity::Note).collect();
    if unwise.is_empty() {
        return Ok(());
    }
    let codes: BTreeSet<&str> = unwise.iter().map(|finding| finding.code.as_str()).collect();
    let message = format!("the plan comes with {}, and --deny-warnings was said", counted(unwise.len(), "finding"));
    Err(Failure::new(message).cause(codes.into_iter().collect::<Vec<_>>().join(", ")).help(
        "Mend them, suppress them with a reason in the policy, or keep them in a baseline; `bdr explain CODE` tells of each.",
    ))
}

/// What to run next, with what it has to agree to.
fn next_step(plan: &Plan, saved: Option<&Path>, policy: &str) -> Vec<String> {
    let mut lines: Vec<String> = saved.iter().map(|path| format!("Saved as {}.", path.display())).collect();
    // Nobody is asked of a plan that was reviewed.
    let consent = guard::options(plan, saved.is_none());
    let until = if plan.held_by().is_none() { "" } else { ", or without a reason once the freeze is over" };
    match saved {
        Some(path) if plan.can_begin() => lines.push(format!("Apply it with: bdr apply {}{consent}{until}", path.display())),
        None if plan.can_begin() => {
            lines.push(format!("Apply it with: bdr apply{policy}{consent}   (--out FILE saves it for a review first){until}"))
        }
        _ => {}
    }
    lines
}

/// The targets, where each fits something.
///
/// # Errors
/// When one fits nothing.
pub fn scope(targets: &[String], compiled: &crate::compile::Compiled, known: &crate::plan::Known) -> Result<Scope, Failure> {
    let scope = Scope::new(targets.iter().cloned());
    let all = compiled.desired.iter().map(|resource| &resource.id).chain(known.owned.keys());
    scope.check(all).map_err(|error| {
        let help = match nearest(&error.target, error.known.iter().map(String::as_str)) {
            Some(near) => hint::did_you_mean(near),
            None => {
                let plain = error.known.iter().filter(|name| !name.contains(['.', '/']));
                let names: Vec<String> = plain.take(SUGGESTED).map(|name| format!("`{name}`")).collect();
                format!("A target is a component, a store, a kind, or a resource's address; here: {}.", names.join(", "))
            }
        };
        Failure::usage(error.to_string()).help(help)
    })?;
    Ok(scope)
}

/// Names that are offered where none is near.
const SUGGESTED: usize = 12;

/// Prints a plan to stdout.
///
/// # Errors
/// When stdout cannot take it.
pub fn show(plan: &Plan, format: Format, all: bool, ascii: bool, context: &Context) -> Result<(), Failure> {
    match format {
        Format::Human => {
            let terminal = &context.terminal;
            let look = render::Look { width: terminal.width, color: terminal.color_stdout, ascii, all };
            context.print(&render::human(plan, look))
        }
        Format::Markdown => context.print(&render::markdown(plan)),
        Format::Json => context.print_json(&document(plan)?),
    }
}

fn document(plan: &Plan) -> Result<String, Failure> {
    file::write(plan).map_err(|error| Failure::new(format!("could not write the plan as JSON: {error}")))
}

fn save(plan: &Plan, path: &Path) -> Result<(), Failure> {
    whole::save(path, "the plan", |file| file::write_to(plan, file).map_err(Into::into))
}

/// How a run ends that carried a plan out: what could not be read may need more, so that what was done is a part of it.
///
/// # Errors
/// When the plan is incomplete, with the exit code of the run.
pub fn ended(plan: &Plan, exit: Exit) -> Result<Exit, Failure> {
    match exit {
        _ if plan.complete => Ok(exit),
        Exit::Done => Err(incomplete(plan).exit(Exit::Partly)),
        exit => Err(incomplete(plan).exit(exit)),
    }
}

/// Some of the live system could not be read.
pub fn incomplete(plan: &Plan) -> Failure {
    let mut failure = Failure::new("the plan is incomplete: not everything could be read");
    for unread in &plan.unread {
        failure = failure.cause(unread.told());
    }
    let help = plan.unread.iter().find_map(|unread| unread.help.clone());
    failure.help(help.unwrap_or_else(|| "What was read can be applied; plan again once the rest answers.".to_owned()))
}
