//! Kind `s3_ownership_controls`: whoever writes an object, the bucket's account owns it.

use aws_sdk_s3::types as t;

use crate::address::PolicyName;
use crate::attrs::{Attr, Attrs};
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::resource::{Kind, Live, Removal, Risk};

/// ACLs have no effect under it (S3 user guide, "Controlling ownership of objects").
const ENFORCED: &str = "BucketOwnerEnforced";

pub(super) static KIND: Kind = Kind {
    name: "s3_ownership_controls",
    title: "ownership controls",
    summary: "The bucket's account owns every object, and ACLs are off, for every bucket that holds backups.",
    removal: Removal::Release,
    risk: |before, after| {
        let enforced =
            |attrs: Option<&Attrs>| attrs.and_then(|attrs| attrs.get("ownership")).and_then(Attr::as_str) == Some(ENFORCED);
        if enforced(before) && !enforced(after) { Risk::Weakens } else { Risk::None }
    },
    visible_within: 60,
    ..Kind::PLAIN
};

pub(super) static DOCUMENT: Document = Document {
    root: "OwnershipControls",
    title: "ownership controls",
    without: "who writes an object there may own it",
    read_action: "s3:GetBucketOwnershipControls",
    write_action: "s3:PutBucketOwnershipControls",
    get: get!(get_bucket_ownership_controls),
    put: put!(
        put_bucket_ownership_controls,
        ownership_controls,
        t::OwnershipControls::builder().set_rules(Some(Vec::new())).build()
    ),
    ..Document::PLAIN
};

pub(super) struct OwnershipControls;

impl Setting for OwnershipControls {
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
        let attrs = Attrs::from([("ownership".to_owned(), ENFORCED.into())]);
        vec![Wanted { key: String::new(), attrs, span: wish.backend.bucket.span, after: Vec::new(), earlier: None }]
    }

    fn live(&self, document: Option<&Element>, _sight: Sight<'_>) -> Live {
        let ownership = document.and_then(|document| document.text_at(&["Rule", "ObjectOwnership"]));
        ownership.map_or_else(Live::absent, |ownership| Live::present(Attrs::from([("ownership".to_owned(), ownership.into())])))
    }

    fn merged(&self, _document: Option<&Element>, _policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let attrs = edits.first().and_then(|edit| edit.attrs).ok_or("nothing to write")?;
        let ownership = attrs.get("ownership").and_then(Attr::as_str).unwrap_or(ENFORCED);
        let rule = Element::new("Rule").with(Element::leaf("ObjectOwnership", ownership));
        Ok(Element::new("OwnershipControls").with(rule))
    }
}
