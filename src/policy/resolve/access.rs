//! Access: roles, and who may take them on, each named exactly.

use std::collections::BTreeMap;

use super::{Run, merge};
use crate::address::{PolicyName, RoleName, StoreName};
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::access::{Access, GITHUB, LONGEST_NAME, Role, Trust, role_name};
use crate::policy::document::{AccessDocument, GithubDocument, GitlabDocument, Named, RoleDocument, StoreText, TrustDocument};
use crate::policy::read::{Field, Several};
use crate::policy::{codes, echo};
use crate::rights::Purpose;

const GITLAB: &str = "gitlab.com";
/// Names of roles by which stores replicate begin so.
const OF_REPLICATION: &str = "replication-";

type Known = BTreeMap<StoreName, Option<Span>>;

impl Run<'_> {
    pub(super) fn access(&mut self, field: Field<AccessDocument>, stores: &Known, policy: Option<&PolicyName>) -> Option<Access> {
        let Spanned { value: AccessDocument { account, endpoint, permissions_boundary, roles }, .. } = field.given()?;
        let has_account = !account.is_absent();
        let (account, through) = self.account_named(&account);
        let endpoint = self.endpoint(&endpoint);
        let permissions_boundary = self.arn(&permissions_boundary, "policy/");
        let roles = roles.given().map(|named| self.roles(named.value, stores, policy)).unwrap_or_default();
        if !has_account {
            self.tokens_need_an_account(&roles);
        }
        Some(Access { account, through, endpoint, permissions_boundary, roles })
    }

    fn roles(&mut self, named: Named<RoleDocument>, stores: &Known, policy: Option<&PolicyName>) -> BTreeMap<RoleName, Role> {
        let mut roles = BTreeMap::new();
        for (written, document) in named.0 {
            let Ok(name) = RoleName::new(&written.value) else {
                self.out.push(merge::bad_name(&written.value, written.span));
                continue;
            };
            let name = Spanned::new(name, written.span);
            policy.into_iter().for_each(|policy| self.role_name_fits(&name, policy));
            let Some(document) = document.given() else { continue };
            if let Some(role) = self.role_of(name.clone(), document, stores) {
                roles.insert(name.value, role);
            }
        }
        roles
    }

    fn role_name_fits(&mut self, name: &Spanned<RoleName>, policy: &PolicyName) {
        let whole = role_name(policy, name.as_str());
        let finding = Diagnostic::error(codes::ROLE_NAME, format!("the role {} cannot be called so", echo::quote(&whole)));
        if name.as_str().starts_with(OF_REPLICATION) {
            let finding = finding.at(name.span, "names of roles by which stores replicate begin so");
            self.out.push(finding.help("Give it another name."));
        } else if whole.len() > LONGEST_NAME {
            let finding = finding.at(name.span, format!("{} characters in IAM, which takes {LONGEST_NAME}", whole.len()));
            let most = LONGEST_NAME.saturating_sub(role_name(policy, "").len());
            self.out.push(finding.help(match most {
                0 => "Give the policy a shorter name.".to_owned(),
                most => format!("Shorten it to at most {most} characters."),
            }));
        }
    }

    fn role_of(&mut self, name: Spanned<RoleName>, document: Spanned<RoleDocument>, known: &Known) -> Option<Role> {
        let RoleDocument { may, stores, trust } = document.value;
        if may.is_absent() {
            self.missing_in(
                "`may` is missing",
                document.span,
                "Write what it may do: `may: plan`, or apply, write, restore, prune, status.",
            );
        }
        if trust.is_absent() {
            let help = "Write who may take it on: `trust: { account: \"111122223333\" }`.";
            self.missing_in("`trust` is missing", document.span, help);
        }
        let may_at = may.span();
        let may: Vec<Field<Purpose>> = may.given().map(|several| several.value.0).unwrap_or_default();
        let trust_at = trust.span();
        let trust: Vec<Field<TrustDocument>> = trust.given().map(|several| several.value.0).unwrap_or_default();
        for (empty, at, what) in [(may.is_empty(), may_at, "do nothing"), (trust.is_empty(), trust_at, "be taken on by nobody")] {
            if let Some(at) = at.filter(|_| empty) {
                let finding = Diagnostic::error(codes::MISSING, format!("the role {} could {what}", echo::quote(name.as_str())));
                self.out.push(finding.at(at, "an empty list").help("Write at least one."));
            }
        }
        let stores = self.stores_of(stores, known);
        let trust: Vec<Spanned<Trust>> = trust.into_iter().filter_map(|one| self.trust(one.given()?)).collect();
        let may = may.into_iter().filter_map(|word| Some(word.given()?.value)).collect();
        Some(Role { name, may, stores, trust, span: document.span })
    }

    fn stores_of(&mut self, field: Field<Several<StoreText>>, known: &Known) -> Option<std::collections::BTreeSet<StoreName>> {
        let stores = field.given()?.value.0;
        Some(stores.iter().filter_map(|store| Some(self.store_named(store, known)?.value)).collect())
    }

    fn trust(&mut self, document: Spanned<TrustDocument>) -> Option<Spanned<Trust>> {
        let TrustDocument { account, role, service, github, gitlab } = document.value;
        let given = [account.span(), role.span(), service.span(), github.span(), gitlab.span()];
        let keys = "`account`, `role`, `service`, `github` and `gitlab`";
        if !self.exactly_one(&given, document.span, keys, "Write `account:` and twelve digits, or one of the others.") {
            return None;
        }
        let found = None
            .or_else(|| self.account(&account).map(|account| Trust::Account(account.value)))
            .or_else(|| self.arn(&role, "role/").map(|arn| Trust::Role(arn.value)))
            .or_else(|| {
                let fits = |text: &str| {
                    let name = text.strip_suffix(".cn").unwrap_or(text).strip_suffix(".amazonaws.com").unwrap_or_default();
                    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
                };
                let help = "Write it as ec2.amazonaws.com.";
                self.exact(&service, "is not a service of AWS", help, fits).map(|service| Trust::Service(service.value))
            })
            .or_else(|| self.github(github.given()?))
            .or_else(|| self.gitlab(gitlab.given()?))?;
        Some(Spanned::new(found, document.span))
    }

    fn github(&mut self, document: Spanned<GithubDocument>) -> Option<Trust> {
        let GithubDocument { repository, pull_request, environment, branch, tag } = document.value;
        if repository.is_absent() {
            self.missing_in("`repository` is missing", document.span, "Write `repository: OWNER/NAME`.");
        }
        let given = [pull_request.span(), environment.span(), branch.span(), tag.span()];
        let keys = "`pull_request`, `environment`, `branch` and `tag`";
        let told = self.exactly_one(&given, document.span, keys, "Write `pull_request: true`, or one of the others.");
        let fits = |text: &str| text.split('/').count() == 2 && is_path(text);
        let repository = self.exact(&repository, "is not a repository of GitHub", "Write OWNER/NAME, without `*`.", fits);
        if let Some(off) = pull_request.as_ref().filter(|on| !on.value) {
            let finding = Diagnostic::error(codes::TRUST, "a trust in no pull requests says nothing").at(off.span, "this value");
            self.out.push(finding.help("Write `pull_request: true`, or an `environment`, `branch` or `tag` in its place."));
            return None;
        }
        let help = "Write its name out, without `*`, `?` or `:`.";
        let named = |this: &mut Self, field: &Field<_>, what: &str| this.exact(field, what, help, is_ref);
        let claim = pull_request
            .as_ref()
            .map(|_| "pull_request".to_owned())
            .or_else(|| Some(format!("ref:refs/heads/{}", named(self, &branch, "is not a branch")?.value)))
            .or_else(|| Some(format!("ref:refs/tags/{}", named(self, &tag, "is not a tag")?.value)))
            .or_else(|| {
                let environment =
                    self.exact(&environment, "is not an environment", help, |text| is_ref(&text.replace(' ', "-")))?;
                Some(format!("environment:{}", environment.value))
            })?;
        let subject = format!("repo:{}:{claim}", repository?.value);
        told.then(|| Trust::Token { issuer: GITHUB.to_owned(), subject })
    }

    fn gitlab(&mut self, document: Spanned<GitlabDocument>) -> Option<Trust> {
        let GitlabDocument { project, branch, tag, host } = document.value;
        if project.is_absent() {
            self.missing_in("`project` is missing", document.span, "Write `project: GROUP/NAME`.");
        }
        let given = [branch.span(), tag.span()];
        let told = self.exactly_one(&given, document.span, "`branch` and `tag`", "Write `branch:` or `tag:`.");
        let project = self.exact(&project, "is not a project of GitLab", "Write GROUP/NAME, without `*`.", is_path);
        let help = "Write its name out, without `*`, `?` or `:`.";
        let claim = None
            .or_else(|| Some(format!("branch:ref:{}", self.exact(&branch, "is not a branch", help, is_ref)?.value)))
            .or_else(|| Some(format!("tag:ref:{}", self.exact(&tag, "is not a tag", help, is_ref)?.value)));
        let is_host = |text: &str| {
            text.contains('.') && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        };
        let stated = !host.is_absent();
        let host = self.exact(&host, "is not a host", "Write it as gitlab.example.com.", is_host).map(|host| host.value);
        let issuer = if stated { host? } else { GITLAB.to_owned() };
        let subject = format!("project_path:{}:ref_type:{}", project?.value, claim?);
        told.then_some(Trust::Token { issuer, subject })
    }

    fn exactly_one(&mut self, given: &[Option<Span>], at: Option<Span>, keys: &str, help: &str) -> bool {
        let mut given = given.iter().flatten();
        match (given.next(), given.next()) {
            (Some(_), None) => return true,
            (None, _) => self.missing_in(&format!("one of {keys} is missing"), at, help),
            (Some(first), Some(second)) => self.out.push(
                Diagnostic::error(codes::ONE_OF, format!("{keys} exclude each other"))
                    .at(*second, "given here")
                    .at(*first, "and here")
                    .help("Keep one; a role may trust several, as a list."),
            ),
        }
        false
    }

    fn exact(
        &mut self,
        field: &Field<impl AsRef<str>>,
        why: &str,
        help: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<Spanned<String>> {
        let written = self.as_written(field)?;
        if written.value.contains(['*', '?']) || !fits(written.value) {
            self.bad(codes::TRUST, written, why, help);
            return None;
        }
        Some(written.map(str::to_owned))
    }

    /// The ARN of one thing of IAM.
    pub(super) fn arn(&mut self, field: &Field<impl AsRef<str>>, sort: &str) -> Option<Spanned<String>> {
        let written = self.as_written(field)?;
        let parts: Vec<&str> = written.value.splitn(6, ':').collect();
        let account = |text: &str| is_account(text) || (sort == "policy/" && text == "aws");
        let fits = matches!(parts.as_slice(), ["arn", partition, "iam", "", of, name]
            if partition.starts_with("aws") && account(of) && name.strip_prefix(sort).is_some_and(is_name));
        if !fits {
            self.no_arn(codes::ARN, written, &format!("is not the ARN of a {}", sort.trim_end_matches('/')), &[sort]);
            return None;
        }
        Some(written.map(str::to_owned))
    }

    /// The provider of tokens belongs to an account, which its ARN names.
    fn tokens_need_an_account(&mut self, roles: &BTreeMap<RoleName, Role>) {
        let tokens = roles.values().flat_map(|role| &role.trust).find(|trust| matches!(trust.value, Trust::Token { .. }));
        if let Some(trust) = tokens {
            let help = "Write `account:` and its twelve digits below `access`.";
            self.missing(
                "`account` is missing, which this trust needs: the provider of tokens is named with it",
                trust.span,
                help,
            );
        }
    }
}

pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path and a name (IAM user guide, "IAM identifiers").
pub(super) fn is_name(text: &str) -> bool {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
    text.split('/').all(fits)
}

/// Words with `/` between them.
fn is_path(text: &str) -> bool {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    text.contains('/') && text.split('/').all(fits)
}

/// What may be the name of a branch or tag, and parts no claim from another.
fn is_ref(text: &str) -> bool {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+@#".contains(&b));
    text.split('/').all(fits)
}
