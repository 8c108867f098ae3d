//! What commands hand to providers and stores of the process's surroundings.

use std::path::{Component, Path, PathBuf};

use crate::cli::load::{Allow, References};
use crate::cli::{Context, Failure, policy_files};
use crate::provider::Env;
use crate::units::cadence::Zone;

impl Context {
    /// The surroundings for providers and stores. While only looking, endpoints are held to what the caller allows.
    ///
    /// # Errors
    /// When the policy's files or the running program cannot be found.
    pub fn env(&self, references: References) -> Result<Env, Failure> {
        self.env_of(references, self.policy_paths()?)
    }

    /// The same for a policy that is not there yet: it will be the file.
    ///
    /// # Errors
    /// When the path or the running program cannot be told in plain text.
    pub fn env_before(&self, references: References, file: &Path) -> Result<Env, Failure> {
        let absolute = std::path::absolute(file).map_err(|error| unreadable(file, &error))?;
        self.env_of(references, vec![shown(&plainest(&absolute))?])
    }

    fn env_of(&self, references: References, policy_paths: Vec<String>) -> Result<Env, Failure> {
        let allowed_endpoints = match Allow::for_looking(self) {
            Allow::Only { endpoints, .. } if !matches!(references, References::Acting | References::Called) => {
                Some(endpoints.into_iter().collect())
            }
            _ => None,
        };
        Ok(Env {
            vars: self.vars.clone(),
            program: self.program()?,
            policy_paths,
            left_places: Vec::new(),
            local_zone: local_zone(),
            home: self.vars.get("HOME").cloned(),
            allowed_endpoints,
            purpose: self.purpose,
        })
    }

    /// What units and crontabs call: the program that runs now, or what `BDR_PROGRAM` says (a package's stable path).
    fn program(&self) -> Result<String, Failure> {
        if let Some(stated) = self.vars.get("BDR_PROGRAM") {
            return Ok(stated.clone());
        }
        let path =
            std::env::current_exe().map_err(|error| Failure::new(format!("could not find the running program: {error}")))?;
        shown(&path)
    }

    /// The policy's roots as absolute paths: what `-p` names, so that a file added to a folder later is seen too. The same in
    /// whatever order and from wherever they are named, since units and crontabs hold them.
    fn policy_paths(&self) -> Result<Vec<String>, Failure> {
        let roots: Vec<PathBuf> = policy_files::policy_roots(self)?;
        let absolute = |root: &PathBuf| std::path::absolute(root).map_err(|error| unreadable(root, &error));
        let mut paths = roots.iter().map(|root| shown(&plainest(&absolute(root)?))).collect::<Result<Vec<String>, Failure>>()?;
        paths.sort();
        paths.dedup();
        Ok(paths)
    }
}

/// The path without `.` and `..`, where that leads to the same place: a link before a `..` leads elsewhere. Links themselves stay,
/// since what they lead to may be another release tomorrow.
fn plainest(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => _ = plain.pop(),
            part => plain.push(part),
        }
    }
    let same = matches!((plain.canonicalize(), path.canonicalize()), (Ok(one), Ok(other)) if one == other);
    if same { plain } else { path.to_owned() }
}

/// The zone of the machine's clock (`TZ`, else `/etc/localtime`), where it has a name.
fn local_zone() -> Option<Zone> {
    Zone::parse(jiff::tz::TimeZone::system().iana_name()?).ok()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("could not find `{}`: {error}", path.display()))
}

fn shown(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::new(format!("`{}` is not UTF-8: units and crontabs cannot name it", path.display()))
            .help("Give the policy or the program a path of plain text.")
    })
}
