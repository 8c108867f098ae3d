//! How a diagnostic repeats what the policy says: short, without control characters, and never a secret.

use crate::diag::shown;
use crate::policy::secrets;

/// Most characters of a value that are repeated.
const LONGEST: usize = 60;
/// What stands for a secret.
pub(crate) const HIDDEN: &str = "(hidden)";

/// The value in backquotes; cut where it is long, hidden where it looks like a secret.
pub(crate) fn quote(text: &str) -> String {
    if text == HIDDEN || secrets::has_form(text) { HIDDEN.to_owned() } else { format!("`{}`", bare(text)) }
}

/// The same without backquotes, for a command to type; only for names that cannot be secret.
pub(crate) fn bare(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => shown(&text[..end]) + "…",
        None => shown(text),
    }
}

/// The known word nearest to what was written, if it is near enough to be meant.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if written.len() > 64 {
        return None;
    }
    let lower = written.to_lowercase();
    let close = |word: &&str| {
        let letters = strsim::damerau_levenshtein(&lower, &word.to_lowercase());
        (letters, (letters <= written.chars().count().div_ceil(3)) || (lower.len() >= 3 && word.starts_with(&lower)))
    };
    known
        .into_iter()
        .map(|word| (close(&word), word))
        .filter(|((_, near), _)| *near)
        .min_by_key(|((letters, _), _)| *letters)
        .map(|(_, word)| word)
}

/// "Did you mean …?" where something near exists, else the list of what is known.
pub(crate) fn suggest<'a>(written: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    suggest_free(written, known.clone(), known)
}

/// The same where only those that are `free` can have been meant.
pub(crate) fn suggest_free<'a>(
    written: &str,
    free: impl IntoIterator<Item = &'a str>,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    if let Some(word) = nearest(written, free) {
        return Some(format!("Did you mean `{word}`?"));
    }
    let known: Vec<&str> = known.into_iter().collect();
    if let Some(word) = nearest(written, known.iter().copied()) {
        return Some(format!("Did you mean `{word}`? That is given already: put both into one."));
    }
    let all: Vec<String> = known.into_iter().map(|word| format!("`{word}`")).collect();
    match all.len() {
        0 => None,
        1..=16 => Some(format!("Known here: {}.", all.join(", "))),
        more => Some(format!("Known here: {}, and {} more.", all[..12].join(", "), more - 12)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_short_and_harmless() {
        assert_eq!(quote("eu-nort-1"), "`eu-nort-1`");
        assert_eq!(quote("a\u{1b}[31m"), "`a\\u{1b}[31m`");
        assert_eq!(quote(&"x".repeat(100)).chars().count(), 63);
        assert_eq!(quote("AKIAIOSFODNN7EXAMPLE"), "(hidden)");
    }

    #[test]
    fn near_words_are_suggested_and_far_ones_listed() {
        assert_eq!(suggest("regoin", ["bucket", "region"]).as_deref(), Some("Did you mean `region`?"));
        assert_eq!(suggest("colour", ["bucket", "region"]).as_deref(), Some("Known here: `bucket`, `region`."));
        let taken = suggest_free("storess", ["name"], ["name", "stores"]);
        assert_eq!(taken.as_deref(), Some("Did you mean `stores`? That is given already: put both into one."));
        assert_eq!(suggest("x", []), None);
        assert_eq!(nearest(&"x".repeat(100_000), ["bucket"]), None);
    }
}
