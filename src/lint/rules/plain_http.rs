//! An endpoint without encryption on the way.
//!
//! ## What it finds
//!
//! An S3 `endpoint` that begins with `http://` and is not on this machine (`localhost`, `127.0.0.0/8`, `[::1]`).
//!
//! ## Why it matters
//!
//! Whoever is on the way reads the backups. Requests are signed, so the secret key does not travel, but the data does; and a
//! signed request that was seen can be sent again for some minutes.
//!
//! ## Example
//!
//! ```yaml
//! stores:
//!   primary: { s3: { bucket: backups, region: eu-north-1, endpoint: "http://storage.example.com:9000" } }
//! ```
//!
//! ## Instead
//!
//! ```yaml
//! stores:
//!   primary: { s3: { bucket: backups, region: eu-north-1, endpoint: "https://storage.example.com:9000" } }
//! ```

use crate::diag::{Code, Diagnostic, Diagnostics, Severity};
use crate::lint::{Context, Rule};
use crate::policy::Backend;

pub struct PlainHttp;

impl Rule for PlainHttp {
    fn about(&self) -> Code {
        Code { code: "BDR-L010", name: "plain-http-endpoint", severity: Severity::Warning, text: include_str!("plain_http.rs") }
    }

    fn check(&self, context: &Context<'_>, found: &mut Diagnostics) {
        for store in context.policy.stores.values() {
            let Backend::S3(s3) = &store.backend else { continue };
            let Some(endpoint) = &s3.endpoint else { continue };
            let is_plain = plain_host(endpoint.expose()).is_some_and(|host| !is_loopback(host));
            if is_plain {
                found.push(
                    Diagnostic::warning(self.about().code, format!("store `{}` is reached without encryption", store.name))
                        .at(endpoint.span, "http, and not on this machine")
                        .note("whoever is on the way can read the backups")
                        .help("Use https, or reach it through a tunnel that ends on this machine."),
                );
            }
        }
    }
}

/// The host of an `http://` URL, without user and port (RFC 3986, 3.2).
fn plain_host(url: &str) -> Option<&str> {
    let scheme = url.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://"))?;
    let authority = url.get(scheme.len()..)?.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => host.split(':').next(),
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || is_loopback_v4(&host)
        || matches!(host.as_str(), "::1" | "0:0:0:0:0:0:0:1")
}

/// Four decimal numbers, the first of them 127 (RFC 1122, 3.2.1.3).
fn is_loopback_v4(host: &str) -> bool {
    let numbers: Option<Vec<u8>> = host.split('.').map(|number| number.parse().ok()).collect();
    numbers.is_some_and(|numbers| matches!(numbers.as_slice(), [127, _, _, _]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for (url, plain) in [
            ("http://localhost:9000", false),
            ("http://127.0.0.1:9000/x", false),
            ("http://127.8.8.8", false),
            ("http://[::1]:9000", false),
            ("https://storage.example.com", false),
            ("http://storage.example.com", true),
            ("HTTP://10.0.0.1:9000", true),
            ("http://localhost@evil.example.com", true),
            ("http://localhost.example.com", true),
            ("http://127.0.0.1.example.com", true),
            ("http://[fe80::1]:9000", true),
        ] {
            assert_eq!(plain_host(url).is_some_and(|host| !is_loopback(host)), plain, "{url}");
        }
    }
}
