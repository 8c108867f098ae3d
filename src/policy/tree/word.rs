//! What an unquoted scalar means where nothing else says so: the core schema of YAML 1.2.2, section 10.3.2.

/// The meaning of an unquoted scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Word {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    /// Anything else, among it the words that only YAML 1.1 knew (`yes`, `on`, `1_000`, `12:30:00`, `010`).
    Text,
}

/// Reads an unquoted scalar.
pub fn word(text: &str) -> Word {
    // Almost all scalars are words of letters: told apart by their first byte.
    match text.as_bytes().first() {
        None => Word::Null,
        Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F') => constant(text),
        Some(b'0'..=b'9' | b'-' | b'+' | b'.') => number(text),
        Some(_) => Word::Text,
    }
}

fn constant(text: &str) -> Word {
    match text {
        "~" | "null" | "Null" | "NULL" => Word::Null,
        "true" | "True" | "TRUE" => Word::Bool(true),
        "false" | "False" | "FALSE" => Word::Bool(false),
        _ => Word::Text,
    }
}

fn number(text: &str) -> Word {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        _ => 10,
    };
    if radix != 10 {
        return whole(&digits[2..], radix, negative);
    }
    let whole_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole_digits && !digits.is_empty() {
        // A leading zero meant octal in YAML 1.1 and decimal in 1.2: it stays what was written.
        return if digits.len() > 1 && digits.starts_with('0') { Word::Text } else { whole(digits, 10, negative) };
    }
    float(text, digits, negative)
}

fn whole(digits: &str, radix: u32, negative: bool) -> Word {
    if digits.starts_with(['+', '-']) {
        return Word::Text;
    }
    match u64::from_str_radix(digits, radix) {
        Ok(value) if negative => 0_i64.checked_sub_unsigned(value).map_or(Word::Text, Word::Int),
        Ok(value) => i64::try_from(value).map_or(Word::Unsigned(value), Word::Int),
        Err(_) => Word::Text,
    }
}

fn float(text: &str, unsigned: &str, negative: bool) -> Word {
    match unsigned {
        ".inf" | ".Inf" | ".INF" => return Word::Float(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        ".nan" | ".NaN" | ".NAN" if unsigned.len() == text.len() => return Word::Float(f64::NAN),
        _ => {}
    }
    let digits = unsigned.trim_start_matches(|c: char| c.is_ascii_digit());
    let shape = unsigned.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    let zeros = unsigned.len() - digits.len() > 1 && unsigned.starts_with('0');
    match text.parse::<f64>() {
        Ok(value) if shape && !zeros && value.is_finite() => Word::Float(value),
        _ => Word::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_core_schema_is_understood() {
        for (text, meaning) in [
            ("", Word::Null),
            ("~", Word::Null),
            ("Null", Word::Null),
            ("true", Word::Bool(true)),
            ("FALSE", Word::Bool(false)),
            ("0", Word::Int(0)),
            ("-12", Word::Int(-12)),
            ("+7", Word::Int(7)),
            ("0o7", Word::Int(7)),
            ("0x1F", Word::Int(31)),
            ("18446744073709551615", Word::Unsigned(u64::MAX)),
            ("1.5", Word::Float(1.5)),
            ("1e3", Word::Float(1000.0)),
            ("-.inf", Word::Float(f64::NEG_INFINITY)),
        ] {
            assert_eq!(word(text), meaning, "{text}");
        }
    }

    #[test]
    fn words_of_other_versions_stay_text() {
        let texts = "no on yes off y n 010 1_000 12:30:00 2024-01-01 0x 0o9 0b1 nULL tRUE +-1 - . .. 1.2.3 e3 infinity nan \
                     99999999999999999999999 0x+1 00.5 -";
        for text in texts.split_whitespace() {
            assert_eq!(word(text), Word::Text, "{text}");
        }
    }
}
