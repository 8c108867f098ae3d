//! Files that are there whole or not at all: written beside the target first, then put in its place.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use crate::cli::Failure;

/// Writes a file. `what` says what it is, for people: `the plan`.
///
/// # Errors
/// When it cannot be written; then what stood there before stays.
pub fn save(path: &Path, what: &str, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("could not save {what} as `{}`: {error}", path.display()));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let mut writer = BufWriter::new(&mut file);
    write(&mut writer).map_err(failed)?;
    writer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
