//! A base backup of a component that archives its log is rolled forward by that archive, unless the caller names another command.

use jiff::Timestamp;

use crate::archiving::{Survey, survey};
use crate::catalog::manifest::{Cluster, Manifest};
use crate::cli::chosen::Chosen;
use crate::cli::load::References;
use crate::cli::restore::Args;
use crate::cli::restore::kept;
use crate::cli::restore::moment::{exactly, moment};
use crate::cli::wal::chosen::archives;
use crate::cli::{Context, Failure};
use crate::policy::{Component, Method, Policy};
use crate::provider::Env;
use crate::stores::Patience;
use crate::units::cadence::Zone;
use crate::units::shell;
use crate::wal::{Archive, History, Lsn, Reach, Segment, Timeline};

/// The log of a component, as all its stores hold it together: each file comes from the first that has it.
pub struct Log {
    surveys: Vec<Survey>,
    system: u64,
    archive: Archive,
}

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

/// Looks at the log that the restore is rolled forward by; `None`: it is by none, or by one that another command brings, or there is
/// nothing yet and the end was asked for.
///
/// # Errors
/// When nothing is archived, or no store can be looked at.
pub async fn look(
    args: &Args,
    context: &Context,
    (policy, env, component): (&Policy, &Env, &Component),
) -> Result<Option<Log>, Failure> {
    if !args.by_archive {
        return Ok(None);
    }
    let chosen = archives(context, policy, (Some(component.name.as_str()), &[]), env, Patience::PERSON).await?;
    let looks = chosen.archives.iter().map(|archive| async move { (archive, survey(archive).await) });
    let mut surveys = Vec::new();
    for (archive, looked) in futures_util::future::join_all(looks).await {
        match looked {
            Ok(found) => surveys.extend(found),
            Err(error) => context.warn(&format!("warning: store `{}`: its log could not be looked at: {error}", archive.store)),
        }
    }
    let without = "`--backup ID` restores a backup as it ended, without any log; `bdr list` names them.";
    let Some(first) = surveys.first() else {
        if args.at.is_none() && args.lsn.is_none() {
            context.warn("warning: nothing of the log is archived yet, so the backup comes back as it ended");
            return Ok(None);
        }
        return Err(Failure::new(format!("nothing is archived of the log of {}, and nothing was restored", *component.name))
            .help(without));
    };
    let (system, size) = (first.cluster.system_identifier, first.archive.size());
    surveys.retain(|survey| survey.cluster.system_identifier == system);
    let segments = surveys.iter().flat_map(|survey| survey.archive.segments());
    let histories = surveys.iter().flat_map(|survey| survey.archive.histories().cloned());
    Ok(Some(Log { archive: Archive::new(size, segments, histories), surveys, system }))
}

/// The arguments without the command where it would bring nothing.
pub fn as_found(args: &Args, log: Option<&Log>) -> Args {
    let by_archive = args.by_archive && log.is_some();
    let restore_command = args.restore_command.clone().filter(|_| by_archive || !args.by_archive);
    Args { by_archive, restore_command, ..args.clone() }
}

impl Log {
    /// The newest timeline: what the cluster has become, and what PostgreSQL recovers to unless it is told otherwise.
    fn newest(&self) -> Option<&History> {
        self.archive.histories().max_by_key(|history| history.of)
    }

    /// Whether a backup lies on the way to the newest timeline: one of a line that was left is no way to what the cluster is now.
    pub fn leads_on(&self, manifest: &Manifest) -> bool {
        let Some(cluster) = &manifest.origin.cluster else { return true };
        let of = |at: Lsn| self.newest().map_or(Some(cluster.timeline), |newest| Some(newest.timeline_at(at).0.get()));
        cluster.system_identifier == self.system.to_string()
            && of(cluster.start) == Some(cluster.timeline)
            && of(Lsn(cluster.stop.0.saturating_sub(1))) == Some(cluster.timeline)
    }

    /// With the log that a backup carries itself.
    fn with_own(&self, cluster: &Cluster, timeline: Timeline) -> Archive {
        let size = self.archive.size();
        let number = |at: Lsn| size.segment_of(timeline, at).number;
        let own =
            (number(cluster.start)..=number(Lsn(cluster.stop.0.saturating_sub(1)))).map(|number| Segment { timeline, number });
        Archive::new(size, self.archive.segments().chain(own), self.archive.histories().cloned())
    }

    /// When a segment was archived first; `None`: it was not.
    fn archived(&self, segment: Segment) -> Option<Timestamp> {
        let all = self.surveys.iter().flat_map(|survey| &survey.segments);
        all.filter(|stored| stored.segment == segment).map(|stored| stored.at).min()
    }
}

/// Whether the archive reaches what is asked for, which is looked at before a byte is copied; and the arguments with the timeline to
/// recover to and the log that the backup carries.
///
/// # Errors
/// When it does not, with what can be restored instead; or when log lies at the destination that is archived nowhere.
pub fn check(args: &Args, context: &Context, log: Option<&Log>, manifest: &Manifest, zone: &Zone) -> Result<Args, Failure> {
    let (Some(log), Some(cluster)) = (log, &manifest.origin.cluster) else { return Ok(args.clone()) };
    let Some(timeline) = Timeline::new(cluster.timeline) else { return Ok(args.clone()) };
    let archive = log.with_own(cluster, timeline);
    let reach = archive.reach(timeline, cluster.start);
    let archived = reach.last.map(|last| log.archived(last).unwrap_or(manifest.snapshot));
    reaches(args, (cluster, &archive), (reach, archived), (zone, context.now()))?;
    kept::nothing_is_lost(args, &archive, log.system)?;
    let until = archived.map_or_else(String::new, |at| format!(", archived {}", exactly(whole_second(at), zone)));
    context.say(&format!("the log that is archived reaches {} on timeline {}{until}", reach.until, reach.timeline));
    let [first, last] = carried(cluster).map(|at| archive.size().name(archive.size().segment_of(timeline, at)));
    let restore_command = args.restore_command.as_ref().map(|command| format!("{command} --carried {first}:{last}"));
    Ok(Args { restore_command, timeline: Some(reach.towards.0.get()), ..args.clone() })
}

/// The second in which it lies: nobody asks for a nanosecond, and what is earlier is reached too.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Positions in the first and the last segment that a backup carries.
fn carried(cluster: &Cluster) -> [Lsn; 2] {
    [cluster.start, Lsn(cluster.stop.0.saturating_sub(1).max(cluster.start.0))]
}

fn reaches(
    args: &Args,
    (cluster, archive): (&Cluster, &Archive),
    (reach, archived): (Reach, Option<Timestamp>),
    (zone, now): (&Zone, Timestamp),
) -> Result<(), Failure> {
    let until = reach.until.max(cluster.stop);
    let gap = reach.missing.map(|missing| {
        let name = archive.size().name(missing);
        format!("the segment {name} of the log is in no store, and later ones are")
    });
    let newest =
        archived.map(|at| format!("the newest segment that can be replayed was archived {}", exactly(whole_second(at), zone)));
    let replayable = format!("`--lsn {until}` restores what can be replayed. `bdr wal status` tells every gap.");
    let refused = |what: String, help: String| {
        let cause =
            gap.clone().or_else(|| newest.clone()).unwrap_or_else(|| "nothing that follows the backup is archived".to_owned());
        Err(Failure::new(what).cause(cause).help(help))
    };
    match (&args.at, args.lsn) {
        (_, Some(lsn)) if lsn > until => refused(
            format!("the log that is archived reaches {until} and not {lsn}, and nothing was restored"),
            format!("`--lsn {until}` restores all that can be replayed."),
        ),
        (Some(text), _) => {
            let wanted = moment(text, zone)?;
            // A moment without a transaction after it ends recovery with an error, so it is refused before (PostgreSQL's manual,
            // `recovery_target_time`, since 13).
            if archived.is_some_and(|at| wanted <= at) {
                return Ok(());
            }
            let what =
                format!("{} is later than what can be replayed of the log, and nothing was restored", exactly(wanted, zone));
            match gap {
                Some(_) => refused(what, replayable),
                None if wanted > now => refused(what, "It is in the future. Leave `--at` away to restore all that is archived.".to_owned()),
                None => refused(
                    what,
                    "Leave `--at` away to restore all that is archived, or have the server hand over the rest first (`SELECT pg_switch_wal()`)."
                        .to_owned(),
                ),
            }
        }
        (None, None) if gap.is_some() => {
            refused("the log that is archived cannot be replayed to its end, and nothing was restored".to_owned(), replayable)
        }
        _ => Ok(()),
    }
}
