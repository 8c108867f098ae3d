//! Which entries of a folder are wanted: include and exclude globs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// A glob that does not parse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is not a glob: {why}")]
pub struct SelectError {
    pub glob: String,
    pub why: String,
}

/// Include and exclude globs. A glob without a `/` matches a name at any depth, one with a `/` the path below the root;
/// `*` stops at `/`, `**` does not (<https://docs.rs/globset>, "Syntax").
#[derive(Debug, Clone)]
pub struct Select {
    include: GlobSet,
    exclude: GlobSet,
}

/// What the globs say of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Yes, and all below it that is not excluded.
    Yes,
    /// Not itself, but something below it may be.
    Below,
    /// Neither it nor anything below it.
    No,
}

fn set(globs: &[String]) -> Result<GlobSet, SelectError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let trimmed = glob.trim_end_matches('/');
        let anywhere = !trimmed.contains('/');
        let text = if anywhere { format!("**/{trimmed}") } else { trimmed.trim_start_matches('/').to_owned() };
        let error = |error: globset::Error| SelectError { glob: glob.clone(), why: error.kind().to_string() };
        set.add(GlobBuilder::new(&text).literal_separator(true).build().map_err(error)?);
    }
    set.build().map_err(|error| SelectError { glob: globs.join(" "), why: error.to_string() })
}

impl Select {
    /// # Errors
    /// When a glob does not parse.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, SelectError> {
        Ok(Self { include: set(include)?, exclude: set(exclude)? })
    }

    /// `below` is the path below the root; `inside` tells that a folder above it is included.
    pub fn wants(&self, below: &[u8], inside: bool) -> Wanted {
        let path = Path::new(OsStr::from_bytes(below));
        if !self.exclude.is_empty() && self.exclude.is_match(path) {
            return Wanted::No;
        }
        if inside || self.include.is_empty() || self.include.is_match(path) { Wanted::Yes } else { Wanted::Below }
    }

    /// Whether everything under the roots is wanted until something excludes it.
    pub fn includes_all(&self) -> bool {
        self.include.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(include: &[&str], exclude: &[&str]) -> Select {
        let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect::<Vec<_>>();
        Select::new(&owned(include), &owned(exclude)).expect("globs")
    }

    #[test]
    fn a_glob_without_a_slash_matches_at_any_depth_and_exclude_wins() {
        let select = select(&["*.txt", "docs/**"], &["secret*", "docs/old/", "/top"]);
        for (path, wanted) in [
            ("a.txt", Wanted::Yes),
            ("x/y/a.txt", Wanted::Yes),
            ("x/y/a.bin", Wanted::Below),
            ("docs/a.bin", Wanted::Yes),
            ("docs/old", Wanted::No),
            ("docs/older", Wanted::Yes),
            ("x/secret.txt", Wanted::No),
            ("top", Wanted::No),
            ("x/top", Wanted::Below),
        ] {
            assert_eq!(select.wants(path.as_bytes(), false), wanted, "{path}");
        }
    }

    #[test]
    fn a_glob_that_does_not_parse_is_named() {
        let error = Select::new(&[], &["a[".to_owned()]).expect_err("refused");
        assert_eq!(error.glob, "a[");
    }
}
