//! What S3 says of an object that a rule hands on (S3 user guide, "Getting replication status information").

use aws_sdk_s3::types::ReplicationStatus;

use super::{METADATA, S3Store, timestamp};
use crate::catalog::copied::Told;
use crate::store::StoreError;

impl S3Store {
    /// When an object was written, its size, and what S3 says of its copies.
    ///
    /// # Errors
    /// As `head`; it is asked again while that can help.
    pub async fn replicated(&self, key: &str) -> Result<(jiff::Timestamp, u64, Told), StoreError> {
        let request = self.connection.client.head_object().bucket(&self.bucket).key(self.full(key));
        let request = request.set_expected_bucket_owner(self.owner.clone());
        let answer = self.connection.look(|| self.connection.ask(METADATA, request.clone().send())).await;
        let answer = answer.map_err(|refusal| self.fault("look at", key, refusal))?;
        let told = match answer.replication_status {
            Some(ReplicationStatus::Completed | ReplicationStatus::Complete) => Told::Completed,
            Some(ReplicationStatus::Pending) => Told::Pending,
            Some(ReplicationStatus::Failed) => Told::Failed,
            Some(ReplicationStatus::Replica) => Told::Replica,
            _ => Told::Nothing,
        };
        let size = answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        Ok((timestamp(answer.last_modified), size, told))
    }
}
