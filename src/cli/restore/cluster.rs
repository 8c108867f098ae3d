//! A base backup becomes a data directory: where its tablespaces go, and what keeps a server from starting on half of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::manifest::{Cluster, Manifest};
use crate::cli::chosen::Chosen;
use crate::cli::restore::moment::{exactly, moment};
use crate::cli::restore::{Args, kept};
use crate::cli::{Context, Failure};
use crate::diag::shown;
use crate::policy::Method;
use crate::source::Trouble;
use crate::sources::postgres::{Place, Placed, Recovery, Until};
use crate::units::cadence::Zone;

/// Of several protections those whose backups the options are about; all where none is.
pub fn fitting<'a>(args: &Args, all: Vec<Chosen<'a>>) -> Vec<Chosen<'a>> {
    let fits = |chosen: &Chosen<'_>| match &chosen.protection.method {
        Method::BaseBackup(_) => args.database.is_none(),
        _ => args.tablespace.is_empty() && args.restore_command.is_none(),
    };
    let (fitting, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(fits);
    if fitting.is_empty() { rest } else { fitting }
}

/// Whether a backup ends before the position of the log that is asked for: it cannot be rolled back to it.
pub fn ends_before(args: &Args, manifest: &Manifest) -> bool {
    args.lsn.is_none_or(|at| manifest.origin.cluster.as_ref().is_some_and(|cluster| cluster.stop <= at))
}

/// How a server on the data directory goes on beyond the backup; `None`: it ends where that did.
fn recovery(args: &Args, zone: &Zone) -> Result<Option<Recovery>, Failure> {
    let Some(command) = args.restore_command.clone() else { return Ok(None) };
    let until = match (&args.at, args.lsn) {
        (Some(text), _) => Until::Time(moment(text, zone)?),
        (None, Some(at)) => Until::Lsn(at),
        (None, None) => Until::Latest,
    };
    Ok(Some(Recovery { command, until, timeline: args.timeline }))
}

/// The cluster that a restore brings back whole; `None`: it is none, or a part of one, which is files.
fn whole<'a>(args: &Args, manifest: &'a Manifest) -> Option<&'a Cluster> {
    manifest.origin.cluster.as_ref().filter(|_| args.path.is_empty())
}

/// Whether the options fit what the backup is of, and what stands in its place may go.
///
/// # Errors
/// When they do not, or a server may run there.
pub fn check(args: &Args, manifest: &Manifest) -> Result<(), Failure> {
    let Some(cluster) = whole(args, manifest) else {
        let misplaced = !args.tablespace.is_empty() || args.restore_command.is_some();
        let what = format!("backup {} is none of a whole cluster, and nothing was restored", manifest.id);
        let help = "Leave `--tablespace` and `--restore-command` away.";
        return if misplaced { Err(Failure::usage(what).help(help)) } else { Ok(()) };
    };
    if args.restore_command.as_ref().is_some_and(|command| command.trim().is_empty() || command.contains(['\n', '\0'])) {
        return Err(Failure::usage("`--restore-command` is no command in one line, and nothing was restored")
            .help("Write what brings the file `%f` of the log to the path `%p`."));
    }
    if args.database.is_some() {
        let what = format!("backup {} is of a whole cluster, and nothing was restored", manifest.id);
        return Err(Failure::usage(what).help(
            "Leave `--database` away and start a server on the folder, or name a protection that dumps with `--protection`.",
        ));
    }
    place(args, cluster)?;
    let to = shown(args.to.as_os_str().as_encoded_bytes());
    if args.to.join("postmaster.pid").exists() {
        return Err(Failure::new(format!("a server may run on `{to}`, and nothing in it was touched"))
            .cause("`postmaster.pid` is there".to_owned())
            .help("Stop the server. If none runs, remove the file."));
    }
    kept::apart_from_others(args)?;
    if args.overwrite && !args.delete_extra && !is_empty(&args.to) {
        return Err(Failure::usage(format!("files of another data directory would stay in `{to}`, and nothing was restored"))
            .help("Say `--delete-extra` too, or name an empty folder."));
    }
    Ok(())
}

/// The destination; `None`: it is a folder of files.
///
/// # Errors
/// When a folder cannot be made or opened.
pub fn placed(args: &Args, manifest: &Manifest) -> Result<Option<Arc<Placed>>, Failure> {
    let Some(cluster) = whole(args, manifest) else { return Ok(None) };
    open(args, place(args, cluster)?, cluster).map(Some)
}

/// The same to look through at what stands there, which makes no folder for a tablespace.
///
/// # Errors
/// When the folder cannot be opened.
pub fn seen(args: &Args, manifest: &Manifest) -> Result<Option<Arc<Placed>>, Failure> {
    let Some(cluster) = whole(args, manifest) else { return Ok(None) };
    open(args, Place { elsewhere: BTreeMap::new(), ..place(args, cluster)? }, cluster).map(Some)
}

fn open(args: &Args, place: Place, cluster: &Cluster) -> Result<Arc<Placed>, Failure> {
    let failed = |trouble: Trouble| {
        Failure::new(format!("could not restore into `{}`: {}", args.to.display(), trouble.detail))
            .help("Name folders that can be written.")
    };
    Placed::open(place, cluster).map_err(failed).map(Arc::new)
}

/// Keeps a server from starting on the folder until [`complete`].
///
/// # Errors
/// When that cannot be done.
pub fn begin(placed: &Placed) -> Result<(), Failure> {
    placed.begin().map_err(|error| {
        Failure::new(format!("could not take `global/pg_control` away, and nothing was restored: {error}"))
            .help("Let who runs bdr write there, or name another folder.")
    })
}

/// Makes the folder a data directory. `done`: everything came back as asked.
///
/// # Errors
/// When that cannot be done.
pub fn complete(
    args: &Args,
    context: &Context,
    placed: &Placed,
    (manifest, zone): (&Manifest, &Zone),
    done: bool,
) -> Result<(), Failure> {
    if !done {
        context.warn("No server starts on the folder: it has no `global/pg_control` until everything came back.");
        return Ok(());
    }
    let recovery = recovery(args, zone)?;
    placed.complete(recovery.as_ref()).map_err(|error| {
        Failure::new(format!("could not make the folder a data directory: {error}"))
            .help("Run the same command again with `--overwrite --delete-extra`.")
    })?;
    if let Some(cluster) = &manifest.origin.cluster {
        let major = cluster.server_version.split(['.', ' ']).next().unwrap_or_default();
        let until = match recovery.map(|recovery| recovery.until) {
            None => format!("to {}", cluster.stop),
            Some(Until::Latest) => "to its end".to_owned(),
            Some(Until::Lsn(at)) => format!("to {at}"),
            Some(Until::Time(time)) => format!("to {}", exactly(time, zone)),
        };
        context.say(&format!(
            "a data directory for PostgreSQL {major}: a server that is started on it replays the log from {} {until} first",
            cluster.start
        ));
        context.say(
            "It archives nothing. Where it takes the place of what was lost, take `archive_mode = off` out of its postgresql.auto.conf before it is \
             started, or what it writes until then is archived nowhere; then make a base backup.",
        );
    }
    Ok(())
}

/// Where each tablespace goes, for people.
pub fn describe(args: &Args, manifest: &Manifest) -> String {
    let Some((cluster, place)) = whole(args, manifest).and_then(|cluster| Some((cluster, place(args, cluster).ok()?))) else {
        return String::new();
    };
    let line = |space: &crate::catalog::manifest::Tablespace| {
        let to = place.of(space.oid);
        format!("\n  tablespace {} goes to {}", shown(&space.location), shown(to.as_os_str().as_encoded_bytes()))
    };
    cluster.tablespaces.iter().map(line).collect()
}

fn place(args: &Args, cluster: &Cluster) -> Result<Place, Failure> {
    let mut elsewhere = BTreeMap::new();
    for option in &args.tablespace {
        let wrong = |what: String, help: String| Failure::usage(format!("`--tablespace {option}` {what}")).help(help);
        let usual = || "Write `--tablespace OLD=NEW`: where it lay on the server, and where it is to go.".to_owned();
        let (old, new) = option.split_once('=').ok_or_else(|| wrong("has no `=`".to_owned(), usual()))?;
        let Some(space) = cluster.tablespaces.iter().find(|space| space.location == old) else {
            let all: Vec<String> = cluster.tablespaces.iter().map(|space| format!("`{}`", shown(&space.location))).collect();
            let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
            return Err(wrong("names no tablespace of the backup".to_owned(), format!("It has {all}.")));
        };
        let new = std::path::absolute(PathBuf::from(new)).map_err(|error| wrong(format!("is no path: {error}"), usual()))?;
        if !is_empty(&new) {
            return Err(wrong(
                "names a folder that is not empty".to_owned(),
                "Name an empty one, or one that is not there.".to_owned(),
            ));
        }
        if std::path::absolute(&args.to).is_ok_and(|to| new.starts_with(to)) {
            return Err(wrong("lies in the data directory".to_owned(), "Name a folder outside of it.".to_owned()));
        }
        if elsewhere.values().any(|other| *other == new) || elsewhere.insert(space.oid, new).is_some() {
            return Err(wrong("says again what another one says".to_owned(), usual()));
        }
    }
    let (folder, overwrite, owners) = (args.to.clone(), args.overwrite, !args.no_owner);
    Ok(Place { folder, elsewhere, overwrite, owners })
}

fn is_empty(folder: &Path) -> bool {
    folder.read_dir().map_or(true, |mut entries| entries.next().is_none())
}
