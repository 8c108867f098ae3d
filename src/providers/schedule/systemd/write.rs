//! Writing units: files first, then the manager reads them once, then timers are enabled and started.

use super::place::{Found, Part, Place, UnitName};
use super::session::{Units, refusal};
use super::systemctl::AT_ONCE;
use super::unit_file::UnitFile;
use crate::policy::SystemdScope;
use crate::provider::ProviderError;
use crate::providers::schedule::disk;
use crate::providers::schedule::disk::blocking;
use crate::providers::schedule::program::run;
use crate::resource::{Change, Op, Resource};

/// One change with the unit that it is about.
struct Step<'a> {
    name: UnitName,
    place: &'a Place,
    /// The file's text; `None`: it goes.
    text: Option<String>,
    op: Op,
}

impl Units {
    /// Carries changes out. Each step may be done again: after a crash between files and manager the next plan finds units that are
    /// written and not loaded, enabled or started, and does the rest.
    pub(super) async fn write(&self, changes: &[Change], desired: &[Option<Resource>]) -> Result<(), ProviderError> {
        let mut steps = Vec::new();
        for (change, wanted) in changes.iter().zip(desired) {
            let (name, place) = self.find(&change.id)?;
            let text = wanted.as_ref().map(|wanted| UnitFile::from_attrs(&wanted.attrs).render(&header(&name)));
            steps.push(Step { name, place, text, op: change.op });
        }
        // All of one action lie in one folder (its queue), but for a removal elsewhere; the manager of each is told once.
        let mut places: Vec<&Place> = steps.iter().map(|step| step.place).collect();
        places.dedup();
        for place in places {
            let here: Vec<&Step<'_>> = steps.iter().filter(|step| step.place == place).collect();
            self.write_in(place, &here).await?;
        }
        Ok(())
    }

    async fn write_in(&self, place: &Place, steps: &[&Step<'_>]) -> Result<(), ProviderError> {
        let timers = |gone: bool| -> Vec<&UnitName> {
            let all = steps.iter().filter(|step| step.name.part == Part::Timer && step.text.is_none() == gone);
            all.map(|step| &step.name).collect()
        };
        let systemctl = self.systemctl(place);
        if place.managed {
            self.verify(place, steps).await?;
            let leaving = timers(true);
            if !leaving.is_empty() {
                systemctl.disable(&leaving).await?;
            }
        }
        for step in steps {
            let (at, name, text) = (place.clone(), step.name.clone(), step.text.clone());
            blocking("write", &place.shown(&step.name), move || put(&at, &name, text.as_deref())).await?;
        }
        if !place.managed {
            return Ok(());
        }
        // A service that is new is loaded with its timer.
        let only_new_services = steps.iter().all(|step| step.name.part == Part::Service && step.op == Op::Create);
        if !only_new_services {
            systemctl.reload().await?;
        }
        let staying = timers(false);
        if !staying.is_empty() {
            systemctl.enable(&staying).await?;
        }
        let gone: Vec<&UnitName> = steps.iter().filter(|step| step.text.is_none()).map(|step| &step.name).collect();
        if !gone.is_empty() {
            systemctl.forget(&gone).await;
        }
        Ok(())
    }

    /// Asks systemd whether it understands the units, before they stand where it reads them. `verify` ends with success where it
    /// only ignores a line (a timer that is half wrong), so whatever it says of our files counts.
    async fn verify(&self, place: &Place, steps: &[&Step<'_>]) -> Result<(), ProviderError> {
        let program = self.systemd.analyze.as_ref();
        let texts: Vec<(String, String)> =
            steps.iter().filter_map(|step| Some((step.name.to_string(), step.text.clone()?))).collect();
        if program.is_empty() || texts.is_empty() {
            return Ok(());
        }
        let (texts, at) = (texts, place.clone());
        let folder = blocking("write for a check the units of", &place.shown.shown, move || {
            let folder = tempfile::Builder::new().prefix("bdr-units-").tempdir()?;
            for (name, text) in &texts {
                std::fs::write(folder.path().join(name), text)?;
                // A timer is checked together with the service that it starts.
                if let Some(stem) = name.strip_suffix(".timer") {
                    let service = format!("{stem}.service");
                    if let Some(text) = disk::read(&at.folder.join(&service))? {
                        std::fs::write(folder.path().join(&service), text)?;
                    }
                }
            }
            Ok(folder)
        })
        .await?;
        let paths: Vec<String> =
            steps.iter().map(|step| folder.path().join(step.name.to_string()).display().to_string()).collect();
        let scope = if place.scope == SystemdScope::User { "--user" } else { "--system" };
        let written: Vec<&str> =
            paths.iter().zip(steps).filter(|(_, step)| step.text.is_some()).map(|(path, _)| path.as_str()).collect();
        for some in written.chunks(AT_ONCE) {
            let arguments: Vec<&str> = ["verify", "--man=no", scope].into_iter().chain(some.iter().copied()).collect();
            let said = run(program, &arguments, None).await?;
            let ours = |line: &&str| steps.iter().any(|step| line.contains(&step.name.to_string()));
            if let Some(line) = format!("{}\n{}", String::from_utf8_lossy(&said.stdout), said.stderr).lines().find(ours) {
                return Err(refusal("verify", "the units", line, "This systemd does not know something in the unit: report it."));
            }
        }
        Ok(())
    }
}

fn header(name: &UnitName) -> String {
    format!("bdr: policy {}. Written by `bdr apply`; what is changed here is shown by `bdr plan` and put back.", name.policy)
}

/// Writes one unit, or removes it. Looks whose it is right before.
fn put(place: &Place, name: &UnitName, text: Option<&str>) -> std::io::Result<()> {
    let path = place.path(name);
    if place.look(name)? == Found::Foreign {
        return Err(std::io::Error::other("a unit with this name is there and is not this policy's"));
    }
    match text {
        Some(text) => {
            disk::replace(&path, text.as_bytes())?;
            if name.part == Part::Timer && !place.managed { place.enable(name) } else { Ok(()) }
        }
        None => {
            if name.part == Part::Timer {
                disk::remove(&place.link(name))?;
            }
            disk::remove(&path)
        }
    }
}
