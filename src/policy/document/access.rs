//! Access as people type it: roles, what they may do, and who may take them on.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    AccountNameText, AccountText, BoundaryText, EndpointText, HostText, Named, PlainText, ProjectText, RefText, RepositoryText,
    RoleText, ServiceText, StoreText,
};
use crate::policy::read::{Field, Hints, Instead, Several};
use crate::rights::Purpose;

/// Who may do what with the stores: roles of AWS IAM, each with exactly the rights that `bdr iam-policy` prints.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Access")]
pub struct AccessDocument {
    /// The AWS account in which the roles live: twelve digits, or the name of one of `accounts`, whose role makes them. Roles that GitHub or
    /// GitLab take on need it.
    pub account: Field<AccountNameText>,
    /// Address of an IAM that is not AWS's.
    pub endpoint: Field<EndpointText>,
    /// ARN of the managed policy that bounds what any of the roles can do, whatever else they are given; left as it is unless told.
    pub permissions_boundary: Field<BoundaryText>,
    /// Roles, by a name of your own; `{}` for none, so that those which left the policy are removed.
    pub roles: Field<Named<RoleDocument>>,
}

/// A role.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Role", extend("required" = ["may", "trust"]))]
pub struct RoleDocument {
    /// What it may do, as `bdr iam-policy` names it: one, or several for who does several things.
    pub may: Field<Several<Purpose>>,
    /// Only with these stores; all unless told.
    pub stores: Field<Several<StoreText>>,
    /// Who may take it on: one, or several.
    pub trust: Field<Several<TrustDocument>>,
}

/// Who may take a role on: exactly one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Trust", extend("minProperties" = 1, "maxProperties" = 1))]
pub struct TrustDocument {
    /// Everybody in an AWS account whom that account allows to.
    pub account: Field<AccountText>,
    /// Who has another role.
    pub role: Field<RoleText>,
    /// A service of AWS, such as the machines of EC2.
    pub service: Field<ServiceText>,
    /// A workflow of GitHub Actions, without a key that lives long.
    pub github: Field<GithubDocument>,
    /// A pipeline of GitLab CI/CD, without a key that lives long.
    pub gitlab: Field<GitlabDocument>,
}

/// A workflow of GitHub Actions: a repository, and exactly one of what it runs for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "GitHub", extend("required" = ["repository"]))]
pub struct GithubDocument {
    /// The repository, with its owner.
    pub repository: Field<RepositoryText>,
    /// Runs for pull requests of the repository; those of forks get no token.
    pub pull_request: Field<bool>,
    /// Runs in this environment, which GitHub can ask people to release.
    pub environment: Field<PlainText>,
    /// Runs for this branch.
    pub branch: Field<RefText>,
    /// Runs for this tag.
    pub tag: Field<RefText>,
}

/// A pipeline of GitLab CI/CD: a project, and exactly one of what it runs for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "GitLab", extend("required" = ["project"]))]
pub struct GitlabDocument {
    /// The project, with its groups.
    pub project: Field<ProjectText>,
    /// Runs for this branch.
    pub branch: Field<RefText>,
    /// Runs for this tag.
    pub tag: Field<RefText>,
    /// Host of the GitLab; gitlab.com unless told.
    pub host: Field<HostText>,
}

impl Instead for AccessDocument {}

impl Instead for Purpose {}

impl Instead for RoleDocument {
    const WRITE: Hints = &[
        "Write `{key}: { may: write, trust: { account: \"111122223333\" } }`.",
        "Write `{key}: { may: write, trust: { account: \"111122223333\" } }`.",
    ];
    const NAMED: Hints = &[
        "The names are keys: `{key}: { NAME: { may: write, trust: { account: \"111122223333\" } } }`.",
        "The names are keys: `{key}: { NAME: { may: write, trust: { account: \"111122223333\" } } }`.",
    ];
}

impl Instead for TrustDocument {
    const WRITE: Hints =
        &["Write `{key}: { account: \"111122223333\" }`, or `role:`, `service:`, `github:`, `gitlab:` in its place."];
}

impl Instead for GithubDocument {
    const WRITE: Hints = &["Write `{key}: { repository: {value}, branch: main }`."];
}

impl Instead for GitlabDocument {
    const WRITE: Hints = &["Write `{key}: { project: {value}, branch: main }`."];
}
