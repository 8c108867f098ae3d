//! Reading the index of a backup on a thread, one line at a time.

use std::io::Cursor;

use tokio::runtime::Handle;

use crate::catalog::entry::Line;
use crate::catalog::index::Lines;
use crate::catalog::part::Part;
use crate::tree::TreeError;
use crate::tree::shelf::Shelf;

/// What is done with a line and its text; `false` ends the reading.
pub type Give<'a> = &'a mut dyn FnMut(Line, &[u8]) -> Result<bool, TreeError>;

/// Reads index parts one after the other and hands each line with its text to `give`, until that says no.
///
/// # Errors
/// When a part is missing or damaged, or `give` fails.
pub fn read_index(shelf: &Shelf, parts: &[Part], runtime: &Handle, give: Give<'_>) -> Result<(), TreeError> {
    for part in parts {
        let body = runtime.block_on(shelf.part(part))?;
        let mut lines = Lines::new(Cursor::new(body), &part.key)?;
        while let Some((line, text)) = lines.next_line()? {
            if !give(line, text)? {
                return Ok(());
            }
        }
    }
    Ok(())
}
