//! The policy's digest: equal for policies that mean the same, however their text is laid out.

use std::sync::OnceLock;

use serde::Serializer;
use sha2::{Digest, Sha256};

use super::Policy;
use crate::diag::Spanned;
use crate::units::cadence::{Schedule, Zone};
use crate::units::hex;

/// Names the form that is hashed; a change of it changes every digest, and must change this.
const FORM: &[u8] = b"bdr policy digest 1\n";

/// A digest that is made when it is first asked for: `lint` never does, and a backup of many components asks for each. A copy of a
/// policy may be changed, so that it makes its own.
#[derive(Debug, Default)]
pub struct Once(OnceLock<String>);

impl Clone for Once {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Once {
    pub(super) fn of(&self, policy: &Policy) -> String {
        self.0.get_or_init(|| digest(policy)).clone()
    }
}

/// SHA-256 in hex over the policy as JSON: keys in order, defaults filled in, references as written, places left out.
fn digest(policy: &Policy) -> String {
    let mut hash = Sha256::new();
    hash.update(FORM);
    // Serializing plain data into memory cannot fail; if it ever did, the digest of nothing would match no plan.
    hash.update(serde_json::to_vec(policy).unwrap_or_default());
    hex::encode(&hash.finalize())
}

/// A schedule as it was written: the same times in another spelling are another digest, which costs one new review at most.
pub(super) fn schedule<S: Serializer>(schedule: &Option<Spanned<Schedule>>, serializer: S) -> Result<S::Ok, S::Error> {
    match schedule {
        Some(schedule) => serializer.serialize_some(schedule.text.trim()),
        None => serializer.serialize_none(),
    }
}

pub(super) fn zone<S: Serializer>(zone: &Zone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.name())
}
