//! The architecture as ordinary tests: what `ARCHITECTURE.md` says is absent, is shown to be absent here.
//!
//! Every check collects all breaches and names `file:line`, what is wrong, and what to do instead.

mod budget;
mod hints;
mod layers;
mod listed;
mod purity;
mod rust_text;
mod tree_text;
mod wording;

use tree_text::SourceFile;
pub use tree_text::root;

/// One breach of a rule of the house.
struct Breach {
    place: String,
    text: String,
}

impl Breach {
    fn at(file: &SourceFile, line: usize, text: impl Into<String>) -> Self {
        Self { place: format!("{}:{line}", file.path), text: text.into() }
    }
}

/// Fails with every breach on a line of its own.
#[track_caller]
fn assert_tidy(mut breaches: Vec<Breach>) {
    breaches.sort_by(|a, b| a.place.cmp(&b.place));
    let lines: Vec<String> = breaches.iter().map(|breach| format!("{}: {}", breach.place, breach.text)).collect();
    assert!(lines.is_empty(), "{} to mend:\n{}", lines.len(), lines.join("\n"));
}
