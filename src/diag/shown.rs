//! What is shown of a text or a name that comes from somebody else: nothing in it steers a terminal or turns a line around.

/// Unicode's general category Cc, its separators of lines, and the bidirectional controls of UAX #9.
fn steers(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    turns || matches!(c, '\u{2028}' | '\u{2029}') || c.is_control()
}

/// A text without such characters. Lines are kept.
pub fn printable(text: &str) -> String {
    let plain = |c| match c {
        '\n' => c,
        '\t' => ' ',
        c if steers(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// A name as a value: what is text stays as it is, and other bytes stand there as `\xff`.
pub fn text_of(name: impl AsRef<[u8]>) -> String {
    written(name.as_ref(), |c, out| out.push(c))
}

/// A path or a name, on one line: such characters stand there as escapes (`\n`, `\u{1b}`), and bytes that are no text as `\xff`.
pub fn shown(name: impl AsRef<[u8]>) -> String {
    written(name.as_ref(), |c, out| if steers(c) { out.extend(c.escape_debug()) } else { out.push(c) })
}

fn written(name: &[u8], each: impl Fn(char, &mut String)) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        chunk.valid().chars().for_each(|c| each(c, &mut text));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_stays_readable_and_tells_what_it_hides() {
        for (name, seen) in [
            (&b"plain name's \"file\".txt"[..], "plain name's \"file\".txt"),
            (
                "u\u{308}-\u{e5}-\u{6f22}-\u{1f468}\u{200d}\u{1f469}".as_bytes(),
                "u\u{308}-\u{e5}-\u{6f22}-\u{1f468}\u{200d}\u{1f469}",
            ),
            (b"evil\x1b[2K\rnothing wrong\n", "evil\\u{1b}[2K\\rnothing wrong\\n"),
            ("a\u{202e}txt.exe\u{9b}1m\u{2028}".as_bytes(), "a\\u{202e}txt.exe\\u{9b}1m\\u{2028}"),
            (b"not \xff\xfe text", "not \\xff\\xfe text"),
        ] {
            assert_eq!(shown(name), seen);
        }
    }

    proptest! {
        #[test]
        fn nothing_shown_steers(bytes in prop::collection::vec(any::<u8>(), 0..50), text in "\\PC{0,9}[\u{0}-\u{9f}\u{2020}-\u{2070}]{0,9}") {
            for seen in [shown(&bytes), shown(&text)] {
                prop_assert!(!seen.chars().any(steers), "{seen:?}");
            }
            prop_assert!(!printable(&text).chars().any(|c| c != '\n' && steers(c)));
        }
    }

    #[test]
    fn a_name_as_a_value_loses_nothing_of_its_text() {
        assert_eq!(text_of(b"a\x1b\xff\n"), "a\u{1b}\\xff\n");
    }
}
