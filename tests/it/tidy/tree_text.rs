//! The repository's files as text, with the paths that people know them by.

use std::fs;
use std::path::{Path, PathBuf};

use super::rust_text;

/// One Rust file: as written, and with comments and literals blanked out.
#[derive(Clone)]
pub struct SourceFile {
    /// From the root of the repository, with `/`.
    pub path: String,
    pub text: String,
    /// Same length and lines as `text`; comments, strings and characters are spaces.
    pub code: String,
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below the folders, sorted by path.
pub fn rust_files(folders: &[&str]) -> Vec<SourceFile> {
    let mut found = Vec::new();
    for folder in folders {
        walk(&root().join(folder), &mut found);
    }
    found.retain(|path| path.extension().is_some_and(|ext| ext == "rs"));
    found.sort();
    found.iter().map(|path| source_file(path)).collect()
}

/// Every file that is ours and is text, sorted by path: what git would hand out but for what it ignores.
pub fn text_files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.sort();
    found.iter().filter_map(|path| Some((relative(path), fs::read_to_string(path).ok()?))).collect()
}

fn source_file(path: &Path) -> SourceFile {
    let text = fs::read_to_string(path).unwrap();
    SourceFile { path: relative(path), code: rust_text::blank_literals(&text), text }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !path.is_symlink() {
            let ours = !matches!(name.as_str(), "target" | ".git" | ".servers" | "corpus" | "artifacts");
            if ours {
                walk(&path, found);
            }
        } else if path.is_file() && name != ".git" {
            found.push(path);
        }
    }
}
