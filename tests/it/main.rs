//! The integration tests: one binary, one module per suite.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails, and says where")]

mod engine;
mod examples;
mod generated;
mod binary;
mod jobs;
mod cases;
mod ci;
mod rules;
mod schema;
mod hostile;
mod secrets;
mod reading;
mod tidy;
mod harness;
mod store_contract;
mod store_faults;
mod s3_kinds;
mod s3_engine;
mod s3_live;
mod accounts;
mod iam_kinds;
mod iam_policy;
mod calendar_oracle;
mod tools;
mod installing;
mod version;
mod tree;
mod postgres;
mod wal;
mod slots;
mod schedules;
mod world;
