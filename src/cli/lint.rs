//! `bdr lint`: what is wrong or unwise in the policy, for people, CI systems and forges.

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::{Context, Exit, Failure, baselines, codes, load, packs};
use crate::diag::Severity;
use crate::lint::{self, Report, Wish, format};
use crate::policy::Pack;
use crate::provider::Env;
use crate::providers;

/// Find what is wrong or unwise in the policy
///
/// Nothing that the policy names is run, looked up or asked: only its text counts. A finding that is meant to be so is
/// suppressed by a comment on its line or the line above: `# bdr:ignore[CODE] reason, until 2027-01-31` (the end is optional).
/// Ends with 2 where a finding is an error (with --deny-warnings, a warning too), with 0 otherwise.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Policy files or folders, instead of -p
    paths: Vec<PathBuf>,
    /// How to print the findings
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Findings below this level are neither shown nor counted
    #[arg(long, value_enum, default_value_t = Level::Note, value_name = "LEVEL")]
    level: Level,
    /// Let warnings fail the run, too
    #[arg(long)]
    deny_warnings: bool,
    /// End with 0 whatever is found, as upload steps for SARIF want it
    #[arg(long)]
    exit_zero: bool,
    /// Hold the policy against this pack of rules too, besides those that it names; `bdr explain pack` lists them
    #[arg(long, value_name = "NAME", value_parser = packs::parser())]
    pack: Vec<Pack>,
    /// Neither show nor count the findings that this file knows; tell which of them are mended
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    baseline: Option<PathBuf>,
    /// Write everything that is found now to this file, for --baseline
    ///
    /// A finding is known again by its rule and its path in the document, not by its line. What cannot be suppressed is not
    /// written, and nothing is written while the policy cannot be read.
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines in question
    Human,
    /// bdr's own document (`bdr schema findings`); where nothing could be read, one event `failed` (`bdr schema event`)
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
    /// JUnit XML
    Junit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Level {
    Error,
    Warning,
    Note,
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut context = context.clone();
    if !args.paths.is_empty() {
        context.global.policy.clone_from(&args.paths);
    }
    let texts = load::texts(&context)?;
    let wish = Wish {
        level: match args.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Note,
        },
        threshold: if args.deny_warnings { Severity::Warning } else { Severity::Error },
        today: jiff::tz::TimeZone::UTC.to_datetime(context.now()).date(),
        texts: texts.iter().count(),
    };
    let linted = lint::lint_against(texts, context.now(), &args.pack);
    let mut found = linted.found;
    // The process ends with this command: to give thousands of components back piece by piece would be work for nothing.
    let policy = ManuallyDrop::new(linted.policy);
    if let Some(policy) = policy.as_ref().filter(|_| !found.has_errors()) {
        // What is wrong with a policy is so on every machine: some home is taken for known.
        let anywhere = Env { home: Some("~".to_owned()), ..Env::default() };
        providers::ALL.iter().for_each(|provider| provider.check(policy, &anywhere, &mut found));
    }
    let baseline = match (&args.baseline, &args.write_baseline) {
        (Some(path), _) => Some(baselines::read(path)?),
        (None, Some(path)) => baselines::write(path, &found, &linted.sources, wish, &context)?,
        (None, None) => None,
    };
    let report = Report::against(found, &linted.sources, &codes::all(), wish, baseline.as_ref());
    print(args.format, &report, &context)?;
    Ok(if report.fails() && !args.exit_zero { Exit::Present } else { Exit::Done })
}

fn print(format: Format, report: &Report<'_>, context: &Context) -> Result<(), Failure> {
    match format {
        Format::Human if context.global.quiet && report.counted().next().is_none() => Ok(()),
        Format::Human => context.print(&format::human(report, context.look_stdout())),
        Format::Json => context.print_json(&format::json(report)),
        Format::Sarif => context.print_json(&format::sarif(report)),
        // Its commands are meant.
        Format::Github => context.print_exactly(&format::github(report)),
        Format::Gitlab => context.print_json(&format::gitlab(report)),
        Format::Junit => context.print_exactly(&format::junit(report)),
    }
}
