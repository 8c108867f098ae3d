//! The programs of PostgreSQL that are installed here, and which of them fits a server.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::postgres::failed;
use crate::provider::{Env, ProviderError};

/// A program of PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    pub path: PathBuf,
    pub major: u32,
    /// As it says it: `15.8 (Debian 15.8-0+deb12u1)`.
    pub version: String,
}

/// Where packages put each major: Debian's and PostgreSQL's own for RPM.
const FOLDERS: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];

/// The program that fits a server of a major: of those that are not older than it the oldest, since what a newer one writes an older
/// server may not take back (`SET transaction_timeout`, which `pg_dump` 17 writes, is an error before 17).
///
/// # Errors
/// When none is installed, or only older ones.
pub fn find(name: &str, least: u32, env: &Env) -> Result<Tool, ProviderError> {
    let mut found = of_packages(name);
    if fitting(&found, least).is_none() {
        let path = env.vars.get("PATH").map(String::as_str).unwrap_or_default();
        found
            .extend(path.split(':').filter(|folder| !folder.is_empty()).filter_map(|folder| look(&Path::new(folder).join(name))));
    }
    fitting(&found, least).ok_or_else(|| missing(name, least, &found))
}

fn of_packages(name: &str) -> Vec<Tool> {
    let mut found = Vec::new();
    for (folder, prefix) in FOLDERS {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let major = entry.file_name().to_str().and_then(|name| name.strip_prefix(prefix)?.parse::<u32>().ok());
            found.extend(major.and_then(|_| look(&entry.path().join("bin").join(name))));
        }
    }
    found
}

/// Asks a program for its version; `None`: it is none of PostgreSQL's.
fn look(path: &Path) -> Option<Tool> {
    let said = Command::new(path).arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let (major, version) = version(std::str::from_utf8(&said.stdout).ok()?)?;
    Some(Tool { path: path.to_owned(), major, version })
}

/// `pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)`.
fn version(said: &str) -> Option<(u32, String)> {
    let version = said.split_once("(PostgreSQL) ")?.1.trim();
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    Some((version[..digits].parse().ok()?, version.to_owned()))
}

fn fitting(found: &[Tool], least: u32) -> Option<Tool> {
    found.iter().filter(|tool| tool.major >= least).min_by_key(|tool| tool.major).cloned()
}

fn missing(name: &str, least: u32, found: &[Tool]) -> ProviderError {
    let newest = found.iter().max_by_key(|tool| tool.major);
    let reason = newest.map_or_else(
        || "none is installed".to_owned(),
        |tool| {
            let at = tool.path.display();
            format!("`{at}` is of {}, and an older {name} cannot read a newer server", tool.version)
        },
    );
    let help =
        format!("Install the client programs of PostgreSQL {least} or newer: on Debian the package postgresql-client-{least}.");
    failed("find", format!("a {name} for PostgreSQL {least}"), reason).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(major: u32) -> Tool {
        Tool { path: format!("/usr/lib/postgresql/{major}/bin/pg_dump").into(), major, version: format!("{major}.2") }
    }

    #[test]
    fn the_nearest_that_is_not_older_fits() {
        let all = [tool(17), tool(13), tool(15), tool(16)];
        let major = |least| fitting(&all, least).map(|tool| tool.major);
        assert_eq!([major(12), major(15), major(16), major(17), major(18)], [Some(13), Some(15), Some(16), Some(17), None]);
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(
            version("pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)\n"),
            Some((15, "15.8 (Debian 15.8-0+deb12u1)".into()))
        );
        assert_eq!(version("pg_dump (PostgreSQL) 18beta1"), Some((18, "18beta1".into())));
        assert_eq!(version("pg_dump of something else"), None);
    }

    #[test]
    fn an_older_one_is_told_with_the_way_out() {
        let error = missing("pg_dump", 18, &[tool(13), tool(15)]);
        insta::assert_snapshot!(format!("{error}\n{}", error.help.as_deref().unwrap_or_default()), @r"
        could not find a pg_dump for PostgreSQL 18: `/usr/lib/postgresql/15/bin/pg_dump` is of 15.2, and an older pg_dump cannot read a newer server
        Install the client programs of PostgreSQL 18 or newer: on Debian the package postgresql-client-18.
        ");
        assert!(missing("pg_dump", 15, &[]).to_string().ends_with("none is installed"));
    }
}
