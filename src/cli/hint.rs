//! What several commands say in the same words.

use std::fmt::Display;

use crate::cli::Failure;

/// Offers the name that was probably meant.
pub fn did_you_mean(near: impl Display) -> String {
    format!("Did you mean `{near}`?")
}

/// A question without anybody to answer it.
pub fn nobody_to_ask(way_out: impl Into<String>) -> Failure {
    Failure::usage("there is no terminal to ask on").help(way_out)
}

/// A signal ended the reading of something.
pub fn reading_stopped(what: impl Display) -> Failure {
    Failure::new(format!("reading {what} was stopped")).help("Nothing was changed.")
}

/// Something that could not be written: stdout, or the path of a file in backquotes.
pub fn unwritten(what: impl Display, error: &std::io::Error) -> Failure {
    Failure::new(format!("could not write {what}: {error}"))
}

/// Where policies are looked for.
pub fn name_a_policy() -> &'static str {
    "Name a file, or a folder with .yaml or .yml files; `bdr init` writes a first policy."
}

/// A file is there that was not to be replaced.
pub fn there_already(path: &std::path::Path) -> Failure {
    let failure = Failure::usage(format!("`{}` is there already", path.display()));
    failure.help("Name another file with --out, or replace it with --force.")
}
