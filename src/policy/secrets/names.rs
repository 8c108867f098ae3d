//! Names that say that what stands under them is secret.

use super::Kind;

/// What names of passwords contain, once `_`, `-` and blanks are left out.
pub(super) const ANYWHERE: [&str; 5] = ["password", "passwd", "passphrase", "passcode", "pwd"];
/// What names of other secrets end in: a `client_secret` is one, a `secret_store` is a store.
pub(super) const AT_END: [&str; 10] =
    ["secret", "token", "apikey", "accesskey", "secretkey", "privatekey", "signingkey", "authkey", "credential", "authorization"];
/// Last words of names; a `compass` ends in one of them and is none.
pub(super) const LAST_WORD: [(&str, Kind); 4] =
    [("pass", Kind::Password), ("pw", Kind::Password), ("cred", Kind::Secret), ("creds", Kind::Secret)];
/// What names contain whose values are secret where they look random.
pub(super) const IF_RANDOM: [&str; 7] = ["secret", "token", "api_key", "apikey", "private_key", "access_key", "credential"];

/// Longer names say nothing: nobody wrote them.
const LONGEST: usize = 64;

/// What kind of secret stands under a name, whatever it looks like.
pub(super) fn says_secret(name: &str) -> Option<Kind> {
    if name.len() > LONGEST {
        return None;
    }
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || !c.is_ascii_alphanumeric());
    let joined: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if ANYWHERE.iter().any(|part| joined.contains(part)) {
        return Some(Kind::Password);
    }
    let one = joined.strip_suffix('s').unwrap_or(&joined);
    if AT_END.iter().any(|end| one.ends_with(end)) {
        return Some(Kind::Secret);
    }
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(name);
    // `dbPass` is two words, `PASS` one.
    let hump = last.rfind(|c: char| c.is_ascii_uppercase()).filter(|at| last[..*at].contains(|c: char| c.is_ascii_lowercase()));
    let last = last[hump.unwrap_or(0)..].to_ascii_lowercase();
    LAST_WORD.iter().find(|(word, _)| *word == last).map(|(_, kind)| *kind)
}

/// Whether a value is secret because its name allows it and it looks random.
pub(super) fn is_random_under(name: &str, value: &str) -> bool {
    let lower = || name.to_ascii_lowercase().replace('-', "_");
    is_random(value) && name.len() <= LONGEST && IF_RANDOM.iter().any(|part| lower().contains(part))
}

/// Whether a key is for credentials of AWS, by its name: those have a chain of their own.
pub(crate) fn is_aws_credential(key: &str) -> bool {
    let lower = key.get(..key.len().min(LONGEST)).unwrap_or_default().to_ascii_lowercase().replace('-', "_");
    ["access_key", "secret_key", "session_token"].iter().any(|part| lower.contains(part))
}

/// What to do about credentials of AWS in a policy.
pub(crate) const AWS_CHAIN: &str = "Remove it: credentials come from AWS's own chain (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in \
    the environment, ~/.aws/credentials, or a role), never from the policy.";

/// Whether something is written in plain, beside references and the name of a scheme (RFC 9110, 11.6.2).
pub(super) fn is_plain(value: &str) -> bool {
    let mut rest = value.trim_start();
    for scheme in ["Bearer ", "Basic ", "Token "] {
        rest = rest.strip_prefix(scheme).filter(|rest| rest.trim_start().starts_with("${")).unwrap_or(rest);
    }
    loop {
        // `$${` stands for the characters `${`.
        match rest.find("${").filter(|at| !rest[..*at].ends_with('$')) {
            Some(at) if !has_letters(&rest[..at]) => match reference(&rest[at..]) {
                Some(reference) => rest = &rest[at + reference.len()..],
                None => return true,
            },
            _ => return has_letters(rest),
        }
    }
}

/// The reference that a text begins with.
pub(super) fn reference(text: &str) -> Option<&str> {
    let reference = &text[..=text.find('}')?];
    let inside = reference.strip_prefix("${")?;
    (!inside.contains(|c: char| c.is_whitespace() || "{,\"'".contains(c))).then_some(reference)
}

/// What has neither letter nor digit is no secret that could be guessed from it.
fn has_letters(text: &str) -> bool {
    text.contains(char::is_alphanumeric)
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
