//! Whether a source holds so much less than in the backup before that something is amiss: a disk that is not mounted looks like that.

use crate::catalog::manifest::{Issue, Origin};
use crate::units::bytes::Bytes;
use crate::units::count::count;

pub const EMPTIED: &str = "a path is empty that held files in the backup before (is its disk mounted?)";
pub const SHRUNK: &str = "a path holds a tenth or less of what it held in the backup before (is its disk mounted?)";

/// Files below which a path may shrink as it likes: a handful comes and goes.
const MANY: u64 = 20;
/// What is left where a path held so many times as many files and bytes before is too little to be believed.
const TIMES: u64 = 10;

/// What one path holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    files: u64,
    /// `None`: bdr did not write it down yet.
    bytes: Option<u64>,
}

/// Paths that held something in the backup before, and now nothing, or a tenth or less of its files and of its bytes. A person may
/// have said that this is right: then it is only told.
pub fn less(before: &Origin, now: &Origin, is_right: bool) -> Vec<Issue> {
    let (mut emptied, mut shrunk) = (issue(EMPTIED, !is_right), issue(SHRUNK, !is_right));
    for (root, is) in paths(now) {
        let Some((_, was)) = paths(before).find(|(other, _)| *other == root).filter(|(_, was)| was.files > 0) else { continue };
        if is.files == 0 {
            emptied.examples.push(format!("{root}: {} then, none now", count(was.files, "file")));
        } else if was.files >= MANY && is_tenth(is, was) {
            shrunk.examples.push(format!("{root}: {} then; {} now", told(was), told(is)));
        }
    }
    let counted = |issue: Issue| Issue { count: issue.examples.len() as u64, ..issue };
    [emptied, shrunk].into_iter().map(counted).filter(|issue| issue.count > 0).collect()
}

fn paths(origin: &Origin) -> impl Iterator<Item = (&str, Held)> {
    let bytes = origin.bytes.iter().copied().map(Some).chain(std::iter::repeat(None));
    let held = origin.held.iter().zip(bytes).map(|(files, bytes)| Held { files: *files, bytes });
    origin.roots.iter().map(String::as_str).zip(held)
}

fn is_tenth(is: Held, was: Held) -> bool {
    let fewer = |is: u64, was: u64| is.saturating_mul(TIMES) <= was;
    // Of a backup that does not tell its bytes by path the files have to do.
    let bytes = is.bytes.zip(was.bytes).is_none_or(|(is, was)| fewer(is, was));
    fewer(is.files, was.files) && bytes
}

fn told(held: Held) -> String {
    let bytes = held.bytes.map(|bytes| format!(", {}", Bytes(bytes))).unwrap_or_default();
    format!("{}{bytes}", count(held.files, "file"))
}

fn issue(what: &str, suspect: bool) -> Issue {
    Issue { what: what.to_owned(), count: 0, examples: Vec::new(), suspect }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(held: &[(u64, Option<u64>)]) -> Origin {
        Origin {
            cluster: None,
            kind: "files".to_owned(),
            host: "h".to_owned(),
            roots: (0..held.len()).map(|at| format!("/{at}")).collect(),
            held: held.iter().map(|held| held.0).collect(),
            bytes: held.iter().filter_map(|held| held.1).collect(),
        }
    }

    #[test]
    fn a_path_that_lost_nearly_all_is_not_believed() {
        let cases = [
            ((1529, Some(50_000)), (1, Some(0)), "/0: 1529 files, 48.8 KiB then; 1 file, 0 B now"),
            ((20, Some(0)), (2, Some(0)), "/0: 20 files, 0 B then; 2 files, 0 B now"),
            ((100, None), (10, Some(9)), "/0: 100 files then; 10 files, 9 B now"),
            ((5, Some(9)), (0, Some(0)), "/0: 5 files then, none now"),
            // A handful, more than a tenth of either, as much as before in fewer files, or nothing to begin with.
            ((19, Some(1_000)), (1, Some(1)), ""),
            ((100, Some(1_000)), (11, Some(1)), ""),
            ((100, Some(1_000)), (1, Some(101)), ""),
            ((0, Some(0)), (0, Some(0)), ""),
            ((100, Some(1_000)), (5_000, Some(1)), ""),
        ];
        for (was, is, told) in cases {
            for is_right in [false, true] {
                let issues = less(&origin(&[was]), &origin(&[is]), is_right);
                let examples: Vec<&str> = issues.iter().flat_map(|issue| &issue.examples).map(String::as_str).collect();
                assert_eq!(examples.join(""), told, "{was:?} {is:?}");
                assert!(issues.iter().all(|issue| issue.suspect != is_right && issue.count == 1));
            }
        }
    }

    #[test]
    fn each_path_is_held_against_itself() {
        let was = origin(&[(1_000, Some(1_000_000)), (50, Some(500))]);
        let is = origin(&[(1_000, Some(1_000_000)), (1, Some(0))]);
        let issues = less(&was, &is, false);
        assert_eq!(issues.len(), 1);
        assert_eq!(issues[0].examples, ["/1: 50 files, 500 B then; 1 file, 0 B now"]);
        let other = Origin { roots: vec!["/x".to_owned(), "/y".to_owned()], ..is };
        assert_eq!(less(&was, &other, false), []);
    }
}
