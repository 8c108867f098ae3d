//! Provider `folder`: directories of this machine in which copies live.

mod mounts;
mod others;
mod stood;

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::address::{PolicyName, ResourceId, StoreName, Subject};
use crate::attrs::{Attr, Attrs};
use crate::policy::{Backend, FolderBackend, Policy};
use crate::provider::{Connect, Env, Freshness, Owned, Provider, ProviderError, Session, Settled};
use crate::providers::{plain, writable};
use crate::resource::{Change, Desired, Doubt, Kind, Live, Op, Removal, Resource, Risk};
use crate::store::{ErrorKind, Retry};
use crate::units::bytes::Bytes;

pub use stood::{note, notes, standing};

static KIND: Kind = Kind {
    name: "folder",
    title: "folder",
    summary: "A directory for backups. Made where it is missing; owned by a marker in `.bdr/policies/`; released, never deleted.",
    removal: Removal::Release,
    immutable: &["path"],
    risk: |before, after| {
        let open = |attrs: Option<&Attrs>| {
            let mode = attrs.and_then(|attrs| attrs.get("mode")).and_then(Attr::as_str);
            mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0) & 0o077
        };
        // More people may read or write it than before.
        if before.is_some() && after.is_some() && open(after) & !open(before) != 0 { Risk::Weakens } else { Risk::None }
    },
    ..Kind::PLAIN
};

/// Version of the marker's format.
const MARKER_VERSION: u32 = 1;
/// Most bytes of a marker that are read: it holds a number and a name.
const LARGEST_MARKER: u64 = 64 << 10;

/// The marker: whose copies lie here.
#[derive(serde::Serialize, serde::Deserialize)]
struct Marker {
    version: u32,
    policy: String,
}

/// Folders as stores.
pub struct Folders;

fn folders(policy: &Policy) -> impl Iterator<Item = (&StoreName, &FolderBackend)> {
    policy.stores.iter().filter_map(|(name, spec)| match &spec.backend {
        Backend::Folder(folder) => Some((name, folder)),
        Backend::S3(_) => None,
    })
}

/// The resource that a store's folder is.
pub fn id(name: &StoreName) -> ResourceId {
    ResourceId::new(Subject::Store(name.clone()), KIND.name, "")
}

/// Below a folder: where it says that the copies of a policy lie here. The folder is the policy's only with it.
pub fn marker_key(policy: &PolicyName) -> String {
    format!(".bdr/policies/{policy}.json")
}

fn marker(folder: &Path, policy: &PolicyName) -> PathBuf {
    folder.join(marker_key(policy))
}

fn wanted(policy: &PolicyName, folder: &FolderBackend) -> Attrs {
    attrs(folder.path.value.to_attr(), folder.mode.value, Some(policy))
}

fn attrs(path: Attr, mode: u32, marked: Option<&PolicyName>) -> Attrs {
    let mut attrs = Attrs::from([("path".to_owned(), path), ("mode".to_owned(), Attr::Text(format!("{:04o}", mode & 0o7777)))]);
    attrs.extend(marked.map(|policy| ("policy".to_owned(), policy.as_str().into())));
    attrs
}

impl Provider for Folders {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn kinds(&self) -> &'static [Kind] {
        std::slice::from_ref(&KIND)
    }

    fn declare(&self, policy: &Policy, _env: &Env, desired: &mut Desired) {
        for (name, folder) in folders(policy) {
            desired.add(Resource {
                id: id(name),
                attrs: wanted(&policy.name, folder),
                span: folder.path.span,
                after: Vec::new(),
                queue: None,
                earlier: None,
            });
        }
    }

    fn stands(&self, policy: &mut Policy, id: &ResourceId, live: &Live) {
        if let (Subject::Store(name), None) = (&id.subject, &live.attrs) {
            policy.forsake(|store| store == name);
        }
    }
}

#[async_trait]
impl Connect for Folders {
    async fn connect(&self, policy: Arc<Policy>, env: Arc<Env>) -> Result<Box<dyn Session>, ProviderError> {
        let left = stood::left(&policy, &env.left_places);
        Ok(Box::new(FolderSession { policy, left }))
    }
}

struct FolderSession {
    policy: Arc<Policy>,
    /// Of stores that are not, or not there, in the policy any more.
    left: Vec<(StoreName, PathBuf)>,
}

/// One folder; its calls block, so they run on tokio's threads for blocking work.
#[derive(Clone)]
struct Place {
    path: PathBuf,
    shown: Attr,
    policy: PolicyName,
    /// The policy has it no more.
    left: bool,
}

impl FolderSession {
    fn place(&self, id: &ResourceId) -> Result<Place, ProviderError> {
        if let Some(path) = id.key.strip_prefix('@') {
            return Ok(Place { path: path.into(), shown: Attr::text(path), policy: self.policy.name.value.clone(), left: true });
        }
        let found = folders(&self.policy).find(|(name, _)| id.subject == Subject::Store((*name).clone()));
        let folder = found.map(|(_, folder)| folder).ok_or_else(|| ProviderError {
            operation: "find".to_owned(),
            subject: id.to_string(),
            kind: ErrorKind::NotFound,
            retry: Retry::Never,
            reason: "the policy has no such folder".to_owned(),
            help: Some("Plan again: the policy changed.".to_owned()),
            source: None,
        })?;
        let path = &folder.path.value;
        Ok(Place { path: path.expose().into(), shown: path.to_attr(), policy: self.policy.name.value.clone(), left: false })
    }

    /// The store before this one whose folder is the same, by whatever links or mounts.
    fn twin(&self, id: &ResourceId) -> Option<&StoreName> {
        let identity = |folder: &FolderBackend| fs::metadata(folder.path.expose()).ok().map(|meta| (meta.dev(), meta.ino()));
        let is_it = |name: &StoreName| id.key.is_empty() && id.subject == Subject::Store(name.clone());
        let own = folders(&self.policy).find(|(name, _)| is_it(name)).and_then(|(_, folder)| identity(folder))?;
        let mut before = folders(&self.policy).take_while(|(name, _)| !is_it(name));
        before.find(|(_, folder)| identity(folder) == Some(own)).map(|(name, _)| name)
    }

    async fn run<T: Send + 'static>(
        &self,
        place: &Place,
        operation: &'static str,
        work: impl FnOnce(&Place) -> io::Result<T> + Send + 'static,
    ) -> Result<T, ProviderError> {
        let moved = place.clone();
        let outcome = tokio::task::spawn_blocking(move || work(&moved)).await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
        outcome.map_err(|error| place.fault(operation, error))
    }
}

impl Place {
    fn marker(&self) -> PathBuf {
        marker(&self.path, &self.policy)
    }

    fn fault(&self, operation: &str, error: io::Error) -> ProviderError {
        let (kind, help) = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                (ErrorKind::Denied, Some("Run as the user who owns the folder, or choose another place.".to_owned()))
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                (ErrorKind::Denied, Some("Mount it to be written, or choose another place.".to_owned()))
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                (ErrorKind::Full, Some("Make room on that disk.".to_owned()))
            }
            io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => (
                ErrorKind::Other,
                Some("Something that is no folder stands there: move it away, or choose another path.".to_owned()),
            ),
            io::ErrorKind::NotFound => (ErrorKind::NotFound, None),
            _ => (ErrorKind::Other, None),
        };
        ProviderError {
            operation: operation.to_owned(),
            subject: self.shown.to_string(),
            kind,
            retry: Retry::Never,
            reason: error.to_string(),
            help,
            source: None,
        }
    }

    /// Why this user cannot write there. A path from a reference may be secret, and is not named.
    fn refusal(&self) -> Option<String> {
        let refused = writable::refusal(&self.path)?;
        let is_secret = matches!(self.shown, Attr::Sensitive { .. });
        Some(if is_secret {
            "this user may not write there; apply and backups must run as one who may".to_owned()
        } else {
            refused
        })
    }

    /// What is written below a mount point on which nothing is mounted goes to another disk, and is hidden once it is.
    fn doubt(&self) -> Option<Doubt> {
        let point = mounts::unmounted(&self.path)?;
        let is_secret = matches!(self.shown, Attr::Sensitive { .. });
        let point = if is_secret { "a mount point above it".to_owned() } else { point.display().to_string() };
        let why = format!("/etc/fstab names {point}, and nothing is mounted there");
        Some(Doubt { what: "its folder lies on a disk that is not mounted".to_owned(), why })
    }

    fn is_marked(&self) -> io::Result<bool> {
        match plain::open(&self.marker()) {
            Ok(file) => {
                let mut text = Vec::new();
                file.take(LARGEST_MARKER).read_to_end(&mut text)?;
                let marker: Marker = serde_json::from_slice(&text).map_err(io::Error::other)?;
                Ok(marker.version == MARKER_VERSION && marker.policy == self.policy.as_str())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&self, wanted: Option<&Attrs>) -> io::Result<Live> {
        let free = free_space(&self.path).map(|free| format!("{free} free"));
        let stay = (self.left && self.path.join(self.policy.as_str()).is_dir())
            .then(|| "what lies there of this policy's backups stays, and nothing lists or removes it".to_owned());
        let notes: Vec<String> = free.into_iter().chain(self.refusal()).chain(stay).collect();
        let doubt = self.doubt();
        let meta = match fs::metadata(&self.path) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Live { notes, doubt, ..Live::default() });
            }
            Err(error) => return Err(error),
        };
        if !meta.is_dir() {
            return Err(rustix::io::Errno::NOTDIR.into());
        }
        let marked = self.is_marked()?.then_some(&self.policy);
        let mut notes = notes;
        let others = others::of(&self.path, &self.policy);
        if marked.is_some() && !others.is_empty() {
            notes.push(others::shared(&others));
        }
        let others = if marked.is_some() { Vec::new() } else { others };
        let mode = meta.permissions().mode();
        let unfit = others.first().zip(wanted).and_then(|(whose, wanted)| others::unfit(whose, mode, wanted));
        Ok(Live { notes, doubt, others, unfit, ..Live::present(attrs(self.shown.clone(), mode, marked)) })
    }

    /// Each step can be done again: a crash between them leaves a folder that the next plan completes.
    fn write(&self, mode: u32) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(mode).create(&self.path)?;
        let now = fs::metadata(&self.path)?.permissions().mode() & 0o7777;
        if now != mode {
            fs::set_permissions(&self.path, fs::Permissions::from_mode(mode))?;
        }
        if self.is_marked()? {
            return Ok(());
        }
        let marker = self.marker();
        let folder = marker.parent().unwrap_or(&self.path);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let text = serde_json::to_vec(&Marker { version: MARKER_VERSION, policy: self.policy.to_string() })?;
        let mut draft = tempfile::Builder::new().prefix(".bdr-unfinished-").tempfile_in(folder)?;
        io::Write::write_all(&mut draft, &text)?;
        draft.as_file().sync_all()?;
        draft.persist(&marker).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    }

    fn release(&self) -> io::Result<()> {
        match fs::remove_file(self.marker()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Free space where the folder is or would be made; rounded, so that a plan does not differ by every file that comes or goes.
fn free_space(path: &Path) -> Option<Bytes> {
    let there = path.ancestors().find(|path| path.is_dir())?;
    let space = rustix::fs::statvfs(there).ok()?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let unit = 1_u64 << free.checked_ilog2()?.saturating_sub(4);
    Some(Bytes(free / unit * unit))
}

fn mode_of(change: &Change, desired: Option<&Resource>) -> u32 {
    let attrs = desired.map(|resource| &resource.attrs).or(change.after.as_ref());
    let mode = attrs.and_then(|attrs| attrs.get("mode")).and_then(Attr::as_str);
    mode.and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0o700)
}

#[async_trait]
impl Session for FolderSession {
    async fn read(&self, id: &ResourceId, desired: Option<&Resource>, _freshness: Freshness) -> Result<Live, ProviderError> {
        let place = self.place(id)?;
        let wanted = desired.map(|desired| desired.attrs.clone());
        let live = self.run(&place, "look at", move |place| place.read(wanted.as_ref())).await?;
        match self.twin(id) {
            Some(twin) => {
                let help = "A copy in each would be one copy: give each store a folder of its own, or keep one of them.";
                let same = io::Error::other(format!("it is the folder of store `{twin}`"));
                Err(ProviderError { help: Some(help.to_owned()), ..place.fault("tell apart", same) })
            }
            None => Ok(live),
        }
    }

    /// Those that the policy names, and those of which an earlier apply noted that it set them up.
    async fn owned(&self) -> Result<Owned, ProviderError> {
        let mut found = Vec::new();
        let left = self.left.iter().map(|(name, path)| stood::left_id(name, path));
        for id in folders(&self.policy).map(|(name, _)| id(name)).chain(left) {
            let place = self.place(&id)?;
            let live = self.run(&place, "look at", |place| place.read(None)).await?;
            if let Some(attrs) = live.attrs.filter(|attrs| attrs.contains_key("policy")) {
                found.push(Resource { id, attrs, span: None, after: Vec::new(), queue: None, earlier: None });
            }
        }
        Ok(found.into())
    }

    async fn apply(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        for (at, change) in changes.iter().enumerate() {
            let place = self.place(&change.id)?;
            let mode = mode_of(change, desired.get(at).and_then(Option::as_ref));
            match change.op {
                Op::Create | Op::Update => self.run(&place, "set up", move |place| place.write(mode)).await?,
                Op::Delete | Op::Release => self.run(&place, "release", Place::release).await?,
                Op::None | Op::Refuse => {}
            }
        }
        Ok(())
    }

    async fn settled(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<Settled, ProviderError> {
        for (at, change) in changes.iter().enumerate() {
            let wanted = desired.get(at).and_then(Option::as_ref).map(|resource| &resource.attrs).or(change.after.as_ref());
            let live = self.read(&change.id, None, Freshness::Fresh).await?;
            let as_wanted = match change.op {
                Op::Create | Op::Update => live.attrs.as_ref() == wanted,
                _ => true,
            };
            if !as_wanted {
                return Ok(Settled::NotYet { differs: format!("{} is not as written", change.id), again_in_ms: 200 });
            }
        }
        Ok(Settled::Yes)
    }
}

#[cfg(test)]
mod tests;
