//! The floors that `scripts/bench` compares bdr with: the least that any program has to do for the same question.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on ends, and says where")]
#![expect(clippy::print_stdout, reason = "what was counted is the result")]

mod record;
mod replay;
mod sdk;
mod throttle;

use std::fs;
use std::path::{Path, PathBuf};

use granit_parser::Parser;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["parse", folder] => println!("{} events", parse(Path::new(folder))),
        ["walk", folder] => println!("{} entries", walk(Path::new(folder))),
        ["record", upstream, file] => record::record(upstream, Path::new(file)),
        ["throttle", upstream, rate, file] => throttle::throttle(upstream, rate.parse().unwrap(), Path::new(file)),
        ["replay", upstream, file, workers] => println!("{} answers", replay::replay(upstream, file, workers.parse().unwrap())),
        ["ask", upstream, file, workers] => println!("{} answers", sdk::ask(upstream, file, workers.parse().unwrap())),
        _ => println!(
            "usage: floor parse|walk FOLDER | record ADDRESS FILE | throttle ADDRESS RATE FILE | replay|ask ADDRESS FILE WORKERS"
        ),
    }
}

/// Reads every YAML file of a folder and goes through its events, keeping nothing.
fn parse(folder: &Path) -> usize {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "yaml"));
    files.sort();
    files.iter().map(|path| Parser::new_from_str(&fs::read_to_string(path).unwrap()).map(Result::unwrap).count()).sum()
}

/// Visits every entry below a folder and asks for its metadata.
fn walk(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        count += 1;
        if metadata.is_dir() {
            count += walk(&path);
        }
    }
    count
}
