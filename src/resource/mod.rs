//! Resources: units of live configuration that a policy determines. Desired and live are one type.

mod change;
mod kind;

pub use change::{Action, ActionId, Change, Job, Op, Risk, Since, Work};
pub use kind::{Kind, Removal};

use jiff::civil::Date;

use crate::address::{ResourceId, StoreName, Subject};
use crate::attrs::Attrs;
use crate::diag::Span;
use crate::units::storage_class::StorageClass;

/// One resource as the policy wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub id: ResourceId,
    /// In the kind's canonical form.
    pub attrs: Attrs,
    /// Where the policy asks for it.
    pub span: Option<Span>,
    /// Resources that must be in place before this one.
    pub after: Vec<ResourceId>,
    /// Actions with equal queues never run at the same time (`s3://bucket`); `None`: no such restriction.
    pub queue: Option<String>,
    /// Under what else it may stand: what is found there is this resource.
    pub earlier: Option<Earlier>,
}

/// Under what else a resource may stand than under what the policy calls it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// Its address before its store or component was renamed (`moved`).
    Moved(ResourceId),
    /// Something of somebody else's that is taken over, as it is called there.
    Adopted(String),
}

impl Resource {
    /// Its address before its store or component was renamed.
    pub fn moved_from(&self) -> Option<&ResourceId> {
        match self.earlier.as_ref()? {
            Earlier::Moved(id) => Some(id),
            Earlier::Adopted(_) => None,
        }
    }

    /// What of somebody else's it takes over.
    pub fn adopts(&self) -> Option<&str> {
        match self.earlier.as_ref()? {
            Earlier::Adopted(name) => Some(name),
            Earlier::Moved(_) => None,
        }
    }
}

/// A part of a shared configuration, or a tag or setting beside ours, that is not bdr's: shown, kept, never touched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Foreign {
    /// How people know it: a rule's id, a tag's key, a drop-in's path.
    pub name: String,
    /// One line on what it does.
    pub summary: String,
    /// What it is, `lifecycle rule` or `tag`, where neither its name nor the summary tells.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sort: String,
    /// What it works by, as [`Live::identity`]: as long as it does, that stays.
    #[serde(skip)]
    pub by: Option<String>,
    /// It is a part of the thing itself, such as its tag, and goes where that is removed.
    #[serde(skip)]
    pub within: bool,
}

impl Foreign {
    pub fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        Self { name: name.into(), summary: summary.into(), sort: String::new(), by: None, within: false }
    }

    /// The same, said what it is.
    #[must_use]
    pub fn of_sort(self, sort: impl Into<String>) -> Self {
        Self { sort: sort.into(), ..self }
    }

    /// `tag cost  42`.
    pub fn told(&self) -> String {
        let sort = if self.sort.is_empty() { String::new() } else { format!("{} ", self.sort) };
        format!("{sort}{}  {}", self.name, self.summary)
    }

    /// The same where it goes with what it stands at.
    #[must_use]
    pub fn within(self) -> Self {
        Self { within: true, ..self }
    }
}

/// Something of somebody else's that a resource could take over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Adoptable {
    pub id: ResourceId,
    pub what: Foreign,
    pub fit: Fit,
}

/// How something of somebody else's stands to what the policy wants; best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It does the same.
    Same,
    /// It does something to the same things.
    Conflicts,
    /// They only share a document.
    Beside,
}

/// The place of a resource may itself be away (a disk that is not mounted), so that what was read says nothing of what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// A fragment: `its folder is gone`.
    pub what: String,
    /// A fragment on what speaks for that: `an apply set it up`.
    pub why: String,
}

/// A rule of the live system by which backups go before the policy lets them, or can be read no more without being retrieved first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    /// How people know it: `lifecycle rule docs/nightly/daily`.
    pub rule: String,
    /// It is somebody else's, so no plan changes it.
    pub foreign: bool,
    /// Whose backups, as `docs/nightly`.
    pub whose: Vec<String>,
    /// It takes versions that were replaced or deleted, not what is there.
    pub noncurrent: bool,
    /// Where it moves them to; `None`: it removes them.
    pub moves_to: Option<StorageClass>,
    /// Days after which it takes an object; `None`: from a day on that it names, or not known.
    pub after_days: Option<u64>,
    /// The day from which on it takes all that is there, where it names one.
    pub from: Option<Date>,
    /// Days for which the policy needs it; `None`: for ever.
    pub needed_days: Option<u64>,
}

/// Why a resource does not do what the policy wants of it, though it may stand as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// A fragment: `bdr-p.docs.nightly.timer is masked`.
    pub what: String,
    /// A fragment on what comes of it: `nothing starts this backup`.
    pub so: String,
    /// A full sentence with the next step.
    pub help: String,
    /// It is somebody else's, so no plan changes it.
    pub foreign: bool,
}

/// What holds of a resource over which others have laid something that is kept (drop-ins of a unit).
#[derive(Debug, Clone, PartialEq)]
pub struct InEffect {
    /// With what stands now; `None`: nothing does.
    pub now: Option<Attrs>,
    /// With what the policy wants; `None`: it does not want it.
    pub then: Option<Attrs>,
}

/// What was seen of one resource on the live system.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// In the kind's canonical form; `None`: absent.
    pub attrs: Option<Attrs>,
    /// What it is called there, where that is not yet what the policy calls it ([`Resource::earlier`]).
    pub stands_as: Option<String>,
    pub foreign: Vec<Foreign>,
    /// Something a person should know: `not supported by this endpoint`, `systemd does not run here`.
    pub notes: Vec<String>,
    /// What lets backups go that the policy keeps, as it stands.
    pub expiring: Vec<Expiring>,
    /// What keeps it from doing what the policy wants.
    pub hindered: Vec<Hindrance>,
    /// Policies whose mark its place carries, where it does not carry this one's: it is theirs.
    pub others: Vec<String>,
    /// Where it is not what `attrs` say.
    pub in_effect: Option<InEffect>,
    /// Why what was read may not be what stands there: nothing is written then, until a person decides.
    pub doubt: Option<Doubt>,
    /// Why what is wanted cannot be written to what stands there: a person decides.
    pub unfit: Option<String>,
    /// The place cannot hold this resource at all (an endpoint without lifecycle): never compared, always said.
    pub unsupported: bool,
    /// By what others name it that rely on it, such as the path and name of a role.
    pub identity: Option<String>,
    /// What it works by: the other's identity.
    pub relies: Option<String>,
}

impl Live {
    pub fn absent() -> Self {
        Self::default()
    }

    /// What stands, unless something that is somebody else's keeps it from doing anything.
    pub fn working(&self) -> Option<&Attrs> {
        self.attrs.as_ref().filter(|_| !self.hindered.iter().any(|hindrance| hindrance.foreign))
    }

    pub fn present(attrs: Attrs) -> Self {
        Self { attrs: Some(attrs), ..Self::default() }
    }
}

/// Everything that a policy wants, in order of address.
#[derive(Debug, Clone, Default)]
pub struct Desired(std::collections::BTreeMap<ResourceId, Resource>);

impl Desired {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource; the later one of two with equal addresses stays (addresses are made from unique names).
    pub fn add(&mut self, resource: Resource) {
        self.0.insert(resource.id.clone(), resource);
    }

    pub fn get(&self, id: &ResourceId) -> Option<&Resource> {
        self.0.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Resource> + Clone {
        self.0.values()
    }

    /// Says that something of somebody else's becomes a resource.
    pub fn adopt(&mut self, id: &ResourceId, name: &str) {
        self.0.get_mut(id).into_iter().for_each(|resource| resource.earlier = Some(Earlier::Adopted(name.to_owned())));
    }

    /// The first resource of a store, beside which a plan says what concerns all of it.
    pub fn of_store(&self, store: &StoreName) -> Option<&Resource> {
        self.iter().find(|resource| matches!(&resource.id.subject, Subject::Store(name) if name == store))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
