//! The tree engine from a folder to a store and back.

mod compare;
mod grow;
mod round_trip;
