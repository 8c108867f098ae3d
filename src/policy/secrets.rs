//! Recognises secrets that were written in plain, so that they are reported and never repeated.

/// Prefixes of tokens that name their kind.
const TOKENS: [(&str, &str); 9] = [
    ("ghp_", "a GitHub token"),
    ("gho_", "a GitHub token"),
    ("ghs_", "a GitHub token"),
    ("github_pat_", "a GitHub token"),
    ("glpat-", "a GitLab token"),
    ("xoxb-", "a Slack token"),
    ("xoxp-", "a Slack token"),
    ("sk_live_", "an API key"),
    ("AGE-SECRET-KEY-1", "an age identity"),
];

/// Parts of key names whose values are secret whatever they look like.
const SECRET_KEYS: [&str; 4] = ["password", "passwd", "passphrase", "pwd"];
/// Parts of key names whose values are secret where they look random.
const RANDOM_KEYS: [&str; 7] = ["secret", "token", "api_key", "apikey", "private_key", "access_key", "credential"];

/// What kind of secret the text holds, under the key that it stands under.
pub(crate) fn suspect(key: Option<&str>, text: &str) -> Option<&'static str> {
    if let Some(kind) = key.and_then(|key| by_key(key, text)) {
        return Some(kind);
    }
    // Nothing shorter can be recognised, and almost every value is shorter.
    if text.len() < 8 {
        return None;
    }
    if has_aws_key(text) {
        return Some("an AWS access key");
    }
    if text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if has_url_password(text) {
        return Some("a password in a URL");
    }
    if has_assignment(text) {
        return Some("a password");
    }
    let token = |(prefix, _): &&(&str, &str)| text.find(prefix).is_some_and(|at| text.len() - at >= prefix.len() + 10);
    TOKENS.iter().find(token).map(|(_, kind)| *kind)
}

/// Whether a key is for credentials of AWS, by its name: those have a chain of their own.
pub(crate) fn is_aws_credential(key: &str) -> bool {
    let lower = key.get(..key.len().min(64)).unwrap_or_default().to_ascii_lowercase().replace('-', "_");
    ["access_key", "secret_key", "session_token"].iter().any(|part| lower.contains(part))
}

/// What to do about credentials of AWS in a policy.
pub(crate) const AWS_CHAIN: &str = "Remove it: credentials come from AWS's own chain (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in \
    the environment, ~/.aws/credentials, or a role), never from the policy.";

/// The byte ranges of what looks secret in the lines of a text that could not be read as YAML.
pub(crate) fn in_lines(text: &str, mut found: impl FnMut(u32, u32)) {
    let mut start = 0;
    let mut private_key = false;
    for line in text.split_inclusive('\n') {
        let (key, value) = line.split_once(": ").map_or((None, line), |(key, value)| (Some(key.trim()), value.trim()));
        private_key |= line.contains("PRIVATE KEY-----");
        if private_key || suspect(key, value).is_some() || suspect(None, line).is_some() {
            let at = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
            let offset = line.len() - line.trim_start().len();
            let offset = line.find(": ").map_or(offset, |colon| colon + 2);
            found(at(start + offset), at(start + line.trim_end().len().max(offset)));
        }
        private_key &= !line.contains("-----END");
        start += line.len();
    }
}

fn by_key(key: &str, text: &str) -> Option<&'static str> {
    if text.is_empty() || text.contains("${") || key.len() > 64 {
        return None;
    }
    let lower = key.to_ascii_lowercase().replace('-', "_");
    if SECRET_KEYS.iter().any(|part| lower.contains(part)) {
        return Some("a password");
    }
    (RANDOM_KEYS.iter().any(|part| lower.contains(part)) && is_random(text)).then_some("a secret")
}

/// Long, without blanks, and of at least three bits for each character.
fn is_random(text: &str) -> bool {
    if text.len() < 16 || text.len() > 4_096 || text.contains(char::is_whitespace) {
        return false;
    }
    let mut counts = [0_u32; 256];
    text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let all = text.len() as f64;
    let bits: f64 = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|p| -p * p.log2()).sum();
    bits >= 3.0
}

/// Access key ids of AWS: IAM user guide, "Understanding unique ID prefixes": 20 characters, `AKIA` long-lived, `ASIA` temporary.
fn has_aws_key(text: &str) -> bool {
    let of_key = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    ["AKIA", "ASIA"].iter().flat_map(|prefix| text.match_indices(prefix)).any(|(at, _)| {
        let bytes = text.as_bytes();
        let begins = at == 0 || !of_key(&bytes[at - 1]);
        begins && bytes[at..].iter().take_while(|c| of_key(c)).count() == 20
    })
}

/// `scheme://user:password@host` (RFC 3986, 3.2.1), unless the password is a reference.
fn has_url_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, mark)| {
        let rest = &text[at + mark.len()..];
        let authority = &rest[..rest.find(['/', '?', '#', ' ', '\n', '"']).unwrap_or(rest.len())];
        let user_info = authority.rsplit_once('@').map_or("", |(user_info, _)| user_info);
        user_info.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.starts_with("${"))
    })
}

fn has_assignment(text: &str) -> bool {
    if !text.contains('=') {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    ["password=", "passwd=", "pwd=", "secret=", "token=", "secret_access_key=", "api_key="].iter().any(|name| {
        lower.match_indices(name).any(|(at, _)| {
            let value = lower[at + name.len()..].trim_start();
            !value.is_empty() && !value.starts_with("${") && !value.starts_with(['&', ';', ','])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised() {
        for (key, text) in [
            (None, "AKIAIOSFODNN7EXAMPLE"),
            (None, "id ASIAIOSFODNN7EXAMPLE here"),
            (None, "postgres://app:hunter2@db/app"),
            (None, "host=db password=hunter2"),
            (None, "-----BEGIN RSA PRIVATE KEY-----\nMII"),
            (None, "ghp_0123456789abcdefABCDEF"),
            (Some("password"), "x"),
            (Some("DB-Passwd"), "hunter2"),
            (Some("secret_key"), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ] {
            assert!(suspect(key, text).is_some(), "{key:?} {text}");
        }
    }

    #[test]
    fn ordinary_values_are_not() {
        for (key, text) in [
            (None, "AKIA"),
            (None, "XAKIAIOSFODNN7EXAMPLE"),
            (None, "https://s3.example.com/path@2"),
            (None, "https://user@example.com"),
            (None, "postgres://app:${env:PW}@db/app"),
            (None, "password=${env:PW}"),
            (None, "/srv/ghp_x"),
            (Some("password"), "${file:pw}"),
            (Some("token"), "team-a"),
            (Some("secret_store"), "aaaaaaaaaaaaaaaaaaaaaaaa"),
        ] {
            assert_eq!(suspect(key, text), None, "{key:?} {text}");
        }
    }
}
