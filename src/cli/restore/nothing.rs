//! Nothing that fits was found: what there is instead, and where.

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::manifest::Manifest;
use crate::cli::catalogues::Looked;
use crate::cli::catalogues::{Haste, InOrder};
use crate::cli::chosen::{self, Chosen, Replicas, Which};
use crate::cli::restore::{Args, command};
use crate::cli::view::backups::moment_in;
use crate::cli::{Context, Failure, hint};
use crate::policy::{Policy, nearest};
use crate::provider::Env;
use crate::tree::Known;
use crate::units::cadence::Zone;

/// Ids that are told one by one.
const TOLD: usize = 5;

/// Why nothing is restored, and what could be. What was `looked` at holds nothing that fits; the rest of the component is looked
/// at now.
///
/// # Errors
/// When a signal asked to stop.
pub async fn found(
    context: &Context,
    args: &Args,
    (policy, env): (&Policy, &Env),
    looked: &Looked<'_>,
    at: Timestamp,
) -> Result<Failure, Failure> {
    let component = chosen::component(policy, &args.component)?;
    let mut others = chosen::choose(policy, component, &Which::default().with(Replicas::Always), env).await?;
    let same = |a: &Chosen<'_>, b: &Chosen<'_>| a.protection.name == b.protection.name && a.store == b.store;
    others.retain(|other| !looked.iter().any(|(chosen, _)| same(chosen, other)));
    let mut reads = InOrder::read(context, &others, Haste::Person);
    let mut elsewhere = Looked::new();
    while let Some((chosen, catalogue)) = reads.next().await? {
        // One that cannot be read offers nothing.
        elsewhere.extend(catalogue.ok().map(|known| (chosen, known)));
    }
    let name = &args.component;
    Ok(match (args.backup, &args.at) {
        (Some(id), _) => no_such(name, id, looked, &elsewhere),
        (None, stated) => {
            let before = stated.as_ref().map(|text| format!(" from before {text}")).unwrap_or_default();
            let failure = Failure::new(format!("there is no good backup of `{name}`{before}"));
            let failure = looked.iter().flat_map(|(chosen, known)| bad(chosen, known, at)).fold(failure, Failure::cause);
            failure.help(instead((args, context), (looked, &elsewhere), at, &policy.timezone))
        }
    })
}

/// What is there of a series and is no good backup.
fn bad(chosen: &Chosen<'_>, known: &Known, at: Timestamp) -> Vec<String> {
    let unreadable = known.backups.damaged.iter().map(|(place, _)| place.id);
    let mut damaged: Vec<BackupId> = known.health.damaged.keys().copied().chain(unreadable).collect();
    damaged.retain(|id| known.find(*id).is_none_or(|manifest| manifest.snapshot <= at));
    let suspect = known.backups.good.iter().filter(|manifest| manifest.is_suspect() && !damaged.contains(&manifest.id));
    let suspect: Vec<BackupId> = suspect.filter(|manifest| manifest.snapshot <= at).map(|manifest| manifest.id).collect();
    let told = |what: &str, all: Vec<BackupId>| (!all.is_empty()).then(|| format!("{}: {what}: {}", chosen.label(), ids(all)));
    told("damaged", damaged).into_iter().chain(told("suspect", suspect)).collect()
}

/// The newest first, and how many more there are.
fn ids(mut all: Vec<BackupId>) -> String {
    all.sort();
    let told: Vec<String> = all.iter().rev().take(TOLD).map(ToString::to_string).collect();
    match all.len().saturating_sub(TOLD) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// What to restore instead: a good one elsewhere, a later one, or what is whole of a bad one.
fn instead(
    (args, context): (&Args, &Context),
    (looked, elsewhere): (&Looked<'_>, &Looked<'_>),
    at: Timestamp,
    zone: &Zone,
) -> String {
    let (name, policy) = (&args.component, context.policy_arguments());
    let newest = elsewhere.iter().filter_map(|(chosen, known)| Some((*chosen, known.latest(at)?)));
    if let Some((chosen, good)) = newest.max_by_key(|(_, good)| good.snapshot) {
        return format!(
            "{} has a good one, {}, with the state of {}: `{}` restores it.",
            chosen.label(),
            good.id,
            moment_in(good.snapshot, zone),
            command(args, context, &options(chosen))
        );
    }
    let good = looked.iter().flat_map(|(_, known)| known.backups.good.iter().filter(|manifest| known.is_good(manifest)));
    if let Some(oldest) = good.min_by_key(|manifest| manifest.snapshot) {
        let state = moment_in(oldest.snapshot, zone);
        return format!("The oldest good one is {}, with the state of {state}. `bdr list {name}{policy}` shows all.", oldest.id);
    }
    let some = |wanted: fn(&Manifest) -> bool| {
        let all = looked.iter().flat_map(|(_, known)| &known.backups.good).filter(|manifest| wanted(manifest));
        all.max_by_key(|manifest| manifest.snapshot)
    };
    let by_id = |manifest: &Manifest| command(args, context, &format!("--backup {}", manifest.id));
    match (some(Manifest::is_suspect), some(|_| true)) {
        (Some(suspect), _) => {
            format!("A suspect one is restored by its id: `{}`.", by_id(suspect))
        }
        (None, Some(damaged)) => {
            format!("What is whole of a damaged one comes back by its id, and the rest is named: `{}`.", by_id(damaged))
        }
        (None, None) => format!("`bdr list {name}{policy}` shows what there is, `bdr backup {name}{policy}` makes one."),
    }
}

fn options(chosen: &Chosen<'_>) -> String {
    format!("--protection {} --store {}", *chosen.protection.name, chosen.store)
}

/// No backup that could be looked at has this id.
fn no_such(name: &str, id: BackupId, looked: &Looked<'_>, elsewhere: &Looked<'_>) -> Failure {
    let failure = Failure::new(format!("there is no backup {id} of `{name}`"));
    let unreadable = looked.iter().flat_map(|(chosen, known)| known.backups.damaged.iter().map(move |one| (*chosen, one)));
    if let Some((chosen, (_, error))) = unreadable.into_iter().find(|(_, (place, _))| place.id == id) {
        let failure = Failure::new(format!("backup {id} cannot be restored")).cause(format!("{}: {error}", chosen.label()));
        return failure.help(format!(
            "Bring its manifest back from another copy of the store; `bdr list {name}` shows what else there is."
        ));
    }
    if let Some((chosen, _)) = elsewhere.iter().find(|(_, known)| known.find(id).is_some()) {
        return failure.help(format!("It is one of {}: say `{}`.", chosen.label(), options(chosen)));
    }
    let all: Vec<BackupId> = looked.iter().flat_map(|(_, known)| known.backups.good.iter().map(|manifest| manifest.id)).collect();
    let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    failure.help(match nearest(&id.to_string(), texts.iter().map(String::as_str)) {
        Some(near) => hint::did_you_mean(near),
        None if all.is_empty() => format!("There is none at all. `bdr backup {name}` makes one."),
        None => format!("There are {}; `bdr list {name}` tells more of them.", ids(all)),
    })
}
