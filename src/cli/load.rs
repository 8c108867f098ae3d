//! Finds and reads the policy's files, and decides what of the outside a policy may see.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::{Context, Failure};

/// Largest policy text that is read, in bytes: far above any real one, far below what would hurt.
pub const LARGEST: u64 = 16 * 1024 * 1024;

/// What a policy may read from outside.
#[derive(Debug, Clone)]
pub enum Allow {
    /// The caller acts on the policy, or sits at a terminal.
    All,
    /// A pull request: only what the caller named.
    Only { env: BTreeSet<String>, files: BTreeSet<PathBuf>, endpoints: BTreeSet<String> },
}

impl Allow {
    /// For commands that only look (`lint`, `plan`, `graph`, `show`, …): everything at a terminal, else what was named.
    pub fn for_looking(context: &Context) -> Self {
        let named = &context.global;
        let nothing_named = named.allow_env.is_empty() && named.allow_file.is_empty() && named.allow_endpoint.is_empty();
        if nothing_named && context.terminal.stdin && context.terminal.stderr {
            return Self::All;
        }
        Self::Only {
            env: named.allow_env.iter().cloned().collect(),
            files: named.allow_file.iter().cloned().collect(),
            endpoints: named.allow_endpoint.iter().map(|url| url.trim_end_matches('/').to_owned()).collect(),
        }
    }
}

/// The policy files that `-p` names, or the default ones: files as given, folders as all their `.yaml` and `.yml` below,
/// in order of path. A hidden file or folder is not a policy.
///
/// # Errors
/// When a path cannot be read, or nothing is found.
pub fn policy_files(context: &Context) -> Result<Vec<PathBuf>, Failure> {
    let named = &context.global.policy;
    let roots = if named.is_empty() { default_roots()? } else { named.clone() };
    let mut files = Vec::new();
    for root in &roots {
        let before = files.len();
        collect(root, true, &mut files)?;
        if files.len() == before {
            return Err(Failure::new(format!("`{}` holds no policy", root.display()))
                .help("Name a file, or a folder with .yaml or .yml files; `bdr init` writes a first policy."));
        }
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

fn default_roots() -> Result<Vec<PathBuf>, Failure> {
    ["bdr.yaml", "bdr.yml", "bdr"].iter().map(PathBuf::from).find(|path| path.exists()).map(|path| vec![path]).ok_or_else(|| {
        Failure::usage("there is no policy here: neither bdr.yaml nor a folder bdr/")
            .help("Name one with -p PATH, or write a first one with `bdr init`.")
    })
}

fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("could not read `{}`: {error}", path.display()));
    let kind = std::fs::metadata(path).map_err(failed)?;
    if !kind.is_dir() {
        if named || path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml") {
            files.push(path.to_path_buf());
        }
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).and_then(|list| list.map(|entry| entry.map(|e| e.path())).collect()).map_err(failed)?;
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'));
        // A link to a folder is not entered: it could lead round in a circle.
        let link_to_folder = entry.is_symlink() && entry.is_dir();
        if !hidden && !link_to_folder {
            collect(&entry, false, files)?;
        }
    }
    Ok(())
}

/// The bytes of one policy file, at most [`LARGEST`].
///
/// # Errors
/// When it cannot be read or is larger.
pub fn read_policy_file(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let failed = |error: std::io::Error| Failure::new(format!("could not read `{}`: {error}", path.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Failure::new(format!("`{}` is larger than {} MiB: not a policy", path.display(), LARGEST >> 20)));
    }
    Ok(bytes)
}
