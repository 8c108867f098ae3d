//! `bdr fmt`: the uniform layout of policy files.

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::{Path, PathBuf};

use crate::cli::policy_files::{PolicyFile, policy_files};
use crate::cli::{Context, Exit, Failure, hint};
use crate::diag::{Diagnostics, Fault, Sources, render_all};
use crate::policy::{self, LARGEST, codes, layout};
use crate::units::count::counted;

/// Give policy files their uniform layout
///
/// Indentation, blanks, empty lines, quotes and line ends become uniform; comments, order and meaning stay. A file that
/// cannot be read as YAML is left alone and told.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Policy files or folders, instead of -p; `-` reads stdin and writes stdout
    paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change, and end with 2 where there are some
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change, and end with 2 where something would
    #[arg(long)]
    diff: bool,
}

/// What became of one text.
enum Outcome {
    Unchanged,
    Changed(String),
    /// What was said about it.
    Unread(String),
}

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.paths == [Path::new("-")] {
        return filter(args, context);
    }
    let mut context = context.clone();
    if !args.paths.is_empty() {
        context.global.policy.clone_from(&args.paths);
    }
    let (mut changed, mut unread, mut all) = (0_usize, 0_usize, 0_usize);
    for file in policy_files(&context)? {
        all += 1;
        let name = file.name();
        let bytes = match file.read()? {
            Ok(bytes) => bytes,
            Err(fault) => {
                unread += 1;
                context.warn(&refused(&name, fault, &context));
                continue;
            }
        };
        match laid_out(&name, &bytes, &context) {
            Outcome::Unchanged => {}
            Outcome::Changed(text) => {
                changed += 1;
                if args.diff {
                    context.print(&difference(&name, &bytes, &text))?;
                } else if args.check {
                    context.print(&format!("{name}\n"))?;
                } else {
                    replace(&file, &text)?;
                }
            }
            Outcome::Unread(why) => {
                unread += 1;
                context.warn(&why);
            }
        }
    }
    let only_looks = args.check || args.diff;
    let verb = if only_looks { "would change" } else { "changed" };
    let left = if unread == 0 { String::new() } else { format!(", {unread} left alone because they cannot be read") };
    context.say(&format!("{changed} of {} {verb}{left}.", counted(all, "file")));
    Ok(match (unread, changed) {
        (1.., _) => Exit::Failed,
        (_, 1..) if only_looks => Exit::Present,
        _ => Exit::Done,
    })
}

/// From stdin to stdout. What cannot be read comes out as it went in, so that an editor loses nothing, unless it is too large for that.
fn filter(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut bytes = Vec::new();
    let most = LARGEST as u64 + 1;
    std::io::stdin()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::new(format!("could not read stdin: {error}")))?;
    let name = "stdin";
    if bytes.len() > LARGEST {
        context.warn(&refused(name, Fault::TooLarge, context));
        return Ok(Exit::Failed);
    }
    let only_looks = args.check || args.diff;
    match laid_out(name, &bytes, context) {
        Outcome::Unread(why) => {
            if !only_looks {
                pass(&bytes)?;
            }
            context.warn(&why);
            Ok(Exit::Failed)
        }
        Outcome::Changed(text) if args.diff => context.print(&difference(name, &bytes, &text)).map(|()| Exit::Present),
        Outcome::Changed(_) if args.check => Ok(Exit::Present),
        Outcome::Changed(text) => context.print_exactly(&text).map(|()| Exit::Done),
        Outcome::Unchanged if only_looks => Ok(Exit::Done),
        Outcome::Unchanged => pass(&bytes).map(|()| Exit::Done),
    }
}

fn pass(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).map_err(|error| hint::unwritten("to stdout", &error))
}

fn laid_out(name: &str, bytes: &[u8], context: &Context) -> Outcome {
    let unread = |error: Option<layout::LayoutError>| {
        let (found, sources) = reading(name, bytes);
        match error {
            Some(error) if found.is_empty() => Outcome::Unread(format!("{name} is left as it is: {error}")),
            _ => Outcome::Unread(render_all(&found, &sources, context.look_stderr()).trim_end().to_owned()),
        }
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => match layout::format(text) {
            Ok(new) if new == text => Outcome::Unchanged,
            Ok(new) => Outcome::Changed(new),
            Err(error) => unread(Some(error)),
        },
        Err(_) => unread(None),
    }
}

/// What reading the text says about it as a text: whatever it says about the policy is not asked here.
fn reading(name: &str, bytes: &[u8]) -> (Diagnostics, Sources) {
    let mut sources = Sources::new();
    sources.add_bytes(name, bytes.to_vec());
    let loaded = policy::load_unresolved(sources);
    let mut found = loaded.diagnostics;
    found.retain(|finding| finding.code < codes::TAG);
    (found, loaded.sources)
}

/// A unified diff. Secrets that were written in plain are blanked in it.
fn difference(name: &str, old: &[u8], new: &str) -> String {
    let old = String::from_utf8_lossy(old);
    let (shown_old, shown_new) = (without_secrets(&old), without_secrets(new));
    let diff = similar::TextDiff::from_lines(shown_old.as_str(), shown_new.as_str());
    diff.unified_diff().context_radius(2).header(name, name).to_string()
}

fn without_secrets(text: &str) -> String {
    let mut sources = Sources::new();
    let file = sources.add("", text);
    let read = policy::load_unresolved(sources).sources;
    read.get(file).map(|source| source.text.to_string()).unwrap_or_default()
}

/// What is said about a file that is not even opened, or not to its end.
fn refused(name: &str, fault: Fault, context: &Context) -> String {
    let mut sources = Sources::new();
    sources.add_unread(name, fault);
    let loaded = policy::load_unresolved(sources);
    render_all(&loaded.diagnostics, &loaded.sources, context.look_stderr()).trim_end().to_owned()
}

/// Replaces a file by one with another text, whole or not at all, with the same owner and permissions. A link stays a link.
fn replace(file: &PolicyFile, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| hint::unwritten(format_args!("`{}`", file.name()), &error);
    let place = file.place().map_err(failed)?;
    let folder = place.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".bdr-fmt-").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let before = std::fs::metadata(&place).map_err(failed)?;
    let made = file.as_file().metadata().map_err(failed)?;
    if (made.uid(), made.gid()) != (before.uid(), before.gid()) {
        // Before the permissions: a change of owner takes some of them away (chown(2)). Who may not give files away keeps it.
        match fchown(file.as_file(), Some(before.uid()), Some(before.gid())) {
            Err(error) if error.kind() != std::io::ErrorKind::PermissionDenied => return Err(failed(error)),
            _ => {}
        }
    }
    file.as_file().set_permissions(before.permissions()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&place).map_err(|error| failed(error.error))?;
    Ok(())
}
