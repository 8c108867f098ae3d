//! IAM where one account's role acts, or the caller: its roles, each read once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::address::AccountName;
use crate::diag::Spanned;
use crate::policy::{AUDIENCE, Policy, role_path};
use crate::provider::{Env, Freshness, ProviderError};
use crate::providers::iam::connection::{Reached, reach};
use crate::providers::iam::request::{self, Listed, Rights, Role};
use crate::providers::iam::wanted::Wanted;
use crate::providers::iam::{LEFT, is_used, of_account};
use crate::resource::{Hindrance, Live};
use crate::store::{ErrorKind, Retry, StoreError};

/// What an endpoint says when it is asked for roles.
pub(super) enum Listing {
    Roles(Vec<Listed>),
    /// It has no IAM; its words.
    Unsupported(String),
}

/// A role that nobody has.
const NOBODY: &str = "bdr-nobody";

type Cells<T> = Mutex<HashMap<String, Arc<OnceCell<T>>>>;

/// The roles of one account.
pub(super) struct Branch {
    pub by: Option<AccountName>,
    path: String,
    /// The account that the caller's credentials must be of, as far as the policy says.
    stated: Option<Spanned<String>>,
    /// Where the caller does not allow the endpoint, an error when it is used.
    reached: Result<Reached, StoreError>,
    /// The policy has to do with it.
    pub is_used: bool,
    /// An earlier apply made roles, whatever the policy says now.
    pub is_left: bool,
    listing: OnceCell<Listing>,
    account: OnceCell<Option<String>>,
    roles: Cells<Option<Role>>,
    rights: Cells<Rights>,
    audiences: Cells<Option<Vec<String>>>,
}

/// The cell of a name; a new one where a fresh answer is wanted.
fn cell<T>(cells: &Cells<T>, name: &str, freshness: Freshness) -> Arc<OnceCell<T>> {
    let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
    if freshness == Freshness::Fresh {
        cells.insert(name.to_owned(), Arc::default());
    }
    Arc::clone(cells.entry(name.to_owned()).or_default())
}

impl Branch {
    pub async fn open(policy: &Policy, by: Option<AccountName>, env: &Env) -> Self {
        let left = of_account(LEFT, by.as_ref());
        // That a role which was taken on belongs to its account was seen when it was.
        let stated = policy.access.as_ref().filter(|access| by.is_none() && access.through.is_none());
        Self {
            path: role_path(&policy.name),
            stated: stated.and_then(|access| access.account.clone()),
            reached: reach(policy, by.as_ref(), env).await,
            is_used: is_used(policy, by.as_ref()),
            is_left: env.left_places.contains(&left),
            by,
            listing: OnceCell::new(),
            account: OnceCell::new(),
            roles: Mutex::default(),
            rights: Mutex::default(),
            audiences: Mutex::default(),
        }
    }

    pub fn reached(&self) -> Result<&Reached, ProviderError> {
        self.reached.as_ref().map_err(ProviderError::from)
    }

    pub async fn listing(&self) -> Result<&Listing, ProviderError> {
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

    /// Whether one of the roles can be read; what was read is not asked for again. Where there is none, how another endpoint than AWS's
    /// says that: Ceph 16 has no word for it.
    async fn readable(&self, reached: &Reached, roles: Vec<Listed>) -> Listing {
        let first = roles.first().map(|role| role.name.as_str());
        let Some(name) = first.or((!reached.iam.is_aws()).then_some(NOBODY)) else { return Listing::Roles(roles) };
        match request::role(reached, name).await {
            Err(refusal) if request::lacks(&refusal) || refusal.kind == ErrorKind::NotFound => {
                return Listing::Unsupported(refusal.reason);
            }
            Ok(role) => _ = cell(&self.roles, name, Freshness::Cached).set(role),
            // Told where it is looked at.
            Err(_) => {}
        }
        Listing::Roles(roles)
    }

    /// Nothing is looked at, let alone made, in another account than the stated one.
    pub async fn right_account(&self) -> Result<(), ProviderError> {
        let Some(stated) = &self.stated else { return Ok(()) };
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

    pub async fn role(&self, name: &str, freshness: Freshness) -> Result<Option<Role>, ProviderError> {
        let reached = self.reached()?;
        let ask = || async {
            request::role(reached, name).await.map_err(|refusal| reached.fault("look at", name, "iam:GetRole", refusal))
        };
        cell(&self.roles, name, freshness).get_or_try_init(ask).await.cloned()
    }

    pub async fn rights(&self, name: &str, freshness: Freshness) -> Result<Rights, ProviderError> {
        let reached = self.reached()?;
        let ask = || async {
            let rights = request::rights(reached, name).await;
            rights.map_err(|(action, refusal)| reached.fault("read the rights of", name, action, refusal))
        };
        cell(&self.rights, name, freshness).get_or_try_init(ask).await.cloned()
    }

    /// What the role needs and bdr does not make: a provider of tokens belongs to the whole account.
    pub async fn tokens(&self, wanted: &Wanted, live: &mut Live, freshness: Freshness) -> Result<(), ProviderError> {
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
}
