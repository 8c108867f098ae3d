//! The command line: the only part of bdr that prints, reads the environment and the clock, and picks exit codes.
//!
//! One file per command holds its help text, its arguments and its run; adding one is a file, a variant and a line in `dispatch`.

pub mod adopting;
mod apply;
pub mod assess;
pub mod backup;
pub mod baselines;
pub mod carry_out;
pub mod catalogues;
pub mod chosen;
pub mod codes;
pub mod completions;
pub mod context;
pub mod copy;
pub mod copying;
pub mod destroy;
pub mod drift;
pub mod env;
pub mod exit;
pub mod explain;
pub mod fmt;
pub mod forgotten;
pub mod gone;
pub mod graph;
pub mod hint;
pub mod holdings;
pub mod log_effects;
pub mod log_kept;
pub mod iam_policy;
pub mod import;
mod init;
pub mod jobs;
pub mod leash;
pub mod lint;
pub mod list;
pub mod load;
pub mod man;
pub mod moving;
pub mod neutral;
pub mod packs;
pub mod past;
pub mod plan;
pub mod policy_files;
pub mod prepare;
pub mod prune;
pub mod reading;
pub mod restore;
mod room;
pub mod sampling;
pub mod schema;
pub mod show;
pub mod signing;
mod standing;
pub mod status;
pub mod telling;
pub mod uncopied;
pub mod unlock;
pub mod verify;
pub mod view;
pub mod wal;
pub mod whole;
pub mod working;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

pub use context::Context;
pub use exit::{Exit, Failure};

use crate::rights::Purpose;
use telling::Machine;

/// Backup and disaster recovery as code.
///
/// Policies say what must be recoverable, how much loss and downtime is bearable, where copies live and how long.
/// bdr lints them, plans and applies the difference to the live system, and makes, checks and restores the backups.
#[derive(Debug, Parser)]
#[command(
    name = "bdr",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Common options")]
pub struct Global {
    /// Policy file or folder; give it several times to merge several [default: bdr.yaml, else the folder bdr/]
    ///
    /// What is named here may be a link or a pipe. Of what is found in a folder, or as the default, links that lead out of the
    /// folder are refused, and so is anything but a file.
    #[arg(short, long = "policy", value_name = "PATH", global = true, env = "BDR_POLICY", value_delimiter = ':')]
    pub policy: Vec<PathBuf>,
    /// When to colour the output
    #[arg(long, value_enum, default_value_t = ColorWhen::Auto, global = true)]
    pub color: ColorWhen,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Tell more on stderr: `info` counts requests to S3, `debug` the operations on every store by name
    #[arg(long, value_enum, default_value_t = LogLevel::Off, global = true, value_name = "LEVEL")]
    pub log: LogLevel,
    /// Most operations at the same time
    #[arg(long, default_value_t = 16, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub parallelism: u16,
    /// Environment variable that the policy may read [default: all on a terminal, none elsewhere]
    ///
    /// A policy in a pull request is untrusted input: without a terminal, `plan`, `drift` and the other commands that only look
    /// resolve no `${env:NAME}` that is not allowed here. Commands that act (`apply`, `backup`, `restore`, …), and those that tell of the stores
    /// (`list`, `status`, `verify`), allow all.
    #[arg(long, value_name = "NAME", global = true, env = "BDR_ALLOW_ENV", value_delimiter = ',')]
    pub allow_env: Vec<String>,
    /// File that the policy may read through `${file:PATH}` [default: all on a terminal, none elsewhere]
    #[arg(long, value_name = "PATH", global = true, env = "BDR_ALLOW_FILE", value_delimiter = ',')]
    pub allow_file: Vec<PathBuf>,
    /// Endpoint that commands which only look (`plan`, `drift`) may talk to [default: all on a terminal, S3's own at AWS elsewhere]
    #[arg(long, value_name = "URL", global = true, env = "BDR_ALLOW_ENDPOINT", value_delimiter = ',')]
    pub allow_endpoint: Vec<String>,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    Always,
    Never,
}

/// `--log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    Off,
    Info,
    Debug,
}

#[derive(Debug, Subcommand)]
/// In the order of the work: write, foresee, change, back up.
pub enum Command {
    Init(init::Args),
    Import(import::Args),
    Lint(lint::Args),
    Fmt(fmt::Args),
    Explain(explain::Args),
    Schema(schema::Args),
    Assess(assess::Args),
    Plan(plan::Args),
    Show(show::Args),
    Apply(apply::Args),
    Drift(drift::Args),
    Destroy(destroy::Args),
    Unlock(unlock::Args),
    Graph(graph::Args),
    IamPolicy(iam_policy::Args),
    Backup(backup::Args),
    List(list::Args),
    Status(status::Args),
    Verify(verify::Args),
    Prune(prune::Args),
    Copy(copy::Args),
    Restore(restore::Args),
    Wal(wal::Args),
    Completions(completions::Args),
    Man(man::Args),
}

impl Command {
    /// What it needs rights for, where it asks anything of a store.
    fn purpose(&self) -> Option<Purpose> {
        Some(match self {
            Self::Plan(_) | Self::Drift(_) | Self::Import(_) | Self::List(_) => Purpose::Plan,
            Self::Apply(_) | Self::Destroy(_) | Self::Unlock(_) => Purpose::Apply,
            Self::Backup(_) => Purpose::Write,
            Self::Restore(_) | Self::Verify(_) => Purpose::Restore,
            Self::Status(_) => Purpose::Status,
            Self::Prune(_) => Purpose::Prune,
            Self::Copy(_) => Purpose::Copy,
            Self::Wal(args) => args.purpose(),
            _ => return None,
        })
    }

    async fn dispatch(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Apply(args) => apply::run(&args, context).await,
            Self::Assess(args) => assess::run(&args, context).await,
            Self::Backup(args) => backup::run(&args, context).await,
            Self::Copy(args) => copy::run(&args, context).await,
            Self::Completions(args) => completions::run(&args, context),
            Self::Destroy(args) => destroy::run(&args, context).await,
            Self::Drift(args) => drift::run(&args, context).await,
            Self::Explain(args) => explain::run(&args, context),
            Self::Fmt(args) => fmt::run(&args, context),
            Self::Graph(args) => graph::run(&args, context),
            Self::IamPolicy(args) => iam_policy::run(&args, context),
            Self::Import(args) => import::run(&args, context).await,
            Self::Init(args) => init::run(&args, context),
            Self::Lint(args) => lint::run(&args, context),
            Self::List(args) => list::run(&args, context).await,
            Self::Man(args) => man::run(&args, context),
            Self::Plan(args) => plan::run(&args, context).await,
            Self::Prune(args) => prune::run(&args, context).await,
            Self::Restore(args) => restore::run(&args, context).await,
            Self::Schema(args) => schema::run(&args, context),
            Self::Show(args) => show::run(&args, context),
            Self::Status(args) => status::run(&args, context).await,
            Self::Unlock(args) => unlock::run(&args, context).await,
            Self::Verify(args) => verify::run(&args, context).await,
            Self::Wal(args) => wal::run(&args, context).await,
        }
    }
}

/// The whole program: parses the process's arguments, runs the command, says what failed, returns the exit code. `commit` is what
/// `--version` tells beside the version.
pub fn main(commit: Option<&str>) -> ExitCode {
    if let Some(code) = leash::leashed() {
        return code;
    }
    let command = match commit.filter(|commit| !commit.is_empty()) {
        Some(commit) => Cli::command().version(format!("{} ({commit})", env!("CARGO_PKG_VERSION"))),
        None => Cli::command(),
    };
    let command = context::narrowed(command);
    let parsed =
        command.try_get_matches().and_then(|arguments| Ok((Cli::from_arg_matches(&arguments)?, Machine::wanted(&arguments))));
    let (cli, machine) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let commands = Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
            let restoring = wal::may_be_fetch(std::env::args_os(), &commands);
            return exit::usage(&as_typed(error)).to_caller(restoring).into();
        }
    };
    let restoring = matches!(&cli.command, Command::Wal(args) if args.is_fetch());
    match std::panic::catch_unwind(|| run(cli, machine)) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failed)) => failed.to_caller(restoring).into(),
        // The code of a panic, 101, would tell PostgreSQL that the archive ends.
        Err(_) if restoring => Exit::Unproven.into(),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// How the command ended: well, as it says itself, or with a failure, which was told.
fn run(cli: Cli, machine: Option<Machine>) -> Result<Exit, Exit> {
    let mut context = Context::of_process(cli.global.clone());
    context.purpose = cli.command.purpose();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return Err(exit::report(&context, &Failure::new(format!("could not start the async runtime: {error}"))));
        }
    };
    let outcome = runtime.block_on(cli.command.dispatch(&context));
    log_operations(&context);
    // Work that was cancelled must not hold the process: whatever blocks in a thread is cut off, after a moment or, where a
    // signal asked for it, at once.
    let moment = if context.stop.asked() > 0 { 0 } else { 2 };
    runtime.shutdown_timeout(std::time::Duration::from_secs(moment));
    outcome.map_err(|failure| {
        machine.iter().for_each(|machine| machine.failed(&context, &failure));
        exit::report(&context, &failure)
    })
}

/// What was asked of stores, under `--log debug`.
fn log_operations(context: &Context) {
    let operations = crate::stores::operations();
    if !operations.is_empty() {
        let told: Vec<String> = operations.iter().map(|(name, count)| format!("{count} {name}")).collect();
        context.log(LogLevel::Debug, &format!("operations on stores: {}", told.join(", ")));
    }
}

/// The same error without what the environment sets: a usage line would show that as if it had to be given.
fn as_typed(error: clap::Error) -> clap::Error {
    let typed = context::narrowed(Cli::command()).mut_args(|argument| argument.env(clap::builder::Resettable::Reset));
    typed.try_get_matches().err().unwrap_or(error)
}

/// The command tree, for completions and manual pages.
pub fn command() -> clap::Command {
    Cli::command()
}
