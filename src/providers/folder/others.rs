//! Other policies whose copies lie in a folder, as their marks tell.

use std::fs;
use std::path::Path;

use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};

/// Policies that are looked for at most.
const MOST: usize = 32;

/// The policies whose marks lie in a folder, but for one, in order of their names. What cannot be read tells of none.
pub(super) fn of(folder: &Path, but: &PolicyName) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder.join(".bdr/policies")) else { return Vec::new() };
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".json")?.to_owned()));
    let mut found: Vec<String> = names.filter(|name| PolicyName::new(name).is_ok_and(|name| name != *but)).take(MOST).collect();
    found.sort();
    found
}

/// That others are at home there too.
pub(super) fn shared(others: &[String]) -> String {
    let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
    format!("the folder carries the mark of {} too: each keeps to a folder of its own in it", names.join(", "))
}

/// Who may look into a folder is said by whom it belongs to.
pub(super) fn unfit(whose: &str, mode: u32, wanted: &Attrs) -> Option<String> {
    let stands = format!("{:04o}", mode & 0o7777);
    let wanted = wanted.get("mode").and_then(Attr::as_str).filter(|wanted| *wanted != stands)?;
    Some(format!(
        "the folder is policy `{whose}`'s and has mode {stands}, and this policy wants {wanted}: state `mode: \"{stands}\"`, or name a folder of \
         its own"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mode_of_a_folder_of_somebody_else_stays() {
        let wanted = |mode: &str| Attrs::from([("mode".to_owned(), mode.into())]);
        assert_eq!(unfit("a", 0o40700, &wanted("0700")), None);
        assert!(unfit("a", 0o40755, &wanted("0700")).is_some_and(|why| why.contains("state `mode: \"0755\"`")));
    }
}
