//! Endpoints by their address: whose they are, whether the caller allows them, and how they are shown.

use crate::policy::S3Backend;
use crate::store::{ErrorKind, Retry, StoreError};

/// Host and port, without what a URL can hold of a user (RFC 3986, 3.2).
pub(super) fn authority_of(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

pub(super) fn host_of(uri: &str) -> &str {
    let authority = authority_of(uri);
    authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(authority, |(host, _)| host)
}

/// S3's own endpoints are always allowed; another one only where the caller names it. One that is named with `https://` is not
/// allowed without encryption; the trailing `/` is left aside.
pub(super) fn check_allowed(endpoint: &str, shown: &str, allowed: &[String]) -> Result<(), StoreError> {
    check(endpoint, shown, allowed, is_s3_of_aws)
}

/// The same for IAM.
///
/// # Errors
/// When the caller does not allow the endpoint.
pub fn check_allowed_for_iam(endpoint: &str, shown: &str, allowed: &[String]) -> Result<(), StoreError> {
    check(endpoint, shown, allowed, is_iam_of_aws)
}

fn check(endpoint: &str, shown: &str, allowed: &[String], is_own: fn(&str) -> bool) -> Result<(), StoreError> {
    let named = |known: &String| {
        let (scheme, bare) = endpoint.split_once("://").unwrap_or(("", endpoint));
        let (allowed, known) = known.split_once("://").map_or((None, known.as_str()), |(scheme, known)| (Some(scheme), known));
        bare.trim_end_matches('/') == known.trim_end_matches('/') && (scheme == "https" || allowed != Some("https"))
    };
    if is_own(endpoint) || allowed.iter().any(named) {
        return Ok(());
    }
    let reason = "the caller does not allow this endpoint".to_owned();
    let error = StoreError::new("reach", shown, ErrorKind::Denied, Retry::Never, reason);
    Err(error.with_help(format!("Add --allow-endpoint {} if you trust this policy.", in_shell(shown))))
}

/// Where the parts of AWS end, and how the names of their regions begin (AWS General Reference, "Amazon S3 endpoints and quotas";
/// `partitions.json` of the SDKs).
const PARTITIONS: [(&str, &[&str]); 7] = [
    (".amazonaws.com.cn", &["cn-"]),
    (".amazonaws.com", &["af-", "ap-", "ca-", "eu-", "il-", "me-", "mx-", "sa-", "us-"]),
    (".amazonaws.eu", &["eusc-"]),
    (".c2s.ic.gov", &["us-iso-"]),
    (".sc2s.sgov.gov", &["us-isob-"]),
    (".cloud.adc-e.uk", &["eu-isoe-"]),
    (".csp.hci.ic.gov", &["us-isof-"]),
];

/// Names of S3 before the region.
const NAMES: [&str; 5] = ["s3.", "s3.dualstack.", "s3-fips.", "s3-fips.dualstack.", "s3-"];

/// Whether it is one of S3's own endpoints, by its whole name. Below the same domains stand servers of anybody: functions behind
/// `execute-api`, machines behind `compute` and `elb`, and buckets and VPC endpoints, whose first label their owners choose.
fn is_s3_of_aws(endpoint: &str) -> bool {
    let Some(host) = endpoint.strip_prefix("https://") else { return false };
    let host = host.strip_suffix('/').unwrap_or(host).to_ascii_lowercase();
    let host = host.strip_suffix(":443").unwrap_or(&host);
    if ["s3.amazonaws.com", "s3-external-1.amazonaws.com"].contains(&host) {
        return true;
    }
    let Some((name, regions)) = PARTITIONS.iter().find_map(|(end, regions)| Some((host.strip_suffix(end)?, regions))) else {
        return false;
    };
    let of_partition = |region: &str| regions.iter().any(|begin| region.starts_with(begin)) && is_region(region);
    NAMES.iter().filter_map(|before| name.strip_prefix(before)).any(of_partition)
}

/// Whether it is one of IAM's own endpoints: one for each part of the cloud (AWS General Reference, "AWS Identity and Access
/// Management endpoints and quotas").
fn is_iam_of_aws(endpoint: &str) -> bool {
    const HOSTS: [&str; 10] = [
        "iam.amazonaws.com",
        "iam.global.api.aws",
        "iam-fips.amazonaws.com",
        "iam.us-gov.amazonaws.com",
        "iam.cn-north-1.amazonaws.com.cn",
        "iam.eusc-de-east-1.amazonaws.eu",
        "iam.us-iso-east-1.c2s.ic.gov",
        "iam.us-isob-east-1.sc2s.sgov.gov",
        "iam.eu-isoe-west-1.cloud.adc-e.uk",
        "iam.us-isof-south-1.csp.hci.ic.gov",
    ];
    let Some(host) = endpoint.strip_prefix("https://") else { return false };
    let host = host.strip_suffix('/').unwrap_or(host).to_ascii_lowercase();
    HOSTS.contains(&host.strip_suffix(":443").unwrap_or(&host))
}

/// Like `eu-north-1`: words of letters and a number.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let word = |part: &&str| (2..=10).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let Some((number, words)) = parts.split_last() else { return false };
    let number = (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    number && (2..=3).contains(&words.len()) && words.iter().all(word)
}

/// Whether it lies within a domain of AWS, whoever answers there.
fn is_of_aws(endpoint: &str) -> bool {
    let host = host_of(endpoint);
    endpoint.starts_with("https://") && PARTITIONS.iter().any(|(end, _)| host.ends_with(end))
}

/// Whether the policy names an endpoint that is not AWS's, or that is not known here.
pub fn has_endpoint_of_its_own(backend: &S3Backend) -> bool {
    backend.endpoint.as_ref().is_some_and(|endpoint| !endpoint.is_known() || !is_of_aws(endpoint.expose()))
}

/// As it is typed into a shell: a reference to the environment becomes the variable of that name, to a file its content.
fn in_shell(shown: &str) -> String {
    if !shown.contains("${") {
        return shown.to_owned();
    }
    let mut word = String::new();
    let mut rest = shown;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, left) = after.split_once('}').unwrap_or((after, ""));
        word.push_str(before);
        word.push_str(&match reference.split_once(':') {
            Some(("env", name)) => format!("${{{name}}}"),
            Some(("file", path)) => format!("$(cat '{path}')"),
            _ => reference.to_owned(),
        });
        rest = left;
    }
    word.push_str(rest);
    format!("\"{word}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_can_be_pasted_into_a_shell() {
        assert_eq!(in_shell("http://127.0.0.1:9000"), "http://127.0.0.1:9000");
        assert_eq!(in_shell("${env:BDR_ENDPOINT}"), "\"${BDR_ENDPOINT}\"");
        assert_eq!(in_shell("https://${env:HOST}:9000"), "\"https://${HOST}:9000\"");
        assert_eq!(in_shell("${file:/run/endpoint}"), "\"$(cat '/run/endpoint')\"");
    }

    #[test]
    fn host_and_port_are_shown_without_a_user() {
        assert_eq!(authority_of("https://ada:secret@s3.example:9000/x?y"), "s3.example:9000");
        assert_eq!(host_of("http://127.0.0.1:9000@evil.example"), "evil.example");
    }

    #[test]
    fn of_what_nobody_named_only_s3_itself_is_allowed() {
        for host in [
            "s3.amazonaws.com",
            "s3-external-1.amazonaws.com",
            "s3.eu-north-1.amazonaws.com",
            "S3.EU-North-1.AmazonAWS.com",
            "s3.eu-north-1.amazonaws.com:443",
            "s3.eu-north-1.amazonaws.com/",
            "s3-us-west-2.amazonaws.com",
            "s3.dualstack.ap-southeast-7.amazonaws.com",
            "s3-fips.us-gov-west-1.amazonaws.com",
            "s3-fips.dualstack.ca-central-1.amazonaws.com",
            "s3.cn-north-1.amazonaws.com.cn",
            "s3.dualstack.cn-northwest-1.amazonaws.com.cn",
            "s3.eusc-de-east-1.amazonaws.eu",
            "s3.us-iso-east-1.c2s.ic.gov",
            "s3.us-isob-east-1.sc2s.sgov.gov",
            "s3.eu-isoe-west-1.cloud.adc-e.uk",
            "s3.us-isof-south-1.csp.hci.ic.gov",
        ] {
            let endpoint = format!("https://{host}");
            assert!(check_allowed(&endpoint, &endpoint, &[]).is_ok(), "{endpoint}");
        }
        for host in [
            "x.execute-api.eu-north-1.amazonaws.com",
            "s3.execute-api.eu-north-1.amazonaws.com",
            "ec2-1-2-3-4.compute.amazonaws.com",
            "ec2-1-2-3-4.eu-north-1.compute.amazonaws.com",
            "my.elb.eu-west-1.amazonaws.com",
            "s3-1234.us-east-1.elb.amazonaws.com",
            "s3.us-east-1.elb.amazonaws.com",
            "evil.s3.amazonaws.com",
            "evil.s3.eu-north-1.amazonaws.com",
            "s3.evil.s3.eu-north-1.amazonaws.com",
            "evil.s3-website-us-east-1.amazonaws.com",
            "s3-website-us-east-1.amazonaws.com",
            "s3-website.eu-north-1.amazonaws.com",
            "bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
            "evil-111122223333.s3-accesspoint.eu-north-1.amazonaws.com",
            "evil.s3-accelerate.amazonaws.com",
            "111122223333.s3-control.eu-north-1.amazonaws.com",
            "abc.lambda-url.eu-north-1.on.aws",
            "sqs.eu-north-1.amazonaws.com",
            "amazonaws.com",
            "s3.amazonaws.com.cn",
            "s3.cn-north-1.amazonaws.com",
            "s3.eu-north-1.amazonaws.com.cn",
            "s3.us-iso-east-1.sc2s.sgov.gov",
            "s3.evil-north-1.amazonaws.com",
            "s3.eu-evil.amazonaws.com",
            "s3.eu-north-1a.amazonaws.com",
            "s3.eu-north-1.amazonaws.com:8443",
            "s3.eu-north-1.amazonaws.com.",
            "s3.eu-north-1.amazonaws.com/x",
            "u:p@s3.eu-north-1.amazonaws.com",
            "s3.eu-north-1.amazonaws.com@evil.example",
            "s3.eu-north-1.amazonaws.com.evil.example",
            "evil.example/.amazonaws.com",
            "evil.example?s3.amazonaws.com",
            "evil.example#s3.eu-north-1.amazonaws.com",
            "evilamazonaws.com",
            "s3.eu-north-1.evilamazonaws.com",
        ] {
            let endpoint = format!("https://{host}");
            assert!(check_allowed(&endpoint, &endpoint, &[]).is_err(), "{endpoint}");
        }
        assert!(check_allowed("http://s3.eu-north-1.amazonaws.com", "x", &[]).is_err(), "without encryption");
    }

    #[test]
    fn of_what_nobody_named_only_iam_itself_is_allowed_for_roles() {
        for host in ["iam.amazonaws.com", "IAM.amazonaws.com:443/", "iam.cn-north-1.amazonaws.com.cn"] {
            let endpoint = format!("https://{host}");
            assert!(check_allowed_for_iam(&endpoint, &endpoint, &[]).is_ok(), "{endpoint}");
            assert!(check_allowed(&endpoint, &endpoint, &[]).is_err(), "{endpoint} is no store");
        }
        for endpoint in [
            "http://iam.amazonaws.com",
            "https://iam.amazonaws.com.evil.example",
            "https://evil.iam.amazonaws.com",
            "https://s3.eu-north-1.amazonaws.com",
            "https://iam.amazonaws.com@evil.example",
            "https://iam.amazonaws.com:8443",
        ] {
            assert!(check_allowed_for_iam(endpoint, endpoint, &[]).is_err(), "{endpoint}");
        }
        let named = ["http://127.0.0.1:9000".to_owned()];
        assert!(check_allowed_for_iam("http://127.0.0.1:9000", "x", &named).is_ok());
    }

    #[test]
    fn what_the_caller_names_is_allowed() {
        let allowed = ["http://127.0.0.1:9000", "https://s3.example.com/", "bare.example.com"].map(str::to_owned);
        for endpoint in ["http://127.0.0.1:9000/", "https://127.0.0.1:9000", "https://s3.example.com", "http://bare.example.com"]
        {
            assert!(check_allowed(endpoint, endpoint, &allowed).is_ok(), "{endpoint}");
        }
        for endpoint in [
            "http://127.0.0.1:9001",
            "http://169.254.169.254",
            "http://s3.example.com",
            "https://x.s3.example.com",
            "http://127.0.0.1:9000@evil.example",
        ] {
            assert!(check_allowed(endpoint, endpoint, &allowed).is_err(), "{endpoint}");
        }
    }
}
