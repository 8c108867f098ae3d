//! A dump back into a database of its own.
//!
//! Why a crash at each point is safe: the dump goes into a database under another name, which gets its own only when all of it is
//! there. What a killed load leaves keeps the next one from beginning, and is told; nothing that was there before is touched.

use std::path::Path;

use crate::postgres::{Program, Server, Tool, failed, identifier, in_conninfo, literal};
use crate::provider::ProviderError;
use crate::sources::postgres::description::Database;

/// Most bytes of a name (PostgreSQL's manual, "Identifiers and Key Words").
const LONGEST: usize = 63;
const UNFINISHED: &str = "bdr_loading_";

/// A database that is to be made of a dump.
pub struct Load<'a> {
    pub server: &'a Server,
    /// Its name.
    pub name: &'a str,
    pub pg_restore: &'a Tool,
    /// How many tables and indexes are loaded at once.
    pub jobs: usize,
    /// Everything belongs to who connects, and nobody else is let in.
    pub no_owner: bool,
}

/// Whether the database can be made: it is not there, and this user may make one.
///
/// # Errors
/// When it cannot, and why.
pub async fn ready(server: &Server, name: &str) -> Result<(), ProviderError> {
    let refuse = |reason: &str, help: String| Err(failed("create the database", identifier(name), reason).with_help(help));
    if name.is_empty() || name.len() + UNFINISHED.len() > LONGEST || name.contains('\0') {
        let help = format!("Choose a name of 1 to {} bytes.", LONGEST - UNFINISHED.len());
        return refuse("PostgreSQL takes no such name", help);
    }
    let unfinished = unfinished(name);
    let sql =
        format!("SELECT datname FROM pg_catalog.pg_database WHERE datname IN ({}, {})", literal(name), literal(&unfinished));
    let there = server.rows("list the databases of", &sql).await?;
    let is_there = |wanted: &str| there.iter().flatten().any(|name| name.as_deref() == Some(wanted));
    if is_there(name) {
        return refuse("it exists", "Name another one: bdr never writes into a database that is there.".to_owned());
    }
    if is_there(&unfinished) {
        let quoted = identifier(&unfinished);
        let help = format!("Unless one is under way just now, remove what it left: DROP DATABASE {quoted}.");
        return refuse("a restore into it was interrupted, or is under way", help);
    }
    let sql = "SELECT rolcreatedb OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user";
    let may = server.rows("read the rights of", sql).await?.pop().and_then(|mut row| row.pop()?);
    if may.as_deref() != Some("t") {
        return refuse("this user may create none", "Connect as a user with CREATEDB.".to_owned());
    }
    Ok(())
}

fn unfinished(name: &str) -> String {
    format!("{UNFINISHED}{name}")
}

impl Load<'_> {
    /// Makes the database. One whose load fails is removed again.
    ///
    /// # Errors
    /// When the server or `pg_restore` fails.
    pub async fn run(&self, of: &Database, file: &Path) -> Result<(), ProviderError> {
        let (name, unfinished) = (identifier(self.name), unfinished(self.name));
        self.server.rows(&format!("create the database {name} on"), &of.create(&unfinished)).await?;
        if let Err(error) = self.fill(&unfinished, file).await {
            // It was made above, for this alone.
            let drop = format!("DROP DATABASE {}", identifier(&unfinished));
            _ = self.server.rows("remove what was not loaded whole from", &drop).await;
            return Err(error);
        }
        let rename = format!("ALTER DATABASE {} RENAME TO {name}", identifier(&unfinished));
        self.server.rows(&format!("give the database its name {name} on"), &rename).await.map(drop)
    }

    async fn fill(&self, database: &str, file: &Path) -> Result<(), ProviderError> {
        let mut arguments = vec![
            "--exit-on-error".to_owned(),
            "--no-password".to_owned(),
            format!("--jobs={}", self.jobs.max(1)),
            format!("--dbname={}", in_conninfo(database)),
        ];
        if self.no_owner {
            arguments.extend(["--no-owner".to_owned(), "--no-privileges".to_owned()]);
        }
        arguments.push(file.display().to_string());
        let environment = self.server.environment(database);
        let program = Program { path: self.pg_restore.path.clone(), arguments, environment };
        // On one thread from its beginning to its end: its leash is tied to that.
        let ran = tokio::task::spawn_blocking(move || {
            let mut running = program.start().map_err(|error| error.to_string())?;
            let mut rest = [0; 4096];
            while let Ok(1..) = running.read(&mut rest) {}
            running.finish()
        });
        let said = match ran.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(said)) => said,
            Err(error) => error.to_string(),
        };
        let error = failed("load", format!("`{}`", file.display()), said);
        let role = error.reason.contains("role \"") && error.reason.contains("does not exist");
        Err(if role {
            error.with_help(
                "Create the roles first, with `psql -f globals.sql` of the same folder; or say --no-owner, and everything belongs to who connects.",
            )
        } else {
            error.with_help("Nothing of it was left on the server. Mend what is told and run the command again with --overwrite.")
        })
    }
}
