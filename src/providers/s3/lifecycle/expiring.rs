//! Rules by which backups go, or go where nothing reads them at once, before the policy lets them: ours that somebody changed, and others'
//! that cover what is ours.

use jiff::civil::Date;

use super::net::{self, Kept};
use super::{owner, rule, rules};
use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};
use crate::providers::s3::element::Element;
use crate::providers::s3::setting::Wish;
use crate::resource::Expiring;
use crate::units::storage_class::StorageClass;

/// When a rule takes current objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Days(u64),
    /// From a day on that it names; `None`: in no form that is known.
    From(Option<Date>),
}

/// When a rule lets current objects go.
fn expires(rule: &Element, attrs: &Attrs) -> Option<After> {
    let days = attrs.get("expire_days").and_then(Attr::as_int).and_then(|days| u64::try_from(days).ok());
    days.map(After::Days).or_else(|| Some(After::From(day(rule.text_at(&["Expiration", "Date"])?))))
}

/// The day of a date as S3 writes it: midnight UTC (S3 API reference, `LifecycleExpiration`).
fn day(text: &str) -> Option<Date> {
    text.get(..10)?.parse().ok()
}

/// When a rule first moves current objects to an archive class, and to which. bdr wants that of none: where a tier's packs lie in such a
/// class, their manifests and indexes do not.
fn archives(rule: &Element) -> Option<(After, StorageClass)> {
    let to = |transition: &Element| {
        let named = transition.text_at(&["StorageClass"])?;
        let class = StorageClass::ALL.into_iter().find(|class| class.as_str() == named && !class.is_immediate())?;
        let days = transition.text_at(&["Days"]).and_then(|days| days.parse().ok());
        let after = match (days, transition.text_at(&["Date"])) {
            (None, Some(date)) => After::From(day(date)),
            (days, _) => After::Days(days.unwrap_or(0)),
        };
        Some((after, class))
    };
    let all = rule.children.iter().filter(|child| child.name == "Transition").filter_map(to);
    all.min_by_key(|(after, _)| if let After::Days(days) = after { *days } else { 0 })
}

/// What the stores in one bucket keep.
#[derive(Debug, Default)]
pub(in crate::providers::s3) struct Keeps {
    current: Vec<Kept>,
    noncurrent: Vec<Kept>,
}

impl Keeps {
    /// Adds what one more store keeps there.
    pub fn add(&mut self, wish: Wish<'_>) {
        self.current.extend(net::kept(wish));
        self.noncurrent.extend(net::kept_noncurrent(wish));
    }
}

/// Of a document's rules, those that let go what one of the stores in the bucket keeps.
pub(in crate::providers::s3) fn expiring(document: &Element, keeps: &Keeps, policy: &PolicyName) -> Vec<Expiring> {
    let owner = owner(policy);
    rules(Some(document)).flat_map(|rule| all(rule, &owner, (&keeps.current, &keeps.noncurrent))).collect()
}

/// What the rule does: remove what is there, move it, and remove versions that are not.
#[derive(Debug, Clone, Copy)]
enum Does {
    Removes,
    MovesTo(StorageClass),
    RemovesNoncurrent,
}

fn all(rule: &Element, owner: &str, (kept, noncurrent): (&[Kept], &[Kept])) -> Vec<Expiring> {
    let attrs = rule::attrs(rule);
    // bdr's objects carry no tags.
    let is_tagged = attrs.get("filter").is_some_and(|filter| filter.to_string().contains("<Tag>"));
    if is_tagged || attrs.get("enabled").and_then(Attr::as_bool) == Some(false) {
        return Vec::new();
    }
    let removes = expires(rule, &attrs).map(|after| (after, Does::Removes));
    let moves = archives(rule).map(|(after, class)| (after, Does::MovesTo(class)));
    let prefix = attrs.get("prefix").and_then(Attr::as_str).unwrap_or_default();
    let current = removes.into_iter().chain(moves).filter_map(|does| one(rule, owner, kept, (prefix, does)));
    // That of bdr's own is longer or shorter than the policy says is a change of the plan, as any.
    let days = attrs.get("noncurrent_days").and_then(Attr::as_int).and_then(|days| u64::try_from(days).ok());
    let days = days.filter(|_| !rule::name(rule).starts_with(owner));
    let old = days.and_then(|days| one(rule, owner, noncurrent, (prefix, (After::Days(days), Does::RemovesNoncurrent))));
    current.chain(old).collect()
}

fn one(rule: &Element, owner: &str, kept: &[Kept], (prefix, (after, does)): (&str, (After, Does))) -> Option<Expiring> {
    let meets = |kept: &&Kept| kept.prefix.starts_with(prefix) || prefix.starts_with(&kept.prefix);
    let too_soon = |kept: &&Kept| match (after, kept.days) {
        (After::Days(after), Some(needed)) => after < needed,
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
        noncurrent: matches!(does, Does::RemovesNoncurrent),
        moves_to: if let Does::MovesTo(class) = does { Some(class) } else { None },
        after_days: if let After::Days(days) = after { Some(days) } else { None },
        from: if let After::From(day) = after { day } else { None },
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
        expirings(rule).into_iter().map(|one| (one.rule, one.foreign, one.whose, one.needed_days)).collect()
    }

    fn expirings(rule: &str) -> Vec<Expiring> {
        expirings_of(POLICY, rule)
    }

    fn expirings_of(policy: &str, rule: &str) -> Vec<Expiring> {
        let mut sources = Sources::new();
        sources.add("bdr.yaml", policy.to_owned());
        let policy = load_unresolved(sources).policy.expect("a policy");
        let copies = copies(&policy);
        let mut keeps = Keeps::default();
        wishes(&policy, &copies).for_each(|(wish, _)| keeps.add(wish));
        let text = format!("<LifecycleConfiguration><Rule>{rule}</Rule></LifecycleConfiguration>");
        expiring(&Element::parse(&text).expect("xml"), &keeps, &policy.name.value)
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
        assert_eq!(expirings(&below)[0].from, Some(jiff::civil::date(2027, 1, 1)));
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

    /// A rule like this has cost people their backups: none starts without its log.
    #[test]
    fn a_rule_that_expires_a_log_is_found_and_none_of_bdr_does() {
        let policy = "version: 1\nname: p\nstores:\n  a: { s3: { bucket: p-backups, region: eu-north-1 } }\ncomponents:\n  db:\n    \
                      postgresql: {}\n    protect: { log: { wal_archive: {}, store: a } }\n    retain: { daily: { for: 7d } }\n";
        let found = expirings_of(policy, &rule("theirs", "p/db/log/_wal/", "<Days>400</Days>"));
        assert_eq!(
            found.iter().map(|one| (one.whose.clone(), one.needed_days)).collect::<Vec<_>>(),
            [(vec!["db/log".to_owned()], None)]
        );
        let mut sources = Sources::new();
        sources.add("bdr.yaml", policy.to_owned());
        let policy = load_unresolved(sources).policy.expect("a policy");
        let copies = copies(&policy);
        assert!(wishes(&policy, &copies).all(|(wish, _)| super::super::net::wanted(wish).is_empty()));
    }

    #[test]
    fn what_goes_to_an_archive_class_while_it_is_needed_is_found() {
        let moves = |id: &str, prefix: &str, does: &[(&str, &str)]| {
            let does =
                does.iter().map(|(when, class)| format!("<Transition>{when}<StorageClass>{class}</StorageClass></Transition>"));
            let does = does.collect::<String>();
            let all = expirings(&rule(id, prefix, "").replace("<Expiration></Expiration>", &does));
            all.into_iter().map(|one| (one.foreign, one.whose, one.after_days, one.moves_to)).collect::<Vec<_>>()
        };
        let (docs, code) = ("docs/nightly".to_owned(), "code/often".to_owned());
        let (glacier, deep) = (Some(StorageClass::Glacier), Some(StorageClass::DeepArchive));
        let both = vec![code.clone(), docs.clone()];
        assert_eq!(moves("theirs", "", &[("<Days>20</Days>", "GLACIER")]), [(true, both.clone(), Some(20), glacier)]);
        assert_eq!(moves("theirs", "", &[("<Days>0</Days>", "DEEP_ARCHIVE")]), [(true, both.clone(), Some(0), deep)]);
        let steps = [("<Days>1</Days>", "STANDARD_IA"), ("<Days>90</Days>", "DEEP_ARCHIVE"), ("<Days>40</Days>", "GLACIER")];
        assert_eq!(moves("theirs", "x/", &steps), [(true, vec![code.clone()], Some(40), glacier)], "the others are gone by then");
        let dated = [("<Date>2027-01-01T00:00:00Z</Date>", "GLACIER")];
        assert_eq!(moves("theirs", "x/p/docs/", &dated), [(true, vec![docs.clone()], None, glacier)]);
        let ours = moves("bdr/p/a/docs/nightly/daily", "x/p/docs/nightly/daily/", &[("<Days>3</Days>", "GLACIER")]);
        assert_eq!(ours, [(false, vec![docs], Some(3), glacier)]);
        for harmless in [
            moves("theirs", "tmp/", &[("<Days>1</Days>", "GLACIER")]),
            moves("theirs", "", &[("<Days>1</Days>", "GLACIER_IR"), ("<Days>2</Days>", "STANDARD_IA")]),
            moves("theirs", "x/p/docs/nightly/daily/", &[("<Days>21</Days>", "GLACIER")]),
        ] {
            assert_eq!(harmless, []);
        }
        let removes_too =
            rule("theirs", "", "<Days>9</Days>") + "<Transition><Days>2</Days><StorageClass>GLACIER</StorageClass></Transition>";
        assert_eq!(expirings(&removes_too).len(), 2, "each is told");
    }

    #[test]
    fn foreign_rules_that_take_old_versions_too_soon_are_found_where_the_store_says_how_long_they_stay() {
        let removes = |id: &str, prefix: &str, days: u32| {
            let does =
                format!("<NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays></NoncurrentVersionExpiration>");
            rule(id, prefix, "").replace("<Expiration></Expiration>", &does)
        };
        let told = |policy: &str, rule: &str| {
            let all = expirings_of(policy, rule);
            all.into_iter().map(|one| (one.noncurrent, one.whose, one.after_days, one.needed_days)).collect::<Vec<_>>()
        };
        let stated = POLICY.replace("prefix: x/ }", "prefix: x/ }, versioning: true, noncurrent: { for: 30d }");
        let too_soon = vec![(true, vec!["a".to_owned()], Some(1), Some(30))];
        assert_eq!(told(&stated, &removes("theirs", "", 1)), too_soon);
        assert_eq!(told(&stated, &removes("theirs", "x/p/docs/", 1)), too_soon);
        assert_eq!(told(POLICY, &removes("theirs", "", 1)), [], "the policy says nothing of them");
        for harmless in [
            removes("theirs", "", 30),
            removes("theirs", "x/.bdr/probe/", 1),
            removes("bdr/p/a/noncurrent", "x/p/", 1),
            removes("theirs", "", 1).replace("Enabled", "Disabled"),
        ] {
            assert_eq!(told(&stated, &harmless), [], "{harmless}");
        }
    }
}
