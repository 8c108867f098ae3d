//! Words of a command line, as `/bin/sh` reads them.

/// A word that the shell takes as it is.
pub fn word(word: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "/-_.,:=+@%".contains(sign);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_word_ends_it() {
        assert_eq!(
            ["/usr/bin/bdr", "a b", "", "it's", "$(x)"].map(word),
            ["/usr/bin/bdr", "'a b'", "''", "'it'\\''s'", "'$(x)'"]
        );
    }
}
