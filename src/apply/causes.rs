//! Why reads gave nothing, each cause once: what one place refuses for one reason is one thing to tell.

use std::collections::BTreeMap;

use crate::address::ResourceId;
use crate::plan::Unread;
use crate::provider::ProviderError;

/// Why a read gave nothing.
pub struct Failure {
    /// `could not read the tags of s3://bucket`.
    pub attempt: String,
    /// In the outside's own words; empty: it was not asked, since its place is down.
    pub reason: String,
    pub help: Option<String>,
    /// What lies in the same place would fail for the same reason.
    pub down: bool,
}

impl Failure {
    /// Its place is known to be down.
    pub fn unasked() -> Self {
        Self { attempt: String::new(), reason: String::new(), help: None, down: true }
    }

    pub fn told(&self) -> String {
        format!("{}: {}", self.attempt, self.reason)
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let attempt = format!("could not {} {}", error.operation, error.subject);
        Self { attempt, reason: error.reason, help: error.help, down: error.kind.is_of_place() }
    }
}

/// What failed in one place, each cause once. Where the place itself is down, that is the one cause of all that met it.
pub fn merged(place: &str, failures: Vec<(ResourceId, Failure)>) -> Vec<Unread> {
    let (down, single): (Vec<_>, Vec<_>) = failures.into_iter().partition(|(_, failure)| failure.down);
    let first = down.iter().map(|(_, failure)| failure).filter(|failure| !failure.reason.is_empty());
    let first = first.min_by_key(|failure| failure.told()).map(|first| {
        let mut resources: Vec<ResourceId> = down.iter().map(|(id, _)| id.clone()).collect();
        resources.sort();
        resources.dedup();
        Unread { subject: place.to_owned(), reason: first.told(), help: first.help.clone(), resources }
    });
    let mut by_reason: BTreeMap<String, Vec<(ResourceId, Failure)>> = BTreeMap::new();
    for (id, failure) in single {
        by_reason.entry(failure.reason.clone()).or_default().push((id, failure));
    }
    join_bare(&mut by_reason);
    first.into_iter().chain(by_reason.into_iter().map(|(reason, failures)| one(place, &reason, failures))).collect()
}

/// The answer to a `HEAD` has no body: where another answer of its status has words, and no third one has other words, they are meant.
fn join_bare(by_reason: &mut BTreeMap<String, Vec<(ResourceId, Failure)>>) {
    let bare: Vec<String> = by_reason.keys().filter(|reason| is_bare(reason)).cloned().collect();
    for bare in bare {
        let ends = [format!(", {bare})"), format!("({bare})")];
        let mut worded = by_reason.keys().filter(|reason| ends.iter().any(|end| reason.ends_with(end)));
        if let (Some(reason), None) = (worded.next().cloned(), worded.next()) {
            let failures = by_reason.remove(&bare).unwrap_or_default();
            by_reason.entry(reason).or_default().extend(failures);
        }
    }
}

fn is_bare(reason: &str) -> bool {
    reason.strip_prefix("HTTP ").is_some_and(|status| status.bytes().all(|byte| byte.is_ascii_digit()))
}

fn one(place: &str, reason: &str, failures: Vec<(ResourceId, Failure)>) -> Unread {
    let mut attempts: Vec<&str> = failures.iter().map(|(_, failure)| failure.attempt.as_str()).collect();
    // The shortest speaks of the most: the place itself.
    attempts.sort_by_key(|attempt| (attempt.len(), *attempt));
    attempts.dedup();
    let more = match attempts.len().saturating_sub(1) {
        0 => String::new(),
        more => format!(", and {more} more like it"),
    };
    let reason = format!("{}{more}: {reason}", attempts.first().copied().unwrap_or_default());
    let mut helps: Vec<&str> = failures.iter().filter_map(|(_, failure)| failure.help.as_deref()).collect();
    helps.sort_unstable();
    helps.dedup();
    let help = (!helps.is_empty()).then(|| folded(&helps));
    let mut resources: Vec<ResourceId> = failures.iter().map(|(id, _)| id.clone()).collect();
    resources.sort();
    resources.dedup();
    Unread { subject: place.to_owned(), reason, help, resources }
}

/// Sentences that differ in a word or two as one sentence that lists them.
fn folded(texts: &[&str]) -> String {
    let all: Vec<Vec<&str>> = texts.iter().map(|text| text.split(' ').collect()).collect();
    let shortest = all.iter().map(Vec::len).min().unwrap_or(0);
    let [first, rest @ ..] = all.as_slice() else { return String::new() };
    let alike = |at: &dyn Fn(&Vec<&str>) -> Option<String>| rest.iter().all(|other| at(other) == at(first));
    let word = |at: usize| move |words: &Vec<&str>| words.get(at).map(|word| (*word).to_owned());
    let last = |at: usize| move |words: &Vec<&str>| words.len().checked_sub(at + 1).map(|at| words[at].to_owned());
    let before = (0..shortest).take_while(|at| alike(&word(*at))).count();
    let after = (0..shortest - before).take_while(|at| alike(&last(*at))).count();
    if rest.is_empty() {
        return first.join(" ");
    }
    if before + after == 0 {
        return texts.join(" ");
    }
    let middles: Vec<String> = all.iter().map(|words| words[before..words.len() - after].join(" ")).collect();
    [first[..before].join(" "), middles.join(", "), first[first.len() - after..].join(" ")].join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{StoreName, Subject};

    fn failure(kind: &'static str, attempt: &str, reason: &str, help: &str) -> (ResourceId, Failure) {
        let id = ResourceId::new(Subject::Store(StoreName::new("a").expect("name")), kind, "");
        let attempt = format!("could not {attempt} s3://b");
        (id, Failure { attempt, reason: reason.to_owned(), help: Some(help.to_owned()), down: false })
    }

    fn told(failures: Vec<(ResourceId, Failure)>) -> Vec<(String, String, usize)> {
        merged("s3://b", failures)
            .into_iter()
            .map(|one| (one.reason, one.help.unwrap_or_default(), one.resources.len()))
            .collect()
    }

    #[test]
    fn one_refusal_of_a_bucket_is_told_once_with_everything_that_it_takes() {
        let need = |right: &str| format!("The credentials need `{right}` on arn:b; or it is another account's.");
        let denied = "Access Denied (AccessDenied, HTTP 403)";
        assert_eq!(
            told(vec![
                failure("s3_bucket", "look at", "HTTP 403", &need("s3:ListBucket")),
                failure("s3_tags", "read the tags of", denied, &need("s3:GetBucketTagging")),
                failure("s3_versioning", "read the versioning of", denied, &need("s3:GetBucketVersioning")),
            ]),
            [(
                format!("could not look at s3://b, and 2 more like it: {denied}"),
                "The credentials need `s3:GetBucketTagging`, `s3:GetBucketVersioning`, `s3:ListBucket` on arn:b; or it is another \
                 account's."
                    .to_owned(),
                3
            )]
        );
    }

    #[test]
    fn other_reasons_stay_apart() {
        let told = told(vec![
            failure("s3_bucket", "look at", "HTTP 403", "A."),
            failure("s3_tags", "read the tags of", "Moved (PermanentRedirect, HTTP 301)", "Region x."),
            failure("s3_versioning", "read the versioning of", "Moved (PermanentRedirect, HTTP 301)", "Region x."),
        ]);
        assert_eq!(
            told,
            [
                ("could not look at s3://b: HTTP 403".to_owned(), "A.".to_owned(), 1),
                (
                    "could not read the tags of s3://b, and 1 more like it: Moved (PermanentRedirect, HTTP 301)".to_owned(),
                    "Region x.".to_owned(),
                    2
                ),
            ]
        );
    }
}
