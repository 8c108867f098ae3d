//! Folders of unit files: which ones belong to a policy, what stands in them, and whose it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::unit_file::{MARK, UnitFile};
use crate::address::{ComponentName, PolicyName, ProtectionName};
use crate::attrs::Attr;
use crate::policy::{SystemdScope, Text};
use crate::providers::schedule::disk;
use crate::resource::Foreign;

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
        if fs::read_link(&path).is_ok_and(|target| target == Path::new("/dev/null")) {
            return Ok(Found::Masked);
        }
        let Some(text) = disk::read(&path)? else { return Ok(Found::Absent) };
        let unit = UnitFile::parse(&text);
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

    /// Settings that somebody else has laid over a unit: which ones, never their values, which may be secret.
    pub fn drop_ins(&self, name: &UnitName, known: &[PathBuf]) -> io::Result<Vec<Foreign>> {
        let mut paths = known.to_vec();
        match fs::read_dir(self.folder.join(format!("{name}.d"))) {
            Ok(entries) => {
                for entry in entries {
                    paths.push(entry?.path());
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        paths.retain(|path| path.extension().is_some_and(|end| end == "conf"));
        paths.sort();
        paths.dedup();
        let foreign = |path: PathBuf| {
            let text = disk::read(&path)?.unwrap_or_default();
            let names: Vec<String> = UnitFile::parse(&text).names().collect();
            let summary = if names.is_empty() {
                "a drop-in that sets nothing".to_owned()
            } else {
                format!("drop-in: sets {}", names.join(", "))
            };
            Ok(Foreign { name: path.display().to_string(), summary })
        };
        paths.into_iter().map(foreign).collect()
    }
}
