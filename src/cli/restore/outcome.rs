//! What a restore came to, in words, and what to do about what did not come back.

use crate::catalog::manifest::Manifest;
use crate::cli::restore::Args;
use crate::cli::restore::elsewhere::Elsewhere;
use crate::cli::{Context, Exit};
use crate::diag::{printable, shown};
use crate::tree::{Lack, Restored, literal};
use crate::units::bytes::Bytes;
use crate::units::count::count;

/// Says what came back and what did not. `whole`: all of the backup was asked for.
pub fn told(context: &Context, args: &Args, restored: &Restored, (manifest, whole): (&Manifest, bool)) -> Exit {
    let entries = restored.entries();
    let kept = match restored.kept {
        0 => String::new(),
        kept => {
            let written = (restored.files + restored.symlinks + restored.hard_links).saturating_sub(kept);
            format!("; {} identical, {written} written", count(kept, "file"))
        }
    };
    context.say(&format!("{}, {}{kept}", count(entries, "entry"), Bytes(restored.bytes)));
    restored.failures.iter().for_each(|lack| name(context, lack));
    if whole && manifest.counts.skipped > 0 {
        context.say(&format!("not in the backup, and named when it was made: {}", count(manifest.counts.skipped, "entry")));
    }
    let owned = owners(context, args, restored);
    if restored.failed > 0 {
        let (part, exit) = if entries > 0 { ("Restored in part", Exit::Partly) } else { ("Nothing was restored", Exit::Failed) };
        context.warn(&format!("{part}: missing or not as it was: {}.", count(restored.failed, "entry")));
        return exit;
    }
    if falls_short(restored, (manifest, whole)) {
        let expected = manifest.counts.entries;
        context.warn(&format!("Restored in part: {entries} of {expected} entries."));
        return Exit::Partly;
    }
    if owned { Exit::Done } else { Exit::Partly }
}

/// Paths that are named of one cause.
const NAMED: usize = 5;

/// One cause with the first of what it took.
fn name(context: &Context, lack: &Lack) {
    if let [(path, why)] = lack.named.as_slice() {
        context.warn(&format!("  /{} {}", shown(path), printable(why)));
        return;
    }
    context.warn(&format!("  {}: {}", printable(&lack.why), count(lack.count, "entry")));
    let first = lack.named.iter().take(NAMED);
    first.for_each(|(path, _)| context.warn(&format!("    /{}", shown(path))));
    let more = lack.count.saturating_sub(NAMED as u64);
    if more > 0 {
        context.warn(&format!("    … and {more} more; `--format json` names each"));
    }
}

/// Whether the index told of less than the manifest promises.
fn falls_short(restored: &Restored, (manifest, whole): (&Manifest, bool)) -> bool {
    whole && restored.failed == 0 && restored.entries() != manifest.counts.entries
}

/// Says once what belongs to somebody else than it did. Whether that is as asked.
fn owners(context: &Context, args: &Args, restored: &Restored) -> bool {
    if restored.foreign > 0 && !args.no_owner {
        let way = if rustix::process::geteuid().is_root() { "the target takes none, so" } else { "run as root, or" };
        context.warn(&format!("owners of {} were not set: {way} say `--no-owner`", count(restored.foreign, "entry")));
    }
    if restored.bared > 0 {
        context.warn(&format!(
            "set-user-id and set-group-id bits and capabilities of {} were left off: nothing runs as another owner than it had",
            count(restored.bared, "entry")
        ));
    }
    restored.foreign == 0 || args.no_owner
}

/// What to do about a store that did not give something, be it that it did not answer.
pub fn when_it_answers(args: &Args) -> String {
    let overwrite = if args.overwrite { "" } else { " with `--overwrite`" };
    format!(
        "The store did not give what was asked of it. When it answers, run the same command again{overwrite}: it takes only what differs."
    )
}

/// What to do about a restore that brought back less than was asked for.
pub fn next_steps(
    args: &Args,
    context: &Context,
    restored: &Restored,
    (manifest, whole): (&Manifest, bool),
    elsewhere: Option<Elsewhere>,
) -> Vec<String> {
    let (component, policy) = (&args.component, context.policy_arguments());
    let mut steps = Vec::new();
    if restored.refused > 0 {
        steps.push(
            "Clear what stands in the way or forbids it, then run the same command with `--overwrite`: what is whole stays."
                .to_owned(),
        );
    }
    if restored.not_given > 0 {
        steps.push(when_it_answers(args));
    }
    if restored.refused + restored.not_given < restored.failed || falls_short(restored, (manifest, whole)) {
        steps.push(format!("`bdr verify {component} --read-data{policy}` tells what is damaged in the store."));
        steps.push(match elsewhere {
            Some(other) => other_backup(args, &policy, &other),
            None => format!(
                "No other good backup that can be read at once is known to hold what is missing; `bdr list {component}{policy}` shows all."
            ),
        });
    }
    steps
}

/// The command that brings what is missing from another backup, and nothing else where it can be named.
fn other_backup(args: &Args, policy: &str, other: &Elsewhere) -> String {
    let Elsewhere { id, moment, paths, all } = other;
    let all = if *all { "" } else { "some of " };
    let named = || paths.iter().map(|path| quoted(&format!("/{}", literal(path)))).collect();
    let globs: Option<Vec<String>> = if paths.len() > NAMED { None } else { named() };
    let (globs, rest) = match globs {
        Some(globs) => (globs, ""),
        None => (
            args.path.iter().filter_map(|path| quoted(path)).collect(),
            "; name single files with `--path`, or all goes back to then",
        ),
    };
    let globs: String = globs.iter().map(|glob| format!(" --path {glob}")).collect();
    let to = quoted(&args.to.display().to_string()).unwrap_or_else(|| "DIR".to_owned());
    format!(
        "Backup {id} holds {all}what is missing, as of {moment}: `bdr restore {} --backup {id} --to {to}{globs} --overwrite{policy}`{rest}.",
        args.component
    )
}

/// As a word of the shell; `None`: it cannot be shown as it is.
fn quoted(word: &str) -> Option<String> {
    (shown(word) == word).then(|| format!("'{}'", word.replace('\'', "'\\''")))
}
