//! Every code that a finding can have: what reading, compiling, declaring and linting register, in order.

use crate::diag::Code;
use crate::{compile, lint, plan, policy, providers};

/// All codes, sorted.
pub fn all() -> Vec<Code> {
    let mut codes = policy::codes::CODES.to_vec();
    codes.extend(compile::CODES);
    codes.extend(plan::CODES);
    codes.extend(providers::ALL.iter().flat_map(|provider| provider.codes()).copied());
    codes.extend(lint::codes());
    codes.sort_by_key(|code| code.code);
    codes
}
