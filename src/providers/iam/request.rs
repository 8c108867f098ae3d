//! What IAM is asked, and its answers as far as they matter here.

use std::collections::BTreeMap;

use crate::providers::iam::connection::Reached;
use crate::store::ErrorKind;
use crate::stores::s3::{METADATA, Refusal};

/// The inline policy that is bdr's.
pub(super) const OURS: &str = "bdr";

/// A role by its listing, which tells neither tags nor boundary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub name: String,
    /// `AROA…`
    pub id: String,
    pub arn: String,
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    pub path: String,
    pub arn: String,
    pub trust: String,
    pub description: Option<String>,
    pub max_session: Option<i32>,
    pub boundary: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// What a role may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rights {
    /// The inline policy `bdr`.
    pub ours: Option<String>,
    /// Others' inline policies, by name.
    pub inline: Vec<String>,
    /// Managed policies: name and ARN.
    pub attached: Vec<(String, String)>,
}

/// All roles below a path.
pub(super) async fn roles(reached: &Reached, path: &str) -> Result<Vec<Listed>, Refusal> {
    let mut found: Vec<Listed> = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request = || {
            let page = reached.iam.client.list_roles().path_prefix(path).set_marker(marker.clone());
            reached.iam.ask(METADATA, page.send())
        };
        let page = reached.iam.look(request).await?;
        // Some endpoints leave the prefix aside.
        let here = page.roles.into_iter().filter(|role| role.path.starts_with(path));
        found.extend(here.map(|role| Listed { name: role.role_name, id: role.role_id, arn: role.arn }));
        match page.marker.filter(|next| page.is_truncated && marker.as_ref() != Some(next)) {
            Some(next) => marker = Some(next),
            None => return Ok(found),
        }
    }
}

pub(super) async fn role(reached: &Reached, name: &str) -> Result<Option<Role>, Refusal> {
    let request = || reached.iam.ask(METADATA, reached.iam.client.get_role().role_name(name).send());
    let Some(role) = there(reached.iam.look(request).await)?.and_then(|answer| answer.role) else { return Ok(None) };
    let tags = role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect();
    let boundary = role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn);
    Ok(Some(Role {
        path: role.path,
        arn: role.arn,
        trust: decoded(&role.assume_role_policy_document.unwrap_or_default()),
        description: role.description.filter(|text| !text.is_empty()),
        max_session: role.max_session_duration,
        boundary,
        tags,
    }))
}

/// What a role may do; nothing where there is none.
pub(super) async fn rights(reached: &Reached, name: &str) -> Result<Rights, (&'static str, Refusal)> {
    let client = &reached.iam.client;
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request = || reached.iam.ask(METADATA, client.list_role_policies().role_name(name).set_marker(marker.clone()).send());
        let page = there(reached.iam.look(request).await).map_err(|refusal| ("iam:ListRolePolicies", refusal))?;
        let Some(page) = page else { return Ok(Rights::default()) };
        names.extend(page.policy_names);
        match page.marker.filter(|next| page.is_truncated && marker.as_ref() != Some(next)) {
            Some(next) => marker = Some(next),
            None => break,
        }
    }
    let ours = if names.iter().any(|policy| policy == OURS) {
        let request = || reached.iam.ask(METADATA, client.get_role_policy().role_name(name).policy_name(OURS).send());
        let answer = there(reached.iam.look(request).await).map_err(|refusal| ("iam:GetRolePolicy", refusal))?;
        answer.map(|answer| decoded(&answer.policy_document))
    } else {
        None
    };
    let attached = attached(reached, name).await.map_err(|refusal| ("iam:ListAttachedRolePolicies", refusal))?;
    Ok(Rights { ours, inline: names.into_iter().filter(|policy| policy != OURS).collect(), attached })
}

/// An endpoint that knows no managed policies attaches none.
async fn attached(reached: &Reached, name: &str) -> Result<Vec<(String, String)>, Refusal> {
    let client = &reached.iam.client;
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let request =
            || reached.iam.ask(METADATA, client.list_attached_role_policies().role_name(name).set_marker(marker.clone()).send());
        let page = match reached.iam.look(request).await {
            Err(refusal) if lacks(&refusal) => return Ok(found),
            outcome => there(outcome)?,
        };
        let Some(page) = page else { return Ok(found) };
        let policies = page.attached_policies.unwrap_or_default().into_iter();
        found.extend(policies.filter_map(|policy| Some((policy.policy_name?, policy.policy_arn?))));
        match page.marker.filter(|next| page.is_truncated && marker.as_ref() != Some(next)) {
            Some(next) => marker = Some(next),
            None => return Ok(found),
        }
    }
}

/// For whom a provider of tokens takes them; `None`: there is no such provider.
pub(super) async fn audiences(reached: &Reached, arn: &str) -> Result<Option<Vec<String>>, Refusal> {
    let client = &reached.iam.client;
    let request = || reached.iam.ask(METADATA, client.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send());
    Ok(there(reached.iam.look(request).await)?.map(|provider| provider.client_id_list.unwrap_or_default()))
}

/// The account of the credentials; `None` where the endpoint does not tell.
pub(super) async fn account(reached: &Reached) -> Result<Option<String>, Refusal> {
    let request = || reached.sts.ask(METADATA, reached.sts.client.get_caller_identity().send());
    match reached.sts.look(request).await {
        Ok(answer) => Ok(answer.account.filter(|account| account.len() == 12)),
        Err(refusal) if refusal.kind == ErrorKind::Unauthenticated => Err(refusal),
        Err(_) => Ok(None),
    }
}

/// Whether the endpoint knows nothing of what it is asked.
pub(super) fn lacks(refusal: &Refusal) -> bool {
    let unknown =
        ["InvalidAction", "UnknownOperationException", "NotImplemented", "MethodNotAllowed", "NoSuchBucket", "NoSuchKey"];
    // SeaweedFS.
    let off = refusal.reason.starts_with("IAM write operations are disabled");
    // Ceph 16 answers in another order than AWS, which the SDK does not read.
    let other = refusal.reason.starts_with("the answer could not be read: error parsing XML");
    off || other || refusal.kind == ErrorKind::Unsupported || unknown.contains(&refusal.code.as_str())
}

fn there<T>(outcome: Result<T, Refusal>) -> Result<Option<T>, Refusal> {
    match outcome {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if refusal.code == "NoSuchEntity" => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Documents come encoded as in URLs (IAM API reference, `GetRole`); some endpoints send them as they are.
fn decoded(text: &str) -> String {
    if text.trim_start().starts_with('{') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (first, hex) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (byte, _) => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_unless_they_are_plain() {
        assert_eq!(decoded("%7B%22a%22%3A%20%22b%2Bc%22%7D"), "{\"a\": \"b+c\"}");
        assert_eq!(decoded("{\"a\": \"%20\"}"), "{\"a\": \"%20\"}");
        assert_eq!(decoded("100%"), "100%");
    }
}
