//! Where schedules are written, so that a later plan finds what was left behind there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{cron, systemd};
use crate::provider::Env;
use crate::resource::Desired;

/// The places of everything wanted that carries out a schedule. One that a reference of the policy names may be secret, and is left out.
pub fn places(desired: &Desired) -> BTreeSet<String> {
    let schedules = desired.iter().filter(|resource| [systemd::TIMER, cron::ENTRY].contains(&resource.id.kind.as_ref()));
    schedules.filter_map(|resource| resource.queue.clone()).filter(|place| !place.contains("${")).collect()
}

/// The absolute paths among the places that earlier applies wrote to with one scheduler.
pub(super) fn left<'a>(env: &'a Env, scheduler: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
    let paths = env.left_places.iter().filter_map(move |place| place.strip_prefix(scheduler)?.strip_prefix(' '));
    paths.map(Path::new).filter(|path| path.is_absolute()).map(Path::to_path_buf)
}
