//! Finds the policy's files and reads them. What the caller names is the caller's word and may be a link or a pipe; what is only
//! found, in a folder or as the default, may be a stranger's: no link is followed out of the folder, and nothing but files is opened.

use std::collections::{BTreeSet, HashSet};
use std::ffi::OsString;
use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::cli::{Context, Failure, hint};
use crate::diag::{self, Fault};
use crate::policy;

/// One file of the policy, or what stands in the place of one.
#[derive(Debug)]
pub struct PolicyFile {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// The caller named it: opened as it is.
    Named,
    /// Below the folder where it was found, links followed.
    Found(PathBuf),
    Refused(Fault),
}

impl PolicyFile {
    /// As the person knows it; what a stranger put into it is no control.
    pub fn name(&self) -> String {
        shown(&self.path)
    }

    /// Its bytes, or why it has none. One that is too large is not read where its length tells, and elsewhere (a pipe, a file that grows) to one
    /// byte more than is accepted: to find that nobody can use it must cost nothing.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Result<Vec<u8>, Fault>, Failure> {
        let file = match &self.place {
            Place::Refused(fault) => return Ok(Err(*fault)),
            Place::Named => File::open(&self.path),
            Place::Found(place) => open_plain(place),
        };
        let failed = |error: io::Error| unread(&self.path, &error);
        let file = file.map_err(failed)?;
        let meta = file.metadata().map_err(failed)?;
        if matches!(self.place, Place::Found(_)) && !meta.is_file() {
            return Ok(Err(Fault::NotAFile));
        }
        let most = policy::LARGEST as u64;
        if meta.len() > most {
            return Ok(Err(Fault::TooLarge));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or_default() + 1);
        file.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
        Ok(if bytes.len() as u64 > most { Err(Fault::TooLarge) } else { Ok(bytes) })
    }

    /// The file to put a new text into: what a link leads to, since a link stays a link.
    ///
    /// # Errors
    /// When it is a pipe, or cannot be found any more.
    pub fn place(&self) -> io::Result<PathBuf> {
        if !fs::metadata(&self.path)?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        match &self.place {
            Place::Found(place) => Ok(place.clone()),
            Place::Named | Place::Refused(_) => fs::canonicalize(&self.path),
        }
    }
}

/// Opens without following a link and without waiting for the other end of a pipe: what was looked at may have been replaced since.
fn open_plain(place: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    OpenOptions::new().read(true).custom_flags(i32::try_from(flags.bits()).unwrap_or_default()).open(place)
}

/// The policy files that `-p` names, or the default ones: files as given, folders as all their `.yaml` and `.yml` below,
/// in order of path. A hidden file or folder is not a policy.
///
/// # Errors
/// When a path cannot be read, or nothing is found.
pub fn policy_files(context: &Context) -> Result<Vec<PolicyFile>, Failure> {
    let mut files = Vec::new();
    for root in policy_roots(context)? {
        let before = files.len();
        if context.global.policy.is_empty() { by_default(&root, &mut files) } else { named(&root, &mut files) }?;
        if files.len() == before {
            return Err(Failure::new(format!("`{}` holds no policy", shown(&root))).help(hint::name_a_policy()));
        }
    }
    let mut seen = HashSet::new();
    files.retain(|file: &PolicyFile| seen.insert(file.path.clone()));
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

fn named(path: &Path, files: &mut Vec<PolicyFile>) -> Result<(), Failure> {
    let failed = |error: io::Error| unread(path, &error);
    let kind = fs::metadata(path).map_err(failed)?.file_type();
    if kind.is_dir() {
        let inside = fs::canonicalize(path).map_err(failed)?;
        return collect(path, &inside, &inside, files);
    }
    if !kind.is_file() && !kind.is_fifo() {
        return Err(no_policy(path));
    }
    files.push(PolicyFile { path: path.to_path_buf(), place: Place::Named });
    Ok(())
}

/// Nobody named it: a link may lead only to something below the present folder.
fn by_default(path: &Path, files: &mut Vec<PolicyFile>) -> Result<(), Failure> {
    let failed = |error: io::Error| unread(path, &error);
    let here = fs::canonicalize(".").map_err(failed)?;
    match within(path, &here) {
        Some(place) if place.is_dir() => collect(path, &place, &place, files),
        Some(place) if !place.is_file() => Err(no_policy(path)),
        place => {
            let place = place.map_or(Place::Refused(Fault::LeadsOut), Place::Found);
            files.push(PolicyFile { path: path.to_path_buf(), place });
            Ok(())
        }
    }
}

fn no_policy(path: &Path) -> Failure {
    let what = format!("`{}` cannot hold a policy: it is neither a file nor a folder", shown(path));
    Failure::new(what).help(hint::name_a_policy())
}

/// All policies below a folder that lies at `place`, which is `inside` or below it, with its links followed.
fn collect(folder: &Path, place: &Path, inside: &Path, files: &mut Vec<PolicyFile>) -> Result<(), Failure> {
    let read =
        |list: fs::ReadDir| list.map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?)))).collect();
    let mut entries: Vec<(OsString, FileType)> = fs::read_dir(folder).and_then(read).map_err(|error| unread(folder, &error))?;
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, kind) in entries {
        let path = folder.join(&name);
        // A link to a folder is not entered: it could lead out, or round in a circle.
        if name.as_encoded_bytes().starts_with(b".") || (kind.is_symlink() && path.is_dir()) {
            continue;
        }
        if kind.is_dir() {
            collect(&path, &place.join(&name), inside, files)?;
        } else if path.extension().is_some_and(|ext| ext == "yaml" || ext == "yml") {
            // Only a link has to be followed to know where it leads.
            let leads_to = if kind.is_symlink() { within(&path, inside) } else { Some(place.join(&name)) };
            let place = match leads_to {
                None => Place::Refused(Fault::LeadsOut),
                Some(_) if !kind.is_file() && !path.is_file() => Place::Refused(Fault::NotAFile),
                Some(place) => Place::Found(place),
            };
            files.push(PolicyFile { path, place });
        }
    }
    Ok(())
}

/// Where a path leads, if that is below a folder. What leads to nothing is told like what leads out: whether a file is there
/// outside is nobody's business.
fn within(path: &Path, folder: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok().filter(|place| place.starts_with(folder))
}

fn shown(path: &Path) -> String {
    diag::shown(path.as_os_str().as_encoded_bytes())
}

/// A policy that is not there or may not be read, and the way out.
fn unread(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::new(format!("could not read `{}`: {error}", shown(path)));
    if error.kind() != io::ErrorKind::NotFound {
        return failure.help("Make it readable for the user that bdr runs as, or name another file or folder.");
    }
    let here = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = fs::read_dir(here).into_iter().flatten().filter_map(Result::ok);
    let policies = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let policies: BTreeSet<String> = policies.filter(|name| name.ends_with(".yaml") || name.ends_with(".yml")).collect();
    let written = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    failure.help(match policy::nearest(written, policies.iter().map(String::as_str)) {
        Some(near) => hint::did_you_mean(shown(&path.with_file_name(near))),
        None => hint::name_a_policy().to_owned(),
    })
}
