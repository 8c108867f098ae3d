//! Finds and reads the policy's files, and decides what of the outside a policy may see.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;

use crate::cli::{Context, Exit, Failure, codes, hint};
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

/// The policy files that `-p` names, or the default ones: files as given, folders as all their `.yaml` and `.yml` below,
/// in order of path. A hidden file or folder is not a policy.
///
/// # Errors
/// When a path cannot be read, or nothing is found.
pub fn policy_files(context: &Context) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for root in &policy_roots(context)? {
        let before = files.len();
        collect(root, true, &mut files)?;
        if files.len() == before {
            return Err(Failure::new(format!("`{}` holds no policy", root.display())).help(hint::name_a_policy()));
        }
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

/// What `-p` names, else the default place.
///
/// # Errors
/// When nothing is named and nothing is there.
pub fn policy_roots(context: &Context) -> Result<Vec<PathBuf>, Failure> {
    let named = &context.global.policy;
    if named.is_empty() { default_roots() } else { Ok(named.clone()) }
}

fn default_roots() -> Result<Vec<PathBuf>, Failure> {
    ["bdr.yaml", "bdr.yml", "bdr"].iter().map(PathBuf::from).find(|path| path.exists()).map(|path| vec![path]).ok_or_else(|| {
        Failure::usage("there is no policy here: neither bdr.yaml nor a folder bdr/")
            .help("Name one with -p PATH, or write a first one with `bdr init`.")
    })
}

fn collect(path: &Path, named: bool, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| unread(path, &error);
    let kind = std::fs::metadata(path).map_err(failed)?;
    if !kind.is_dir() {
        let policy = named || path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml");
        // Reading a pipe or a device could wait or go on for ever.
        if policy && !kind.is_file() {
            let what = format!("`{}` cannot hold a policy: it is neither a file nor a folder", path.display());
            return Err(Failure::new(what).help(hint::name_a_policy()));
        }
        if policy {
            files.push(path.to_path_buf());
        }
        return Ok(());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(path).and_then(|list| list.map(|entry| entry.map(|e| e.path())).collect()).map_err(failed)?;
    entries.sort();
    for entry in entries {
        let hidden = entry.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'));
        // A link to a folder is not entered: it could lead round in a circle.
        let link_to_folder = entry.is_symlink() && entry.is_dir();
        if !hidden && !link_to_folder {
            collect(&entry, false, files)?;
        }
    }
    Ok(())
}

/// A policy that is not there or may not be read, and the way out.
fn unread(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::new(format!("could not read `{}`: {error}", path.display()));
    if error.kind() != std::io::ErrorKind::NotFound {
        return failure.help("Make it readable for the user that bdr runs as, or name another file or folder.");
    }
    let here = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(here).into_iter().flatten().filter_map(Result::ok);
    let policies = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let policies: BTreeSet<String> = policies.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")).collect();
    let written = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    failure.help(match policy::nearest(written, policies.iter().map(String::as_str)) {
        Some(near) => hint::did_you_mean(path.with_file_name(near).display()),
        None => hint::name_a_policy().to_owned(),
    })
}

/// The bytes of one policy file: at most one more than is accepted, so that a larger one is told as such.
///
/// # Errors
/// When it cannot be read.
pub fn read_policy_file(path: &Path) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let failed = |error: std::io::Error| unread(path, &error);
    let most = policy::LARGEST as u64 + 1;
    let file = std::fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len().min(most);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
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
    for path in policy_files(context)? {
        sources.add_bytes(path.display().to_string(), read_policy_file(&path)?);
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
