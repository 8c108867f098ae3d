//! Taking the last rule off a bucket without ever risking the bucket.
//!
//! A document without rules cannot be written (`MalformedXML`), so S3 has a `DELETE` of the sub-resource. SeaweedFS was seen to take
//! that for the `DELETE` of the bucket, with all that it held. So it is sent to AWS alone, after the document was read there and
//! nothing but bdr's own was in it. Elsewhere one of bdr's rules stays, disabled and under another name: it counts as absent.

use crate::providers::s3::document::Found;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::ANSWER;
use crate::providers::s3::place::Place;
use crate::providers::s3::replication::DOCUMENT;
use crate::providers::s3::request;
use crate::stores::s3::Refusal;

const PLACEHOLDER: &str = "bdr/nothing";

pub(super) fn is_placeholder(rule: &Element) -> bool {
    rule.text_at(&["ID"]) == Some(PLACEHOLDER)
}

/// What is left of a document: its first rule, which does nothing and fits nothing.
pub(super) fn placeholder(before: &Element) -> Element {
    let mut rule = before.child("Rule").cloned().unwrap_or_else(|| Element::new("Rule"));
    rule.set(Element::leaf("ID", PLACEHOLDER));
    rule.set(Element::leaf("Status", "Disabled"));
    rule.set(Element::new("Filter").with(Element::leaf("Prefix", ".bdr/nothing/")));
    let mut left = before.clone();
    left.children.retain(|child| child.name != "Rule");
    left.with(rule)
}

/// Leaves the bucket without replication. The caller has just read a document there, and nothing but bdr's own in it.
pub(super) async fn clear(place: &Place, before: &Element) -> Result<(), Refusal> {
    if !place.connection.is_aws() {
        return request::write(place, &DOCUMENT, &Found { tree: placeholder(before), minimum_size: None, kept: None }).await;
    }
    let request = place.connection.client.delete_bucket_replication().bucket(&place.bucket);
    let request = request.set_expected_bucket_owner(place.owner.clone());
    place.connection.ask(ANSWER, request.send()).await.map(drop)
}
