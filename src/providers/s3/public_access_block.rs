//! Kind `s3_public_access_block`: backups are never public, whatever an ACL or a bucket policy says.

use aws_sdk_s3::types as t;

use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::resource::{Kind, Live, Removal, Risk};

/// Attribute and element (S3 API reference, `PublicAccessBlockConfiguration`).
const FLAGS: [(&str, &str); 4] = [
    ("block_public_acls", "BlockPublicAcls"),
    ("ignore_public_acls", "IgnorePublicAcls"),
    ("block_public_policy", "BlockPublicPolicy"),
    ("restrict_public_buckets", "RestrictPublicBuckets"),
];

pub(super) static KIND: Kind = Kind {
    name: "s3_public_access_block",
    title: "public access block",
    summary: "All four blocks of public access are on for every bucket that holds backups.",
    removal: Removal::Release,
    risk: |before, after| {
        let is_on =
            |attrs: Option<&Attrs>, name: &str| attrs.and_then(|attrs| attrs.get(name)).and_then(Attr::as_bool) == Some(true);
        let weaker = FLAGS.iter().any(|(name, _)| is_on(before, name) && !is_on(after, name));
        if weaker { Risk::Weakens } else { Risk::None }
    },
    visible_within: 60,
    ..Kind::PLAIN
};

pub(super) static DOCUMENT: Document = Document {
    root: "PublicAccessBlockConfiguration",
    title: "public access block",
    without: "bdr sets no public access, and cannot keep others from it",
    read_action: "s3:GetBucketPublicAccessBlock",
    write_action: "s3:PutBucketPublicAccessBlock",
    // Ceph 16 answers with `BlockPublicAccessBlockConfiguration`, so it counts as one that has none; which is as well, since a bucket that has
    // it there takes no object any more, its owner's neither (tried).
    get: get!(get_public_access_block),
    put: put!(
        put_public_access_block,
        public_access_block_configuration,
        Ok(t::PublicAccessBlockConfiguration::builder().build())
    ),
    ..Document::PLAIN
};

pub(super) struct PublicAccessBlock;

impl Setting for PublicAccessBlock {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    fn is_implied(&self, _wanted: &Attrs) -> bool {
        true
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        let attrs = FLAGS.iter().map(|(name, _)| ((*name).to_owned(), Attr::Bool(true))).collect();
        vec![Wanted { key: String::new(), attrs, span: wish.backend.bucket.span, after: Vec::new(), earlier: None }]
    }

    fn live(&self, document: Option<&Element>, _sight: Sight<'_>) -> Live {
        let Some(document) = document else { return Live::absent() };
        let flag = |element: &str| document.flag_at(&[element]).unwrap_or(false);
        Live::present(FLAGS.iter().map(|(name, element)| ((*name).to_owned(), flag(element).into())).collect())
    }

    /// All four: one that is left out becomes false.
    fn merged(&self, _document: Option<&Element>, _policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let attrs = edits.first().and_then(|edit| edit.attrs).ok_or("nothing to write")?;
        let mut document = Element::new("PublicAccessBlockConfiguration");
        for (name, element) in FLAGS {
            let on = attrs.get(name).and_then(Attr::as_bool).unwrap_or(true);
            document = document.with(Element::leaf(element, on.to_string()));
        }
        Ok(document)
    }
}
