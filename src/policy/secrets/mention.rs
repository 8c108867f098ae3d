//! Whether a text can hold a secret at all: most policies hold none, and need not be gone through a second time.

/// What every secret that is known comes with, in its name, its form, or the escapes that hide them, in lower case.
const SIGNS: [&str; 32] = [
    "pass",
    "pw",
    "secret",
    "token",
    "key",
    "cred",
    "authoriz",
    "bearer ",
    "://",
    "\\",
    "akia",
    "asia",
    "aiza",
    "eyj",
    "hvs.",
    "dop_v1_",
    "sk_live_",
    "rk_live_",
    "pypi-",
    "glpat-",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "xapp-",
];

/// By the first byte of a sign: the bytes that may come second, as bits. Two bytes tell of nearly every place in a text that no sign
/// begins there.
const SECOND: [u128; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < SIGNS.len() {
        let sign = SIGNS[at].as_bytes();
        let seconds =
            if sign.len() > 1 { bit(sign[1].to_ascii_lowercase()) | bit(sign[1].to_ascii_uppercase()) } else { u128::MAX };
        table[sign[0].to_ascii_lowercase() as usize] |= seconds;
        table[sign[0].to_ascii_uppercase() as usize] |= seconds;
        at += 1;
    }
    table
};

const fn bit(byte: u8) -> u128 {
    assert!(byte.is_ascii(), "signs are ASCII");
    1 << byte
}

pub(super) fn any(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins =
        |at: usize, sign: &str| bytes.get(at..at + sign.len()).is_some_and(|part| part.eq_ignore_ascii_case(sign.as_bytes()));
    let sign_at = |at: usize| SIGNS.iter().any(|sign| begins(at, sign));
    // What is no ASCII counts as 127, which follows a sign of one byte alone.
    let may_begin = |first: u8, second: u8| SECOND[usize::from(first)] >> second.min(127) & 1 == 1;
    let ends_in_one = bytes.len().checked_sub(1).is_some_and(sign_at);
    ends_in_one || bytes.windows(2).enumerate().any(|(at, pair)| may_begin(pair[0], pair[1]) && sign_at(at))
}
