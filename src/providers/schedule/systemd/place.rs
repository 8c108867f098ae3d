//! Folders of unit files: which ones belong to a policy, what stands in them, and whose it is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::drop_in::{self, DropIn};
use super::unit_file::{MARK, UnitFile};
use crate::address::{ComponentName, PolicyName, ProtectionName};
use crate::attrs::Attr;
use crate::policy::{SystemdScope, Text};
use crate::providers::schedule::disk;

/// A folder of unit files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub folder: PathBuf,
    /// The folder as the policy writes it: shown instead of it, since a reference may be secret.
    pub shown: Text,
    pub scope: SystemdScope,
    /// Whether a manager that runs here reads it; otherwise files are all there is.
    pub managed: bool,
}

/// Service or timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Service,
    Timer,
}

impl Part {
    pub const ALL: [Self; 2] = [Self::Service, Self::Timer];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Timer => "timer",
        }
    }
}

/// A unit of a policy. Names hold no dots, so that the parts of a unit's name cannot be taken for each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnitName {
    pub policy: PolicyName,
    pub component: ComponentName,
    pub protection: ProtectionName,
    pub part: Part,
}

impl std::fmt::Display for UnitName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { policy, component, protection, part } = self;
        write!(f, "bdr-{policy}.{component}.{protection}.{}", part.as_str())
    }
}

impl UnitName {
    fn parse(text: &str, policy: &PolicyName) -> Option<Self> {
        let mut parts = text.strip_prefix("bdr-")?.strip_prefix(policy.as_str())?.strip_prefix('.')?.split('.');
        let component = ComponentName::new(parts.next()?).ok()?;
        let protection = ProtectionName::new(parts.next()?).ok()?;
        let word = parts.next()?;
        let part = Part::ALL.into_iter().find(|part| part.as_str() == word)?;
        parts.next().is_none().then(|| Self { policy: policy.clone(), component, protection, part })
    }
}

/// What stands under a unit's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Absent,
    /// A link to `/dev/null`: somebody has switched the unit off for good (systemctl(1), `mask`).
    Masked,
    Ours(UnitFile),
    /// Not bdr's, or another policy's.
    Foreign,
}

impl Place {
    pub fn path(&self, name: &UnitName) -> PathBuf {
        self.folder.join(name.to_string())
    }

    /// The path as plans and errors show it.
    pub fn shown(&self, name: &UnitName) -> String {
        format!("{}/{name}", self.shown.shown.trim_end_matches('/'))
    }

    /// The path as an attribute.
    pub fn file(&self, name: &UnitName) -> Attr {
        let path = self.path(name).display().to_string();
        if self.shown.is_referenced() {
            return Attr::Sensitive { shown: self.shown(name), value: SecretString::from(path) };
        }
        Attr::Text(path)
    }

    pub fn look(&self, name: &UnitName) -> io::Result<Found> {
        let path = self.path(name);
        if is_off(&path) {
            return Ok(Found::Masked);
        }
        let Some(text) = disk::read(&path)? else { return Ok(Found::Absent) };
        let unit = UnitFile::parse(&String::from_utf8_lossy(&text));
        let is = |key: &str, value: &str| unit.get(MARK, key) == Some(value);
        let ours = is("Policy", name.policy.as_str())
            && is("Component", name.component.as_str())
            && is("Protection", name.protection.as_str());
        Ok(if ours { Found::Ours(unit) } else { Found::Foreign })
    }

    /// All units that carry the policy's mark.
    pub fn owned(&self, policy: &PolicyName) -> io::Result<Vec<(UnitName, UnitFile)>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut owned = Vec::new();
        for entry in entries {
            let file = entry?.file_name();
            let Some(name) = file.to_str().and_then(|file| UnitName::parse(file, policy)) else { continue };
            if let Found::Ours(unit) = self.look(&name)? {
                owned.push((name, unit));
            }
        }
        owned.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(owned)
    }

    /// The link by which `systemctl enable` makes a timer start at boot.
    pub fn link(&self, name: &UnitName) -> PathBuf {
        self.folder.join("timers.target.wants").join(name.to_string())
    }

    pub fn is_enabled(&self, name: &UnitName) -> bool {
        fs::symlink_metadata(self.link(name)).is_ok()
    }

    /// What `systemctl enable` does, where no manager does it.
    pub fn enable(&self, name: &UnitName) -> io::Result<()> {
        let link = self.link(name);
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder)?;
        }
        disk::remove(&link)?;
        std::os::unix::fs::symlink(Path::new("..").join(name.to_string()), &link)?;
        link.parent().map_or(Ok(()), disk::flush)
    }

    /// What somebody else has laid over a unit, in the order in which systemd reads it: by the names of the files, of one name the one
    /// whose folder comes first. `known` are those that the manager has read, from wherever it takes them.
    pub fn drop_ins(&self, name: &UnitName, known: &[PathBuf]) -> io::Result<Vec<DropIn>> {
        let folders = drop_in::folders(&name.to_string());
        let (of_type, own) = folders.split_last().map_or((None, &folders[..]), |(last, own)| (Some(last), own));
        let mut paths = Vec::new();
        for folder in own {
            paths.extend(self.listed(folder)?);
        }
        paths.extend(known.iter().cloned());
        if let Some(folder) = of_type {
            paths.extend(self.listed(folder)?);
        }
        let mut by_name: BTreeMap<OsString, PathBuf> = BTreeMap::new();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "conf")) {
            let Some(file) = path.file_name() else { continue };
            by_name.entry(file.to_owned()).or_insert(path);
        }
        let read = |path: PathBuf| {
            // A link to /dev/null takes away a file of that name that would come after it.
            let text = if is_off(&path) { None } else { disk::read(&path)? };
            Ok(DropIn::parse(self.as_shown(&path), &String::from_utf8_lossy(&text.unwrap_or_default())))
        };
        by_name.into_values().map(read).collect()
    }

    fn listed(&self, folder: &str) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(self.folder.join(folder)) {
            Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// A path as plans show it: where the folder comes from a reference it may be secret.
    fn as_shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.folder) {
            Ok(below) => format!("{}/{}", self.shown.shown.trim_end_matches('/'), below.display()),
            Err(_) => path.display().to_string(),
        }
    }
}

/// Whether a path is a link to `/dev/null`.
fn is_off(path: &Path) -> bool {
    fs::read_link(path).is_ok_and(|target| target == Path::new("/dev/null"))
}
