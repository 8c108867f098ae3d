//! Forms of secrets: what is one wherever it stands, and `name=value` or `name: value` in running text.

use std::ops::Range;

use super::names::{is_plain, reference, says_secret};
use super::{Kind, Secret};

/// A token that names its kind by how it begins.
#[derive(Debug)]
pub(super) struct Token {
    pub prefix: &'static str,
    /// Least bytes behind the prefix.
    least: usize,
    pub told: &'static str,
}

const fn token(prefix: &'static str, least: usize, told: &'static str) -> Token {
    Token { prefix, least, told }
}

/// From the pages of those who issue them.
pub(super) const TOKENS: [Token; 23] = [
    token("ghp_", 10, "a GitHub token"),
    token("gho_", 10, "a GitHub token"),
    token("ghs_", 10, "a GitHub token"),
    token("ghu_", 10, "a GitHub token"),
    token("ghr_", 10, "a GitHub token"),
    token("github_pat_", 10, "a GitHub token"),
    token("glpat-", 10, "a GitLab token"),
    token("xoxb-", 10, "a Slack token"),
    token("xoxp-", 10, "a Slack token"),
    token("xoxa-", 10, "a Slack token"),
    token("xoxr-", 10, "a Slack token"),
    token("xoxs-", 10, "a Slack token"),
    token("xapp-", 20, "a Slack token"),
    token("https://hooks.slack.com/services/", 10, "the address of a Slack webhook"),
    token("sk_live_", 10, "an API key"),
    token("rk_live_", 10, "an API key"),
    token("AIza", 30, "an API key"),
    token("hvs.", 20, "a Vault token"),
    token("dop_v1_", 20, "a DigitalOcean token"),
    token("pypi-AgE", 20, "a PyPI token"),
    token("AGE-SECRET-KEY-1", 10, "an age identity"),
    token("eyJ", 20, "a JSON web token"),
    token("Bearer ", 16, "a bearer token"),
];

const PRIVATE_KEY: &str = "PRIVATE KEY-----";
const END: &str = "-----END";

/// Whether a text holds something of such a form, alone or among other text.
pub(crate) fn has_form(text: &str) -> bool {
    kind_of(text).is_some()
}

/// The kind of the first secret that a value holds.
pub(super) fn kind_of(text: &str) -> Option<Kind> {
    let mut first = None;
    each(text, |_, kind| first = first.or(Some(kind)));
    if first.is_none() {
        pairs(text, |pair| first = first.or(Some(pair.kind).filter(|_| pair.clear)));
    }
    first
}

/// All secrets of a running text, such as a comment, that begins at a byte.
pub(super) fn in_prose(text: &str, begins: usize, secrets: &mut Vec<Secret>, around: &mut Vec<Secret>) {
    let from = |at: Range<usize>| begins + at.start..begins + at.end;
    each(text, |at, kind| secrets.push(Secret::new(from(at), kind)));
    pairs(text, |pair| {
        let rest = pair.value.start..text.trim_end().len();
        // The value may go on: a second word, a list, a mapping.
        if !pair.clear || pair.value.end < rest.end {
            around.push(Secret::new(from(rest), Kind::Quiet));
        }
        if pair.clear {
            secrets.push(Secret::new(from(pair.value), pair.kind));
        }
    });
}

/// Whether a private key goes on behind this line, where `open` says whether one was there before it.
pub(super) fn leaves_key_open(line: &str, open: bool) -> bool {
    (open || line.contains(PRIVATE_KEY)) && !line.contains(END)
}

/// The bytes and the kind of each secret that is told by its form alone.
pub(super) fn each(text: &str, mut found: impl FnMut(Range<usize>, Kind)) {
    // Nothing shorter can be recognised, and almost every value is shorter.
    if text.len() < 8 {
        return;
    }
    aws_keys(text, &mut found);
    if let Some(at) = text.find(PRIVATE_KEY) {
        let start = text[..at].rfind("-----BEGIN").unwrap_or(0);
        let end = text[at..].rfind(END).map_or(text.len(), |end| at + end);
        found(start..end, Kind::PrivateKey);
    }
    url_passwords(text, &mut found);
    for (number, token) in TOKENS.iter().enumerate() {
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-./+=".contains(byte);
        for (at, prefix) in text.match_indices(token.prefix) {
            let length = text.as_bytes()[at + prefix.len()..].iter().take_while(|byte| part(byte)).count();
            let whole = at..at + prefix.len() + length;
            let begins = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            // Any base64 of `{"` begins like a web token, but only that has a dot and another such part.
            if begins && length >= token.least && (*prefix != *"eyJ" || text[whole.clone()].contains(".eyJ")) {
                found(whole, Kind::Token(u8::try_from(number).unwrap_or_default()));
            }
        }
    }
}

/// Access key ids of AWS: IAM user guide, "Understanding unique ID prefixes": 20 characters, `AKIA` long-lived, `ASIA` temporary.
fn aws_keys(text: &str, found: &mut impl FnMut(Range<usize>, Kind)) {
    let of_key = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    for (at, _) in ["AKIA", "ASIA"].iter().flat_map(|prefix| text.match_indices(prefix)) {
        let bytes = text.as_bytes();
        let begins = at == 0 || !of_key(&bytes[at - 1]);
        if begins && bytes[at..].iter().take_while(|c| of_key(c)).count() == 20 {
            found(at..at + 20, Kind::AwsKey);
        }
    }
}

/// `scheme://user:password@host` (RFC 3986, 3.2.1), unless the password is a reference.
fn url_passwords(text: &str, found: &mut impl FnMut(Range<usize>, Kind)) {
    for (at, mark) in text.match_indices("://") {
        let start = at + mark.len();
        let rest = &text[start..];
        let authority = &rest[..rest.find(['/', '?', '#', ' ', '\n', '"']).unwrap_or(rest.len())];
        let user_info = authority.rsplit_once('@').map_or("", |(user_info, _)| user_info);
        if let Some((user, password)) = user_info.split_once(':')
            && !password.is_empty()
            && !password.starts_with("${")
        {
            let start = start + user.len() + 1;
            found(start..start + password.len(), Kind::PasswordInUrl);
        }
    }
}

/// `name=value` or `name: value`, where the name says secret.
struct Pair {
    value: Range<usize>,
    kind: Kind,
    /// Not just prose: a quoted or single word, one of letters and digits, or no blank around the `=`.
    clear: bool,
}

/// The pairs of a running text whose names say secret and whose values are there.
fn pairs(text: &str, mut found: impl FnMut(Pair)) {
    let mut done = 0;
    for (at, sign) in text.match_indices([':', '=']) {
        let (before, after) = (&text[..at], &text[at + 1..]);
        if at < done || (sign == ":" && !after.starts_with([' ', '\t', '"', '\''])) {
            continue;
        }
        let Some(kind) = says_secret(name_before(before)) else { continue };
        let value = after.trim_start();
        let quote = value.starts_with(['"', '\'', '`']).then(|| value.as_bytes()[0]);
        let start = text.len() - value.len() + usize::from(quote.is_some());
        let inside = &text[start..];
        // What follows a reference at once belongs to it.
        let from = reference(inside).map_or(0, str::len);
        let ends = |c: char| c.is_whitespace() || "&;,\"'`".contains(c);
        let length = match quote {
            Some(quote) => inside.bytes().position(|byte| byte == quote).unwrap_or(inside.len()),
            None => inside[from..].find(ends).map_or(inside.len(), |end| from + end),
        };
        let signs: &[char] = if quote.is_some() { &[] } else { &['.', ')', ']', '}', '!', '?'] };
        let length = from.max(inside[..length].trim_end_matches(signs).len());
        let word = &inside[..length];
        let opens = inside.starts_with(['[', '{', '!', '&', '|', '>', '-']);
        if !(is_plain(word) || (opens && is_plain(inside))) {
            continue;
        }
        let alone = !inside[length..].contains(char::is_alphanumeric);
        let tight = sign == "=" && after.len() == value.len() && !before.ends_with(' ');
        let mixed = word.len() > 5 && word.contains(|c: char| c.is_ascii_digit()) && word.contains(char::is_alphabetic);
        done = start + length;
        let clear = is_plain(word) && !opens && (quote.is_some() || alone || tight || mixed);
        found(Pair { value: start..done, kind, clear });
    }
}

/// The word that a text ends in, quotes and blanks behind it aside.
pub(super) fn name_before(text: &str) -> &str {
    let text = text.trim_end().trim_end_matches(['"', '\'', '`']);
    let start = text
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    &text[start..]
}
