//! Taking the last rule off a bucket without ever risking the bucket.
//!
//! An empty lifecycle cannot be written (`MalformedXML`), so S3 has a `DELETE` of the sub-resource. But an endpoint that does
//! not know a sub-resource takes its `DELETE` for that of the bucket: Ceph 16 and SeaweedFS were seen to remove buckets so,
//! the latter with what they held. So the `DELETE` is sent only to endpoints that are known to know this one. Others get a
//! document with a single rule that is disabled and fits nothing: it counts as absent.

use crate::providers::s3::document::Found;
use crate::providers::s3::element::Element;
use crate::providers::s3::lifecycle::DOCUMENT;
use crate::providers::s3::operation::ANSWER;
use crate::providers::s3::place::Place;
use crate::providers::s3::request;
use crate::stores::s3::Refusal;

const PLACEHOLDER: &str = "bdr/nothing";

/// What the endpoints call themselves that were seen to remove only the lifecycle (contract suite), AWS aside.
const KNOWN: [&str; 2] = ["SeaweedFS", "Ceph Object Gateway"];

pub(crate) fn is_placeholder(rule: &Element) -> bool {
    rule.text_at(&["ID"]) == Some(PLACEHOLDER)
}

fn placeholder() -> Element {
    let rule = Element::new("Rule")
        .with(Element::leaf("ID", PLACEHOLDER))
        .with(Element::new("Filter").with(Element::leaf("Prefix", ".bdr/nothing/")))
        .with(Element::leaf("Status", "Disabled"))
        .with(Element::new("AbortIncompleteMultipartUpload").with(Element::leaf("DaysAfterInitiation", "1")));
    Element::new("LifecycleConfiguration").with(rule)
}

/// Leaves the bucket without lifecycle rules. The caller has just read a document there, and nothing but bdr's own in it.
pub(crate) async fn clear(place: &Place) -> Result<(), Refusal> {
    let connection = &place.connection;
    let known = connection.server().is_some_and(|server| KNOWN.iter().any(|name| server.starts_with(name)));
    if connection.is_aws() || known {
        return delete(place).await;
    }
    request::write(place, &DOCUMENT, &Found { tree: placeholder(), minimum_size: None, kept: None }).await
}

/// Removes the lifecycle document; one request.
async fn delete(place: &Place) -> Result<(), Refusal> {
    let request = place.connection.client.delete_bucket_lifecycle().bucket(&place.bucket);
    let request = request.set_expected_bucket_owner(place.owner.clone());
    place.connection.ask(ANSWER, request.send()).await.map(drop)
}
