//! Kind `s3_versioning`: whether the bucket keeps old versions.

use aws_sdk_s3::types as t;

use crate::address::{PolicyName, StoreName};
use crate::attrs::{Attr, Attrs};
use crate::policy::Policy;
use crate::providers::s3::document::Document;
use crate::providers::s3::element::Element;
use crate::providers::s3::operation::{get, put};
use crate::providers::s3::place::Place;
use crate::providers::s3::setting::{Edit, Setting, Sight, Wanted, Wish};
use crate::resource::{Hindrance, Kind, Live, Removal, Risk};

pub(super) static KIND: Kind = Kind {
    name: "s3_versioning",
    title: "versioning",
    summary: "Whether the bucket keeps old versions of objects. Left as it is where the policy does not state it.",
    removal: Removal::Release,
    risk: |before, after| match (on(before), on(after)) {
        (true, false) => Risk::Weakens,
        _ => Risk::None,
    },
    visible_within: 60,
    ..Kind::PLAIN
};

pub(super) fn on(attrs: Option<&Attrs>) -> bool {
    attrs.and_then(|attrs| attrs.get("enabled")).and_then(Attr::as_bool).unwrap_or(false)
}

pub(super) static DOCUMENT: Document = Document {
    root: "VersioningConfiguration",
    title: "versioning",
    without: "what is overwritten or deleted there is gone at once",
    read_action: "s3:GetBucketVersioning",
    write_action: "s3:PutBucketVersioning",
    get: get!(get_bucket_versioning),
    put: put!(put_bucket_versioning, versioning_configuration, Ok(t::VersioningConfiguration::builder().build())),
    ..Document::PLAIN
};

/// Somebody switched it off behind bdr's back, or the policy wants it again.
fn suspended() -> Hindrance {
    Hindrance {
        what: "versioning was on and is suspended".to_owned(),
        so: "what is overwritten or deleted there is gone at once, and only the versions of before are still there".to_owned(),
        help: "Apply switches it on again.".to_owned(),
        foreign: false,
    }
}

/// A bucket that never had versions answers without a `Status`; suspended, it keeps those it has and makes no new ones
/// (S3 API reference, `GetBucketVersioning`). Both are "not enabled".
pub(super) struct Versioning;

impl Setting for Versioning {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn document(&self) -> &'static Document {
        &DOCUMENT
    }

    fn wanted(&self, wish: Wish<'_>) -> Vec<Wanted> {
        let stated = wish.spec.versioning.iter();
        let one = |enabled: &crate::diag::Spanned<bool>| Wanted {
            key: String::new(),
            attrs: Attrs::from([("enabled".to_owned(), enabled.value.into())]),
            span: enabled.span,
            after: Vec::new(),
            earlier: None,
        };
        stated.map(one).collect()
    }

    fn live(&self, document: Option<&Element>, sight: Sight<'_>) -> Live {
        let status = document.and_then(|document| document.text_at(&["Status"]));
        let mut live = Live::present(Attrs::from([("enabled".to_owned(), (status == Some("Enabled")).into())]));
        if status == Some("Suspended") && on(sight.desired) {
            live.hindered.push(suspended());
        } else if status == Some("Suspended") {
            live.notes.push("versioning was on and is suspended: the versions of that time are still there".to_owned());
        }
        live
    }

    fn stands(&self, policy: &mut Policy, store: &StoreName, _key: &str, live: Option<&Attrs>) {
        let spec = policy.stores.get_mut(store);
        spec.and_then(|spec| spec.versioning.as_mut()).into_iter().for_each(|versioning| versioning.value = on(live));
    }

    /// SeaweedFS 4.48 replaces nothing conditionally in a bucket whose versioning is suspended, and keeps the condition otherwise; to find
    /// out takes a write, and whoever only looks makes none.
    fn tells_at(&self, place: &Place, live: &mut Live) {
        if !place.connection.is_aws() {
            let lease = "Until then some endpoints (SeaweedFS) let nobody replace an object on a condition, and so let no lease be held: where \
                         apply says that, and nobody else applies this policy, say --no-lease.";
            live.hindered.iter_mut().for_each(|one| one.help = format!("{} {lease}", one.help));
        }
    }

    fn falls_short(&self, _needed: &Attrs, live: Option<&Attrs>) -> bool {
        !on(live)
    }

    /// What was probed of the bucket's conditional writes and versions.
    fn wrote(&self, place: &Place) {
        place.connection.forget_probes();
    }

    /// Only `Status`: a stored `MfaDelete` stays as it is where a write does not name it.
    fn merged(&self, _document: Option<&Element>, _policy: &PolicyName, edits: &[Edit<'_>]) -> Result<Element, String> {
        let enabled = on(edits.first().and_then(|edit| edit.attrs));
        let status = if enabled { "Enabled" } else { "Suspended" };
        Ok(Element::new("VersioningConfiguration").with(Element::leaf("Status", status)))
    }
}
