//! `--adopt`: rules and statements of somebody else that the policy's own take the place of, by name.

use std::collections::BTreeMap;

use crate::address::ResourceId;
use crate::cli::prepare::Opened;
use crate::cli::{Failure, hint};
use crate::plan::Plan;
use crate::policy::nearest;
use crate::resource::{Adoptable, Fit, Work};

/// The same where the caller says what is taken over.
///
/// # Errors
/// When a name is nobody's, fits nothing or several things, or what stands cannot be read.
pub async fn adopting(mut opened: Opened, asked: &[String]) -> Result<Opened, Failure> {
    if asked.is_empty() {
        return Ok(opened);
    }
    let mut there = Vec::new();
    for (_, session) in opened.sessions.iter() {
        there.extend(session.adoptable(&opened.compiled.desired).await.map_err(Failure::from)?);
    }
    let mut taken: BTreeMap<ResourceId, &str> = BTreeMap::new();
    for name in asked {
        let found = chosen(name, &there)?;
        if let Some(other) = taken.insert(found.id.clone(), name) {
            return Err(Failure::usage(format!("`{other}` and `{name}` would both become {}", found.id))
                .help("Take one of them over, apply, and then the other."));
        }
        opened.compiled.desired.adopt(&found.id, &found.what.name);
    }
    Ok(opened)
}

/// The same for what a saved plan takes over.
pub fn as_planned(mut opened: Opened, plan: &Plan) -> Opened {
    let changes = plan.actions.iter().filter_map(|action| match &action.work {
        Work::Change { changes } => Some(changes),
        Work::Run { .. } => None,
    });
    for change in changes.flatten().filter(|change| change.adopts) {
        change.stands_as.iter().for_each(|name| opened.compiled.desired.adopt(&change.id, name));
    }
    opened
}

/// `NAME`, where it fits one thing best, or `ADDRESS=NAME`.
fn chosen<'a>(asked: &str, there: &'a [Adoptable]) -> Result<&'a Adoptable, Failure> {
    let called = |one: &&Adoptable| one.what.name == asked;
    let addressed = |one: &&Adoptable| {
        asked.strip_suffix(&one.what.name).and_then(|rest| rest.strip_suffix('=')) == Some(&one.id.to_string())
    };
    if let Some(found) = there.iter().find(addressed) {
        return Ok(found);
    }
    let mut fitting: Vec<&Adoptable> = there.iter().filter(called).filter(|one| one.fit != Fit::Beside).collect();
    fitting.sort_by_key(|one| one.fit);
    match fitting.as_slice() {
        [one] => Ok(one),
        [first, second, ..] if first.fit == Fit::Same && second.fit != Fit::Same => Ok(first),
        [] if there.iter().any(|one| called(&one)) => {
            Err(Failure::usage(format!("`{asked}` does nothing to what the policy is about"))
                .help("It stays as it is. Where it is to go all the same, say what takes its place: --adopt ADDRESS=NAME."))
        }
        [] => Err(unknown(asked, there)),
        several => Err(several.iter().fold(
            Failure::usage(format!("`{asked}` could become several things of the policy"))
                .help("Say which: --adopt ADDRESS=NAME."),
            |failure, one| failure.cause(line(one)),
        )),
    }
}

fn unknown(asked: &str, there: &[Adoptable]) -> Failure {
    let failure = Failure::usage(format!("nothing of somebody else's is called `{asked}` where the policy wants something"));
    let mut could: Vec<&Adoptable> = there.iter().filter(|one| one.fit != Fit::Beside).collect();
    could.sort_by_key(|one| (one.fit, &one.id, &one.what.name));
    let near = nearest(asked, there.iter().map(|one| one.what.name.as_str()));
    let failure = could.iter().take(SHOWN).fold(failure, |failure, one| failure.cause(line(one)));
    match (near, could.is_empty()) {
        (Some(near), _) => failure.help(hint::did_you_mean(near)),
        (None, false) => failure.help("What could be taken over stands above, as --adopt takes it."),
        (None, true) => failure.help("Nothing there could be taken over. `bdr plan` shows what is somebody else's."),
    }
}

/// What could be taken over is listed up to here.
const SHOWN: usize = 20;

fn line(one: &Adoptable) -> String {
    let does = if one.fit == Fit::Same { "does the same" } else { "conflicts" };
    format!("{}={}: {does} ({})", one.id, one.what.name, one.what.summary)
}
