//! What backups are made of and restored into.

pub mod folder;
pub mod postgres;
