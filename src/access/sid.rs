//! Names of statements: each follows from the statement alone, so that one that stays as it is keeps its name whatever comes beside it.

use std::collections::BTreeMap;

use crate::rights::Grant;

/// A name for each: what it is for, and what it speaks of first. Those that would be equal all the same end in a digest of what they say.
pub(super) fn of(grants: &[Grant]) -> Vec<String> {
    let plain = |grant: &Grant| {
        let subject = grant.resources.first().map_or("", |first| subject(first));
        named(grant.sid, subject)
    };
    distinct(grants.iter().map(|grant| (plain(grant), format!("{grant:?}"))).collect())
}

/// A name of letters and digits, as IAM takes it (IAM user guide, "Sid"): what it is for, then each word of the subject.
pub fn named(purpose: &str, subject: &str) -> String {
    let words = subject.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]);
    words.fold(purpose.to_owned(), |name, word| name + &capital(word))
}

/// Names beside what each stands for, without any that stands twice.
pub fn distinct(names: Vec<(String, String)>) -> Vec<String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    names.iter().for_each(|(name, _)| *times.entry(name.clone()).or_default() += 1);
    let own = |(name, content): (String, String)| match times[&name] {
        1 => name,
        _ => format!("{name}X{}", blake3::hash(content.as_bytes()).to_hex().get(..8).unwrap_or_default()),
    };
    names.into_iter().map(own).collect()
}

/// What of an ARN tells one statement from another: a bucket, or the region of a key. Of roles there is one statement of a sort.
fn subject(arn: &str) -> &str {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, "s3", .., resource] => resource.split('/').next().unwrap_or_default(),
        ["arn", _, "kms", region, ..] => region,
        _ => "",
    }
}
