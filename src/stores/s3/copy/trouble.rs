//! Why an attempt to copy an object did not come to its end.

use crate::stores::s3::refusal::Refusal;

/// What stands in the way.
pub(super) enum Trouble {
    /// The source is another object now, or the upload is gone.
    Anew(Refusal),
    Refused(&'static str, Refusal),
    /// The source refused.
    Source(Refusal),
}
