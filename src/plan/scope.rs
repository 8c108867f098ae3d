//! Targets: narrowing a plan to some components, stores, kinds or resources, and what those need.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::address::{ResourceId, Subject};

/// What a plan is narrowed to; empty: everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

/// A target that fits nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{target}` is no component, store, kind or resource of this policy")]
pub struct ScopeError {
    pub target: String,
    /// Everything that would have fitted, in order.
    pub known: Vec<String>,
}

/// What a narrowed plan leaves undone of one component or store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// As `component.docs`.
    pub of: String,
    pub changes: u64,
    pub first_backups: u64,
    /// Some of it waits for what the plan does.
    pub waits: bool,
}

impl Scope {
    /// Targets are `docs`, `component.docs`, `store.primary`, a kind such as `systemd_timer`, or a resource's address.
    pub fn new(targets: impl IntoIterator<Item = String>) -> Self {
        Self(targets.into_iter().collect())
    }

    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    pub fn targets(&self) -> &[String] {
        &self.0
    }

    /// Whether a resource is a target itself.
    pub fn names(&self, id: &ResourceId) -> bool {
        self.is_everything() || self.0.iter().any(|target| fits(target, id))
    }

    /// # Errors
    /// When a target fits none of the resources.
    pub fn check<'a>(&self, all: impl Iterator<Item = &'a ResourceId> + Clone) -> Result<(), ScopeError> {
        for target in &self.0 {
            if !all.clone().any(|id| fits(target, id)) {
                let names = |id: &'a ResourceId| [name(&id.subject).to_owned(), id.subject.to_string(), id.kind.to_string()];
                let known: BTreeSet<String> = all.flat_map(|id| names(id).into_iter().chain([id.to_string()])).collect();
                return Err(ScopeError { target: target.clone(), known: known.into_iter().collect() });
            }
        }
        Ok(())
    }
}

fn name(subject: &Subject) -> &str {
    match subject {
        Subject::Policy => "policy",
        Subject::Store(name) => name.as_str(),
        Subject::Component(name) => name.as_str(),
    }
}

fn fits(target: &str, id: &ResourceId) -> bool {
    target == name(&id.subject) || target == id.kind || target == id.subject.to_string() || target == id.to_string()
}
