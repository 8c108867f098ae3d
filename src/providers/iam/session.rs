//! A session: the roles of a policy, each read once, and what was written and is not yet seen everywhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::{join_all, try_join_all};

use crate::access::path_of_role;
use crate::address::{AccountName, ResourceId, Subject};
use crate::attrs::Attrs;
use crate::policy::{Policy, role_path};
use crate::provider::{Env, Freshness, Owned, ProviderError, Session, Settled};
use crate::providers::iam::branch::{Branch, Listing};
use crate::providers::iam::request::Listed;
use crate::providers::iam::wanted::{self, MARK, Wanted};
use crate::providers::iam::{LEFT, ROLE, ROLE_POLICY, is_used, name_in, of_account, place_of, role, role_policy};
use crate::resource::{Change, Live, Op, Resource};
use crate::store::{ErrorKind, Retry};

/// Equal reads in a row that AWS needs: parts of IAM give the old answer for some seconds.
const READS_OF_AWS: u32 = 5;
const PAUSE_OF_AWS: u64 = 2_000;
const PAUSE: u64 = 200;

/// Ends the name of an account in the key of a role that stands there and is not wanted there.
const STRAY: char = '/';

pub(super) struct IamSession {
    policy: Arc<Policy>,
    path: String,
    wanted: BTreeMap<String, Wanted>,
    /// By whose role acts; the caller first.
    branches: Vec<Branch>,
    /// Equal reads in a row since the last write.
    equal: Mutex<HashMap<ResourceId, u32>>,
}

impl IamSession {
    pub async fn open(policy: Arc<Policy>, env: Arc<Env>) -> Self {
        let matters = |by: &AccountName| is_used(&policy, Some(by)) || env.left_places.contains(&of_account(LEFT, Some(by)));
        let accounts = policy.accounts.keys().filter(|by| matters(by)).cloned().map(Some);
        let branches = join_all([None].into_iter().chain(accounts).map(|by| Branch::open(&policy, by, &env))).await;
        Self { path: role_path(&policy.name), wanted: wanted::all(&policy), branches, policy, equal: Mutex::default() }
    }

    /// Where a role is, or is to be; with what is left of its key there.
    fn branch<'a>(&'a self, id: &'a ResourceId) -> (&'a Branch, &'a str) {
        let (by, key) = match id.key.split_once(STRAY) {
            Some((account, key)) => (self.policy.accounts.keys().find(|name| name.as_str() == account), key),
            None => (self.wanted.get(&id.key).and_then(|wanted| wanted.by.as_ref()), id.key.as_str()),
        };
        let found = self.branches.iter().find(|branch| branch.by.as_ref() == by);
        (found.unwrap_or(&self.branches[0]), key)
    }

    /// What IAM calls the role of a resource. One that the policy does not want is found by its listing.
    fn name(&self, id: &ResourceId, desired: Option<&Attrs>, listing: &[Listed]) -> String {
        let stated = name_in(desired).or_else(|| self.wanted.get(&id.key).map(|wanted| wanted.name.as_str()));
        let key = self.branch(id).1;
        let listed = || listed(&self.policy, listing, key);
        stated.or_else(listed).unwrap_or(key).to_owned()
    }

    async fn look(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        self.is_known(id)?;
        let branch = self.branch(id).0;
        branch.right_account().await?;
        let listing = match branch.listing().await? {
            Listing::Roles(roles) => roles,
            Listing::Unsupported(why) => return Ok(lacking(why)),
        };
        let desired = desired.map(|desired| &desired.attrs);
        let name = self.name(id, desired, listing);
        let identity = listing.iter().find(|role| role.name == name).map(|role| path_of_role(&role.arn).to_owned());
        if id.kind == ROLE_POLICY.name {
            let live = role_policy::live(&branch.rights(&name, freshness).await?, &name, desired);
            return Ok(Live { identity, ..live });
        }
        let names = listing.iter().map(|role| (role.id.clone(), role.arn.clone())).collect();
        let found = branch.role(&name, freshness).await?;
        let mut live = role::live(found.as_ref(), &name, &self.path, desired, &names);
        if let Some(wanted) = self.wanted.get(&id.key).filter(|_| desired.is_some()) {
            branch.tokens(wanted, &mut live, freshness).await?;
        }
        Ok(Live { identity, ..live })
    }

    /// Who plans without being allowed a reference does not know the bucket that the rights name.
    fn is_known(&self, id: &ResourceId) -> Result<(), ProviderError> {
        let texts = self.wanted.get(&id.key).into_iter().flat_map(|wanted| &wanted.texts);
        let Some(text) = texts.into_iter().find(|text| !text.is_known()) else { return Ok(()) };
        Err(ProviderError {
            operation: "tell the rights of".to_owned(),
            subject: format!("role {}", id.key),
            kind: ErrorKind::Denied,
            retry: Retry::Never,
            reason: format!("the value of {} is not known here", text.shown),
            help: Some("Allow it with --allow-env or --allow-file if you trust this policy.".to_owned()),
            source: None,
        })
    }

    /// What an account has of the policy's. A key that is wanted elsewhere, or in no account of the caller's, says where it stands.
    async fn marked(&self, branch: &Branch, listed: &Listed) -> Result<Vec<Resource>, ProviderError> {
        let Some(role) = branch.role(&listed.name, Freshness::Cached).await? else { return Ok(Vec::new()) };
        // What lies below the path without the mark is somebody's who put it there.
        if role.tags.get(MARK).map(String::as_str) != Some(self.policy.name.as_str()) {
            return Ok(Vec::new());
        }
        let key = wanted::key_of(&self.policy, &listed.name);
        let wanted_by = self.wanted.get(&key).map_or(&None, |wanted| &wanted.by);
        let account = branch.by.as_ref().map_or("", AccountName::as_str);
        let key = if *wanted_by == branch.by { key } else { format!("{account}{STRAY}{key}") };
        let resource = |kind: &'static str, after| Resource {
            id: ResourceId::new(Subject::Policy, kind, key.as_str()),
            attrs: Attrs::from([("name".to_owned(), listed.name.as_str().into())]),
            span: None,
            after,
            queue: Some(place_of(branch.by.as_ref())),
            earlier: None,
        };
        let rights = branch.rights(&listed.name, Freshness::Cached).await?;
        let given = rights.ours.as_ref().map(|_| resource(ROLE_POLICY.name, Vec::new()));
        let role = resource(ROLE.name, given.iter().map(|given| given.id.clone()).collect());
        Ok(given.into_iter().chain([role]).collect())
    }
}

impl IamSession {
    async fn owned_in(&self, branch: &Branch) -> Result<Vec<Resource>, ProviderError> {
        branch.right_account().await?;
        match branch.listing().await? {
            Listing::Unsupported(_) => Ok(Vec::new()),
            Listing::Roles(roles) => {
                let found = try_join_all(roles.iter().map(|role| self.marked(branch, role))).await?;
                Ok(found.into_iter().flatten().collect())
            }
        }
    }
}

/// The role that a key stands for.
fn listed<'a>(policy: &Policy, listing: &'a [Listed], key: &str) -> Option<&'a str> {
    listing.iter().map(|role| role.name.as_str()).find(|name| wanted::key_of(policy, name) == key)
}

fn lacking(why: &str) -> Live {
    let note = format!(
        "not supported by this endpoint: roles; who may do what is set up there in another way, and `bdr iam-policy` prints what each needs \
         ({why})"
    );
    Live { unsupported: true, notes: vec![note], ..Live::default() }
}

#[async_trait]
impl Session for IamSession {
    async fn read(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        self.look(id, desired, freshness).await
    }

    async fn owned(&self) -> Result<Owned, ProviderError> {
        let looks = self.branches.iter().filter(|branch| branch.is_used || branch.is_left);
        let found = join_all(looks.map(|branch| async move { (branch, self.owned_in(branch).await) })).await;
        let several = found.len() > 1;
        let mut owned = Owned::default();
        for (branch, outcome) in found {
            let first = || self.wanted.values().find(|wanted| wanted.by == branch.by).map(|wanted| wanted.id(ROLE.name));
            match outcome {
                Ok(found) => owned.resources.extend(found),
                // Who has nothing to do with roles any more need not be allowed to look for them.
                Err(error) if !branch.is_used && error.kind == ErrorKind::Denied => {}
                // One account that does not answer hides no other.
                Err(error) => match first().filter(|_| several) {
                    Some(id) => owned.unread.push((id, error)),
                    None => return Err(error),
                },
            }
        }
        Ok(owned)
    }

    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        for (at, change) in changes.iter().enumerate() {
            let branch = self.branch(&change.id).0;
            let reached = branch.reached()?;
            let listing = match branch.listing().await? {
                Listing::Roles(roles) => roles,
                Listing::Unsupported(_) => return Ok(()),
            };
            let wanted = desired.get(at).and_then(Option::as_ref).map(|resource| &resource.attrs).or(change.after.as_ref());
            let name = self.name(&change.id, wanted, listing);
            let of_rights = change.id.kind == ROLE_POLICY.name;
            match (change.op, wanted) {
                (Op::Create | Op::Update, Some(wanted)) if of_rights => role_policy::write(reached, &name, wanted).await?,
                (Op::Create | Op::Update, Some(wanted)) => {
                    role::write(reached, &name, &self.path, &self.policy.name, wanted).await?;
                }
                (Op::Delete, _) if of_rights => role_policy::delete(reached, &name).await?,
                (Op::Delete, _) => role::delete(reached, &name).await?,
                _ => {}
            }
            self.equal.lock().unwrap_or_else(PoisonError::into_inner).remove(&change.id);
        }
        Ok(())
    }

    async fn settled(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        for (at, change) in changes.iter().enumerate() {
            let aws = self.branch(&change.id).0.reached()?.iam.is_aws();
            let again_in_ms = if aws { PAUSE_OF_AWS } else { PAUSE };
            let wanted = desired.get(at).and_then(Option::as_ref);
            let live = self.look(&change.id, wanted, Freshness::Fresh).await?;
            let after =
                if change.op == Op::Delete { None } else { wanted.map(|resource| &resource.attrs).or(change.after.as_ref()) };
            let mut equal = self.equal.lock().unwrap_or_else(PoisonError::into_inner);
            let seen = equal.entry(change.id.clone()).or_default();
            *seen = if live.attrs.as_ref() == after { *seen + 1 } else { 0 };
            match *seen {
                0 => return Ok(Settled::NotYet { differs: format!("{} is not yet as written", change.id), again_in_ms }),
                seen if aws && seen < READS_OF_AWS => {
                    return Ok(Settled::NotYet { differs: format!("seen {seen} of {READS_OF_AWS} times"), again_in_ms });
                }
                _ => {}
            }
        }
        Ok(Settled::Yes)
    }
}
