//! A base backup of a component that archives its log is rolled forward by that archive, unless the caller names another command.

use jiff::Timestamp;

use crate::archiving::{Survey, survey};
use crate::catalog::manifest::{Cluster, Manifest};
use crate::cli::chosen::Chosen;
use crate::cli::load::References;
use crate::cli::restore::Args;
use crate::cli::restore::moment::moment;
use crate::cli::view::backups::moment_in;
use crate::cli::wal::chosen::archives;
use crate::cli::{Context, Failure};
use crate::policy::{Component, Method, Policy};
use crate::provider::Env;
use crate::stores::Patience;
use crate::units::cadence::Zone;
use crate::units::shell;
use crate::wal::{Archive, Reach, Timeline};

/// The arguments with the command that brings the log out of the component's archive, where they name none and a whole cluster comes
/// back. A backup that is named comes back as it ended.
///
/// # Errors
/// When the log is asked for and nothing brings it.
pub fn with_archive(args: &Args, context: &Context, component: &Component, all: &[Chosen<'_>]) -> Result<Args, Failure> {
    let whole = args.path.is_empty() && args.database.is_none() && args.backup.is_none();
    let bases = all.iter().any(|chosen| matches!(chosen.protection.method, Method::BaseBackup(_)));
    let archived = whole && bases && component.wal_archive().is_some();
    let by_archive = args.restore_command.is_none() && archived;
    let restore_command = if by_archive { Some(command(context, component)?) } else { args.restore_command.clone() };
    if args.lsn.is_some() && restore_command.is_none() {
        return Err(Failure::usage("nothing brings the log that `--lsn` is a position of, and nothing was restored")
            .help("Name what does by `--restore-command`. Of a component with a `wal_archive` and a `base_backup`, bdr does."));
    }
    Ok(Args { restore_command, by_archive, ..args.clone() })
}

/// What the server calls for each file of the log.
fn command(context: &Context, component: &Component) -> Result<String, Failure> {
    let env = context.env(References::Acting)?;
    let paths = env.policy_paths.iter().flat_map(|path| ["-p", path]);
    let words = [env.program.as_str()].into_iter().chain(paths).chain(["wal", "fetch", component.name.as_str()]);
    let words: Vec<String> = words.map(shell::word).collect();
    // The server takes `%%` for a sign of its own.
    Ok(words.join(" ").replace('%', "%%") + " %f %p")
}

/// Whether the archive reaches what is asked for, which is looked at before a byte is copied.
///
/// # Errors
/// When it does not, with what can be restored instead.
pub async fn check(
    args: &Args,
    context: &Context,
    (policy, env, component): (&Policy, &Env, &Component),
    manifest: &Manifest,
) -> Result<(), Failure> {
    let Some(cluster) = manifest.origin.cluster.as_ref().filter(|_| args.by_archive) else { return Ok(()) };
    let chosen = archives(context, policy, (Some(component.name.as_str()), &[]), env, Patience::PERSON).await?;
    let looks = chosen.archives.iter().map(|archive| async move { (archive, survey(archive).await) });
    let mut surveys = Vec::new();
    for (archive, looked) in futures_util::future::join_all(looks).await {
        match looked {
            Ok(found) => surveys.extend(found),
            Err(error) => context.warn(&format!("warning: store `{}`: its log could not be looked at: {error}", archive.store)),
        }
    }
    surveys.retain(|survey| survey.cluster.system_identifier.to_string() == cluster.system_identifier);
    let (Some(archive), Some(timeline)) = (joined(&surveys), Timeline::new(cluster.timeline)) else {
        return Err(Failure::new(format!("no log of the cluster that backup {} is of is archived", manifest.id))
            .help(format!("`--backup {}` restores it as it ended, without any log.", manifest.id)));
    };
    let reach = archive.reach(timeline, cluster.start);
    let archived = reach.last.and_then(|last| {
        let all = surveys.iter().flat_map(|survey| &survey.segments);
        all.filter(|stored| stored.segment == last).map(|stored| stored.at).min()
    });
    reaches(args, (cluster, &archive), (reach, archived), &policy.timezone)?;
    let until = archived.map_or_else(String::new, |at| format!(", archived {}", moment_in(at, &policy.timezone)));
    context.say(&format!("the log that is archived reaches {} on timeline {}{until}", reach.until, reach.timeline));
    Ok(())
}

/// What several stores hold together: each file comes from the first that has it.
fn joined(surveys: &[Survey]) -> Option<Archive> {
    let size = surveys.first()?.archive.size();
    let segments = surveys.iter().flat_map(|survey| survey.segments.iter().map(|stored| stored.segment));
    Some(Archive::new(size, segments, surveys.iter().flat_map(|survey| survey.archive.histories().cloned())))
}

fn reaches(
    args: &Args,
    (cluster, archive): (&Cluster, &Archive),
    (reach, archived): (Reach, Option<Timestamp>),
    zone: &Zone,
) -> Result<(), Failure> {
    let until = reach.until.max(cluster.stop);
    let gap = reach.missing.map(|missing| {
        let name = archive.size().name(missing);
        format!("the segment {name} of the log is in no store, and later ones are")
    });
    let newest = archived.map(|at| format!("the newest segment that can be replayed was archived {}", moment_in(at, zone)));
    let refused = |what: String| {
        let cause =
            gap.clone().or_else(|| newest.clone()).unwrap_or_else(|| "nothing that follows the backup is archived".to_owned());
        Err(Failure::new(what).cause(cause))
    };
    match (&args.at, args.lsn) {
        (_, Some(lsn)) if lsn > until => {
            refused(format!("the log that is archived reaches {until} and not {lsn}, and nothing was restored"))
                .map_err(|failure: Failure| failure.help(format!("`--lsn {until}` restores all that can be replayed.")))
        }
        // A moment without a transaction after it ends recovery with an error, so it is refused before (PostgreSQL's manual,
        // `recovery_target_time`, since 13).
        (Some(text), _) if archived.is_none_or(|at| moment(text, zone).is_ok_and(|wanted| wanted > at)) => {
            refused(format!("`{text}` is later than what is archived of the log, and nothing was restored")).map_err(|failure| {
                failure.help("Leave `--at` away to restore all that is archived, or have the server hand over the rest first (`SELECT pg_switch_wal()`).")
            })
        }
        (None, None) if gap.is_some() => refused("the log that is archived cannot be replayed to its end, and nothing was restored".to_owned())
            .map_err(|failure| failure.help(format!("`--lsn {until}` restores what can be replayed. `bdr wal status` tells every gap."))),
        _ => Ok(()),
    }
}
