//! Cases as data: `tests/cases/**.md`, each a sentence of intent and fenced blocks of what goes in and what comes out.
//!
//! ````text
//! # A store that nothing uses is found.
//!
//! ```yaml policy
//! version: 1
//! …
//! ```
//!
//! ```text findings
//! warning[BDR-L005]: …
//! ```
//! ````
//!
//! A block's info string is a language, what the block is, and for several of one kind a file name (`yaml policy b.yaml`).
//! What comes out is compared to the letter; `BDR_BLESS=1` writes it anew, to be read before it is committed. Adding a kind of
//! output is a file in `cases/` and a line in [`OUTPUTS`]; adding a folder of cases is a line in [`FOLDERS`].

pub mod case;
mod findings;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use case::{Block, Case};

pub use findings::NOW;

use crate::tidy::root;

/// Folders below `tests/cases`.
const FOLDERS: &[&str] = &["lint"];

/// Kinds of blocks that go in.
const INPUTS: &[&str] = &["yaml policy"];

/// Makes the text of a block that comes out.
type Make = fn(&Case) -> String;

/// Kinds of blocks that come out, and what makes them.
const OUTPUTS: &[(&str, Make)] = &[("text findings", findings::findings)];

#[test]
fn what_comes_out_is_what_the_cases_say() {
    let bless = std::env::var_os("BDR_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in files() {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let text = fs::read_to_string(&path).unwrap();
        match check(&Case::parse(&text)) {
            Err(problem) => wrong.push(format!("{name}: {problem}")),
            Ok(fresh) if fresh == text => {}
            Ok(fresh) if bless => fs::write(&path, fresh).unwrap(),
            Ok(fresh) => wrong.push(format!("{name}:\n{}", difference(&text, &fresh))),
        }
    }
    let how = "BDR_BLESS=1 cargo test --test it cases:: writes them anew; read the difference before you commit it";
    assert!(wrong.is_empty(), "{} cases differ. {how}\n\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_folder_of_cases_is_listed_and_holds_some() {
    let there: BTreeSet<String> = fs::read_dir(root().join("tests/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let listed: BTreeSet<String> = FOLDERS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(there, listed, "FOLDERS in tests/it/cases.rs lists each folder of tests/cases");
    for folder in FOLDERS {
        assert!(files().iter().any(|path| path.starts_with(root().join("tests/cases").join(folder))), "{folder} holds no case");
    }
}

/// The case with its outputs made anew.
fn check(case: &Case) -> Result<String, String> {
    if case.intent.is_empty() {
        return Err("it begins with a heading that says what it shows".to_owned());
    }
    let mut outputs = 0;
    let mut fresh = Vec::new();
    for block in &case.blocks {
        let made = OUTPUTS.iter().find(|(kind, _)| *kind == block.kind).map(|(_, make)| make(case));
        if made.is_none() && !INPUTS.contains(&block.kind.as_str()) {
            let known: Vec<&str> = INPUTS.iter().copied().chain(OUTPUTS.iter().map(|(kind, _)| *kind)).collect();
            return Err(format!("line {}: `{}` is no kind of block; known: {}", block.line, block.kind, known.join(", ")));
        }
        outputs += usize::from(made.is_some());
        fresh.push(made.map_or_else(|| block.clone(), |text| Block { text, ..block.clone() }));
    }
    if outputs == 0 {
        return Err("no block says what comes out".to_owned());
    }
    Ok(case.with(&fresh))
}

/// All case files, in order.
pub fn files() -> Vec<PathBuf> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else {
                assert!(path.extension().is_some_and(|ext| ext == "md"), "{}: only cases lie here", path.display());
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join("tests/cases"), &mut found);
    found.sort();
    found
}

fn difference(old: &str, new: &str) -> String {
    similar::TextDiff::from_lines(old, new).unified_diff().context_radius(2).to_string()
}
