//! Names of buckets, objects and keys as AWS IAM takes them (service authorization reference for S3, "Resource types").

pub use crate::policy::partition;
use crate::policy::{S3Backend, Text};

/// The partition of a bucket.
pub fn partition_of(backend: &S3Backend) -> &'static str {
    partition(backend.region.as_ref().map(|region| region.value.as_str()))
}

/// The bucket itself.
pub fn bucket(backend: &S3Backend) -> String {
    format!("arn:{}:s3:::{}", partition_of(backend), named(&backend.bucket.value))
}

/// Objects of a bucket below the store's prefix; `*` in `keys` stands for anything.
pub fn objects(backend: &S3Backend, keys: &str) -> String {
    format!("{}/{}{keys}", bucket(backend), literal(&backend.prefix.value))
}

/// A text in which `*`, `?` and `$` mean themselves (IAM user guide, "Policy variables").
pub fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '*' | '?' | '$' => literal.extend(["${", c.encode_utf8(&mut [0; 4]), "}"]),
            other => literal.push(other),
        }
    }
    literal
}

/// A bucket's name; where references of it are not known here, their names stand in `<>`: IAM would take `${…}` for a variable
/// of its own.
fn named(bucket: &Text) -> String {
    if bucket.is_known() {
        return bucket.expose().to_owned();
    }
    let mut named = String::new();
    let mut rest = bucket.shown.as_str();
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, left) = after.split_once('}').unwrap_or((after, ""));
        let name = reference.split_once(':').map_or(reference, |(_, name)| name);
        named.extend([before, "<", name, ">"]);
        rest = left;
    }
    named + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_iam_reads_them() {
        assert_eq!(literal("a/b-$x*?"), "a/b-${$}x${*}${?}");
        assert_eq!(named(&Text::unresolved("x-${env:STAGE}-${file:/run/name}")), "x-<STAGE>-</run/name>");
        assert_eq!(named(&Text::resolved("${env:BUCKET}", "real".to_owned())), "real");
        assert_eq!(partition(Some("cn-north-1")), "aws-cn");
        assert_eq!(partition(Some("us-gov-west-1")), "aws-us-gov");
        assert_eq!(partition(Some("eu-north-1")), "aws");
        assert_eq!(partition(None), "aws");
    }
}
