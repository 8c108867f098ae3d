//! Service classes: what components inherit by name. They ship inside the binary, as YAML that people can read.

use crate::diag::{Diagnostics, FileId, Sources};
use crate::policy::document::ClassDocument;
use crate::policy::resolve::Heritage;
use crate::policy::{read, tree};

/// One service class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Class {
    pub name: &'static str,
    /// Where its text lies in the repository, and what places in it are shown as.
    pub path: &'static str,
    /// YAML.
    pub text: &'static str,
}

const CLASSES: [Class; 3] = [
    Class { name: "critical", path: "policies/critical.yaml", text: include_str!("../../policies/critical.yaml") },
    Class { name: "standard", path: "policies/standard.yaml", text: include_str!("../../policies/standard.yaml") },
    Class { name: "archive", path: "policies/archive.yaml", text: include_str!("../../policies/archive.yaml") },
];

/// All service classes.
pub fn classes() -> &'static [Class] {
    &CLASSES
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().map(|class| class.name)
}

/// What a class has to give; its text joins the sources, so that its values can be shown where they stand.
pub(super) fn heritage(name: &str, sources: &mut Sources, out: &mut Diagnostics) -> Heritage {
    let Some(class) = CLASSES.iter().find(|class| class.name == name) else { return Heritage::default() };
    let file = sources.add(class.path, class.text);
    of_text(file, class.text, out)
}

fn of_text(file: FileId, text: &str, out: &mut Diagnostics) -> Heritage {
    let tree = tree::parse(file, text, out);
    let document: Option<ClassDocument> = tree.documents().first().and_then(|node| read::read(&tree, *node, out));
    let ClassDocument { objectives, protect, retain, .. } = document.unwrap_or_default();
    Heritage { objectives, protect, retain }
}
