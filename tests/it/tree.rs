//! The tree engine from a folder to a store and back.

mod arriving;
pub mod compare;
mod unmeasured;
mod damage;
mod grow;
mod faults;
mod plain_tools;
mod random;
mod removed;
mod rotation;
mod round_trip;
mod streamed;
