//! Access: the least that somebody must be allowed to do for a purpose, as documents that AWS IAM takes.
//!
//! Pure: a policy in, documents out. What drivers call what is done stands with them ([`crate::rights`]).

mod document;
pub mod meaning;
mod touches;

pub use document::{Document, INLINE, MANAGED, documents, merged};
pub use touches::touches;
