//! Where stores lie, in one spelling, so that two names for one place are told from two places.

use crate::address::PolicyName;
use crate::policy::{Backend, Policy, S3Backend, StoreSpec};

/// Where the objects of a policy lie in a store. A reference that was not looked up stands for itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub medium: Medium,
    /// The folders down to those of the policy, without `.` and empty ones.
    below: Vec<String>,
}

/// What holds it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Medium {
    /// The file system of this machine.
    Files,
    Bucket {
        /// A part of AWS's cloud, in which the names of buckets are unique, or host and port of another endpoint.
        of: String,
        bucket: String,
    },
}

impl Location {
    pub fn of(store: &StoreSpec, policy: &PolicyName) -> Self {
        let path = match &store.backend {
            Backend::Folder(folder) => folder.path.expose(),
            Backend::S3(s3) => &s3.prefix.value,
        };
        let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
        Self { medium: Medium::of(&store.backend), below: parts.chain([policy.as_str()]).map(str::to_owned).collect() }
    }

    /// Whether it lies in another one or is the same.
    fn is_within(&self, other: &Self) -> bool {
        self.medium == other.medium && self.below.starts_with(&other.below)
    }
}

impl Medium {
    pub fn of(backend: &Backend) -> Self {
        match backend {
            Backend::Folder(_) => Self::Files,
            Backend::S3(s3) => Self::of_bucket(s3),
        }
    }

    pub fn of_bucket(s3: &S3Backend) -> Self {
        Self::Bucket { of: cloud(s3), bucket: s3.bucket.expose().to_owned() }
    }
}

fn cloud(s3: &S3Backend) -> String {
    let region = s3.region.as_ref().map(|region| region.value.as_str());
    match s3.endpoint.as_ref().map(|endpoint| endpoint.expose()) {
        None => partition(region).to_owned(),
        Some(endpoint) => match host_of_aws(endpoint) {
            Some(host) => {
                partition(host.split('.').find(|part| ["cn-", "us-gov-"].iter().any(|sign| part.starts_with(sign)))).to_owned()
            }
            None => host_and_port(endpoint),
        },
    }
}

/// The part of AWS's cloud in which a region lies (AWS General Reference, "Amazon Resource Names").
pub fn partition(region: Option<&str>) -> &'static str {
    match region.unwrap_or_default() {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The host of an endpoint where it is AWS's own.
pub fn host_of_aws(endpoint: &str) -> Option<String> {
    let authority = host_and_port(endpoint);
    let host = authority.split(':').next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|end| host.ends_with(end)).then(|| host.to_owned())
}

/// As two spellings of one address agree (RFC 3986, 6.2.2.1 and 6.2.3).
fn host_and_port(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let usual = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    authority.strip_suffix(usual).unwrap_or(authority).trim_end_matches('.').to_ascii_lowercase()
}

/// Stores of which the second is the first, or lies in what it holds of the policy.
pub fn overlaps(policy: &Policy) -> Vec<Overlap<'_>> {
    let mut stores: Vec<(Location, &StoreSpec)> =
        policy.stores.values().map(|store| (Location::of(store, &policy.name), store)).collect();
    stores.sort_by(|one, other| one.0.cmp(&other.0));
    let mut found = Vec::new();
    // What holds the next one, if anything does, comes before it, and all between the two lies in it as well.
    let mut around: Vec<&(Location, &StoreSpec)> = Vec::new();
    for inner in &stores {
        while around.last().is_some_and(|outer| !inner.0.is_within(&outer.0)) {
            around.pop();
        }
        found.extend(around.last().map(|outer| Overlap { outer: outer.1, inner: inner.1, same: outer.0 == inner.0 }));
        around.push(inner);
    }
    found
}

/// Two stores that meet.
#[derive(Debug, Clone, Copy)]
pub struct Overlap<'a> {
    pub outer: &'a StoreSpec,
    pub inner: &'a StoreSpec,
    /// They are one place.
    pub same: bool,
}
