//! The session as the contract of providers asks for it.

use async_trait::async_trait;

use crate::address::ResourceId;
use crate::provider::{Beside, Freshness, Owned, ProviderError, Session, Settled};
use crate::providers::s3::session::S3Session;
use crate::providers::s3::{bucket, setting};
use crate::resource::{Adoptable, Change, Desired, Live, Op, Resource};

#[async_trait]
impl Session for S3Session {
    async fn read(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        self.look(id, desired, freshness).await
    }

    async fn owned(&self) -> Result<Owned, ProviderError> {
        self.all_marked().await
    }

    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        let Some(first) = changes.first() else { return Ok(()) };
        let place = self.place(&first.id).await?;
        match (setting(&first.id.kind), first.op) {
            (Some(setting), _) => self.write(&place, setting, changes, desired).await,
            (None, Op::Create) => bucket::create(&place, self.locks(&first.id)).await,
            // The mark is a tag, and tags are a resource of their own: nothing more is to be done.
            (None, _) => Ok(()),
        }
    }

    async fn settled(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        self.look_again(changes, desired).await
    }

    async fn adoptable(&self, desired: &Desired) -> Result<Vec<Adoptable>, ProviderError> {
        self.all_adoptable(desired).await
    }

    async fn foreign(&self) -> Result<Beside, ProviderError> {
        self.all_foreign().await
    }
}
