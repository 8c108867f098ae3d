//! Backups from the future: made while some clock was wrong, so that nobody knows whether they are newer than the others.

use crate::catalog::facts::horizon;
use crate::catalog::manifest::Manifest;
use crate::cli::Context;
use crate::cli::catalogues::Looked;
use crate::cli::restore::{Args, command};
use crate::cli::view::backups::moment_in;
use crate::units::cadence::Zone;

/// Says of the newest that is restored that others say they are newer, or that it is one of those itself.
pub fn tell(context: &Context, (args, restored): (&Args, &Manifest), looked: &Looked<'_>, zone: &Zone) {
    let now = context.now();
    let clock = format!("from the future by this machine's clock, which says {}", moment_in(now, zone));
    if restored.snapshot > horizon(now) {
        context.warn(&format!("warning: every good backup is {clock}: which is the newest is not known"));
        return;
    }
    let from_the_future = looked.iter().flat_map(|(chosen, known)| {
        let good = known.backups.good.iter().filter(|manifest| known.is_good(manifest) && manifest.snapshot > horizon(now));
        good.map(move |manifest| (manifest.snapshot, manifest.id, *chosen))
    });
    if let Some((snapshot, id, chosen)) = from_the_future.max_by_key(|(snapshot, id, _)| (*snapshot, *id)) {
        context.warn(&format!(
            "warning: {id} of {} is not taken for the newest: with the state of {} it is {clock}",
            chosen.label(),
            moment_in(snapshot, zone)
        ));
        let meant = command(args, context, &format!("--backup {id}"));
        context.warn(&format!("  help: Where that clock is wrong, or that backup is meant: `{meant}`."));
    }
}
