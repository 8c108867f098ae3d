//! What stands in buckets, whoever's it is: what a policy can be written from.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::attrs::Attrs;
use crate::policy::Policy;
use crate::provider::{Env, Freshness, ProviderError};
use crate::providers::s3::bucket::Seen;
use crate::providers::s3::document::Answer;
use crate::providers::s3::element::Element;
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::setting::{Setting, Sight};
use crate::providers::s3::{SETTINGS, bucket, bucket_id, tags};

/// One bucket.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// What it has one of, by the name of the kind.
    pub settings: BTreeMap<&'static str, Attrs>,
    /// All of them, bdr's own among them.
    pub tags: BTreeMap<String, String>,
    /// What it can have several of.
    pub parts: Vec<Part>,
    /// What could not be read or is not there at all, and why.
    pub unread: Vec<String>,
}

/// A rule or a statement.
#[derive(Debug, Clone)]
pub struct Part {
    /// `s3_lifecycle_rule`, and `lifecycle rule`.
    pub kind: &'static str,
    pub title: &'static str,
    /// As it is called there; of what bdr made `bdr/<policy>/<store>/<key>`. Empty: it has no name.
    pub name: String,
    /// In the canonical form of its kind; empty where it cannot be told.
    pub attrs: Attrs,
    /// One line on what it does; empty where bdr made it for this policy.
    pub summary: String,
}

/// Whether the bucket of each store of a policy is there, and where, in order of the stores' names.
///
/// # Errors
/// When one is not there or cannot be looked at.
pub async fn seen(policy: &Arc<Policy>, env: &Arc<Env>) -> Result<Vec<Seen>, ProviderError> {
    let session = S3Session::open(Arc::clone(policy), Arc::clone(env)).await;
    let session = &session;
    let looks = policy.stores.keys().map(|store| async move { bucket::seen(&session.place(&bucket_id(store)).await?).await });
    join_all(looks).await.into_iter().collect()
}

/// What stands in the buckets of a policy's stores, in order of their names; `seen` says which of them answered already.
///
/// # Errors
/// When one is not there or cannot be looked at.
pub async fn standing(policy: &Arc<Policy>, env: &Arc<Env>, seen: &[Seen]) -> Result<Vec<Standing>, ProviderError> {
    let session = S3Session::open(Arc::clone(policy), Arc::clone(env)).await;
    let mut all = Vec::new();
    for (store, seen) in policy.stores.keys().zip(seen) {
        let place = session.place(&bucket_id(store)).await?;
        if !seen.is_there {
            bucket::seen(&place).await?;
        }
        all.push(session.standing(&place).await);
    }
    Ok(all)
}

impl S3Session {
    async fn standing(&self, place: &Place) -> Standing {
        let mut standing = Standing::default();
        for setting in SETTINGS {
            match self.document(place, setting.document(), Freshness::Cached).await {
                Ok(Answer::Found(found)) => self.told(*setting, &found.tree, &mut standing),
                Ok(Answer::Unsupported(_)) => standing.unread.push(format!("{}: not supported there", setting.document().title)),
                Ok(Answer::Absent | Answer::NoBucket) => {}
                Err(error) => standing.unread.push(error.to_string()),
            }
        }
        standing
    }

    fn told(&self, setting: &dyn Setting, tree: &Element, standing: &mut Standing) {
        let kind = setting.kind();
        let sight = Sight { policy: &self.policy().name, mark: "", desired: None };
        if kind.name == tags::KIND.name {
            standing.tags = tags::read(Some(tree));
        } else if !kind.shared {
            standing.settings.extend(setting.live(Some(tree), sight).attrs.map(|attrs| (kind.name, attrs)));
        } else {
            let foreign: BTreeMap<String, String> =
                setting.live(Some(tree), sight).foreign.into_iter().map(|one| (one.name, one.summary)).collect();
            for name in tree.children.iter().filter_map(|part| setting.called(part)) {
                let attrs = setting.live(Some(tree), Sight { mark: &name, ..sight }).attrs.unwrap_or_default();
                let summary = foreign.get(&name).cloned().unwrap_or_default();
                let spelled = setting.spelled_out(&name);
                let name = if spelled.starts_with("bdr/") { spelled.into_owned() } else { name };
                standing.parts.push(Part { kind: kind.name, title: kind.title, name, attrs, summary });
            }
        }
    }
}
