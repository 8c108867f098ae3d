//! Documents of AWS IAM: grants merged, in a stable order, and within the sizes that IAM takes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::access::sid;
use crate::rights::{Condition, Effect, Grant};

/// Characters, without blanks, of all inline policies of a role together (IAM user guide, "IAM and AWS STS quotas").
pub const INLINE: usize = 10_240;
/// Characters, without blanks, of a managed policy (the same page); a role takes ten or more of them.
pub const MANAGED: usize = 6_144;

/// Version of the language (IAM user guide, "Version").
const VERSION: &str = "2012-10-17";
/// The key by which a listing's prefixes are limited; a long list of them can be divided.
const PREFIX: &str = "s3:prefix";

/// One document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    statement: Vec<Statement>,
    /// The part of the cloud that it speaks of, such as `aws`.
    #[serde(skip)]
    pub partition: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: String,
    effect: Effect,
    action: BTreeSet<String>,
    resource: BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    condition: Condition,
}

impl Document {
    fn new(partition: &'static str, grants: &[Grant]) -> Self {
        let statement = grants.iter().zip(sid::of(grants)).map(|(grant, sid)| Statement {
            sid,
            effect: grant.effect,
            action: grant.actions.clone(),
            resource: grant.resources.clone(),
            condition: grant.condition.clone(),
        });
        Self { version: VERSION, statement: statement.collect(), partition }
    }

    /// For `aws iam put-role-policy --policy-document`.
    ///
    /// # Errors
    /// Never for what bdr makes; the JSON writer's type asks for it.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// Characters as IAM counts them.
    pub fn size(&self) -> usize {
        let text = serde_json::to_string(self).unwrap_or_default();
        text.chars().filter(|c| !c.is_whitespace()).count()
    }
}

/// The documents that grant all of it: one for each partition, and several where one would be too large for an inline policy.
pub fn documents(grants: Vec<Grant>) -> Vec<Document> {
    let mut partitions: BTreeMap<&'static str, Vec<Grant>> = BTreeMap::new();
    for grant in merged(grants) {
        partitions.entry(grant.partition).or_default().push(grant);
    }
    let mut all = Vec::new();
    for (partition, grants) in partitions {
        let whole = Document::new(partition, &grants);
        if whole.size() <= INLINE {
            all.push(whole);
        } else {
            all.extend(parts(grants).iter().map(|part| Document::new(partition, part)));
        }
    }
    all
}

/// Grants that differ in their resources only become one, then those that differ in their actions only.
pub fn merged(grants: Vec<Grant>) -> Vec<Grant> {
    let mut by_actions: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for Grant { sid, effect, partition, actions, resources, condition } in grants {
        by_actions.entry((effect, sid, partition, actions, condition)).or_default().extend(resources);
    }
    let mut by_resources: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for ((effect, sid, partition, actions, condition), resources) in by_actions {
        by_resources.entry((effect, sid, partition, resources, condition)).or_default().extend(actions);
    }
    let whole = |((effect, sid, partition, resources, condition), actions)| Grant {
        sid,
        effect,
        partition,
        actions,
        resources,
        condition,
    };
    by_resources.into_iter().map(whole).collect()
}

/// Grants in parts that each fit a managed policy.
fn parts(grants: Vec<Grant>) -> Vec<Vec<Grant>> {
    let fits = |part: &[Grant]| Document::new("", part).size() <= MANAGED;
    let mut all: Vec<Vec<Grant>> = vec![Vec::new()];
    let mut left: Vec<Grant> = grants.into_iter().rev().collect();
    while let Some(grant) = left.pop() {
        let Some(part) = all.last_mut() else { break };
        part.push(grant);
        if fits(part) {
            continue;
        }
        let Some(grant) = part.pop() else { break };
        match halves(&grant).filter(|_| !fits(std::slice::from_ref(&grant))) {
            Some([first, second]) => left.extend([second, first]),
            None => all.push(vec![grant]),
        }
    }
    all.retain(|part| !part.is_empty());
    all
}

/// A grant as two that together allow the same; `None` where nothing of it can be divided.
fn halves(grant: &Grant) -> Option<[Grant; 2]> {
    if let Some(halves) = divided(&grant.resources) {
        return Some(halves.map(|resources| Grant { resources, ..grant.clone() }));
    }
    let (operator, values) =
        grant.condition.iter().find_map(|(operator, keys)| Some((operator.clone(), divided(keys.get(PREFIX)?)?)))?;
    Some(values.map(|values| {
        let mut half = grant.clone();
        half.condition.entry(operator.clone()).or_default().insert(PREFIX.to_owned(), values);
        half
    }))
}

fn divided(values: &BTreeSet<String>) -> Option<[BTreeSet<String>; 2]> {
    let half = values.len() / 2;
    (half > 0).then(|| [values.iter().take(half).cloned().collect(), values.iter().skip(half).cloned().collect()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(sid: &'static str, partition: &'static str, resources: usize) -> Grant {
        let resources = (0..resources).map(|n| format!("arn:{partition}:s3:::bucket-with-a-name-{n:04}/*")).collect();
        let actions = BTreeSet::from(["s3:GetObject".to_owned()]);
        Grant { sid, effect: Effect::Allow, partition, actions, resources, condition: Condition::new() }
    }

    fn resources(documents: &[Document]) -> BTreeSet<String> {
        documents.iter().flat_map(|document| &document.statement).flat_map(|one| one.resource.iter().cloned()).collect()
    }

    #[test]
    fn what_is_too_large_is_divided_and_nothing_of_it_is_lost() {
        for count in [1, 100, 250, 1_000] {
            let whole = grant("Read", "aws", count);
            let all = documents(vec![whole.clone()]);
            assert_eq!(resources(&all), whole.resources, "{count}");
            let most = if all.len() == 1 { INLINE } else { MANAGED };
            assert!(
                all.iter().all(|one| one.size() <= most),
                "{count}: {:?}",
                all.iter().map(Document::size).collect::<Vec<_>>()
            );
            assert_eq!(all.len() > 1, count >= 250, "{count}");
        }
        let mut listing = grant("List", "aws", 1);
        let prefixes: BTreeSet<String> = (0..900).map(|n| format!("teams/number-{n:04}/*")).collect();
        let keys = BTreeMap::from([(PREFIX.to_owned(), prefixes.clone())]);
        listing.condition.insert("StringLikeIfExists".to_owned(), keys);
        let all = documents(vec![listing]);
        let conditions = all.iter().flat_map(|document| &document.statement).flat_map(|one| one.condition.values());
        let told: BTreeSet<String> = conditions.flat_map(|keys| keys[PREFIX].iter().cloned()).collect();
        assert!(all.len() > 1 && all.iter().all(|one| one.size() <= MANAGED));
        assert_eq!(told, prefixes);
    }

    #[test]
    fn a_document_speaks_of_one_partition_and_names_each_statement_once() {
        let mut other = grant("Read", "aws", 2);
        other.condition.insert("StringEquals".to_owned(), BTreeMap::new());
        let all = documents(vec![grant("Read", "aws", 3), other, grant("Read", "aws-cn", 1), grant("Read", "aws", 4)]);
        assert_eq!(all.iter().map(|one| one.partition).collect::<Vec<_>>(), ["aws", "aws-cn"]);
        let sids: Vec<&str> = all[0].statement.iter().map(|one| one.sid.as_str()).collect();
        let [first, second] = sids.as_slice() else { panic!("{sids:?}") };
        assert!(first != second && sids.iter().all(|sid| sid.starts_with("ReadBucketWithAName0000X")), "{sids:?}");
    }

    /// A store that comes in between changes no statement that says what it said.
    #[test]
    fn a_statement_keeps_its_name_whatever_comes_beside_it() {
        let of = |bucket: &str, action: &str| Grant {
            sid: "Settings",
            effect: Effect::Allow,
            partition: "aws",
            actions: BTreeSet::from([action.to_owned()]),
            resources: BTreeSet::from([format!("arn:aws:s3:::{bucket}")]),
            condition: Condition::new(),
        };
        let mut all = vec![of("shop-dr", "s3:PutBucketPolicy"), of("shop.eu", "s3:PutBucketTagging")];
        let sids = |grants: &[Grant]| -> BTreeMap<BTreeSet<String>, String> {
            let statements = documents(grants.to_vec()).into_iter().flat_map(|document| document.statement);
            statements.map(|one| (one.resource, one.sid)).collect()
        };
        let before = sids(&all);
        assert_eq!(before.values().map(String::as_str).collect::<Vec<_>>(), ["SettingsShopDr", "SettingsShopEu"]);
        assert_eq!(sids(&all[..1]).values().collect::<Vec<_>>(), ["SettingsShopDr"]);
        all.insert(0, of("another", "s3:PutBucketAcl"));
        let after = sids(&all);
        assert!(after.len() == 3 && before.iter().all(|(resource, sid)| after.get(resource) == Some(sid)), "{after:?}");
    }
}
