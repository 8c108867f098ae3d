//! Kind `s3_object_lock`: nobody removes or overwrites what is written to the bucket for a time.

use aws_sdk_s3::types as t;

use crate::address::{PolicyName, StoreName};
use crate::attrs::{Attr, Attrs};
use crate::policy::{Immutability, LockMode, Policy};
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::providers::s3::versioning;
use crate::resource::{Kind, Live, Removal, Risk};

pub(super) static KIND: Kind = Kind {
    name: "s3_object_lock",
    title: "object lock",
    summary: "How long every version that is written stays locked unless it says so itself, as a backup does. It can never be switched \
              off again, only be made shorter. Left as it is where the policy does not state it.",
    removal: Removal::Release,
    risk,
    visible_within: 60,
    ..Kind::PLAIN
};

fn days(attrs: Option<&Attrs>) -> Option<i64> {
    attrs.and_then(|attrs| attrs.get("days")).and_then(Attr::as_int)
}

fn is_compliance(attrs: Option<&Attrs>) -> bool {
    attrs.and_then(|attrs| attrs.get("mode")).and_then(Attr::as_str) == Some(LockMode::Compliance.as_str())
}

fn risk(before: Option<&Attrs>, after: Option<&Attrs>) -> Risk {
    let shorter = days(before).is_some_and(|before| days(after).is_none_or(|after| after < before));
    let laxer = is_compliance(before) && !is_compliance(after);
    if shorter || laxer { Risk::Weakens } else { Risk::None }
}

pub(super) static DOCUMENT: Document = Document {
    root: "ObjectLockConfiguration",
    title: "object lock",
    without: "who may delete there can delete backups at once",
    read_action: "s3:GetBucketObjectLockConfiguration",
    write_action: "s3:PutBucketObjectLockConfiguration",
    get: get!(get_object_lock_configuration),
    put: put!(put_object_lock_configuration, object_lock_configuration, Ok(t::ObjectLockConfiguration::builder().build())),
    ..Document::PLAIN
};

pub(super) struct ObjectLock;

impl Setting for ObjectLock {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    /// A bucket without versions takes no lock (S3 API reference, `PutObjectLockConfiguration`).
    fn after(&self) -> Vec<&'static Kind> {
        vec![&versioning::KIND]
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        let one = |stated: &crate::diag::Spanned<Immutability>| Wanted {
            key: String::new(),
            attrs: Attrs::from([
                ("mode".to_owned(), stated.mode.as_str().into()),
                ("days".to_owned(), Attr::Int(i64::try_from(stated.days()).unwrap_or(i64::MAX))),
            ]),
            span: stated.span,
            after: Vec::new(),
            earlier: None,
        };
        wish.spec.immutability.iter().map(one).collect()
    }

    /// The years of others are days here: S3 counts 365 to each.
    fn live(&self, document: Option<&Element>, _sight: Sight<'_>) -> Live {
        let number = |rule: &Element, name: &str| rule.text_at(&[name]).and_then(|text| text.parse::<i64>().ok());
        let Some(document) = document.filter(|document| document.text_at(&["ObjectLockEnabled"]) == Some("Enabled")) else {
            return Live::absent();
        };
        let Some(rule) = document.child("Rule").and_then(|rule| rule.child("DefaultRetention")) else {
            return Live::present(Attrs::new());
        };
        let days = number(rule, "Days").or_else(|| number(rule, "Years").map(|years| years.saturating_mul(365)));
        let mode = rule.text_at(&["Mode"]).map(|mode| ("mode".to_owned(), mode.into()));
        Live::present(mode.into_iter().chain(days.map(|days| ("days".to_owned(), Attr::Int(days)))).collect())
    }

    fn stands(&self, policy: &mut Policy, store: &StoreName, _key: &str, live: Option<&Attrs>) {
        let Some(spec) = policy.stores.get_mut(store) else { return };
        let mode = if is_compliance(live) { LockMode::Compliance } else { LockMode::Governance };
        spec.immutability.iter_mut().for_each(|immutability| immutability.value.mode = mode);
        if days(live).is_none() {
            spec.immutability = None;
        }
    }

    fn merged(&self, _document: Option<&Element>, _policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let attrs = edits.first().and_then(|edit| edit.attrs).ok_or("nothing to write")?;
        let text = |name: &str| attrs.get(name).map(ToString::to_string).unwrap_or_default();
        let retention =
            Element::new("DefaultRetention").with(Element::leaf("Mode", text("mode"))).with(Element::leaf("Days", text("days")));
        Ok(Element::new("ObjectLockConfiguration")
            .with(Element::leaf("ObjectLockEnabled", "Enabled"))
            .with(Element::new("Rule").with(retention)))
    }
}
