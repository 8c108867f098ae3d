//! Who this process is, so that others can tell who holds a lease and whether they are still alive.

use serde::{Deserialize, Serialize};

/// A process of a user on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub user: String,
    pub host: String,
    pub pid: u32,
    /// Start of the process in clock ticks since boot (proc(5), `stat` field 22): a process id alone is used again.
    pub started: Option<u64>,
    /// `/proc/sys/kernel/random/boot_id`: process ids mean something only within one boot.
    pub boot: Option<String>,
    /// `/proc/self/ns/pid` (pid_namespaces(7)): and only within one namespace.
    pub namespace: Option<String>,
}

impl Owner {
    /// This process. The user's name is handed in: only the command line reads the environment.
    pub fn of_process(user: impl Into<String>) -> Self {
        let pid = std::process::id();
        let uname = rustix::system::uname();
        Self {
            user: user.into(),
            host: uname.nodename().to_string_lossy().into_owned(),
            pid,
            started: start_of(pid),
            boot: std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|id| id.trim().to_owned()),
            namespace: std::fs::read_link("/proc/self/ns/pid").ok().map(|link| link.to_string_lossy().into_owned()),
        }
    }

    /// Whether the process certainly no longer runs. `false` where that cannot be told from here.
    pub fn is_certainly_gone(&self) -> bool {
        let here = Self::of_process("");
        let same_place =
            self.boot.is_some() && self.boot == here.boot && self.namespace.is_some() && self.namespace == here.namespace;
        same_place && self.started.is_some() && start_of(self.pid) != self.started
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{} (process {})", self.user, self.host, self.pid)
    }
}

/// `None` where there is no such process. The name in parentheses may hold spaces and parentheses, so fields count from its end.
fn start_of(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    // A zombie has ended, whatever its parent makes of it.
    let mut fields = rest.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") { None } else { fields.nth(18)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_once_it_ended() {
        let me = Owner::of_process("me");
        assert!(!me.is_certainly_gone());
        assert!(Owner { started: Some(1), ..me.clone() }.is_certainly_gone(), "its id was used again");
        assert!(Owner { pid: u32::MAX, ..me.clone() }.is_certainly_gone());
        assert!(
            !Owner { pid: u32::MAX, boot: Some("another".into()), ..me }.is_certainly_gone(),
            "another machine cannot be seen"
        );
    }
}
