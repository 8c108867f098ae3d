//! Access: roles of AWS IAM that do one thing each, and who may take them on.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{PolicyName, RoleName, StoreName};
use crate::diag::{Span, Spanned};
use crate::policy::{Account, Text};
use crate::rights::Purpose;

/// Longest name of a role (IAM API reference, `CreateRole`).
pub(super) const LONGEST_NAME: usize = 64;

/// Host of GitHub's tokens (GitHub documentation, "Configuring OpenID Connect in Amazon Web Services").
pub const GITHUB: &str = "token.actions.githubusercontent.com";
/// For whom a token is made, so that one which is made for somebody else is not taken.
pub const AUDIENCE: &str = "sts.amazonaws.com";

/// Who may do what.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Access {
    /// Twelve digits: the account in which the roles live.
    pub account: Option<Spanned<String>>,
    /// The same account where the policy names it: its role is taken on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<Account>,
    /// `None`: AWS, or `AWS_ENDPOINT_URL_IAM`, or `AWS_ENDPOINT_URL`.
    pub endpoint: Option<Spanned<Text>>,
    /// ARN of the policy that bounds all roles; `None`: left as it is.
    pub permissions_boundary: Option<Spanned<String>>,
    pub roles: BTreeMap<RoleName, Role>,
}

/// One role.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Role {
    pub name: Spanned<RoleName>,
    pub may: BTreeSet<Purpose>,
    /// `None`: all stores.
    pub stores: Option<BTreeSet<StoreName>>,
    pub trust: Vec<Spanned<Trust>>,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

/// Somebody who may take a role on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub enum Trust {
    /// Twelve digits.
    Account(String),
    /// An ARN.
    Role(String),
    /// `ec2.amazonaws.com`.
    Service(String),
    /// Who has a token of an OpenID Connect provider that says exactly this.
    Token {
        /// Host of the provider, with its path if it has one.
        issuer: String,
        /// The claim `sub`.
        subject: String,
    },
}

/// How a role is called in IAM.
pub fn role_name(policy: &PolicyName, role: &str) -> String {
    format!("bdr-{policy}-{role}")
}

/// The provider of tokens, as IAM knows it.
pub fn provider_arn(partition: &str, account: &str, issuer: &str) -> String {
    format!("arn:{partition}:iam::{account}:oidc-provider/{issuer}")
}
