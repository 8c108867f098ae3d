//! The manager's side: what systemd has loaded, and making it load, start and stop (reference: systemctl(1)).

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::place::UnitName;
use crate::address::PolicyName;
use crate::policy::SystemdScope;
use crate::provider::ProviderError;
use crate::providers::schedule::program::run;

/// Units that are named in one call; a command line is finite.
pub const AT_ONCE: usize = 200;

/// A manager that can be asked.
#[derive(Debug, Clone)]
pub struct Systemctl {
    pub program: String,
    pub scope: SystemdScope,
}

/// What a manager knows of a loaded unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    pub active: bool,
    /// The file was changed after it was loaded.
    pub stale: bool,
    pub drop_ins: Vec<PathBuf>,
}

impl Systemctl {
    async fn call(&self, operation: &str, arguments: &[&str]) -> Result<String, ProviderError> {
        let scope: &[&str] = if self.scope == SystemdScope::User { &["--user"] } else { &[] };
        let all: Vec<&str> = scope.iter().chain(&["--no-pager", "--no-ask-password"]).chain(arguments).copied().collect();
        let said = run(&self.program, &all, None).await?.or_failed(operation, "systemd")?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }

    /// The states of all loaded units of a policy; what is not loaded is not in it.
    pub async fn states(&self, policy: &PolicyName) -> Result<BTreeMap<String, State>, ProviderError> {
        let pattern = format!("bdr-{policy}.*");
        let arguments = ["show", "--all", "--property=Id,ActiveState,NeedDaemonReload,DropInPaths", "--", &pattern];
        Ok(parse(&self.call("ask for the units of", &arguments).await?))
    }

    pub async fn reload(&self) -> Result<(), ProviderError> {
        self.call("reload the units of", &["daemon-reload"]).await.map(|_| ())
    }

    /// Enables timers and starts them. A timer that already runs is restarted, to take its new times up.
    pub async fn enable(&self, names: &[&UnitName]) -> Result<(), ProviderError> {
        self.each("enable timers of", &["enable"], names).await?;
        self.each("start timers of", &["restart"], names).await
    }

    /// Stops and disables timers and forgets when they last ran.
    pub async fn disable(&self, names: &[&UnitName]) -> Result<(), ProviderError> {
        self.each("stop and disable timers of", &["disable", "--now"], names).await?;
        // What it says of a timer that never ran is of no interest.
        _ = self.each("clean timers of", &["clean", "--what=state"], names).await;
        Ok(())
    }

    /// Forgets the failures of units that are gone.
    pub async fn forget(&self, names: &[&UnitName]) {
        _ = self.each("reset units of", &["reset-failed"], names).await;
    }

    async fn each(&self, operation: &str, verb: &[&str], names: &[&UnitName]) -> Result<(), ProviderError> {
        for names in names.chunks(AT_ONCE) {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let arguments: Vec<&str> = verb.iter().copied().chain(["--"]).chain(names.iter().map(String::as_str)).collect();
            self.call(operation, &arguments).await?;
        }
        Ok(())
    }
}

/// Reads blocks of `Key=value` that are parted by empty lines.
fn parse(text: &str) -> BTreeMap<String, State> {
    let mut states = BTreeMap::new();
    for block in text.split("\n\n") {
        let (mut id, mut state) = (String::new(), State::default());
        for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "Id" => value.clone_into(&mut id),
                "ActiveState" => state.active = matches!(value, "active" | "activating" | "reloading"),
                "NeedDaemonReload" => state.stale = value == "yes",
                "DropInPaths" => state.drop_ins = value.split_whitespace().map(PathBuf::from).collect(),
                _ => {}
            }
        }
        if !id.is_empty() {
            states.insert(id, state);
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_block_by_block() {
        let text = "Id=bdr-p.a.b.timer\nActiveState=active\nNeedDaemonReload=no\nDropInPaths=/etc/x.conf /run/y.conf\n\n\
                    Id=bdr-p.a.b.service\nActiveState=inactive\nNeedDaemonReload=yes\nDropInPaths=\n";
        let states = parse(text);
        let timer = &states["bdr-p.a.b.timer"];
        assert!(timer.active && !timer.stale);
        assert_eq!(timer.drop_ins, [PathBuf::from("/etc/x.conf"), PathBuf::from("/run/y.conf")]);
        assert!(!states["bdr-p.a.b.service"].active && states["bdr-p.a.b.service"].stale);
    }
}
