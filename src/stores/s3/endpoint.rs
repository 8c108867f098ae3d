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

/// AWS's own endpoints are always allowed; another one only where the caller names it (scheme and trailing `/` aside).
pub(super) fn check_allowed(endpoint: &str, shown: &str, allowed: &[String]) -> Result<(), StoreError> {
    fn bare(endpoint: &str) -> &str {
        endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).trim_end_matches('/')
    }
    if is_of_aws(endpoint) || allowed.iter().any(|known| bare(known) == bare(endpoint)) {
        return Ok(());
    }
    let reason = "the caller does not allow this endpoint".to_owned();
    let error = StoreError::new("reach", shown, ErrorKind::Denied, Retry::Never, reason);
    Err(error.with_help(format!("Add --allow-endpoint {} if you trust this policy.", in_shell(shown))))
}

/// Whether it is an endpoint of AWS itself.
fn is_of_aws(endpoint: &str) -> bool {
    let host = host_of(endpoint);
    endpoint.starts_with("https://") && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"))
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
    fn only_named_endpoints_and_those_of_aws_are_allowed() {
        let allowed = ["http://127.0.0.1:9000".to_owned()];
        for endpoint in
            ["http://127.0.0.1:9000/", "https://s3.eu-north-1.amazonaws.com", "https://s3.cn-north-1.amazonaws.com.cn"]
        {
            assert!(check_allowed(endpoint, endpoint, &allowed).is_ok(), "{endpoint}");
        }
        for endpoint in [
            "http://127.0.0.1:9001",
            "http://169.254.169.254",
            "https://amazonaws.com.evil.example",
            "https://evil.example/.amazonaws.com",
            "http://127.0.0.1:9000@evil.example",
            "http://s3.amazonaws.com",
        ] {
            assert!(check_allowed(endpoint, endpoint, &allowed).is_err(), "{endpoint}");
        }
    }
}
