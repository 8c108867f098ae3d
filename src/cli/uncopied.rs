//! Of which replication rules something lies in the source and not at the destination, for a plan.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::attrs::Attr;
use crate::cli::Failure;
use crate::cli::copying::{self, Found, Look};
use crate::plan::{Known, Note, Unread};
use crate::policy::Policy;
use crate::provider::Env;
use crate::providers::s3::{Existing, existing};
use crate::store::{ErrorKind, Retry, StoreError};
use crate::stores::s3::copy::Reach;
use crate::tree::Progress;
use crate::units::bytes::Bytes;
use crate::units::count::count;

/// What was written to a source within this time S3 may still be about to copy (S3 user guide, "Using S3 Replication Time Control").
const ABOUT: jiff::SignedDuration = jiff::SignedDuration::from_mins(15);
/// Pages of each side that a plan compares: 100,000 objects.
const PAGES: usize = 100;
/// For the comparison of one rule in a plan.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rules that are compared at a time.
const RULES: usize = 4;

/// For a plan: of which rules something is not there. A rule that a person has to decide on first is not looked at.
pub async fn look(policy: &Policy, env: &Env, known: &mut Known, now: Timestamp) {
    let wanted = existing(policy).into_iter().filter_map(|rule| {
        let live = known.live.get(&rule.id).filter(|live| live.unfit.is_none() && live.doubt.is_none())?;
        let stands = live.attrs.as_ref().and_then(|attrs| attrs.get("enabled")).and_then(Attr::as_bool) == Some(true);
        let new_from = stands.then(|| now.checked_sub(ABOUT).unwrap_or(Timestamp::MIN));
        Some((rule, Look { reach: Reach::Pages(PAGES), new_from }))
    });
    let looks = stream::iter(wanted.collect::<Vec<_>>()).map(|(rule, look)| async move {
        let id = rule.id.clone();
        let looking = async {
            match copying::errand(policy, rule.clone(), env, AT_ONCE).await? {
                Some(errand) => errand.look(look, &Progress::default()).await,
                None => Ok(Found::default()),
            }
        };
        let found = tokio::time::timeout(PATIENCE, looking).await.unwrap_or_else(|_| {
            let why = format!("it took more than {} s", PATIENCE.as_secs());
            Err(StoreError::new("compare", rule.label(), ErrorKind::Unavailable, Retry::Later, why))
        });
        (id, rule, found)
    });
    let all: Vec<_> = looks.buffered(RULES).collect().await;
    for (id, rule, found) in all {
        match found {
            Ok(found) => {
                known.uncopied.extend(reason(&found, &rule).map(|reason| (id.clone(), reason)));
                known.notes.extend(note(&found).map(|text| Note { of: id, text }));
            }
            Err(error) => {
                let help = Failure::from_store(&error).help;
                let subject = format!("existing objects of {}", rule.label());
                known.unread.push(Unread { subject, reason: error.to_string(), help, resources: Vec::new() });
            }
        }
    }
}

/// Requests of one comparison at a time.
const AT_ONCE: usize = 8;

/// Why a plan has them copied.
fn reason(found: &Found, rule: &Existing) -> Option<String> {
    let least = if found.cut { "at least " } else { "" };
    let are = if found.objects == 1 { "is" } else { "are" };
    let objects = count(found.objects, "object");
    (found.objects > 0).then(|| format!("{least}{objects} ({}) {are} not in {}", Bytes(found.bytes), rule.to))
}

fn note(found: &Found) -> Option<String> {
    let archived = (found.archived > 0)
        .then(|| format!("{} of the source cannot be copied: archive classes are not read", count(found.archived, "object")));
    let cut = (found.cut && found.objects == 0).then(|| {
        let compared = count(found.compared, "object");
        format!(
            "of its source the first {compared} are at the destination, and some places behind them; the rest was not compared: `bdr copy --dry-run` compares all"
        )
    });
    cut.or(archived)
}
