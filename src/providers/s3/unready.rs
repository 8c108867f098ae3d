//! What is missing in the application's bucket for a rule of bdr's, which never makes such a bucket.

use crate::address::{ResourceId, Subject};
use crate::provider::{Freshness, ProviderError};
use crate::providers::s3::document::Answer;
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::versioning;

impl S3Session {
    /// Why no rule of bdr's can stand in the application's bucket as it is; `None`: nothing is in its way, or it is a store's.
    pub(super) async fn unready(&self, place: &Place, id: &ResourceId) -> Result<Option<String>, ProviderError> {
        let Subject::Component(name) = &id.subject else { return Ok(None) };
        let bucket = self.policy().components.get(name).and_then(|component| component.kind.bucket());
        let versions = match self.document(place, &versioning::DOCUMENT, Freshness::Cached).await? {
            Answer::NoBucket => {
                let why = "there is no such bucket, and bdr never makes one of the application";
                return Ok(Some(format!("{why}: make `{}`, or correct its name", place.shown)));
            }
            Answer::Found(found) => found.tree.text_at(&["Status"]) == Some("Enabled"),
            _ => false,
        };
        let managed = bucket.is_none_or(|bucket| bucket.manages_versions);
        Ok((!versions && !managed).then(|| {
            "the bucket keeps no versions, which replication needs: switch them on, or write `versioning: managed` and bdr does".to_owned()
        }))
    }
}
