//! What AWS asks for in IAM for each request about roles (service authorization reference for IAM), and the tries of its rights.

use std::collections::BTreeMap;

use super::evaluate::Asked;
use super::requests::decoded;
use super::tried::{ends_well, one_less};
use super::{ACCOUNT, BOUNDARY, Guarded, ISSUER};
use crate::harness::{Endpoint, endpoint};
use crate::iam_kinds::{client, trust_in};

/// By the form that is sent. Roles that are asked about lie below the path of their policy, whose name stands in theirs.
pub fn asked(form: &str, account: &str, boundary: &str) -> Vec<Asked> {
    let fields: BTreeMap<String, String> =
        form.split('&').filter_map(|part| part.split_once('=')).map(|(name, value)| (name.to_owned(), decoded(value))).collect();
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let name = field("RoleName");
    let policy = name.strip_prefix("bdr-").and_then(|name| name.rsplit_once('-')).map_or("", |(policy, _)| policy);
    let role = format!("arn:aws:iam::{account}:role/bdr/{policy}/{name}");
    let ask = |action: &'static str| Asked { action, resource: role.clone(), context: BTreeMap::new() };
    let bound = |action, by: String| if by.is_empty() { ask(action) } else { ask(action).with("iam:PermissionsBoundary", &by) };
    match field("Action").as_str() {
        // Everybody may ask who they are.
        "GetCallerIdentity" => Vec::new(),
        "ListRoles" => vec![Asked { resource: "*".to_owned(), ..ask("iam:ListRoles") }],
        "GetOpenIDConnectProvider" => {
            vec![Asked { resource: field("OpenIDConnectProviderArn"), ..ask("iam:GetOpenIDConnectProvider") }]
        }
        // Who gives it tags must be allowed that too.
        "CreateRole" => vec![bound("iam:CreateRole", field("PermissionsBoundary")), ask("iam:TagRole")],
        "PutRolePolicy" => vec![bound("iam:PutRolePolicy", boundary.to_owned())],
        "PutRolePermissionsBoundary" => vec![bound("iam:PutRolePermissionsBoundary", field("PermissionsBoundary"))],
        "GetRole" => vec![ask("iam:GetRole")],
        "GetRolePolicy" => vec![ask("iam:GetRolePolicy")],
        "ListRolePolicies" => vec![ask("iam:ListRolePolicies")],
        "ListAttachedRolePolicies" => vec![ask("iam:ListAttachedRolePolicies")],
        "UpdateAssumeRolePolicy" => vec![ask("iam:UpdateAssumeRolePolicy")],
        "UpdateRole" => vec![ask("iam:UpdateRole")],
        "TagRole" => vec![ask("iam:TagRole")],
        "DeleteRole" => vec![ask("iam:DeleteRole")],
        "DeleteRolePolicy" => vec![ask("iam:DeleteRolePolicy")],
        other => panic!("a request that is not known here: {other}"),
    }
}

/// The provider of tokens that the policy's role needs.
pub async fn provider(endpoint: &Endpoint) {
    let iam = client(endpoint, &endpoint.access_key, &endpoint.secret_key, None);
    // Another test may have made it.
    let _ = iam.create_open_id_connect_provider().url(ISSUER).client_id_list("sts.amazonaws.com").send().await;
    let anything = "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"*\"}]}";
    for name in ["Boundary", "Other"] {
        let _ = iam.create_policy().policy_name(name).policy_document(anything).send().await;
    }
}

/// What an apply does to roles that are there already: each change by hand is mended, and one that left the policy goes.
#[tokio::test(flavor = "multi_thread")]
async fn roles_are_mended_and_removed_with_the_document_of_apply_and_no_less() {
    let Some(endpoint) = endpoint("ministack") else { return };
    let guarded = Guarded::new(endpoint).await;
    let iam = client(endpoint, &endpoint.access_key, &endpoint.secret_key, None);
    let text = guarded.home.text("bdr.yaml");
    let name = text.lines().find_map(|line| line.strip_prefix("name: ")).unwrap().to_owned();
    let role = format!("bdr-{name}-writer");
    let leaves = guarded.leaves(&["apply", "--without-backups"]);
    let (of_roles, others): (Vec<_>, Vec<_>) = leaves.into_iter().partition(|leaf| leaf.action.starts_with("iam:"));
    one_less(
        &of_roles,
        &[("iam:CreateRole", "", "every role is there already; the apply of a new policy shows that it is needed")],
        |_, less| {
            let old = format!("{text}    old: {{ may: restore, trust: {{ account: '{ACCOUNT}' }} }}\n");
            std::fs::write(guarded.home.path("bdr.yaml"), old).unwrap();
            guarded.freely(&["apply", "--auto-approve", "--without-backups"]);
            std::fs::write(guarded.home.path("bdr.yaml"), &text).unwrap();
            let (iam, role) = (iam.clone(), role.clone());
            let changed = async move {
                iam.update_assume_role_policy().role_name(&role).policy_document(trust_in("999999999999")).send().await.unwrap();
                iam.update_role().role_name(&role).description("mine").send().await.unwrap();
                iam.untag_role().role_name(&role).tag_keys("bdr:policy").send().await.unwrap();
                let other = BOUNDARY.replace("Boundary", "Other");
                iam.put_role_permissions_boundary().role_name(&role).permissions_boundary(other).send().await.unwrap();
                iam.delete_role_policy().role_name(&role).policy_name("bdr").send().await.unwrap();
            };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(changed));
            ends_well(&guarded.with(&[less, &others].concat(), 0, &["apply", "--auto-approve", "--without-backups"]))
        },
    );
}
