//! What a server tells of its settings, and of what may be done about them.

use std::collections::BTreeMap;

use crate::policy::server_setting::ALL;
use crate::postgres::{Server, literal};
use crate::provider::ProviderError;

/// One setting, as the server has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// In effect, in the server's unit.
    pub value: String,
    /// Where nothing sets it.
    pub default: String,
    /// What set what is in effect: `configuration file`, `command line`, `default`.
    pub source: String,
    /// Another value waits for a restart.
    pub waits: bool,
    /// Whether the connection's user may set it.
    pub may: bool,
    /// In the server's configuration files, the last one counts; `None`: in none, or not told.
    pub configured: Option<String>,
    /// What `postgresql.auto.conf` has, which `ALTER SYSTEM` writes.
    pub by_system: Option<String>,
}

/// A server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// By which clusters are told apart; every copy of one has the same.
    pub system: String,
    pub major: u32,
    pub user: String,
    /// Whether the configuration files were told.
    pub tells_files: bool,
    /// Whether the user may have the server read them again.
    pub may_reload: bool,
    /// `allow_alter_system`, of PostgreSQL 17 and later.
    pub takes_alter_system: bool,
    pub settings: BTreeMap<String, Seen>,
}

/// The file that `ALTER SYSTEM` writes.
const AUTO: &str = "postgresql.auto.conf";

impl Facts {
    /// # Errors
    /// When the server does not answer.
    pub async fn read(server: &Server) -> Result<Self, ProviderError> {
        let names = ALL.iter().map(|setting| literal(setting.name)).collect::<Vec<_>>().join(", ");
        let what = "read the settings of";
        let about = "SELECT (SELECT system_identifier FROM pg_control_system()), current_setting('server_version_num'), current_user, \
                     has_function_privilege('pg_reload_conf()', 'EXECUTE'), coalesce(current_setting('allow_alter_system', true), 'on'), \
                     has_function_privilege('pg_show_all_file_settings()', 'EXECUTE'), \
                     (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)";
        let about = server.rows(what, about).await?;
        let about = about.first().map(Vec::as_slice).unwrap_or_default();
        let told = |at: usize| about.get(at).cloned().flatten().unwrap_or_default();
        let version: u32 = told(1).parse().unwrap_or(0);
        let mut facts = Self {
            system: told(0),
            major: version / 10_000,
            user: told(2),
            may_reload: told(3) == "t",
            takes_alter_system: told(4) == "on",
            tells_files: told(5) == "t",
            settings: BTreeMap::new(),
        };
        // Rights to a parameter came with 15.
        let may = match (facts.major, told(6) == "t") {
            (15.., _) => "has_parameter_privilege(name, 'ALTER SYSTEM')",
            (_, is_superuser) => {
                if is_superuser {
                    "true"
                } else {
                    "false"
                }
            }
        };
        let sql =
            format!("SELECT name, setting, boot_val, source, pending_restart, {may} FROM pg_settings WHERE name IN ({names})");
        for row in server.rows(what, &sql).await? {
            let told = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
            let (value, default, source) = (told(1), told(2), told(3));
            let seen =
                Seen { value, default, source, waits: told(4) == "t", may: told(5) == "t", configured: None, by_system: None };
            facts.settings.insert(told(0), seen);
        }
        if facts.tells_files {
            let sql = format!(
                "SELECT name, setting, sourcefile FROM pg_show_all_file_settings() WHERE name IN ({names}) ORDER BY seqno"
            );
            facts.files(server.rows(what, &sql).await?);
        }
        Ok(facts)
    }

    /// Rows of name, value and file, in the order in which they are read.
    fn files(&mut self, rows: Vec<Vec<Option<String>>>) {
        for row in rows {
            let [Some(name), value, file] = row.as_slice() else { continue };
            let Some(seen) = self.settings.get_mut(name) else { continue };
            let value = value.clone().unwrap_or_default();
            if file.as_deref().is_some_and(|file| file.ends_with(AUTO)) {
                seen.by_system = Some(value.clone());
            }
            seen.configured = Some(value);
        }
    }
}
