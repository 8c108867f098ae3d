//! Reading the index of a backup on a thread, one line at a time.

use tokio::runtime::Handle;

use crate::catalog::entry::Line;
use crate::catalog::index::read_line;
use crate::catalog::part::{Frame, Frames, Part};
use crate::tree::TreeError;
use crate::tree::shelf::Shelf;

/// Reads index parts one after the other and hands each line to `give`, until that says no.
///
/// # Errors
/// When a part is missing or damaged, or `give` fails.
pub fn read_index(
    shelf: &Shelf,
    parts: &[Part],
    runtime: &Handle,
    give: &mut dyn FnMut(Line) -> Result<bool, TreeError>,
) -> Result<(), TreeError> {
    read_frames(shelf, parts, runtime, &mut |frame| {
        for at in 0..frame.len() {
            if !give(read_line(frame.text(at..at + 1))?)? {
                return Ok(false);
            }
        }
        Ok(true)
    })
}

/// The same, frame by frame.
///
/// # Errors
/// When a part is missing or damaged, or `give` fails.
pub fn read_frames(
    shelf: &Shelf,
    parts: &[Part],
    runtime: &Handle,
    give: &mut dyn FnMut(Frame) -> Result<bool, TreeError>,
) -> Result<(), TreeError> {
    for part in parts {
        let mut frames = Frames::new(runtime.block_on(shelf.part(part))?, &part.key)?;
        while let Some(frame) = frames.next_frame()? {
            if !give(frame)? {
                return Ok(());
            }
        }
    }
    Ok(())
}
