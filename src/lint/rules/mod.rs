//! The rules: one file each, and a line here.

use crate::lint::Rule;

/// Every rule, in order of code.
pub const RULES: &[&dyn Rule] = &[];
