//! The open sessions of one run, found by the kind of a resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compile::Kinds;
use crate::plan::Unread;
use crate::policy::Policy;
use crate::provider::{Connect, Env, Provider, Session};

/// One session per provider.
pub struct Sessions {
    kinds: Kinds,
    open: BTreeMap<&'static str, Box<dyn Session>>,
}

impl Sessions {
    /// Connects every provider. One that cannot be connected is told as unread, and the others go on.
    pub async fn open(providers: &[&dyn Connect], policy: &Arc<Policy>, env: &Arc<Env>) -> (Self, Vec<Unread>) {
        let kinds = Kinds::of(providers.iter().map(|provider| {
            let provider: &dyn Provider = *provider;
            provider
        }));
        let mut open = BTreeMap::new();
        let mut unread = Vec::new();
        for provider in providers {
            match provider.connect(Arc::clone(policy), Arc::clone(env)).await {
                Ok(session) => _ = open.insert(provider.name(), session),
                Err(error) => unread.push(Unread {
                    subject: provider.name().to_owned(),
                    reason: error.to_string(),
                    help: error.help,
                    resources: Vec::new(),
                }),
            }
        }
        (Self { kinds, open }, unread)
    }

    /// The session for resources of a kind.
    pub fn of_kind(&self, kind: &str) -> Option<&dyn Session> {
        Some(self.open.get(self.kinds.provider(kind)?)?.as_ref())
    }

    /// All sessions with their provider's name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &dyn Session)> {
        self.open.iter().map(|(name, session)| (*name, session.as_ref()))
    }
}
