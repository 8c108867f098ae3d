//! Quantities that people write in policies, parsed once into types.

pub mod bytes;
pub mod count;
pub mod cadence;
pub mod hex;
pub mod duration;
pub mod shell;
pub mod storage_class;
