//! What is restored never mixes with the backups: no target lies in the folder of a store.

use std::path::{Component, Path, PathBuf};

use crate::cli::Failure;
use crate::cli::restore::Args;
use crate::policy::{Backend, Policy};

/// # Errors
/// When the target lies in a folder that holds backups, or `--delete-extra` would remove such a folder.
pub fn apart(args: &Args, policy: &Policy) -> Result<(), Failure> {
    let target = real(&args.to);
    let spaces = args.tablespace.iter().filter_map(|option| Some(Path::new(option.split_once('=')?.1)));
    for (name, spec) in &policy.stores {
        let Backend::Folder(folder) = &spec.backend else { continue };
        let store = real(Path::new(folder.path.expose()));
        if let Some(within) = std::iter::once(&*args.to).chain(spaces.clone()).find(|folder| real(folder).starts_with(&store)) {
            let shown = within.display();
            return Err(Failure::new(format!("`{shown}` lies in the folder of store `{name}`, and nothing was restored"))
                .cause("what is restored there would mix with the backups")
                .help("Name a folder outside of every store."));
        }
        let shown = args.to.display();
        if args.delete_extra && store.starts_with(&target) {
            return Err(Failure::new(format!("the folder of store `{name}` lies in `{shown}`, and nothing was restored"))
                .cause("`--delete-extra` would remove the backups in it")
                .help("Name another folder, or leave `--delete-extra` away."));
        }
    }
    Ok(())
}

/// The path without symbolic links and `..`, as far as it exists; what does not exist yet is taken as it is written.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let Some((above, mut real)) = existing else { return path };
    for part in path.strip_prefix(above).unwrap_or(Path::new("")).components() {
        match part {
            Component::ParentDir => _ = real.pop(),
            other => real.push(other),
        }
    }
    real
}
