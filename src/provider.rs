//! The contract of a provider: declares resources from a policy, and reads and changes them on the live system.
//!
//! Everything that can be decided without credentials is on [`Provider`]; what needs them is on [`Session`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::address::{AccountName, ResourceId};
use crate::diag::{Code, Diagnostics};
use crate::policy::Policy;
use crate::resource::{Adoptable, Change, Desired, Foreign, Kind, Live, Resource};
use crate::rights::{Grant, Purpose};
use crate::store::{ErrorKind, Retry, StoreError};
use crate::units::cadence::Zone;

/// What a program takes from outside besides the policy; handed down, never looked up.
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// Environment variables that the caller allows.
    pub vars: BTreeMap<String, String>,
    /// Absolute path of the running `bdr`, for units and crontabs.
    pub program: String,
    /// Absolute paths of the policy files, for units and crontabs.
    pub policy_paths: Vec<String>,
    /// Home of the user, where known.
    pub home: Option<String>,
    /// The zone of the machine's clock, by which cron runs; `None`: UTC.
    pub local_zone: Option<Zone>,
    /// Places where earlier applies wrote schedules, as [`crate::resource::Resource::queue`] names them: what was left there is found.
    pub left_places: Vec<String>,
    /// Endpoints that `plan` may talk to; `None`: no restriction (a person at a terminal).
    pub allowed_endpoints: Option<Vec<String>>,
    /// What the command does that runs: who lacks a right is told where to find all that it takes.
    pub purpose: Option<Purpose>,
}

/// The outside said no to an operation on a resource.
#[derive(Debug, thiserror::Error)]
#[error("could not {operation} {subject}: {reason}")]
pub struct ProviderError {
    /// A verb and object, such as `read the lifecycle configuration of`.
    pub operation: String,
    /// What people call it: `s3://bucket`, a path.
    pub subject: String,
    pub kind: ErrorKind,
    pub retry: Retry,
    /// The outside's own words, without secrets.
    pub reason: String,
    /// A full sentence with the next step.
    pub help: Option<String>,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ProviderError {
    /// The same with the next step.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// What a store refused before anything was asked of it, such as an endpoint that the caller does not allow, said once more.
impl From<&StoreError> for ProviderError {
    fn from(error: &StoreError) -> Self {
        Self {
            operation: error.operation.to_owned(),
            subject: error.subject.clone(),
            kind: error.kind,
            retry: error.retry,
            reason: error.reason.clone(),
            help: error.help.clone(),
            source: None,
        }
    }
}

/// Whether a change that was issued can be seen everywhere yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Read back and equal, as often as the endpoint needs.
    Yes,
    /// Not yet: what still differs, and in how many milliseconds to look again.
    NotYet { differs: String, again_in_ms: u64 },
}

/// How a read may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// An answer that this session already got for the same document will do (planning).
    Cached,
    /// Ask the live system again (right before acting, and after). Later `Cached` reads are answered from what this one saw:
    /// of resources that share a document, the engine reads the first one `Fresh` and the others `Cached`.
    Fresh,
}

/// The pure side: what the provider would want for a policy.
pub trait Provider: Send + Sync {
    /// `s3`, `folder`, `systemd`, `cron`.
    fn name(&self) -> &'static str;

    fn kinds(&self) -> &'static [Kind];

    /// The codes of what it finds while it declares.
    fn codes(&self) -> &'static [Code] {
        &[]
    }

    /// Adds what the policy wants of this provider's kinds. Pure: no I/O, same input, same output.
    fn declare(&self, policy: &Policy, env: &Env, desired: &mut Desired);

    /// What of the policy this provider could not carry out, whatever the live system is like. Pure too, and cheaper than
    /// declaring: `lint` asks for nothing more.
    fn check(&self, _policy: &Policy, _env: &Env, _diagnostics: &mut Diagnostics) {}

    /// Makes a policy say what stands, where a resource of this provider is not as the policy wants it: what can be promised until
    /// the plan is carried out. Pure. Nothing to say of resources that promises don't rest on.
    fn stands(&self, _policy: &mut Policy, _id: &ResourceId, _live: &Live) {}

    /// Adds to a policy that says what stands what left it and still protects something, for which it has no words any more. Pure.
    fn recalls(&self, _policy: &mut Policy, _id: &ResourceId, _live: &Live) {}

    /// Whether a resource does less than is needed of it, so that nothing works that rests on it. Pure.
    fn falls_short(&self, _needed: &Resource, live: &Live) -> bool {
        live.attrs.is_none()
    }

    /// What must be allowed for a purpose so that this provider can carry the policy out: to the role that is taken on in an account of
    /// the policy, or to the caller (`None`), for what is done by them. Pure.
    fn rights(&self, _policy: &Policy, _purpose: Purpose, _by: Option<&AccountName>) -> Vec<Grant> {
        Vec::new()
    }
}

/// A provider together with what is needed to reach the live system.
#[async_trait]
pub trait Connect: Provider {
    /// Opens a session. Cheap: no request is made before it is needed.
    async fn connect(&self, policy: Arc<Policy>, env: Arc<Env>) -> Result<Box<dyn Session>, ProviderError>;
}

/// What carries the policy's mark.
#[derive(Debug, Default)]
pub struct Owned {
    pub resources: Vec<Resource>,
    /// Places in which it could not be looked for it, each by what would carry it there. One that does not answer hides no other.
    pub unread: Vec<(ResourceId, ProviderError)>,
}

impl From<Vec<Resource>> for Owned {
    fn from(resources: Vec<Resource>) -> Self {
        Self { resources, unread: Vec::new() }
    }
}

/// What is foreign beside what is ours.
#[derive(Debug, Default)]
pub struct Beside {
    /// Each by the resource that would join it, or that it stands next to.
    pub parts: Vec<(ResourceId, Foreign)>,
    /// What could not be looked at, in words: nothing of ours rests on it.
    pub unknown: Vec<(ResourceId, String)>,
}

/// The live side.
#[async_trait]
pub trait Session: Send + Sync {
    /// Reads one resource. `desired` is absent for what was found by its mark only.
    async fn read(&self, id: &ResourceId, desired: Option<&Resource>, freshness: Freshness) -> Result<Live, ProviderError>;

    /// Everything that carries this policy's mark, whether or not the policy still wants it. `after` of a returned
    /// resource says what must be removed before it.
    async fn owned(&self) -> Result<Owned, ProviderError>;

    /// Carries out changes that share one document (or a single one). The engine has just read them fresh and found the
    /// plan's fingerprints. Issuing and taking effect are two things: see [`Session::settled`].
    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError>;

    /// One look at whether the changes have taken effect.
    async fn settled(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError>;

    /// What is somebody else's in the documents in which something is wanted, by what could take it over.
    async fn adoptable(&self, _desired: &Desired) -> Result<Vec<Adoptable>, ProviderError> {
        Ok(Vec::new())
    }

    /// Foreign parts of shared documents that hold nothing of ours yet, and of documents that bdr never writes.
    async fn foreign(&self) -> Result<Beside, ProviderError> {
        Ok(Beside::default())
    }
}
