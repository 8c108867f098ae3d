//! Whether what was written is seen, everywhere and still: some equal reads, in which what is not bdr's is as it was.

use crate::provider::{Freshness, ProviderError, Settled};
use crate::providers::s3::document::{Answer, Document};
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::setting;
use crate::resource::{Change, Op, Resource};
use crate::store::{ErrorKind, Retry};

/// Equal reads in a row that AWS needs: for a minute after a write, reads may give the old document or the new one.
const READS_OF_AWS: u32 = 3;
const PAUSE_OF_AWS: u64 = 2_000;
const PAUSE: u64 = 200;
/// How often a write that somebody else undid is done again. After that, two tools fight over the document.
const REPAIRS: u32 = 1;

impl S3Session {
    pub(super) async fn look_again(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        let Some(first) = changes.first() else { return Ok(Settled::Yes) };
        let place = self.place(&first.id).await?;
        let pause = if place.connection.is_aws() { PAUSE_OF_AWS } else { PAUSE };
        let differs = self.differing(changes, desired).await?;
        let Some(setting) = setting(&first.id.kind) else {
            return Ok(differs.map_or(Settled::Yes, |differs| Settled::NotYet { differs, again_in_ms: pause }));
        };
        let document = setting.document();
        let now = match self.document(&place, document, Freshness::Cached).await? {
            Answer::Found(found) => setting.foreign_part(Some(&found.tree), &self.policy().name),
            _ => Vec::new(),
        };
        let written = self.settling.with(&place, document, |written| {
            written.equal = if differs.is_none() { written.equal + 1 } else { 0 };
            written.clone()
        });
        match differs {
            // Ours is not there and what is not ours changed: somebody wrote over us what they had read before.
            Some(differs) if now != written.foreign => {
                if written.repairs >= REPAIRS {
                    return Err(fought_over(&place, document, differs));
                }
                self.settling.with(&place, document, |written| written.repairs += 1);
                self.write(&place, setting, changes, desired).await?;
                Ok(Settled::NotYet { differs, again_in_ms: pause })
            }
            Some(differs) => Ok(Settled::NotYet { differs, again_in_ms: pause }),
            None if place.connection.is_aws() && written.equal < READS_OF_AWS => {
                let differs = format!("seen {} of {READS_OF_AWS} times", written.equal);
                Ok(Settled::NotYet { differs, again_in_ms: pause })
            }
            None => Ok(Settled::Yes),
        }
    }

    /// The first resource that is not as written; the document is read once for all of them.
    async fn differing(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Option<String>, ProviderError> {
        let mut freshness = Freshness::Fresh;
        for (at, change) in changes.iter().enumerate() {
            let wanted = desired.get(at).and_then(Option::as_ref);
            let live = self.look(&change.id, wanted, freshness).await?;
            freshness = Freshness::Cached;
            let after = match change.op {
                _ if live.unsupported => continue,
                Op::Delete => None,
                Op::Release => continue,
                _ => wanted.map(|resource| &resource.attrs).or(change.after.as_ref()),
            };
            if live.attrs.as_ref() != after || live.stands_as.is_some() {
                return Ok(Some(format!("{} is not yet as written", change.id)));
            }
        }
        Ok(None)
    }
}

fn fought_over(place: &Place, document: &Document, differs: String) -> ProviderError {
    ProviderError {
        operation: format!("keep the {} of", document.title),
        subject: place.subject(),
        kind: ErrorKind::Other,
        retry: Retry::Never,
        reason: format!("somebody else replaced it twice while bdr wrote it: {differs}"),
        help: Some(
            "Another tool seems to own the whole document: state bdr's rules there, or let it leave this bucket alone."
                .to_owned(),
        ),
        source: None,
    }
}
