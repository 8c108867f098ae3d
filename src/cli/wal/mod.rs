//! `bdr wal`: the write-ahead log of PostgreSQL, as `archive_command` and `restore_command` call for it.

pub mod chosen;
mod fetch;
mod push;
mod status;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::Duration;

use crate::archiving::{ArchiveError, Failed};
use crate::cli::{Context, Exit, Failure};
use crate::rights::Purpose;

/// Archive the write-ahead log of PostgreSQL, hand it out, and tell how its archive stands
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Wal,
}

#[derive(Debug, clap::Subcommand)]
enum Wal {
    Push(push::Args),
    Fetch(fetch::Args),
    Status(status::Args),
}

/// The longest that one call takes. Who calls calls again, and a store that never answers must not look like one that is slow.
const LONGEST: Duration = Duration::from_secs(15 * 60);

impl Args {
    /// Whether a `restore_command` called.
    pub fn is_fetch(&self) -> bool {
        matches!(self.command, Wal::Fetch(_))
    }

    pub fn purpose(&self) -> Purpose {
        match self.command {
            Wal::Push(_) => Purpose::Write,
            Wal::Fetch(_) => Purpose::Restore,
            Wal::Status(_) => Purpose::Status,
        }
    }
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    match &args.command {
        Wal::Push(args) => push::run(args, context).await,
        Wal::Fetch(args) => fetch::run(args, context).await,
        Wal::Status(args) => status::run(args, context).await,
    }
}

/// Words that say what is wanted of the log.
const WANTED: [&str; 6] = ["push", "fetch", "status", "help", "-h", "--help"];

/// Whether a command line that cannot be understood may be a `restore_command`. PostgreSQL takes 1 to 125 for "there is no such file" and
/// promotes, so that a misspelt option must not end with 64.
pub fn may_be_fetch(words: impl Iterator<Item = OsString>, commands: &BTreeSet<String>) -> bool {
    let words: Vec<String> = words.skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    let names_command = |words: &[String]| words.iter().any(|word| word != "wal" && commands.contains(word));
    let Some(at) = words.iter().position(|word| word == "wal") else {
        return words.iter().any(|word| word == "fetch") && !names_command(&words);
    };
    let (before, after) = (&words[..at], &words[at + 1..]);
    match after.iter().find(|word| WANTED.contains(&word.as_str())) {
        // Whatever the policy, a store or a component is called.
        Some(wanted) if wanted == "fetch" => after.first() == Some(wanted) || !names_command(before),
        Some(_) => false,
        None => !after.is_empty() && !names_command(before),
    }
}

/// The component where it is named, and the words after it.
fn split(words: &[String], after: usize) -> (Option<&str>, &[String]) {
    let named = words.len() > after;
    (words.first().filter(|_| named).map(String::as_str), &words[usize::from(named)..])
}

/// What failed of a store, with the next step; `what` completes "could not …".
fn failure(what: &str, failed: &Failed, otherwise: &str) -> Failure {
    let place = failed.store.as_ref().map(|store| format!(" (store `{store}`)")).unwrap_or_default();
    let mut told = match &failed.error {
        ArchiveError::Store(error) => Failure::from_store(error),
        error => Failure { help: error.help().map(str::to_owned), ..Failure::new(error.to_string()) },
    };
    told.help.get_or_insert_with(|| otherwise.to_owned());
    Failure { help: told.help, ..Failure::new(format!("could not {what}{place}")) }.cause(told.message)
}

/// All but the last is told here; that one is left to whoever ends the command.
fn failures(context: &Context, what: &str, failed: &[Failed], otherwise: &str) -> Failure {
    let mut all: Vec<Failure> = failed.iter().map(|one| failure(what, one, otherwise)).collect();
    let last = all.pop().unwrap_or_else(|| Failure::new(format!("could not {what}")));
    for one in &all {
        crate::cli::exit::report(context, one);
    }
    last
}

/// Ends work that takes too long.
async fn in_time<T>(what: &str, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = || Failure::new(format!("could not {what}: it took more than {} minutes", LONGEST.as_secs() / 60));
    tokio::time::timeout(LONGEST, work).await.unwrap_or_else(|_| Err(late()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_be_a_restore_command_is_taken_for_one() {
        let commands = ["wal", "backup", "list"].map(str::to_owned).into();
        let may = |line: &&str| may_be_fetch(line.split_whitespace().map(OsString::from), &commands);
        let restoring = [
            "bdr wal fetch f p",
            "bdr -p x wal fetch",
            "bdr --plicy x wal fetch f p",
            "bdr wal fetsh f p",
            "bdr wla fetch f p",
            "bdr wal fetch backup f p",
            "bdr wal fetch status --bad",
            "bdr -p list wal fetch --bad",
        ];
        assert!(restoring.iter().all(may));
        let others = [
            "bdr",
            "bdr wal",
            "bdr wal push p",
            "bdr wal push fetch p",
            "bdr wal status --bad",
            "bdr backup fetch",
            "bdr backup wal --bad",
            "bdr wal --help",
            "bdr help wal",
        ];
        assert!(!others.iter().any(may));
    }

    #[test]
    fn the_component_may_be_left_out() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (both, one) = (words("orders f p"), words("f p"));
        assert_eq!(split(&both, 2), (Some("orders"), &both[1..]));
        assert_eq!(split(&one, 2), (None, &one[..]));
    }
}
