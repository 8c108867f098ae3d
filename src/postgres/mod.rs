//! Servers of PostgreSQL: how one is found and spoken to, and the programs of PostgreSQL that bdr runs beside it.

mod archiver;
mod child;
mod connect;
mod quote;
mod replication;
mod target;
mod tls;
mod tools;

pub use archiver::{Archiver, archiver};
pub use child::{LEASH, Program, Running};
pub use connect::{Server, connect, connect_to_any};
pub use quote::{identifier, in_conninfo, literal};
pub use replication::{About, BaseBackup, Ended, Part, Tablespace, Walsender, Wrong};
pub use target::Target;
pub use tools::{Tool, find};

use crate::provider::ProviderError;
use crate::store::{ErrorKind, Retry};

/// Something that a server or a program of PostgreSQL did not do.
pub fn failed(operation: impl Into<String>, subject: impl Into<String>, reason: impl Into<String>) -> ProviderError {
    ProviderError {
        operation: operation.into(),
        subject: subject.into(),
        kind: ErrorKind::Other,
        retry: Retry::Never,
        reason: reason.into(),
        help: None,
        source: None,
    }
}
