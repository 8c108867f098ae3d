//! Kind `s3_replication_rule`: single rules by which a bucket hands on what is written to it, owned by their ids; the others are kept
//! as they are.

mod clear;
mod existing;
mod priority;
mod rule;
mod wanted;

use aws_sdk_s3::types as t;

use crate::access::path_of_role;
use crate::address::{PolicyName, StoreName};
use crate::attrs::{Attr, Attrs};
use crate::policy::Policy;
use crate::providers::s3::adopt::nest;
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::encryption::same_key;
use crate::providers::s3::lifecycle::owner;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::providers::s3::{object_lock, versioning};
use crate::resource::{Foreign, Hindrance, Kind, Live, Risk};
use crate::store::ErrorKind;
use crate::stores::s3::Refusal;

/// Most rules of a bucket (S3 user guide, "Replication configuration file elements").
pub(super) const MOST: usize = 1000;

/// The kind of a rule.
pub const RULE: &str = "s3_replication_rule";

pub(super) static KIND: Kind = Kind {
    name: RULE,
    title: "replication rule",
    summary: "One rule by which S3 copies what is written to another bucket, known by its id `bdr/<policy>/…`. Rules of others are kept \
              as they are.",
    shared: true,
    risk,
    headline: &["to", "within_minutes"],
    needs_earlier: true,
    visible_within: 180,
    ..Kind::PLAIN
};

/// A rule that stops, takes longer, or takes deletions along protects less.
fn risk(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let flag = |attrs: Option<&Attrs>, name: &str| attrs.and_then(|attrs| attrs.get(name)).and_then(Attr::as_bool) == Some(true);
    let timed = |attrs: Option<&Attrs>| attrs.is_some_and(|attrs| attrs.contains_key("within_minutes"));
    let copies = |attrs: Option<&Attrs>| flag(attrs, "enabled");
    let deletes = |attrs: Option<&Attrs>| flag(attrs, "delete_markers");
    let weaker = (copies(before) && !copies(after))
        || (timed(before) && !timed(after))
        || (before.is_some() && !deletes(before) && deletes(after));
    if weaker { Risk::Weakens } else { Risk::None }
}

pub(super) static DOCUMENT: Document = Document {
    root: "ReplicationConfiguration",
    title: "replication",
    without: "nothing is copied to the other store, and no objective can rest on it: name both stores under the protection's `stores`, \
              and bdr writes to both",
    read_action: "s3:GetReplicationConfiguration",
    write_action: "s3:PutReplicationConfiguration",
    get: get!(get_bucket_replication),
    put: put!(
        put_bucket_replication,
        replication_configuration,
        t::ReplicationConfiguration::builder().role("").set_rules(Some(Vec::new())).build()
    ),
    is_empty: |tree| tree.child("Rule").is_none(),
    // Its `PUT` would be taken for that of the bucket, and its `DELETE` for the bucket's removal (contract suite).
    unknown_to: &["SeaweedFS"],
    // Ceph answers with an empty role and no rule.
    is_hollow: |tree| tree.child("Rule").is_none(),
    clear: Some(|place, before| Box::pin(clear::clear(place, before))),
    is_early,
    ..Document::PLAIN
};

/// Versions that were just switched on, and a role that was just made, are not known to every part of S3 at once.
fn is_early(refusal: &Refusal) -> bool {
    let reason = refusal.reason.to_ascii_lowercase();
    let of_versions = refusal.code == "InvalidRequest" && reason.contains("versioning");
    let of_role = reason.contains("role") && (refusal.code == "InvalidRequest" || refusal.kind == ErrorKind::Denied);
    // A right to pass the role that is missing does not come by waiting.
    of_versions || (of_role && !reason.contains("passrole"))
}

pub(super) struct ReplicationRules;

pub use existing::{Existing, existing};
pub(super) use wanted::{of_component, seen as seen_of};

/// How many rules a store wants.
pub(super) fn count(wish: Wish<'_>) -> usize {
    wanted::count(wish)
}

fn rules(document: Option<&Element>) -> impl Iterator<Item = &Element> {
    document.into_iter().flat_map(|document| document.each("Rule")).filter(|rule| !clear::is_placeholder(rule))
}

/// The policy's own rules, and all others.
fn parted<'a>(document: Option<&'a Element>, policy: &PolicyName) -> (Vec<&'a Element>, Vec<&'a Element>) {
    let owner = owner(policy);
    rules(document).partition(|rule| rule.text_at(&["ID"]).unwrap_or("").starts_with(&owner))
}

/// Whether a document holds rules of the policy's.
pub(super) fn holds_ours(document: &Element, policy: &PolicyName) -> bool {
    parted(Some(document), policy).0.iter().any(|rule| !clear::is_placeholder(rule))
}

/// Whether a bucket's rules, whoever's they are, work by a role that is the policy's.
pub(super) fn works_by_ours(document: &Element, policy: &PolicyName) -> bool {
    role(Some(document)).is_some_and(|arn| path_of_role(arn).starts_with(&format!("bdr/{policy}/")))
}

/// The one role of a document.
fn role(document: Option<&Element>) -> Option<&str> {
    document.and_then(|document| document.text_at(&["Role"]))
}

/// The canonical form of a rule within its document, in the policy's own spelling where that means the same.
fn seen(rule: &Element, document: Option<&Element>, policy: &PolicyName, desired: Option<&Attrs>) -> Attrs {
    let (own, mut others) = parted(document, policy);
    // One that is taken over is no rule of others any more.
    others.retain(|other| !std::ptr::eq(*other, rule));
    let mut attrs = rule::attrs(rule);
    let id = rule.text_at(&["ID"]).unwrap_or_default();
    let as_wanted = desired.map(|desired| rule::element(id, desired));
    // It follows from what the rule says, and is no other for that somebody made the rule say something else.
    let given = |this: &Element| {
        let own: Vec<&Element> = own.iter().map(|one| if one.text_at(&["ID"]) == Some(id) { this } else { *one }).collect();
        priority::given(&own, &others).get(id).map(u64::to_string)
    };
    let is_given =
        |stands: &str| [Some(rule), as_wanted.as_ref()].into_iter().flatten().any(|this| given(this).as_deref() == Some(stands));
    let priority = rule.text_at(&["Priority"]).filter(|stands| !is_given(stands));
    attrs.insert("priority".to_owned(), priority.unwrap_or(rule::GIVEN).into());
    let wanted = |name: &str| desired.and_then(|desired| desired.get(name)).cloned();
    // Beside rules of others their role stands, and an endpoint that keeps none needs none.
    let role = match (role(document), wanted("role")) {
        (Some(_), Some(wanted)) if !others.is_empty() => Some(wanted),
        (None, wanted) => wanted,
        (Some(stands), wanted) => Some(wanted.filter(|wanted| *wanted == Attr::text(stands)).unwrap_or(stands.into())),
    };
    attrs.extend(role.map(|role| ("role".to_owned(), role)));
    for name in ["to", "kms"] {
        let same = |wanted: &Attr, stands: &Attr| {
            wanted == stands || (name == "kms" && wanted.as_str().zip(stands.as_str()).is_some_and(|(a, b)| same_key(a, b)))
        };
        if let (Some(wanted), Some(stands)) = (wanted(name), attrs.get_mut(name))
            && same(&wanted, stands)
        {
            *stands = wanted;
        }
    }
    attrs
}

/// Rules of others keep the one role that a bucket has, and nothing is known of what it may do.
fn by_another(stands: &str, wished: &Attr) -> Hindrance {
    Hindrance {
        what: format!(
            "S3 copies by `{stands}`, and not by `{wished}`: a bucket has one replication role, and rules of others use it"
        ),
        so: "nothing tells that it may copy to the destination of bdr's rule".to_owned(),
        help: format!(
            "Allow it to write there too and state `role: {stands}` in the policy, or have the bucket given the role of the policy: \
             bdr changes none that rules of others copy by."
        ),
        foreign: true,
    }
}

impl Setting for ReplicationRules {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    /// Without versions at the source the rule is refused.
    fn after(&self) -> Vec<&'static Kind> {
        vec![&versioning::KIND, &object_lock::KIND]
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        wanted::wanted(wish)
    }

    fn mark(&self, policy: &PolicyName, rest: &str) -> String {
        format!("{}{rest}", owner(policy))
    }

    fn live(&self, document: Option<&Element>, sight: Sight<'_>) -> Live {
        let own = rules(document).find(|rule| rule.text_at(&["ID"]) == Some(sight.mark));
        let (_, others) = parted(document, sight.policy);
        let by = role(document).map(|arn| path_of_role(arn).to_owned());
        let stays = |rule: &&Element| Foreign {
            by: by.clone(),
            ..Foreign::new(rule::name(rule), rule::describe(rule)).of_sort(KIND.title)
        };
        let foreign = others.iter().map(stays).collect();
        let wished = sight.desired.and_then(|desired| desired.get("role"));
        let hindered = match (role(document), wished) {
            (Some(stands), Some(wished)) if !others.is_empty() && *wished != Attr::text(stands) => {
                vec![by_another(stands, wished)]
            }
            _ => Vec::new(),
        };
        let attrs = own.map(|rule| seen(rule, document, sight.policy, sight.desired));
        Live { attrs, foreign, hindered, relies: by, ..Live::default() }
    }

    fn stands(&self, policy: &mut Policy, store: &StoreName, key: &str, live: Option<&Attrs>) {
        wanted::stands(policy, store, key, live);
    }

    /// S3 takes rules of one form only.
    fn refuses(&self, document: &Element, policy: &PolicyName) -> Option<String> {
        let (_, others) = parted(Some(document), policy);
        let old = others.into_iter().find(|rule| rule::is_of_first_form(rule))?;
        Some(format!(
            "the rule `{}` of somebody else has the old form without `Filter`, beside which S3 takes none of the present form: \
             write it anew with `Filter`, `Priority` and `DeleteMarkerReplication`",
            rule::name(old)
        ))
    }

    /// Foreign rules first, as read and in their own order; bdr's after them, sorted. Order has no meaning to S3.
    fn merged(&self, document: Option<&Element>, policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let (own, others) = parted(document, policy);
        let edited = |rule: &&Element| edits.iter().any(|edit| rule.text_at(&["ID"]) == Some(&edit.mark));
        let mut own: Vec<Element> = own.into_iter().filter(|rule| !edited(rule)).cloned().collect();
        own.extend(edits.iter().filter_map(|edit| Some(rule::element(&edit.mark, edit.attrs?))));
        own.sort_by(|a, b| a.text_at(&["ID"]).cmp(&b.text_at(&["ID"])));
        let (all, wants) = (own.len() + others.len(), edits.iter().any(|edit| edit.attrs.is_some()));
        if wants && let Some(why) = document.and_then(|document| self.refuses(document, policy)) {
            return Err(why);
        }
        if all > MOST {
            return Err(format!("the bucket would have {all} replication rules, and S3 takes {MOST}"));
        }
        let given = priority::given(&own.iter().collect::<Vec<_>>(), &others);
        for rule in &mut own {
            let number = given.get(rule.text_at(&["ID"]).unwrap_or_default()).copied().unwrap_or_default();
            rule.set(Element::leaf("Priority", number.to_string()));
        }
        let wished = edits.iter().find_map(|edit| rule::text(edit.attrs?, "role"));
        let role = role(document).filter(|_| !others.is_empty()).or(wished).or(role(document)).unwrap_or_default();
        let mut children = vec![Element::leaf("Role", role)];
        children.extend(others.into_iter().cloned());
        children.extend(own);
        // Whatever else the document holds stays too.
        let beside = document.into_iter().flat_map(|document| &document.children);
        children.extend(beside.filter(|child| !matches!(child.name.as_str(), "Role" | "Rule")).cloned());
        Ok(Element { children, ..Element::new("ReplicationConfiguration") })
    }

    fn marked(&self, document: &Element, policy: &PolicyName) -> Vec<String> {
        let (own, _) = parted(Some(document), policy);
        own.into_iter().filter_map(|rule| rule.text_at(&["ID"])).map(str::to_owned).collect()
    }

    fn meets(&self, one: &Attrs, other: &Attrs) -> bool {
        one.get("to") == other.get("to") && nest(one, other)
    }

    fn called(&self, part: &Element) -> Option<String> {
        (part.name == "Rule").then(|| part.text_at(&["ID"]).map(str::to_owned))?
    }

    /// As a set, with the role that is theirs: some endpoints sort rules.
    fn foreign_part(&self, document: Option<&Element>, policy: &PolicyName) -> Vec<Element> {
        let (_, others) = parted(document, policy);
        let mut foreign: Vec<Element> = others.into_iter().cloned().collect();
        foreign.extend(role(document).filter(|_| !foreign.is_empty()).map(|role| Element::leaf("Role", role)));
        foreign.sort();
        foreign
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
