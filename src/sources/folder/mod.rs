//! Files and folders of this machine, as a source and as a destination.

mod attributes;
mod names;
mod leftover;
mod read;
mod select;
mod settle;
mod target;
mod walk;
mod write;

pub use select::{Select, SelectError};
pub use target::{Into, Target};
pub use walk::{Options, Walk};
