//! Accounts in which everything is done by a role that is taken on.

use crate::address::AccountName;
use crate::diag::{Span, Spanned};
use crate::policy::Text;

/// Longest name of a session, and longest external id (STS API reference, `AssumeRole`).
pub(super) const LONGEST_SESSION: usize = 64;
pub(super) const LONGEST_EXTERNAL_ID: usize = 1224;

/// An account, and the role by which bdr acts there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Account {
    pub name: Spanned<AccountName>,
    /// Twelve digits.
    pub id: Spanned<String>,
    /// An ARN, or the name of a role of the account, with its path if it has one.
    pub role: Spanned<String>,
    /// What the role's trust may ask for, so that nobody else's policy makes bdr take it on.
    pub external_id: Option<Spanned<Text>>,
    /// How the account's log calls who acts there.
    pub session_name: String,
    /// The whole entry.
    #[serde(skip)]
    pub span: Option<Span>,
}

impl Account {
    /// The role in a part of the cloud.
    pub fn role_arn(&self, partition: &str) -> String {
        if self.role.value.starts_with("arn:") {
            return self.role.value.clone();
        }
        format!("arn:{partition}:iam::{}:role/{}", self.id.value, self.role.value)
    }
}
