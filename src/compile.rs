//! Compiling: a policy and the providers become the resources that must exist.

use std::collections::BTreeMap;

use crate::diag::{Code, Diagnostic, Diagnostics, Severity, Span, Spanned};
use crate::graph::Graph;
use crate::policy::{Backend, Medium, Overlap, Policy, StoreSpec, overlaps};
use crate::provider::{Env, Provider};
use crate::resource::{Desired, Kind};

const UNKNOWN_KIND: Code = Code {
    code: "BDR-C001",
    name: "unknown-kind",
    severity: Severity::Error,
    text: "A resource of a kind that no provider knows.\n\nA provider wants something that none of them can carry out. That is a \
           mistake in bdr and not in the policy: please report it, with the policy.",
};
const WAITS_FOR_NOTHING: Code = Code {
    code: "BDR-C002",
    name: "waits-for-nothing",
    severity: Severity::Error,
    text: "A resource waits for one that nothing wants.\n\nA provider puts a resource behind another one that is not part of the \
           policy. That is a mistake in bdr and not in the policy: please report it, with the policy.",
};
const RING: Code = Code {
    code: "BDR-C003",
    name: "waits-in-a-ring",
    severity: Severity::Error,
    text: "Resources wait for each other.\n\nNo order of work would be right. That is a mistake in bdr and not in the policy: \
           please report it, with the policy.",
};

const ONE_PLACE: Code = Code {
    code: "BDR-C006",
    name: "one-place-twice",
    severity: Severity::Error,
    text: "Two stores that are one place.\n\nA copy in each of them would be one copy: counted twice, lost once. The same folder, the \
           same prefix of a bucket, and a place inside what another store holds of the policy are refused, however they are spelt. \
           A bucket lies in one region, whatever is stated of it. Name the place once, or give each store a place of its own.\n",
};

/// The codes of this pass.
pub const CODES: [Code; 4] = [UNKNOWN_KIND, WAITS_FOR_NOTHING, RING, ONE_PLACE];

/// All kinds of the given providers by name, each with the provider that knows it.
#[derive(Debug, Clone, Default)]
pub struct Kinds(BTreeMap<&'static str, (Kind, &'static str)>);

impl Kinds {
    pub fn of<'a>(providers: impl IntoIterator<Item = &'a dyn Provider>) -> Self {
        let all = providers.into_iter().flat_map(|provider| provider.kinds().iter().map(move |kind| (kind, provider.name())));
        Self(all.map(|(kind, provider)| (kind.name, (*kind, provider))).collect())
    }

    pub fn get(&self, name: &str) -> Option<&Kind> {
        self.0.get(name).map(|(kind, _)| kind)
    }

    /// Name of the provider that knows the kind.
    pub fn provider(&self, name: &str) -> Option<&'static str> {
        self.0.get(name).map(|(_, provider)| *provider)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Kind> {
        self.0.values().map(|(kind, _)| kind)
    }
}

/// What a policy wants, and the kinds that it is made of.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    pub desired: Desired,
    pub kinds: Kinds,
}

/// Asks every provider what it wants for the policy, and checks what they answered: each resource is of a known kind, waits only
/// for what is wanted too, and never in a ring.
pub fn compile(policy: &Policy, providers: &[&dyn Provider], env: &Env) -> (Compiled, Diagnostics) {
    let mut desired = Desired::new();
    let mut diagnostics = faults(policy);
    for provider in providers {
        provider.check(policy, env, &mut diagnostics);
        provider.declare(policy, env, &mut desired);
    }
    let kinds = Kinds::of(providers.iter().copied());
    check(&desired, &kinds, &mut diagnostics);
    (Compiled { desired, kinds }, diagnostics)
}

/// What no policy can mean, whatever its providers want. `lint` asks for it too.
pub fn faults(policy: &Policy) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    for Overlap { outer, inner, same } in overlaps(policy) {
        let message = if same {
            format!("stores `{}` and `{}` are one place", outer.name, inner.name)
        } else {
            format!("store `{}` lies in what store `{}` holds of the policy", inner.name, outer.name)
        };
        let (of_outer, of_inner) = if same { ("one place", "one place") } else { ("holds the policy's copies", "lies in it") };
        let finding = Diagnostic::error(ONE_PLACE.code, message).at(place(inner), of_inner).at(place(outer), of_outer);
        let help = "A copy in each would be one copy: give each store a place of its own, or keep one of them.";
        diagnostics.push(finding.help(help));
    }
    diagnostics.extend(torn(policy));
    diagnostics
}

/// Where the policy says where a store lies.
fn place(store: &StoreSpec) -> Option<Span> {
    match &store.backend {
        Backend::Folder(folder) => folder.path.span,
        Backend::S3(s3) => s3.bucket.span,
    }
}

/// Buckets of which stores state two regions.
fn torn(policy: &Policy) -> Vec<Diagnostic> {
    let mut regions: BTreeMap<Medium, (&StoreSpec, &Spanned<String>)> = BTreeMap::new();
    let mut found = Vec::new();
    for store in policy.stores.values() {
        let Backend::S3(s3) = &store.backend else { continue };
        let Some(region) = &s3.region else { continue };
        let (first, stated) = *regions.entry(Medium::of(&store.backend)).or_insert((store, region));
        if stated.value != region.value {
            let message = format!("stores `{}` and `{}` put one bucket into two regions", first.name, store.name);
            let finding = Diagnostic::error(ONE_PLACE.code, message).at(region.span, "another").at(stated.span, "one region");
            found.push(finding.help("A bucket lies in one region: state that, or name the other bucket."));
        }
    }
    found
}

fn check(desired: &Desired, kinds: &Kinds, diagnostics: &mut Diagnostics) {
    let mut graph = Graph::new();
    for resource in desired.iter() {
        if kinds.get(&resource.id.kind).is_none() {
            let message = format!("`{}` is of a kind that no provider knows", resource.id);
            diagnostics.push(Diagnostic::error(UNKNOWN_KIND.code, message).at(resource.span, "wanted here"));
        }
        graph.add(&resource.id);
        for first in &resource.after {
            if desired.get(first).is_some() {
                graph.wait(&resource.id, first);
            } else {
                let message = format!("`{}` waits for `{first}`, which nothing wants", resource.id);
                diagnostics.push(Diagnostic::error(WAITS_FOR_NOTHING.code, message).at(resource.span, "wanted here"));
            }
        }
    }
    if let Err(cycle) = graph.order() {
        let first = cycle.path.first().and_then(|id| desired.get(id));
        let message = format!("resources wait for each other: {cycle}");
        diagnostics.push(Diagnostic::error(RING.code, message).at(first.and_then(|r| r.span), "one of them is wanted here"));
    }
}
