//! A session: the roles of a policy, each read once, and what was written and is not yet seen everywhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::try_join_all;
use tokio::sync::OnceCell;

use crate::address::{ResourceId, Subject};
use crate::attrs::Attrs;
use crate::policy::{AUDIENCE, Policy, role_path};
use crate::provider::{Env, Freshness, Owned, ProviderError, Session, Settled};
use crate::providers::iam::connection::{Reached, reach};
use crate::providers::iam::request::{self, Listed, Rights, Role};
use crate::providers::iam::wanted::{self, MARK, Wanted};
use crate::providers::iam::{LEFT, PLACE, ROLE, ROLE_POLICY, is_used, name_in, role, role_policy};
use crate::resource::{Change, Hindrance, Live, Op, Resource};
use crate::store::{ErrorKind, Retry, StoreError};

/// Equal reads in a row that AWS needs: parts of IAM give the old answer for some seconds.
const READS_OF_AWS: u32 = 5;
const PAUSE_OF_AWS: u64 = 2_000;
const PAUSE: u64 = 200;

/// What an endpoint says when it is asked for roles.
enum Listing {
    Roles(Vec<Listed>),
    /// It has no IAM; its words.
    Unsupported(String),
}

type Cells<T> = Mutex<HashMap<String, Arc<OnceCell<T>>>>;

pub(super) struct IamSession {
    policy: Arc<Policy>,
    path: String,
    wanted: BTreeMap<String, Wanted>,
    /// Where the caller does not allow the endpoint, an error when it is used.
    reached: Result<Reached, StoreError>,
    /// An earlier apply made roles, whatever the policy says now.
    left: bool,
    listing: OnceCell<Listing>,
    account: OnceCell<Option<String>>,
    roles: Cells<Option<Role>>,
    rights: Cells<Rights>,
    audiences: Cells<Option<Vec<String>>>,
    /// Equal reads in a row since the last write.
    equal: Mutex<HashMap<ResourceId, u32>>,
}

/// The cell of a name; a new one where a fresh answer is wanted.
fn cell<T>(cells: &Cells<T>, name: &str, freshness: Freshness) -> Arc<OnceCell<T>> {
    let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
    if freshness == Freshness::Fresh {
        cells.insert(name.to_owned(), Arc::default());
    }
    Arc::clone(cells.entry(name.to_owned()).or_default())
}

impl IamSession {
    pub async fn open(policy: Arc<Policy>, env: Arc<Env>) -> Self {
        Self {
            path: role_path(&policy.name),
            wanted: wanted::all(&policy),
            reached: reach(&policy, &env).await,
            left: env.left_places.iter().any(|place| place == LEFT),
            policy,
            listing: OnceCell::new(),
            account: OnceCell::new(),
            roles: Mutex::default(),
            rights: Mutex::default(),
            audiences: Mutex::default(),
            equal: Mutex::default(),
        }
    }

    fn reached(&self) -> Result<&Reached, ProviderError> {
        self.reached.as_ref().map_err(ProviderError::from)
    }

    async fn listing(&self) -> Result<&Listing, ProviderError> {
        let reached = self.reached()?;
        let list = || async {
            match request::roles(reached, &self.path).await {
                Ok(roles) => Ok(self.readable(reached, roles).await),
                // A listing of nothing is empty: who answers that there is none (Ceph 16) has another IAM than AWS's.
                Err(refusal) if request::lacks(&refusal) || refusal.kind == ErrorKind::NotFound => {
                    Ok(Listing::Unsupported(refusal.reason))
                }
                Err(refusal) => Err(reached.fault("list the roles of the policy in", "", "iam:ListRoles", refusal)),
            }
        };
        self.listing.get_or_try_init(list).await
    }

    /// Whether one of the roles can be read; what was read is not asked for again.
    async fn readable(&self, reached: &Reached, roles: Vec<Listed>) -> Listing {
        let Some(first) = roles.first() else { return Listing::Roles(roles) };
        match request::role(reached, &first.name).await {
            Err(refusal) if request::lacks(&refusal) => return Listing::Unsupported(refusal.reason),
            Ok(role) => _ = cell(&self.roles, &first.name, Freshness::Cached).set(role),
            // Told where it is looked at.
            Err(_) => {}
        }
        Listing::Roles(roles)
    }

    /// Nothing is looked at, let alone made, in another account than the stated one.
    async fn right_account(&self) -> Result<(), ProviderError> {
        let stated = self.policy.access.as_ref().and_then(|access| access.account.as_ref());
        let Some(stated) = stated else { return Ok(()) };
        let reached = self.reached()?;
        let ask = || async {
            request::account(reached)
                .await
                .map_err(|refusal| reached.fault("ask whose credentials these are of", "", "", refusal))
        };
        match self.account.get_or_try_init(ask).await? {
            Some(account) if *account != stated.value => Err(ProviderError {
                operation: "look at the roles in".to_owned(),
                subject: format!("account {}", stated.value),
                kind: ErrorKind::Denied,
                retry: Retry::Never,
                reason: format!("the credentials are of account {account}"),
                help: Some(format!(
                    "Use credentials of account {}, which come from {}, or state the other account in `access`.",
                    stated.value,
                    reached.iam.credentials()
                )),
                source: None,
            }),
            _ => Ok(()),
        }
    }

    /// What IAM calls the role of a resource. One that the policy does not want is found by its listing.
    fn name(&self, id: &ResourceId, desired: Option<&Attrs>, listing: &[Listed]) -> String {
        let stated = name_in(desired).or_else(|| self.wanted.get(&id.key).map(|wanted| wanted.name.as_str()));
        let listed = || listed(&self.policy, listing, &id.key);
        stated.or_else(listed).unwrap_or(&id.key).to_owned()
    }

    async fn role(&self, name: &str, freshness: Freshness) -> Result<Option<Role>, ProviderError> {
        let reached = self.reached()?;
        let ask = || async {
            request::role(reached, name).await.map_err(|refusal| reached.fault("look at", name, "iam:GetRole", refusal))
        };
        cell(&self.roles, name, freshness).get_or_try_init(ask).await.cloned()
    }

    async fn rights(&self, name: &str, freshness: Freshness) -> Result<Rights, ProviderError> {
        let reached = self.reached()?;
        let ask = || async {
            let rights = request::rights(reached, name).await;
            rights.map_err(|(action, refusal)| reached.fault("read the rights of", name, action, refusal))
        };
        cell(&self.rights, name, freshness).get_or_try_init(ask).await.cloned()
    }

    async fn look(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError> {
        self.is_known(id)?;
        self.right_account().await?;
        let listing = match self.listing().await? {
            Listing::Roles(roles) => roles,
            Listing::Unsupported(why) => return Ok(lacking(why)),
        };
        let desired = desired.map(|desired| &desired.attrs);
        let name = self.name(id, desired, listing);
        if id.kind == ROLE_POLICY.name {
            return Ok(role_policy::live(&self.rights(&name, freshness).await?, &name, desired));
        }
        let names = listing.iter().map(|role| (role.id.clone(), role.arn.clone())).collect();
        let found = self.role(&name, freshness).await?;
        let mut live = role::live(found.as_ref(), &name, &self.path, desired, &names);
        if let Some(wanted) = self.wanted.get(&id.key).filter(|_| desired.is_some()) {
            self.tokens(wanted, &mut live, freshness).await?;
        }
        Ok(live)
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

    /// What the role needs and bdr does not make: a provider of tokens belongs to the whole account.
    async fn tokens(&self, wanted: &Wanted, live: &mut Live, freshness: Freshness) -> Result<(), ProviderError> {
        let reached = self.reached()?;
        for arn in &wanted.providers {
            let issuer = arn.split_once("/").map_or(arn.as_str(), |(_, issuer)| issuer);
            let command = format!("aws iam create-open-id-connect-provider --url https://{issuer} --client-id-list {AUDIENCE}");
            let ask = || async {
                let asked = request::audiences(reached, arn).await;
                let action = "iam:GetOpenIDConnectProvider";
                asked.map_err(|refusal| {
                    reached.fault(format!("look at the provider of tokens {issuer} for"), &wanted.name, action, refusal)
                })
            };
            let found = cell(&self.audiences, arn, freshness).get_or_try_init(ask).await.cloned()?;
            let (what, help) = match found {
                Some(audiences) if audiences.iter().any(|audience| audience == AUDIENCE) => continue,
                Some(_) => (
                    format!("the provider of tokens {issuer} takes none for {AUDIENCE}"),
                    format!(
                        "aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {arn} --client-id {AUDIENCE}"
                    ),
                ),
                None => (format!("the account has no provider of tokens {issuer}"), command),
            };
            if live.attrs.is_none() {
                live.unfit = Some(format!("{what}; make it with: {help}"));
            }
            live.hindered.push(Hindrance {
                what,
                so: "nobody takes the role on by it".to_owned(),
                help: format!("Run: {help}"),
                foreign: true,
            });
        }
        Ok(())
    }

    async fn marked(&self, listed: &Listed) -> Result<Vec<Resource>, ProviderError> {
        let Some(role) = self.role(&listed.name, Freshness::Cached).await? else { return Ok(Vec::new()) };
        // What lies below the path without the mark is somebody's who put it there.
        if role.tags.get(MARK).map(String::as_str) != Some(self.policy.name.as_str()) {
            return Ok(Vec::new());
        }
        let key = wanted::key_of(&self.policy, &listed.name);
        let resource = |kind: &'static str, after| Resource {
            id: ResourceId::new(Subject::Policy, kind, key.as_str()),
            attrs: Attrs::from([("name".to_owned(), listed.name.as_str().into())]),
            span: None,
            after,
            queue: Some(PLACE.to_owned()),
            earlier: None,
        };
        let rights = self.rights(&listed.name, Freshness::Cached).await?;
        let given = rights.ours.as_ref().map(|_| resource(ROLE_POLICY.name, Vec::new()));
        let role = resource(ROLE.name, given.iter().map(|given| given.id.clone()).collect());
        Ok(given.into_iter().chain([role]).collect())
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
        let used = is_used(&self.policy);
        if !used && !self.left {
            return Ok(Owned::default());
        }
        let look = async {
            self.right_account().await?;
            match self.listing().await? {
                Listing::Unsupported(_) => Ok(Vec::new()),
                Listing::Roles(roles) => try_join_all(roles.iter().map(|role| self.marked(role))).await,
            }
        };
        match look.await {
            Ok(found) => Ok(found.into_iter().flatten().collect::<Vec<_>>().into()),
            // Who has nothing to do with roles any more need not be allowed to look for them.
            Err(error) if !used && error.kind == ErrorKind::Denied => Ok(Owned::default()),
            Err(error) => Err(error),
        }
    }

    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        let reached = self.reached()?;
        for (at, change) in changes.iter().enumerate() {
            let listing = match self.listing().await? {
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
        let aws = self.reached()?.iam.is_aws();
        let again_in_ms = if aws { PAUSE_OF_AWS } else { PAUSE };
        for (at, change) in changes.iter().enumerate() {
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
