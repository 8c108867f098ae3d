//! Who may do what in a bucket.

use super::{Run, aws};
use crate::diag::{Diagnostic, Spanned};
use crate::policy::document::{PrincipalText, StoreAccessDocument};
use crate::policy::read::Field;
use crate::policy::{Backend, Principals, StoreAccess, codes};

/// Most principals of one list: a bucket's policy has room for some 20 kB (S3 user guide, "Bucket policies").
const MOST: usize = 50;

impl Run<'_> {
    pub(super) fn store_access(&mut self, document: Spanned<StoreAccessDocument>) -> Spanned<StoreAccess> {
        let unlimited = document.value.write.is_absent();
        let StoreAccessDocument { tls_only, write, read, delete, configure } = document.value;
        let (write, read) = (self.some("write", write), self.some("read", read));
        let (delete, configure) = (self.principals(delete), self.some("configure", configure));
        if let Some(list) = read.as_ref().filter(|_| unlimited) {
            self.out.push(
                Diagnostic::error(codes::UNFIT, "`read` needs `write`: who makes backups reads there too")
                    .at(list.span, "shuts out everybody else")
                    .note("a backup is compared with the one before, and goes on with what an interrupted one left")
                    .help("Name who makes backups: write: [ARN]."),
            );
        }
        Spanned::new(StoreAccess { tls_only: tls_only.given(), write, read, delete, configure }, document.span)
    }

    /// An endpoint without TLS would shut out everybody, who applies included.
    pub(super) fn tls_can_be(&mut self, access: &StoreAccess, backend: &Backend) {
        let Backend::S3(backend) = backend else { return };
        let plain = backend.endpoint.as_ref().filter(|endpoint| endpoint.is_known() && endpoint.expose().starts_with("http://"));
        if let (Some(on), Some(endpoint)) = (access.tls_only.as_ref().filter(|on| on.value), plain) {
            self.out.push(
                Diagnostic::error(codes::UNFIT, "`tls_only` would shut out everybody: the endpoint is asked without TLS")
                    .at(on.span, "refuses what does not come by TLS")
                    .at(endpoint.span, "is asked without")
                    .help("Ask the endpoint by https, or leave `tls_only` out."),
            );
        }
    }

    fn some(&mut self, key: &str, field: Field<Vec<Field<PrincipalText>>>) -> Option<Spanned<Principals>> {
        let list = self.principals(field)?;
        if list.value.is_empty() {
            self.out.push(
                Diagnostic::error(codes::PRINCIPAL, format!("`{key}` names nobody"))
                    .at(list.span, "empty")
                    .note("nobody could make, read or set up anything there any more")
                    .help("Name who may, or leave it out, which limits nobody."),
            );
            return None;
        }
        Some(list)
    }

    fn principals(&mut self, field: Field<Vec<Field<PrincipalText>>>) -> Option<Spanned<Principals>> {
        let list = field.given()?;
        if list.value.len() > MOST {
            self.out.push(
                Diagnostic::error(codes::PRINCIPAL, format!("{} principals in one list", list.value.len()))
                    .at(list.span, "too many")
                    .help(format!("Name at most {MOST}: let people and machines share a role.")),
            );
            return None;
        }
        let mut resolved: Principals = Vec::new();
        for one in &list.value {
            let Some(written) = self.as_written(one) else { continue };
            if let Some(why) = aws::principal_fault(written.value) {
                if written.value.contains(['*', '?']) {
                    let help =
                        "Write the ARN of a role, a user or an account's root, such as arn:aws:iam::111122223333:role/backups.";
                    self.bad(codes::PRINCIPAL, written, why, help);
                } else {
                    self.no_arn(codes::PRINCIPAL, written, why, &["role/", "user/", "root"]);
                }
            } else if let Some(first) = resolved.iter().find(|known| known.value == written.value) {
                self.out.push(
                    Diagnostic::error(codes::PRINCIPAL, "a principal is named twice")
                        .at(written.span, "again")
                        .at(first.span, "first here")
                        .help("Remove one."),
                );
            } else {
                resolved.push(written.map(str::to_owned));
            }
        }
        resolved.sort_by(|a, b| a.value.cmp(&b.value));
        Some(Spanned::new(resolved, list.span))
    }
}
