//! Databases of PostgreSQL, as a source and as a destination: the dump of a database with the roles of its server, or a whole
//! [`cluster`].
//!
//! The tree of a dump is flat: `NAME.dump` (`pg_dump --format=custom`, not compressed, so that what did not change is the same bytes
//! as in the dump before), `globals.sql` (`pg_dumpall --globals-only`) and `server.json` ([`Description`]).

mod cluster;
mod description;
mod dump;
mod load;
mod survey;

pub use cluster::{DATA, Place, Placed, Recovery, Taking, Until};
pub use description::{DESCRIPTION, Database, Description};
pub use dump::{Dump, Dumping};
pub use load::{Load, ready};
pub use survey::survey;
