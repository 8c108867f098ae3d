//! `bdr`: backup and disaster recovery as code.
//!
//! Policies are read, linted, compiled into desired resources, diffed against the live system, planned, applied, and then
//! carried out as backups, restores and drills. The modules below stand in reading order, and **a module uses only modules
//! listed above it**; `tests/it/tidy.rs` holds that sentence. `ARCHITECTURE.md` has the map.
#![forbid(unsafe_code)]

// Words: use nothing of bdr.
pub mod diag;
pub mod address;
pub mod units;
pub mod attrs;
pub mod graph;
pub mod conninfo;
pub mod wal;

// Nouns: data and invariants, no passes, no I/O.
pub mod rights;
pub mod policy;
pub mod resource;
pub mod catalog;

// Contracts: small traits.
pub mod store;
pub mod provider;
pub mod source;

// Passes: pure, in the order data flows.
pub mod compile;
pub mod assess;
pub mod lint;
pub mod diff;
pub mod plan;
pub mod journal;
pub mod access;

// Effects: the only async code.
pub mod apply;
pub mod slots;
pub mod tree;
pub mod archiving;
pub mod postgres;
pub mod sources;
pub mod stores;
pub mod providers;
pub mod cli;
