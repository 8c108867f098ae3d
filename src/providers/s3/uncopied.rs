//! What lies in a bucket before a rule of replication does: S3 copies what is written from then on, and nothing of that.

use crate::attrs::{Attr, Attrs};
use crate::provider::{Freshness, ProviderError};
use crate::providers::s3::document::Answer;
use crate::providers::s3::place::Place;
use crate::providers::s3::replication;
use crate::providers::s3::session::S3Session;
use crate::resource::{Hindrance, Live, Resource};
use crate::store::ErrorKind;
use crate::stores::s3::{METADATA, Refusal};

impl S3Session {
    /// Tells that the rule which is to be made copies nothing of what lies there, or that this could not be looked at. The objects
    /// themselves are not: one name is asked for.
    pub(super) async fn uncopied(&self, place: &Place, rule: &Resource, live: &mut Live) -> Result<(), ProviderError> {
        // What is to be copied by bdr is compared by who plans that.
        if replication::existing(&self.policy).iter().any(|one| one.id == rule.id) {
            return Ok(());
        }
        let wanted = &rule.attrs;
        let is_made = live.attrs.as_ref().is_some_and(|stands| copies_as_much(stands, wanted));
        let bucket = self.document(place, &replication::DOCUMENT, Freshness::Cached).await?;
        if is_made || matches!(bucket, Answer::NoBucket) {
            return Ok(());
        }
        let prefix = wanted.get("prefix").and_then(Attr::as_str).unwrap_or_default();
        match place.look(|| holds(place, prefix)).await {
            Ok(true) => live.hindered.push(left_behind(place)),
            Ok(false) => {}
            Err(refusal) if refusal.kind == ErrorKind::NotFound => {}
            Err(refusal) => live.notes.push(format!(
                "whether objects lie in {} already could not be seen ({}): what does is not copied by the new rule",
                place.subject(),
                refusal.reason
            )),
        }
        Ok(())
    }
}

async fn holds(place: &Place, prefix: &str) -> Result<bool, Refusal> {
    let request = place.connection.client.list_objects_v2().bucket(&place.bucket).prefix(prefix).max_keys(1);
    let answer = place.connection.ask(METADATA, request.set_expected_bucket_owner(place.owner.clone()).send()).await?;
    Ok(!answer.contents.unwrap_or_default().is_empty())
}

/// Whether a rule copies to where another one is to, and of as much.
fn copies_as_much(stands: &Attrs, wanted: &Attrs) -> bool {
    ["enabled", "to", "prefix", "tags"].iter().all(|name| stands.get(*name) == wanted.get(*name))
}

fn left_behind(place: &Place) -> Hindrance {
    Hindrance {
        what: format!("objects lie in {} already where a rule is to be made", place.subject()),
        so: "S3 copies what is written once it stands and none of these, so no objective that rests on copies holds of them".to_owned(),
        help: "Write `existing_objects: true` beside `to`, and the apply copies them too; or have them copied after it by S3 Batch Replication (`aws s3control create-job`, docs/s3.md has the \
               line). `bdr status` tells what is there."
            .to_owned(),
        foreign: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_rule_that_copies_less_leaves_something_behind() {
        let rule = |to: &str, prefix: &str, enabled: bool| {
            Attrs::from([
                ("to".to_owned(), to.into()),
                ("prefix".to_owned(), prefix.into()),
                ("enabled".to_owned(), enabled.into()),
                ("within_minutes".to_owned(), Attr::Int(15)),
            ])
        };
        let wanted = rule("arn:aws:s3:::far", "", true);
        let timed = Attrs::from_iter(wanted.clone().into_iter().filter(|(name, _)| name != "within_minutes"));
        assert!(copies_as_much(&wanted, &wanted) && copies_as_much(&timed, &wanted), "a time copies nothing more");
        for stands in
            [rule("arn:aws:s3:::far", "", false), rule("arn:aws:s3:::far", "a/", true), rule("arn:aws:s3:::third", "", true)]
        {
            assert!(!copies_as_much(&stands, &wanted), "{stands:?}");
        }
    }
}
