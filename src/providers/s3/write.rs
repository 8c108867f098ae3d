//! Writing a document that others write too: read, merge, read again, write once; what was unclear is read, never repeated blind.
//!
//! No configuration write of S3 takes a condition, so somebody else's change between the last read and the write is lost to
//! both. The procedure makes that moment one round trip long, and [`super::settle`] looks for what vanished.

use std::time::Duration;

use crate::attrs::Attrs;
use crate::provider::{Freshness, ProviderError};
use crate::providers::s3::document::{Answer, Document, Found};
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::setting::{Edit, Setting, without};
use crate::providers::s3::{request, undo};
use crate::resource::{Change, Op, Resource};
use crate::store::{ErrorKind, Retry};
use crate::stores::s3::Refusal;
use crate::stores::{Backoff, Patience};

/// A bucket that was just made may not be seen yet (provider of a peer waits as long; reference plan-apply 4.2).
const PATIENCE_OF_AWS: Patience = Patience { attempts: 60, total: Duration::from_secs(120) };
/// Elsewhere a bucket is there or not.
const PATIENCE: Patience = Patience { attempts: 12, total: Duration::from_secs(15) };

/// What became of one attempt.
enum Attempt {
    Done,
    /// Somebody else wrote between the two reads, or the outcome is not known: read and merge again.
    Again(Refusal),
}

impl S3Session {
    /// Changes of one document, in one write.
    pub(super) async fn write(
        &self,
        place: &Place,
        setting: &dyn Setting,
        changes: &[Change],
        desired: &[Option<Resource>],
    ) -> Result<(), ProviderError> {
        let (edits, renamed) = (self.edits(changes, desired), self.renamed(changes, desired));
        let document = setting.document();
        let mut backoff = Backoff::new(if place.connection.is_aws() { PATIENCE_OF_AWS } else { PATIENCE });
        loop {
            let refusal = match self.attempt(place, setting, &edits, &renamed).await {
                Ok(Attempt::Done) => {
                    // Later reads must not be answered from before the write.
                    self.forget(place, document);
                    setting.wrote(place);
                    return Ok(());
                }
                Ok(Attempt::Again(refusal)) => refusal,
                Err(error) => return Err(error),
            };
            match place.connection.next_wait(&mut backoff, &refusal) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(place.fault(operation(document), document.write_action, refusal)),
            }
        }
    }

    /// What stands under another name than the policy has for it now goes with the same write.
    fn renamed(&self, changes: &[Change], desired: &[Option<Resource>]) -> Vec<String> {
        let wanted = changes.iter().zip(desired).filter(|(change, _)| matches!(change.op, Op::Create | Op::Update));
        wanted.filter_map(|(_, desired)| self.earlier(desired.as_ref()?)).collect()
    }

    fn edits<'a>(&self, changes: &'a [Change], desired: &'a [Option<Resource>]) -> Vec<Edit<'a>> {
        let wanted = |at: usize, change: &'a Change| -> Option<&'a Attrs> {
            let resource = desired.get(at).and_then(Option::as_ref).map(|resource| &resource.attrs);
            matches!(change.op, Op::Create | Op::Update).then(|| resource.or(change.after.as_ref())).flatten()
        };
        let edit = |(at, change): (usize, &'a Change)| Edit { mark: self.mark(&change.id), attrs: wanted(at, change) };
        changes.iter().enumerate().map(edit).collect()
    }

    async fn attempt(
        &self,
        place: &Place,
        setting: &dyn Setting,
        edits: &[Edit<'_>],
        renamed: &[String],
    ) -> Result<Attempt, ProviderError> {
        let document = setting.document();
        let first = match self.document(place, document, Freshness::Fresh).await? {
            Answer::NoBucket => return Ok(Attempt::Again(missing(place))),
            Answer::Unsupported(_) if edits.iter().all(|edit| edit.attrs.is_none_or(|attrs| setting.is_implied(attrs))) => {
                return Ok(Attempt::Done);
            }
            Answer::Unsupported(why) => return Err(place.fault(operation(document), document.write_action, unsupported(why))),
            Answer::Found(found) => Some(found),
            Answer::Absent => None,
        };
        let tree = first.as_ref().map(|found| &found.tree);
        let policy = &self.policy().name;
        let left = tree.map(|tree| without(tree, setting, renamed));
        let merged = setting.merged(left.as_ref(), policy, edits);
        let merged = merged.map_err(|reason| place.fault(operation(document), document.write_action, refused(reason)))?;
        if tree.is_some_and(|tree| same(tree, &merged)) || (tree.is_none() && (document.is_empty)(&merged)) {
            return Ok(Attempt::Done);
        }
        let foreign = setting.foreign_part(left.as_ref(), policy);
        if let Some(tree) = tree.filter(|_| !foreign.is_empty() && setting.kind().shared) {
            let kept = undo::keep(place, document, tree).await;
            kept.map_err(|refusal| place.fault(format!("keep a copy of the {} of", document.title), "s3:PutObject", refusal))?;
        }
        // Right before the write: what comes between is lost to both.
        if setting.has_other_writers() {
            let second = match self.document(place, document, Freshness::Fresh).await? {
                Answer::Found(found) => Some(found),
                _ => None,
            };
            if second != first {
                return Ok(Attempt::Again(refused("somebody else keeps changing it at the same time".to_owned())));
            }
        }
        let (minimum_size, kept) = first.as_ref().map_or((None, None), |found| (found.minimum_size.clone(), found.kept.clone()));
        match self.send(place, document, first.as_ref(), Found { tree: merged, minimum_size, kept }).await {
            Ok(()) => {
                self.settling.wrote(place, document, foreign);
                Ok(Attempt::Done)
            }
            Err(refusal) if refusal.retry != Retry::Never || refusal.code == "NoSuchBucket" || (document.is_early)(&refusal) => {
                Ok(Attempt::Again(refusal))
            }
            Err(refusal) => Err(place.fault(operation(document), document.write_action, refusal)),
        }
    }

    async fn send(&self, place: &Place, document: &Document, before: Option<&Found>, content: Found) -> Result<(), Refusal> {
        match document.clear.zip(before).filter(|_| (document.is_empty)(&content.tree)) {
            Some((clear, before)) => place.once(clear(place, &before.tree)).await,
            None => place.once(request::write(place, document, &content)).await,
        }
    }
}

fn operation(document: &Document) -> String {
    format!("change the {} of", document.title)
}

fn refused(reason: String) -> Refusal {
    Refusal { kind: ErrorKind::Other, retry: Retry::Never, code: String::new(), status: None, region: None, reason, help: None }
}

fn unsupported(why: String) -> Refusal {
    Refusal { kind: ErrorKind::Unsupported, ..refused(format!("this endpoint does not support it: {why}")) }
}

fn missing(place: &Place) -> Refusal {
    Refusal { kind: ErrorKind::NotFound, ..refused(format!("there is no bucket `{}`, or not yet", place.shown)) }
}

/// Equal but for the order of what has no order.
fn same(a: &Element, b: &Element) -> bool {
    fn sorted(element: &Element) -> Element {
        let mut children: Vec<Element> = element.children.iter().map(sorted).collect();
        children.sort();
        Element { children, attributes: Vec::new(), ..element.clone() }
    }
    sorted(a) == sorted(b)
}
