//! Whether a text can hold a secret at all: most policies hold none, and need not be gone through a second time.

/// What every secret that is known comes with, in its name, its form, or the escapes that hide them, by the first byte in lower case.
fn signs(first: u8) -> &'static [&'static [u8]] {
    match first {
        b'p' => &[b"pass", b"pw", b"pypi-"],
        b's' => &[b"secret", b"sk_live_"],
        b't' => &[b"token"],
        b'k' => &[b"key"],
        b'c' => &[b"cred"],
        b'a' => &[b"akia", b"asia", b"authoriz", b"aiza"],
        b'g' => &[b"ghp_", b"gho_", b"ghs_", b"ghu_", b"ghr_", b"github_pat", b"glpat-"],
        b'x' => &[b"xoxb-", b"xoxp-", b"xoxa-", b"xoxr-", b"xoxs-", b"xapp-"],
        b'h' => &[b"hvs."],
        b'd' => &[b"dop_v1_"],
        b'r' => &[b"rk_live_"],
        b'e' => &[b"eyj"],
        b'b' => &[b"bearer "],
        b':' => &[b"://"],
        b'\\' => &[b"\\"],
        _ => &[],
    }
}

pub(super) fn any(text: &str) -> bool {
    let bytes = text.as_bytes();
    let begins = |at: usize, sign: &[u8]| bytes.get(at..at + sign.len()).is_some_and(|part| part.eq_ignore_ascii_case(sign));
    bytes.iter().enumerate().any(|(at, byte)| signs(byte.to_ascii_lowercase()).iter().any(|sign| begins(at, sign)))
}
