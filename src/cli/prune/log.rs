//! What `bdr prune` does to an archived log, once the backups went that the tiers let go.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::{AGAIN, How};
use crate::address::{BackupId, StoreName};
use crate::archiving::{self, Archive, Going, Survey};
use crate::catalog::log_retention::{Reachable, Why};
use crate::cli::chosen::{self, Chosen, Which};
use crate::cli::log_kept::{self, Bases, Kept, Logs};
use crate::cli::telling::{Telling, write};
use crate::cli::view::backups::moment_in;
use crate::cli::view::table;
use crate::cli::wal::chosen::archives;
use crate::cli::{Context, Failure, working};
use crate::journal::{Event, LogDecided, LogPruned, LogSpan, LogWindow, Series};
use crate::policy::{Component, Policy, Protection};
use crate::provider::Env;
use crate::stores::Patience;
use crate::tree::{Known, Progress};
use crate::units::bytes::Bytes;
use crate::units::cadence::Zone;
use crate::units::count::count;
use crate::wal::{Segment, Span};

/// A component's log, and the base backups that it rolls forward.
pub struct Held<'a> {
    pub component: &'a Component,
    protection: &'a Protection,
    logs: Logs,
    bases: Vec<(String, Result<Known, String>)>,
}

/// The components of those that are pruned that archive their log.
pub fn components<'a>(policy: &'a Policy, name: Option<&str>, which: &Which) -> Result<Vec<&'a Component>, Failure> {
    let all: Vec<&Component> = match name {
        Some(name) => vec![chosen::component(policy, name)?],
        None => policy.components.values().collect(),
    };
    let meant = |component: &&Component| {
        let archive = component.wal_archive();
        let bases = component.protections.values().filter(|protection| log_kept::is_base(protection));
        let mut concerned = archive.into_iter().chain(bases.filter(|_| archive.is_some()));
        concerned.any(|protection| which.protection.as_ref().is_none_or(|name| name == protection.name.as_str()))
    };
    Ok(all.into_iter().filter(meant).collect())
}

/// Whether nothing but a log is meant: no backups are looked for then.
pub fn is_alone(policy: &Policy, name: Option<&str>, which: &Which, held: &[(&Component, Result<Held<'_>, Failure>)]) -> bool {
    let components = policy.components.values().filter(|component| match name {
        Some(_) => held.iter().any(|(held, _)| held.name.value == component.name.value),
        None => true,
    });
    let fits = |component: &Component, protection: &&Protection| {
        protection.as_tree().is_some()
            && which.protection.as_ref().is_none_or(|name| name == protection.name.as_str())
            && which
                .store
                .as_ref()
                .is_none_or(|name| policy.stores_of(component, protection).iter().any(|store| store.as_str() == name))
    };
    let mut backups = components.flat_map(|component| component.protections.values().filter(move |one| fits(component, one)));
    !held.is_empty() && backups.next().is_none()
}

/// Of each store of a log that could not be looked at.
pub fn failed(component: &Component, failure: &Failure) -> Vec<(StoreName, String, Failure)> {
    let stores = component.wal_archive().into_iter().flat_map(|archive| archive.stores.iter().map(move |store| (archive, store)));
    let one = |(archive, store): (&Protection, &crate::diag::Spanned<StoreName>)| {
        let label = format!("{}/{} in {}", *component.name, *archive.name, **store);
        let told = Failure { help: failure.help.clone(), ..Failure::new(failure.message.clone()) };
        (store.value.clone(), label, failure.causes.iter().fold(told, |told, cause| told.cause(cause.clone())))
    };
    stores.map(one).collect()
}

/// Whether the log itself is meant, and not only base backups beside it.
pub fn is_meant(component: &Component, which: &Which) -> bool {
    component.wal_archive().is_some_and(|archive| which.protection.as_ref().is_none_or(|name| name == archive.name.as_str()))
}

impl<'a> Held<'a> {
    /// Reads all of it, from every store: what is needed of a log in one hangs on backups in any other.
    ///
    /// # Errors
    /// When a store cannot be opened.
    pub async fn look(context: &Context, policy: &'a Policy, component: &'a Component, env: &Env) -> Result<Self, Failure> {
        let found = archives(context, policy, (Some(component.name.as_str()), &[]), env, Patience::default()).await?;
        let chosen = match component.protections.values().any(log_kept::is_base) {
            true => chosen::choose(policy, component, &Which::default(), env).await?,
            false => Vec::new(),
        };
        let reads = chosen.iter().filter(|chosen| log_kept::is_base(chosen.protection));
        let reads = join_all(reads.map(|chosen| async {
            let known = chosen.shelf.known().await.map_err(|error| error.to_string());
            (chosen.label(), known)
        }));
        let both = async { Ok::<_, Failure>(futures_util::future::join(Logs::look(found.archives), reads).await) };
        let (logs, bases) = working::look(context, component.name.as_str(), both).await?;
        Ok(Self { component, protection: found.protection, logs, bases })
    }

    fn bases(&self) -> Bases<'_> {
        let places = self.bases.iter().filter_map(|(label, known)| Some((label.clone(), known.as_ref().ok()?)));
        let unread = self.bases.iter().find_map(|(label, known)| known.as_ref().err().map(|why| format!("{label}: {why}")));
        Bases { places: places.collect(), unread }
    }

    /// The base backups that stay whatever the tiers say.
    ///
    /// # Errors
    /// When that is not known.
    pub fn pins(&self, now: Timestamp) -> Result<BTreeSet<BackupId>, Failure> {
        if self.component.log_window.is_none() {
            return Ok(BTreeSet::new());
        }
        if let Some((archive, error)) = self.logs.unread() {
            let what = format!("which base backups the window of the log needs is not known: store `{}`", archive.store);
            return Err(Failure { help: error.help().map(str::to_owned), ..Failure::new(what) }.cause(error.to_string()));
        }
        Ok(log_kept::pins(self.component, self.logs.log.as_ref(), &self.bases(), now))
    }

    /// Shows what goes of the log, and removes it where that is asked for. Each store that fails is told with its name.
    ///
    /// # Errors
    /// When it is stopped by a signal, or nothing can be shown.
    pub async fn prune(
        &self,
        context: &Context,
        policy: &Policy,
        how: &How,
        only: Option<&str>,
    ) -> Result<Vec<(StoreName, String, Failure)>, Failure> {
        let (zone, now) = (&policy.timezone.value, context.now());
        let mut failed = Vec::new();
        let kept = self.logs.log.as_ref().map(|log| log_kept::kept(self.component, log, &self.bases(), zone, now));
        for (archive, looked) in &self.logs.stores {
            if only.is_some_and(|only| only != archive.store.as_str()) {
                continue;
            }
            let label = format!("{}/{} in {}", *self.component.name, *self.protection.name, archive.store);
            let ended = match (looked, &kept) {
                (Err(error), _) => Err(Failure { help: error.help().map(str::to_owned), ..Failure::new(error.to_string()) }),
                (Ok(Some(survey)), Some(kept)) if self.is_of(survey) => {
                    self.one(context, (&label, zone, now), (archive, survey, kept), how).await
                }
                _ => Ok(()),
            };
            match ended {
                Err(failure) if context.stop.asked() > 0 => return Err(failure),
                Err(failure) => failed.push((archive.store.clone(), label, failure)),
                Ok(()) => {}
            }
        }
        Ok(failed)
    }

    /// Whether it is of the cluster that was decided about.
    fn is_of(&self, survey: &Survey) -> bool {
        self.logs.log.as_ref().is_some_and(|log| log_kept::is_of(log, survey))
    }

    async fn one(
        &self,
        context: &Context,
        (label, zone, now): (&str, &Zone, Timestamp),
        (archive, survey, kept): (&Archive, &Survey, &Kept),
        how: &How,
    ) -> Result<(), Failure> {
        // While another store has what cannot be read, something may hang on it.
        let going = match self.logs.unread() {
            Some(_) => Going::default(),
            None => Going::of(archive, survey, &kept.decision, &kept.begun),
        };
        let shown =
            Shown { label, survey, kept, going: &going, keep: self.component.log_window.as_ref().map(|window| *window.keep) };
        let series = || Series {
            component: self.component.name.to_string(),
            protection: self.protection.name.to_string(),
            store: archive.store.to_string(),
        };
        match how.telling {
            Telling::Json => write(context, Event::LogDecided(shown.event(series()))),
            Telling::Human if how.quiet => {}
            Telling::Human => context.print(&shown.human(zone, context.terminal.width))?,
        }
        if !how.act || going.is_nothing() {
            return Ok(());
        }
        let progress = Arc::new(Progress::default());
        let work = archiving::let_go(archive, survey, &going, (shown.keep, now), &progress);
        let gone = working::show(context, (&format!("pruning {label}"), AGAIN), Arc::clone(&progress), work).await?;
        how.telling
            .event(context, || Event::LogPruned(LogPruned { series: series(), segments: gone.segments, bytes: gone.bytes }));
        context.say(&format!("{label}: {} of the log removed, {} freed", count(gone.segments, "segment"), Bytes(gone.bytes)));
        Ok(())
    }
}

/// What becomes of a log in one store, to be shown.
struct Shown<'a> {
    label: &'a str,
    survey: &'a Survey,
    kept: &'a Kept,
    going: &'a Going,
    keep: Option<crate::units::duration::Duration>,
}

impl Shown<'_> {
    /// What stays, by timeline.
    fn staying(&self) -> Vec<Span> {
        let goes = |segment: Segment| {
            self.going
                .spans
                .iter()
                .any(|span| span.timeline == segment.timeline && (span.first..=span.last).contains(&segment.number))
        };
        let stays = self.survey.archive.segments().filter(|segment| !goes(*segment));
        crate::wal::Archive::new(self.survey.archive.size(), stays, []).spans().to_vec()
    }

    fn human(&self, zone: &Zone, width: usize) -> String {
        let size = self.survey.archive.size();
        let row = |what: &str, span: &Span, why: &str| {
            let name = |number| size.name(Segment { timeline: span.timeline, number });
            vec![what.to_owned(), name(span.first), name(span.last), (span.last - span.first + 1).to_string(), why.to_owned()]
        };
        let why = self.kept.decision.why.to_string();
        let goes = self.going.spans.iter().map(|span| row("goes", span, "nothing that stays needs it"));
        let stays = self.staying();
        let stays = stays.iter().map(|span| row("stays", span, &why));
        let rows: Vec<Vec<String>> = goes.chain(stays).collect();
        let mut out = crate::cli::view::backups::heading(self.label, zone);
        if rows.is_empty() {
            out += "no segment\n";
        } else {
            out += &table::fitting(&["", "first", "last", "segments", "because"], &rows, width, 4);
        }
        let mut words = vec![match self.kept.before {
            Some(window) => {
                format!("any moment from {} to {} can be restored", moment_in(window.from, zone), moment_in(window.to, zone))
            }
            None => "no moment can be restored by it yet".to_owned(),
        }];
        match (self.kept.before, self.kept.after) {
            (Some(before), Some(after)) if after.from > before.from => {
                words.push(format!("then from {}", moment_in(after.from, zone)));
            }
            _ => {}
        }
        match (&self.kept.decision.why, self.keep) {
            (Why::Window { since, .. } | Why::Young { since, .. }, Some(keep)) => {
                words.push(format!("the policy keeps {keep}, from {}", moment_in(*since, zone)));
            }
            (_, None) => words.push("the policy states no window (`wal` below `retain`)".to_owned()),
            _ => {}
        }
        out += &table::wrap(&words.join("; "), width).iter().map(|line| format!("{line}\n")).collect::<String>();
        let staying: u64 = self.survey.segments.len() as u64 - self.going.segments;
        out + &format!("{} to keep, {} to let go ({})\n", count(staying, "segment"), self.going.segments, Bytes(self.going.bytes))
    }

    fn event(&self, series: Series) -> LogDecided {
        let size = self.survey.archive.size();
        let span = |span: &Span| {
            let name = |number| size.name(Segment { timeline: span.timeline, number });
            LogSpan {
                timeline: span.timeline.0.get(),
                first: name(span.first),
                last: name(span.last),
                segments: span.last - span.first + 1,
            }
        };
        let window = |window: Reachable| LogWindow { from: window.from, to: window.to };
        LogDecided {
            series,
            goes: self.going.spans.iter().map(span).collect(),
            stays: self.staying().iter().map(span).collect(),
            bytes: self.going.bytes,
            because: self.kept.decision.why.to_string(),
            keep_seconds: self.keep.map(|keep| keep.as_secs()),
            before: self.kept.before.map(window),
            after: self.kept.after.map(window),
        }
    }
}

/// The pins of the component of a series, where it is one of base backups.
///
/// # Errors
/// When they are not known: then nothing of it is removed.
pub fn pinned(
    held: &[(&Component, Result<Held<'_>, Failure>)],
    chosen: &Chosen<'_>,
    now: Timestamp,
) -> Result<BTreeSet<BackupId>, Failure> {
    let its = held.iter().find(|(component, _)| component.name.value == chosen.component.name.value);
    match its.filter(|_| log_kept::is_base(chosen.protection) && chosen.component.log_window.is_some()) {
        None => Ok(BTreeSet::new()),
        Some((_, Ok(held))) => held.pins(now),
        Some((_, Err(failure))) => Err(Failure::new(failure.message.clone())),
    }
}
