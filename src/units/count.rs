//! Counted things in words: `1 backup`, `2 backups`.

/// The number with its noun, in the plural where it is not one. The noun is one that takes an `s`, or ends in `y`.
pub fn count(number: u64, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

/// The same for the length of a collection.
pub fn counted(number: usize, noun: &str) -> String {
    count(number as u64, noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_everything_else_plural() {
        assert_eq!(count(1, "backup"), "1 backup");
        assert_eq!(count(0, "backup"), "0 backups");
        assert_eq!(count(2, "entry"), "2 entries");
        assert_eq!(count(1, "entry"), "1 entry");
    }
}
