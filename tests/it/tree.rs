//! The tree engine from a folder to a store and back.

pub mod compare;
mod damage;
mod grow;
mod plain_tools;
mod round_trip;
