//! Small text files that other programs read: read whole, and replaced so that no reader ever sees half of one.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::provider::ProviderError;
use crate::providers::plain;
use crate::store::{ErrorKind, Retry};

/// Unit files and crontabs are small; what is larger is not one.
const LARGEST: u64 = 4 << 20;

/// The bytes of a file; `None`: there is none. What others wrote need not be UTF-8.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match plain::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other("it is larger than 4 MiB"));
    }
    Ok(Some(bytes))
}

/// Replaces or makes a file: written beside it, flushed, renamed over it, the folder flushed. A crash before the rename leaves
/// the old text (and a file whose name systemd and cron ignore), one after it the new. Keeps the mode and owner of an old file.
pub fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // One name for one file: what a crash leaves is taken away by the next write, however often it crashes.
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    remove(&folder.join(format!(".bdr-{name}.tmp")))?;
    let draft = format!(".bdr-{name}");
    let mut temporary = tempfile::Builder::new().prefix(&draft).rand_bytes(0).suffix(".tmp").tempfile_in(folder)?;
    temporary.write_all(text)?;
    let file = temporary.as_file();
    match fs::symlink_metadata(path) {
        Ok(old) if old.is_file() => {
            file.set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
            // Only root may give files away; whoever else replaces a file is its new owner.
            if rustix::process::geteuid().is_root() {
                std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))?;
            }
        }
        _ => file.set_permissions(fs::Permissions::from_mode(0o644))?,
    }
    file.sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    flush(folder)
}

/// Removes a file; one that is not there is removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => path.parent().map_or(Ok(()), flush),
    }
}

pub fn flush(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Runs work that blocks on a thread for it, and says what failed on what.
pub async fn blocking<T: Send + 'static>(
    operation: &str,
    subject: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ProviderError> {
    let outcome = tokio::task::spawn_blocking(work).await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
    outcome.map_err(|error| fault(operation, subject, &error))
}

fn fault(operation: &str, subject: &str, error: &io::Error) -> ProviderError {
    let (kind, help) = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => (
            ErrorKind::Denied,
            Some(
                "Run as the user who may write there (root for the system's schedules), or choose another folder in the policy.",
            ),
        ),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (ErrorKind::Full, Some("Make room on that disk.")),
        _ => (ErrorKind::Other, None),
    };
    ProviderError {
        operation: operation.to_owned(),
        subject: subject.to_owned(),
        kind,
        retry: Retry::Never,
        reason: error.to_string(),
        help: help.map(str::to_owned),
        source: None,
    }
}
