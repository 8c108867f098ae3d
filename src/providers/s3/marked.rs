//! What carries the policy's mark in a bucket, and whose it is.

use crate::address::{ComponentName, ResourceId, StoreName, Subject};
use crate::attrs::Attrs;
use crate::provider::{Freshness, ProviderError};
use crate::providers::s3::document::Answer;
use crate::providers::s3::place::Place;
use crate::providers::s3::session::{LEFT, S3Session, is_ours};
use crate::providers::s3::setting::{Setting, Sight};
use crate::providers::s3::{SETTINGS, bucket, lifecycle, replication, tags};
use crate::resource::{Removal, Resource};
use crate::store::ErrorKind;

/// What carries the mark in one bucket, and the kinds of which that could not be found out.
pub(super) struct Marked {
    pub found: Vec<Resource>,
    pub unread: Vec<(&'static str, ProviderError)>,
}

impl S3Session {
    /// What carries the mark in one bucket: its rules, its tags, and the bucket; each removed after those before it. `rules_only`: it was
    /// the application's own.
    pub(super) async fn marked(&self, place: &Place, whose: Option<&Subject>, rules_only: bool) -> Marked {
        let mut unread = Vec::new();
        let mut found: Vec<Resource> = Vec::new();
        let is_rules = |setting: &dyn Setting| setting.kind().name == replication::KIND.name;
        let looked_into = |setting: &&&dyn Setting| {
            setting.kind().removal == Removal::Delete && is_ours(whose, **setting) && (!rules_only || is_rules(**setting))
        };
        for setting in SETTINGS.iter().rev().filter(looked_into) {
            let document = match self.document(place, setting.document(), Freshness::Cached).await {
                Ok(Answer::Found(document)) => document,
                Ok(_) => continue,
                Err(error) => {
                    // What may not be read hides nothing but itself.
                    let goes_on = error.kind == ErrorKind::Denied;
                    unread.push((setting.kind().name, error));
                    if goes_on {
                        continue;
                    }
                    break;
                }
            };
            let marks = setting.marked(&document.tree, &self.policy().name);
            let after: Vec<ResourceId> = found.iter().map(|resource| resource.id.clone()).collect();
            for mark in marks {
                let sight = Sight { policy: &self.policy().name, mark: &mark, desired: None };
                let attrs = setting.live(Some(&document.tree), sight).attrs.unwrap_or_default();
                let id = self.address(place, whose, setting.kind().name, &setting.spelled_out(&mark));
                found.push(self.resource(place, id, attrs, after.clone()));
            }
        }
        if found.iter().any(|resource| resource.id.kind == tags::KIND.name) {
            let after = found.iter().map(|resource| resource.id.clone()).collect();
            let attrs = Attrs::from([("bucket".to_owned(), place.shown.as_str().into())]);
            let id = self.address(place, whose, bucket::KIND.name, "");
            found.push(self.resource(place, id, attrs, after));
        }
        Marked { found, unread }
    }

    fn resource(&self, place: &Place, id: ResourceId, attrs: Attrs, after: Vec<ResourceId>) -> Resource {
        Resource { id, attrs, span: None, after, queue: Some(place.subject()), earlier: None }
    }

    /// A rule belongs to the store that its id names, where that store lies in this bucket; all else of a bucket that the
    /// policy names to the store that sets it up.
    fn address(&self, place: &Place, whose: Option<&Subject>, kind: &'static str, mark: &str) -> ResourceId {
        let owner = lifecycle::owner(&self.policy().name);
        let by_rule = mark.strip_prefix(&owner).and_then(|rest| rest.split_once('/')).and_then(|(name, key)| {
            let named = [StoreName::new(name).ok().map(Subject::Store), ComponentName::new(name).ok().map(Subject::Component)];
            let here = |subject: &Subject| self.at(subject).is_some_and(|other| other.identity() == place.identity());
            let subject = named.into_iter().flatten().find(here)?;
            Some((subject, key.to_owned()))
        });
        match (by_rule, whose) {
            (Some((subject, key)), _) => ResourceId::new(subject, kind, key),
            (None, Some(subject)) => {
                let rest = mark.strip_prefix(&owner).map(|rest| format!("{LEFT}{rest}"));
                ResourceId::new(subject.clone(), kind, rest.unwrap_or_default())
            }
            _ if mark.is_empty() => ResourceId::new(Subject::Policy, kind, place.bucket.clone()),
            _ => ResourceId::new(Subject::Policy, kind, format!("{}/{mark}", place.bucket)),
        }
    }
}
