//! What left the policy and still copies, said as a policy would: the store that a rule copies to, and the bucket that is copied.

use std::collections::BTreeMap;

use crate::address::{ComponentName, ProtectionName, ResourceId, StoreName, Subject};
use crate::attrs::{Attr, Attrs};
use crate::diag::Spanned;
use crate::policy::{Backend, Component, ComponentKind, ObjectStorage, Objectives, Policy, S3Backend, StoreSpec, Text};
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::{bucket, component_bucket, lifecycle, replication};
use crate::resource::Live;

/// Where the copies of a rule that left the policy lie, as attributes of it: of a bucket that the policy does not name …
const TO_REGION: &str = "to_region";
const TO_ACCOUNT: &str = "to_account";
/// … and where it copies from, where that was the application's own.
const FROM_REGION: &str = "from_region";

impl S3Session {
    /// Whether a bucket of this name is the policy's.
    fn names(&self, bucket: &str) -> bool {
        self.places.values().flatten().any(|place| place.bucket == bucket)
    }

    /// Tells of a rule that is to go between which places it copies, as far as the policy does not.
    pub(super) async fn places_of_left(&self, place: &Place, id: &ResourceId, live: &mut Live) {
        let Some(attrs) = live.attrs.as_mut() else { return };
        let strangers = self.strangers().await.ok();
        let found = |name: &str| strangers.and_then(|strangers| strangers.get(name));
        if id.subject == Subject::Policy && found(&place.bucket).is_some_and(|stranger| stranger.rules_only) {
            attrs.extend(place.region.iter().map(|region| (FROM_REGION.to_owned(), region.as_str().into())));
        }
        let Some(to) = bucket_of(attrs).filter(|to| !self.names(to)).map(str::to_owned) else { return };
        let there = found(&to).map(|stranger| &stranger.place);
        let region = match there.and_then(|there| there.region.clone()) {
            None => bucket::region(place, &to).await,
            region => region,
        };
        let told = [(TO_REGION, region), (TO_ACCOUNT, there.and_then(|there| there.owner.clone()))];
        attrs.extend(told.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    }
}

fn text<'a>(attrs: &'a Attrs, name: &str) -> Option<&'a str> {
    attrs.get(name).and_then(Attr::as_str)
}

/// Of its ARN.
fn bucket_of(attrs: &Attrs) -> Option<&str> {
    text(attrs, "to")?.split_once(":::").map(|(_, bucket)| bucket)
}

/// Adds the store that a rule copies to, where the policy has none in that bucket and it is known where it lies. It keeps versions, without
/// which S3 takes no rule.
pub(super) fn destination(policy: &mut Policy, here: &S3Backend, live: Option<&Attrs>) {
    let Some((attrs, bucket, region)) = live.and_then(|attrs| Some((attrs, bucket_of(attrs)?, text(attrs, TO_REGION)?))) else {
        return;
    };
    let Ok(name) = StoreName::new(&bucket.replace('.', "-")) else { return };
    let account = text(attrs, "owner").or(text(attrs, TO_ACCOUNT));
    let backend = S3Backend {
        bucket: Spanned::bare(Text::plain(bucket)),
        region: Some(Spanned::bare(region.to_owned())),
        account: account.map(|account| Spanned::bare(account.to_owned())),
        through: None,
        ..here.clone()
    };
    policy.stores.entry(name.clone()).or_insert_with(|| StoreSpec {
        name: Spanned::bare(name),
        moved: None,
        backend: Backend::S3(backend),
        versioning: Some(Spanned::bare(true)),
        immutability: None,
        replicate: Vec::new(),
        encryption: None,
        access: None,
        tags: BTreeMap::new(),
        noncurrent: None,
        abort_uploads_after: None,
        span: None,
    });
}

/// Adds the component whose bucket a rule copies, by the rule's address and name: `BUCKET/bdr/POLICY/COMPONENT/PROTECTION`.
pub(super) fn component(policy: &mut Policy, id: &ResourceId, live: &Live) {
    let owner = lifecycle::owner(&policy.name);
    let named =
        id.key.split_once('/').and_then(|(bucket, spelled)| Some((bucket, spelled.strip_prefix(&owner)?.split_once('/')?)));
    let Some((bucket, (component, protection))) = named else { return };
    let (Ok(name), Ok(_)) = (ComponentName::new(component), ProtectionName::new(protection)) else { return };
    let Some((attrs, region)) = live.attrs.as_ref().and_then(|attrs| Some((attrs, text(attrs, FROM_REGION)?))) else { return };
    let copies_there = |backend: &&S3Backend| bucket_of(attrs) == Some(backend.bucket.expose());
    let Some(near) = policy.buckets().find(copies_there).or_else(|| policy.buckets().next()) else { return };
    let backend = S3Backend {
        bucket: Spanned::bare(Text::plain(bucket)),
        region: Some(Spanned::bare(region.to_owned())),
        prefix: Spanned::bare(text(attrs, "prefix").unwrap_or_default().to_owned()),
        account: None,
        through: None,
        ..near.clone()
    };
    destination(policy, &backend, Some(attrs));
    let bucket = ObjectStorage { backend, manages_versions: false, keeps_versions: true, versioning: None };
    policy.components.entry(name.clone()).or_insert_with(|| Component {
        name: Spanned::bare(name.clone()),
        moved: None,
        kind: ComponentKind::ObjectStorage(Box::new(bucket)),
        objectives: Objectives::default(),
        protections: Default::default(),
        retain: Default::default(),
        log_window: None,
        span: None,
    });
    let id = ResourceId::new(Subject::Component(name.clone()), replication::KIND.name, protection);
    component_bucket::stands(policy, &name, &id, live);
}
