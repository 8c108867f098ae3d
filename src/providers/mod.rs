//! Providers: what knows how to declare, read and change each kind of resource.

pub mod folder;
pub mod iam;
mod plain;
pub mod postgres;
pub mod rights;
pub mod s3;
pub mod schedule;
mod writable;

use crate::provider::{Connect, Provider};

/// Every provider, in the order in which plans ask them. A new one is a file and a line here.
pub const ALL: &[&dyn Connect] =
    &[&folder::Folders, &iam::Iam, &s3::S3, &postgres::Postgres, &schedule::systemd::Systemd::HERE, &schedule::cron::Cron::HERE];

/// All of them by their pure side.
pub fn pure() -> Vec<&'static dyn Provider> {
    let pure = |provider: &&'static dyn Connect| -> &'static dyn Provider { *provider };
    ALL.iter().map(pure).collect()
}
