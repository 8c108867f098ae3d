//! Schedulers as providers: what a policy's schedules become in systemd and cron, one file per kind of resource.

pub mod cron;
pub mod systemd;

mod disk;
mod job;
mod live;
mod program;
mod risk;
mod written;

pub use live::{Schedules, live_schedules, overridden_schedules};
pub use systemd::SERVICE;
pub use written::places;
