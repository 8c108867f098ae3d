//! What is missing in the application's bucket for a rule of bdr's, which never makes such a bucket.

use crate::address::{ResourceId, Subject};
use crate::provider::{Freshness, ProviderError};
use crate::providers::s3::document::Answer;
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::versioning;
use crate::resource::{Hindrance, Live};

impl S3Session {
    /// Tells why no rule of bdr's can stand in the application's bucket as it is, and that one which stands does nothing there. Of a store,
    /// and where nothing is in its way, nothing is told.
    pub(super) async fn unready(&self, place: &Place, id: &ResourceId, live: &mut Live) -> Result<(), ProviderError> {
        let Subject::Component(name) = &id.subject else { return Ok(()) };
        let bucket = self.policy().components.get(name).and_then(|component| component.kind.bucket());
        let versions = match self.document(place, &versioning::DOCUMENT, Freshness::Cached).await? {
            Answer::NoBucket => {
                let why = "there is no such bucket, and bdr never makes one of the application";
                live.unfit = Some(format!("{why}: make `{}`, or correct its name", place.shown));
                return Ok(());
            }
            Answer::Found(found) => found.tree.text_at(&["Status"]) == Some("Enabled"),
            _ => false,
        };
        if versions || bucket.is_none_or(|bucket| bucket.manages_versions) {
            return Ok(());
        }
        let (what, mend) = ("the bucket keeps no versions", "switch them on, or write `versioning: managed` and bdr does");
        live.unfit = Some(format!("{what}, which replication needs: {mend}"));
        live.hindered.extend(live.attrs.as_ref().map(|_| Hindrance {
            what: what.to_owned(),
            so: "the rule stands, and S3 copies nothing by it".to_owned(),
            help: format!("{}.", mend.replacen('s', "S", 1)),
            foreign: true,
        }));
        Ok(())
    }
}
