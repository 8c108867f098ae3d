//! What others have in the documents in which bdr wants something, and what of it bdr could take over.

use crate::attrs::{Attr, Attrs};
use crate::provider::{Freshness, ProviderError};
use crate::providers::s3::document::Answer;
use crate::providers::s3::element::Element;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::setting::{Setting, Sight};
use crate::providers::s3::{SETTINGS, setting};
use crate::resource::{Adoptable, Desired, Fit, Resource};

impl S3Session {
    pub async fn all_adoptable(&self, desired: &Desired) -> Result<Vec<Adoptable>, ProviderError> {
        let shared: Vec<&str> =
            SETTINGS.iter().map(|setting| setting.kind()).filter(|kind| kind.shared).map(|kind| kind.name).collect();
        let mut found = Vec::new();
        for resource in desired.iter().filter(|resource| shared.contains(&&*resource.id.kind)) {
            let Some(setting) = setting(&resource.id.kind) else { continue };
            let place = self.place(&resource.id).await?;
            if let Answer::Found(document) = self.document(&place, setting.document(), Freshness::Cached).await? {
                found.extend(self.beside(setting, &document.tree, resource));
            }
        }
        Ok(found)
    }

    /// What is somebody else's in a document and has a name there.
    fn beside(&self, setting: &dyn Setting, tree: &Element, resource: &Resource) -> Vec<Adoptable> {
        let sight = Sight { policy: &self.policy().name, mark: "", desired: Some(&resource.attrs) };
        let foreign = setting.live(Some(tree), sight).foreign.into_iter();
        let one = |what: crate::resource::Foreign| {
            let theirs = setting.live(Some(tree), Sight { mark: &what.name, ..sight }).attrs?;
            let fit = match () {
                () if theirs == resource.attrs => Fit::Same,
                () if setting.meets(&theirs, &resource.attrs) => Fit::Conflicts,
                () => Fit::Beside,
            };
            Some(Adoptable { id: resource.id.clone(), what, fit })
        };
        foreign.filter_map(one).collect()
    }
}

/// Whether two rules are about some of the same objects.
pub(super) fn nest(one: &Attrs, other: &Attrs) -> bool {
    let prefix = |attrs: &Attrs| attrs.get("prefix").and_then(Attr::as_str).unwrap_or_default().to_owned();
    let (one, other) = (prefix(one), prefix(other));
    one.starts_with(&other) || other.starts_with(&one)
}
