//! The tree engine from a folder to a store and back.

mod compare;
mod damage;
mod grow;
mod plain_tools;
mod round_trip;
