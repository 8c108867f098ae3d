//! Accounts: which there are, by what role bdr acts there, and which of them a bucket lies in.

use std::collections::BTreeMap;

use super::access::{is_account, is_name};
use super::{Run, merge::Table};
use crate::address::{AccountName, ComponentName, StoreName};
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::account::{Account, LONGEST_EXTERNAL_ID, LONGEST_SESSION};
use crate::policy::document::{AccountDocument, AccountNameText, AccountText};
use crate::policy::read::Field;
use crate::policy::{Component, Medium, S3Backend, StoreSpec, Text, codes, echo};

impl Run<'_> {
    pub(super) fn accounts(&mut self, accounts: Table<AccountName, AccountDocument>, policy: &str) {
        for (name, (written, document)) in accounts {
            // Digits mean the account itself, by the caller's own credentials.
            if is_account(name.as_str()) {
                let written = Spanned::new(name.as_str(), written.span);
                self.bad(codes::ACCOUNT, written, "is an account, and no name of one", "Give it a name such as `backups`.");
            }
            let account = document.given().and_then(|document| self.account_of(written, document, policy));
            self.accounts.insert(name, account);
        }
    }

    fn account_of(&mut self, name: Spanned<AccountName>, document: Spanned<AccountDocument>, policy: &str) -> Option<Account> {
        let span = document.span;
        let AccountDocument { id, role, external_id, session_name } = document.value;
        if id.is_absent() {
            self.missing_in("`id` is missing", span, "Write the twelve digits of the account: `id: \"111122223333\"`.");
        }
        if role.is_absent() {
            let help = "Write the role that bdr takes on there: `role: NAME`. For the account of your own credentials write its digits where \
                        its name would stand.";
            self.missing_in("`role` is missing", span, help);
        }
        let id = self.account(&id);
        let role = self.taken_role(&role, id.as_ref());
        let external_id = self.text(&external_id).filter(|text| self.fits_sts(text, LONGEST_EXTERNAL_ID, ":/"));
        let session_name =
            self.plain(&session_name).filter(|name| self.fits_sts(&name.clone().map(Text::plain), LONGEST_SESSION, ""));
        let session_name = session_name.map_or_else(|| session_of(policy), |name| name.value);
        Some(Account { name, id: id?, role: role?, external_id, session_name, span })
    }

    /// A role of the account, by its name or its ARN. Endpoints that know no accounts leave theirs empty (Ceph documentation, "STS").
    fn taken_role(&mut self, field: &Field<impl AsRef<str>>, id: Option<&Spanned<String>>) -> Option<Spanned<String>> {
        let written = self.as_written(field)?;
        let parts: Vec<&str> = written.value.splitn(6, ':').collect();
        let (of, name) = match parts.as_slice() {
            ["arn", partition, "iam", "", of, name] if partition.starts_with("aws") => (*of, name.strip_prefix("role/")),
            [name] => ("", Some(*name)),
            _ => ("", None),
        };
        if !name.is_some_and(is_name) || !(of.is_empty() || is_account(of)) {
            if written.value.contains(':') {
                self.no_arn(codes::ARN, written, "is neither the name nor the ARN of a role", &["role/"]);
            } else {
                let help = "Write its name, or its ARN: arn:aws:iam::111122223333:role/NAME.";
                self.bad(codes::ARN, written, "is neither the name nor the ARN of a role", help);
            }
            return None;
        }
        if let Some(id) = id.filter(|id| !of.is_empty() && *id.value != *of) {
            self.out.push(
                Diagnostic::error(codes::ARN, "the role belongs to another account")
                    .at(written.span, format!("a role of {of}"))
                    .at(id.span, "the account")
                    .help("Write the role's name alone, or the account that it belongs to."),
            );
            return None;
        }
        Some(written.map(str::to_owned))
    }

    /// What STS takes besides letters, digits and `_+=,.@-` (STS API reference, `AssumeRole`).
    fn fits_sts(&mut self, text: &Spanned<Text>, longest: usize, also: &str) -> bool {
        if !text.value.is_known() {
            return true;
        }
        let value = text.value.expose();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte) || also.as_bytes().contains(&byte);
        let fits = (2..=longest).contains(&value.len()) && value.bytes().all(plain);
        if !fits {
            let shown = Spanned::new(text.value.shown.as_str(), text.span);
            let help = format!("Write 2 to {longest} letters, digits and `_+=,.@-{also}`.");
            self.bad(codes::SESSION, shown, "is not taken by STS", help);
        }
        fits
    }

    pub(super) fn account(&mut self, field: &Field<AccountText>) -> Option<Spanned<String>> {
        self.plain(field).filter(|account| {
            let fits = is_account(&account.value);
            if !fits {
                self.no_account(account.as_ref().map(String::as_str));
            }
            fits
        })
    }

    fn no_account(&mut self, written: Spanned<&str>) {
        self.bad(codes::ACCOUNT, written, "is not an AWS account", "Write its twelve digits.");
    }

    /// An account by its digits, or by the name under which the policy says how to act there.
    pub(super) fn account_named(&mut self, field: &Field<AccountNameText>) -> (Option<Spanned<String>>, Option<Account>) {
        let Some(written) = self.plain(field) else { return (None, None) };
        if is_account(&written.value) {
            return (Some(written), None);
        }
        let known = AccountName::new(&written.value).ok().and_then(|name| self.accounts.get(&name).cloned());
        match known {
            Some(Some(account)) => (Some(Spanned::new(account.id.value.clone(), written.span)), Some(account)),
            Some(None) => (None, None),
            None if written.value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {
                self.no_account(written.as_ref().map(String::as_str));
                (None, None)
            }
            None => {
                if !self.torn {
                    let mut finding =
                        Diagnostic::error(codes::NO_ACCOUNT, format!("there is no account {}", echo::quote(&written.value)))
                            .at(written.span, "not defined under `accounts`");
                    finding.help = echo::suggest(&written.value, self.accounts.keys().map(AccountName::as_str)).or_else(|| {
                        Some("Write its twelve digits, or define it under `accounts:` at the top of the policy.".to_owned())
                    });
                    self.out.push(finding);
                }
                (None, None)
            }
        }
    }

    /// Everything in one bucket is done by one role: what shares its documents must see each other's changes at once.
    pub(super) fn buckets_have_one_account(
        &mut self,
        stores: &BTreeMap<StoreName, StoreSpec>,
        components: &BTreeMap<ComponentName, Component>,
    ) {
        let of_stores = stores.values().filter_map(|store| store.backend.s3());
        let of_components = components.values().filter_map(|component| Some(&component.kind.bucket()?.backend));
        let mut seen: BTreeMap<Medium, &S3Backend> = BTreeMap::new();
        for backend in of_stores.chain(of_components) {
            let first = *seen.entry(Medium::of_bucket(backend)).or_insert(backend);
            if first.through != backend.through {
                self.out.push(
                    Diagnostic::error(codes::UNFIT, "one bucket, and two ways to act there")
                        .at(stated_at(backend), by(backend))
                        .at(stated_at(first), by(first))
                        .help("Write the same `account` for both."),
                );
            }
        }
    }
}

fn stated_at(backend: &S3Backend) -> Option<Span> {
    backend.account.as_ref().map_or(backend.bucket.span, |account| account.span)
}

fn by(backend: &S3Backend) -> String {
    match backend.through.as_deref() {
        Some(account) => format!("by the role of {}", echo::quote(account.name.as_str())),
        None => "by the caller's own credentials".to_owned(),
    }
}

fn session_of(policy: &str) -> String {
    format!("bdr-{policy}").chars().take(LONGEST_SESSION).collect()
}
