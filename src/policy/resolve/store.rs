//! Stores: folders and buckets.

use std::collections::BTreeMap;

use super::{Run, aws, merge::Table};
use crate::address::StoreName;
use crate::diag::{Diagnostic, Span, Spanned};
use crate::policy::document::{
    EncryptionDocument, FolderDocument, KeyText, NoncurrentDocument, S3Document, SseWord, StoreDocument, Tags,
};
use crate::policy::read::Field;
use crate::policy::{Backend, Encryption, FolderBackend, S3Backend, StoreSpec, codes, echo};
use crate::units::duration::Duration;

const FOLDER_MODE: u32 = 0o700;

impl Run<'_> {
    pub(super) fn stores(
        &mut self,
        stores: Table<StoreName, StoreDocument>,
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> BTreeMap<StoreName, StoreSpec> {
        let mut resolved = BTreeMap::new();
        for (name, (written, document)) in stores {
            let Field::Given(document) = document else { continue };
            if let Some(store) = self.store(written, document, known) {
                resolved.insert(name, store);
            }
        }
        resolved
    }

    fn store(
        &mut self,
        name: Spanned<StoreName>,
        document: Spanned<StoreDocument>,
        known: &BTreeMap<StoreName, Option<Span>>,
    ) -> Option<StoreSpec> {
        let span = document.span;
        let StoreDocument {
            moved,
            folder,
            s3,
            versioning,
            immutability,
            replicate,
            encryption,
            access,
            tags,
            noncurrent,
            abort_uploads_after,
        } = document.value;
        let moved = self.moved(moved);
        self.one_place(&name, folder.span(), s3.span());
        let is_folder = !folder.is_absent() && s3.is_absent();
        if is_folder {
            let of_s3 = [
                ("versioning", versioning.span()),
                ("immutability", immutability.span()),
                ("replicate", replicate.span()),
                ("encryption", encryption.span()),
                ("access", access.span()),
                ("tags", tags.span()),
                ("noncurrent", noncurrent.span()),
                ("abort_uploads_after", abort_uploads_after.span()),
            ];
            of_s3.iter().for_each(|(key, at)| self.of_buckets_only(key, *at, folder.span()));
        }
        let noncurrent = noncurrent.given().and_then(|document| self.noncurrent(document));
        let versioning = versioning.given();
        let immutability =
            immutability.given().filter(|_| !is_folder).and_then(|document| self.immutability(document, versioning.as_ref()));
        let replicate = self.replications(replicate, known);
        let encryption = encryption.given().and_then(|document| self.encryption(document));
        let access = access.given().map(|document| self.store_access(document));
        let tags = self.tags(tags);
        let abort_uploads_after = self.whole_days("abort_uploads_after", &abort_uploads_after);
        let backend = match (folder.given(), s3.given()) {
            (Some(folder), _) => Backend::Folder(self.folder(folder)?),
            (None, Some(s3)) => Backend::S3(self.s3(s3)?),
            (None, None) => return None,
        };
        access.iter().for_each(|access| self.tls_can_be(access, &backend));
        Some(StoreSpec {
            name,
            moved,
            backend,
            versioning,
            immutability,
            replicate,
            encryption,
            access,
            tags,
            noncurrent,
            abort_uploads_after,
            span,
        })
    }

    fn noncurrent(&mut self, document: Spanned<NoncurrentDocument>) -> Option<Spanned<Duration>> {
        if document.value.keep.is_absent() {
            self.missing_in("`for` is missing", document.span, "Write how long: noncurrent: { for: 30d }.");
        }
        self.whole_days("noncurrent", &document.value.keep)
    }

    /// A store is a folder or a bucket.
    fn one_place(&mut self, name: &Spanned<StoreName>, folder: Option<Span>, s3: Option<Span>) {
        match (folder, s3) {
            (Some(first), Some(second)) => self.out.push(
                Diagnostic::error(codes::ONE_OF, "`folder` and `s3` exclude each other")
                    .at(second, "given here")
                    .at(first, "and here")
                    .help("Make two stores of it, and name both under the protection's `stores`."),
            ),
            (None, None) => {
                let what = format!("the store {} does not say where it is", echo::quote(name.as_str()));
                self.missing(
                    &what,
                    name.span,
                    "Write `folder: { path: /srv/backups }` or `s3: { bucket: NAME, region: REGION }` below it.",
                );
            }
            _ => {}
        }
    }

    fn of_buckets_only(&mut self, key: &str, at: Option<Span>, folder: Option<Span>) {
        if at.is_some() {
            self.out.push(
                Diagnostic::error(codes::UNFIT, format!("`{key}` does not fit a folder"))
                    .at(at, "a setting of buckets")
                    .at(folder, "this store is a folder")
                    .help("Remove it."),
            );
        }
    }

    fn folder(&mut self, document: Spanned<FolderDocument>) -> Option<FolderBackend> {
        let FolderDocument { path, mode } = document.value;
        if path.is_absent() {
            self.missing_in("`path` is missing", document.span, "Write the directory: folder: { path: /srv/backups }.");
        }
        let mode = self.mode(&mode).unwrap_or_else(|| Spanned::bare(FOLDER_MODE));
        Some(FolderBackend { path: self.path(&path)?, mode })
    }

    pub(super) fn s3(&mut self, document: Spanned<S3Document>) -> Option<S3Backend> {
        let S3Document { bucket, region, endpoint, path_style, prefix, account } = document.value;
        if bucket.is_absent() {
            self.missing_in(
                "`bucket` is missing",
                document.span,
                "Write the bucket's name: s3: { bucket: NAME, region: REGION }.",
            );
        }
        let own_endpoint = !endpoint.is_absent();
        let bucket = self.text(&bucket);
        let mut fits = true;
        if let Some(why) =
            bucket.as_ref().filter(|name| name.value.is_known()).and_then(|name| aws::bucket_fault(name.value.expose()))
        {
            let shown = bucket.as_ref().map(|name| Spanned::new(name.value.shown.as_str(), name.span));
            shown.into_iter().for_each(|shown| {
                self.bad(codes::BUCKET, shown, format!("is not the name of a bucket: {why}"), aws::BUCKET_HELP)
            });
            fits = false;
        }
        let region = self.region(&region, own_endpoint);
        let endpoint = self.endpoint(&endpoint);
        let prefix = self.prefix(&prefix).unwrap_or_else(|| Spanned::bare(String::new()));
        let (account, through) = self.account_named(&account);
        let path_style = path_style.given();
        Some(S3Backend {
            bucket: bucket.filter(|_| fits)?,
            region,
            endpoint,
            path_style,
            prefix,
            account,
            through: through.map(Box::new),
        })
    }

    fn region(&mut self, field: &Field<impl AsRef<str>>, own_endpoint: bool) -> Option<Spanned<String>> {
        let written = self.as_written(field)?;
        let shape = !written.value.is_empty()
            && written.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !shape || (!own_endpoint && !aws::is_region(written.value)) {
            let known = echo::nearest(written.value, aws::REGIONS.iter().copied());
            let help = known.map_or_else(
                || "Write a region of AWS such as eu-north-1, or give the `endpoint` of a store that is not AWS.".to_owned(),
                |near| format!("Did you mean `{near}`? A store that is not AWS needs its `endpoint`."),
            );
            self.bad(codes::REGION, written, "is not a region of AWS", help);
            return None;
        }
        Some(written.map(str::to_owned))
    }

    pub(super) fn endpoint(&mut self, field: &Field<impl AsRef<str>>) -> Option<Spanned<crate::policy::Text>> {
        let text = self.text(field)?;
        if let Some(why) = Some(&text.value).filter(|text| text.is_known()).and_then(|text| aws::endpoint_fault(text.expose())) {
            let shown = Spanned::new(text.value.shown.as_str(), text.span);
            self.bad(
                codes::ENDPOINT,
                shown,
                format!("is not the address of a store: {why}"),
                "Write it as https://host or https://host:port.",
            );
            return None;
        }
        Some(text)
    }

    pub(super) fn prefix(&mut self, field: &Field<impl AsRef<str>>) -> Option<Spanned<String>> {
        let written = self.as_written(field)?;
        let parts = written.value.strip_suffix('/').unwrap_or(written.value);
        let fits = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(|c: char| c.is_control() || c == '\\');
        if !parts.split('/').all(fits) || written.value.len() > 512 {
            let help = "Write words with `/` between them, such as backups/ or teams/a/, up to 512 bytes.";
            self.bad(codes::PREFIX, written, "is not a prefix of keys", help);
            return None;
        }
        Some(Spanned::new(format!("{parts}/"), written.span))
    }

    fn encryption(&mut self, document: Spanned<EncryptionDocument>) -> Option<Spanned<Encryption>> {
        let EncryptionDocument { sse, key, bucket_key } = document.value;
        if sse.is_absent() {
            self.missing_in("`sse` is missing", document.span, "Write `sse: AES256` or `sse: aws:kms`.");
        }
        let sse = sse.given()?;
        if sse.value == SseWord::AES256 {
            for (name, at) in [("key", key.span()), ("bucket_key", bucket_key.span())] {
                if at.is_some() {
                    self.out.push(
                        Diagnostic::error(codes::UNFIT, format!("`{name}` does not fit AES256"))
                            .at(at, "a setting of aws:kms")
                            .at(sse.span, "S3 manages these keys itself")
                            .help("Remove it, or write `sse: aws:kms`."),
                    );
                }
            }
            return Some(Spanned::new(Encryption::Aes256, document.span));
        }
        let key = self.kms_key(&key);
        let bucket_key = bucket_key.given().is_none_or(|value| value.value);
        Some(Spanned::new(Encryption::Kms { key, bucket_key }, document.span))
    }

    pub(super) fn kms_key(&mut self, field: &Field<KeyText>) -> Option<Spanned<String>> {
        self.plain(field).filter(|key| {
            let fits = aws::is_kms_key(&key.value);
            if !fits {
                let help = "Write the key's id, its ARN, or an alias such as alias/backups.";
                self.bad(codes::KMS_KEY, key.as_ref().map(String::as_str), "is not a key of AWS KMS", help);
            }
            fits
        })
    }

    pub(super) fn tags(&mut self, field: Field<Tags>) -> BTreeMap<String, Spanned<String>> {
        let Some(tags) = field.given() else { return BTreeMap::new() };
        if tags.value.0.0.len() > aws::MOST_TAGS {
            self.out.push(
                Diagnostic::error(codes::TAGS, format!("{} tags on one bucket", tags.value.0.0.len()))
                    .at(tags.span, "too many")
                    .help(format!("S3 takes 50, one of which is bdr's own mark: keep at most {}.", aws::MOST_TAGS)),
            );
        }
        let mut resolved = BTreeMap::new();
        for (key, value) in tags.value.0.0 {
            let Some(value) = self.plain(&value) else { continue };
            let faults = [(&key, aws::tag_key_fault(&key.value)), (&value, aws::tag_value_fault(&value.value))];
            for (written, fault) in faults {
                if let Some(why) = fault {
                    self.bad(
                        codes::TAGS,
                        written.as_ref().map(String::as_str),
                        format!("cannot be in a tag: {why}"),
                        aws::TAG_HELP,
                    );
                }
            }
            resolved.insert(key.value, value);
        }
        resolved
    }
}
