//! Where a crontab lies: a file with a column for the user, or the crontab of the user who runs bdr.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::attrs::Attr;
use crate::policy::Text;
use crate::provider::ProviderError;
use crate::providers::schedule::disk::{self, blocking};
use crate::providers::schedule::program::run;
use crate::providers::writable;

/// A crontab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `ours`: made by bdr for one policy alone, and removed once it is empty.
    File { path: PathBuf, shown: Text, ours: bool },
    /// Read and written by crontab(1).
    User,
}

impl Place {
    /// As in addresses and plans.
    pub fn name(&self) -> String {
        match self {
            Self::File { shown, .. } => shown.shown.clone(),
            Self::User => "crontab of the user".to_owned(),
        }
    }

    /// As an attribute: a path that comes from a reference may be secret.
    pub fn table(&self) -> Attr {
        match self {
            Self::File { shown, .. } => shown.to_attr(),
            Self::User => Attr::Text(self.name()),
        }
    }

    /// Whether lines have a column for the user (crontab(5), "EXAMPLE SYSTEM CRON FILE").
    pub fn has_user(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Why this user cannot write it; a path from a reference may be secret, and is not named.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::File { path, shown, .. } if !shown.is_referenced() => writable::refusal(target(path).parent()?),
            Self::File { .. } | Self::User => None,
        }
    }

    /// Why cron passes over a file of its folder, and what to do: it takes only names of certain characters, and only what nobody but
    /// root can have written (cron(8), "DEBIAN SPECIFIC"). A file elsewhere is read by who knows what.
    pub fn passed_over(&self, system_folder: &Path) -> Option<(&'static str, String)> {
        let Self::File { path, shown, .. } = self else { return None };
        let name = path.file_name().filter(|_| path.parent() == Some(system_folder))?;
        if !name.to_string_lossy().chars().all(|sign| sign.is_ascii_alphanumeric() || "-_".contains(sign)) {
            return Some((
                "its name has other characters than letters, digits, `_` and `-`",
                "Give the file another name.".to_owned(),
            ));
        }
        let meta = std::fs::metadata(path).ok()?;
        if meta.uid() != 0 {
            return Some(("it is not root's", format!("Make it so: chown root {}", shown.shown)));
        }
        let help = format!("Make it so that only root can write it: chmod go-w {}", shown.shown);
        (meta.mode() & 0o022 != 0).then_some(("others than root can write it", help))
    }

    /// The bytes; empty where there is none.
    pub async fn read(&self, crontab: &str) -> Result<Vec<u8>, ProviderError> {
        match self {
            Self::File { path, shown, .. } => {
                let from = path.clone();
                blocking("read", &shown.shown, move || disk::read(&from)).await.map(Option::unwrap_or_default)
            }
            Self::User => {
                let said = run(crontab, &["-l"], None).await?;
                // Having no crontab is told as a failure, in words (crontab(1) of Debian and cronie alike).
                if !said.success && said.stderr.contains("no crontab for") {
                    return Ok(Vec::new());
                }
                said.or_failed("read", "the crontab of the user")
            }
        }
    }

    /// Replaces it as a whole.
    pub async fn write(&self, crontab: &str, text: &[u8]) -> Result<(), ProviderError> {
        match self {
            Self::File { path, shown, ours } => {
                let (to, text, remove) = (path.clone(), text.to_owned(), *ours && text.is_empty());
                blocking(
                    "write",
                    &shown.shown,
                    move || if remove { disk::remove(&to) } else { disk::replace(&target(&to), &text) },
                )
                .await
            }
            // crontab(1) checks what it is given, and keeps the old table where that is wrong.
            Self::User if text.is_empty() => {
                run(crontab, &["-r"], None).await?.or_failed("remove", "the crontab of the user").map(|_| ())
            }
            Self::User => run(crontab, &["-"], Some(text)).await?.or_failed("write", "the crontab of the user").map(|_| ()),
        }
    }
}

/// What a link leads to: the file is replaced, not the link.
fn target(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}
