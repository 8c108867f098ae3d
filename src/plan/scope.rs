//! Targets: narrowing a plan to some components, stores, kinds or resources, and what those need.

use crate::address::{ResourceId, Subject};

/// What a plan is narrowed to; empty: everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

/// A target that fits nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{target}` is no component, store, kind or resource of this policy")]
pub struct ScopeError {
    pub target: String,
    /// What would have fitted, for a suggestion.
    pub known: Vec<String>,
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
                let mut known: Vec<String> = all.map(|id| id.subject.to_string()).collect();
                known.dedup();
                return Err(ScopeError { target: target.clone(), known });
            }
        }
        Ok(())
    }
}

fn fits(target: &str, id: &ResourceId) -> bool {
    let name = match &id.subject {
        Subject::Policy => "policy",
        Subject::Store(name) => name.as_str(),
        Subject::Component(name) => name.as_str(),
    };
    target == name || target == id.kind || target == id.subject.to_string() || target == id.to_string()
}
