//! What AWS takes as names: regions, buckets, endpoints, keys and tags.

/// Regions by name (AWS General Reference, "Amazon S3 endpoints and quotas"). New ones follow the same shape: see
/// [`is_region`].
pub(super) const REGIONS: [&str; 38] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

pub(super) fn is_region(text: &str) -> bool {
    REGIONS.contains(&text)
}

pub(super) const BUCKET_HELP: &str = "Use 3 to 63 of a-z, 0-9, `-` and `.`, beginning and ending with a letter or digit.";

/// What is wrong with a bucket's name (S3 user guide, "General purpose bucket naming rules").
pub(super) fn bucket_fault(name: &str) -> Option<&'static str> {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let octets = name.split('.').filter(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())).count();
    if !(3..=63).contains(&name.len()) {
        Some("it must have 3 to 63 characters")
    } else if name.chars().any(|c| c.is_ascii_uppercase()) {
        Some("it has capital letters")
    } else if !name.chars().all(|c| alphanumeric(c) || matches!(c, '-' | '.')) {
        Some("it has a character that is neither letter, digit, `-` nor `.`")
    } else if !name.starts_with(alphanumeric) || !name.ends_with(alphanumeric) {
        Some("it must begin and end with a letter or digit")
    } else if name.contains("..") {
        Some("it has two dots in a row")
    } else if octets == 4 && name.split('.').count() == 4 {
        Some("it looks like an IP address")
    } else if ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|prefix| name.starts_with(prefix)) {
        Some("AWS keeps this beginning to itself")
    } else if ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"].iter().any(|suffix| name.ends_with(suffix)) {
        Some("AWS keeps this ending to itself")
    } else {
        None
    }
}

/// What is wrong with the address of a store.
pub(super) fn endpoint_fault(url: &str) -> Option<&'static str> {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return Some("it must begin with https:// or http://");
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains('@') {
        return Some("it must not hold credentials");
    }
    if authority.contains(['/', '?', '#']) {
        return Some("it must end after the host and port");
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<core::net::Ipv6Addr>().is_ok() => ("v6", port.strip_prefix(':')),
        Some(_) => return Some("it has no valid IPv6 address between brackets"),
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let host_fits =
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if !host_fits {
        return Some("it has no valid host name");
    }
    port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0))
        .then_some("its port is not a number from 1 to 65535")
}

/// Why a text is no principal of one role, user or account. Ceph's accounts are empty or tenants' names (Ceph documentation, "Bucket
/// Policies").
pub(super) fn principal_fault(text: &str) -> Option<&'static str> {
    if text.contains(['*', '?']) {
        return Some("would be anybody who takes such a name");
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    const NOT: &str = "is not the ARN of a role, a user or an account's root";
    let [arn, partition, service, region, account, who] = parts.as_slice() else { return Some(NOT) };
    let named = |kind: &str| who.strip_prefix(kind).is_some_and(|name| !name.is_empty() && !name.ends_with('/'));
    let one = *who == "root" || named("role/") || named("user/");
    let is_aws = partition.starts_with("aws") && !account.is_empty();
    let account_fits = !is_aws || (account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()));
    let fits = *arn == "arn" && *service == "iam" && region.is_empty() && !partition.is_empty() && account_fits && one;
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/+=,.@_-".contains(&byte));
    (!fits || !plain).then_some(NOT)
}

/// A key's id, ARN or alias (AWS KMS developer guide, "Key identifiers").
pub(super) fn is_kms_key(text: &str) -> bool {
    let name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b':'))
    };
    let id = |text: &str| {
        let text = text.strip_prefix("mrk-").map_or_else(|| text.replace('-', ""), str::to_owned);
        text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let resource = |text: &str| text.strip_prefix("alias/").is_some_and(name) || text.strip_prefix("key/").is_some_and(id);
    match text.strip_prefix("arn:") {
        Some(arn) => {
            let parts: Vec<&str> = arn.splitn(5, ':').collect();
            matches!(parts.as_slice(), [partition, "kms", region, account, last]
                if partition.starts_with("aws") && !region.is_empty() && account.len() == 12 && resource(last))
        }
        None => text.strip_prefix("alias/").is_some_and(name) || id(text),
    }
}

/// S3 takes 50 tags on a bucket; one is bdr's mark.
pub(super) const MOST_TAGS: usize = 49;
pub(super) const TAG_HELP: &str = "Use letters, digits, spaces and `+ - = . _ : / @`; keys of 1 to 128 characters without `aws:` or `bdr:` in front, values up to 256.";

fn tag_characters(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "+-=._:/@".contains(c))
}

/// What is wrong with the key of a tag (AWS General Reference, "Tag naming limits and requirements").
pub(super) fn tag_key_fault(key: &str) -> Option<&'static str> {
    if key.is_empty() || key.chars().count() > 128 {
        Some("a key has 1 to 128 characters")
    } else if key.to_ascii_lowercase().starts_with("aws:") {
        Some("AWS keeps keys that begin with `aws:` to itself")
    } else if key.starts_with("bdr:") {
        Some("keys that begin with `bdr:` are bdr's own marks")
    } else {
        (!tag_characters(key)).then_some("it has a character that tags do not take")
    }
}

/// What is wrong with the value of a tag.
pub(super) fn tag_value_fault(value: &str) -> Option<&'static str> {
    if value.chars().count() > 256 {
        Some("a value has at most 256 characters")
    } else {
        (!tag_characters(value)).then_some("it has a character that tags do not take")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        for name in ["abc", "safe-pm-backups", "a.b.c", "1.2.3", "0a0"] {
            assert_eq!(bucket_fault(name), None, "{name}");
        }
        let long = "x".repeat(64);
        for name in ["", "ab", &long, "Abc", "a_b", "-ab", "ab-", "a..b", "192.168.5.4", "xn--a", "a-s3alias", "a--x-s3", "å-b"]
        {
            assert!(bucket_fault(name).is_some(), "{name}");
        }
    }

    #[test]
    fn endpoints_are_hosts_with_ports() {
        for url in ["https://s3.example.com", "http://127.0.0.1:9000", "http://[::1]:9000/", "https://minio_1"] {
            assert_eq!(endpoint_fault(url), None, "{url}");
        }
        for url in [
            "s3.example.com",
            "ftp://x",
            "https://",
            "https://u:p@x",
            "https://x/path",
            "https://x:0",
            "https://x:y",
            "http://[zz]",
            "https://a b",
        ] {
            assert!(endpoint_fault(url).is_some(), "{url}");
        }
    }

    #[test]
    fn keys_of_kms_are_ids_arns_or_aliases() {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for key in [
            id,
            "alias/backups",
            &format!("arn:aws:kms:eu-north-1:111122223333:key/{id}"),
            "arn:aws:kms:eu-north-1:111122223333:alias/x",
        ] {
            assert!(is_kms_key(key), "{key}");
        }
        for key in ["", "backups", "alias/", "arn:aws:s3:::x", "1234"] {
            assert!(!is_kms_key(key), "{key}");
        }
    }

    #[test]
    fn principals_are_named_exactly() {
        for principal in [
            "arn:aws:iam::111122223333:role/bdr/p/bdr-p-writer",
            "arn:aws-cn:iam::111122223333:user/a.b@c",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam:::user/alice",
        ] {
            assert_eq!(principal_fault(principal), None, "{principal}");
        }
        for principal in [
            "",
            "*",
            "111122223333",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::1234:role/x",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:sts::111122223333:assumed-role/x/y",
            "arn:aws:iam::111122223333:role/a b",
        ] {
            assert!(principal_fault(principal).is_some(), "{principal}");
        }
    }

    #[test]
    fn tags_that_aws_or_bdr_own_are_refused() {
        assert_eq!(tag_key_fault("cost-centre"), None);
        assert_eq!(tag_value_fault(""), None);
        for key in ["", "aws:x", "AWS:x", "bdr:policy", "a\nb", "a{b"] {
            assert!(tag_key_fault(key).is_some(), "{key}");
        }
        assert!(tag_value_fault(&"x".repeat(257)).is_some());
    }
}
