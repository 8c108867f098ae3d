//! The engine on the in-memory world: what must always hold, and how single cases end.

mod cases;
mod digest;
mod lease;
mod properties;
