//! Access: the least that somebody must be allowed to do for a purpose, as documents that AWS IAM takes.
//!
//! Pure: a policy in, documents out. What drivers call what is done stands with them ([`crate::rights`]).

mod document;
pub mod meaning;
pub mod sid;
mod touches;

pub use document::{Document, INLINE, MANAGED, documents, merged};
pub use touches::{holds_log, touches};

/// Path and name of a role by its ARN. The account is left out: endpoints other than AWS give roles an account of their own, while a
/// configuration that names one by another works there too (ministack).
pub fn path_of_role(arn: &str) -> &str {
    arn.split_once(":role/").map_or(arn, |(_, path)| path)
}
