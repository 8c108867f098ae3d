//! What others set on a bucket in documents of which bdr writes none: intelligent tiering and event notifications, shown and never touched.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::address::{ResourceId, Subject};
use crate::provider::{Beside, Freshness, ProviderError};
use crate::providers::s3::bucket;
use crate::providers::s3::document::{Answer, Document};
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::get;
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::resource::Foreign;
use crate::store::ErrorKind;
use crate::units::count::count;

/// One page, which holds 100 of them; a bucket takes 1000.
static TIERING: Document = Document {
    root: "ListBucketIntelligentTieringConfigurationsOutput",
    title: "configurations of intelligent tiering",
    read_action: "s3:GetIntelligentTieringConfiguration",
    get: get!(list_bucket_intelligent_tiering_configurations),
    ..Document::PLAIN
};

static NOTIFICATIONS: Document = Document {
    root: "NotificationConfiguration",
    title: "event notifications",
    read_action: "s3:GetBucketNotification",
    get: get!(get_bucket_notification_configuration),
    ..Document::PLAIN
};

/// What of a document is told.
type Told = fn(&Element) -> Vec<Foreign>;

/// All of them, with how each is told.
pub(super) static DOCUMENTS: [(&Document, Told); 2] = [(&TIERING, tiering), (&NOTIFICATIONS, notifications)];

impl S3Session {
    /// What stands beside in documents that bdr never writes. An endpoint that does not know them has none; who may not read them is told
    /// that what they hold is not known. Nothing that bdr does rests on it.
    pub(super) async fn in_documents_beside(&self) -> Beside {
        let mut buckets: BTreeMap<(usize, &str), (&Subject, &Place)> = BTreeMap::new();
        for (subject, place) in &self.places {
            // The application's own bucket is the application's.
            if let (Subject::Store(_), Ok(place)) = (subject, place) {
                buckets.entry(place.identity()).or_insert((subject, place));
            }
        }
        let each = buckets.values().flat_map(|bucket| DOCUMENTS.iter().map(move |document| (*bucket, document)));
        let reads = each.map(|((subject, place), (document, told))| async move {
            let id = ResourceId::new(subject.clone(), bucket::KIND.name, "");
            match self.document(place, document, Freshness::Cached).await {
                Ok(Answer::Found(found)) => (id, *document, Ok(told(&found.tree))),
                Ok(_) => (id, *document, Ok(Vec::new())),
                Err(error) => (id, *document, Err(error)),
            }
        });
        let mut beside = Beside::default();
        let mut unread: BTreeMap<&str, Vec<(ResourceId, ProviderError)>> = BTreeMap::new();
        for (id, document, read) in join_all(reads).await {
            match read {
                Ok(parts) => beside.parts.extend(parts.into_iter().map(|one| (id.clone(), one))),
                // Of a bucket that does not answer everything else tells it.
                Err(error) if error.kind == ErrorKind::Denied => unread.entry(document.title).or_default().push((id, error)),
                Err(_) => {}
            }
        }
        beside.unknown.extend(unread.into_iter().filter_map(|(title, all)| not_known(title, &all)));
        beside
    }
}

/// One note for all buckets of which the same could not be read, with the words for the first.
fn not_known(title: &str, all: &[(ResourceId, ProviderError)]) -> Option<(ResourceId, String)> {
    let (id, first) = all.first()?;
    let more = match all.len() - 1 {
        0 => String::new(),
        more => format!(", nor those of {}", count(more as u64, "other bucket")),
    };
    let help = first.help.as_deref().map(|help| format!(" {help}")).unwrap_or_default();
    let text = format!("the {title} that others set there are not known{more}: {first}; bdr touches none of them.{help}");
    Some((id.clone(), text))
}

fn tiering(tree: &Element) -> Vec<Foreign> {
    let one = |rule: &Element| {
        let tiers = rule
            .each("Tiering")
            .filter_map(|tier| Some(format!("after {} days {}", tier.text_at(&["Days"])?, tier.text_at(&["AccessTier"])?)));
        let off = (rule.text_at(&["Status"]) != Some("Enabled")).then(|| "switched off".to_owned());
        let parts: Vec<String> = off.into_iter().chain(tiers).collect();
        Foreign::new(format!("intelligent tiering {}", rule.text_at(&["Id"]).unwrap_or_default()), parts.join(", "))
    };
    tree.each("IntelligentTieringConfiguration").map(one).collect()
}

fn notifications(tree: &Element) -> Vec<Foreign> {
    // The element, and where it sends to (S3 API reference, `NotificationConfiguration`).
    const KINDS: [(&str, &str); 3] =
        [("TopicConfiguration", "Topic"), ("QueueConfiguration", "Queue"), ("CloudFunctionConfiguration", "CloudFunction")];
    let of_kind = |(element, to): (&'static str, &'static str)| {
        tree.each(element).map(move |one| {
            let to = one.text_at(&[to]).unwrap_or_default();
            let events: Vec<&str> = one.each("Event").filter_map(|event| event.text_at(&[])).collect();
            let name = format!("event notification {}", one.text_at(&["Id"]).unwrap_or(to));
            Foreign::new(name, format!("{} to {to}", events.join(", ")))
        })
    };
    let bridge = tree
        .child("EventBridgeConfiguration")
        .map(|_| Foreign::new("event notification EventBridge".to_owned(), "every event to EventBridge".to_owned()));
    KINDS.into_iter().flat_map(of_kind).chain(bridge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(of: fn(&Element) -> Vec<Foreign>, xml: &str) -> Vec<String> {
        of(&Element::parse(xml).expect("XML")).into_iter().map(|one| format!("{}: {}", one.name, one.summary)).collect()
    }

    /// As in the examples of the S3 API reference; no endpoint at hand keeps configurations of intelligent tiering.
    #[test]
    fn each_configuration_is_told_once() {
        let tiers = "<ListBucketIntelligentTieringConfigurationsOutput><IsTruncated>false</IsTruncated><IntelligentTieringConfiguration>\
                     <Id>cold</Id><Status>Enabled</Status><Tiering><AccessTier>ARCHIVE_ACCESS</AccessTier><Days>90</Days></Tiering>\
                     <Tiering><AccessTier>DEEP_ARCHIVE_ACCESS</AccessTier><Days>180</Days></Tiering></IntelligentTieringConfiguration>\
                     <IntelligentTieringConfiguration><Id>off</Id><Status>Disabled</Status></IntelligentTieringConfiguration>\
                     </ListBucketIntelligentTieringConfigurationsOutput>";
        assert_eq!(
            told(tiering, tiers),
            [
                "intelligent tiering cold: after 90 days ARCHIVE_ACCESS, after 180 days DEEP_ARCHIVE_ACCESS",
                "intelligent tiering off: switched off"
            ]
        );
        let events = "<NotificationConfiguration><QueueConfiguration><Id>new</Id><Queue>arn:aws:sqs:eu-north-1:111122223333:q</Queue>\
                      <Event>s3:ObjectCreated:*</Event></QueueConfiguration><EventBridgeConfiguration/></NotificationConfiguration>";
        assert_eq!(
            told(notifications, events),
            [
                "event notification new: s3:ObjectCreated:* to arn:aws:sqs:eu-north-1:111122223333:q",
                "event notification EventBridge: every event to EventBridge"
            ]
        );
        assert!(told(notifications, "<NotificationConfiguration/>").is_empty());
    }
}
