//! Objects in the archive classes: whether one can be read, and asking for it (S3 API reference, `RestoreObject`).

use std::time::Duration;

use aws_sdk_s3::types::{GlacierJobParameters, RestoreRequest, Tier};

use crate::store::{Retrieval, Retrieve, Speed};
use crate::stores::s3::connection::Connection;
use crate::stores::s3::refusal::Refusal;

const ANSWER: Duration = Duration::from_secs(30);

/// Bucket, full key, and who must own the bucket.
type Place<'a> = (&'a String, String, Option<String>);

/// The header `x-amz-restore` says `ongoing-request="true"` until the copy is there, and `"false"` while it is.
pub async fn look(connection: &Connection, (bucket, key, owner): Place<'_>) -> Result<Retrieval, Refusal> {
    let request = connection.client.head_object().bucket(bucket).key(key).set_expected_bucket_owner(owner);
    let answer = connection.ask(ANSWER, request.send()).await?;
    let class = answer.storage_class.as_ref().and_then(|class| super::class_of(class.as_str()));
    Ok(match answer.restore.as_deref() {
        _ if class.is_none_or(|class| class.is_immediate()) => Retrieval::Ready,
        Some(state) if state.contains("ongoing-request=\"true\"") => Retrieval::UnderWay,
        Some(_) => Retrieval::Ready,
        None => Retrieval::Archived,
    })
}

/// Asking again while it is under way is answered with `RestoreAlreadyInProgress`.
pub async fn ask(connection: &Connection, (bucket, key, owner): Place<'_>, how: Retrieve) -> Result<(), Refusal> {
    let tier = match how.speed {
        Speed::Expedited => Tier::Expedited,
        Speed::Standard => Tier::Standard,
        Speed::Bulk => Tier::Bulk,
    };
    let parameters = GlacierJobParameters::builder().tier(tier).build().ok();
    let wish = RestoreRequest::builder().days(i32::from(how.days)).set_glacier_job_parameters(parameters).build();
    let request = connection.client.restore_object().bucket(bucket).key(key).restore_request(wish);
    match connection.ask(ANSWER, request.set_expected_bucket_owner(owner).send()).await {
        Err(refusal) if refusal.code == "RestoreAlreadyInProgress" => Ok(()),
        outcome => outcome.map(drop),
    }
}
