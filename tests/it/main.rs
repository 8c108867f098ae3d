//! The integration tests: one binary, one module per suite.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and says where")]

mod generated;
mod tidy;
