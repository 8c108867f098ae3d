//! Kind `iam_role`: a role, and who may take it on.

use std::collections::BTreeMap;

use aws_sdk_iam::types::Tag;

use crate::access::meaning;
use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};
use crate::provider::ProviderError;
use crate::providers::iam::connection::Reached;
use crate::providers::iam::request::{self, Role};
use crate::providers::iam::wanted::MARK;
use crate::resource::{Foreign, Hindrance, Live};
use crate::store::{ErrorKind, Retry};
use crate::stores::s3::Refusal;

/// The longest session of a role of which nothing else is said, in seconds (IAM API reference, `CreateRole`).
const AN_HOUR: i32 = 3_600;

/// What a role reads as. `names` says what the unique ids of the policy's own roles stand for.
pub(super) fn live(
    role: Option<&Role>,
    name: &str,
    path: &str,
    desired: Option<&Attrs>,
    names: &BTreeMap<String, String>,
) -> Live {
    let Some(role) = role else { return Live::absent() };
    let mut attrs = Attrs::from([("name".to_owned(), Attr::text(name))]);
    if role.path != path {
        attrs.insert("path".to_owned(), Attr::text(&role.path));
        let unfit = format!("there is another role of that name, below `{}`: it is not taken over", role.path);
        return Live { unfit: Some(unfit), ..Live::present(attrs) };
    }
    let like = desired.and_then(|desired| desired.get("trust"));
    let trust = meaning::meaning(&role.trust, like, names);
    let mut notes: Vec<String> = trust.iter().flat_map(meaning::nameless).map(|id| nameless(&id)).collect();
    notes.extend(trust.as_ref().err().map(|why| format!("its trust cannot be read: {why}")));
    let hindered = trust.as_ref().is_ok_and(meaning::is_open).then(|| open(name)).into_iter().collect();
    attrs.insert("trust".to_owned(), trust.unwrap_or_else(|_| Attr::text(&role.trust)));
    // Some endpoints keep none.
    let description = role.description.as_deref().map(Attr::text).or_else(|| desired?.get("description").cloned());
    attrs.extend(description.map(|text| ("description".to_owned(), text)));
    let marked = role.tags.get(MARK).map(|value| (MARK, value.as_str()));
    attrs.insert("tags".to_owned(), Attr::map(marked));
    let others = role.tags.iter().filter(|(key, _)| *key != MARK);
    let mut foreign: Vec<Foreign> = others
        .map(|(key, value)| Foreign::new(format!("{name}/{key}"), format!("tag of the role, `{value}`")).within())
        .collect();
    let session = role.max_session.filter(|seconds| *seconds != AN_HOUR).map(|seconds| {
        Foreign::new(
            format!("{name}/MaxSessionDuration"),
            format!("longest session of the role, {seconds} s instead of {AN_HOUR} s"),
        )
    });
    foreign.extend(session.map(Foreign::within));
    let stated = desired.is_some_and(|desired| desired.contains_key("permissions_boundary"));
    match &role.boundary {
        Some(boundary) if stated => _ = attrs.insert("permissions_boundary".to_owned(), Attr::text(boundary)),
        Some(boundary) => {
            let summary = "permissions boundary, which bounds what the role may do";
            foreign.push(Foreign::new(format!("{name}/{boundary}"), summary).within());
        }
        None => {}
    }
    Live { foreign, notes, hindered, ..Live::present(attrs) }
}

/// A hole is no difference among others: it may have been used already.
fn open(name: &str) -> Hindrance {
    Hindrance {
        what: format!("`{name}` trusts everybody"),
        so: "whoever has an account of AWS, any account, can take the role on and do what it may".to_owned(),
        help: "Apply closes it. Find out who opened it, and whether anybody took the role on: CloudTrail tells of each `AssumeRole`."
            .to_owned(),
        foreign: false,
    }
}

fn nameless(id: &str) -> String {
    format!("it trusts `{id}`, which is the id of somebody who was deleted: nobody takes the role on by that")
}

/// A value of the attributes, however it is shown.
fn text(attrs: &Attrs, name: &str) -> Option<String> {
    attrs.get(name).and_then(Attr::as_str).map(str::to_owned)
}

/// Makes the role, or makes it as wanted where it is there.
pub(super) async fn write(
    reached: &Reached,
    name: &str,
    path: &str,
    policy: &PolicyName,
    wanted: &Attrs,
) -> Result<(), ProviderError> {
    let fault = |operation: &str, action: &str, refusal| reached.fault(operation, name, action, refusal);
    let there = request::role(reached, name).await.map_err(|refusal| fault("look at", "iam:GetRole", refusal))?;
    let Some(role) = there else {
        return create(reached, name, path, policy, wanted).await;
    };
    if role.path != path {
        let reason = format!("it is below `{}` and not the policy's", role.path);
        return Err(ProviderError {
            operation: "take over".to_owned(),
            subject: format!("role {name}"),
            kind: ErrorKind::Other,
            retry: Retry::Never,
            reason,
            help: Some("Rename the role in the policy, or remove the other one.".to_owned()),
            source: None,
        });
    }
    let client = &reached.iam.client;
    // First what bounds, then who.
    if let Some(boundary) = text(wanted, "permissions_boundary").filter(|arn| role.boundary.as_ref() != Some(arn)) {
        let put = || client.put_role_permissions_boundary().role_name(name).permissions_boundary(&boundary);
        let outcome = reached.change(|| reached.iam.ask(reached.answer(), put().send())).await;
        outcome.map_err(|refusal| fault("bound", "iam:PutRolePermissionsBoundary", refusal))?;
    }
    if role.tags.get(MARK).map(String::as_str) != Some(policy.as_str()) {
        let outcome =
            reached.change(|| reached.iam.ask(reached.answer(), client.tag_role().role_name(name).tags(mark(policy)).send()));
        outcome.await.map_err(|refusal| fault("mark", "iam:TagRole", refusal))?;
    }
    let trust = wanted.get("trust").cloned().unwrap_or(Attr::Null);
    if meaning::meaning(&role.trust, Some(&trust), &BTreeMap::new()).as_ref() != Ok(&trust) {
        let put = || client.update_assume_role_policy().role_name(name).policy_document(meaning::text(&trust));
        let outcome = reached.change(|| reached.iam.ask(reached.answer(), put().send())).await;
        outcome.map_err(|refusal| fault("change the trust of", "iam:UpdateAssumeRolePolicy", refusal))?;
    }
    let description = text(wanted, "description");
    if role.description.is_some() && role.description != description {
        // Left out, the longest session would be set back to an hour.
        let put = || {
            let request = client.update_role().role_name(name).set_description(description.clone());
            request.set_max_session_duration(role.max_session)
        };
        let outcome = reached.change(|| reached.iam.ask(reached.answer(), put().send())).await;
        outcome.map_err(|refusal| fault("describe", "iam:UpdateRole", refusal))?;
    }
    Ok(())
}

async fn create(reached: &Reached, name: &str, path: &str, policy: &PolicyName, wanted: &Attrs) -> Result<(), ProviderError> {
    let trust = meaning::text(wanted.get("trust").unwrap_or(&Attr::Null));
    let request = || {
        let request = reached.iam.client.create_role().role_name(name).path(path).assume_role_policy_document(&trust);
        let request = request.set_description(text(wanted, "description")).tags(mark(policy));
        request.set_permissions_boundary(text(wanted, "permissions_boundary"))
    };
    match reached.change(|| reached.iam.ask(reached.answer(), request().send())).await {
        Ok(_) => Ok(()),
        // An earlier attempt whose answer was lost, or somebody else: the engine reads again and sees.
        Err(refusal) if refusal.code == "EntityAlreadyExists" => {
            let refusal = Refusal { retry: Retry::Later, ..refusal };
            Err(reached.fault("create", name, "iam:CreateRole", refusal))
        }
        Err(refusal) => Err(reached.fault("create", name, "iam:CreateRole", refusal)),
    }
}

/// The mark as a tag.
fn mark(policy: &PolicyName) -> Tag {
    let tag = Tag::builder().key(MARK).value(policy.as_str()).build();
    #[expect(clippy::expect_used, reason = "key and value are given")]
    tag.expect("a tag")
}

/// Removes the role. One to which others gave rights stays, and they are named.
pub(super) async fn delete(reached: &Reached, name: &str) -> Result<(), ProviderError> {
    let request = || reached.iam.ask(reached.answer(), reached.iam.client.delete_role().role_name(name).send());
    match reached.iam.once(request()).await {
        Ok(_) => Ok(()),
        Err(refusal) if refusal.kind == ErrorKind::NotFound => Ok(()),
        Err(refusal) if refusal.code == "DeleteConflict" => {
            let held = request::rights(reached, name).await.unwrap_or_default();
            let inline = held.inline.iter().map(|policy| format!("inline policy `{policy}`"));
            let attached = held.attached.iter().map(|(_, arn)| format!("policy {arn}"));
            let told: Vec<String> = inline.chain(attached).collect();
            let told = if told.is_empty() { "an instance profile".to_owned() } else { told.join(", ") };
            let error = reached.fault("remove", name, "iam:DeleteRole", refusal);
            let help = format!("Others gave it: {told}. Detach that if nobody needs the role, and apply again.");
            Err(ProviderError { help: Some(help), ..error })
        }
        Err(refusal) => Err(reached.fault("remove", name, "iam:DeleteRole", refusal)),
    }
}
