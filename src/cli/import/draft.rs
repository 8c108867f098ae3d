//! From what stands in buckets to the text of a policy, and what of it no policy can say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::access;
use super::bucket::{Bucket, own, quoted};
use crate::attrs::{Attr, Attrs};
use crate::diag::Sources;
use crate::policy::{codes, load_unresolved};
use crate::providers::s3::{Part, REPLICATION_RULE, Standing};
use crate::units::count::counted;

/// Days of a net between the last moment at which a backup may be needed and its expiry, with the week from one full backup to the next.
const NET: i64 = 30 + 7;
const TIERS: [&str; 8] = ["hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "annually", "annual"];
pub const LIFECYCLE_RULE: &str = "s3_lifecycle_rule";

/// What its backups tell of a component's protection.
#[derive(Debug, Clone, Default)]
pub struct Told {
    pub paths: Vec<String>,
    /// Storage class of each tier, but for the usual one.
    pub classes: BTreeMap<String, String>,
}

/// Component and protection.
pub type Protected = (String, String);

/// What the policy's own rules in a bucket say of a protection: days of each tier's net.
pub type Nets = BTreeMap<Protected, BTreeMap<String, i64>>;

/// A part of the text, and what it leaves out.
#[derive(Debug, Default)]
pub struct Draft {
    pub text: String,
    /// Each a fragment: what stands there and is not in the policy.
    pub left: Vec<String>,
}

/// The store that bdr's rules in a bucket speak of.
pub fn store_of(standing: &Standing, policy: &str) -> Option<String> {
    let owner = format!("bdr/{policy}/");
    let names = standing.parts.iter().filter_map(|part| Some(part.name.strip_prefix(&owner)?.split_once('/')?.0));
    names.min().map(str::to_owned)
}

/// What bdr keeps below, as its own rules tell.
fn prefix(standing: &Standing, policy: &str, store: &str) -> String {
    let rules = standing.parts.iter().filter(|part| part.kind == LIFECYCLE_RULE && own(part, policy, store).is_some());
    let begins = rules.filter_map(|part| {
        let below = part.attrs.get("prefix")?.as_str()?;
        let at = below.find(".bdr/probe/").or_else(|| below.find(&format!("{policy}/")))?;
        Some(below[..at].to_owned())
    });
    begins.min().unwrap_or_default()
}

/// The nets of a bucket.
pub fn nets(of: &Bucket<'_>, policy: &str) -> Nets {
    let mut nets = Nets::new();
    for part in of.standing.parts.iter().filter(|part| part.kind == LIFECYCLE_RULE) {
        let words: Vec<&str> = own(part, policy, &of.store).into_iter().flat_map(|key| key.split('/')).collect();
        let ([component, protection, tier], Some(days)) =
            (words.as_slice(), part.attrs.get("expire_days").and_then(Attr::as_int))
        else {
            continue;
        };
        if TIERS.contains(tier) {
            let tiers = nets.entry(((*component).to_owned(), (*protection).to_owned())).or_default();
            tiers.insert((*tier).to_owned(), days);
        }
    }
    nets
}

/// A store.
pub fn store(of: &Bucket<'_>, policy: &str, all: &[Bucket<'_>]) -> Draft {
    let mut draft = Draft { text: format!("  {}:\n    s3: {}\n", of.store, place(of, policy)), left: Vec::new() };
    let settings = |kind: &str| of.standing.settings.get(kind);
    let text = &mut draft.text;
    // What never was on is left as it is.
    if settings("s3_versioning").and_then(|attrs| attrs.get("enabled")).and_then(Attr::as_bool) == Some(true) {
        text.push_str("    versioning: true\n");
    }
    let word = |attrs: &Attrs, name: &str| attrs.get(name).map(Attr::to_string).unwrap_or_default();
    if let Some(lock) = settings("s3_object_lock").filter(|lock| lock.contains_key("mode")) {
        _ = writeln!(text, "    immutability: {{ mode: {}, for: {}d }}", word(lock, "mode").to_lowercase(), word(lock, "days"));
    }
    match settings("s3_encryption") {
        Some(attrs) if attrs.contains_key("key") => {
            let (key, bucket_key) = (quoted(&word(attrs, "key")), word(attrs, "bucket_key"));
            _ = writeln!(text, "    encryption: {{ sse: {}, key: {key}, bucket_key: {bucket_key} }}", word(attrs, "sse"));
        }
        Some(attrs) => _ = writeln!(text, "    encryption: {{ sse: {} }}", word(attrs, "sse")),
        None => {}
    }
    let (secret, tags): (Vec<_>, Vec<_>) = of
        .standing
        .tags
        .iter()
        .filter(|(key, _)| !is_kept(key))
        .map(|(key, value)| format!("{}: {}", quoted(key), quoted(value)))
        .partition(|tag| is_secret(tag));
    if !tags.is_empty() {
        _ = writeln!(text, "    tags: {{ {} }}", tags.join(", "));
    }
    if !secret.is_empty() {
        draft
            .left
            .push(format!("{} with what looks like a secret: not written down, and kept there", counted(secret.len(), "tag")));
    }
    let mut said: BTreeSet<&str> = BTreeSet::from(["scratch"]);
    for part in of.standing.parts.iter().filter(|part| part.kind == LIFECYCLE_RULE) {
        let days = |name: &str| part.attrs.get(name).and_then(Attr::as_int);
        match own(part, policy, &of.store) {
            Some(key @ "noncurrent") => {
                _ = days("noncurrent_days").map(|days| (said.insert(key), writeln!(text, "    noncurrent: {{ for: {days}d }}")))
            }
            Some(key @ "abort-uploads") => {
                _ = days("abort_uploads_days").map(|days| (said.insert(key), writeln!(text, "    abort_uploads_after: {days}d")))
            }
            _ => {}
        }
    }
    let components: BTreeSet<String> = nets(of, policy).into_keys().map(|(component, _)| component).collect();
    let (replicate, unsaid) = replicate(of, policy, all, &components);
    text.push_str(&replicate);
    let (access, told) = access::access(of, policy);
    text.push_str(&access);
    said.extend(told);
    draft.left.extend(unsaid);
    draft.left.extend(left(of, policy, &said));
    draft
}

/// Tags of bdr's and of AWS's, which no policy states.
fn is_kept(key: &str) -> bool {
    key.starts_with("bdr:") || key.starts_with("aws:")
}

/// Whether a tag could not be written into a policy.
fn is_secret(tag: &str) -> bool {
    let mut sources = Sources::new();
    sources.add("tags", format!("stores: {{ a: {{ tags: {{ {tag} }} }} }}\n"));
    load_unresolved(sources).diagnostics.iter().any(|finding| finding.code == codes::SECRET)
}

fn place(of: &Bucket<'_>, policy: &str) -> String {
    let mut place = format!("{{ bucket: {}", quoted(of.bucket));
    let prefix = prefix(of.standing, policy, &of.store);
    let roles = of.standing.parts.iter().filter_map(|part| part.attrs.get("role")?.as_str());
    // What copies from a bucket is a role of its account; compatible endpoints know none.
    let account = roles.filter_map(|role| role.split(':').nth(4)).find(|_| of.endpoint.is_none());
    for (key, value) in
        [("region", of.region), ("endpoint", of.endpoint), ("prefix", Some(prefix.as_str())), ("account", account)]
    {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            _ = write!(place, ", {key}: {}", quoted(value));
        }
    }
    place + " }"
}

/// The entries of a store, and its rules that none of them says.
fn replicate(of: &Bucket<'_>, policy: &str, all: &[Bucket<'_>], components: &BTreeSet<String>) -> (String, Vec<String>) {
    let (mut entries, mut left): (BTreeMap<String, BTreeSet<String>>, Vec<String>) = (BTreeMap::new(), Vec::new());
    let folder = format!("{}{policy}/", prefix(of.standing, policy, &of.store));
    for part in of.standing.parts.iter().filter(|part| part.kind == REPLICATION_RULE && own(part, policy, &of.store).is_some()) {
        let bucket =
            part.attrs.get("to").map(Attr::to_string).unwrap_or_default().rsplit(':').next().unwrap_or_default().to_owned();
        let there = all.iter().find(|other| other.bucket == bucket);
        let below = part.attrs.get("prefix").and_then(Attr::as_str).and_then(|prefix| prefix.strip_prefix(&folder));
        match (there, below) {
            (Some(there), Some(below)) => {
                entries.entry(entry(&there.store, &part.attrs, policy)).or_default().insert(below.to_owned());
            }
            (None, _) => {
                left.push(format!("replication rule `{}` copies to {bucket}: import it too, with --bucket {bucket}", part.name))
            }
            _ => left.push(format!("replication rule `{}` copies what is not the policy's", part.name)),
        }
    }
    let all_of_it: BTreeSet<String> = components.iter().map(|component| format!("{component}/")).collect();
    let lines = entries.into_iter().flat_map(|(entry, below)| match below == all_of_it {
        true => vec![format!("      - {{ {entry} }}\n")],
        false => below.iter().map(|below| format!("      - {{ {entry}, prefix: {} }}\n", quoted(below))).collect(),
    });
    let lines: String = lines.collect();
    (if lines.is_empty() { lines } else { format!("    replicate:\n{lines}") }, left)
}

fn entry(to: &str, attrs: &Attrs, policy: &str) -> String {
    let mut entry = format!("to: {to}");
    let text = |name: &str| attrs.get(name).map(Attr::to_string);
    for (key, value) in [
        ("within", text("within_minutes").map(|minutes| minutes + "m")),
        ("storage_class", text("storage_class")),
        ("delete_markers", text("delete_markers").filter(|on| on == "true")),
        ("owner_override", text("owner").map(|_| "true".to_owned())),
        ("kms", text("kms").map(|key| quoted(&key))),
        ("role", text("role").filter(|role| !role.contains(&format!(":role/bdr/{policy}/"))).map(|role| quoted(&role))),
    ] {
        value.iter().for_each(|value| _ = write!(entry, ", {key}: {value}"));
    }
    if let Some(Attr::Map(tags)) = attrs.get("tags") {
        let tags: Vec<String> =
            tags.iter().map(|(key, value)| format!("{}: {}", quoted(key), quoted(&value.to_string()))).collect();
        _ = write!(entry, ", tags: {{ {} }}", tags.join(", "));
    }
    entry
}

/// Rules and statements that the policy does not say: others' stay, and bdr's own would go.
fn left(of: &Bucket<'_>, policy: &str, said: &BTreeSet<&str>) -> Vec<String> {
    let nets = nets(of, policy);
    let is_net = |key: &str| {
        let words: Vec<&str> = key.split('/').collect();
        matches!(words.as_slice(), [c, p, t] if nets.get(&((*c).to_owned(), (*p).to_owned())).is_some_and(|tiers| tiers.contains_key(*t)))
    };
    let one = |part: &Part| match own(part, policy, &of.store) {
        Some(_) if part.kind == REPLICATION_RULE => None,
        Some(key) if said.contains(key) || is_net(key) || key.starts_with("replicas-of-") => None,
        Some(key) => Some(format!("{} `{key}` is bdr's own, and the next apply takes it away", part.title)),
        None if part.name.is_empty() => Some(format!("{} without a name stays as it is", part.title)),
        None => Some(format!("{} `{}` stays as it is: {}", part.title, part.name, part.summary)),
    };
    of.standing.parts.iter().filter_map(one).chain(of.standing.unread.iter().map(|why| format!("not read: {why}"))).collect()
}

/// The components that bdr's nets speak of, in the stores that it writes to.
pub fn components(found: &BTreeMap<Protected, (Vec<String>, BTreeMap<String, i64>)>, told: &BTreeMap<Protected, Told>) -> Draft {
    let mut draft = Draft::default();
    let mut last = "";
    let names: BTreeSet<&str> = found.keys().map(|(component, _)| component.as_str()).collect();
    for component in names {
        let own: Vec<_> = found.iter().filter(|((name, _), _)| name == component).collect();
        let paths: BTreeSet<String> =
            own.iter().filter_map(|(key, _)| told.get(*key)).flat_map(|told| told.paths.clone()).collect();
        if paths.is_empty() {
            draft
                .left
                .push(format!("component `{component}`: no backup of it tells which files it is, so that its rules would go"));
            continue;
        }
        last = component;
        let paths: Vec<String> = paths.iter().map(|path| quoted(path)).collect();
        _ = write!(draft.text, "  {component}:\n    files: {{ paths: [{}] }}\n    protect:\n", paths.join(", "));
        let mut tiers: BTreeMap<&str, (i64, Option<&String>)> = BTreeMap::new();
        for (key, (stores, nets)) in &own {
            _ = writeln!(draft.text, "      {}: {{ file_backup: {{}}, stores: [{}] }}", key.1, stores.join(", "));
            let class = |tier: &str| told.get(*key).and_then(|told| told.classes.get(tier));
            nets.iter().for_each(|(tier, days)| _ = tiers.entry(tier).or_insert((*days, class(tier))));
        }
        draft.text.push_str("    retain:\n");
        for (tier, (days, class)) in tiers {
            let class = class.map(|class| format!(", class: {class}")).unwrap_or_default();
            _ = writeln!(draft.text, "      {tier}: {{ for: {}d{class} }}", (days - NET).max(1));
        }
    }
    if !last.is_empty() {
        draft.left.push("schedules, objectives and what is left out of the components: buckets do not tell them".to_owned());
    }
    draft
}
