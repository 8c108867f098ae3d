//! Rules by which backups go before the policy lets them: ours that somebody shortened, and others' that cover what is ours.

use super::net::{self, Kept};
use super::{owner, rule, rules};
use crate::attrs::{Attr, Attrs};
use crate::providers::s3::element::Element;
use crate::providers::s3::setting::Wish;
use crate::resource::Expiring;

/// When a rule lets current objects go: `Some(None)` on a day that it names.
fn expires(attrs: &Attrs) -> Option<Option<u64>> {
    if attrs.get("enabled").and_then(Attr::as_bool) == Some(false) {
        return None;
    }
    let days = attrs.get("expire_days").and_then(Attr::as_int).and_then(|days| u64::try_from(days).ok());
    let besides = match attrs.get("besides") {
        Some(Attr::List(besides)) => {
            besides.iter().any(|part| part.to_string().contains("<Date>") && part.to_string().contains("<Expiration>"))
        }
        _ => false,
    };
    match days {
        Some(days) => Some(Some(days)),
        None => besides.then_some(None),
    }
}

/// Of a document's rules, those that let go what one of the stores in the bucket keeps.
pub(in crate::providers::s3) fn expiring(document: &Element, wishes: &[Wish<'_>]) -> Vec<Expiring> {
    let kept: Vec<Kept> = wishes.iter().flat_map(|wish| net::kept(*wish)).collect();
    let Some(policy) = wishes.first().map(|wish| &wish.policy.name.value) else { return Vec::new() };
    rules(Some(document)).filter_map(|rule| one(rule, &owner(policy), &kept)).collect()
}

fn one(rule: &Element, owner: &str, kept: &[Kept]) -> Option<Expiring> {
    let attrs = rule::attrs(rule);
    let after_days = expires(&attrs)?;
    // bdr's objects carry no tags.
    if attrs.get("filter").is_some_and(|filter| filter.to_string().contains("<Tag>")) {
        return None;
    }
    let prefix = attrs.get("prefix").and_then(Attr::as_str).unwrap_or_default();
    let meets = |kept: &&Kept| kept.prefix.starts_with(prefix) || prefix.starts_with(&kept.prefix);
    let too_soon = |kept: &&Kept| match (after_days, kept.days) {
        (Some(after), Some(needed)) => after < needed,
        _ => true,
    };
    let hit: Vec<&Kept> = kept.iter().filter(meets).filter(too_soon).collect();
    if hit.is_empty() {
        return None;
    }
    let mut whose: Vec<String> = hit.iter().map(|kept| kept.whose.clone()).collect();
    whose.sort();
    whose.dedup();
    let name = rule::name(rule);
    let own = name.strip_prefix(owner);
    let shown = own.and_then(|name| name.split_once('/')).map_or(name.as_str(), |(_, name)| name);
    Some(Expiring {
        rule: format!("lifecycle rule {}", if own.is_some() { shown.to_owned() } else { format!("`{name}`") }),
        foreign: own.is_none(),
        whose,
        after_days,
        needed_days: hit.iter().map(|kept| kept.days).max_by_key(|days| days.unwrap_or(u64::MAX)).flatten(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Sources;
    use crate::policy::load_unresolved;
    use crate::providers::s3::{copies, wishes};

    const POLICY: &str = "version: 1\nname: p\nstores:\n  a: { s3: { bucket: p-backups, region: eu-north-1, prefix: x/ } }\ncomponents:\n  \
                          docs:\n    files: { paths: [/srv] }\n    protect: { nightly: { file_backup: {}, store: a } }\n    retain: { daily: \
                          { for: 14d } }\n  code:\n    files: { paths: [/code] }\n    protect: { often: { file_backup: {}, store: a } }\n";

    fn found(rule: &str) -> Vec<(String, bool, Vec<String>, Option<u64>)> {
        let mut sources = Sources::new();
        sources.add("bdr.yaml", POLICY.to_owned());
        let policy = load_unresolved(sources).policy.expect("a policy");
        let copies = copies(&policy);
        let wishes: Vec<_> = wishes(&policy, &copies).map(|(wish, _)| wish).collect();
        let text = format!("<LifecycleConfiguration><Rule>{rule}</Rule></LifecycleConfiguration>");
        let all = expiring(&Element::parse(&text).expect("xml"), &wishes);
        all.into_iter().map(|one| (one.rule, one.foreign, one.whose, one.needed_days)).collect()
    }

    fn rule(id: &str, prefix: &str, does: &str) -> String {
        format!("<ID>{id}</ID><Filter><Prefix>{prefix}</Prefix></Filter><Status>Enabled</Status><Expiration>{does}</Expiration>")
    }

    #[test]
    fn what_goes_before_the_policy_lets_it_is_found_and_what_is_needed_no_more_is_not() {
        let ours = "bdr/p/a/docs/nightly/daily";
        let docs = || vec!["docs/nightly".to_owned()];
        let named = "lifecycle rule docs/nightly/daily".to_owned();
        assert_eq!(found(&rule(ours, "x/p/docs/nightly/daily/", "<Days>3</Days>")), [(named, false, docs(), Some(21))]);
        assert_eq!(found(&rule(ours, "x/p/docs/nightly/daily/", "<Days>51</Days>")), []);
        let theirs = "lifecycle rule `theirs`".to_owned();
        let all = vec!["code/often".to_owned(), "docs/nightly".to_owned()];
        assert_eq!(found(&rule("theirs", "", "<Days>20</Days>")), [(theirs.clone(), true, all, None)]);
        assert_eq!(
            found(&rule("theirs", "x/p/", "<Days>400</Days>")),
            [(theirs.clone(), true, vec!["code/often".to_owned()], None)],
            "kept for ever where the policy lets nothing go"
        );
        let below = rule("theirs", "x/p/docs/nightly/daily/2026", "<Date>2027-01-01T00:00:00Z</Date>");
        assert_eq!(found(&below), [(theirs, true, docs(), Some(21))]);
        for harmless in [
            rule("theirs", "tmp/", "<Days>1</Days>"),
            rule("theirs", "x/p/docs/nightly/daily/", "<Days>21</Days>"),
            rule("theirs", "", "<ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker>"),
            rule("theirs", "", "<Days>1</Days>").replace("Enabled", "Disabled"),
            rule("theirs", "", "<Days>1</Days>").replace("<Prefix></Prefix>", "<Tag><Key>a</Key><Value>b</Value></Tag>"),
        ] {
            assert_eq!(found(&harmless), [], "{harmless}");
        }
    }
}
