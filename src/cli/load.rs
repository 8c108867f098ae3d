//! Reads the policy, and decides what of the outside it may see.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use crate::cli::policy_files::policy_files;
use crate::cli::{Context, Exit, Failure, codes};
use crate::diag::{self, Diagnostics, Sources};
use crate::lint::{Report, Wish, format};
use crate::policy::{self, Policy, Reference, Refused, Resolve};

/// What a policy may read from outside.
#[derive(Debug, Clone)]
pub enum Allow {
    /// The caller acts on the policy, or sits at a terminal.
    All,
    /// A pull request: only what the caller named.
    Only { env: BTreeSet<String>, files: BTreeSet<PathBuf>, endpoints: BTreeSet<String> },
}

impl Allow {
    /// For commands that only look (`lint`, `plan`, `graph`, `show`, …): everything at a terminal, else what was named.
    pub fn for_looking(context: &Context) -> Self {
        let named = &context.global;
        let nothing_named = named.allow_env.is_empty() && named.allow_file.is_empty() && named.allow_endpoint.is_empty();
        if nothing_named && context.terminal.stdin && context.terminal.stderr {
            return Self::All;
        }
        Self::Only {
            env: named.allow_env.iter().cloned().collect(),
            files: named.allow_file.iter().cloned().collect(),
            endpoints: named.allow_endpoint.iter().map(|url| url.trim_end_matches('/').to_owned()).collect(),
        }
    }
}

/// Whether references of the policy are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum References {
    /// Not at all: the text alone counts (`lint`, `assess`, `fmt`).
    Unresolved,
    /// Those that the caller allows (`plan`, `drift`, `graph`).
    Looking,
    /// Those that the caller allows and that have a value; the others stay as they are written (`iam-policy`).
    AsFarAsKnown,
    /// All: the caller acts on the policy (`apply`, `backup`, `restore`, …).
    Acting,
    /// All that have a value; the others stay as they are written. PostgreSQL calls with an environment of its own (`wal push`, `wal fetch`),
    /// in which nothing has to be set that is not used.
    Called,
}

/// A policy that later passes can work with, and everything that was said while reading it.
#[derive(Debug)]
pub struct LoadedPolicy {
    pub policy: Arc<Policy>,
    pub sources: Sources,
    pub diagnostics: Diagnostics,
}

/// Reads the texts of the policy's files; what is no text is told by the reading of it.
///
/// # Errors
/// When a file cannot be read.
pub fn texts(context: &Context) -> Result<Sources, Failure> {
    let mut sources = Sources::new();
    for file in policy_files(context)? {
        match file.read()? {
            Ok(bytes) => sources.add_bytes(file.name(), bytes),
            Err(fault) => sources.add_unread(file.name(), fault),
        };
    }
    Ok(sources)
}

/// Reads, merges and checks the policy. Warnings come back with it.
///
/// # Errors
/// When files cannot be read, or the policy has errors: they are shown first.
pub fn policy(context: &Context, references: References) -> Result<LoadedPolicy, Failure> {
    let sources = texts(context)?;
    let loaded = match references {
        References::Unresolved => policy::load_unresolved(sources),
        References::Looking => policy::load(sources, &Resolver { context, allow: Allow::for_looking(context), keeps: false }),
        References::AsFarAsKnown => policy::load(sources, &Resolver { context, allow: Allow::for_looking(context), keeps: true }),
        References::Acting => policy::load(sources, &Resolver { context, allow: Allow::All, keeps: false }),
        References::Called => policy::load(sources, &Resolver { context, allow: Allow::All, keeps: true }),
    };
    let diagnostics = loaded.diagnostics;
    match loaded.policy {
        Some(policy) if !diagnostics.has_errors() => {
            Ok(LoadedPolicy { policy: Arc::new(policy), sources: loaded.sources, diagnostics })
        }
        _ => {
            context.warn(diag::render_all(&diagnostics, &loaded.sources, context.look_stderr()).trim_end());
            Err(wrong(diagnostics, &loaded.sources, context))
        }
    }
}

/// For who reads JSON; people have been told.
fn wrong(diagnostics: Diagnostics, sources: &Sources, context: &Context) -> Failure {
    let wish = Wish::all(context.now(), sources);
    let entries = format::entries(&Report::new(diagnostics, sources, &codes::all(), wish));
    let findings = entries.iter().filter_map(|entry| serde_json::to_value(entry).ok()).collect();
    Failure { message: "the policy has errors".to_owned(), findings, ..Failure::silent(Exit::Failed) }
}

/// Looks references up in the environment and on disk, within what the caller allows.
struct Resolver<'a> {
    context: &'a Context,
    allow: Allow,
    /// Whether a reference without a value may stay one.
    keeps: bool,
}

impl Resolve for Resolver<'_> {
    fn keeps_unknown(&self) -> bool {
        self.keeps
    }

    fn resolve(&self, reference: &Reference) -> Result<SecretString, Refused> {
        match reference {
            Reference::Env(name) => {
                if matches!(&self.allow, Allow::Only { env, .. } if !env.contains(name)) {
                    return Err(Refused::NotAllowed);
                }
                self.context.vars.get(name).map(|value| SecretString::from(value.as_str())).ok_or(Refused::Absent)
            }
            Reference::File(path) => {
                if matches!(&self.allow, Allow::Only { files, .. } if !files.contains(Path::new(path))) {
                    return Err(Refused::NotAllowed);
                }
                read_secret_file(Path::new(path))
            }
        }
    }
}

/// Largest file that a policy may refer to, in bytes.
const LARGEST_SECRET: u64 = 64 * 1024;

/// The content of a file that a policy refers to, without its last line end (as shells and Kubernetes write secrets).
fn read_secret_file(path: &Path) -> Result<SecretString, Refused> {
    use std::io::Read;
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Refused::Absent,
        _ => Refused::Unreadable(error.to_string()),
    };
    let mut text = String::new();
    let mut file = std::fs::File::open(path).map_err(unreadable)?.take(LARGEST_SECRET + 1);
    file.read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST_SECRET {
        return Err(Refused::Unreadable(format!("larger than {} KiB", LARGEST_SECRET >> 10)));
    }
    let value = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(SecretString::from(value))
}
